"""A task of Windows' Task Scheduler for each configuration."""

import contextlib
import csv
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Final

from camera_watchdog.command_line import command
from camera_watchdog.commands.service_tools import Installed, ask, quietly, tell, tool
from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.service_units import NAME, Service, config_of_task, service_name, task_xml

__all__ = ["TaskScheduler", "task_of"]

_RUNS: Final = "267009"
"""SCHED_S_TASK_RUNNING, as schtasks tells a task's last result: in every language the same."""
_LAST_RESULT: Final = 6
"""Which of the columns it is that ``/V /FO CSV`` gives; their names and the status are translated."""
_ENDS_WITHIN_S: Final = 20.0
_ASK_EVERY_S: Final = 0.2


class TaskScheduler:
    """The scheduler as :class:`~camera_watchdog.commands.service_tools.ServiceManager`."""

    def text(self, service: Service) -> str:
        """The task."""
        return task_xml(service)

    def find(self, config: PurePath) -> str:
        """The task of a configuration, or the first release's where it starts this one."""
        name = service_name(config)
        if _is_there(name):
            return name
        return NAME if _config_of(NAME).lower() == str(config).lower() else ""

    def installed(self) -> Iterator[Installed]:
        """Every task."""
        answer = quietly([tool("schtasks"), "/Query", "/FO", "CSV", "/NH"])[1]
        for name, _next, state, *_ in csv.reader(answer.splitlines()):
            if name.startswith(f"\\{NAME}") and (config := _config_of(name[1:])):
                yield Installed(name[1:], config, state)

    def install(self, service: Service) -> None:
        """Make the task, which starts at once; schtasks makes all of it or nothing.

        One that is there is ended first: while it runs with its old settings the scheduler starts no
        new one. Where the new one cannot be made the old one goes on.
        """
        if not _is_there(service.name):
            self._create(service)
        else:
            was_enabled = "<Enabled>false</Enabled>" not in _xml_of(service.name)
            try:
                self.stop(service.name)
                self._create(service)
            except CameraWatchdogError:
                if was_enabled:
                    with contextlib.suppress(CameraWatchdogError):
                        self.start(service.name)
                raise
            run = [tool("schtasks"), "/Run", "/TN", service.name]
            ask(run, "It is installed, and starts within five minutes.")
        tell(f"Installed and started: the task {service.name}. Its log is {service.log}.")

    def _create(self, service: Service) -> None:
        schtasks = tool("schtasks")
        with tempfile.TemporaryDirectory(prefix="camera-watchdog-") as folder:
            xml = Path(folder) / "task.xml"
            xml.write_text(self.text(service), "utf-16")  # what schtasks reads
            words = [schtasks, "/Create", "/TN", service.name, "/XML", str(xml), "/F"]
            if service.needs_shares:  # schtasks asks for the password itself
                words += ["/RU", service.user, "/RP", "*"]
            ask(words)

    def uninstall(self, name: str) -> None:
        """End the task and delete it."""
        _end(name)
        ask([tool("schtasks"), "/Delete", "/TN", name, "/F"])
        tell(f"Stopped and removed: the task {name}.")

    def status(self, name: str) -> int:
        """What schtasks says of it."""
        ask([tool("schtasks"), "/Query", "/TN", name, "/V", "/FO", "LIST"])
        return 0

    def start(self, name: str) -> None:
        """Enable the task and run it."""
        ask([tool("schtasks"), "/Change", "/TN", name, "/ENABLE"])
        ask([tool("schtasks"), "/Run", "/TN", name])

    def stop(self, name: str) -> str:
        """Disable the task, which its triggers would start again, and end it."""
        ask([tool("schtasks"), "/Change", "/TN", name, "/DISABLE"])
        _end(name)
        return f"It does not run until it is started: {command('service start')}"


def _is_there(name: str) -> bool:
    return quietly([tool("schtasks"), "/Query", "/TN", name])[0] == 0


def task_of(config: Path) -> str:
    """The task of a configuration as the scheduler keeps it; empty where there is none to be told."""
    if shutil.which("schtasks") is None:
        return ""
    path = Path(os.path.abspath(config))  # noqa: PTH100  # links stay
    return _xml_of(service_name(path))


def _config_of(name: str) -> str:
    return config_of_task(_xml_of(name))


def _xml_of(name: str) -> str:
    """The task as the scheduler keeps it; empty where there is none."""
    code, answer = quietly([tool("schtasks"), "/Query", "/TN", name, "/XML"])
    return "" if code else answer


def _end(name: str) -> None:
    """End a task and wait until it has ended. Raises CameraWatchdogError where it does not."""
    words = [tool("schtasks"), "/End", "/TN", name]
    subprocess.run(words, check=False)  # noqa: S603  # it may not run
    until = time.monotonic() + _ENDS_WITHIN_S
    while _runs(name):
        if time.monotonic() > until:
            raise CameraWatchdogError(
                f"The task {name} runs still, {_ENDS_WITHIN_S:g} s after it was ended. End its "
                "pythonw.exe in the Task Manager, then try again."
            )
        time.sleep(_ASK_EVERY_S)


def _runs(name: str) -> bool:
    """Whether a process of a task is there, by the number that schtasks gives for it."""
    code, answer = quietly([tool("schtasks"), "/Query", "/TN", name, "/V", "/FO", "CSV", "/NH"])
    rows = [] if code else list(csv.reader(answer.splitlines()))
    return any(row[_LAST_RESULT : _LAST_RESULT + 1] == [_RUNS] for row in rows)
