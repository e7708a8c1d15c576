import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from camera_watchdog import cli
from camera_watchdog.config.schema import SCHEMA_NAME, json_schema, sample
from camera_watchdog.this_program import this_program


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CAMERA_WATCHDOG_TOKEN", raising=False)
    return tmp_path


def test_a_sample_and_its_schema_are_written_for_this_account_only(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["init"]) == 0
    path = here / "camera_config.json"
    assert json.loads(path.read_text("utf-8")) == sample({})
    assert json.loads((here / SCHEMA_NAME).read_text("utf-8")) == json_schema()
    out, err = capsys.readouterr()
    assert out == f"{path}\n"
    assert f"{this_program()} check" in err
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["mine.json", "folder"])
def test_it_goes_where_told(here: Path, name: str) -> None:
    (here / "folder").mkdir()
    assert cli.main(["init", name]) == 0
    assert (here / "mine.json").exists() or (here / "folder/camera_config.json").exists()
    assert not (here / "camera_config.json").exists()


def test_it_goes_next_to_the_cameras_folder_where_nothing_else_is_told(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "camera" / "export").mkdir(parents=True)
    assert cli.main(["init", "--watch-dir", "camera/export"]) == 0
    path = here / "camera" / "camera_config.json"
    assert capsys.readouterr().out == f"{path}\n"
    assert json.loads(path.read_text("utf-8"))["watch_dir"] == str(here / "camera" / "export")
    assert (here / "camera" / SCHEMA_NAME).exists()

    assert cli.main(["init", "--watch-dir", "not/there/yet"]) == 0
    assert (here / "camera_config.json").exists()


def test_nothing_is_ever_overwritten(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "camera_config.json").write_text("mine")
    assert cli.main(["init"]) == 1
    assert "exists already" in capsys.readouterr().err
    assert (here / "camera_config.json").read_text() == "mine"
    (here / SCHEMA_NAME).write_text("other")
    assert cli.main(["init", "new.json"]) == 0
    assert (here / SCHEMA_NAME).read_text() == "other"
    assert "left as it is" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["init", "no/such/folder.json"]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_flags_are_filled_in_as_the_file_has_them(here: Path) -> None:
    flags = ["--workers", "2", "--eye-sources", "database,dicom", "--log-file", "x.log"]
    assert cli.main(["init", *flags, "--allow-insecure-http"]) == 0
    made = json.loads((here / "camera_config.json").read_text("utf-8"))
    assert made["workers"] == 2
    assert isinstance(made["workers"], int)
    assert made["eye_sources"] == ["database", "dicom"]
    assert made["log_file"] == str(here / "x.log")
    assert made["allow_insecure_http"] is True


def test_a_flag_that_no_key_takes_writes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["init", "--workers", "many"]) == cli.Exit.BAD_CONFIG
    assert "--workers" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_the_mapping_that_check_would_suggest_is_filled_in(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "watch/105-10-0001-2").mkdir(parents=True)
    (here / "watch/105-10-0001-2/A1.jpg").write_bytes(b"x")
    with closing(sqlite3.connect(here / "c.db")) as database:
        database.execute("CREATE TABLE pics (code TEXT, stored TEXT, aspect TEXT, who TEXT)")
        database.execute("INSERT INTO pics VALUES ('105-10-0001-2', 'x/A1.jpg', 'OD', 'Zaituni')")
        database.commit()
    flags = ["--db-path", "c.db", "--watch-dir", "watch", "--db-image-eye", "mine"]
    assert cli.main(["init", *flags]) == 0
    made = json.loads((here / "camera_config.json").read_text("utf-8"))
    assert made["db_path"] == str(here / "c.db")
    assert made["db_image_table"] == "pics"
    assert made["db_image_filename"] == "stored"
    assert made["db_image_eye"] == "mine"
    assert "Zaituni" not in capsys.readouterr().err


def test_a_database_that_cannot_be_read_is_said_and_the_file_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["init", "--db-path", "none.db"]) == 0
    assert "is not there" in capsys.readouterr().err
    assert (here / "camera_config.json").exists()


def test_the_schema_is_printed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["init", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()
    assert list(here.iterdir()) == []


def test_a_token_s_file_that_is_not_here_is_one_beside_the_configuration(here: Path) -> None:
    (here / "camera" / "export").mkdir(parents=True)
    where = ["--watch-dir", "camera/export", "--token-file"]
    assert cli.main(["init", *where, "token.txt"]) == 0
    made = json.loads((here / "camera" / "camera_config.json").read_text("utf-8"))
    assert made["token_file"] == "token.txt"

    (here / "mine.txt").write_text("0123456789abcdef", "utf-8")
    assert cli.main(["init", "other.json", *where, "mine.txt"]) == 0
    made = json.loads((here / "other.json").read_text("utf-8"))
    assert made["token_file"] == str(here / "mine.txt")
