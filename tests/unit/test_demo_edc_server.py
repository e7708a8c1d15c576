"""The demo's EDC server over real sockets: what each generation does with a camera's calls."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import requests

from camera_watchdog_demo.edc_generations import GENERATIONS
from camera_watchdog_demo.edc_server import DemoEdc
from canaries import AGE, INITIALS, SEX, TOKEN

JPEG = b"\xff\xd8\xff\xe0 one eye \xff\xd9"
OTHER = b"\xff\xd8\xff\xe0 another picture \xff\xd9"
PDF = b"%PDF-1.4\n%%EOF"
HTML = b"\xef\xbb\xbf\n <!DOCTYPE html><html></html>"
DICOM = b"\0" * 128 + b"DICM rest"
CAPTURED = "2026-03-04T05:06:07+03:00"
KEYS = {
    "0.1": "session_id",
    "0.2": "session_id",
    "0.3": "camera_session_id",
    "0.4": "camera_session_id",
    "0.7.8": "camera_session_id",
    "0.8": "eye_exam_register_id",
    "1.4": "eye_exam_register_id",
}
ALL = list(KEYS)
OLD, NEW = ["0.1", "0.2", "0.3"], ["0.4", "0.7.8", "0.8", "1.4"]
CLINICIAN = [name for name in ALL if name != "0.1"]


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Camera:
    """A server, and a camera's calls to it."""

    def __init__(self, edc: DemoEdc, clock: Clock) -> None:
        self.edc = edc
        self.clock = clock
        self.key = KEYS[edc.version]
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Token {edc.token}"

    def call(self, method: str, path: str, **what: Any) -> requests.Response:
        url = f"{self.edc.url}/api/retinopathy/{path}"
        return self.http.request(method, url, timeout=10, allow_redirects=False, **what)

    def resolve(self, **change: Any) -> requests.Response:
        who = {
            "subject_identifier": "S-1",
            "initials": INITIALS.lower(),
            "sex": SEX.lower(),
            "age": AGE + 1,
        }
        return self.call("POST", "resolve/", json={**who, **change})

    def open(self, **how: Any) -> str:
        """A session that takes files, made as the generation makes it."""
        self.edc.add_session("S-1", **how)
        return str(self.resolve().json()[self.key])

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = self.call("GET", "S-1/status/").json()
        return told

    def send(
        self,
        session_id: str,
        file_type: str,
        content: bytes = JPEG,
        name: str = "",
        *,
        checksum: str | None = None,
        subject: str = "S-1",
        key: str = "",
    ) -> requests.Response:
        announced = hashlib.sha256(content).hexdigest() if checksum is None else checksum
        return self.call(
            "POST",
            f"{subject}/{file_type}/",
            params={key or self.key: session_id} if session_id else {},
            files={"file": (name or f"{file_type}.jpg", content)},
            data={"capture_datetime": CAPTURED, "checksum": announced},
        )


@pytest.fixture
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Camera]:
    clock = Clock()
    with DemoEdc(request.param, storage=tmp_path, clock=clock) as edc:
        edc.add_subject("S-1")
        made = Camera(edc, clock)
        yield made
        made.http.close()


