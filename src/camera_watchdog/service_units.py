"""The texts that start the daemon unattended: a systemd unit, a task of Windows' Task Scheduler.

Pure: paths and names in, text out. Both name everything in full, for a service has neither a current
folder nor a search path of its own.
"""

import hashlib
import re
import subprocess
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Final
from xml.etree import ElementTree as ET

from camera_watchdog.errors import CameraWatchdogError

__all__ = [
    "NAME",
    "Service",
    "config_of_task",
    "config_of_unit",
    "mounts_apart",
    "service_account",
    "service_name",
    "systemd_unit",
    "task_xml",
    "written_folders",
]

NAME: Final = "camera-watchdog"
"""What the names of all services begin with; the whole name of those of the first release."""

_DESCRIPTION: Final = "Brings fundus images from the camera's folder to the EDC"
_TASK_NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_IN_NO_UNIT: Final = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's categories: control characters, half of a pair, line and paragraph separators."""
_SERVICE_ACCOUNTS: Final = {
    "system": "S-1-5-18",
    "localsystem": "S-1-5-18",
    "local service": "S-1-5-19",
    "localservice": "S-1-5-19",
    "network service": "S-1-5-20",
    "networkservice": "S-1-5-20",
}


def service_name(config: PurePath) -> str:
    """The name of the service of a configuration, which no other file's has: of its path in full."""
    # Windows takes names that differ in case alone for one.
    path = str(config).lower() if isinstance(config, PureWindowsPath) else str(config)
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", type(config)(path).stem)[:40]
    digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{NAME}-{stem}-{digest[:8]}"


@dataclass(frozen=True, slots=True)
class Service:
    """What is to be started: the interpreter, the configuration, the account, the folders written.

    ``makes`` are the folders that must be there before it starts, ``log`` is where a task's messages are.

    Raises:
        CameraWatchdogError: a line break, or another control character, is in one of them. It would
            end the line of a unit, and is in no XML.
    """

    python: PurePath
    config: PurePath
    user: str
    writes: tuple[PurePath, ...]
    needs_shares: bool = False
    makes: tuple[PurePath, ...] = ()
    log: PurePath | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot stand in a unit or a task."""
        for name, value in (
            ("the account", self.user),
            ("the configuration's path", str(self.config)),
            ("the interpreter's path", str(self.python)),
            *(("a folder's path", str(path)) for path in self.writes),
        ):
            if any(unicodedata.category(char) in _IN_NO_UNIT for char in value):
                raise CameraWatchdogError(
                    f"A service cannot be made: {name}, {value!r}, holds a line break or another "
                    "control character. Give it a name without."
                )

    @property
    def name(self) -> str:
        """The name of the unit or task."""
        return service_name(self.config)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows the interpreter on the command line."""
        return ("-m", "camera_watchdog", "run", "--config", str(self.config))


def written_folders(
    watch_dir: PurePath, archive_dir: PurePath, others: Iterable[PurePath]
) -> tuple[PurePath, ...]:
    """The folders that a unit must open for writing, none below another.

    systemd makes each of them a mount of its own, and no folder can be renamed from one mount to
    another: the camera's folder and the archive are opened by their common parent.
    """
    above = {archive_dir, *archive_dir.parents}
    together = next((each for each in (watch_dir, *watch_dir.parents) if each in above), watch_dir)
    folders = dict.fromkeys((together, *others))
    return tuple(
        each for each in folders if not any(each != o and each.is_relative_to(o) for o in folders)
    )


def mounts_apart(unit: str, watch_dir: PurePath, archive_dir: PurePath) -> bool:
    """Whether a unit makes two mounts of the camera's folder and the archive."""
    opened = {
        PurePosixPath(word.lstrip("-+"))
        for line in re.findall(r"^(?:ReadWritePaths|BindPaths)=(.*)$", unit, re.MULTILINE)
        for word in _words_of(line)
    }
    if re.search(r"^ProtectHome=(?:read-only|yes|true|tmpfs)$", unit, re.MULTILINE):
        opened |= {PurePosixPath(name) for name in ("/home", "/root", "/run/user")}
    mounts = [
        next((each for each in (path, *path.parents) if each in opened), None)
        for path in (watch_dir, archive_dir)
    ]
    return mounts[0] != mounts[1]


def _words_of(line: str) -> list[str]:
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    return [
        re.sub(r"\\(.)", r"\1", (quoted or plain).replace("%%", "%")) for quoted, plain in found
    ]


