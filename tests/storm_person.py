"""A nurse who comes by in a storm: says which eye a picture shows, of the bytes that she sees."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from functools import partial
from random import Random
from typing import Final

from camera_watchdog.commands.checksums import checksum
from camera_watchdog.commands.people import NotDone
from camera_watchdog.config import Config
from camera_watchdog.journal import Journal
from camera_watchdog.laterality import parse_eye
from camera_watchdog.model import Exam, FileType, Laterality, Override, Sent
from camera_watchdog.overrides import SENT_AS_OTHER_EYE
from camera_watchdog.person import Request, Wish, WordRefused, overrides_for
from camera_watchdog.reasons import Answer, answers_to
from camera_watchdog_demo.edc_server import DemoEdc
from in_process import Time
from storm_diary import Diary

__all__ = ["Nurse"]

_COMES_EVERY_S: Final = (40.0, 500.0)
_SKIPS: Final = 0.1


class Nurse:
    """Answers what is asked about eyes, also before the exam is held for it, and about two entries.

    Of what was sent as the other eye she has the EDC's administrator correct it first.
    ``answered`` is called with a subject and the name of a file that she answered for.
    """

    def __init__(
        self, chance: Random, time: Time, *, config: Config, diary: Diary, edc: DemoEdc
    ) -> None:
        self._chance = chance
        self._edc = edc
        self._time = time
        self._config = config
        self._diary = diary
        self.exams: Callable[[], list[Exam]] = list
        self.answered: Callable[[str, str], object] = lambda _subject, _name: None

    def plan(self, until_s: float) -> None:
        """She comes every few minutes until then."""
        at = 0.0
        while at < until_s:
            at += self._chance.uniform(*_COMES_EVERY_S)
            self._time.plan(at, self._comes)

    def _comes(self) -> None:
        for exam in self.exams():
            reason = exam.reason
            if reason is not None and Answer.EYE in answers_to(reason):
                self._answer(exam, [name for name in reason.files if exam.file(name)])
            elif reason is not None and reason.code == "two_entries":
                self._name_first(exam, reason.details["session"])

    def _name_first(self, exam: Exam, session_id: str) -> None:
        """The other entry was made for the visit that comes next, and no date was changed."""
        at = self._time.clock()
        try:
            overrides = overrides_for(
                exam,
                text="asked the clinician",
                user="nurse",
                at=at,
                eyes={},
                skips=[],
                checksum=partial(checksum, self._config, exam, now=at),
                report_type=self._config.report_type,
                entry=session_id,
            )
        except (NotDone, WordRefused):
            return  # somebody is at it just now
        self._ask(exam, overrides, at)

    def _ask(self, exam: Exam, overrides: tuple[Override, ...], at: datetime) -> None:
        request = Request(Wish.RELEASE, exam.id, exam.folder, "nurse", at, "looked", overrides)
        journal = Journal.join(
            self._config.state_dir,
            watch_dir=self._config.watch_dir,
            clock=self._time.clock,
            writing=True,
        )
        with closing(journal):
            journal.ask(request)

    def _answer(self, exam: Exam, names: list[str]) -> None:
        eyes = {name: eye for name in names if (eye := self._seen(exam, name)) is not None}
        if not eyes:
            return
        said, skips = eyes, list[str]()
        is_stored = exam.reason is not None and exam.reason.code == SENT_AS_OTHER_EYE
        if not is_stored and len(exam.files) > 4 and self._chance.random() < _SKIPS:
            skips = [self._chance.choice(sorted(eyes))]
            del eyes[skips[0]]
        if (
            is_stored
        ):  # what is right as it was sent first; what the administrator corrects by itself
            said = {name: eye for name, eye in eyes.items() if _is_as_sent(exam, name, eye)}
        at = self._time.clock()
        try:
            overrides = overrides_for(
                exam,
                text="looked at the picture",
                user="nurse",
                at=at,
                eyes=said,
                skips=skips,
                checksum=partial(checksum, self._config, exam, now=at),
                report_type=self._config.report_type,
            )
        except (NotDone, WordRefused):
            return  # somebody is at it just now
        if is_stored:
            self._have_corrected(exam, {o.name: o.eye for o in overrides if o.eye})
        for each in overrides:
            if each.skip:
                self._diary.left_out.update(each.checksums.values())
        self._ask(exam, overrides, at)
        for name in said or eyes:
            self.answered(exam.subject, name)

    def _have_corrected(self, exam: Exam, eyes: dict[str, Laterality]) -> None:
        """The EDC's administrator puts these files of the exam's entry under the eyes that they show."""
        assert exam.session is not None
        for stored in self._edc.stored_files(exam.subject):
            eye, kind = eyes.get(stored.name), FileType(stored.file_type)
            if eye and kind.eye not in {None, eye} and stored.session_id == exam.session.session_id:
                other = stored.file_type.replace(kind.eye or "", eye)
                self._edc.correct_file(stored.session_id, stored.name, other)

    def _seen(self, exam: Exam, name: str) -> Laterality | None:
        """The eye that the picture shows, as it stands there now."""
        path = self._config.watch_dir / exam.folder / name
        if not path.is_file():
            return None
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        file_type = self._diary.written[exam.subject, name].get(content, "")
        return parse_eye(file_type.partition("_")[0])


def _is_as_sent(exam: Exam, name: str, eye: Laterality) -> bool:
    """Whether that is an answer: the file was sent as this eye, or nobody knows whether it is stored."""
    file = exam.file(name)
    return (
        file is None
        or file.sent is not Sent.YES
        or file.file_type is None
        or file.file_type.eye is eye
    )
