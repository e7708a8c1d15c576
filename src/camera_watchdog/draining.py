"""Long work shows itself: a bar on a terminal, with the log above it; a line a minute elsewhere."""

import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Final

from camera_watchdog import logs
from camera_watchdog.backlog import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

__all__ = ["Draining"]

logger = logging.getLogger(__name__)

_LINE_EVERY_S: Final = 60.0


class Draining:
    """Shows how far a backlog is. Belongs to one thread."""

    def __init__(self, *, is_terminal: bool | None = None) -> None:
        stderr = sys.stderr
        self._is_terminal = (
            stderr is not None and stderr.isatty() if is_terminal is None else is_terminal
        )
        self._bar: Bar | None = None
        self._told_at = 0.0

    def show(self, progress: Progress | None) -> None:
        """Show how far it is; none where there is no backlog. A terminal that is gone stops nothing."""
        if progress is None:
            self.stop()
        elif self._is_terminal:
            try:
                self._show_bar(progress)
            except (OSError, ValueError):  # closed meanwhile
                self._is_terminal = False
                self.stop()
        else:
            self._say(progress)

    def stop(self) -> None:
        """Take the bar away."""
        self._told_at = 0.0
        bar, self._bar = self._bar, None
        if bar is not None:
            logs.print_above(None)
            with contextlib.suppress(OSError, ValueError):
                bar.stop()

    def _say(self, progress: Progress) -> None:
        if progress.is_over:
            if self._told_at:  # one that was short is not worth a line
                minutes = max(1, round(progress.elapsed_s / 60))
                logger.info("backlog  all %d exams done in %d min", progress.total, minutes)
            self._told_at = 0.0
        elif progress.elapsed_s - self._told_at >= _LINE_EVERY_S:
            self._told_at = progress.elapsed_s
            logger.info(
                "backlog  %d of %d exams done, %s, %s",
                progress.done,
                progress.total,
                progress.rate,
                progress.time_left,
            )

    def _show_bar(self, progress: Progress) -> None:
        if progress.is_over:
            self.stop()
            return
        if self._bar is None:
            self._bar = _bar()
        text = f"{progress.done} of {progress.total} exams, {progress.rate}, {progress.time_left}"
        self._bar.update(
            self._bar.task_ids[0], total=progress.total, completed=progress.done, description=text
        )
        self._bar.refresh()


def _bar() -> "Bar":
    from rich.console import Console  # noqa: PLC0415  # only where it is shown
    from rich.progress import BarColumn, TextColumn  # noqa: PLC0415  # likewise
    from rich.progress import Progress as Bar  # noqa: PLC0415  # likewise

    console = Console(file=sys.stderr, highlight=False, emoji=False, markup=False)
    bar = Bar(
        BarColumn(bar_width=20),
        TextColumn("{task.description}", markup=False),
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=None)
    bar.start()
    logs.print_above(lambda line: console.print(line, soft_wrap=True))
    return bar
