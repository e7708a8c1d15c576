"""An upload whose answer was lost, in every generation: EDC_API, "Was it stored?".

Whatever became of it, the server holds each file once and the exam ends in the archive; or, where
nothing can tell, the exam is held, says so, and nothing more is sent. The daemon's core runs on a
clock of its own, against the demo's server over a real connection.
"""

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import pytest

from camera_watchdog.config import Config
from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.errors import EdcFailure, Unreachable
from camera_watchdog.model import Acknowledgement, Exam, State
from camera_watchdog_demo.camera import Camera, TakenExam, TakenFile
from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_generations import GENERATIONS
from camera_watchdog_demo.edc_server import DemoEdc
from in_process import Core, Time, configured

SUBJECT: Final = "105-10-0001-2"
REPLACES: Final = ("0.1", "0.2", "0.3")
ASK_FIRST: Final = ("0.4", "0.7.8")
IDEMPOTENT: Final = ("0.8", "1.4")
SINCE_0_4: Final = ASK_FIRST + IDEMPOTENT
HOUR_S: Final = 3600.0

Happens = Callable[[], Fault | None]


class Line(EdcClient):
    """The EDC's client on a bad line: what befalls the n-th upload of a type is the test's."""

    def __init__(self, clinic: "Clinic", **options: Any) -> None:
        super().__init__(**options)
        self._clinic = clinic

    def upload(self, *, body: BinaryIO, **sent: Any) -> Acknowledgement:
        content = body.read()
        body.seek(0)
        kind = str(sent["file_type"])
        self._clinic.uploads[kind] += 1

        def send(what: bytes = content) -> Acknowledgement:
            return super(Line, self).upload(body=io.BytesIO(what), **sent)

        on_the_way = self._clinic.on_the_way.pop((kind, self._clinic.uploads[kind]), None)
        return on_the_way(content, send) if on_the_way else send()


OnTheWay = Callable[[bytes, Callable[..., Acknowledgement]], Acknowledgement]


class Clinic:
    """A camera, an EDC of one generation, and the daemon's core between them."""

    def __init__(self, folder: Path, generation: str, *, per_eye: bool = False) -> None:
        self.time = Time()
        self.generation = generation
        self.uploads: Counter[str] = Counter()
        self.arrived: Counter[str] = Counter()
        self.at_server: dict[tuple[str, int], Happens] = {}
        self.on_the_way: dict[tuple[str, int], OnTheWay] = {}
        report_type = "per_eye" if per_eye else "combined"
        self.edc = DemoEdc(
            generation, storage=folder / "edc", clock=self.time.clock, faults=self._fault
        )
        self.edc.start()
        self.edc.add_subject(SUBJECT)
        self.session = self.edc.add_session(SUBJECT, report_type=report_type)
        self.camera = Camera(folder / "camera", folder / "camera.sqlite3", seed=1)
        config = configured(
            folder, api_url=self.edc.url, token=self.edc.token, report_type=report_type
        )
        self.watch_dir = config.watch_dir
        self.archive_dir = config.archive_dir
        self.core = Core(config, self.time, client=self._line)

    def _line(self, config: Config) -> EdcClient:
        return Line(self, api_url=config.api_url, token=config.token, request_timeout_s=10.0)

    def close(self) -> None:
        self.core.throw_away()
        self.edc.close()
        self.camera.close()

    def _fault(self, request: Request) -> Fault | None:
        kind = request.file_type or request.kind
        self.arrived[kind] += 1
        happens = self.at_server.pop((kind, self.arrived[kind]), None)
        return happens() if happens else None

    def take(self, **how: Any) -> TakenExam:
        old = self.generation == "0.1"
        taken = self.camera.take(SUBJECT, **{"report": "pdf" if old else "html"} | how)
        for file in taken.files:
            self.time.stamp(taken.folder / file.name)
        return taken

    def settles(self) -> Exam:
        """Let it run until the exam is archived, or held for an hour."""
        self.core.run_for(HOUR_S, until=lambda: self.exam_state() is State.ARCHIVED)
        return self.core.exam(SUBJECT)

    def exam_state(self) -> State | None:
        exams = self.core.journal.exams_of_subject(SUBJECT)
        return exams[-1].state if exams else None

    def stored(self) -> list[tuple[str, str, str]]:
        return sorted((f.file_type, f.name, f.sha256) for f in self.edc.stored_files(SUBJECT))

    def said(self, exam: Exam) -> str:
        return exam.reason.code if exam.reason else ""

    def check_all_is_well(self, taken: TakenExam) -> Exam:
        exam = self.settles()
        assert (exam.state, self.said(exam)) == (State.ARCHIVED, "")
        assert self.stored() == sorted((f.file_type, f.name, f.sha256) for f in taken.files)
        sessions = {file.session_id for file in self.edc.stored_files(SUBJECT)}
        assert exam.session is not None
        assert sessions == {exam.session.session_id}
        assert (self.session or exam.session.session_id) == exam.session.session_id
        assert (self.archive_dir / exam.destination / "receipt.json").exists()
        return exam


