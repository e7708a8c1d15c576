"""The published releases run here, take what a camera sends, and keep it byte for byte."""

import hashlib
import io
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import requests
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from canaries import AGE, INITIALS, SEX
from edc_under_test import EdcUnderTest
from real_edc import REAL_VERSIONS

pytestmark = pytest.mark.real_edc

CAPTURED_AT = datetime(2025, 3, 4, 9, 30, tzinfo=UTC)
SESSION_KEYS = ("session_id", "camera_session_id", "eye_exam_register_id")


@pytest.fixture(params=REAL_VERSIONS)
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., EdcUnderTest]) -> EdcUnderTest:
    return real_edc(request.param)


@pytest.fixture
def subject(edc: EdcUnderTest) -> str:
    name = f"105-{uuid4().hex[:8]}"
    edc.add_subject(name, initials=INITIALS, sex=SEX, age=AGE)
    return name


class Camera:
    """The calls of a camera, as plain as they are."""

    def __init__(self, edc: EdcUnderTest) -> None:
        self.base = f"{edc.url}/api/retinopathy"
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Token {edc.token}"

    def ping(self) -> requests.Response:
        return self.http.get(f"{self.base}/ping/", timeout=30)

    def resolve(self, subject: str, age: int = AGE) -> requests.Response:
        who = {"subject_identifier": subject, "initials": INITIALS, "sex": SEX, "age": age}
        return self.http.post(f"{self.base}/resolve/", json=who, timeout=30)

    def upload(
        self, subject: str, session_id: str, file_type: str, name: str, content: bytes
    ) -> requests.Response:
        return self.http.post(
            f"{self.base}/{subject}/{file_type}/",
            params=dict.fromkeys(SESSION_KEYS, session_id),
            data={
                "capture_datetime": CAPTURED_AT.isoformat(),
                "checksum": hashlib.sha256(content).hexdigest(),
            },
            files={"file": (name, content)},
            timeout=30,
        )


@pytest.fixture
def camera(edc: EdcUnderTest) -> Iterator[Camera]:
    camera = Camera(edc)
    yield camera
    camera.http.close()


def picture(format_: str) -> bytes:
    with io.BytesIO() as out, Image.new("RGB", (32, 24), "orange") as image:
        image.save(out, format_)
        return out.getvalue()


def dicom() -> bytes:
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    data.Rows, data.Columns, data.SamplesPerPixel = 4, 4, 1
    data.PhotometricInterpretation, data.PixelRepresentation = "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.PixelData = bytes(range(16))
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with io.BytesIO() as out:
        data.save_as(out, enforce_file_format=True)
        return out.getvalue()


def before_0_4(version: str) -> bool:
    major, minor, *_ = version.split(".")
    return (int(major), int(minor)) < (0, 4)


def exam_files(version: str) -> list[tuple[str, str, bytes]]:
    """One file of every kind that the release takes, the report last."""
    html = b"<!DOCTYPE html><html><body>No retinopathy.</body></html>"
    pdf = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
    old = version.startswith("0.1.")
    dicoms = [] if before_0_4(version) else [("left_dicom", "l.dcm", dicom())]
    report = ("report", "report.pdf", pdf) if old else ("report", "report.html", html)
    return [
        ("left", "left eye.jpg", picture("JPEG")),
        ("right", "right.png", picture("PNG")),
        *dicoms,
        report,
    ]


def session_of(answer: dict[str, Any]) -> str:
    return str(next(answer[key] for key in SESSION_KEYS if key in answer))


def test_ping_knows_its_token(edc: EdcUnderTest, camera: Camera) -> None:
    assert camera.ping().json() == {"status": "ok"}
    camera.http.headers["Authorization"] = f"Token {edc.token[::-1]}"
    assert camera.ping().status_code == requests.codes.unauthorized


def test_an_exam_is_kept_byte_for_byte(edc: EdcUnderTest, camera: Camera, subject: str) -> None:
    made = edc.add_session(subject)
    resolved = camera.resolve(subject)
    assert resolved.ok, resolved.text
    session_id = session_of(resolved.json())
    assert made in {"", session_id}

    files = exam_files(edc.version)
    for file_type, name, content in files:
        answer = camera.upload(subject, session_id, file_type, name, content)
        assert answer.status_code == requests.codes.created, answer.text
        assert answer.json()["checksum"] == hashlib.sha256(content).hexdigest()

    stored = edc.stored_files(subject)
    assert [(f.file_type, f.name, f.sha256) for f in stored] == [
        (file_type, name, hashlib.sha256(content).hexdigest()) for file_type, name, content in files
    ]
    assert {(f.subject, f.session_id, f.captured_at) for f in stored} == {
        (subject, session_id, CAPTURED_AT)
    }
    status = camera.http.get(f"{camera.base}/{subject}/status/", timeout=30).json()
    assert session_of(status) == session_id
    assert status["complete"] is True


