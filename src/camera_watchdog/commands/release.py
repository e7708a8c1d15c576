"""``release``: a person's answer to what holds an exam, on record with who, when and why."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from camera_watchdog.commands.people import NotDone, ask, exams_named, journal_of, now, say, user
from camera_watchdog.config import Config
from camera_watchdog.disk import Disk
from camera_watchdog.errors import FileChanged
from camera_watchdog.journal import Journal
from camera_watchdog.laterality import parse_eye
from camera_watchdog.model import Exam, ExamFile, Laterality, Override, State
from camera_watchdog.person import Request, Wish, WordRefused, overrides_for
from camera_watchdog.reasons import REASONS, name_for

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run", "words"]


def _eye(text: str) -> tuple[str, Laterality]:
    name, _, said = text.rpartition("=")
    eye = parse_eye(said)
    if not name or eye is None:
        raise argparse.ArgumentTypeError("say it as FILE=left or FILE=right")
    return name, eye


def words(text: str) -> str:
    """A reason on one line; it must not be empty."""
    if not text.strip():
        raise argparse.ArgumentTypeError("say why, for whoever reads the receipt")
    return " ".join(text.split())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("subject", nargs="?", metavar="SUBJECT", help="a subject, or its folder")
    parser.add_argument(
        "--all", action="store_true", help="every exam that is held and can be sent as it is"
    )
    parser.add_argument(
        "--reason", required=True, type=words, metavar="TEXT", help="why; kept in the receipt"
    )
    parser.add_argument(
        "--eye",
        action="append",
        type=_eye,
        default=[],
        metavar="FILE=EYE",
        help="the eye that a file shows, left or right; may be given several times",
    )
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="FILE",
        help="leave this file out of the upload; may be given several times",
    )


def run(invocation: "Invocation") -> int:
    """Put the answer on record, and say what became of it; 1 where an exam of ``--all`` is left."""
    given = invocation.arguments
    if bool(given.subject) is given.all:
        sys.stderr.write("release takes a subject, or --all.\n")
        return 2
    if given.all and (given.eye or given.skip):
        sys.stderr.write(
            "--eye and --skip are about the files of one exam: name it instead of --all.\n"
        )
        return 2
    config = invocation.load_config(frozenset())
    eyes = dict(given.eye)
    if len(eyes) != len(given.eye) and len({*given.eye}) != len(eyes):
        raise NotDone("One file was given two eyes. Say each file's eye once.")
    with journal_of(config) as journal:
        if given.all:
            requests, left = _for_all(journal, config, given.reason)
        else:
            exam = _held_exam(journal, config, given.subject)
            requests, left = [_request(config, exam, given.reason, eyes, given.skip)], 0
        for request in requests:
            for override in request.overrides:
                say(f"{request.folder}: {_told(override)}, by {override.user}: {override.text}")
        ask(journal, config, requests)
    return 1 if left else 0


def _for_all(journal: Journal, config: Config, text: str) -> tuple[list[Request], int]:
    """What is asked of every exam that is held, and how many of them need another answer.

    Raises:
        NotDone: none is held.
    """
    held = [exam for exam in journal.open_exams() if exam.state is State.HELD]
    if not held:
        raise NotDone("No exam is held: there is nothing to release.")
    requests = []
    for exam in held:
        try:
            requests.append(_request(config, exam, text, {}, ()))
        except (NotDone, WordRefused) as refused:
            say(f"{exam.folder}: stays held. {refused}")
    return requests, len(held) - len(requests)


def _request(
    config: Config, exam: Exam, text: str, eyes: Mapping[str, Laterality], skips: Sequence[str]
) -> Request:
    """The answer for one exam, by the one who asks.

    Raises:
        WordRefused: it is no answer to what holds the exam.
        NotDone: a file is not as the daemon saw it.
    """
    who, at = user(), now()
    overrides = overrides_for(
        exam,
        text=text,
        user=who,
        at=at,
        eyes=eyes,
        skips=skips,
        checksums=_checksums(config, exam) if exam.state is State.HELD else {},
        report_type=config.report_type,
    )
    return Request(Wish.RELEASE, exam.id, exam.folder, who, at, text, overrides)


def _held_exam(journal: Journal, config: Config, name: str) -> Exam:
    found = exams_named(journal, config, name)
    held = [exam for exam in found if exam.state is State.HELD]
    if len(held) > 1:
        folders = " or ".join(name_for(exam.folder) for exam in held)
        raise NotDone(f"{name} has {len(held)} folders that are held. Name one: {folders}.")
    return (held or found)[0]


def _checksums(config: Config, exam: Exam) -> dict[str, str]:
    """The checksum of every file of the exam as it is now: an answer holds for these bytes only.

    Raises:
        NotDone: a file cannot be read, or is not the one that the daemon saw.
    """
    folder = config.watch_dir / exam.folder
    return {file.name: _checksum(folder, file) for file in exam.files}


def _checksum(folder: Path, file: ExamFile) -> str:
    if not file.present:
        return file.sent_sha256
    disk, path = Disk(), folder / file.name
    try:
        if not file.sha256:
            return disk.sha256(path, file.stamp)
        with disk.reading_unchanged(path, file.stamp, file.sha256):
            return file.sha256
    except (FileChanged, FileNotFoundError) as error:
        raise NotDone(
            f"{path} is no longer as camera-watchdog saw it. Wait a moment, then look at: "
            "camera-watchdog status"
        ) from error
    except OSError as error:
        raise NotDone(
            f"{path} cannot be read: {error.strerror}. An answer holds for these very files; run "
            "this as an account that may read them."
        ) from error


def _told(override: Override) -> str:
    if override.skip:
        return f"{override.name} is left out"
    if override.eye:
        return f"{override.name} shows the {override.eye} eye"
    return f"released ({REASONS[override.reason_code].code})"
