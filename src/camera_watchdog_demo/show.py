"""``camera-watchdog demo``: a simulated camera, an EDC of its own, and the real daemon between them."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Final

from rich.console import Console
from rich.text import Text

from camera_watchdog.command_line import program, quoted
from camera_watchdog_demo import summary
from camera_watchdog_demo.daemon_child import DaemonChild
from camera_watchdog_demo.edc_generations import GENERATIONS
from camera_watchdog_demo.exam_plan import exams_for
from camera_watchdog_demo.findings import compare, untouched
from camera_watchdog_demo.narrator import Narrator
from camera_watchdog_demo.play import DemoFailed, Play
from camera_watchdog_demo.scene import Scene
from camera_watchdog_demo.summary import Ending

__all__ = ["run"]

_DONE: Final = 0
_FAILED: Final = 1
_USAGE: Final = 2


def run(generation: str, *, keep: bool) -> int:
    """Show the demo for one generation of the EDC; the exit code.

    0: every exam came to its proper end and the EDC holds the very bytes that the camera wrote. 1:
    something differs, or it took too long; the folder then stays. 2: there is no such generation.

    Raises:
        KeyboardInterrupt: somebody stopped it; all that it started is stopped as well.
    """
    if generation not in GENERATIONS:
        sys.stderr.write(
            f"camera-watchdog: --edc takes one of {', '.join(GENERATIONS)}. "
            "Choose the newest that is not newer than the release on your server.\n"
        )
        return _USAGE
    with _stopping_by_signal():
        return _show(Console(highlight=False, markup=False, emoji=False), generation, keep=keep)


def _show(console: Console, generation: str, *, keep: bool) -> int:
    planned = exams_for(GENERATIONS[generation])
    code, stays = _FAILED, keep
    scene = Scene(generation, next(p.subject for p in planned if p.loses_network))
    try:
        with ExitStack() as stack:
            stack.callback(scene.close)
            _introduce(console, generation)
            narrator = Narrator(console, (p.subject for p in planned))
            daemon = DaemonChild(scene.config_path)
            stack.callback(daemon.stop)
            play = Play(scene, daemon, narrator, planned)
            try:
                play.run()
                code = _DONE if _stop(daemon, narrator) else _FAILED
            except DemoFailed as failure:
                console.print(Text(f"\n{failure}", "bold red"))
            good = _sum_up(console, scene, play)
            code = code if good else _FAILED
        stays = keep or code != _DONE
    finally:
        _tidy_up(console, scene, stays=stays)
    return code


def _introduce(console: Console, generation: str) -> None:
    console.print(
        "A simulated fundus camera writes exams; the real daemon brings them to an EDC\n"
        f"server (as edc-retinopathy {generation}) on this machine. It takes about half a minute.\n"
    )


def _stop(daemon: DaemonChild, narrator: Narrator) -> bool:
    """Stop the daemon and let it say its last words; whether it ended well."""
    code = daemon.stop()
    while line := daemon.next_line(0):
        narrator.repeat(line)
    # On Windows a process without a console can only be ended, and says nothing of its own.
    if code and sys.platform != "win32":
        narrator.tell("daemon", f"ended with exit code {code}", style="bold red")
        return False
    return True


def _sum_up(console: Console, scene: Scene, play: Play) -> bool:
    """The last page; whether all is as it should be."""
    console.print()
    good = _prove(console, scene, play) if play.taken else False
    places = {
        "configuration": scene.config_path.name,
        "camera": str(scene.watch_dir.relative_to(scene.folder)),
        "archive": f"{scene.archive_dir.relative_to(scene.folder)} (with receipts)",
        "daemon's journal": str(scene.state_dir.relative_to(scene.folder)),
        "EDC's files": str(scene.storage.relative_to(scene.folder)),
    }
    summary.show_folders(console, scene.folder, places)
    return good


def _prove(console: Console, scene: Scene, play: Play) -> bool:
    """Compare, one by one, what the camera wrote with what the EDC, archive and folders hold."""
    receipts = summary.receipts_of(scene.archive_dir)
    receipted = {subject: str(receipt["session"]) for subject, receipt in receipts.items()}
    held = {s: why for s, why in play.held.items() if s not in receipts and s in play.taken}
    endings, stored = [], scene.edc.stored_files()
    for subject in play.taken:
        outcome = "archived" if subject in receipts else "held" if subject in held else "not done"
        sent = sum(file.subject == subject for file in stored)
        endings.append(Ending(subject, outcome, sent, receipted.get(subject, "")))
    exams = [exam for exam in play.taken.values() if exam.subject not in held]
    comparisons = compare(exams, stored, receipted | play.sessions)
    archived = [
        untouched(
            play.taken[subject],
            scene.archive_dir / receipt["archive_folder"],
            receipt_name=summary.RECEIPT_NAME,
        )
        for subject, receipt in receipts.items()
    ]
    intact = {
        subject: untouched(play.taken[subject], play.taken[subject].folder) for subject in held
    }
    summary.show_endings(console, endings)
    summary.show_comparisons(console, comparisons)
    for subject, is_same in intact.items():
        summary.show_held(console, subject, held[subject], intact=is_same)
    same = all(archived) and all(intact.values()) and not any(file.wrong for file in comparisons)
    good = same and play.archived == set(receipts)
    summary.show_verdict(console, len(comparisons), good=good, complete=play.is_over)
    return good and play.is_over


def _tidy_up(console: Console, scene: Scene, *, stays: bool) -> None:
    if stays:
        console.print("It stays there, to look around, and to try the other commands:")
        to_look = f"{program()} status --config {quoted(str(scene.config_path))}"
        console.print(f"  {to_look}", soft_wrap=True)
    elif scene.remove():
        console.print("All of it is removed again; with --keep it stays, to look around.")
    else:
        console.print(f"Could not be removed; please do it: {scene.folder}", soft_wrap=True)


@contextmanager
def _stopping_by_signal() -> Iterator[None]:
    """Whatever politely ends the demo does so as Ctrl+C does, so that nothing stays behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = ("SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, _interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
