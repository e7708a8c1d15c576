"""What a person's answers decide about an exam, as its files are now. Pure.

An answer is about bytes: it carries the checksum of every file that the person was shown, and decides
nothing about others. What has no bytes of its own (a folder inside, a link) has what identifies it in
the place of a checksum (:func:`camera_watchdog.disk_identity.identity`).

===================== ===============================================================================
``--eye``, ``--skip`` count while the file of that name has these bytes; of several the last one: an
                      eye takes back that the file is left out, and the reverse
a released reason     that names its files counts while each of these has its bytes; one that is
                      about the exam (``incomplete``, ``two_folders`` …) while all the bytes are there
                      that it was released for: what comes later is no part of it
===================== ===============================================================================

Two reasons ask for more than bytes: what is about a session counts for that session, and pictures
that are of one visit (:func:`said_together`) make no visit of a third one from another day.
"""

from collections.abc import Iterable
from typing import Final

from camera_watchdog.laterality import parse_eye
from camera_watchdog.model import (
    Exam,
    ExamFile,
    FileType,
    Laterality,
    Override,
    Reason,
    ReportType,
    Sent,
    file_type_for,
)

__all__ = [
    "SENT_AS_OTHER_EYE",
    "about",
    "answered_names",
    "as_sent",
    "asked_anew",
    "entries_meant",
    "eye_in_doubt",
    "eye_said",
    "eye_said_against_its_row",
    "eye_said_before_its_row",
    "eye_said_before_the_news",
    "eye_said_of_sent",
    "eyes_in_view",
    "files_as_sent",
    "for_other_bytes",
    "goes_after",
    "is_corrected",
    "is_told_without_row",
    "joins_before",
    "names_entry",
    "said_to_be_taken_out",
    "said_together",
    "sha256_of",
    "skipped",
    "waived",
]

SENT_AS_OTHER_EYE: Final = "sent_as_other_eye"
"""The reason that asks under which eye the EDC has a file that was sent."""

_FOR_WANT_OF_A_ROW: Final = frozenset({"not_in_database", "earlier_visit_rows", "eye_unknown"})
"""What an answer of an earlier release must have been given to, where no row told an eye."""

_OF_ONE_EYE: Final = "eye_missing"

_CONFLICT: Final = "eye_conflict"


def sha256_of(file: ExamFile) -> str:
    """The bytes that an answer about a file is for; of one that is gone those that were sent.

    Empty while they were not read.
    """
    return file.sha256 if file.present else file.sent_sha256


def about(exam: Exam, reason: Reason) -> tuple[str, ...]:
    """The files that the answer to a reason is about: those that it names, else all that are sent."""
    if reason.files:
        return reason.files
    return tuple(
        file.name
        for file in exam.files
        if file.sent is not Sent.SKIPPED and not skipped(exam, file.name)
    )


def answered_names(exam: Exam) -> frozenset[str]:
    """The names that a person's answers are about."""
    return frozenset(name for override in exam.overrides for name in override.checksums)


def skipped(exam: Exam, name: str, identity: str | None = None) -> bool:
    """Whether a person's last word on this, as it is now, is to leave it out.

    ``identity`` is of what has no bytes of its own.
    """
    if identity is None:
        file = exam.file(name)
        identity = sha256_of(file) if file is not None else ""
    return bool(identity) and next(
        (
            override.skip
            for override in reversed(exam.overrides)
            if (override.skip or override.eye)
            and override.name == name
            and override.checksums.get(name) == identity
        ),
        False,
    )


def eye_said(exam: Exam, file: ExamFile) -> Laterality | None:
    """The eye that a person said these very bytes show; the last word counts."""
    said = _said_of_eye(exam, file)
    return said.eye if said else None


def eye_said_of_sent(exam: Exam, file: ExamFile) -> Override | None:
    """A person's word under which eye the EDC has these very bytes; none where nobody asked for it."""
    said = _said_of_eye(exam, file)
    return said if said and said.reason_code == SENT_AS_OTHER_EYE else None


