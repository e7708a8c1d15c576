"""Killed before and after each of its effects, the daemon finishes at the next start (FAULTS row 50).

The strokes of a run that nothing disturbs are the points; one run is killed at each of them, and
started again until the exam is in the archive. Nothing may be lost, stored twice, or in another session
than the one that was first given, and nobody may be called.

All points are tried on the generations in :data:`_WHOLE`, every third on the others;
``CAMERA_WATCHDOG_ALL_KILLS=1`` tries all everywhere.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import pytest

from arrival import TAKEN_AT, check_arrived, new_subject
from camera_watchdog_demo.camera import ReportFormat, TakenExam
from camera_watchdog_demo.edc_generations import GENERATIONS
from camera_watchdog_demo.edc_server import DemoEdc
from canaries import found_below
from daemon_process import Clinic
from edc_under_test import EdcUnderTest
from killable import Killable, Run
from real_edc import FOUR_VERSIONS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="runs are forked")

_WHOLE: Final = ("0.1", "0.4", "1.4")
_ALL: Final = os.environ.get("CAMERA_WATCHDOG_ALL_KILLS") == "1"
_RUNS: Final = 3
_SIDE_BY_SIDE: Final = 6
"""A run is mostly waiting."""

_TIMES: Final[dict[str, object]] = {
    "stable_time": 0.05,
    "settle_time": 0.05,
    "retry_delay": 0.1,
    "retry_max_delay": 0.2,
    "workers": 1,
}
_AT_LEISURE: Final = " status."
"""The status page is written when there is time: a run may end before it comes to such a point."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of exam, and which generations take it."""

    name: str
    taken: dict[str, Any]
    since_0_4: bool = True
    report_type: str = "combined"


COMBINED = Kind("combined", {}, since_0_4=False)
PER_EYE = Kind("per-eye", {"per_eye": True}, since_0_4=False, report_type="per_eye")
PER_EYE_DICOM = Kind(
    "per-eye-dicom",
    {
        "images": ("left", "left", "right", "right"),
        "formats": ("jpeg", "dicom", "jpeg", "dicom"),
        "per_eye": True,
    },
    report_type="per_eye",
)
THREE_OF_ONE = Kind("three-of-one-eye", {"images": ("left", "right", "left", "left")})


def takes(generation: str, kind: Kind) -> bool:
    old = generation in {"0.1", "0.2", "0.3"}
    if kind is PER_EYE:
        return old and generation != "0.1"
    return not (old and kind.since_0_4)


CASES = [
    pytest.param(generation, kind, id=f"{generation}-{kind.name}")
    for generation in GENERATIONS
    for kind in (COMBINED, PER_EYE, PER_EYE_DICOM, THREE_OF_ONE)
    if takes(generation, kind)
]


@pytest.fixture(scope="module")
def forks() -> Iterator[SimpleQueue[Killable]]:
    """As many processes to fork runs from as runs may be going on at a time."""
    with ExitStack() as stack:
        queue: SimpleQueue[Killable] = SimpleQueue()
        for _ in range(_SIDE_BY_SIDE):
            queue.put(stack.enter_context(Killable()))
        yield queue


class Place:
    """A clinic with one exam that nobody has sent yet, and its EDC."""

    def __init__(
        self,
        folder: Path,
        edc: EdcUnderTest,
        kind: Kind,
        subject: str,
        report: ReportFormat = "html",
    ) -> None:
        settings = _TIMES | {"report_type": kind.report_type}
        self.clinic = Clinic(folder, api_url=edc.url, token=edc.token, settings=settings)
        clinic = self.clinic
        clinic.config_path.write_text(json.dumps(clinic.settings), "utf-8")
        clinic.config_path.chmod(0o600)
        self.edc = edc
        edc.add_subject(subject)
        self.session = edc.add_session(subject, report_type=kind.report_type)
        self.taken: TakenExam = clinic.camera.take(
            subject,
            report=report,
            captured_at=TAKEN_AT,
            **kind.taken,
        )

    def undisturbed(self, fork: Killable) -> tuple[str, ...]:
        """The strokes of a run that goes well."""
        run = fork.run(self.clinic.folder)
        self.check()
        assert (run.was_killed, run.code) == (False, 0)
        return run.strokes

    def killed_at(self, stroke: str, fork: Killable, **options: Any) -> None:
        """Kill it there, start it until it is done, and look at what came of it."""
        first = fork.run(self.clinic.folder, kill_at=stroke, **options)
        assert first.was_killed or _AT_LEISURE in stroke, f"never came to it: {first.strokes}"
        again = [Run(was_killed=False, code=1, strokes=())]
        while again[-1].code != 0 and len(again) <= _RUNS:
            again.append(fork.run(self.clinic.folder, **options))
        assert again[-1].code == 0, self.clinic.exams()
        self.check()

    def check(self) -> None:
        """Every file is stored once, whole, in the session; the folder is in the archive; no hold."""
        (exam,) = self.clinic.exams()
        assert (exam.state, exam.reason_code) == ("archived", "")
        (archived,) = self.clinic.archived(exam.subject, within_s=0)
        check_arrived(self.edc, archived, self.taken, self.session)
        everywhere = [file.session_id for file in self.edc.stored_files(exam.subject)]
        assert everywhere == [exam.session_id] * len(self.taken.files)
        assert not self.taken.folder.exists()
        log = self.clinic.log_path.read_text("utf-8")
        assert "HELD" not in log
        assert "Traceback" not in log
        # Before the folder is removed, which the canaries' watch then does not see.
        assert found_below(self.clinic.folder) == []


