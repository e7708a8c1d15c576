import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camera_watchdog.config import load, values
from camera_watchdog.config.checks import on_network
from camera_watchdog.config.file import places_named, read_secret, read_settings
from camera_watchdog.errors import ConfigError, Problem
from canaries import TOKEN

GOOD = '{"watch_dir": "x", "db_path": "y", "api_url": "https://edc.example", "token": "t"}'


def said_of(folder: Path, raw: bytes) -> str:
    """What is said of a file that cannot be used."""
    path = folder / "camera_config.json"
    path.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        load(path, {}, {})
    assert TOKEN not in str(caught.value)
    assert len(caught.value.problems) == 1  # and nothing of what the file then lacks
    return str(caught.value)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_utf8_is_read_with_and_without_a_mark(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "camera_config.json"
    path.write_bytes(mark + GOOD.encode())
    assert load(path, {}, {}).token == "t"


TEXT = f'{{\n  "token": "{TOKEN}"'


@pytest.mark.parametrize(
    "raw,said",
    [
        (b"", "an empty file"),
        (GOOD.encode("utf-16"), "UTF-16"),
        (GOOD.encode("utf-16-le"), "UTF-16"),
        ((TEXT + ', "device_id": "Ä"}').encode("latin-1"), "not UTF-8, first in line 2"),
        (f"{TEXT}\n  oops}}".encode(), "line 3, column 3"),
        (f'{TEXT}, "watch_dir": "D:\\Camera\\Export"}}'.encode(), "for each backslash"),
        (f'{TEXT}, "watch_dir": "C:\\users"}}'.encode(), "for each backslash"),
        (b"[" * 100_000, "no program can read"),
        (b'{"workers": ' + b"9" * 5000 + b"}", "no program can read"),
        (f'["{TOKEN}"]'.encode(), "a list"),
        (f'"{TOKEN}"'.encode(), "a text"),
        (b"null", "null"),
        (b" " * 1_000_001, "megabyte"),
        (GOOD.replace('"x"', f'"x", "token": "{TOKEN}"').encode(), "token: found the key more"),
    ],
)
def test_a_file_that_cannot_be_used_is_explained(tmp_path: Path, raw: bytes, said: str) -> None:
    message = said_of(tmp_path, raw)
    assert said in message
    assert "camera_config.json" in message


def test_a_file_that_is_not_there_is_one_problem_and_so_are_the_flags(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "absent.json", {"workers": "0"}, {})
    assert [p.key for p in caught.value.problems] == [str(tmp_path / "absent.json"), "--workers"]
    assert "--config" in caught.value.problems[0].advice


def test_a_folder_in_the_place_of_the_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a folder"):
        load(tmp_path, {}, {})


@pytest.mark.skipif(os.name != "posix", reason="there are no named pipes in folders of Windows")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    _settings, problems = read_settings(tmp_path / "pipe")
    assert "no file" in problems[0].found


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), ValueError("null")])
def test_a_file_that_may_not_be_read_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = tmp_path / "camera_config.json"
    path.write_text(GOOD)

    def refuse(*_args: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    found, problems = read_settings(path)
    assert found is None
    assert "cannot be read" in problems[0].found


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.text().map(lambda text: json.dumps(text).encode()[1:]))
def test_any_bytes_at_all_raise_nothing(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "camera_config.json"
    path.write_bytes(raw)
    found, problems = read_settings(path)
    assert found is not None or problems


def remote_drive(root: str) -> bool:
    return root == "Z:\\"


@pytest.mark.parametrize(
    "path,remote",
    [
        ("\\\\server\\share\\Export", True),
        ("//server/share/Export", True),
        ("\\\\?\\UNC\\server\\share", True),
        ("\\\\?\\C:\\Export", False),
        ("\\\\.\\C:\\Export", False),
        ("Z:\\Export", True),
        ("C:\\Export", False),
        ("Export", False),
    ],
)
def test_a_share_of_windows_is_told_by_its_path_or_drive(path: str, *, remote: bool) -> None:
    assert on_network(Path(path), windows=True, is_remote=remote_drive) is remote
    assert not on_network(Path(path), windows=False, is_remote=remote_drive)


@pytest.mark.parametrize("state,found", [(None, "nothing"), ("far/state", "share"), ("near", "")])
def test_on_a_share_the_state_folder_must_be_named_and_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str | None, found: str
) -> None:
    monkeypatch.setattr(
        "camera_watchdog.config.checks.on_network", lambda path: "far" in path.parts
    )
    flags = {
        "watch_dir": str(tmp_path / "far"),
        "db_path": "y",
        "api_url": "https://e",
        "token": "t",
    }
    if state:
        flags["state_dir"] = str(tmp_path / state)
    if not found:
        assert load(None, flags, {}).state_dir == tmp_path / "near"
        return
    with pytest.raises(ConfigError) as caught:
        load(None, flags, {})
    assert [found in p.found for p in caught.value.problems] == [True]


