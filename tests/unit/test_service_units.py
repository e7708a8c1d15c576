import re
from pathlib import PurePosixPath, PureWindowsPath
from xml.etree import ElementTree as ET

import pytest

from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.service_units import (
    Service,
    config_of_task,
    config_of_unit,
    mounts_apart,
    service_name,
    systemd_unit,
    task_xml,
    written_folders,
)

POSIX = Service(
    python=PurePosixPath("/opt/a b/python"),
    config=PurePosixPath('/etc/cw/100%"$HOME.json'),
    user="camera",
    writes=(PurePosixPath("/srv/eye 1"), PurePosixPath("/var/lib/cw")),
)
WINDOWS = Service(
    python=PureWindowsPath(r"C:\Program Files\Python\pythonw.exe"),
    config=PureWindowsPath(r"C:\Clinic & Co\camera config.json"),
    user=r"CLINIC\nurse",
    writes=(),
)
NS = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"

# The documented order of each element's children, from the pages of the Task Scheduler schema
# (taskType, registrationInfoType, triggerBaseType, repetitionType, settingsType, restartType,
# principalType, actionsType, execType). Those of triggerBaseType are a sequence, the others "all".
ORDER = {
    "Task": ("RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions"),
    "RegistrationInfo": (
        "URI",
        "SecurityDescriptor",
        "Source",
        "Date",
        "Author",
        "Version",
        "Description",
        "Documentation",
    ),
    "Triggers": ("BootTrigger", "RegistrationTrigger"),
    "BootTrigger": (
        "Enabled",
        "StartBoundary",
        "EndBoundary",
        "Repetition",
        "ExecutionTimeLimit",
        "Delay",
    ),
    "RegistrationTrigger": (
        "Enabled",
        "StartBoundary",
        "EndBoundary",
        "Repetition",
        "ExecutionTimeLimit",
        "Delay",
    ),
    "Repetition": ("Interval", "Duration", "StopAtDurationEnd"),
    "Settings": (
        "AllowStartOnDemand",
        "RestartOnFailure",
        "MultipleInstancesPolicy",
        "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries",
        "AllowHardTerminate",
        "StartWhenAvailable",
        "NetworkProfileName",
        "RunOnlyIfNetworkAvailable",
        "WakeToRun",
        "Enabled",
        "Hidden",
        "DeleteExpiredTaskAfter",
        "IdleSettings",
        "NetworkSettings",
        "ExecutionTimeLimit",
        "Priority",
        "RunOnlyIfIdle",
        "UseUnifiedSchedulingEngine",
        "DisallowStartOnRemoteAppSession",
    ),
    "RestartOnFailure": ("Interval", "Count"),
    "Principals": ("Principal",),
    "Principal": ("UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"),
    "Actions": ("Exec",),
    "Exec": ("Command", "Arguments", "WorkingDirectory"),
}
DURATION = re.compile(r"PT(\d+[HMS])+")
VALUES = {
    "Interval": DURATION,
    "ExecutionTimeLimit": DURATION,
    "Count": re.compile(r"[1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-5]"),  # unsignedByte from 1
    "MultipleInstancesPolicy": re.compile(r"Parallel|Queue|IgnoreNew|StopExisting"),
    "LogonType": re.compile(r"S4U|Password|InteractiveToken"),
    "RunLevel": re.compile(r"LeastPrivilege|HighestAvailable"),
    "UserId": re.compile(r".+"),
    "URI": re.compile(r"\\.+"),
    "Description": re.compile(r".+"),
    "Command": re.compile(r".+"),
    "Arguments": re.compile(r".*"),
    "WorkingDirectory": re.compile(r".+"),
}
BOOLEAN = re.compile("true|false")


def parsed(service: Service) -> ET.Element:
    text = task_xml(service)
    assert text.startswith('<?xml version="1.0"?>\n')
    return ET.fromstring(text.encode("utf-16"))  # noqa: S314  # our own text


def at(task: ET.Element, path: str) -> str | None:
    return task.findtext("/".join(f"{NS}{name}" for name in path.split("/")))


