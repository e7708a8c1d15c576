import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.edc_api.answers import (
    SESSION_KEYS,
    Answer,
    Resolution,
    SessionStatus,
    check_ping,
    disagreement,
    read_acknowledgement,
    read_resolution,
    read_status,
)
from camera_watchdog.errors import (
    CameraWatchdogError,
    EdcFailure,
    EdcRefusal,
    NotTheEdc,
    PermanentError,
    Unauthorized,
)
from camera_watchdog.model import Acknowledgement, FileType
from canaries import INITIALS

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SHA = "ab" * 32


def said(document: object, status: int = 200, **more: Any) -> Answer:
    return Answer(status, json.dumps(document).encode(), **more)


def stored(**changes: object) -> dict[str, object]:
    document: dict[str, object] = {
        "id": "7", "eye_exam_register_id": "s-1", "file_type": "left",
        "original_filename": "OS.jpg", "stored_filename": "s-1/OS.jpg", "checksum": SHA.upper(),
    }  # fmt: skip
    return document | changes


def acknowledge(document: object, status: int = 201) -> Acknowledgement:
    return read_acknowledgement(said(document, status), subject="S1", now=NOW)


@pytest.mark.parametrize(
    "document, expected",
    [
        (
            {"subject_identifier": "S1", "session_id": 12, "reactivated": True},
            Resolution("S1", "12", "session_id", None),
        ),
        (
            {"subject_identifier": "S1", "camera_session_id": "u-1", "uploaded": ["left", "left"]},
            Resolution("S1", "u-1", "camera_session_id", ("left", "left")),
        ),
        (
            {
                "subject_identifier": "S1",
                "session_id": "old",
                "eye_exam_register_id": "u-2",
                "uploaded": [],
                "report_type": "per_eye",
            },
            Resolution("S1", "u-2", "eye_exam_register_id", (), "per_eye"),
        ),
    ],
)
def test_every_generation_of_resolve_is_understood(
    document: dict[str, object], expected: Resolution
) -> None:
    assert read_resolution(said(document), subject="S1", now=NOW) == expected


@pytest.mark.parametrize("session_id", [None, True, 1.5, "", [], {}, "x" * 101, "a\nb", "\ud800"])
def test_a_session_id_is_an_int_or_a_short_text(session_id: object) -> None:
    document = {"subject_identifier": "S1", "session_id": session_id}
    with pytest.raises(NotTheEdc):
        read_resolution(said(document), subject="S1", now=NOW)


@pytest.mark.parametrize("uploaded", [None, "left", [1], {"left": 1}, [None]])
def test_a_listing_of_another_shape_is_not_taken_for_an_empty_one(uploaded: object) -> None:
    document = {"subject_identifier": "S1", "camera_session_id": "1", "uploaded": uploaded}
    with pytest.raises(NotTheEdc):
        read_resolution(said(document), subject="S1", now=NOW)


def test_another_subject_is_no_resolution_and_no_status() -> None:
    document = {
        "subject_identifier": "s1", "session_id": "1", "uploaded": [], "missing": [],
        "complete": True,
    }  # fmt: skip
    with pytest.raises(PermanentError) as caught:
        read_resolution(said(document), subject="S1", now=NOW)
    assert caught.value.code == "wrong_acknowledgement"
    assert caught.value.details == {"said": "subject 's1'"}
    with pytest.raises(PermanentError):
        read_status(said(document), subject="S1", now=NOW)


def test_status_is_read() -> None:
    document: dict[str, object] = {
        "subject_identifier": "S1", "eye_exam_register_id": 5, "uploaded": ["left"],
        "missing": ["report", "right"], "complete": False,
    }  # fmt: skip
    status = read_status(said(document), subject="S1", now=NOW)
    assert status == SessionStatus(
        "5", ("left",), ("report", "right"), complete=False, key="eye_exam_register_id"
    )
    for key in document:
        broken = {k: v for k, v in document.items() if k != key}
        with pytest.raises(NotTheEdc):
            read_status(said(broken), subject="S1", now=NOW)