def generations(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("camera", names, indirect=True)


def files_on_disk(storage: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in storage.rglob("*") if path.is_file())


def test_every_row_of_the_table_is_tried_here() -> None:
    assert list(GENERATIONS) == ALL
    assert {name: row.session_key for name, row in GENERATIONS.items()} == KEYS


@generations(ALL)
def test_a_file_is_stored_and_acknowledged(camera: Camera, tmp_path: Path) -> None:
    session = camera.open()
    answer = camera.send(session, "left", name="OS 1.JPG", checksum=None)
    told = answer.json()
    digest = hashlib.sha256(JPEG).hexdigest()
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert list(told) == [
        "id",
        camera.key,
        "file_type",
        "original_filename",
        "stored_filename",
        "checksum",
    ]
    assert told[camera.key] == session
    assert (told["file_type"], told["original_filename"]) == ("left", "OS 1.JPG")
    assert told["checksum"] == digest
    assert (tmp_path / "images" / told["stored_filename"]).read_bytes() == JPEG
    under_session = told["stored_filename"] == f"{session}/OS 1.JPG"
    assert under_session == (camera.edc.version in NEW)
    captured = datetime(2026, 3, 4, 2, 6, 7, tzinfo=UTC)
    assert camera.edc.stored_files("S-1") == [
        ("S-1", session, "left", "OS 1.JPG", digest, captured)
    ]
    assert camera.edc.stored_files("S-2") == []
    assert files_on_disk(tmp_path) == [JPEG]


@generations(ALL)
def test_only_its_own_parameter_names_the_session(camera: Camera) -> None:
    older = camera.open()
    if camera.edc.version == "0.1":
        for file_type in ("left", "right", "report"):
            camera.send(older, file_type, PDF if file_type == "report" else JPEG)
    camera.clock.now += timedelta(minutes=1)
    newer = camera.open()
    assert newer != older
    for key in set(KEYS.values()):
        told = camera.send(older, "right", name=f"{key}.jpg", key=key).json()
        assert told[camera.key] == (older if key == camera.key else newer)


@generations(ALL)
def test_a_session_that_is_not_the_subjects_is_refused(camera: Camera) -> None:
    session = camera.open()
    for subject, asked in (("S-2", session), ("S-1", str(uuid4()))):
        answer = camera.send(asked, "left", subject=subject)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_session")
    broken = camera.send("not-an-id", "left")
    assert broken.status_code == 500
    assert broken.headers["Content-Type"].startswith("text/html")
    assert camera.edc.stored_files() == []


@generations(ALL)
def test_old_sessions_take_files_by_id_and_in_later_releases_without(camera: Camera) -> None:
    session = camera.open()
    camera.clock.now += timedelta(minutes=121)
    limited = camera.edc.version in [*OLD, "0.4"]
    answer = camera.send("", "left", name="1.jpg")
    assert answer.status_code == (404 if limited else 201)
    assert answer.json().get("code", "") == ("no_session" if limited else "")
    assert camera.send(session, "left", name="2.jpg").status_code == 201


@generations(OLD)
def test_a_second_file_of_a_type_replaces_the_first(camera: Camera, tmp_path: Path) -> None:
    session = camera.open()
    camera.send(session, "left", JPEG, "1.jpg")
    assert camera.send(session, "left", OTHER, "2.jpg").status_code == 201
    assert [file.name for file in camera.edc.stored_files()] == ["2.jpg"]
    assert files_on_disk(tmp_path) == [OTHER]
    damaged = camera.send(session, "left", JPEG, "3.jpg", checksum="0" * 64)
    assert (damaged.status_code, damaged.json()["code"]) == (400, "checksum_mismatch")
    assert camera.edc.stored_files() == []
    assert files_on_disk(tmp_path) == []


@generations(["0.2", "0.3"])
def test_one_name_for_two_types_fails_after_the_fact(camera: Camera, tmp_path: Path) -> None:
    session = camera.open()
    camera.send(session, "left", JPEG, "eye.jpg")
    assert camera.send(session, "right", OTHER, "eye.jpg").status_code == 500
    assert [file.file_type for file in camera.edc.stored_files()] == ["left"]
    assert files_on_disk(tmp_path) == sorted([JPEG, OTHER])


@generations(NEW)
def test_a_second_file_of_a_type_is_kept_beside_the_first(camera: Camera) -> None:
    session = camera.open()
    for name in ("1.jpg", "2.jpg"):
        assert camera.send(session, "left", JPEG, name).status_code == 201
    assert camera.resolve().json() == {
        "subject_identifier": "S-1",
        camera.key: session,
        "uploaded": ["left", "left"],
    }
    assert camera.status()["uploaded"] == ["left"]


@generations(["0.4"])
def test_0_4_writes_over_a_stored_name_and_then_fails(camera: Camera) -> None:
    session = camera.open()
    camera.send(session, "left", JPEG, "1.jpg")
    again = camera.send(session, "left", JPEG, "1.jpg")
    assert again.status_code == 500
    assert again.headers["Content-Type"].startswith("text/html")
    assert camera.send(session, "left", OTHER, "1.jpg").status_code == 500
    assert [file.sha256 for file in camera.edc.stored_files()] == [
        hashlib.sha256(OTHER).hexdigest()
    ]
    damaged = camera.send(session, "left", OTHER, "1.jpg", checksum="0" * 64)
    assert (damaged.status_code, damaged.json()["code"]) == (400, "checksum_mismatch")
    assert [file.sha256 for file in camera.edc.stored_files()] == [""]
    assert camera.resolve().json()["uploaded"] == ["left"]


@generations(["0.7.8", "0.8", "1.4"])
def test_later_releases_recognise_a_stored_name(camera: Camera, tmp_path: Path) -> None:
    session = camera.open()
    first = camera.send(session, "left", JPEG, "1.jpg")
    again = camera.send(session, "left", JPEG, "1.jpg")
    assert (again.status_code, again.json()) == (200, first.json())
    other = camera.send(session, "left", OTHER, "1.jpg", checksum="0" * 64)
    assert (other.status_code, other.json()["code"]) == (409, "filename_conflict")
    damaged = camera.send(session, "left", OTHER, "2.jpg", checksum="0" * 64)
    assert (damaged.status_code, damaged.json()["code"]) == (400, "checksum_mismatch")
    assert files_on_disk(tmp_path) == [JPEG]


@generations(["0.4", "1.4"])
def test_a_name_that_the_table_has_no_room_for_is_written_and_fails(camera: Camera) -> None:
    session = camera.open()
    assert camera.send(session, "left", JPEG, "x" * 218).status_code == 201
    assert camera.send(session, "left", JPEG, "x" * 219).status_code == 500
    assert len(camera.edc.stored_files()) == 1


@generations(ALL)
def test_a_complete_session_is_not_resolved_again(camera: Camera) -> None:
    session = camera.open()
    camera.send(session, "left")
    assert camera.status()["missing"] != []
    told = camera.resolve().json()
    assert told[camera.key] == session
    assert told.get("reactivated") == (True if camera.edc.version in OLD else None)
    camera.send(session, "right")
    camera.send(session, "report", PDF, "report.pdf")
    status = camera.status()
    opened = "created_datetime" if camera.edc.version == "0.1" else "report_datetime"
    assert status == {
        camera.key: session,
        "subject_identifier": "S-1",
        opened: "2026-05-06T07:08:09+00:00",
        "uploaded": ["left", "report", "right"],
        "missing": [],
        "complete": True,
    }
    again = camera.resolve()
    if camera.edc.version == "0.1":
        assert again.status_code == 201
        assert again.json()[camera.key] != session
        return
    sentences = "errors" if camera.edc.version in OLD else "error"
    assert (again.status_code, again.json()["code"]) == (400, "no_eligible_session")
    assert isinstance(again.json()[sentences], list if sentences == "errors" else str)


@generations(CLINICIAN)
def test_per_eye_sessions_want_a_report_of_each(camera: Camera) -> None:
    session = camera.open(report_type="per_eye")
    camera.send(session, "left_report", HTML, "l.html")
    dicom = "_dicom" if camera.edc.version == "1.4" else ""
    assert camera.status()["missing"] == [f"left{dicom}", f"right{dicom}", "right_report"]


@generations(NEW)
def test_dicom_counts_towards_completeness_in_the_latest_only(camera: Camera) -> None:
    session = camera.open()
    camera.send(session, "left_dicom", DICOM, "l.dcm")
    camera.send(session, "right_dicom", DICOM, "r.dcm")
    camera.send(session, "report", PDF, "r.pdf")
    counts = camera.edc.version == "1.4"
    assert camera.status()["missing"] == ([] if counts else ["left", "right"])
    assert camera.status()["complete"] is counts


@generations(CLINICIAN)
def test_resolve_gives_the_newest_session_that_takes_files(camera: Camera) -> None:
    assert camera.resolve().status_code == 404
    assert camera.resolve().json()["code"] == "no_session"
    assert camera.call("GET", "S-1/status/").status_code == 404
    older = camera.edc.add_session("S-1")
    newer = camera.edc.add_session("S-1")  # in the same instant
    assert camera.resolve().json()[camera.key] == newer
    camera.edc.contraindicate(newer)
    assert camera.resolve().json()[camera.key] == older
    assert camera.status()[camera.key] == newer
    camera.edc.contraindicate(older)
    assert camera.resolve().json()["code"] == "no_eligible_session"
    camera.send(older, "left")
    camera.edc.delete_session(newer)
    camera.edc.delete_session(older)
    assert camera.resolve().json()["code"] == "no_session"
    assert camera.edc.stored_files() == []


@generations(["0.1"])
def test_0_1_makes_its_sessions_itself(camera: Camera) -> None:
    assert camera.edc.add_session("S-1") == ""
    made = camera.resolve()
    session = made.json()["session_id"]
    assert made.status_code == 201
    assert made.json() == {
        "subject_identifier": "S-1",
        "session_id": session,
        "reactivated": False,
    }
    camera.clock.now += timedelta(hours=24)
    again = camera.resolve()
    assert (again.status_code, again.json()["session_id"]) == (200, session)
    camera.clock.now += timedelta(seconds=1)
    assert camera.resolve().json()["session_id"] != session
    unknown = camera.resolve(subject_identifier="S-9")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "subject_not_found")


