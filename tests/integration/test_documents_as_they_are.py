"""Files whose format says that they are not whole, and that a person has sent as they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog.model import State
from camera_watchdog.reasons import explain
from clinic import Clinic
from dicom_files import element, native
from watched_folder import bytes_of

_SEQUENCE: Final = 0x0040_0275
_ENDLESS: Final = 0xFFFF_FFFF

WHOLE: Final = native(bytes(range(64)))
NO_DELIMITER: Final = WHOLE + element(
    0x7FE1_1001, b"SQ", b"\xfe\xff\x00\xe0\x00\x00\x00\x00", length=_ENDLESS
)
BYTES_AFTER: Final = WHOLE + b"made by a camera, 2026"
NO_PREAMBLE: Final = WHOLE[132:]
NO_END: Final = bytes_of("OD2.jpg")[:-2]
NO_CLOSING: Final = b"<!DOCTYPE html><html><body><p>Both eyes are well."

AS_IT_IS: Final = {
    "a JPEG without its end marker": ("OD2.jpg", NO_END),
    "DICOM without a sequence delimiter": ("OD2.dcm", NO_DELIMITER),
    "DICOM with bytes after the data set": ("OD2.dcm", BYTES_AFTER),
    "a data set without preamble": ("OD2.dcm", NO_PREAMBLE),
    "a page without closing tags": ("more.html", NO_CLOSING),
}


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session()
        clinic.take()
        yield clinic


@pytest.mark.parametrize("name, data", AS_IT_IS.values(), ids=AS_IT_IS.keys())
def test_it_is_held_and_a_plain_release_sends_it_as_it_is(
    clinic: Clinic, name: str, data: bytes
) -> None:
    clinic.put(f"S1/{name}", data)
    if not name.endswith("html"):
        clinic.camera.know("S1", name, "R")
    clinic.live_for(60)
    assert clinic.told("S1") == (State.HELD, "unfinished_file")
    exam = clinic.exam("S1")
    assert exam.reason is not None
    step = explain(exam.reason, exam).next_step
    assert f"have {name} sent as it is: " in step
    assert "takes them for the whole file" in step
    assert ("preamble" in step) == (data is NO_PREAMBLE)
    clinic.answer()
    clinic.live_for(100)
    assert len(clinic.archived()) == 1
    assert name in {sent.name for sent in clinic.edc.stored}


def test_bytes_of_no_known_kind_are_not_offered_to_be_sent(clinic: Clinic) -> None:
    clinic.put("S1/OD2.jpg", b"no picture at all")
    clinic.live_for(60)
    exam = clinic.exam("S1")
    assert exam.reason is not None
    assert "sent as it is" not in explain(exam.reason, exam).next_step


@pytest.mark.parametrize("padding", [bytes(70_000), b"\r\n" * 40_000, bytes(10)])
def test_a_report_that_is_padded_is_sent_by_itself(clinic: Clinic, padding: bytes) -> None:
    clinic.put("S1/report.pdf", bytes_of("report.pdf") + padding)
    clinic.live_for(60)
    assert len(clinic.archived()) == 1