@pytest.mark.parametrize(
    "told, dated",
    [
        ("2026-03-02T08:30:00+00:00", datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("2026-03-02T11:30:00.123456+03:00", datetime(2026, 3, 2, 8, 30, 0, 123456, UTC)),
        ("2026-03-02T08:30:00Z", datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("2026-03-02T08:30:00", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+23:59", None),
        (1772440200, None),
        (None, None),
    ],
)
def test_status_tells_the_entry_s_date_and_what_is_no_date_tells_nothing(
    told: object, dated: datetime | None
) -> None:
    document: dict[str, object] = {
        "subject_identifier": "S1", "session_id": "1", "uploaded": [], "missing": [],
        "complete": True,
    }  # fmt: skip
    later = read_status(said(document | {"report_datetime": told}), subject="S1", now=NOW)
    assert (later.dated, later.made_by_resolve) == (dated, False)
    first = read_status(said(document | {"created_datetime": told}), subject="S1", now=NOW)
    assert (first.dated, first.made_by_resolve) == (dated, True)


@pytest.mark.parametrize("status", [200, 201])
def test_an_acknowledgement_is_what_the_server_said(status: int) -> None:
    acknowledgement = acknowledge(stored(id=7), status)
    assert acknowledgement == Acknowledgement(
        "S1", "s-1", "left", "OS.jpg", SHA, status, id="7", stored_filename="s-1/OS.jpg"
    )


@pytest.mark.parametrize(
    "key", ["eye_exam_register_id", "file_type", "original_filename", "checksum"]
)
@pytest.mark.parametrize("value", [None, "\ud800", ["x"], "x" * 1001, "absent"])
def test_an_answer_that_lacks_something_is_no_acknowledgement(key: str, value: object) -> None:
    document = stored(**{key: value})
    if value == "absent":
        del document[key]
    with pytest.raises(NotTheEdc):
        acknowledge(document)


@pytest.mark.parametrize(
    "changes, word",
    [
        ({"eye_exam_register_id": "s-2"}, "session"),
        ({"file_type": "right"}, "type"),
        ({"original_filename": "OS_1.jpg"}, "name"),
        ({"checksum": "cd" * 32}, "checksum"),
    ],
)
def test_what_differs_is_said_in_words(changes: dict[str, object], word: str) -> None:
    sent = {"session_id": "s-1", "file_type": FileType.LEFT, "name": "OS.jpg", "sha256": SHA}
    assert disagreement(acknowledge(stored()), **sent) == ""  # type: ignore[arg-type] # a dict of both
    words = disagreement(acknowledge(stored(**changes)), **sent)  # type: ignore[arg-type] # likewise
    assert words.startswith(f"{word} ")
    assert "; " not in words


def test_words_about_a_hostile_name_stay_on_one_short_line() -> None:
    acknowledgement = acknowledge(stored(original_filename="\x1b[2J\n" * 100))
    words = disagreement(
        acknowledgement, session_id="s-1", file_type=FileType.LEFT, name="OS.jpg", sha256=SHA
    )
    assert words.isprintable()
    assert len(words) < 600


def test_ping_is_the_words_of_the_edc_and_no_others() -> None:
    check_ping(said({"status": "ok"}), NOW)
    others: list[object] = [{"status": "OK"}, {"status": True}, {}, [], "ok", {"state": "ok"}]
    for document in others:
        with pytest.raises(NotTheEdc):
            check_ping(said(document), NOW)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<!doctype html><title>Log in</title>"),
        Answer(200, b""),
        Answer(200, b'{"status": "ok"'),
        Answer(200, b'{"status": "ok"}', whole=False),
        Answer(200, b"[" * 60_000),
        Answer(200, b"\xff\xfe\xfa"),
        Answer(200, b"9" * 60_000),
        said({"status": "ok"}, 202),
        said({"status": "ok"}, 103),
        said({"code": "no_session"}, 302),
        Answer(301, b""),
        Answer(404, b"<h1>Not Found</h1>"),
        said({"detail": "Not found."}, 404),
        said({"detail": "Method not allowed."}, 405),
        said({"detail": "JSON parse error"}, 400),
        said({"code": "BAD-REQUEST"}, 400),
        said({"code": "no_session"}, 404, whole=False),
        said({}, 400),
        said({"initials": ["This field is required."]}, 422),
        said({"<b>initials": ["This field is required."]}, 400),
        said({"initials": []}, 400),
    ],
)
def test_something_else_is_not_the_edc(answer: Answer) -> None:
    with pytest.raises(NotTheEdc):
        check_ping(answer, NOW)


def test_a_wrong_address_is_told_with_its_status() -> None:
    with pytest.raises(NotTheEdc, match=r"404.*api_url"):
        check_ping(Answer(404, b"<h1>Not Found</h1>"), NOW)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"detail": "Invalid token."}',
        b'{"detail": "User inactive or deleted."}',
        b'{"detail": "Jeton non valide."}',
        b'{"detail": "You do not have permission to perform this action."}',
        b'{"code": "not_authenticated"}',
    ],
)
def test_a_refusal_in_the_edc_s_own_words_is_the_edc_s(status: int, body: bytes) -> None:
    with pytest.raises(Unauthorized) as caught:
        check_ping(Answer(status, body), NOW)
    assert caught.value.code == "token_refused"


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "detail",
    [
        "Authentication credentials were not provided.",
        "Invalid token header. No credentials provided.",
    ],
)
def test_a_token_that_does_not_arrive_is_none_that_is_refused(status: int, detail: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        check_ping(said({"detail": detail}, status), NOW)
    assert caught.value.code == "token_not_seen"


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "body",
    [
        b"<html><h1>Access denied</h1></html>",
        b"Forbidden",
        b'{"message": "Forbidden"}',
        b'["no"]',
        b'{"detail": "Invalid tok',
    ],
)
def test_a_page_that_refuses_is_a_proxy_s_or_firewall_s_and_not_the_token_s(
    status: int, body: bytes
) -> None:
    with pytest.raises(NotTheEdc, match=rf"HTTP {status}.*proxy or firewall"):
        check_ping(Answer(status, body), NOW)