@pytest.mark.parametrize(
    "service", [WINDOWS, Service(WINDOWS.python, WINDOWS.config, "SYSTEM", (), needs_shares=True)]
)
def test_every_element_of_the_task_stands_where_the_schema_has_it(service: Service) -> None:
    task = parsed(service)
    assert task.tag == f"{NS}Task"
    assert task.get("version") == "1.2"
    looked_at = 0
    for element in task.iter():
        name = element.tag.removeprefix(NS)
        looked_at += 1
        children = [child.tag.removeprefix(NS) for child in element]
        if not children:
            assert VALUES.get(name, BOOLEAN).fullmatch(element.text or ""), name
            continue
        places = [ORDER[name].index(child) for child in children]
        assert places == sorted(set(places)), name
    assert looked_at > 25
    principals = {each.get("id") for each in task.iter(f"{NS}Principal")}
    assert {each.get("Context") for each in task.iter(f"{NS}Actions")} == principals


def test_the_task_runs_for_ever_without_a_window_and_comes_back() -> None:
    task = parsed(WINDOWS)
    assert at(task, "Settings/ExecutionTimeLimit") == "PT0S"
    assert at(task, "Settings/DisallowStartIfOnBatteries") == "false"
    assert at(task, "Settings/StopIfGoingOnBatteries") == "false"
    assert at(task, "Settings/MultipleInstancesPolicy") == "IgnoreNew"
    assert at(task, "Settings/Hidden") == "true"
    assert at(task, "Settings/RestartOnFailure/Interval") == "PT1M"
    assert at(task, "Triggers/BootTrigger/Repetition/Interval") == "PT5M"
    assert at(task, "Triggers/BootTrigger/Repetition/Duration") is None
    assert at(task, "Triggers/RegistrationTrigger/Repetition/Interval") == "PT5M"


def test_the_task_names_this_installation_in_full() -> None:
    task = parsed(WINDOWS)
    assert at(task, "Actions/Exec/Command") == r"C:\Program Files\Python\pythonw.exe"
    assert at(task, "Actions/Exec/Arguments") == (
        r'-m camera_watchdog run --config "C:\Clinic & Co\camera config.json"'
    )
    assert at(task, "Actions/Exec/WorkingDirectory") == r"C:\Clinic & Co"


@pytest.mark.parametrize(
    "user,needs_shares,user_id,logon",
    [
        (r"CLINIC\nurse", False, r"CLINIC\nurse", "S4U"),
        (r"CLINIC\nurse", True, r"CLINIC\nurse", "Password"),
        ("SYSTEM", False, "S-1-5-18", None),
        (r"NT AUTHORITY\Local Service", False, "S-1-5-19", None),
        ("NetworkService", True, "S-1-5-20", None),
    ],
)
def test_the_account_logs_on_as_it_can(
    user: str, user_id: str, logon: str | None, *, needs_shares: bool
) -> None:
    task = parsed(Service(WINDOWS.python, WINDOWS.config, user, (), needs_shares))
    assert at(task, "Principals/Principal/UserId") == user_id
    assert at(task, "Principals/Principal/LogonType") == logon


def test_the_unit_escapes_what_systemd_would_read_as_its_own() -> None:
    unit = systemd_unit(POSIX)
    assert (
        'ExecStart="/opt/a b/python" "-m" "camera_watchdog" "run" "--config" '
        '"/etc/cw/100%%\\"$$HOME.json"\n'
    ) in unit
    assert 'ReadWritePaths="-/srv/eye 1"\nReadWritePaths="-/var/lib/cw"\n' in unit


def test_the_unit_is_started_again_after_all_but_a_mistake_of_a_person() -> None:
    lines = systemd_unit(POSIX).splitlines()
    for line in (
        "Type=notify",
        "Restart=always",
        "RestartPreventExitStatus=2 78",
        "StartLimitIntervalSec=0",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "PrivateTmp=yes",
        "User=camera",
    ):
        assert line in lines
    assert any(line.startswith("WatchdogSec=") for line in lines)


def test_a_folder_below_tmp_stays_visible() -> None:
    service = Service(POSIX.python, POSIX.config, "camera", (PurePosixPath("/tmp/watch"),))  # noqa: S108
    assert "PrivateTmp=no" in systemd_unit(service)


ODD_CONFIGS = (
    '/etc/cw/100%"$HOME.json',
    "/srv/the left \\camera's/kamera \u00f6.json",
    "/a/$$%%.json",
    "/a/camera_config.json",
)


@pytest.mark.parametrize("config", ODD_CONFIGS)
def test_a_unit_tells_which_configuration_it_starts(config: str) -> None:
    service = Service(POSIX.python, PurePosixPath(config), "camera", ())
    assert config_of_unit(systemd_unit(service)) == config
    assert config_of_unit("[Service]\nExecStart=/bin/true\n") == ""


