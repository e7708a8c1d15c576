"""The search that the whole suite stands under finds what leaks, wherever it does, and nothing else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from canaries import AGE, INITIALS, NO_SEX, TOKEN, found_below, found_in

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "leaked",
    [
        f'{{"token": "{TOKEN}"}}',
        f"the token that ends in {TOKEN[-8:]}",
        f"({INITIALS})",
        f"folder {INITIALS.lower()}_1",
        f"a sex that is {NO_SEX}",
        "Sex: F",
        '{"sex": "F"}',
        "sex=male,",
        "gender = 'm'",
        f"age {AGE},",
        f"{AGE}",
        f"is {AGE}.",
        f'{{"age":{AGE}}}',
        f"-> {AGE} 2026-03-01",
    ],
)
def test_what_leaks_is_found_with_its_line(leaked: str) -> None:
    assert found_in(f"one\n  x {leaked} y  \nthree") == [f"2: x {leaked} y".lower()]
    assert found_in(b"\x00\xff\n" + leaked.encode()) != []


@pytest.mark.parametrize(
    "harmless",
    [
        "Initials, sex or age differ from what the EDC has",
        "the field sex is refused; sex must be one of the two",
        f"1{AGE}7 12:{AGE}x {AGE}:11 0.{AGE} {AGE}.5 2026-{AGE}",
        f"2026-03-01T11:17:00.{AGE}+00:00",
        f'{AGE} bytes of "size": {AGE} by process {AGE}',
        "sha256 " + "0a" * 16,
        "",
    ],
)
def test_what_only_looks_like_it_is_not(harmless: str) -> None:
    assert found_in(harmless) == []


@pytest.mark.parametrize(
    "path, is_read",
    [
        ("daemon.log", True),
        ("logs/daemon.jsonl.3", True),
        ("camera/.camera-watchdog/anything", True),
        ("state/journal.sqlite3-wal", True),
        ("elsewhere/journal.sqlite3.damaged-1", True),
        ("camera/processed/S1_20260301_090000/receipt.json", True),
        ("camera/processed/S1_20260301_090000/camera-watchdog.receipt.json", True),
        ("status.html", True),
        ("out/status.json", True),
        ("units/camera-watchdog.service", True),
        ("camera_config.json", False),
        ("token.txt", False),
        ("camera.sqlite3", False),
        ("camera/S1/report.html", False),
        ("edc/incoming/1.log", False),
    ],
)
def test_what_the_program_writes_is_read_and_what_is_anothers_is_not(
    tmp_path: Path, path: str, *, is_read: bool
) -> None:
    where = tmp_path / "the test's" / path
    where.parent.mkdir(parents=True)
    where.write_bytes(b"one\n" + TOKEN.encode())
    found = found_below(tmp_path)
    where.unlink()  # or it would be found in earnest
    assert found == ([f"{where}:2: {TOKEN}"] if is_read else [])


LEAKS = f"""
import logging, subprocess, sys
import pytest
from camera_watchdog.errors import FileChanged, PermanentError, Unreachable

TOKEN, INITIALS, AGE = "{TOKEN}", "{INITIALS}", {AGE}

def test_leaks_into_the_log():
    logging.getLogger("camera_watchdog.x").warning("S1  has %s", INITIALS)

def test_leaks_into_an_error_that_is_caught():
    with pytest.raises(PermanentError):
        raise PermanentError("field_refused", details={{"age": str(AGE)}})

def test_leaks_into_an_error_of_the_system():
    assert FileChanged(5, "sex: F").errno == 5

def test_leaks_into_stderr():
    print(TOKEN, file=sys.stderr)

def test_leaks_into_stdout_that_is_read(capsys):
    print(INITIALS)
    assert capsys.readouterr().out

def test_leaks_into_a_receipt(tmp_path):
    (tmp_path / "S1_2026").mkdir()
    (tmp_path / "S1_2026" / "receipt.json").write_text(INITIALS)

def test_leaks_into_a_status_page_of_a_folder_that_tests_share(tmp_path_factory):
    (tmp_path_factory.mktemp("shared") / "status.html").write_text(TOKEN)

def test_keeps_everything_to_itself(tmp_path):
    logging.getLogger("camera_watchdog.x").warning("S1  archived")
    (tmp_path / "camera_config.json").write_text(TOKEN)
    with pytest.raises(Unreachable):
        raise Unreachable("the EDC cannot be reached")

def test_leaks_nothing_last_but_follows_a_folder_that_did():
    pass
"""


def test_every_way_out_is_watched(tmp_path: Path) -> None:
    conftest = (
        "from canary_watch import CanaryWatch\n"
        "def pytest_configure(config):\n"
        "    watch = CanaryWatch()\n"
        "    watch.listen()\n"
        "    config.pluginmanager.register(watch)\n"
    )
    (tmp_path / "conftest.py").write_text(conftest, "utf-8")
    (tmp_path / "test_leaks.py").write_text(LEAKS, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    variables = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rE", "--tb=short", "-q"],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    failed = set(re.findall(r"^ERROR test_leaks.py::(\w+)", done.stdout, re.MULTILINE))
    names = set(re.findall(r"^def (test_leaks_\w+)", LEAKS, re.MULTILINE))
    # The folder that tests share is looked into after the last of them.
    names.remove("test_leaks_into_a_status_page_of_a_folder_that_tests_share")
    assert failed == names, done.stdout
    assert "status.html:1: " in done.stdout
    assert "logged:1: " in done.stdout