@pytest.fixture
def open_clinic(tmp_path: Path) -> Iterator[Callable[..., Clinic]]:
    opened: list[Clinic] = []

    def one(generation: str, **how: Any) -> Clinic:
        clinic = Clinic(tmp_path, generation, **how)
        opened.append(clinic)
        return clinic

    yield one
    for clinic in opened:
        clinic.close()


def refusal(code: str) -> Fault:
    return Fault.answer(
        400, {"Content-Type": "application/json"}, json.dumps({"code": code}).encode()
    )


def one_of(taken: TakenExam, file_type: str, place: int = 0) -> TakenFile:
    return [file for file in taken.files if file.file_type == file_type][place]


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("file_type", ["left", "right", "report"])
def test_a_lost_answer_costs_nothing_and_what_is_stored_is_not_destroyed(
    open_clinic: Callable[..., Clinic], generation: str, file_type: str
) -> None:
    clinic = open_clinic(generation)
    clinic.at_server[file_type, 1] = Fault.lose_answer
    taken = clinic.take()
    exam = clinic.check_all_is_well(taken)
    # 0.3 is asked as well where its session is complete: its status lists the type then.
    asked = generation in ASK_FIRST or (generation, file_type) == ("0.3", "report")
    assert clinic.arrived[file_type] == (1 if asked else 2)
    lost = exam.file(one_of(taken, file_type).name)
    assert lost is not None
    assert lost.acknowledgement is not None
    assert lost.acknowledgement.listed is asked


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_answer_lost_once_costs_nothing(
    open_clinic: Callable[..., Clinic], generation: str
) -> None:
    clinic = open_clinic(generation)
    for file_type in ("left", "right", "report", "resolve", "status"):
        clinic.at_server[file_type, 1] = Fault.lose_answer
    clinic.at_server["status", 2] = Fault.lose_answer
    clinic.check_all_is_well(clinic.take())


@pytest.mark.parametrize("generation", SINCE_0_4)
@pytest.mark.parametrize("which", [1, 2, 3])
def test_of_three_images_of_one_eye_the_one_in_doubt_is_found_by_counting(
    open_clinic: Callable[..., Clinic], generation: str, which: int
) -> None:
    clinic = open_clinic(generation)
    clinic.at_server["left", which] = Fault.lose_answer
    clinic.check_all_is_well(clinic.take(images=("left", "right", "left", "left")))
    assert clinic.arrived["left"] == (3 if generation in ASK_FIRST else 4)


