"""What must hold after a storm, exam by exam: from the server, the archive, the receipts, the journal."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from camera_watchdog.after_archive import AFTER_ARCHIVE
from camera_watchdog.archive import is_ours, receipt_name
from camera_watchdog.config import Config
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, Reason, Sent, State
from camera_watchdog.overrides import SENT_AS_OTHER_EYE
from camera_watchdog.reasons import REASONS
from camera_watchdog_demo.edc_server import DemoEdc
from camera_watchdog_demo.edc_store import StoredFile
from in_process import Time
from storm_diary import Diary
from storm_schedule import ONE_OF_A_TYPE

__all__ = ["Promise"]

_ASK_FIRST: Final = frozenset({"0.4", "0.7.8"})

_OTHER_EYE: Final = {"eye_conflict", SENT_AS_OTHER_EYE}

_COMPARES: Final = frozenset({"0.7.8", "0.8", "1.4"})
"""What comes under a name that is there is compared with that, before its own checksum is."""


class Promise:
    """Checks it."""

    def __init__(self, config: Config, edc: DemoEdc, journal: Journal, diary: Diary) -> None:
        self._config = config
        self._edc = edc
        self._diary = diary
        self._exams = {s: journal.exams_of_subject(s) for s in diary.visits}

    def check(self, generations: set[str]) -> None:
        """All of it; ``generations`` are those that the server was of.

        Raises:
            AssertionError: it was not kept.
        """
        self._check_server()
        sessions: list[str] = []
        for subject, exams in self._exams.items():
            assert exams, f"{subject} was never seen"
            sessions += [exam.session.session_id for exam in exams if exam.session]
            for exam in exams:
                if exam.state is State.ARCHIVED:
                    self._check_archived(exam)
                elif exam.state is not State.GONE:
                    self._check_held(exam, exams, generations)
            self._check_kept(subject, exams)
        assert len(sessions) == len({*sessions}), "two exams in one session"

    def _check_server(self) -> None:
        """Whole, once, as what it is, under its subject, and known to the exam of that session."""
        stored = self._edc.stored_files()
        places = [(file.session_id, file.name) for file in stored]
        assert len(places) == len({*places}), "a file is stored twice"
        checksums = [file.sha256 for file in stored]
        assert len(checksums) == len({*checksums}), "the same bytes are stored twice"
        sent = {
            (exam.session.session_id, file.name)
            for exams in self._exams.values()
            for exam in exams
            if exam.session is not None
            for file in exam.files
            if file.sent_sha256
        }
        for file in stored:
            known = self._diary.written.get((file.subject, file.name))
            assert known, f"{file.name} is under {file.subject}"
            if not file.sha256 and (file.session_id, file.name) in self._asked_about():
                continue
            assert file.sha256 in known, f"{file.name} is not whole"
            if file.file_type != known[file.sha256]:
                self._check_told(file, f"{file.name} as {file.file_type}")
            assert (file.session_id, file.name) in sent, f"nobody knows that {file.name} was sent"

    def _check_not_mixed(self, exam: Exam) -> None:
        """No exam has pictures of two subjects whose folders were swapped on its way, and nobody is told.

        What is written into a folder that has another's name by then is that one's, for all that can be
        known.
        """
        contents = {file.sha256 for file in exam.files if file.present}
        whose = {self._diary.origin.get(content, exam.subject) for content in contents}
        if len(whose) > 1 and exam.subject in self._diary.swapped:
            assert contents & self._diary.written_since, f"{exam.destination} is of {whose}"

    def _check_told(self, file: StoredFile, said: str) -> None:
        """The wrong eye is stored only where a row told it, and a person is told when that is corrected.

        A picture that took the place of one of the other eye may be sent by that one's row, before its
        own comes: nobody can know.
        """
        place = file.subject, file.name
        if (
            file.subject,
            file.sha256,
        ) in self._diary.unknowable and place not in self._diary.no_rows:
            return
        assert place in self._diary.misled, said
        exams = self._exams[file.subject]
        mine = [e for e in exams if e.session and e.session.session_id == file.session_id]
        # While another exam is held whose rows they may be, it is asked about that one.
        is_told = any(e.reason is not None for e in exams if e.state is State.HELD or e in mine)
        assert is_told, f"{said}, and nobody is told"

    def _asked_about(self) -> set[tuple[str, str]]:
        """The files that a person is asked about: whether the EDC has them, nobody can tell.

        0.4 takes the bytes away that it has where a copy comes damaged, and keeps the record. When the
        first copy arrives after it was asked for, and before the second, no client can know that.
        """
        return {
            (exam.session.session_id, name)
            for exams in self._exams.values()
            for exam in exams
            if exam.session and exam.reason
            for name in self._in_doubt(exam, exam.reason)
        }

    def _in_doubt(self, exam: Exam, reason: Reason) -> Sequence[str]:
        if reason.code == "cannot_tell":
            return reason.files
        # Another question came before it; the doubt is on record, and asked about next.
        is_held = exam.state is State.HELD
        return [file.name for file in exam.files if is_held and file.sent is Sent.UNKNOWN]

    def _check_archived(self, exam: Exam) -> None:
        folder = self._config.archive_dir / exam.destination
        self._check_not_mixed(exam)
        # A receipt that was copied back with its folder is the camera's, and left as it is.
        on_disk = {
            path.name: _sha256(path)
            for path in folder.iterdir()
            if path.name not in exam.other_names and not is_ours(exam, path.name)
        }
        receipt = json.loads((folder / receipt_name(exam)).read_text("utf-8"))
        assert exam.session is not None
        assert receipt["session"] == exam.session.session_id
        told = {file["name"]: file["sha256"] for file in receipt["files"]}
        told_kinds = {file["name"]: file["file_type"] for file in receipt["files"]}
        all_stored = self._edc.stored_files(exam.subject)
        mine = [f for f in all_stored if f.session_id == exam.session.session_id]
        stored = {f.name: f.sha256 for f in mine}
        kinds = {f.name: f.file_type for f in mine}
        sent = {file.name: file for file in exam.files}
        went_on = {name for place, name in self._diary.went_on if place == exam.destination}
        # What changed while the folder was moved is put back, as a late file.
        put_back = went_on - on_disk.keys()
        assert all(any(self._config.watch_dir.rglob(name)) for name in put_back)
        went_on -= put_back
        if went_on:
            reason = exam.reason
            assert reason is not None, f"nobody is told that {went_on} changed after the move"
            assert reason.code in AFTER_ARCHIVE, reason
            if reason.code == "changed_after_archive":  # else it is told when that was seen
                assert {*reason.files} == went_on
        on_disk = {name: on_disk[name] for name in on_disk.keys() - went_on}
        assert on_disk.keys() == sent.keys() - went_on - put_back, "archived what is not on record"
        for name, checksum in on_disk.items():
            if sent[name].sent is Sent.SKIPPED and checksum in self._diary.left_out:
                continue
            answer = sent[name].acknowledgement
            assert answer is not None, f"{name} was archived without an acknowledgement"
            assert sent[name].sent is Sent.YES
            assert answer.checksum == told[name] == checksum
            assert stored.get(name) == checksum, f"{name} is archived and not stored"
            assert kinds.get(name) == told_kinds[name], f"{name} is said to be {told_kinds[name]}"
            assert answer.session_id == exam.session.session_id

    def _check_held(self, exam: Exam, exams: Sequence[Exam], generations: set[str]) -> None:
        code = exam.reason.code if exam.reason else ""
        assert exam.state is State.HELD, f"{exam.subject} is {exam.state} ({code})"
        allowed = self._allowed(exam, exams, generations)
        assert code in allowed, f"{exam.subject} is held for {code}: {exam.reason}"

    def _allowed(self, exam: Exam, exams: Sequence[Exam], generations: set[str]) -> set[str]:
        """What an exam of this subject may be held for, by what the camera did, and nothing else."""
        subject = exam.subject
        allowed: set[str] = set()
        damaged = self._diary.damaged[subject]
        if damaged and generations & _ASK_FIRST:
            allowed |= {"cannot_tell"}
        if damaged > 1 and generations & _COMPARES:
            # Damaged twice in a row, after an answer that was lost: it looks like another file.
            allowed |= {"filename_conflict"}
        visits = self._diary.visits[subject]
        allowed |= self._allowed_by_mishaps(exam)
        mingled = self._are_mingled(subject, exams)
        if subject in self._diary.copied_back:
            # The second where what was copied is written over since.
            allowed |= {"seen_before", "from_archive"}
        elif not mingled and not any(visit.disturbed for visit in visits):
            return allowed
        # A file that is taken again after the archive has no row of its own.
        allowed |= {"late", "retaken", "earlier_visit_rows"}
        if generations & ONE_OF_A_TYPE:
            allowed |= {"one_file_per_type"}
        if generations & _ASK_FIRST:
            allowed |= {"cannot_tell"}
        if exam.session is None and any(e.state is State.ARCHIVED for e in exams):
            # So much came after the archive that it is a whole exam: a visit of its own.
            allowed |= {"no_eligible_session"}
        if len(visits) > 1:
            allowed |= {"two_visits"}
        if mingled:
            # The clinician made the second entry while the first exam had none yet, or nothing in it.
            allowed |= {"older_session", "two_entries"}
        return allowed

    def _allowed_by_mishaps(self, exam: Exam) -> set[str]:
        subject, diary = exam.subject, self._diary
        has_wrong = any(
            visit.wrong_subject and not visit.wrong_subject_until for visit in diary.visits[subject]
        )
        rules: tuple[tuple[bool, set[str]], ...] = (
            (subject in {whose for whose, _ in diary.misled}, _OTHER_EYE | {"eye_missing"}),
            (subject in {whose for whose, _ in diary.unknowable}, _OTHER_EYE),
            (subject in {whose for whose, _ in diary.no_rows}, {"not_in_database", "eye_missing"}),
            (has_wrong, {"not_in_database", "wrong_patient", "eye_missing"}),
            # Perhaps a person left out the only picture or report of an eye.
            (
                any(file.sha256 in diary.left_out for file in exam.files),
                {"eye_missing", "incomplete"},
            ),
            (subject in diary.swapped, {*REASONS}),
            (
                any(f"{subject}_" in place for place, _ in diary.went_on),
                {"unfinished_file", "late", "retaken"},
            ),
        )
        return set().union(*(codes for happened, codes in rules if happened))

    def _are_mingled(self, subject: str, exams: Sequence[Exam]) -> bool:
        """Whether a visit began while the exam of the one before was not in the archive."""
        visits = self._diary.visits[subject]
        archived = sorted(_seconds(e.archived_at) for e in exams if e.archived_at is not None)
        return any(
            len(archived) < count or archived[count - 1] >= visit.begins
            for count, visit in enumerate(visits)
            if count
        )

    def _check_kept(self, subject: str, exams: Sequence[Exam]) -> None:
        """What the camera wrote, and did not itself write over, is still on this machine."""
        folders = [self._config.watch_dir / subject]
        folders += [self._config.archive_dir / e.destination for e in exams if e.destination]
        kept = {
            (path.name, _sha256(path))
            for folder in folders
            if folder.is_dir()
            for path in folder.iterdir()
        }
        for (whose, name), checksums in self._diary.standing.items():
            for checksum in checksums if whose == subject else ():
                assert (name, checksum) in kept, f"{name} is lost"


def _seconds(at: datetime) -> float:
    """Of the storm."""
    return (at - Time().clock()).total_seconds()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
