"""A task of Windows' Task Scheduler for each configuration."""

import csv
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePath

from camera_watchdog.command_line import command
from camera_watchdog.commands.service_tools import Installed, ask, quietly, tell, tool
from camera_watchdog.service_units import NAME, Service, config_of_task, service_name, task_xml

__all__ = ["TaskScheduler"]


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
        """Make the task, which starts at once; schtasks makes all of it or nothing."""
        schtasks = tool("schtasks")
        with tempfile.TemporaryDirectory(prefix="camera-watchdog-") as folder:
            xml = Path(folder) / "task.xml"
            xml.write_text(self.text(service), "utf-16")  # what schtasks reads
            words = [schtasks, "/Create", "/TN", service.name, "/XML", str(xml), "/F"]
            if service.needs_shares:  # schtasks asks for the password itself
                words += ["/RU", service.user, "/RP", "*"]
            ask(words)
        tell(f"Installed and started: the task {service.name}. Its log is log_file.")

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


def _config_of(name: str) -> str:
    code, answer = quietly([tool("schtasks"), "/Query", "/TN", name, "/XML"])
    return "" if code else config_of_task(answer)


def _end(name: str) -> None:
    words = [tool("schtasks"), "/End", "/TN", name]
    subprocess.run(words, check=False)  # noqa: S603  # it may not run