def eyes_in_view(exam: Exam, name: str) -> tuple[Laterality, ...]:
    """The eyes that the camera's rows of a file tell to who says now which one it shows.

    A row that came after a person's word, and says the other one, is not the file's yet: what holds the
    exam tells of it.
    """
    file, reason = exam.file(name), exam.reason
    if file is None:
        return ()
    told = {eye for row in file.eye_rows if (eye := parse_eye(row.eye))}
    is_asked = reason is not None and reason.code == _CONFLICT and name in reason.files
    if is_asked and (said := eye_said(exam, file)):
        told.add(said.other)
    return tuple(sorted(told))


def eye_said_before_its_row(exam: Exam, file: ExamFile) -> Override | None:
    """A person's word about an eye, that was given while no row of the file told one."""
    said = _said_of_picture(exam, file)
    return said if said and _in_view_then(file, said) == () else None


def eye_said_before_the_news(exam: Exam, file: ExamFile) -> Override | None:
    """A person's word about an eye, to which it is news where a row says the other one.

    None of the file's told an eye when it was given, or it was what the person said. What was said against
    the camera's database stands.
    """
    said = _said_of_picture(exam, file)
    if said is None or said.eye is None:
        return None
    in_view = _in_view_then(file, said)
    return said if in_view is not None and said.eye.other not in in_view else None


def _in_view_then(file: ExamFile, said: Override) -> tuple[Laterality, ...] | None:
    """The eyes that rows of a file told when a person said which it shows; none where nobody knows.

    An earlier release did not put them on record: what it had asked about tells.
    """
    if said.eyes_in_view is not None:
        return said.eyes_in_view
    if said.reason_code in _FOR_WANT_OF_A_ROW:
        return ()
    agreed = any(parse_eye(row.eye) is said.eye for row in file.eye_rows)
    return (said.eye,) if said.eye and agreed and said.reason_code == _OF_ONE_EYE else None


def is_told_without_row(exam: Exam, file: ExamFile) -> bool:
    """Whether an eye was told while the camera's database told none: by a person, or another source."""
    sources = {*file.eye_source.split("+")} - {""}
    if "operator" in sources:
        return eye_said_before_its_row(exam, file) is not None
    return bool(sources) and "database" not in sources


def eye_said_against_its_row(exam: Exam, file: ExamFile) -> Override | None:
    """A person's word about an eye that was given with what the camera's database says in view."""
    return None if eye_said_before_its_row(exam, file) else _said_of_picture(exam, file)


def eye_in_doubt(exam: Exam, file: ExamFile) -> Override | None:
    """A person's word about an eye, of which a row of the file says the other one, and none the same.

    Where it was said a second time it is in doubt no more.
    """
    said = _said_of_picture(exam, file)
    told = {parse_eye(row.eye) for row in file.eye_rows}
    if said is None or said.eye is None or said.eye in told or said.eye.other not in told:
        return None
    word = (said.name, said.eye, said.checksums)
    times = sum((each.name, each.eye, each.checksums) == word for each in exam.overrides)
    return said if times == 1 else None


def is_corrected(exam: Exam, file: ExamFile) -> bool:
    """Whether the EDC's administrator, by a person's word, corrected the eye as which it was sent."""
    return file.acknowledgement is not None and as_sent(exam, file).file_type != file.file_type


def as_sent(exam: Exam, file: ExamFile) -> ExamFile:
    """The file with the type as which it was sent, also where its eye was corrected in the EDC.

    One in doubt, of which a person was asked, may have been sent as either eye.
    """
    answer = file.acknowledgement
    if not file.may_be_stored or eye_said_of_sent(exam, file) is None:
        return file
    if answer is not None:
        return file.but(file_type=FileType(answer.file_type))
    if file.format is None or file.eye is None:
        return file
    return file.but(file_type=file_type_for(file.format, file.eye.other, ReportType.PER_EYE))


def files_as_sent(exam: Exam) -> list[ExamFile]:
    """The exam's files, each with the type as which it was sent."""
    return [as_sent(exam, file) for file in exam.files]


def _said_of_picture(exam: Exam, file: ExamFile) -> Override | None:
    """A person's word which eye these very bytes show, not one under which eye the EDC has them."""
    said = _said_of_eye(exam, file)
    return said if said and said.reason_code != SENT_AS_OTHER_EYE else None


