"""The form reader and the field checks against what Django and DRF are known to do."""

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camera_watchdog_demo.edc_fields import FieldErrors, Subject, check_resolve, check_upload
from camera_watchdog_demo.multipart import (
    Form,
    MultipartError,
    Upload,
    clean_file_name,
    parse_form,
)

_TYPE = "multipart/form-data; boundary=XX"


class _Dribble:
    """A body that comes a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = io.BytesIO(data)
        self._size = size

    def read(self, size: int, /) -> bytes:
        return self._data.read(min(size, self._size))


def _part(disposition: str, content: bytes, *extra: str) -> bytes:
    head = [f"Content-Disposition: form-data; {disposition}", *extra, "", ""]
    return b"--XX\r\n" + "\r\n".join(head).encode() + content + b"\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_a_form_is_the_same_however_its_bytes_come(tmp_path: Path, size: int) -> None:
    content = b"\xff\xd8\xff" + b"\r\n--X\r\n--" * 200 + b"\r"
    body = (
        _part('name="capture_datetime"', b"2026-01-02T03:04:05Z")
        + _part('name="file"; filename="a b.jpg"', content, "Content-Type: image/jpeg")
        + _part('name="checksum"', b"")
        + b"--XX--\r\n"
    )
    form = parse_form(_Dribble(body, size), _TYPE, tmp_path)
    upload = form.uploads["file"]
    assert form.fields == {"capture_datetime": "2026-01-02T03:04:05Z", "checksum": ""}
    assert upload.path.read_bytes() == content
    assert upload.size_bytes == len(content)
    assert upload.sha256 == hashlib.sha256(content).hexdigest()
    assert upload.head == content[:256]
    form.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "disposition, name",
    [
        ('name="file"; filename="plain.jpg"', "plain.jpg"),
        ('name="file"; filename="a;b.jpg"', "a;b.jpg"),
        ('name="file"; filename="a%22b.jpg"', "a%22b.jpg"),
        (r'name="file"; filename="a\"b.jpg"', 'a"b.jpg'),
        ('name="file"; filename="é😀.jpg"', "é😀.jpg"),
        ("name=\"file\"; filename*=UTF-8''%C3%A9.jpg", "é.jpg"),
        ('name="file"; filename="e.jpg"; filename*=UTF-8\'\'%C3%A9.jpg', "é.jpg"),
    ],
)
def test_a_file_name_is_read_from_its_header(tmp_path: Path, disposition: str, name: str) -> None:
    form = parse_form(io.BytesIO(_part(disposition, b"x") + b"--XX--"), _TYPE, tmp_path)
    assert form.uploads["file"].name == name
    form.close()


@pytest.mark.parametrize(
    "body",
    [
        _part('name="file"; filename=".."', b"x") + b"--XX--",
        b'--XX\r\nContent-Disposition: form-data; name="file"; filename="\xe9.jpg"\r\n\r\nx\r\n--XX--',
        _part('name="file"; filename="a.jpg"', b"x"),  # no delimiter ends it
        b"",
        b"--XX--",
        b"no form at all",
    ],
)
def test_what_is_no_file_leaves_none(tmp_path: Path, body: bytes) -> None:
    form = parse_form(io.BytesIO(body), _TYPE, tmp_path)
    assert form.uploads == {}
    assert list(tmp_path.iterdir()) == []


def test_the_last_file_of_a_name_counts(tmp_path: Path) -> None:
    first = _part('name="file"; filename="1"', b"one")
    second = _part('name="file"; filename="2"', b"two")
    form = parse_form(io.BytesIO(first + second + b"--XX--"), _TYPE, tmp_path)
    assert form.uploads["file"].path.read_bytes() == b"two"
    assert len(list(tmp_path.iterdir())) == 1
    form.close()


def test_a_form_without_boundary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MultipartError):
        parse_form(io.BytesIO(b"--XX--"), "multipart/form-data", tmp_path)


def test_a_field_without_end_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    file = _part('name="file"; filename="1"', b"one")
    huge = _part('name="checksum"', b"a" * 3_000_000)
    with pytest.raises(MultipartError):
        parse_form(io.BytesIO(file + huge + b"--XX--"), _TYPE, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name, cleaned",
    [
        ("a.jpg", "a.jpg"),
        ("/tmp/a.jpg", "a.jpg"),  # noqa: S108 - a name, not a file
        ("C:\\images\\a.jpg", "a.jpg"),
        ("..", ""),
        ("a&amp;b.jpg", "a&b.jpg"),
        ("a&#47;b.jpg", "b.jpg"),
        ("a\x00\x1b\nb.jpg", "ab.jpg"),
        ("a\u200bb.jpg", "ab.jpg"),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
        ("", ""),
    ],
)
def test_a_file_name_is_cleaned(name: str, cleaned: str) -> None:
    assert clean_file_name(name) == cleaned


def _upload(tmp_path: Path, size_bytes: int = 1) -> Upload:
    return Upload("a.jpg", tmp_path / "a", size_bytes, "0" * 64, b"x")


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2026-03-04T05:06:07Z", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2026-03-04T05:06:07+03:00", datetime(2026, 3, 4, 2, 6, 7, tzinfo=UTC)),
        ("2026-03-04T05:06:07", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2026-03-04 05:06:07.25", datetime(2026, 3, 4, 5, 6, 7, 250_000, tzinfo=UTC)),
        ("2026-3-4 5:06 -0130", datetime(2026, 3, 4, 6, 36, tzinfo=UTC)),
        ("2026-03-04", datetime(2026, 3, 4, tzinfo=UTC)),
    ],
)
def test_a_capture_time_is_read_in_utc(tmp_path: Path, text: str, moment: datetime) -> None:
    capture = check_upload(Form({"capture_datetime": text}, {"file": _upload(tmp_path)}))
    assert capture.captured_at == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00", "04/03/2026"])
def test_a_capture_time_in_other_words_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FieldErrors) as refused:
        check_upload(Form({"capture_datetime": text}, {"file": _upload(tmp_path)}))
    assert list(refused.value.errors) == ["capture_datetime"]


def test_every_field_of_an_upload_that_is_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(FieldErrors) as missing:
        check_upload(Form())
    assert missing.value.errors == {
        "file": ["No file was submitted."],
        "capture_datetime": ["This field is required."],
    }
    form = Form(
        {"capture_datetime": "2026-03-04T05:06:07Z", "checksum": "a" * 65},
        {"file": _upload(tmp_path, 0)},
    )
    with pytest.raises(FieldErrors) as wrong:
        check_upload(form)
    assert wrong.value.errors == {
        "file": ["The submitted file is empty."],
        "checksum": ["Ensure this field has no more than 64 characters."],
    }


def test_demographics_are_asked_for_only_where_they_are_compared() -> None:
    asked = {"subject_identifier": " S-1 ", "device_id": "cam"}
    assert check_resolve(asked, demographics=False) == Subject("S-1")
    with pytest.raises(FieldErrors) as refused:
        check_resolve(asked, demographics=True)
    required = ["This field is required."]
    assert refused.value.errors == {"initials": required, "sex": required}
    full = {**asked, "initials": "AB", "sex": "f", "age": "40.0", "site_id": "7"}
    assert check_resolve(full, demographics=True) == Subject("S-1", "AB", "F", 40)


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"initials": "A" * 11}, "Ensure this field has no more than 10 characters."),
        ({"sex": "x"}, '"X" is not a valid choice.'),
        ({"sex": None}, "This field may not be null."),
        ({"age": "forty"}, "A valid integer is required."),
        ({"age": None}, "This field may not be null."),
        ({"device_id": ""}, "This field may not be blank."),
        ({"site_id": "7" * 51}, "Ensure this field has no more than 50 characters."),
        ({"subject_identifier": True}, "Not a valid string."),
        ({"subject_identifier": "S" * 51}, "Ensure this field has no more than 50 characters."),
        ({"initials": "A\ud800"}, "Surrogate characters are not allowed: U+D800."),
        ({"subject_identifier": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_a_field_that_is_refused_is_named(change: dict[str, object], sentence: str) -> None:
    asked = {"subject_identifier": "S-1", "initials": "AB", "sex": "F", "age": 40}
    with pytest.raises(FieldErrors) as refused:
        check_resolve({**asked, **change}, demographics=True)
    assert refused.value.errors == {next(iter(change)): [sentence]}


def test_a_payload_that_is_no_object_is_refused() -> None:
    with pytest.raises(FieldErrors) as refused:
        check_resolve(["S-1"], demographics=False)
    assert list(refused.value.errors) == ["non_field_errors"]
