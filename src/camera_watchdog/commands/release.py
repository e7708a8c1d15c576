"""``release``: a person's answer to what holds an exam, on record with who, when and why."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from camera_watchdog.after_archive import AFTER_ARCHIVE, awaits_answer
from camera_watchdog.commands.checksums import check_is_done, checksum
from camera_watchdog.commands.edc_listing import say_what_is_listed
from camera_watchdog.commands.people import NotDone, ask, exams_named, journal_of, now, say, user
from camera_watchdog.config import Config
from camera_watchdog.journal import Journal
from camera_watchdog.late import MAY_BE_LATE
from camera_watchdog.laterality import parse_eye
from camera_watchdog.model import Exam, Laterality, Override, State
from camera_watchdog.overrides import SENT_AS_OTHER_EYE
from camera_watchdog.person import (
    NOT_USED,
    Request,
    Wish,
    WordRefused,
    may_be_meant_for_another,
    overrides_for,
)
from camera_watchdog.reasons import REASONS, explain, is_released_by_all, name_for

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "entry", "eye_shown", "run", "words"]


def eye_shown(text: str) -> tuple[str, Laterality]:
    """The name of a file and the eye that it shows, as a person writes them."""
    name, _, said = text.rpartition("=")
    eye = parse_eye(said)
    if not name or eye is None:
        raise argparse.ArgumentTypeError(
            "after the name of the file and = write left or right, as the picture shows it"
        )
    return name, eye


def entry(text: str) -> str:
    """The date or the id by which a person names an entry of the EDC."""
    if not any(char.isdecimal() for char in text):
        raise argparse.ArgumentTypeError(
            "write the date of the entry as it stands in the EDC, year first (2026-03-02), or its id"
        )
    return text.strip()


def words(text: str) -> str:
    """A reason on one line; it must say something, in any script."""
    if not any(char.isalnum() for char in text):
        raise argparse.ArgumentTypeError("say why in words, for whoever reads the receipt")
    return " ".join(text.split())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("subject", nargs="?", metavar="SUBJECT", help="a subject, or its folder")
    parser.add_argument(
        "--all",
        action="store_true",
        help="every exam that only waits for a plain release; it lists them and asks first",
    )
    parser.add_argument(
        "--yes", action="store_true", help="release what is told without being asked"
    )
    parser.add_argument(
        "--reason", required=True, type=words, metavar='"..."', help="why; kept in the receipt"
    )
    parser.add_argument(
        "--eye",
        action="append",
        type=eye_shown,
        default=[],
        metavar="FILE=LEFT-OR-RIGHT",
        help="the eye that a file shows; may be given several times",
    )
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="FILE",
        help="leave this file out of the upload; may be given several times",
    )
    parser.add_argument(
        "--entry",
        type=entry,
        metavar="YYYY-MM-DD",
        help="the date of the EDC's entry that the exam belongs to, or its id",
    )
    parser.add_argument(
        "--send-again",
        action="store_true",
        help="the EDC does not have the files that it acknowledged: send them again",
    )


def run(invocation: "Invocation") -> int:
    """Put the answer on record, and say what became of it.

    1 where it was for other bytes, an exam of ``--all`` is left or nobody said yes; 2 where nobody
    could be asked. A plain release of one exam is asked about where it may be meant for what held the
    exam before.
    """
    given = invocation.arguments
    if bool(given.subject) is given.all:
        return _wrong_use("release takes a subject, or --all.")
    if given.all and (given.eye or given.skip or given.entry or given.send_again):
        return _wrong_use(
            "--eye, --skip, --entry and --send-again are about one exam: name it instead of --all."
        )
    config = invocation.load_config(frozenset())
    eyes = dict(given.eye)
    if len(eyes) != len(given.eye) and len({*given.eye}) != len(eyes):
        raise NotDone("One file was given two eyes. Say each file's eye once.")
    with journal_of(config) as journal:
        if given.all:
            return _release_all(journal, config, given.reason, is_sure=given.yes)
        exam = _held_exam(journal, config, given.subject)
        request = _request(
            config,
            exam,
            given.reason,
            eyes,
            given.skip,
            entry=given.entry or "",
            send_again=given.send_again,
        )
        is_plain = not (eyes or given.skip or given.entry or given.send_again)
        if is_plain and exam.state is State.COLLECTING:
            _check_is_no_late_one(config, exam)
        if is_plain and _was_held_otherwise(journal, exam, request):
            assert exam.reason is not None  # noqa: S101 - it is held for one
            told = explain(exam.reason, exam)
            say(
                f"{exam.folder}: was held for something else before. {told.sentence} {told.next_step}"
            )
            if (code := _not_sure([request], is_sure=given.yes)) is not None:
                return code
        elif given.yes:
            return _wrong_use("--yes is for --all, and where it is asked for: this exam is not.")
        is_done = _put_on_record(journal, config, [request])
        say_what_is_listed(invocation, exam, request.overrides)
        return 0 if is_done else 1


def _check_is_no_late_one(config: Config, exam: Exam) -> None:
    """That there will be no more says nothing of which exam it is, where one was just archived.

    Raises:
        NotDone: that is asked once it is known that no more comes.
    """
    if exam.reason is None or MAY_BE_LATE not in exam.reason.details:
        return
    at = exam.last_change + timedelta(seconds=config.incomplete_after)
    raise NotDone(
        f"An exam of {exam.subject} was archived not long ago, and this may be a part of it: which, is "
        f"asked at {at.astimezone(config.timezone):%H:%M}, unless the rest of an exam of its own comes."
    )


def _was_held_otherwise(journal: Journal, exam: Exam, request: Request) -> bool:
    """Whether somebody may answer who was shown what held this exam before."""
    since = journal.held_since().get(exam.id)
    return since is not None and may_be_meant_for_another(
        exam, journal.history.held_for(exam.id), since=since, user=request.user, now=request.at
    )


def _not_sure(requests: Sequence[Request], *, is_sure: bool) -> int | None:
    """The exit code where nobody could be asked, or nobody said yes; else none."""
    if is_sure:
        return None
    if sys.stdin is None or not sys.stdin.isatty():
        these = "this exam" if len(requests) == 1 else "these exams"
        return _wrong_use(
            f"Nothing was done. Look at what is said above; to release {these}, give the same command "
            "with --yes."
        )
    if _says_yes(len(requests)):
        return None
    say("Nothing was done.")
    return 1


def _wrong_use(said: str) -> int:
    sys.stderr.write(f"{said}\n")
    return 2


def _put_on_record(journal: Journal, config: Config, requests: Sequence[Request]) -> bool:
    """Whether none of them is known to have come to nothing."""
    for request in requests:
        for override in request.overrides:
            say(f"{request.folder}: {_told(override)}, by {override.user}: {override.text}")
    told = ask(journal, config, requests)
    return not any(each.outcome.startswith(NOT_USED) for each in told)


def _release_all(journal: Journal, config: Config, text: str, *, is_sure: bool) -> int:
    """Release every exam that nobody has to look at first, once a person saw which they are.

    Raises:
        NotDone: none is held, or none of those that are can be released like this.
    """
    held = [exam for exam in journal.open_exams() if exam.state is State.HELD]
    if not held:
        raise NotDone("No exam is held: there is nothing to release.")
    requests = []
    for exam in held:
        assert exam.reason is not None  # noqa: S101 - it is held for one
        told = explain(exam.reason, exam)
        if not is_released_by_all(exam.reason):
            say(f"{exam.folder}: stays held. {told.sentence} {told.next_step}")
            continue
        try:
            requests.append(_request(config, exam, text, {}, ()))
        except (NotDone, WordRefused) as refused:
            say(f"{exam.folder}: stays held. {refused}")
        else:
            say(f"{exam.folder}: to be released. {told.sentence}")
    if not requests:
        raise NotDone(
            "None of these exams is released by --all: each needs what is said of it above."
        )
    if (code := _not_sure(requests, is_sure=is_sure)) is not None:
        return code
    is_done = _put_on_record(journal, config, requests)
    return 0 if is_done and len(requests) == len(held) else 1


def _says_yes(count: int) -> bool:
    sys.stdout.flush()  # the list comes before the question
    sys.stderr.write(f"Release {'this exam' if count == 1 else f'these {count} exams'}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _request(
    config: Config,
    exam: Exam,
    text: str,
    eyes: Mapping[str, Laterality],
    skips: Sequence[str],
    *,
    entry: str = "",
    send_again: bool = False,
) -> Request:
    """The answer for one exam, by the one who asks.

    Raises:
        WordRefused: it is no answer to what holds the exam.
        NotDone: a file is not as the daemon saw it, or is still being written.
    """
    who, at = user(), now()
    check_is_done(config, exam, [*eyes, *skips], at)
    overrides = overrides_for(
        exam,
        text=text,
        user=who,
        at=at,
        eyes=eyes,
        skips=skips,
        checksum=partial(_checksum, config, exam),
        report_type=config.report_type,
        entry=entry,
        send_again=send_again,
    )
    folder = exam.destination if awaits_answer(exam) else exam.folder
    return Request(Wish.RELEASE, exam.id, folder, who, at, text, overrides)


def _checksum(config: Config, exam: Exam, name: str) -> str:
    return checksum(config, exam, name, now())


def _held_exam(journal: Journal, config: Config, name: str) -> Exam:
    found = exams_named(journal, config, name, to_see=True)
    held = [exam for exam in found if exam.state is State.HELD]
    if len(held) > 1:
        folders = " or ".join(name_for(exam.folder) for exam in held)
        raise NotDone(f"{name} has {len(held)} folders that are held. Name one: {folders}.")
    archived = [exam for exam in found if awaits_answer(exam)]
    if len(archived) > 1:
        folders = " or ".join(name_for(exam.destination) for exam in archived)
        raise NotDone(
            f"{name} has {len(archived)} such folders in the archive. Name one: {folders}."
        )
    return (held or found)[0]


def _told(override: Override) -> str:
    if override.skip:
        return f"{override.name} is left out"
    if override.eye:
        how = "is in the EDC as" if override.reason_code == SENT_AS_OTHER_EYE else "shows"
        return f"{override.name} {how} the {override.eye} eye"
    if override.send_again:
        return f"{', '.join(override.checksums)} is sent again"
    if override.entry:
        return f"the exam belongs to the EDC's entry {override.entry}"
    if override.reason_code in AFTER_ARCHIVE:
        return f"seen ({override.reason_code}: {', '.join(override.checksums)})"
    return f"released ({REASONS[override.reason_code].code})"