def test_a_task_tells_which_configuration_it_starts() -> None:
    assert config_of_task(task_xml(WINDOWS)) == r"C:\Clinic & Co\camera config.json"
    assert config_of_task("<Task/>") == ""


def test_a_service_is_named_after_its_configuration_alone() -> None:
    names = {
        service_name(PurePosixPath(config)) for config in (*ODD_CONFIGS, "/b/camera_config.json")
    }
    assert len(names) == len(ODD_CONFIGS) + 1
    for name in names:
        assert re.fullmatch(r"camera-watchdog-[A-Za-z0-9._-]+-[0-9a-f]{8}", name)
    assert service_name(PurePosixPath("/a/left.json")).startswith("camera-watchdog-left-")
    assert service_name(PureWindowsPath(r"C:\A.json")) == service_name(
        PureWindowsPath(r"c:\a.json")
    )


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\u2028", "\x00", "\x1b"])
@pytest.mark.parametrize("field", ["user", "config", "python", "writes"])
def test_no_value_ends_a_line_of_a_unit(field: str, end: str) -> None:
    values = {"python": "/p", "config": "/c.json", "user": "camera", "writes": "/w"}
    values[field] += f"{end}ExecStartPre=/bin/true"
    with pytest.raises(CameraWatchdogError, match="line break"):
        Service(
            PurePosixPath(values["python"]),
            PurePosixPath(values["config"]),
            values["user"],
            (PurePosixPath(values["writes"]),),
        )


OPENED = {
    "the default, inside": ("/srv/camera", "/srv/camera/processed", ["/srv/camera"]),
    "the camera's folder inside": ("/srv/a/camera", "/srv/a", ["/srv/a"]),
    "beside each other": ("/srv/camera", "/srv/archive", ["/srv"]),
    "far apart": ("/srv/data/left/camera", "/srv/data/done/2026", ["/srv/data"]),
    "names that begin alike": ("/srv/camera", "/srv/camera2", ["/srv"]),
}


@pytest.mark.parametrize("case", OPENED)
def test_a_unit_opens_one_parent_of_the_camera_s_folder_and_the_archive(case: str) -> None:
    watch_dir, archive_dir = (PurePosixPath(path) for path in OPENED[case][:2])
    others = [PurePosixPath("/var/lib/cw"), watch_dir / "log", PurePosixPath("/opt/db")]
    writes = written_folders(watch_dir, archive_dir, others)
    assert [str(path) for path in writes] == [*OPENED[case][2], "/var/lib/cw", "/opt/db"]
    unit = systemd_unit(Service(POSIX.python, POSIX.config, "camera", writes))
    assert not mounts_apart(unit, watch_dir, archive_dir)
    assert "ProtectSystem=strict" in unit


@pytest.mark.parametrize(
    "watch_dir, archive_dir", [("/camera", "/archive"), ("/home/clinic/camera", "/srv/archive")]
)
def test_where_nothing_but_the_root_holds_both_nothing_is_mounted_at_all(
    watch_dir: str, archive_dir: str
) -> None:
    paths = PurePosixPath(watch_dir), PurePosixPath(archive_dir)
    writes = written_folders(*paths, [PurePosixPath("/var/lib/cw")])
    unit = systemd_unit(Service(POSIX.python, POSIX.config, "camera", writes))
    assert "ReadWritePaths" not in unit
    assert "ProtectSystem=full\nProtectHome=no\n" in unit
    assert not mounts_apart(unit, *paths)


@pytest.mark.parametrize(
    "unit, apart",
    [
        ('ReadWritePaths="-/srv/eye camera"\nReadWritePaths="-/srv/archive"\n', True),
        ("ReadWritePaths=-/srv/archive\n", True),
        ('ReadWritePaths="/srv/eye camera" /srv/archive\n', True),
        ('ReadWritePaths=/srv\nReadWritePaths="/srv/eye camera"\n', True),
        ('BindPaths="/srv/eye camera"\n', True),
        ("ReadWritePaths=/srv\n", False),
        ("ReadWritePaths=/srv /var/lib/cw\n", False),
        ("", False),
    ],
)
def test_what_a_unit_mounts_apart_is_seen_in_it_whoever_wrote_it(unit: str, *, apart: bool) -> None:
    watch_dir, archive_dir = PurePosixPath("/srv/eye camera"), PurePosixPath("/srv/archive")
    assert mounts_apart(unit, watch_dir, archive_dir) is apart
    assert mounts_apart("ProtectHome=read-only\n", PurePosixPath("/home/a"), archive_dir)
