"""``service``: shows, installs or takes away what starts the daemon unattended."""

import argparse
import getpass
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from camera_watchdog.config import Config
from camera_watchdog.config.checks import on_network
from camera_watchdog.config.keys import PASSWORD_VARIABLE, TOKEN_VARIABLE
from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.service_units import NAME, Service, systemd_unit, task_xml

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run"]

_UNIT: Final = Path("/etc/systemd/system") / f"{NAME}.service"
_THIS_SYSTEM: Final = "windows" if sys.platform == "win32" else "systemd"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("action", choices=("print", "install", "uninstall"))
    parser.add_argument(
        "--system",
        choices=("windows", "systemd"),
        default=_THIS_SYSTEM,
        help="for which system to print (default: %(default)s, this one)",
    )
    parser.add_argument(
        "--user", metavar="ACCOUNT", help="the account that it runs under (default: yours)"
    )


def run(invocation: "Invocation") -> int:
    """Print, install or uninstall; 0 where it was done.

    Raises:
        ConfigError: the configuration cannot be used.
        CameraWatchdogError: it cannot be installed or taken away, and why.
    """
    arguments = invocation.arguments
    if arguments.action != "print" and arguments.system != _THIS_SYSTEM:
        raise CameraWatchdogError(
            f"This system is not {arguments.system}: {arguments.action} there, or print here."
        )
    if arguments.action == "uninstall":
        return _uninstall_task() if arguments.system == "windows" else _uninstall_unit()
    config = _configuration(invocation)
    service = _service(config, arguments.user or _current_user(), arguments.system)
    text = task_xml(service) if arguments.system == "windows" else systemd_unit(service)
    for warning in _warnings(config, arguments.system, arguments.user):
        _tell(f"Warning: {warning}")
    if arguments.action == "print":
        sys.stdout.write(text)
        return 0
    return (
        _install_task(service, text)
        if arguments.system == "windows"
        else _install_unit(service, text)
    )


def _configuration(invocation: "Invocation") -> Config:
    if invocation.config_path is None:
        raise CameraWatchdogError("A service reads a file: name it with --config.")
    if invocation.flags:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in invocation.flags)
        raise CameraWatchdogError(f"A service reads the file only: put {names} into it.")
    return invocation.load_config()


def _service(config: Config, user: str, system: str) -> Service:
    if config.config_path is None:
        raise CameraWatchdogError("A service reads a file: name it with --config.")
    python = Path(os.path.abspath(sys.executable))  # noqa: PTH100  # links stay: a venv's is one
    if system == "windows":
        without_console = python.with_name("pythonw.exe")
        python = without_console if without_console.exists() else python
    folders = [config.watch_dir, config.archive_dir, config.state_dir]
    folders += [config.log_file.parent] if config.log_file else []
    # A reader of a write-ahead log must be able to make the file beside it that readers share.
    folders += [config.db_path.parent] if config.db_path else []
    writes = [
        f
        for f in dict.fromkeys(folders)
        if not any(f != o and f.is_relative_to(o) for o in folders)
    ]
    return Service(
        python=python,
        config=config.config_path,
        user=user,
        writes=tuple(writes),
        needs_shares=any(on_network(folder) for folder in folders),
    )


def _warnings(config: Config, system: str, user: str | None) -> list[str]:
    """What a service will not have that this terminal has."""
    warnings = [
        f"{variable} is set here, but a service does not see it: use {key}."
        for variable, key in (
            (TOKEN_VARIABLE, "token_file"),
            (PASSWORD_VARIABLE, "smtp_password_file"),
        )
        if os.environ.get(variable, "").strip()
    ]
    if system == "windows" and config.log_file is None:
        warnings.append("a task has no console: without log_file its messages are lost.")
    if user not in {None, _current_user()}:
        warnings.append(f"{user} must be able to read {config.config_path} and the token's file.")
    return warnings + [
        rf"{folder} is on a mapped drive, which a service does not see: write \\server\share."
        for folder in (config.watch_dir, config.db_path)
        if folder is not None and folder.drive[1:] == ":" and on_network(folder)
    ]


def _current_user() -> str:
    if sys.platform == "win32":
        return f"{os.environ.get('USERDOMAIN', '.')}\\{getpass.getuser()}"
    return os.environ.get("SUDO_USER") or getpass.getuser()


def _install_unit(service: Service, text: str) -> int:
    systemctl = _tool("systemctl")
    try:
        for folder in service.writes:
            if not Path(folder).exists():
                Path(folder).mkdir(parents=True)
                shutil.chown(folder, user=service.user)
        _UNIT.write_text(text, "utf-8")
    except (OSError, LookupError) as error:
        raise CameraWatchdogError(
            f"The unit cannot be installed: {error}. Run it with sudo."
        ) from error
    _ask([systemctl, "daemon-reload"])
    _ask([systemctl, "enable", f"{NAME}.service"])
    _ask([systemctl, "restart", f"{NAME}.service"])
    _tell(f"Installed and started: {_UNIT}. journalctl -u {NAME} shows its log.")
    return 0


def _uninstall_unit() -> int:
    if not _UNIT.exists():
        _tell(f"There is none: {_UNIT} does not exist.")
        return 0
    systemctl = _tool("systemctl")
    _ask([systemctl, "disable", "--now", f"{NAME}.service"])
    try:
        _UNIT.unlink()
    except OSError as error:
        raise CameraWatchdogError(
            f"{_UNIT} cannot be removed: {error}. Run it with sudo."
        ) from error
    _ask([systemctl, "daemon-reload"])
    _tell(f"Stopped and removed: {_UNIT}.")
    return 0


def _install_task(service: Service, text: str) -> int:
    schtasks = _tool("schtasks")
    with tempfile.TemporaryDirectory(prefix="camera-watchdog-") as folder:
        xml = Path(folder) / "task.xml"
        xml.write_text(text, "utf-16")  # what schtasks reads
        words = [schtasks, "/Create", "/TN", NAME, "/XML", str(xml), "/F"]
        if service.needs_shares:  # schtasks asks for the password itself
            words += ["/RU", service.user, "/RP", "*"]
        _ask(words)
    _tell(f"Installed and started: the task {NAME}. Its log is log_file.")
    return 0


def _uninstall_task() -> int:
    schtasks = _tool("schtasks")
    subprocess.run([schtasks, "/End", "/TN", NAME], check=False)  # noqa: S603  # it may not run
    _ask([schtasks, "/Delete", "/TN", NAME, "/F"])
    _tell(f"Stopped and removed: the task {NAME}.")
    return 0


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise CameraWatchdogError(
            f"{name} is not on this machine. Print the text and start it in this system's own way."
        )
    return found


def _ask(words: Sequence[str]) -> None:
    """Run a tool of the system, which speaks for itself on the terminal."""
    code = subprocess.run(words, check=False).returncode  # noqa: S603  # a tool found by its name
    if code:
        raise CameraWatchdogError(
            f"{Path(words[0]).name} {words[1]} ended with {code}. Run it as an administrator."
        )


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