def test_a_per_eye_entry_asks_for_two_reports(
    edc: EdcUnderTest, camera: Camera, subject: str
) -> None:
    made = edc.add_session(subject, report_type="per_eye")
    session_id = session_of(camera.resolve(subject).json())
    status = camera.http.get(f"{camera.base}/{subject}/status/", timeout=30).json()
    assert made in {"", session_id}
    reports = {file_type for file_type in status["missing"] if "report" in file_type}
    assert reports == ({"left_report", "right_report"} if made else {"report"})


def test_the_newest_entry_is_the_last_one_made(
    edc: EdcUnderTest, camera: Camera, subject: str
) -> None:
    edc.add_session(subject)
    newest = edc.add_session(subject)
    resolved = session_of(camera.resolve(subject).json())
    assert newest in {"", resolved}


def test_a_session_can_be_taken_away_with_its_files(
    edc: EdcUnderTest, camera: Camera, subject: str
) -> None:
    edc.add_session(subject)
    session_id = session_of(camera.resolve(subject).json())
    assert camera.upload(subject, session_id, "left", "l.jpg", picture("JPEG")).ok
    edc.delete_session(session_id)
    assert edc.stored_files(subject) == []
    refused = camera.upload(subject, session_id, "right", "r.jpg", picture("JPEG"))
    assert refused.status_code == requests.codes.not_found


def test_a_record_can_be_corrected(edc: EdcUnderTest, camera: Camera, subject: str) -> None:
    """What the camera says of the subject is compared up to 0.3, and no more since."""
    edc.add_session(subject)
    edc.add_subject(subject, initials=INITIALS, sex=SEX, age=70)
    assert camera.resolve(subject).ok is not before_0_4(edc.version)
    assert camera.resolve(subject, age=70).ok


def test_it_goes_away_and_comes_back_with_its_data(
    edc: EdcUnderTest, camera: Camera, subject: str
) -> None:
    edc.add_session(subject)
    session_id = session_of(camera.resolve(subject).json())
    assert camera.upload(subject, session_id, "left", "l.jpg", picture("JPEG")).ok
    before = edc.stored_files(subject)

    edc.stop()
    with pytest.raises(requests.ConnectionError):
        camera.ping()
    with pytest.raises(OSError, match="in use"), socket.socket() as other:
        other.bind(("127.0.0.1", int(edc.url.rpartition(":")[2])))

    edc.start()
    assert camera.ping().ok
    assert edc.stored_files(subject) == before
    assert session_of(camera.resolve(subject).json()) == session_id


def test_a_setting_of_the_clinic_holds(real_edc: Callable[..., EdcUnderTest]) -> None:
    edc = real_edc("0.1.1", EDC_RETINOPATHY_MAX_FILE_SIZE_MB=1)
    assert edc is not real_edc("0.1.1")
    camera = Camera(edc)
    with camera.http:
        edc.add_subject("105-1", initials=INITIALS, sex=SEX, age=AGE)
        session_id = session_of(camera.resolve("105-1").json())
        large = picture("JPEG") + bytes(1024 * 1024)
        answer = camera.upload("105-1", session_id, "left", "l.jpg", large)
    assert (answer.status_code, answer.json()["code"]) == (400, "file_too_large")


def test_the_checksum_told_is_that_of_the_disk(real_edc: Callable[..., EdcUnderTest]) -> None:
    """0.4 writes other bytes over a stored file and fails; its table still has the old checksum."""
    edc = real_edc("0.4.0")
    camera = Camera(edc)
    subject = f"105-{uuid4().hex[:8]}"
    first, second = picture("JPEG"), picture("JPEG") + b"\0"
    edc.add_subject(subject)
    session_id = edc.add_session(subject)
    with camera.http:
        assert camera.upload(subject, session_id, "left", "l.jpg", first).ok
        again = camera.upload(subject, session_id, "left", "l.jpg", second)
    assert again.status_code == requests.codes.server_error
    (stored,) = edc.stored_files(subject)
    assert stored.sha256 == hashlib.sha256(second).hexdigest()