@generations(ALL)
def test_demographics_are_compared_by_the_old_only(camera: Camera) -> None:
    camera.open()
    old = camera.edc.version in OLD
    for change in ({"initials": "ZZ"}, {"sex": "M"}, {"age": AGE + 2}):
        answer = camera.resolve(**change)
        assert answer.json().get("code", "") == ("validation_mismatch" if old else "")
    bare = camera.call("POST", "resolve/", json={"subject_identifier": "S-1"})
    assert bare.status_code == (400 if old else 200)
    assert set(bare.json()) >= ({"initials", "sex"} if old else {camera.key})


CONTENTS = [
    ("left", JPEG, ALL),
    ("right", b"\x89PNG\r\n", ALL),
    ("left", PDF, []),
    ("left", DICOM, []),
    ("report", PDF, ALL),
    ("report", HTML, CLINICIAN),
    ("report", b"  <Body>", CLINICIAN),
    ("report", JPEG, []),
]


@pytest.mark.parametrize("file_type, content, taken_by", CONTENTS)
@generations(ALL)
def test_content_is_told_by_its_first_bytes(
    camera: Camera, file_type: str, content: bytes, taken_by: list[str]
) -> None:
    answer = camera.send(camera.open(), file_type, content)
    taken = camera.edc.version in taken_by
    assert answer.status_code == (201 if taken else 400)
    assert answer.json().get("code", "") == ("" if taken else "invalid_content")