@pytest.mark.parametrize(
    "text, where",
    [
        ('{\n  "workers": 4,\n}\n', "line 2, column 15: a comma with nothing behind it"),
        ('{"ignore": [\n  "x",\n\n]}', "line 2, column 6: a comma with nothing behind it"),
        ('{\n  "workers": 4\n  "proxy": ""\n}', "line 2, column 14: a comma is missing behind"),
        ('{\n  "workers": 4,\n  // no comment\n}', "line 3, column 3"),
    ],
)
def test_a_comma_too_many_or_too_few_is_pointed_at(tmp_path: Path, text: str, where: str) -> None:
    path = tmp_path / "camera_config.json"
    path.write_text(text, "utf-8")
    read, (problem,) = read_settings(path)
    assert read is None
    assert where in problem.found


def test_a_secret_s_file_that_is_not_there_is_named_with_what_lies_beside_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "token.txt.txt").write_text("0123456789abcdef", "utf-8")
    told = read_secret(tmp_path / "token.txt", values.TOKEN, "token_file", "token")
    assert isinstance(told, Problem)
    assert f'as "{tmp_path / "token.txt"}"' in told.advice
    assert "Is it token.txt.txt, which is there?" in told.advice


def test_a_token_in_the_place_of_its_file_is_not_quoted(tmp_path: Path) -> None:
    token = "0123456789abcdef0123456789abcdef01234567"
    told = read_secret(tmp_path / token, values.TOKEN, "token_file", "token")
    assert isinstance(told, Problem)
    assert token not in str(told)
    assert str(tmp_path) in told.advice


@pytest.mark.parametrize(
    "raw, places",
    [
        (b'{"state_dir": "C:\\\\CW\\\\state",, }', {"state_dir": "C:\\CW\\state"}),
        (b'{"state_dir": "C:\\CW\\new", "log_file": "D:\\t\\log.txt"}', {"state_dir": "C:\\CW\\new", "log_file": "D:\\t\\log.txt"}),
        (b'{"log_file" : "a\\u00e9" "token": "0123"', {"log_file": "a\u00e9"}),
        ('{"watch_dir": "Bilder\u00e4",}'.encode("cp1252"), {"watch_dir": "Bilder\u00e4"}),
        ('{"watch_dir": "x"}'.encode("utf-16"), {"watch_dir": "x"}),
        (b'{"watch_dir": 3, "state_dir": ["x"], "api_url": "y"}', {}),
        (b"", {}),
    ],
)  # fmt: skip
def test_where_people_look_is_known_of_a_file_that_is_no_json(
    tmp_path: Path, raw: bytes, places: dict[str, str]
) -> None:
    path = tmp_path / "camera_config.json"
    path.write_bytes(raw)
    assert places_named(path) == places


def test_a_file_that_is_not_there_names_no_places(tmp_path: Path) -> None:
    assert places_named(tmp_path / "none.json") == {}
    assert places_named(tmp_path) == {}