@pytest.mark.parametrize("generation", SINCE_0_4)
def test_where_the_session_is_complete_and_two_files_are_of_the_type_nobody_can_tell_before_0_8(
    open_clinic: Callable[..., Clinic], generation: str
) -> None:
    clinic = open_clinic(generation)
    taken = clinic.take()
    content = (taken.folder / one_of(taken, "report").name).read_bytes() + b"<!-- again --></html>"
    clinic.time.stamp(clinic.camera.write(SUBJECT, "zz.html", content))
    clinic.at_server["report", 2] = Fault.lose_answer
    exam = clinic.settles()
    assert len(clinic.stored()) == 4
    if generation in IDEMPOTENT:
        assert exam.state is State.ARCHIVED
        assert clinic.arrived["report"] == 3
        return
    assert exam.state is State.HELD
    assert exam.reason is not None
    assert (exam.reason.code, len(exam.reason.files)) == ("cannot_tell", 1)
    assert exam.reason.details["session"] == clinic.session
    assert clinic.arrived["report"] == 2
    assert taken.folder.exists()


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("file_type", ["left", "report"])
@pytest.mark.parametrize("stored", [True, False], ids=["stored", "not-stored"])
def test_a_500_is_asked_about_whether_the_file_was_stored_or_not(
    open_clinic: Callable[..., Clinic], generation: str, file_type: str, *, stored: bool
) -> None:
    clinic = open_clinic(generation)
    page = (500, {"Content-Type": "text/html"}, b"<h1>Server Error (500)</h1>")
    clinic.at_server[file_type, 1] = lambda: (
        Fault.answer_after(*page) if stored else Fault.answer(*page)
    )
    clinic.check_all_is_well(clinic.take())
    known = stored and (generation in ASK_FIRST or (generation, file_type) == ("0.3", "report"))
    assert clinic.arrived[file_type] == (1 if known else 2)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_was_retaken_after_its_answer_was_lost_is_held_and_nothing_is_destroyed(
    open_clinic: Callable[..., Clinic], generation: str
) -> None:
    clinic = open_clinic(generation)
    taken = clinic.take()
    left = one_of(taken, "left")
    path = taken.folder / left.name
    before = path.read_bytes()

    def take_again() -> None:
        path.write_bytes(before + b"other")
        clinic.time.stamp(path)

    def retaken() -> Fault:
        clinic.time.plan(1, take_again)
        return Fault.lose_answer()

    clinic.at_server["left", 1] = retaken
    exam = clinic.settles()
    assert exam.reason is not None
    assert (exam.state, exam.reason.code, exam.reason.files) == (
        State.HELD,
        "retaken",
        (left.name,),
    )
    assert clinic.arrived["left"] == 1
    assert ("left", left.name, left.sha256) in clinic.stored()

    path.write_bytes(before)
    clinic.time.stamp(path)
    clinic.check_all_is_well(taken)


def damaged(content: bytes, send: Callable[..., Acknowledgement]) -> Acknowledgement:
    return send(content[:-9] + b"X" + content[-8:])


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_was_damaged_on_the_way_is_sent_again(
    open_clinic: Callable[..., Clinic], generation: str
) -> None:
    clinic = open_clinic(generation)
    clinic.on_the_way["left", 1] = damaged
    clinic.check_all_is_well(clinic.take())
    assert clinic.uploads["left"] == 2


@pytest.mark.parametrize("generation", GENERATIONS)
def test_what_was_damaged_after_an_answer_was_lost_is_not_sent_where_it_destroys(
    open_clinic: Callable[..., Clinic], generation: str
) -> None:
    """Before 0.8 the second copy may have removed the first, though its record stays."""
    clinic = open_clinic(generation)
    clinic.at_server["left", 1] = lambda: Fault.answer(500)
    clinic.on_the_way["left", 2] = damaged
    taken = clinic.take()
    if generation not in ASK_FIRST:
        clinic.check_all_is_well(taken)
        return
    exam = clinic.settles()
    assert (exam.state, clinic.said(exam)) == (State.HELD, "cannot_tell")
    assert clinic.uploads["left"] == 2
    assert clinic.stored() == []


@pytest.mark.parametrize("generation", IDEMPOTENT)
def test_a_stored_file_whose_second_copy_is_damaged_is_not_taken_for_another_of_its_name(
    open_clinic: Callable[..., Clinic], generation: str
) -> None:
    """The server compares the copy with what it holds, and not with its checksum."""
    clinic = open_clinic(generation)
    clinic.at_server["left", 1] = Fault.lose_answer
    clinic.on_the_way["left", 2] = damaged
    clinic.check_all_is_well(clinic.take())
    assert clinic.uploads["left"] == 3


@pytest.mark.parametrize("generation", IDEMPOTENT)
def test_other_bytes_under_a_name_whose_answer_was_lost_are_told_of(
    open_clinic: Callable[..., Clinic], generation: str
) -> None:
    clinic = open_clinic(generation)

    clinic.at_server["left", 1] = Fault.lose_answer
    clinic.on_the_way["left", 2] = clinic.on_the_way["left", 3] = damaged
    clinic.take()
    exam = clinic.settles()
    assert (exam.state, clinic.said(exam)) == (State.HELD, "filename_conflict")
    assert clinic.uploads["left"] == 3


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("file_type", ["left", "report"])
@pytest.mark.parametrize("late_s", [3.0, 60.0])
def test_an_upload_that_timed_out_and_is_stored_only_later_is_stored_once(
    open_clinic: Callable[..., Clinic], generation: str, file_type: str, late_s: float
) -> None:
    clinic = open_clinic(generation)

    def hangs(_content: bytes, send: Callable[..., Acknowledgement]) -> Acknowledgement:
        def arrives() -> None:
            with suppress(EdcFailure):  # on 0.4 the second copy is one too many; nobody hears it
                send()

        clinic.time.plan(late_s, arrives)
        raise Unreachable("no answer in time")

    clinic.on_the_way[file_type, 1] = hangs
    taken = clinic.take()
    clinic.check_all_is_well(taken)
    clinic.core.run_for(2 * late_s)
    clinic.check_all_is_well(taken)