def report_of(generation: str) -> ReportFormat:
    return "pdf" if generation.startswith("0.1") else "html"


def attempt(where: str, what: Callable[[], None]) -> str:
    """What went wrong at one point; empty where nothing did."""
    try:
        what()
    except AssertionError as error:
        return f"killed {where}: {error}"
    return ""


def at_all(
    points: Sequence[str], forks: SimpleQueue[Killable], one: Callable[[str, Killable], None]
) -> list[str]:
    """Every point, as many side by side as there are processes; what went wrong."""

    def at(point: str) -> str:
        fork = forks.get()
        try:
            return attempt(point, lambda: one(point, fork))
        finally:
            forks.put(fork)

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return [wrong for wrong in pool.map(at, points) if wrong]


@pytest.mark.parametrize("generation, kind", CASES)
def test_a_kill_at_any_effect_costs_nothing(
    generation: str, kind: Kind, forks: SimpleQueue[Killable], tmp_path: Path
) -> None:
    numbers = count()
    report = report_of(generation)

    def once(what: Callable[[Place], None]) -> None:
        folder = tmp_path / f"{next(numbers)}"
        with DemoEdc(generation, storage=folder / "edc") as edc:
            what(Place(folder / "clinic", edc, kind, "105-10-0001-2", report))
        shutil.rmtree(folder)

    strokes: list[str] = []
    fork = forks.get()
    once(lambda place: strokes.extend(place.undisturbed(fork)))
    forks.put(fork)
    uploads = sum(stroke.startswith("before upload") for stroke in strokes)
    assert uploads == len(kind.taken.get("images", "lr")) + (
        2 if kind.report_type == "per_eye" else 1
    )
    assert (
        "before put receipt.json in place 1" in strokes
    )  # its content is written, its name is not
    points = strokes if _ALL or generation in _WHOLE else strokes[len(generation) % 3 :: 3]
    wrong = at_all(points, forks, lambda p, f: once(lambda place: place.killed_at(p, f)))
    assert not wrong, "\n".join(wrong)


def test_a_kill_while_a_lost_journal_is_begun_anew_sends_nothing_a_second_time(
    forks: SimpleQueue[Killable], tmp_path: Path
) -> None:
    """0.4 would take a second copy for an error, and other bytes in place of what it has."""
    fork = forks.get()
    with DemoEdc("0.4", storage=tmp_path / "edc") as edc:
        place = Place(tmp_path / "clinic", edc, COMBINED, "105-10-0001-2")
        clinic = place.clinic
        assert fork.run(clinic.folder, kill_at="after upload left 1").was_killed
        for path in clinic.state_dir.glob("journal.sqlite3*"):
            path.write_bytes(b"damaged")
        assert fork.run(clinic.folder, kill_at="before commit seen 1").was_killed
        assert fork.run(clinic.folder).code == 1
        sent = [request.file_type for request in edc.requests if request.kind == "upload"]
        assert sent == ["left"]
        (exam,) = clinic.exams()
        assert (exam.state, exam.reason_code) == ("held", "not_explained")
    forks.put(fork)


@pytest.mark.real_edc
@pytest.mark.parametrize("release", FOUR_VERSIONS)
def test_a_kill_costs_nothing_on_the_published_releases(
    release: str,
    real_edc: Callable[..., EdcUnderTest],
    forks: SimpleQueue[Killable],
    tmp_path: Path,
) -> None:
    edc = real_edc(release)
    kind = COMBINED if release == "0.2.0" else THREE_OF_ONE
    points = [
        "before commit sending 1",
        "after upload left 1",
        "after body 2",
        "after commit sending 2",
        "after upload report 1",
        "after move 1",
    ]

    def one(point: str, fork: Killable) -> None:
        place = Place(tmp_path / point.replace(" ", "-"), edc, kind, new_subject())
        place.killed_at(point, fork, moment=timedelta(seconds=2))

    wrong = at_all(points, forks, one)
    assert not wrong, "\n".join(wrong)
