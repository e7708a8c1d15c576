"""Whoever reads ``status`` and acts on it: answers what can be answered, and looks before saying so."""

import contextlib
from collections import defaultdict
from random import Random

from camera_watchdog.commands.checksums import checksum
from camera_watchdog.commands.people import NotDone
from camera_watchdog.journal import Journal
from camera_watchdog.laterality import parse_eye
from camera_watchdog.model import Exam, FileType, Laterality, Override, Reason, Sent
from camera_watchdog.overrides import SENT_AS_OTHER_EYE
from camera_watchdog.person import Request, Wish, WordRefused, overrides_for
from camera_watchdog.reasons import Answer, answers_to
from machine.camera import Camera
from machine.daemon import Daemon
from machine.server import Server

__all__ = ["Person"]

_CLINICIAN = frozenset({"no_session", "no_eligible_session", "session_in_use", "older_session"})
_OTHER = {Laterality.LEFT: Laterality.RIGHT, Laterality.RIGHT: Laterality.LEFT}
_LOOKS_FIRST = frozenset({"cannot_tell", "wrong_acknowledgement"})


class Person:
    """Answers holds, at once or a while after looking.

    ``released`` are subjects and reasons, ``skipped`` exams, files and their checksums, ``eyes`` what
    was said of a file's bytes by name and checksum, ``sent_cut_off`` the checksums of files that are to
    be sent though they are not whole.
    """

    def __init__(self, daemon: Daemon, server: Server, camera: Camera) -> None:
        self.released: set[tuple[str, str]] = set()
        self.skipped: set[tuple[int, str, str]] = set()
        self.eyes: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.sent_cut_off: set[str] = set()
        self._kept: list[Request] = []
        self._is_slow = self._is_odd = False
        self._daemon, self._server, self._camera = daemon, server, camera

    def answer(self, exam: Exam, chance: Random, *, slow: bool = False, odd: bool = False) -> None:
        """Do what the reason asks for; where there is a choice, by chance.

        ``slow``: what is said is kept until :meth:`give`; ``odd``: the picture that is there now, but
        no later one of that name, is said to show the other eye than it does.
        """
        reason = exam.reason
        assert reason is not None
        self._is_slow, self._is_odd = slow, odd
        if reason.code in _CLINICIAN and (chance.random() < 0.7 or not self._may_release(reason)):
            self._server.open_session(exam.subject)
            self._retry(exam)  # or it is asked within the hour
        elif reason.code == "filename_conflict":
            if right := [name for name in reason.files if self._is_the_right_one(exam, name)]:
                self._say(exam, skips=right)
            for name in sorted({*reason.files} - {*right}):
                new_name = f"{name[:1]}-{chance.getrandbits(16)}{name[-4:]}"
                self._camera.rename(exam.folder, name, new_name)
        elif reason.code in _LOOKS_FIRST:
            there = [name for name in reason.files if self._is_there(exam, name)]
            self._say(exam, skips=there)
        elif reason.code == "two_entries":
            self._say(exam, entry=reason.details["session"])
        elif allowed := sorted(answers_to(reason) - {Answer.ENTRY}):
            self._say_one(exam, reason, chance.choice(allowed), chance)

    def give(self) -> None:
        """Say what was kept."""
        for request in self._kept:
            self._ask(request)
        self._kept.clear()

    def _may_release(self, reason: Reason) -> bool:
        return Answer.RELEASE in answers_to(reason)

    def _say_one(self, exam: Exam, reason: Reason, answer: Answer, chance: Random) -> None:
        names = [name for name in reason.files if exam.file(name)] or [f.name for f in exam.files]
        if answer is Answer.RETRY:
            self._retry(exam)
        elif answer is Answer.RELEASE and reason.code != SENT_AS_OTHER_EYE:
            self._say(exam)
        elif answer is Answer.SKIP and names:
            self._say(exam, skips=[chance.choice(names)])
        elif reason.code == SENT_AS_OTHER_EYE:
            self._say(exam, eyes={n: e for n in names if (e := self._shown_as_sent(exam, n))})
        elif answer is Answer.EYE:
            self._say(exam, eyes={n: eye for n in names if (eye := self._shown(exam, n))})

    def _shown(self, exam: Exam, name: str) -> Laterality | None:
        eye = parse_eye(self._camera.shown(exam.folder, name))
        return _OTHER[eye] if eye and self._is_odd else eye

    def _shown_as_sent(self, exam: Exam, name: str) -> Laterality | None:
        """The eye that it shows, unless it was sent as the other one: that only the EDC can mend."""
        file, eye = exam.file(name), self._shown(exam, name)
        is_other = (
            file and file.sent is Sent.YES and file.file_type and file.file_type.eye is not eye
        )
        return None if is_other else eye

    def _retry(self, exam: Exam) -> None:
        self._ask(Request(Wish.RETRY, exam.id, exam.folder, "nurse", self._daemon.time.clock()))

    def _is_there(self, exam: Exam, name: str) -> bool:
        """Whether the EDC has a file of that name in the session: as a person sees it there."""
        session = exam.session.session_id if exam.session else ""
        return any(s.name == name for s in self._server.held(session))

    def _is_the_right_one(self, exam: Exam, name: str) -> bool:
        """Whether the file of that name in the EDC is the very one that is here."""
        file = exam.file(name)
        session = (exam.reason.details if exam.reason else {}).get("session", "")
        return any(
            s.name == name and file and s.sha256 == file.sha256 for s in self._server.held(session)
        )

    def _say(
        self,
        exam: Exam,
        *,
        eyes: dict[str, Laterality] | None = None,
        skips: list[str] | None = None,
        entry: str = "",
    ) -> None:
        config, at = self._daemon.config, self._daemon.time.clock()
        try:
            overrides = overrides_for(
                exam,
                text="looked at it",
                user="nurse",
                at=at,
                eyes=eyes or {},
                skips=skips or [],
                entry=entry,
                checksum=lambda name: checksum(config, exam, name, at),
                report_type=config.report_type,
            )
        except NotDone:
            return  # something changed just now
        except WordRefused:
            self._give_up(exam)
            return
        for override in overrides:
            self._note(exam, override)
            if override.eye and override.reason_code == SENT_AS_OTHER_EYE:
                self._have_corrected(exam, override.name, override.eye)
        request = Request(Wish.RELEASE, exam.id, exam.folder, "nurse", at, "looked", overrides)
        if self._is_slow:
            self._kept.append(request)
        else:
            self._ask(request)

    def _have_corrected(self, exam: Exam, name: str, eye: Laterality) -> None:
        """The EDC's administrator sees to it that the exam's entry has the file under this eye."""
        session_id = exam.session.session_id if exam.session else ""
        for stored in self._server.held(session_id):
            before = FileType(stored.file_type).eye
            if stored.name == name and before not in {None, eye}:
                other = stored.file_type.replace(str(before), eye)
                self._server.correct(name, other, session_id)

    def _note(self, exam: Exam, said: Override) -> None:
        if said.skip:
            self.skipped.add((exam.id, said.name, said.checksums[said.name]))
        elif said.eye:
            self.eyes[said.name, said.checksums[said.name]].add(said.eye)
        else:
            self.released.add((exam.subject, said.reason_code))
            if said.reason_code == "unfinished_file":
                self.sent_cut_off.update(said.checksums.values())

    def _give_up(self, exam: Exam) -> None:
        """Nothing of it is to be sent: the folder is moved out of the camera's."""
        if (self._camera.folder / exam.folder).exists():
            self._camera.delete_folder(exam.folder)

    def _ask(self, request: Request) -> None:
        config, time = self._daemon.config, self._daemon.time
        journal = Journal.join(
            config.state_dir, watch_dir=config.watch_dir, clock=time.clock, writing=True
        )
        with contextlib.closing(journal):
            journal.ask(request)
        self._daemon.flush()
