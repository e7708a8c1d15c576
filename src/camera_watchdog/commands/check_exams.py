"""``check``, what lies in the camera's folder: each exam as it would be sent, and whether any would be."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from camera_watchdog import parts
from camera_watchdog.capture import CLOCK, DICOM
from camera_watchdog.checks import Finding, note, odd, ok, wrong
from camera_watchdog.command_line import command
from camera_watchdog.commands.check_entries import Entries, look_for_entries
from camera_watchdog.commands.check_standing import Standing, held_elsewhere
from camera_watchdog.config import Config
from camera_watchdog.content.dicom_reader import install_command
from camera_watchdog.errors import CameraDatabaseError
from camera_watchdog.model import Exam
from camera_watchdog.overview import Row
from camera_watchdog.preview import Foreseen, Foresight, foresee

__all__ = ["ExamsFound", "check_exams"]

_MOST_SHOWN: Final = 50
_NAMED: Final = 5
"""How many names a line quotes."""
_NOT_WHOLE_YET: Final = frozenset(
    {"incomplete", "eye_missing", "unfinished_file", "file_busy", "waits_behind"}
)
"""What may come by itself: an exam that waits for it says nothing of the configuration."""


@dataclass(frozen=True, slots=True)
class ExamsFound:
    """The findings, and the exams for a program."""

    findings: list[Finding]
    as_json: list[dict[str, Any]]


def check_exams(
    config: Config,
    folders: list[tuple[str, str]],
    *,
    clock: Callable[[], datetime],
    look_at_all: bool,
    given: str,
    standing: Standing,
    edc_answers: bool,
) -> ExamsFound:
    """Look at the folders, which are given with their subjects; at the first 50, or at all.

    ``given`` says that names are taken which are not configured, ``standing`` what is on record. Where the
    ``edc_answers`` it is asked whether there are entries for them.
    """
    seen = foresee(
        folders,
        disk=parts.disk(config),
        rules=parts.rules(config),
        limits=parts.sweep_rules(config).limits,
        camera=parts.camera_database(config),
        clock=clock,
        most=None if look_at_all else _MOST_SHOWN,
    )
    entries = Entries(seen.looked_at)
    if edc_answers:
        known = {*standing.held, *standing.under_way}
        entries = look_for_entries(config, seen.looked_at, known, ask_of_all=look_at_all)
        seen = replace(seen, looked_at=entries.exams)
    whole = [e for e in seen.looked_at if e.reason is None or e.reason.code not in _NOT_WHOLE_YET]
    held = standing.held
    findings = [
        *_one_subject_of_several(config, seen.there),
        *_known_to_camera(config, whole),
        *(
            said
            for each in seen.looked_at
            for said in _exam(each, given, held.get(each.exam.folder))
        ),
        *held_elsewhere(standing, {each.exam.folder for each in seen.looked_at}),
        *entries.findings,
        *_clocks(seen.looked_at, clock()),
        *_unread(seen.looked_at),
        *_not_looked_at(seen),
        *_none_would_go(whole, held),
    ]
    as_json = [_exam_as_json(each, held.get(each.exam.folder)) for each in seen.looked_at]
    return ExamsFound(findings, as_json)


def _one_subject_of_several(config: Config, exams: Sequence[Exam]) -> Iterator[Finding]:
    """Folders of which the pattern makes one subject: right for two visits, else a mistake."""
    by_subject: dict[str, list[str]] = {}
    for exam in exams:
        by_subject.setdefault(exam.subject, []).append(exam.folder)
    several = {subject: names for subject, names in by_subject.items() if len(names) > 1}
    for subject, names in list(several.items())[:_NAMED]:
        found = f"makes one subject, {subject}, of {len(names)} folders: {_some(names)}"
        mend = (
            "If they are of different subjects, mend it: each exam would go under the wrong one. If they "
            "are visits of this subject, it is right; they are sent one after the other."
        )
        yield odd(f"subject_folder_pattern {config.subject_folder_pattern.pattern!r}", found, mend)


def _known_to_camera(config: Config, whole: Sequence[Foreseen]) -> Iterator[Finding]:
    """That the camera's database knows no subject of all that are there, as with a wrong column."""
    camera = parts.camera_database(config)
    if camera is None or "database" not in config.eye_sources or not whole:
        return
    subjects = list(dict.fromkeys(each.exam.subject for each in whole))
    try:
        if any(camera.images(subject) for subject in subjects):
            return
    except CameraDatabaseError:
        return  # what is wrong with it is said elsewhere
    tried = f"db_image_subject_id {config.db_image_subject_id}"
    found = f"the database has a picture of none of the subjects in watch_dir: {_some(subjects)}"
    mend = (
        "If these exams are saved on the camera, see which column has their names, and correct "
        "db_image_subject_id, or db_image_table; or correct subject_folder_pattern. If they are not saved "
        "yet, save them, and check again."
    )
    yield odd(tried, found, mend)


