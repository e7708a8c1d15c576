"""A secret is read again where it was refused and its file has changed, and otherwise never."""

import logging
from pathlib import Path

import pytest

from camera_watchdog.config import read_secret_again
from camera_watchdog.secret_file import Secret


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "token.txt"
    file.write_text("first\n", "utf-8")
    return file


def secret(file: Path | None) -> Secret:
    return Secret(
        "first", file, read=lambda path: read_secret_again("token", path), name="token_file"
    )


def test_a_file_that_changes_is_not_read_while_the_secret_is_taken(file: Path) -> None:
    token = secret(file)
    file.write_text("half-writ", "utf-8")

    assert token() == "first"
    assert not token.has_news()


def test_what_was_refused_is_read_again_at_once_and_whenever_the_file_changes(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token = secret(file)
    assert not token.refused()  # the file still says what was refused
    assert not token.has_news()

    file.write_text("second-secret\n", "utf-8")

    assert token.has_news()
    assert token() == "second-secret"
    assert not token.has_news()
    file.write_text("third-secret!\n", "utf-8")
    assert token.refused()
    assert token() == "third-secret!"
    assert "secret!" not in caplog.text
    assert "token_file holds another secret than the one that was refused" in caplog.text


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"two\nlines"])
def test_a_file_that_holds_no_secret_changes_nothing_and_is_said_once(
    file: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    token = secret(file)
    caplog.set_level(logging.WARNING)
    file.write_bytes(content)

    assert [token.refused() for _ in range(3)] == [False] * 3

    assert token() == "first"
    assert caplog.text.count("token_file: found") == 1
    file.write_text("second", "utf-8")
    assert token() == "second"


def test_what_is_wrong_with_its_file_is_known_until_it_is_put_right(file: Path) -> None:
    token = secret(file)
    assert token.trouble() == ""
    file.write_bytes("second".encode("utf-16"))
    token.refused()
    assert "UTF-16" in token.trouble()
    file.write_text('"second"', "utf-8")
    assert token() == '"second"'
    assert "token_file: It stands in quotation marks" in token.trouble()
    file.write_text("second", "utf-8")
    assert (token(), token.trouble()) == ("second", "")


def test_a_secret_in_quotation_marks_from_the_beginning_is_said_once_it_is_refused(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text("'first'", "utf-8")
    token = Secret(
        "'first'", file, read=lambda path: read_secret_again("token", path), name="token_file"
    )
    assert (token.trouble(), token.refused()) == ("", False)
    assert "quotation marks" in token.trouble()
    assert caplog.text.count("quotation marks") == 1
    assert "first" not in caplog.text


def test_a_file_that_is_gone_changes_nothing(file: Path) -> None:
    token = secret(file)
    file.unlink()

    assert not token.refused()
    assert token() == "first"


def test_a_secret_without_a_file_stays_and_shows_itself_nowhere() -> None:
    token = secret(None)

    assert not token.refused()
    assert not token.has_news()
    assert token() == "first"
    assert "first" not in repr(token)
