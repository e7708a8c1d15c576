"""The sign-in to the mail server: where its password may stand, and when it may be sent."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.config import Config, load
from camera_watchdog.errors import ConfigError

PASSWORD: Final = "mail canary 7f3e"
GOOD: Final = {
    "watch_dir": "export",
    "db_path": "camera.db",
    "api_url": "https://edc.example.org",
    "token": "0123456789abcdef",
    "notify_email": ["it@clinic.example"],
    "smtp_host": "mail.clinic.example",
}


def loaded(
    folder: Path, flags: dict[str, object] | None = None, environ: str = "", **settings: object
) -> Config:
    path = folder / "camera_config.json"
    path.write_text(json.dumps(GOOD | settings))
    path.chmod(0o600)
    variables = {"CAMERA_WATCHDOG_SMTP_PASSWORD": environ} if environ else {}
    return load(path, flags or {}, variables)


def problem(folder: Path, **given: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        loaded(folder, **given)
    (only,) = refused.value.problems
    assert PASSWORD not in str(refused.value)
    return str(only)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_password_stands_in_a_file_of_its_own(tmp_path: Path, ending: str) -> None:
    file = tmp_path / "mail.txt"
    file.write_bytes((PASSWORD + ending).encode())
    file.chmod(0o600)

    config = loaded(tmp_path, smtp_user="me", smtp_password_file="mail.txt")

    assert (config.smtp_user, config.smtp_password) == ("me", PASSWORD)
    assert config.smtp_password_file == file
    assert config.warnings == ()
    assert PASSWORD not in repr(config)


def test_a_flag_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"smtp_user": "me", "smtp_password": "of the file"}
    by_flag: dict[str, object] = {"smtp_password": "of the flag"}

    told = [
        loaded(tmp_path, **settings).smtp_password,
        loaded(tmp_path, environ=PASSWORD, **settings).smtp_password,
        loaded(tmp_path, by_flag, environ=PASSWORD, **settings).smtp_password,
    ]

    assert told == ["of the file", PASSWORD, "of the flag"]


def test_a_password_on_the_command_line_is_warned_of(tmp_path: Path) -> None:
    (warning,) = loaded(tmp_path, {"smtp_password": PASSWORD}, smtp_user="me").warnings

    assert "smtp_password_file or CAMERA_WATCHDOG_SMTP_PASSWORD" in warning
    assert PASSWORD not in warning


@pytest.mark.skipif(sys.platform == "win32", reason="rights are told by POSIX modes")
def test_a_file_that_everybody_may_read_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "mail.txt"
    file.write_text(PASSWORD)
    file.chmod(0o644)

    (warning,) = loaded(tmp_path, smtp_user="me", smtp_password_file="mail.txt").warnings

    assert str(file) in warning
    assert "holds a secret" in warning


def test_one_of_the_two_is_not_enough(tmp_path: Path) -> None:
    assert problem(tmp_path, smtp_user="me").startswith("smtp_password: found nothing")
    assert problem(tmp_path, smtp_password=PASSWORD).startswith("smtp_user: found nothing")
    assert loaded(tmp_path, environ=PASSWORD).smtp_user is None


def test_both_places_at_once_and_what_is_no_password_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text(PASSWORD)
    both = {"smtp_password": PASSWORD, "smtp_password_file": "mail.txt"}

    assert "found both" in problem(tmp_path, smtp_user="me", **both)
    assert "line breaks" in problem(tmp_path, smtp_user="me", smtp_password=f"{PASSWORD}\nx")
    assert "no such file" in problem(tmp_path, smtp_user="me", smtp_password_file="absent.txt")


def test_the_password_is_sent_openly_to_nobody_but_this_machine(tmp_path: Path) -> None:
    sign_in: dict[str, Any] = {"smtp_user": "me", "smtp_password": PASSWORD}

    said = problem(tmp_path, smtp_security="none", **sign_in)

    assert said.startswith('smtp_security: found "none", while smtp_user signs in')
    for host in ("127.0.0.1", "localhost", "::1"):
        config = loaded(tmp_path, smtp_security="none", smtp_host=host, **sign_in)
        assert config.smtp_password == PASSWORD
    assert loaded(tmp_path, smtp_security="none").smtp_user is None


def test_a_command_that_tells_nobody_reads_no_password(tmp_path: Path) -> None:
    path = tmp_path / "camera_config.json"
    path.write_text(json.dumps(GOOD | {"smtp_user": "me", "smtp_password_file": "absent.txt"}))

    assert load(path, {}, {}, needs=frozenset()).smtp_password == ""
