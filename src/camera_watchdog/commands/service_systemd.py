"""A unit of systemd for each configuration."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final

from camera_watchdog.command_line import command
from camera_watchdog.commands.service_tools import Installed, ask, quietly, tell, tool
from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.service_units import NAME, Service, config_of_unit, service_name, systemd_unit

__all__ = ["Systemd"]

_UNITS: Final = Path("/etc/systemd/system")
_BOOTED: Final = Path("/run/systemd/system")  # sd_booted(3)


class Systemd:
    """systemd as :class:`~camera_watchdog.commands.service_tools.ServiceManager`."""

    def text(self, service: Service) -> str:
        """The unit."""
        return systemd_unit(service)

    def find(self, config: PurePath) -> str:
        """The unit of a configuration, or the first release's where it starts this one."""
        name = service_name(config)
        if _unit(name).exists():
            return name
        return NAME if _config_of(_unit(NAME)) == str(config) else ""

    def unit_of(self, config: PurePath) -> tuple[str, str]:
        """The name of a configuration's unit, and what it says; empty where there is none.

        What an administrator added to it by drop-ins counts (systemd.unit(5)).
        """
        name = self.find(config)
        added = sorted(_UNITS.glob(f"{name}.service.d/*.conf")) if name else []
        texts = [_text(each) for each in (_unit(name), *added)] if name else []
        return name, "\n".join(texts)

    def installed(self) -> Iterator[Installed]:
        """Every unit, whether systemd is there or not."""
        systemctl = shutil.which("systemctl")
        for unit in sorted(_UNITS.glob(f"{NAME}*.service")):
            if config := _config_of(unit):
                state = quietly([systemctl, "is-active", unit.name])[1] if systemctl else ""
                yield Installed(unit.stem, config, state or "unknown")

    def install(self, service: Service) -> None:
        """Write, enable and start the unit; where one of it fails, all is as it was before."""
        unit, systemctl = _unit(service.name), tool("systemctl")
        with contextlib.ExitStack() as undo:
            try:
                for folder in service.makes:
                    _make(Path(folder), service.user, undo)
                undo.callback(_restore, unit, unit.read_bytes() if unit.exists() else None)
                unit.write_text(self.text(service), "utf-8")
            except LookupError as error:
                raise CameraWatchdogError(
                    f"Nothing is installed: there is no account {service.user} on this machine. "
                    "Name one that exists with --user."
                ) from error
            except OSError as error:
                raise CameraWatchdogError(
                    f"Nothing is installed: {error}. Run it with sudo."
                ) from error
            advice = "Nothing is installed. "
            advice += "Run it as an administrator." if _BOOTED.is_dir() else _NOT_BOOTED
            ask([systemctl, "daemon-reload"], advice)
            ask([systemctl, "enable", unit.name], advice)
            ask([systemctl, "restart", unit.name], f"{advice} journalctl -u {unit.stem} says more.")
            undo.pop_all()
        tell(f"Installed and started: {unit}. journalctl -u {unit.stem} shows its log.")

    def uninstall(self, name: str) -> None:
        """Stop the unit and remove it; without systemd, or where it refuses, the files all the same."""
        unit, systemctl = _unit(name), shutil.which("systemctl")
        stopped = bool(systemctl) and _run(systemctl or "", "disable", "--now", unit.name)
        try:
            _remove(unit)
        except OSError as error:
            raise CameraWatchdogError(
                f"{unit} cannot be removed: {error}. Run it with sudo."
            ) from error
        if systemctl:
            _run(systemctl, "daemon-reload")
        if stopped:
            tell(f"Stopped and removed: {unit}.")
        else:
            tell(f"Removed: {unit}. systemd could not be told to stop it: look whether it runs.")

    def status(self, name: str) -> int:
        """What systemctl says of it."""
        return 0 if _run(tool("systemctl"), "status", "--no-pager", f"{name}.service") else 1

    def start(self, name: str) -> None:
        """Start the unit."""
        ask([tool("systemctl"), "start", f"{name}.service"])

    def stop(self, name: str) -> str:
        """Stop the unit until it is started, or the machine is."""
        ask([tool("systemctl"), "stop", f"{name}.service"])
        return f"It starts again with the machine, or by: {command('service start')}"


_NOT_BOOTED: Final = (
    "systemd does not run on this machine: print the text and start it in this system's own way."
)


def _unit(name: str) -> Path:
    return _UNITS / f"{name}.service"


def _config_of(unit: Path) -> str:
    return config_of_unit(_text(unit))


def _text(unit: Path) -> str:
    try:
        return unit.read_text("utf-8", "replace")
    except OSError:
        return ""


def _make(folder: Path, user: str, undo: contextlib.ExitStack) -> None:
    """A folder that a unit writes to must be there before it starts."""
    if folder.exists():
        return
    for missing in (*(p for p in reversed(folder.parents) if not p.exists()), folder):
        missing.mkdir()
        undo.callback(_remove_folder, missing)
    shutil.chown(folder, user=user)


def _remove_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # the daemon may have written into it
        folder.rmdir()


def _restore(unit: Path, before: bytes | None) -> None:
    """The unit as it was, or none."""
    systemctl = tool("systemctl")
    with contextlib.suppress(OSError):
        if before is None:
            quietly([systemctl, "disable", "--now", unit.name])
            _remove(unit)
            quietly([systemctl, "daemon-reload"])
        else:
            unit.write_bytes(before)
            quietly([systemctl, "daemon-reload"])
            quietly([systemctl, "restart", unit.name])


def _remove(unit: Path) -> None:
    """The unit, and the link that starts it with the machine."""
    (_UNITS / "multi-user.target.wants" / unit.name).unlink(missing_ok=True)
    unit.unlink(missing_ok=True)


def _run(*words: str) -> bool:
    return subprocess.run(words, check=False).returncode == 0  # noqa: S603  # a tool found by its name