def _said_of_eye(exam: Exam, file: ExamFile) -> Override | None:
    for override in reversed(exam.overrides):
        its_own = override.checksums.get(file.name) == sha256_of(file) != ""
        if override.eye and override.name == file.name and its_own:
            return override
    return None


def waived(exam: Exam, reason: Reason) -> bool:
    """Whether a person released this reason, for these bytes and this session."""
    now = _sums_now(exam)
    return any(
        override.reason_code == reason.code
        and _releases(override)
        and reason.details.get("session") in {None, override.session_id}
        and _as_they_were(override, reason.files, now)
        for override in exam.overrides
    )


def names_entry(exam: Exam, session_id: str) -> bool:
    """Whether a person named this entry of the EDC for these bytes: by its date, or its id."""
    return any(override.entry == session_id for override in _said_of_what_is_there(exam))


def entries_meant(exam: Exam) -> frozenset[str]:
    """The date, or id, by which a person named the entry of a visit before the EDC was asked for it.

    Of several words the last counts, also where it is that the files go after an archived exam.
    """
    words = [
        override.entry
        for override in _said_of_what_is_there(exam)
        if _releases(override)
        and override.reason_code == ("incomplete" if override.entry else "late")
    ]
    return frozenset(entry for entry in words[-1:] if entry)


def _said_of_what_is_there(exam: Exam) -> list[Override]:
    """What a person said of bytes that are all there still."""
    now = _sums_now(exam)
    return [override for override in exam.overrides if _as_they_were(override, (), now)]


def _sums_now(exam: Exam) -> dict[str, str]:
    """The bytes of each file of the exam, by its name."""
    return {file.name: sha256_of(file) for file in exam.files}


def _releases(override: Override) -> bool:
    return not (override.skip or override.eye or override.send_again)


def _as_they_were(override: Override, names: tuple[str, ...], now: dict[str, str]) -> bool:
    if names:
        return all(now.get(name) and override.checksums.get(name) == now[name] for name in names)
    # By their bytes alone: a file that was given another name is the one that it was.
    bound = {*override.checksums.values()}
    return bool(bound) and bound <= {*now.values()} - {""}


def goes_after(exam: Exam) -> bool:
    """Whether a person said that these files go after an exam that is archived: it is no whole one."""
    there = {file.name for file in exam.files if file.present}
    names = tuple(name for name in about(exam, Reason("late")) if name in there)
    return waived(exam, Reason("late", names))


def joins_before(exam: Exam) -> bool:
    """Whether these files go into the entry of the exam before: an entry of their own was not named since."""
    return goes_after(exam) and not entries_meant(exam)


def said_to_be_taken_out(exam: Exam, code: str) -> Override | None:
    """A person's word that the EDC has nothing of these bytes any more, and that they are to be sent."""
    said = (
        override
        for override in _said_of_what_is_there(exam)
        if override.reason_code == code and override.send_again
    )
    return next(said, None)


def said_together(exam: Exam, code: str) -> list[frozenset[str]]:
    """The bytes that a person said belong together, one set for each release of this reason."""
    return [
        frozenset(override.checksums.values()) - {""}
        for override in exam.overrides
        if override.reason_code == code and _releases(override)
    ]


def for_other_bytes(exam: Exam, overrides: Iterable[Override]) -> tuple[str, ...]:
    """The files of which these answers are no answer: other bytes are known to be there now."""
    now = _sums_now(exam)
    names = {
        name
        for override in overrides
        for name, sha256 in override.checksums.items()
        if now.get(name, "") not in {"", sha256}
    }
    return tuple(sorted(names))


def asked_anew(exam: Exam, reason: Reason, overrides: Iterable[Override]) -> bool:
    """Whether what holds the exam was answered before, for bytes that are there no more.

    ``overrides`` are those that would answer it. What has no bytes of its own is asked about again
    only where it is not as it was. An earlier release bound some answers to nothing.
    """
    now = _sums_now(exam)
    if not reason.files:
        known = {*now.values()}
        return "" not in known and any({*each.checksums.values()} - known for each in overrides)
    return any(
        now.get(name) not in {"", each.checksums.get(name, "")}
        for each in overrides
        for name in reason.files
        if name == each.name or name in each.checksums
    )
