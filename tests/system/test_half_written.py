"""The running daemon and DICOM files that are written slowly: never sent before they are whole."""

import hashlib
import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit, OphthalmicTomographyImageStorage

from arrival import new_subject
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, until
from dicom_files import encapsulated, native
from sparse_files import skip_unless_holes_are_told

SETTINGS: Final = {
    **FAST,
    "eye_sources": ["dicom"],
    "required": {"kinds": ["dicom"], "reports": 0},
    "workers": 8,
}
STALL_S: Final = 6.0
AT_ONCE_S: Final = 8.0

linux = pytest.mark.skipif(sys.platform != "linux", reason="reserved space shows on Linux")


@pytest.fixture(scope="module")
def edc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEdc]:
    with DemoEdc("1.4", storage=tmp_path_factory.mktemp("edc")) as edc:
        yield edc


@pytest.fixture(scope="module")
def clinic(edc: DemoEdc, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    with Clinic(folder, api_url=edc.url, token=edc.token, settings=SETTINGS) as clinic:
        clinic.start()
        yield clinic
        assert clinic.running.is_running
        assert "Traceback" not in clinic.running.text


def subject_of(edc: DemoEdc) -> str:
    name = new_subject()
    edc.add_subject(name)
    edc.add_session(name)
    return name


def photograph(subject: str, eye: str, side: int) -> bytes:
    pixels = os.urandom(side * side)
    return native(pixels, Rows=side, Columns=side, PatientID=subject, ImageLaterality=eye)


def check_arrives(
    clinic: Clinic, edc: DemoEdc, subject: str, whole: dict[str, bytes], *, within_s: float
) -> None:
    (archived,) = clinic.archived(subject, within_s=within_s)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in whole.items()}
    assert {file.name: file.sha256 for file in edc.stored_files(subject)} == sums
    for name, content in whole.items():
        assert (archived / name).read_bytes() == content


# Reserved at full size, and filled in slowly


@dataclass(frozen=True, slots=True)
class Slowly:
    """How a writer goes about it."""

    side: int
    part: float
    reserved: str
    reopens: bool

    @property
    def is_told(self) -> bool:
        """Whether anything tells: with zeros written beforehand and nobody at it, the format must."""
        return self.reserved != "zeros" or not self.reopens or self.part < 0.9


WAYS: Final = [
    Slowly(side, part, reserved, reopens)
    for side in (950, 2400)  # 0.9 and 5.7 MB
    for part in (0.3, 0.85, 0.99)
    for reserved in ("truncate", "fallocate", "zeros")
    for reopens in (False, True)
]


def write_slowly(path: Path, whole: bytes, way: Slowly, *, stalled: threading.Barrier) -> None:
    half = int(len(whole) * way.part)
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        _reserve(file, len(whole), way.reserved)
        file.seek(0)
        file.write(whole[:half])
        file.flush()
        if not way.reopens:
            _stall(stalled)
            file.write(whole[half:])
            return
    _stall(stalled)
    with path.open("r+b") as file:
        file.seek(half)
        file.write(whole[half:])


def _reserve(file: BinaryIO, size_bytes: int, how: str) -> None:
    if how == "truncate":
        file.truncate(size_bytes)
    elif how == "fallocate":
        os.posix_fallocate(file.fileno(), 0, size_bytes)
    else:
        file.write(bytes(size_bytes))


def _stall(stalled: threading.Barrier) -> None:
    stalled.wait(60)
    time.sleep(STALL_S)
    stalled.wait(60)


@linux
def test_a_dicom_that_was_reserved_at_full_size_is_not_sent_while_its_writer_stalls(
    clinic: Clinic, edc: DemoEdc
) -> None:
    skip_unless_holes_are_told(clinic.folder)
    ways = [way for way in WAYS if way.is_told]
    subjects = {subject_of(edc): way for way in ways}
    contents = {
        subject: {
            "OD.dcm": photograph(subject, "R", way.side),
            "OS.dcm": photograph(subject, "L", 64),
        }
        for subject, way in subjects.items()
    }
    stalled = threading.Barrier(len(ways) + 1)
    writers = []
    for subject, way in subjects.items():
        folder = clinic.watch_dir / subject
        folder.mkdir()
        (folder / "OS.dcm").write_bytes(contents[subject]["OS.dcm"])
        values = (folder / "OD.dcm", contents[subject]["OD.dcm"], way)
        writers.append(
            threading.Thread(target=write_slowly, args=values, kwargs={"stalled": stalled})
        )
        writers[-1].start()
    stalled.wait(60)
    stalled.wait(60)
    early = {subjects[request.subject] for request in edc.requests if request.subject in subjects}
    for writer in writers:
        writer.join()
    assert early == set()
    for subject, whole in contents.items():
        check_arrives(clinic, edc, subject, whole, within_s=40)


