"""``service``: shows, installs, starts, stops or takes away what starts the daemon unattended."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from camera_watchdog.account import account_name
from camera_watchdog.command_line import program
from camera_watchdog.commands.service_places import away_for, mapped
from camera_watchdog.commands.service_systemd import Systemd
from camera_watchdog.commands.service_tools import ServiceManager, tell
from camera_watchdog.commands.service_windows import TaskScheduler
from camera_watchdog.config import Config
from camera_watchdog.config.checks import on_network
from camera_watchdog.config.keys import PASSWORD_VARIABLE, TOKEN_VARIABLE
from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.logs import UNNAMED
from camera_watchdog.service_reach import read_as_variables
from camera_watchdog.service_units import Service, written_folders

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["add_arguments", "run"]

_MANAGERS: Final[dict[str, ServiceManager]] = {"windows": TaskScheduler(), "systemd": Systemd()}
_THIS_SYSTEM: Final = "windows" if sys.platform == "win32" else "systemd"
_ACTIONS: Final = ("print", "install", "uninstall", "list", "status", "start", "stop", "restart")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("action", choices=_ACTIONS)
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
    """Do what is asked for; 0 where it was done.

    Raises:
        ConfigError: the configuration cannot be used.
        CameraWatchdogError: it cannot be done, and why.
    """
    arguments = invocation.arguments
    if arguments.action != "print" and arguments.system != _THIS_SYSTEM:
        raise CameraWatchdogError(
            f"This system is not {arguments.system}: {arguments.action} there, or print here."
        )
    manager = _MANAGERS[arguments.system]
    if arguments.action == "list":
        return _list(manager)
    path = _config_path(invocation)
    if arguments.action in {"print", "install"}:
        config = invocation.load_config()
        service = _service(config, path, arguments.user or _current_user(), arguments.system)
        for warning in _warnings(config, arguments.system, arguments.user):
            tell(f"Warning: {warning}")
        if arguments.action == "print":
            sys.stdout.write(manager.text(service))
        else:
            _install(manager, service)
        return 0
    name = manager.find(path)
    if not name:
        return _not_installed(path, arguments.action)
    return _act(manager, arguments.action, name)


def _config_path(invocation: "Invocation") -> Path:
    """The file in full, which is what a service is known by."""
    if invocation.config_path is None:
        raise CameraWatchdogError(
            "There is a service for each configuration's file: name it with --config. "
            f"Those that are installed: {program()} service list"
        )
    if invocation.flags:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in invocation.flags)
        raise CameraWatchdogError(f"A service reads the file only: put {names} into it.")
    return Path(os.path.abspath(invocation.config_path))  # noqa: PTH100  # tidies "..", links stay


def _list(manager: ServiceManager) -> int:
    found = list(manager.installed())
    for service in found:
        sys.stdout.write(f"{service.name}  {service.state}  {service.config}\n")
    if not found:
        tell("No service is installed.")
    return 0


def _install(manager: ServiceManager, service: Service) -> None:
    """Install it; the first release's, which has another name, makes room for it."""
    earlier = manager.find(service.config)
    if earlier in {"", service.name}:
        manager.install(service)
        return
    manager.stop(earlier)
    try:
        manager.install(service)
    except CameraWatchdogError:
        manager.start(earlier)
        raise
    manager.uninstall(earlier)


def _not_installed(path: Path, action: str) -> int:
    tell(f"No service is installed for {path}. Those that are: {program()} service list")
    return 0 if action == "uninstall" else 1


def _act(manager: ServiceManager, action: str, name: str) -> int:
    if action == "status":
        return manager.status(name)
    if action == "uninstall":
        manager.uninstall(name)
    if action in {"stop", "restart"}:
        until = manager.stop(name)
        tell(f"Stopped: {name}. {until if action == 'stop' else ''}".rstrip())
    if action in {"start", "restart"}:
        manager.start(name)
        tell(f"Started: {name}.")
    return 0


def _service(config: Config, path: Path, user: str, system: str) -> Service:
    python = Path(os.path.abspath(sys.executable))  # noqa: PTH100  # links stay: a venv's is one
    if system == "windows":
        without_console = python.with_name("pythonw.exe")
        python = without_console if without_console.exists() else python
    folders = [config.watch_dir, config.archive_dir, config.state_dir]
    folders += [config.log_file.parent] if config.log_file else []
    # A reader of a write-ahead log must be able to make the file beside it that readers share.
    folders += [config.db_path.parent] if config.db_path else []
    makes = [
        f
        for f in dict.fromkeys(folders)
        if not any(f != o and f.is_relative_to(o) for o in folders)
    ]
    # Renaming takes place where links lead to.
    watch_dir, archive_dir, *others = [Path(os.path.realpath(folder)) for folder in folders]
    return Service(
        python=python,
        config=path,
        user=user,
        writes=written_folders(watch_dir, archive_dir, others),
        makes=tuple(makes),
        needs_shares=any(on_network(folder) for folder in folders),
        log=config.log_file or config.state_dir / UNNAMED,
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
    if user not in {None, _current_user()}:
        warnings.append(f"{user} must be able to read {config.config_path} and the token's file.")
    if system != "windows":
        return warnings
    if user is not None and (away := away_for(user, config)):
        warnings.append(away)
    warnings += [
        rf"{key} {path} is on a mapped drive, which a service does not see: write \\server\share."
        for key, path in mapped(config).items()
    ]
    paths = [Path(sys.executable), *([config.config_path] if config.config_path else [])]
    return warnings + [
        f"the Task Scheduler takes %…% in {path} for a variable: use a folder without % in its name."
        for path in read_as_variables(paths)
    ]


def _current_user() -> str:
    if sys.platform == "win32":
        return f"{os.environ.get('USERDOMAIN', '.')}\\{account_name()}"
    return os.environ.get("SUDO_USER") or account_name()