def test_what_a_firewall_answers_with_another_status_names_it_too() -> None:
    with pytest.raises(NotTheEdc, match=r"HTTP 406.*proxy or firewall"):
        acknowledge("<html>", 406)


def test_a_file_too_large_for_a_proxy_is_refused_like_one_too_large_for_the_edc() -> None:
    with pytest.raises(EdcRefusal) as caught:
        acknowledge("<html>", 413)
    assert (caught.value.http_status, caught.value.edc_code) == (413, "file_too_large")


@pytest.mark.parametrize(
    "status, code",
    [
        (404, "no_session"),
        (400, "no_eligible_session"),
        (400, "subject_not_found"),
        (400, "validation_mismatch"),
        (400, "invalid_file_type"),
        (400, "invalid_content"),
        (400, "file_too_large"),
        (400, "checksum_mismatch"),
        (409, "filename_conflict"),
    ],
)
def test_every_documented_code_is_a_refusal_without_its_text(status: int, code: str) -> None:
    with pytest.raises(EdcRefusal) as caught:
        acknowledge({"code": code, "errors": ["Initials mismatch: expected 'ZQXJV'"]}, status)
    assert (caught.value.http_status, caught.value.edc_code) == (status, code)
    assert INITIALS not in str(caught.value)


@pytest.mark.parametrize(
    "errors", [["This field is required."], {"0": ["Bad."]}, [{"message": "Bad."}]]
)
def test_field_errors_name_their_fields_and_no_values(errors: object) -> None:
    with pytest.raises(EdcRefusal) as caught:
        acknowledge({"initials": errors, "sex": [f"{INITIALS} is not a valid choice."]}, 400)
    assert (caught.value.edc_code, caught.value.fields) == ("", ("initials", "sex"))
    assert INITIALS not in str(caught.value)


@pytest.mark.parametrize(
    "status, body, code",
    [
        (500, b'{"code": "storage_error"}', "storage_error"),
        (500, b'{"code": "Not a code!"}', ""),
        (500, b"<h1>Server Error (500)</h1>", ""),
        (502, b"", ""),
        (503, b"[]", ""),
        (429, b'{"detail": "throttled"}', ""),
        (599, b"[" * 60_000, ""),
    ],
)
def test_a_failure_of_the_server_keeps_status_and_code(status: int, body: bytes, code: str) -> None:
    with pytest.raises(EdcFailure) as caught:
        check_ping(Answer(status, body), NOW)
    assert (caught.value.http_status, caught.value.edc_code) == (status, code)
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Sun, 01 Mar 2026 09:31:00 GMT", 60.0),
        ("Sun, 01 Mar 2026 09:31:00 -0000", 60.0),
        ("Sun, 01 Mar 2026 09:29:00 GMT", 0.0),
        ("999999999", 86_400.0),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
        ("-5", None),
        ("9" * 5000, None),
        ("soon", None),
        ("", None),
        ("1.5", None),
    ],
)
def test_retry_after_is_read_in_both_its_forms(header: str, seconds: float | None) -> None:
    with pytest.raises(EdcFailure) as caught:
        check_ping(Answer(503, b"", retry_after=header), NOW)
    assert caught.value.retry_after_s == seconds


def test_an_answer_does_not_show_its_body() -> None:
    assert "XQ" not in repr(Answer(400, b"XQ"))


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
_keys = st.sampled_from(
    [*SESSION_KEYS, "subject_identifier", "uploaded", "missing", "complete", "status", "code",
     "file_type", "original_filename", "stored_filename", "checksum", "id", "report_type"]
)  # fmt: skip
_documents = st.dictionaries(_keys, _values | st.sampled_from(["S1", "left"]), max_size=12)
_bodies = st.binary(max_size=80) | (_documents | _values).map(
    lambda value: json.dumps(value).encode()
)


@given(
    st.integers(100, 999) | st.sampled_from([200, 201, 400, 404, 409]),
    _bodies,
    st.booleans(),
    st.text(max_size=40),
)
def test_no_answer_brings_anything_but_our_errors_and_what_it_said(
    status: int,
    body: bytes,
    whole: bool,  # noqa: FBT001 - drawn by hypothesis
    retry_after: str,
) -> None:
    answer = Answer(status, body, whole=whole, retry_after=retry_after)
    for read in (read_resolution, read_status, read_acknowledgement):
        try:
            result = read(answer, subject="S1", now=NOW)
        except CameraWatchdogError:
            continue
        assert whole
        assert status in {200, 201}
        document = json.loads(body)
        assert result.session_id in {str(document.get(key)) for key in SESSION_KEYS}
        if isinstance(result, Acknowledgement):
            assert result.checksum == document["checksum"].lower()
            assert (result.file_type, result.name) == (
                document["file_type"],
                document["original_filename"],
            )
        else:
            assert document["subject_identifier"] == "S1"
