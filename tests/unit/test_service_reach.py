"""What a service of Windows does not reach: a person's profile, a drive of one session; and ``%``."""

from pathlib import PureWindowsPath
from typing import Final

import pytest

from camera_watchdog.service_reach import (
    account_of_task,
    in_profiles,
    on_session_drives,
    read_as_variables,
    users_folder,
)
from camera_watchdog.service_units import Service, config_of_task, task_xml

USERS: Final = PureWindowsPath(r"C:\Users")
OF_ANNA: Final = PureWindowsPath(
    r"c:\users\Anna\AppData\Local\Programs\Python\Python313\pythonw.exe"
)
OF_ALL: Final = PureWindowsPath(r"C:\Program Files\Python313\pythonw.exe")
PUBLIC: Final = PureWindowsPath(r"C:\Users\Public\Pictures\camera")


@pytest.mark.parametrize(
    "account",
    ["LOCAL SERVICE", r"NT AUTHORITY\NetworkService", "S-1-5-19", r"CLINIC\nurse", "nurse"],
)
def test_an_account_reaches_nothing_in_the_profile_of_another(account: str) -> None:
    places = {"Python": OF_ANNA, "base": OF_ALL, "watch_dir": PUBLIC}
    assert in_profiles(account, places, USERS) == {"Python": OF_ANNA}


@pytest.mark.parametrize("account", ["SYSTEM", "S-1-5-18", r"CLINIC\anna", "Anna"])
def test_its_owner_and_the_system_reach_a_profile(account: str) -> None:
    assert in_profiles(account, {"Python": OF_ANNA}, USERS) == {}


def test_a_profile_that_has_the_domain_behind_its_name_is_its_owners() -> None:
    place = PureWindowsPath(r"C:\Users\anna.CLINIC\python.exe")
    assert in_profiles(r"CLINIC\anna", {"Python": place}, USERS) == {}


def test_the_folder_above_all_profiles_is_nobodys() -> None:
    assert in_profiles("LOCAL SERVICE", {"watch_dir": USERS}, USERS) == {}
    assert users_folder({"PUBLIC": r"D:\Profiles\Public"}) == PureWindowsPath(r"D:\Profiles")
    assert users_folder({}) == USERS


def test_a_drive_of_the_session_is_seen_in_every_place() -> None:
    places = {
        "watch_dir": PureWindowsPath(r"Z:\exams"),
        "db_path": PureWindowsPath(r"\\nas\camera\camera.db"),
        "archive_dir": PureWindowsPath(r"C:\archive"),
        "the configuration": PureWindowsPath(r"z:\camera_config.json"),
    }
    found = on_session_drives(places, lambda drive: drive.upper() == "Z:")
    assert list(found) == ["watch_dir", "the configuration"]


def test_what_the_task_scheduler_takes_for_a_variable_is_named() -> None:
    odd = PureWindowsPath(r"C:\100%TEMP%\camera_config.json")
    plain = PureWindowsPath(r"C:\Käufe & Söhne 50%\c.json")
    assert read_as_variables([odd, plain]) == (odd,)


@pytest.mark.parametrize("user, told", [("LOCAL SERVICE", "S-1-5-19"), (r"A\b", r"A\b")])
def test_a_task_tells_under_whom_it_runs(user: str, told: str) -> None:
    assert account_of_task(task_xml(Service(OF_ALL, OF_ALL, user, ()))) == told
    assert account_of_task("") == ""


@pytest.mark.parametrize("folder", ["Käufe & Söhne", "50% of it", "a b", "Łódź", "<it's>;"])
def test_a_task_keeps_every_character_of_its_file_and_is_ascii_itself(folder: str) -> None:
    """Whatever code page it is printed or kept in: it says none, and needs none."""
    config = PureWindowsPath(f"C:\\{folder}\\camera_config.json")
    xml = task_xml(Service(OF_ALL, config, "nurse", ()))
    assert xml.isascii()
    assert config_of_task(xml) == str(config)