@pytest.mark.parametrize(
    "file_type, known_to",
    [("left_report", CLINICIAN), ("right_dicom", NEW), ("status2", []), ("Left", [])],
)
@generations(ALL)
def test_unknown_file_types_are_refused(
    camera: Camera, file_type: str, known_to: list[str]
) -> None:
    content = DICOM if file_type.endswith("dicom") else PDF
    answer = camera.send(camera.open(), file_type, content)
    known = camera.edc.version in known_to
    assert answer.json().get("code", "") == ("" if known else "invalid_file_type")


@generations(["1.4"])
def test_size_empty_files_and_missing_fields(camera: Camera, tmp_path: Path) -> None:
    session = camera.open()
    exact = JPEG.ljust(10 * 1024 * 1024, b".")
    assert camera.send(session, "left", exact, "1.jpg").status_code == 201
    large = camera.send(session, "left", exact + b".", "2.jpg")
    assert (large.status_code, large.json()["code"]) == (400, "file_too_large")
    empty = camera.send(session, "left", b"", "3.jpg", checksum="0" * 64)
    assert empty.json() == {"file": ["The submitted file is empty."]}
    assert set(camera.call("POST", "S-1/left/").json()) == {"file", "capture_datetime"}
    assert files_on_disk(tmp_path) == [exact]


