"""What must hold after every step, whatever happened: from the server's log, the disk and the journal."""

import hashlib
import json
from collections import Counter, defaultdict
from itertools import chain
from pathlib import Path
from typing import Final

from camera_watchdog.after_archive import findings
from camera_watchdog.model import Exam, Sent, State
from camera_watchdog.reasons import REASONS, Clears, explain
from machine.camera import Camera, sha256
from machine.daemon import Daemon
from machine.person import Person
from machine.server import Server
from scripted_edc import Stored

__all__ = ["Promise"]

_SHARED_BY_A_PERSON: Final = frozenset({"session_in_use", "late"})
_AGAIN_BY_A_PERSON: Final = frozenset({"retaken", "session_gone", "seen_before"})
_NO_RECEIPT: Final = frozenset({"receipt.json"})


class Promise:
    """Checks; what it has seen of the server's log it does not look at again."""

    def __init__(self, daemon: Daemon, server: Server, camera: Camera, person: Person) -> None:
        self._daemon, self._server, self._camera, self._person = daemon, server, camera, person
        self._seen = 0
        self._stored: set[str] = set()
        self._known: dict[tuple[int, int, int], str] = {}
        self._places: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self._sessions: dict[int, str] = {}
        self._archived: set[int] = set()
        self._looked_at: tuple[int, int] = (0, -1)
        self.reached: Counter[str] = Counter()
        """States and reasons that were seen, for whoever asks whether the machine gets anywhere."""

    def check(self) -> None:
        """All of it.

        Raises:
            AssertionError: something does not hold.
        """
        assert not self._daemon.wrongs, self._daemon.wrongs
        self._check_log()
        self._check_disk()
        if not self._daemon.is_alive:
            return
        journal = self._daemon.core.journal
        looked_at = id(journal), journal.changes
        if looked_at != self._looked_at:
            self._looked_at = looked_at
            self._check_exams()
        self._check_claims()

    def check_end(self) -> None:
        """Whatever is in the archive is an exam's that is done, and tells what became of it.

        Raises:
            AssertionError: something does not hold.
        """
        archive = self._daemon.config.archive_dir
        done = {exam.destination for exam in self.exams() if exam.state is State.ARCHIVED}
        here = {path.name for path in archive.iterdir()} if archive.exists() else set()
        assert here == done, f"{here ^ done} is no exam's archive"
        for exam in self.exams():
            went_on = {name for folder, name in self._camera.went_on if folder == exam.destination}
            # What changed while the folder was moved was put back, as a late file.
            went_on &= {path.name for path in (archive / exam.destination).glob("*")}
            told = {name for found in findings(exam) for name in found.files}
            assert went_on <= told, f"nobody is told that {went_on - told} changed after the move"

    def exams(self) -> list[Exam]:
        """Every exam that there ever was."""
        journal = self._daemon.core.journal
        return list(chain(*(journal.exams_of_subject(s) for s in ("S1", "S2"))))

    # The server

    def _check_log(self) -> None:
        for stored in self._server.log[self._seen :]:
            self._check_stored(stored)
        self._seen = len(self._server.log)
        for stored in self._server.stored:
            assert stored.sha256, f"what the EDC had of {stored.name} was destroyed"

    def _check_stored(self, stored: Stored) -> None:
        subject = self._server.owner[stored.session_id]
        whose = self._camera.whose[stored.sha256]
        assert subject in whose, f"{stored.name} of {whose or 'nobody'} went to {subject}"
        cut_off = self._camera.cut_off.get(stored.sha256)
        all_the_same = stored.sha256 in self._person.sent_cut_off
        assert cut_off is None or all_the_same, f"half of {cut_off} was sent"
        if eye := self._camera.eyes.get(stored.sha256):
            self._check_eye(stored, subject, eye)
        self._stored.add(stored.sha256)
        places = self._places[stored.sha256]
        places.add((stored.session_id, stored.name))
        held = {(s.session_id, s.name) for s in self._server.stored if s.sha256 == stored.sha256}
        there = places & held
        owners = {self._server.owner[session] for session, _ in there}
        again = {(owner, code) for owner in owners for code in _AGAIN_BY_A_PERSON}
        if not again & self._person.released and not self._is_renamed_in_doubt(subject, there):
            assert len(there) <= 1, f"the same bytes are stored as {sorted(there)}"

    def _check_eye(self, stored: Stored, subject: str, eye: str) -> None:
        """As what it shows, or as the one who was asked said, of these very bytes."""
        sent_as = stored.file_type.partition("_")[0]
        said = {eye} | self._person.eyes[stored.name, stored.sha256]
        if sent_as in said:
            return
        self.reached["wrong row"] += 1
        name, content = stored.name, stored.sha256
        taken_for = self._camera.may_be_taken_for(subject, name, content, self._stored)
        assert sent_as in taken_for, f"{name} shows the {eye} eye and was sent as {sent_as}"

    def _is_renamed_in_doubt(self, subject: str, there: set[tuple[str, str]]) -> bool:
        """Whether a person went on without a file of which nobody knew whether it was stored."""
        names = {name for _, name in there}
        skipped = {(number, name) for number, name, _ in self._person.skipped}
        is_released = (subject, "vanished") in self._person.released
        return any(
            file.name in names
            and not file.present
            and file.sent is not Sent.YES
            and (is_released or (exam.id, file.name) in skipped)
            for exam in self.exams()
            for file in exam.files
        )

    # The disk

    def _check_disk(self) -> None:
        """Whatever the camera wrote and no person took away is there still."""
        found = Counter(self._checksum(path) for path in self._all_files())
        for checksum, count in self._camera.kept.items():
            assert found[checksum] >= count, f"{checksum} is lost"

    def _checksum(self, path: Path) -> str:
        """Read once for each state of a file."""
        status = path.stat()
        state = status.st_ino, status.st_size, status.st_ctime_ns
        if state not in self._known:
            self._known[state] = sha256(path.read_bytes())
        return self._known[state]

    def _all_files(self) -> list[Path]:
        config = self._daemon.config
        folders = [config.watch_dir / name for name in self._camera.folders()]
        if config.archive_dir.exists():
            folders += config.archive_dir.iterdir()
        return [path for folder in folders for path in folder.iterdir()]

    # The exams

    def _check_exams(self) -> None:
        exams = self.exams()
        live = [e.folder for e in exams if e.state not in {State.ARCHIVED, State.GONE}]
        assert len(live) == len({*live}), f"two exams of one folder: {live}"
        users: dict[str, list[Exam]] = defaultdict(list)
        for exam in exams:
            self.reached[exam.state] += 1
            self._check_session(exam)
            self._check_files(exam)
            self._check_reason(exam)
            if exam.session and (exam.anything_sent or exam.state is not State.GONE):
                users[exam.session.session_id].append(exam)
            if exam.state is State.ARCHIVED and exam.id not in self._archived:
                self._archived.add(exam.id)
                self._check_archived(exam)
        for session, several in users.items():
            shared = any(
                (e.subject, c) in self._person.released
                for e in several
                for c in _SHARED_BY_A_PERSON
            )
            assert len(several) == 1 or shared, f"two exams in session {session}"

    def _check_session(self, exam: Exam) -> None:
        """It stays in the session that was first resolved, unless a person gave that up."""
        if exam.session is None:
            return
        now = exam.session.session_id
        assert self._server.owner[now] == exam.subject, f"{exam.subject} has {now}"
        before = self._sessions.get(exam.id, now)
        if before != now and self._is_used(before, exam):
            gave_up = {(exam.subject, "retaken"), (exam.subject, "session_gone")}
            assert gave_up & self._person.released, f"{exam.folder} went from {before} to {now}"
        is_newest = now in self._server.called_newest
        meant = (exam.subject, "older_session") in self._person.released
        assert is_newest or meant, f"{exam.folder} took {now}, which is not the newest"
        self._sessions[exam.id] = now

    def _is_used(self, session: str, exam: Exam) -> bool:
        """Whether anything of this exam was stored there: else it may be given another one."""
        sums = {file.sent_sha256 for file in exam.files}
        return any(s.session_id == session and s.sha256 in sums for s in self._server.log)

    def _check_files(self, exam: Exam) -> None:
        """What is taken for acknowledged was stored so."""
        for file in exam.files:
            if file.sent is not Sent.YES:
                continue
            said = file.acknowledgement
            assert said is not None, f"{file.name} has no acknowledgement"
            assert exam.session is not None
            assert said.session_id == exam.session.session_id
            stored = Stored(said.session_id, said.file_type, file.name, file.sent_sha256)
            assert stored in self._server.log, f"{file.name} is believed to be stored"

    def _check_reason(self, exam: Exam) -> None:
        """Whoever is told to act knows why and how; who is not told need not."""
        if exam.reason is None:
            assert exam.state is not State.HELD, f"{exam.folder} is held for nothing"
            return
        self.reached[exam.reason.code] += 1
        rule, words = REASONS[exam.reason.code], explain(exam.reason, exam)
        assert words.sentence
        told = (words.sentence + words.next_step).replace("date unknown", "")
        assert "unknown" not in told, words
        assert words.next_step or not rule.needs_person, words
        if exam.state is State.HELD:
            assert rule.answers or rule.clears is not Clears.CHANGE, f"{rule.code} has no way out"
            asked_again = rule.clears is Clears.CHANGE or self._is_asked_again(exam)
            assert asked_again, f"{rule.code} is never asked again"

    def _is_asked_again(self, exam: Exam) -> bool:
        """Whether a worker will have it: after a while, or when the server is back."""
        entry = self._daemon.core.registry._entries[exam.folder]
        held = entry.exam.state is State.HELD
        return not held or entry.claimed or entry.for_server or entry.due is not None

    def _check_archived(self, exam: Exam) -> None:
        folder = self._daemon.config.archive_dir / exam.destination
        receipt = json.loads((folder / "receipt.json").read_text("utf-8"))
        assert receipt["subject"] == exam.subject
        assert exam.session is not None
        session = exam.session.session_id
        gone = [file.name for file in exam.files if file.may_be_stored and not file.present]
        is_told = (exam.subject, "vanished") in self._person.released
        assert not gone or is_told, f"{gone} went away, and nobody was told"
        log = {(s.name, s.sha256) for s in self._server.log if s.session_id == session}
        here = {p.name: p.read_bytes() for p in folder.iterdir() if p.name not in _NO_RECEIPT}
        self._check_still_there(exam, session, log)
        proven = {checksum for _, checksum in log}
        for name, content in here.items():
            checksum = hashlib.sha256(content).hexdigest()
            by_name = (exam.id, name, checksum) in self._person.skipped
            twin = exam.file(name)
            is_copy = twin is not None and twin.sent is Sent.SKIPPED and checksum in proven
            assert (name, checksum) in log or by_name or is_copy, (
                f"{name} is archived, never stored"
            )

    def _check_still_there(self, exam: Exam, session: str, log: set[tuple[str, str]]) -> None:
        """What it acknowledged the EDC has, unless somebody took it away there or shared the session."""
        shared = {(exam.subject, code) for code in _SHARED_BY_A_PERSON} & self._person.released
        if shared or session in self._server.deleted:
            return
        there = {(s.name, s.sha256) for s in self._server.held(session)}
        ours = {(f.name, f.sent_sha256) for f in exam.files if f.sent is Sent.YES}
        assert ours & log <= there, f"the EDC has lost {sorted(ours - there)} of {exam.folder}"

    def _check_claims(self) -> None:
        """Each exam that is claimed is some worker's, and no two have one."""
        claimed = [worker.exam.folder for worker in self._daemon.workers]
        assert len(claimed) == len({*claimed}), f"two have {claimed}"
        nobody_knows = self._daemon.core.registry.exams_at_rest().count(None)
        assert nobody_knows == len(claimed), f"{nobody_knows} claimed, {claimed} at work"
