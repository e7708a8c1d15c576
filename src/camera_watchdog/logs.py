"""The log: one line a step, the exam first, nothing in it that could be mistaken for another line.

Names come from outside: whatever would break a line or drive a terminal is escaped. A log that cannot
be written stops nothing.
"""

import contextlib
import json
import logging
import logging.handlers
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from io import TextIOWrapper
from pathlib import Path
from typing import Final

from camera_watchdog.account import is_in_services_session
from camera_watchdog.disk_room import make_private

__all__ = ["KEPT_FILES", "TOLD_BEFORE", "UNNAMED", "log_file_of", "print_above", "set_up"]

KEPT_FILES: Final = 10
"""Of the log, beside the one that is written: ``.1`` is the newest of them, ``.0`` one on its way there."""

TOLD_BEFORE: Final[dict[str, object]] = {"told_before": True}
"""``extra`` of a line that the terminal has already, and a file does not."""

UNNAMED: Final = "camera-watchdog.log"
"""The log in the state folder of who has no terminal, where ``log_file`` names none."""

_ROTATE_BYTES: Final = 5_000_000
_TRY_AGAIN_BYTES: Final = 100_000
_MORE: Final = ("event", "reason_code")
"""What a line may carry beside its words (``extra``)."""


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode()
        for c in text
    )


@lru_cache(maxsize=8)
def _stamp_of(second: int, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(second, UTC).astimezone(zone).isoformat()


class _Formatter(logging.Formatter):
    """``zone`` is the clinic's; none is the machine's."""

    def __init__(self, zone: tzinfo | None) -> None:
        super().__init__()
        self._zone = zone

    def _stamp(self, record: logging.LogRecord) -> str:
        return _stamp_of(int(record.created), self._zone)


class _Text(_Formatter):
    """The clinic's time with its offset, level, and the message as one line."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{self._stamp(record)}  {record.levelname:<7}  {_one_line(record.getMessage())}"
        if record.exc_info:
            # Only where it happened: an exception's own words may quote what must not be logged.
            text += f"  [{_one_line(_where(record))}]"
        return text


class _Json(_Formatter):
    """One object a line; ``exam`` is the folder that it is about, ``subject`` where that differs.

    ``event`` is what happened to it, ``reason_code`` that for which it waits, for a program to count.
    """

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": self._stamp(record),
            "level": record.levelname,
            **_exam(record),
            **{name: getattr(record, name) for name in _MORE if hasattr(record, name)},
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["where"] = _where(record)
        return json.dumps(told)


def _exam(record: logging.LogRecord) -> dict[str, str]:
    """Whose line it is: those of an exam begin with its name and two blanks."""
    if not str(record.msg).startswith("%s  ") or not isinstance(record.args, tuple):
        return {}
    name = str(record.args[0])
    both = re.fullmatch(r"(?P<subject>.+) \[(?P<exam>.+)\]", name, re.DOTALL)
    return {"exam": both["exam"], "subject": both["subject"]} if both else {"exam": name}


def _where(record: logging.LogRecord) -> str:
    kind, _, traceback = record.exc_info or (None, None, None)
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return f"{kind.__name__ if kind else 'error'} at {' < '.join(reversed(places[-6:]))}"


class _LogFile(logging.handlers.RotatingFileHandler):
    """A rotating file that loses no line, and no older file, where it cannot be rotated now.

    On Windows a file that another program has open is not renamed. The one that is written goes first,
    to ``.0``, where nothing stands in its way; only once it is there do the older ones make room for it.
    """

    def _open(self) -> TextIOWrapper:
        """Its owner and group may read it, and nobody else, whatever the umask."""
        stream = super()._open()
        make_private(stream.fileno())
        return stream

    def doRollover(self) -> None:  # noqa: N802 - the base class's name
        if self.stream is not None:
            self.stream.close()
        try:
            self._make_room()
            self.rotate(self.baseFilename, self._kept(0))
        except (
            OSError
        ):  # a reader or a virus scanner has one open: go on in the same file, try later
            self.maxBytes += _TRY_AGAIN_BYTES
        else:
            self.maxBytes = _ROTATE_BYTES
            with contextlib.suppress(OSError):  # it is tried again before the next
                self._make_room()
        self.stream = self._open()

    def _make_room(self) -> None:
        """Have nothing at ``.0``: the files up to the first free number move on by one.

        Raises:
            OSError: one of them cannot be moved now; none is lost.
        """
        names = [Path(self._kept(number)) for number in range(KEPT_FILES + 1)]
        free = next((at for at, name in enumerate(names) if not name.exists()), KEPT_FILES)
        if free == KEPT_FILES:
            names[free].unlink(missing_ok=True)
        for at in range(free, 0, -1):
            self.rotate(str(names[at - 1]), str(names[at]))

    def _kept(self, number: int) -> str:
        return f"{self.baseFilename}.{number}"

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """A full disk must not stop the daemon."""


class _Terminal(logging.StreamHandler):  # type: ignore[type-arg]
    above: Callable[[str], None] | None = None
    """Prints a line above what is being shown at the foot of the terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "told_before", False):
            return
        above = _Terminal.above
        if above is None:
            super().emit(record)
            return
        try:
            above(self.format(record))
        except Exception:  # noqa: BLE001 - as every handler of logging does
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """A closed terminal must not stop the daemon."""


def print_above(printer: Callable[[str], None] | None) -> None:
    """Let ``printer`` have the lines for the terminal while it shows something there; none ends it."""
    _Terminal.above = printer


def log_file_of(named: Path | None, state_dir: Path | None) -> Path | None:
    """The file to log to: the one that is named, else for who has no terminal one in the state folder.

    A task of Windows has none, or one that nobody sees. Of the state folder only the last part is made: what is above it may be
    the camera's folder, which may be away.
    """
    if named is not None or state_dir is None:
        return named
    if sys.stderr is not None and not is_in_services_session():
        return None
    return state_dir / UNNAMED if state_dir.parent.is_dir() else None


def set_up(
    level: str,
    *,
    file: Path | None,
    json_lines: bool,
    zone: tzinfo | None = None,
    terminal: bool = True,
) -> None:
    """Log to stderr, if it is to be on the ``terminal``, and to a file where one is named.

    Its times are of ``zone``, the clinic's.

    Raises:
        OSError: the file cannot be opened.
    """
    formatter = _Json(zone) if json_lines else _Text(zone)
    handlers: list[logging.Handler] = (
        [_Terminal(sys.stderr)] if terminal else [logging.NullHandler()]
    )
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(
            _LogFile(
                file,
                maxBytes=_ROTATE_BYTES,
                backupCount=KEPT_FILES,
                encoding="utf-8",
                errors="backslashreplace",
            )
        )
    # No line tells of the process, the thread or the place in the code, which are costly to find out:
    # https://docs.python.org/3/howto/logging.html#optimization
    logging.logProcesses = logging.logThreads = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - as that page says
    root = logging.getLogger("camera_watchdog")
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    # The Observer's library reports as errors what the sweep sees to anyway.
    # urllib3 quotes addresses, which may hold secrets.
    for library in ("watchdog", "urllib3"):
        logging.getLogger(library).addHandler(logging.NullHandler())
        logging.getLogger(library).propagate = False
    root.setLevel(level)
    root.propagate = False