@generations(["0.1", "1.4"])
def test_the_token_comes_before_everything_but_the_path(camera: Camera) -> None:
    missing = {"detail": "Authentication credentials were not provided."}
    for header, told in (
        ("Token wrong", {"detail": "Invalid token."}),
        (f"Bearer {TOKEN}", missing),
        ("", missing),
    ):
        answer = camera.call("DELETE", "resolve/", headers={"Authorization": header})
        assert (answer.status_code, answer.json()) == (401, told)
        assert answer.headers["WWW-Authenticate"] == "Token"
    assert camera.call("GET", "ping/").json() == {"status": "ok"}
    lower = {"Authorization": f"token {camera.edc.token}"}
    assert camera.call("GET", "ping/", headers=lower).status_code == 200


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("POST", "ping/", 405),
        ("GET", "resolve/", 405),
        ("POST", "S-1/status/", 405),
        ("GET", "S-1/left/", 405),
        ("HEAD", "ping/", 200),
        ("GET", "ping", 301),
        ("GET", "", 404),
        ("GET", "S-1/", 404),
        ("POST", "S%2F1/left/", 404),
        ("POST", "a/b/c/", 404),
    ],
)
@generations(["1.4"])
def test_paths_and_methods(camera: Camera, method: str, path: str, status: int) -> None:
    answer = camera.call(method, path)
    assert answer.status_code == status
    kind = "application/json" if status in {200, 405} else "text/html; charset=utf-8"
    assert answer.headers["Content-Type"] == kind


@generations(["1.4"])
def test_bodies_of_the_wrong_kind(camera: Camera) -> None:
    assert camera.call("POST", "resolve/", data={"a": "b"}).status_code == 415
    json_type = {"Content-Type": "application/json"}
    broken = camera.call("POST", "resolve/", data=b'{"a":', headers=json_type)
    assert broken.status_code == 400
    assert broken.json()["detail"].startswith("JSON parse error")
    form_type = {"Content-Type": "multipart/form-data"}
    assert camera.call("POST", "S-1/left/", data=b"x", headers=form_type).status_code == 400
    assert camera.call("POST", "S-1/left/", json={}).status_code == 415


@generations(["1.4"])
def test_names_come_back_as_django_keeps_them(camera: Camera) -> None:
    session = camera.open()
    subject = 'S 1;ü"#?%2e'
    camera.edc.add_subject(subject)
    theirs = camera.edc.add_session(subject)
    quoted = quote(subject, safe="")
    assert camera.send(theirs, "left", subject=quoted).status_code == 201
    told = camera.send(session, "left", name="a&amp;b.jpg").json()
    assert told["original_filename"] == "a&b.jpg"


@generations(["1.4"])
def test_requests_are_kept_for_whoever_asks(camera: Camera) -> None:
    camera.send(camera.open(), "left")
    resolve, upload = camera.edc.requests
    assert (resolve.n, resolve.kind, resolve.http_status) == (1, "resolve", 200)
    assert (upload.n, upload.kind, upload.subject, upload.file_type) == (2, "upload", "S-1", "left")
    assert upload.method == "POST"
    assert upload.path == "/api/retinopathy/S-1/left/"
    assert list(upload.query) == [camera.key]
    assert upload.http_status == 201
    assert upload.body_size_bytes == int(upload.headers["content-length"])
    assert upload.peer == resolve.peer  # one connection served both
    assert json.loads(camera.resolve().text)[camera.key] == upload.query[camera.key]


def test_it_stops_and_starts_with_its_data_and_port(tmp_path: Path) -> None:
    edc = DemoEdc("1.4", storage=tmp_path)
    url = f"{edc.url}/api/retinopathy/ping/"
    auth = {"Authorization": f"Token {edc.token}"}
    get: Callable[[], int] = lambda: requests.get(url, headers=auth, timeout=5).status_code  # noqa: E731
    with pytest.raises(requests.ConnectionError):
        get()
    for _ in range(3):
        edc.start()
        edc.start()
        assert get() == 200
        edc.stop()
        edc.stop()
        with pytest.raises(requests.ConnectionError):
            get()
    edc.close()
    assert [request.http_status for request in edc.requests] == [200, 200, 200]


def test_an_unknown_generation_names_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"0\.7\.8"):
        DemoEdc("0.9", storage=tmp_path)


def test_a_session_needs_its_subject(tmp_path: Path) -> None:
    with DemoEdc("1.4", storage=tmp_path) as edc, pytest.raises(LookupError, match="add_subject"):
        edc.add_session("S-1")