UPGRADES: Final = [
    ("0.2", "0.3"),
    ("0.3", "0.4"),
    ("0.4", "0.7.8"),
    ("0.4", "0.8"),
    ("0.7.8", "1.4"),
    ("0.2", "0.4"),
    ("0.2", "1.4"),
]


@pytest.mark.parametrize("before, after", UPGRADES, ids=["-".join(pair) for pair in UPGRADES])
@pytest.mark.parametrize("file_type", ["left", "right", "report"])
@pytest.mark.parametrize("lost", [True, False], ids=["lost", "answered"])
def test_an_upgrade_between_two_uploads_costs_nothing(
    open_clinic: Callable[..., Clinic], before: str, after: str, file_type: str, *, lost: bool
) -> None:
    clinic = open_clinic(before)

    def upgraded() -> Fault | None:
        clinic.time.plan(1, lambda: clinic.edc.upgrade(after))
        return Fault.lose_answer() if lost else Fault.answer(503)

    clinic.at_server[file_type, 1] = upgraded
    clinic.check_all_is_well(clinic.take())
    assert clinic.edc.version == after


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("lost", [True, False], ids=["lost", "answered"])
def test_a_session_that_is_deleted_between_two_uploads_holds_the_exam(
    open_clinic: Callable[..., Clinic], generation: str, *, lost: bool
) -> None:
    clinic = open_clinic(generation)

    def deleted() -> Fault | None:
        exam = clinic.core.exam(SUBJECT)
        assert exam.session is not None
        session_id = exam.session.session_id
        if not lost:  # goes away before this one is stored
            clinic.edc.delete_session(session_id)
            return None
        clinic.time.plan(1, lambda: clinic.edc.delete_session(session_id))
        return Fault.lose_answer()

    clinic.at_server["right", 1] = deleted
    clinic.take()
    exam = clinic.settles()
    assert (exam.state, clinic.said(exam)) == (State.HELD, "session_gone")
    assert clinic.stored() == []

    clinic.session = clinic.edc.add_session(SUBJECT)
    clinic.core.run_for(HOUR_S * 2)
    exam = clinic.core.exam(SUBJECT)
    assert exam.state is State.HELD
    assert clinic.said(exam) in {"session_gone", "cannot_tell"}
    assert clinic.stored() == []


@pytest.mark.parametrize("generation", ["0.2", "0.3"])
@pytest.mark.parametrize("after", ["", "0.8"])
def test_a_second_file_of_a_type_for_a_complete_session_replaces_nothing(
    open_clinic: Callable[..., Clinic], generation: str, after: str
) -> None:
    """A complete session does not tell 0.3 from 0.4: the second is held, unless it is safe for certain."""
    clinic = open_clinic(generation)
    taken = clinic.take()
    left = one_of(taken, "left")
    more = (taken.folder / left.name).read_bytes() + b"another"

    def comes() -> None:
        clinic.time.stamp(clinic.camera.write(SUBJECT, "zz.jpg", more))
        clinic.camera.record(SUBJECT, "zz.jpg", "left")
        if after:
            clinic.edc.upgrade(after)

    def at_the_proof() -> Fault:
        clinic.time.plan(1, comes)
        return Fault.answer(503)

    clinic.at_server["status", 2] = at_the_proof
    exam = clinic.settles()
    assert ("left", left.name, left.sha256) in clinic.stored()
    if after:
        assert exam.state is State.ARCHIVED
        assert len(clinic.stored()) == 4
        return
    assert (exam.state, clinic.said(exam)) == (State.HELD, "one_file_per_type")
    assert clinic.arrived["left"] == 1