def systemd_unit(service: Service) -> str:
    """A unit (systemd.service(5)) that runs the daemon with no more rights than it needs.

    It is started again after every end but two: the command line (2) and the configuration (78)
    do not mend by themselves.
    """
    command = " ".join(_in_command(word) for word in (str(service.python), *service.arguments))
    writes, system, home = _protection(service.writes)
    private_tmp = "no" if any(_is_temporary(path) for path in service.writes) else "yes"
    return f"""\
# {service.name}.service
[Unit]
Description={_DESCRIPTION}
Wants=network-online.target
After=network-online.target local-fs.target remote-fs.target
# Never give up starting it again.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
User={service.user.replace("%", "%%")}
UMask=0027
WatchdogSec=120
TimeoutStartSec=120
TimeoutStopSec=15
Restart=always
RestartSec=10
RestartPreventExitStatus=2 78

# It reads the camera's files, writes below these folders, and speaks to the EDC.
{writes}
ProtectSystem={system}
ProtectHome={home}
PrivateTmp={private_tmp}
PrivateDevices=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def _protection(writes: Iterable[PurePath]) -> tuple[str, str, str]:
    """The lines that open folders for writing, ``ProtectSystem`` and ``ProtectHome``.

    Where nothing but the root holds the camera's folder and the archive no mount can be made at all.
    """
    if any(path == path.parent for path in writes):
        return "", "full", "no"
    lines = "\n".join(f"ReadWritePaths={_quoted(f'-{path}')}" for path in writes)
    return lines, "strict", "read-only"


def config_of_unit(text: str) -> str:
    """The configuration that a unit of :func:`systemd_unit` starts; empty where it is none of these."""
    found = re.search(r'^ExecStart=.*"--config" "((?:[^"\\]|\\.)*)"$', text, re.MULTILINE)
    if found is None:
        return ""
    return re.sub(r"\\(.)", r"\1", found[1].replace("$$", "$").replace("%%", "%"))


def _in_command(word: str) -> str:
    """A word of ExecStart=, in which ``%`` and ``$`` have a meaning."""
    return _quoted(word).replace("$", "$$")


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _is_temporary(path: PurePath) -> bool:
    return any(path.is_relative_to(folder) for folder in ("/tmp", "/var/tmp"))  # noqa: S108  # asked about, not used


def task_xml(service: Service) -> str:
    """A task (task scheduler schema 1.2) that runs from start-up on, whoever is logged on.

    The scheduler takes an exit code for no failure, so the triggers repeat: where the daemon runs
    still, the new start is ignored. The task has no window and no time limit. An account of a
    person needs no password (S4U) unless something is on a share.
    """
    ET.register_namespace("", _TASK_NAMESPACE)
    task = ET.Element(_tag("Task"), {"version": "1.2"})
    _add(task, "RegistrationInfo", {"URI": f"\\{service.name}", "Description": f"{_DESCRIPTION}."})
    triggers = _add(task, "Triggers", {})
    for trigger in ("BootTrigger", "RegistrationTrigger"):
        repetition = {"Interval": "PT5M", "StopAtDurationEnd": "false"}
        _add(_add(triggers, trigger, {}), "Repetition", repetition)
    settings = _add(task, "Settings", {"AllowStartOnDemand": "true"})
    _add(settings, "RestartOnFailure", {"Interval": "PT1M", "Count": "255"})
    for name, value in (
        ("MultipleInstancesPolicy", "IgnoreNew"),
        ("DisallowStartIfOnBatteries", "false"),
        ("StopIfGoingOnBatteries", "false"),
        ("AllowHardTerminate", "true"),
        ("StartWhenAvailable", "true"),
        ("RunOnlyIfNetworkAvailable", "false"),
        ("Enabled", "true"),
        ("Hidden", "true"),
        ("ExecutionTimeLimit", "PT0S"),
        ("RunOnlyIfIdle", "false"),
    ):
        ET.SubElement(settings, _tag(name)).text = value
    principal = _add(_add(task, "Principals", {}), "Principal", _account(service))
    principal.set("id", "Author")
    actions = _add(task, "Actions", {})
    actions.set("Context", "Author")
    command = {
        "Command": str(service.python),
        "Arguments": subprocess.list2cmdline(service.arguments),
        "WorkingDirectory": str(service.config.parent),
    }
    _add(actions, "Exec", command)
    ET.indent(task)
    # ASCII, which is the same in every code page, and no encoding is named: schtasks refuses a file
    # whose bytes are in another one than it says.
    body = ET.tostring(task, encoding="us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0"?>\n{body}\n'


def config_of_task(xml: str) -> str:
    """The configuration that a task of :func:`task_xml` starts; empty where it is none of these."""
    found = re.search(r"<Arguments>.* --config (.+)</Arguments>", xml)
    if found is None:
        return ""
    arguments = ET.fromstring(f"<a>{found[1]}</a>").text or ""  # noqa: S314  # the text of an element
    return arguments.strip('"')


def service_account(user: str) -> str:
    """The identifier of an account of Windows' own, by its name or by itself; empty for any other."""
    name = re.sub(r"(?i)^nt authority\\", "", user.strip())
    known = _SERVICE_ACCOUNTS.get(name.lower(), "")
    return name.upper() if name.upper() in _SERVICE_ACCOUNTS.values() else known


def _account(service: Service) -> dict[str, str]:
    known = service_account(service.user)
    if known:
        return {"UserId": known, "RunLevel": "LeastPrivilege"}
    logon = "Password" if service.needs_shares else "S4U"
    return {"UserId": service.user, "LogonType": logon, "RunLevel": "LeastPrivilege"}


def _tag(name: str) -> str:
    return f"{{{_TASK_NAMESPACE}}}{name}"


def _add(parent: ET.Element, name: str, texts: dict[str, str]) -> ET.Element:
    child = ET.SubElement(parent, _tag(name))
    for key, text in texts.items():
        ET.SubElement(child, _tag(key)).text = text
    return child
