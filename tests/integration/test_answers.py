"""What a person asked for reaches its exam: once, in its turn, and no other exam."""

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.answers import Answers
from camera_watchdog.errors import JournalError
from camera_watchdog.journal import Journal
from camera_watchdog.model import Exam, Laterality, Override, State
from camera_watchdog.person import Request, Wish
from clinic import Clinic
from one_exam import begun


class Desk:
    """A clinic whose exam is held for an eye that is unknown, and who does what people ask."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.sent_again: list[None] = []
        self.looked_again: list[int] = []
        self.begin()
        clinic.camera.rows.clear()
        clinic.camera.know("S1", "OD.jpg", "both")
        clinic.camera.know("S1", "OS.jpg", "L")
        clinic.live_for(60)
        assert clinic.told("S1") == (State.HELD, "eye_unknown")

    def begin(self) -> None:
        """As when the daemon starts."""
        clinic = self.clinic
        self.answers = Answers(
            clinic.journal,
            clinic.registry,
            judge_anew=clinic.sweep.judge_anew,
            resend=lambda: self.sent_again.append(None),
            recheck=self.looked_again.append,
            monotonic=clinic.clock.monotonic,
        )

    @property
    def exam(self) -> Exam:
        """The live exam."""
        return self.clinic.exam("S1")

    def ask(self, wish: Wish, *overrides: Override, exam_id: int = 0) -> Request:
        """Another process writes down what a person asks."""
        clinic = self.clinic
        who = exam_id or self.exam.id
        asked = Request(wish, who, "S1", "anna", clinic.clock.now(), "I looked", overrides)
        theirs = Journal.join(
            clinic.state_dir, watch_dir=clinic.root, clock=clinic.clock.now, writing=True
        )
        with closing(theirs):
            return theirs.ask(asked)

    def say_eye(self) -> Request:
        """It is the right one."""
        said = Override(
            "eye_unknown",
            "I looked",
            "anna",
            self.clinic.clock.now(),
            name="OD.jpg",
            eye=Laterality.RIGHT,
            checksums={f.name: f.sha256 for f in self.exam.files if f.name == "OD.jpg"},
        )
        return self.ask(Wish.RELEASE, said)

    def outcome(self, request: Request) -> str:
        """What became of it; empty while it is open."""
        return self.clinic.journal.request(request.id).outcome


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with begun(tmp_path, "1.4") as clinic:
        yield Desk(clinic)


def test_an_answer_is_looked_at_at_once_though_nothing_in_the_folder_changed(desk: Desk) -> None:
    request = desk.say_eye()
    desk.answers.apply()
    assert desk.outcome(request) == "it is looked at again now."
    desk.clinic.live_for(1)
    assert len(desk.clinic.archived()) == 1
    (said,) = desk.clinic.receipt()["overrides"]
    assert (said["user"], said["file"], said["eye"]) == ("anna", "OD.jpg", "right")


def test_what_was_asked_while_nothing_ran_is_done_at_the_start(desk: Desk) -> None:
    request = desk.say_eye()
    desk.clinic.restart()
    desk.begin()
    desk.answers.apply()
    assert desk.outcome(request)
    desk.clinic.live_for(10)
    assert len(desk.clinic.archived()) == 1


@pytest.mark.parametrize("wish", [Wish.RETRY, Wish.RELEASE])
def test_who_asks_while_somebody_has_the_exam_is_answered_after_that(
    desk: Desk, wish: Wish
) -> None:
    exam = desk.clinic.registry.claim_folder("S1")
    assert exam is not None
    request = desk.say_eye() if wish is Wish.RELEASE else desk.ask(wish)
    for _ in range(3):
        desk.answers.apply()
        assert desk.outcome(request) == ""
    changed = dataclasses.replace(exam, notes=("of the worker",))
    desk.clinic.journal.save(changed, "")
    desk.clinic.registry.release(changed, keep_due=True)
    desk.answers.apply()
    assert desk.outcome(request)
    assert desk.exam.notes == ("of the worker",)
    assert desk.exam.state is State.COLLECTING


def test_an_answer_for_an_exam_that_is_done_is_none_for_the_next_in_its_folder(desk: Desk) -> None:
    request = desk.ask(Wish.RETRY, exam_id=desk.exam.id + 1)
    before = desk.exam
    desk.answers.apply()
    assert desk.outcome(request).startswith("nothing is left to do")
    assert desk.exam == before


def test_an_answer_whose_doing_could_not_be_written_down_is_done_again_and_counts_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = desk.say_eye()

    def cannot(*_arguments: Any) -> None:
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.clinic.journal, "answer", cannot)
        with pytest.raises(JournalError):
            desk.answers.apply()
    desk.clinic.restart()
    desk.begin()
    desk.answers.apply()
    assert desk.outcome(request)
    assert len(desk.exam.overrides) == 1
    desk.clinic.live_for(10)
    assert len(desk.clinic.archived()) == 1


def test_an_answer_that_cannot_be_written_down_is_none_and_nobody_keeps_the_exam(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, before = desk.say_eye(), desk.exam
    save = desk.clinic.journal.save

    def cannot(*_arguments: Any, **_more: Any) -> None:
        raise JournalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.clinic.journal, "save", cannot)
        for _ in range(2):
            with pytest.raises(JournalError):
                desk.answers.apply()
    assert desk.clinic.journal.save == save
    assert desk.outcome(request) == ""
    assert desk.exam == before
    desk.answers.apply()
    assert desk.outcome(request)


def test_a_retry_of_what_is_next_has_its_turn_now_and_is_not_judged_anew(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    clinic = desk.clinic
    clinic.camera.fails = ValueError("unforeseen")
    clinic.put("S1/OD.jpg", seed=3)
    clinic.live_for(600)
    assert clinic.told("S1") == (State.READY, "unforeseen")
    clinic.camera.fails = None
    clinic.camera.rows.clear()
    clinic.take()
    request = desk.ask(Wish.RETRY)
    desk.answers.apply()
    assert desk.outcome(request) == "it is tried again now."
    assert desk.exam.attempts == 0
    assert clinic.registry.next_due(server_is_away=False) == clinic.clock.monotonic_s
    clinic.live_for(70)
    assert len(clinic.archived()) == 1
    assert "looked at again after an unforeseen" not in caplog.text


def test_where_nothing_new_is_asked_nothing_is_read(desk: Desk) -> None:
    desk.answers.apply()
    read = desk.clinic.journal.open_requests
    desk.clinic.journal.open_requests = lambda: pytest.fail("it was read")  # type: ignore[method-assign]
    for _ in range(5):
        desk.answers.apply()
    desk.clinic.journal.open_requests = read  # type: ignore[method-assign]
    request = desk.ask(Wish.RETRY)
    desk.answers.apply()
    assert desk.outcome(request)


def test_whoever_sends_again_is_told_once_of_what_was_asked_for(desk: Desk) -> None:
    desk.answers.apply()
    desk.ask(Wish.RETRY)
    desk.answers.apply()
    assert desk.sent_again == []
    desk.ask(Wish.RESEND)
    desk.answers.apply()
    desk.answers.apply()
    assert desk.sent_again == [None]