@linux
def test_a_file_of_which_the_writer_gave_up_is_held_and_a_person_lets_it_go(
    edc: DemoEdc, tmp_path: Path
) -> None:
    skip_unless_holes_are_told(tmp_path)
    cut, hollow = subject_of(edc), subject_of(edc)
    settings = {**SETTINGS, "stability_timeout": 1}
    with Clinic(tmp_path, api_url=edc.url, token=edc.token, settings=settings) as clinic:
        clinic.start()
        for subject in (cut, hollow):
            (clinic.watch_dir / subject).mkdir()
            (clinic.watch_dir / subject / "OS.dcm").write_bytes(photograph(subject, "L", 64))
        whole = photograph(cut, "R", 950)
        (clinic.watch_dir / cut / "OD.dcm").write_bytes(whole[: -len(whole) // 2])
        path = clinic.watch_dir / hollow / "OD.dcm"
        whole = photograph(hollow, "R", 950)
        with path.open("wb") as file:
            file.write(whole[: len(whole) * 9 // 10])
            file.truncate(len(whole))
        until(lambda: clinic.wait_for(cut, "unfinished_file").state == "held", 15, "not held")
        until(lambda: clinic.wait_for(hollow, "never_written").state == "held", 15, "not held")
        assert clinic.command("release", "--all", "--yes", "--reason", "looked").returncode == 1
        assert not edc.stored_files(cut)
        assert not edc.stored_files(hollow)
        there = {name: (path.parent / name).read_bytes() for name in ("OD.dcm", "OS.dcm")}
        done = clinic.command("release", hollow, "--reason", "looked at it, it is whole")
        assert done.returncode == 0, done.stderr
        check_arrives(clinic, edc, hollow, there, within_s=15)


def with_holes(path: Path, whole: bytes) -> None:
    """As a program copies that leaves out blocks of zeros (``cp --sparse=always``)."""
    with path.open("wb") as file:
        for start in range(0, len(whole), 4096):
            block = whole[start : start + 4096]
            if block.strip(b"\0"):
                file.seek(start)
                file.write(block)
        file.truncate(len(whole))


@linux
@pytest.mark.parametrize("allowed", [False, True])
def test_a_clinic_whose_files_are_copied_with_holes_is_not_asked_every_day(
    edc: DemoEdc, tmp_path: Path, *, allowed: bool
) -> None:
    skip_unless_holes_are_told(tmp_path)
    subject = subject_of(edc)
    edge = bytes(950 * 60)
    said = {"PatientID": subject, "Rows": 950, "Columns": 950}
    whole = {
        f"{eye}.dcm": native(
            edge + os.urandom(950 * 830) + edge,
            ImageLaterality=eye,
            **said,  # type: ignore[arg-type]
        )
        for eye in "LR"
    }
    settings = {**SETTINGS, "stability_timeout": 1, "allow_sparse_files": allowed}
    with Clinic(tmp_path, api_url=edc.url, token=edc.token, settings=settings) as clinic:
        clinic.start()
        (clinic.watch_dir / subject).mkdir()
        for name, content in whole.items():
            with_holes(clinic.watch_dir / subject / name, content)
        if allowed:
            check_arrives(clinic, edc, subject, whole, within_s=AT_ONCE_S)
        else:
            clinic.running.says(subject, "HELD", "allow_sparse_files")
            assert not edc.stored_files(subject)


# What an ordinary camera writes


def jpeg_frame(side: int, shade: int) -> bytes:
    file = io.BytesIO()
    picture = Image.frombytes("L", (side, side), os.urandom(side * side))
    picture.point(lambda value: (value + shade) // 2).save(file, "JPEG", quality=80)
    frame = file.getvalue()
    return frame + b"\0" * (len(frame) % 2)


def ordinary(subject: str) -> dict[str, bytes]:
    """A picture of each eye in each way that cameras write them."""
    said = {"PatientID": subject, "Rows": 256, "Columns": 256}
    grey = os.urandom(256 * 256)
    edge = bytes(256 * 24)
    black = edge + grey[len(edge) : -len(edge)] + edge
    volume = [jpeg_frame(256, shade) for shade in range(0, 200, 4)]
    return {
        "native.dcm": native(grey, ImageLaterality="R", **said),  # type: ignore[arg-type]
        "edge.dcm": native(black, ImageLaterality="L", **said),  # type: ignore[arg-type]
        "rgb.dcm": native(
            os.urandom(3 * 256 * 256),
            ImageLaterality="R",
            **said | {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"},  # type: ignore[arg-type]
        ),
        "jpeg.dcm": encapsulated(
            JPEGBaseline8Bit,
            [jpeg_frame(256, 7)],
            ImageLaterality="L",
            **said,  # type: ignore[arg-type]
        ),
        "oct.dcm": encapsulated(
            JPEGBaseline8Bit,
            volume,
            ImageLaterality="R",
            sop_class=OphthalmicTomographyImageStorage,
            NumberOfFrames=len(volume),
            **said,  # type: ignore[arg-type]
        ),
    }


def test_ordinary_dicom_goes_through_at_once(clinic: Clinic, edc: DemoEdc) -> None:
    subject = subject_of(edc)
    whole = ordinary(subject)
    elsewhere = clinic.folder / subject
    elsewhere.mkdir()
    for name, content in whole.items():
        (elsewhere / name).write_bytes(content)
    elsewhere.rename(clinic.watch_dir / subject)
    check_arrives(clinic, edc, subject, whole, within_s=AT_ONCE_S)
    said = [line for line in clinic.running.lines if subject in line]
    assert not any("not whole" in line or "HELD" in line for line in said)
    until(lambda: clinic.exam(subject) is not None, 5, "no exam")