def _exam(foreseen: Foreseen, given: str, held: Row | None) -> Iterator[Finding]:
    """What stands in the way on record, where a person is needed for it, and what its files say now."""
    exam, reason = foreseen.exam, foreseen.reason
    tried = f"exam in {exam.folder}{given}"
    if held is not None:
        yield odd(tried, held.reason, held.action)
    if reason is None:
        files = ", ".join(
            f"{file.name} as {file.file_type}{f' ({file.eye_source})' if file.eye_source else ''}"
            for file in foreseen.to_send
        )
        if held is None:
            yield ok(tried, f"would be sent for {exam.subject}: {files}")
        else:
            yield note(
                tried, f"with that out of the way it would be sent for {exam.subject}: {files}"
            )
    elif held is not None and held.reason_code == reason.code:
        return
    elif foreseen.is_held and reason.needs_person:
        yield odd(tried, reason.sentence, reason.next_step)
    else:
        yield note(tried, reason.sentence, reason.next_step)


def _clocks(looked_at: Sequence[Foreseen], now: datetime) -> Iterator[Finding]:
    """A time that cannot be right is to be looked at; one that an export explains is to be known."""
    for exam in (each.exam for each in looked_at):
        tried = f"clock, exam in {exam.folder}"
        future = any(file.captured_at and file.captured_at > now for file in exam.files)
        for said in exam.notes:
            if said.startswith(CLOCK):
                found = said.removeprefix(CLOCK)
                yield odd(tried, found, "") if future else note(tried, found)


def _unread(looked_at: Sequence[Foreseen]) -> Iterator[Finding]:
    """DICOM files whose time would not be read, the same for every exam."""
    folders = [e.exam.folder for e in looked_at if any(n.startswith(DICOM) for n in e.exam.notes)]
    if folders:
        first, more = folders[0], f" and {len(folders) - 1} more" if len(folders) > 1 else ""
        found = f"without pydicom the files of {first}{more} would be sent with the files' times"
        yield odd("DICOM", found, f"Install it: {install_command()}")


def _not_looked_at(seen: Foresight) -> Iterator[Finding]:
    for folder, why in seen.unlisted.items():
        mend = "Let the account that runs camera-watchdog read it: nothing of it is sent."
        yield wrong(f"exam in {folder}", f"the folder cannot be listed ({why})", mend)
    if more := len(seen.there) - len(seen.looked_at):
        mend = f"Look at all of them, which takes longer: {command('check --all')}"
        yield odd("exams", f"{more} more were not looked at", mend)


def _none_would_go(whole: Sequence[Foreseen], held: Container[str]) -> Iterator[Finding]:
    """That exams have all that they need by themselves, and nothing could be sent all the same."""
    if whole and not any(each.reason is None and each.exam.folder not in held for each in whole):
        count = f"{len(whole)} exam{'s have' if len(whole) > 1 else ' has'} all files"
        mend = (
            "Their lines above say what is in the way." if len(whole) > 1 else "See its line above."
        )
        yield odd("exams", f"{count}, and none would be sent", mend)


def _exam_as_json(foreseen: Foreseen, held: Row | None) -> dict[str, Any]:
    exam, reason = foreseen.exam, foreseen.reason
    code, sentence, step = ("", "", "")
    if held is not None:
        code, sentence, step = held.reason_code, held.reason, held.action
    elif reason is not None:
        code, sentence, step = reason.code, reason.sentence, reason.next_step
    return {
        "folder": exam.folder,
        "subject": exam.subject,
        "would_be_sent": reason is None and held is None,
        "reason_code": code,
        "reason": sentence,
        "action": step,
        "files": [
            {
                "name": file.name,
                "file_type": file.file_type.value if file.file_type else "",
                "eye": file.eye.value if file.eye else "",
                "eye_source": file.eye_source,
                "captured_at": file.captured_at.isoformat() if file.captured_at else "",
                "captured_source": file.captured_source,
                "size": file.size_bytes,
            }
            for file in foreseen.to_send
        ],
    }


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
