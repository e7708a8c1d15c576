"""Whatever the camera writes: a configuration, not a patch.

Every layout of the table goes through the daemon, as a process of its own, to the published releases
at both ends of what takes DICOM. All exams of a clinic are written before its daemon starts.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from arrival import new_subject
from daemon_process import FAST, Clinic, receipt_of
from edc_under_test import EdcUnderTest
from layouts import CLINICS, LAYOUTS, READY, Layout, Piece

pytestmark = pytest.mark.real_edc

ONE_MS = timedelta(milliseconds=1)


@dataclass
class Written:
    """What one layout came to: a subject's exam, and the session that it must go into."""

    subject: str
    folder: Path
    pieces: list[Piece]
    session: str
    clinic: Clinic


@dataclass
class Ward:
    """Every layout at one EDC."""

    edc: EdcUnderTest
    written: dict[str, Written]


@pytest.fixture(scope="module", params=["0.4.0", "1.4.0"])
def ward(
    request: pytest.FixtureRequest,
    real_edc: Callable[..., EdcUnderTest],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ward]:
    edc = real_edc(request.param)
    with ExitStack() as stack:
        clinics = {
            name: stack.enter_context(
                Clinic(
                    tmp_path_factory.mktemp("clinic"),
                    api_url=edc.url,
                    token=edc.token,
                    # These are about the forms of times, not about an entry's day.
                    settings=FAST | {"visit_days": 3650} | settings,
                )
            )
            for name, settings in CLINICS.items()
        }
        written = {
            layout.name: write(layout, edc, clinics[layout.clinic], Random(number))  # noqa: S311 - pictures
            for number, layout in enumerate(LAYOUTS)
        }
        for clinic in clinics.values():
            clinic.daemon = clinic.launch()
        yield Ward(edc, written)
        for clinic in clinics.values():
            assert clinic.running.is_running
            assert "Traceback" not in clinic.running.text
            assert "unforeseen" not in clinic.running.text


def write(layout: Layout, edc: EdcUnderTest, clinic: Clinic, chance: Random) -> Written:
    """Everything that the camera writes, and the clinician's entry in the EDC."""
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject, report_type=layout.report_type)
    pieces = layout.make(subject, chance)
    folder = clinic.watch_dir / layout.folder.format(subject=subject)
    folder.mkdir()
    for piece in pieces:
        (folder / piece.name).write_bytes(piece.content)
        if piece.row is not None:
            clinic.camera.record(subject, *piece.row)
    return Written(subject, folder, pieces, session, clinic)


@pytest.mark.parametrize("layout", [la for la in LAYOUTS if not la.held], ids=lambda la: la.name)
def test_a_layout_arrives_as_the_table_says(ward: Ward, layout: Layout) -> None:
    exam = ward.written[layout.name]
    (archived,) = exam.clinic.archived(exam.subject, within_s=60)

    sent = [piece for piece in exam.pieces if piece.file_type]
    stored = ward.edc.stored_files(exam.subject)
    assert {file.session_id for file in stored} == {exam.session}
    assert sorted((f.file_type, f.name, f.sha256) for f in stored) == sorted(
        (p.file_type, p.name, hashlib.sha256(p.content).hexdigest()) for p in sent
    )
    times = {file.name: file.captured_at for file in stored}
    for piece in sent:
        assert abs(times[piece.name] - taken_at(piece, archived)) < ONE_MS
    for piece in exam.pieces:  # what is not sent stays with the folder
        assert (archived / piece.name).read_bytes() == piece.content
    receipt = receipt_of(archived)
    images = [f for f in receipt["files"] if f["file_type"] not in {None, "report"}]
    if layout.sources:
        assert {file["eye_source"] for file in images} == layout.sources
    skipped = {file["name"] for file in receipt["files"] if file["sent"] == "skipped"}
    assert skipped | {*receipt["not_sent"]} == {p.name for p in exam.pieces if not p.file_type}
    notes = [file["note"] for file in receipt["files"] if file["sent"] == "skipped"]
    assert all("required.skip" in note for note in notes)


@pytest.mark.parametrize("layout", [la for la in LAYOUTS if la.held], ids=lambda la: la.name)
def test_a_layout_is_held_as_the_table_says(ward: Ward, layout: Layout) -> None:
    exam = ward.written[layout.name]
    assert exam.clinic.wait_for(exam.subject, layout.held, within_s=60).state == "held"
    assert ward.edc.stored_files(exam.subject) == []
    for piece in exam.pieces:
        assert (exam.folder / piece.name).read_bytes() == piece.content


def taken_at(piece: Piece, archived: Path) -> datetime:
    """When the picture was taken, in UTC."""
    if piece.taken_at is not None:
        return piece.taken_at
    return datetime.fromtimestamp((archived / piece.name).stat().st_mtime_ns / 1e9, UTC)


def test_the_table_has_every_clinic_and_enough_layouts() -> None:
    assert {layout.clinic for layout in LAYOUTS} == CLINICS.keys()
    assert len(LAYOUTS) >= 20
    assert len(READY) == 5
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)
