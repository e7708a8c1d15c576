"""After every test: does anything that it made the program write have a canary in it?

Looked at are the lines that the program logged, as it would write them; the messages of the errors
that it raised, caught or not; what went to stdout and stderr, here and in processes whose output a test
took; and every log, status, receipt and journal that was left in a test's folders. A canary fails the
test, or where the folder is many tests', the last of them.
"""

import logging
import subprocess
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog import logs
from camera_watchdog.errors import CameraWatchdogError
from canaries import found_below, found_in

__all__ = ["CanaryWatch"]


def _draws_constants(item: pytest.Item) -> bool:
    """Whether Hypothesis makes up the test's values: it draws them from the code's constants, too."""
    return bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))


class CanaryWatch(logging.Handler):
    """A plugin for pytest. It hears the whole session from ``listen`` on."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs._Text(None))
        self._found: list[str] = []
        self._folders: list[Path] = []

    def listen(self) -> None:
        """Hear what is logged, raised and said, and of every folder of a test."""
        logging.getLogger().addHandler(self)
        _after(CameraWatchdogError, "__init__", self._hear_error)
        _after(pytest.CaptureFixture, "readouterr", self._hear_what_is_read)
        _after(subprocess.Popen, "communicate", self._hear_process)
        _after(pytest.TempPathFactory, "mktemp", self._hear_of_folder)

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a line as the program's own log would have it."""
        self._look("logged", self.format(record))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(
        self, item: pytest.Function, nextitem: pytest.Item | None
    ) -> Generator[None]:
        """Look into the test's own folder, and after the last of a module into all others."""
        yield
        its_last = nextitem is None or nextitem.path != item.path
        over = [f for f in self._folders if its_last or f == item.funcargs.get("tmp_path")]
        for folder in over:
            self._folders.remove(folder)
            self._found += found_below(folder)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Fail the test for all that was found since the one before."""
        report = yield
        if report.when == "teardown":
            if _draws_constants(item):
                self._found.clear()
            self._look("stdout", report.capstdout)
            self._look("stderr", report.capstderr)
            if self._found:
                found = "\n".join(dict.fromkeys(self._found))
                before = f"{report.longrepr}\n" if report.longrepr else ""
                report.outcome = "failed"
                report.longrepr = f"{before}A token, initials, sex or age leaked:\n{found}"
                self._found.clear()
        return report

    def _look(self, where: str, text: str | bytes | None) -> None:
        if text:
            self._found += [f"{where}:{line}" for line in found_in(text)]

    def _hear_error(self, error: CameraWatchdogError, _result: object) -> None:
        self._look(f"raised, {type(error).__name__}", str(error))

    def _hear_what_is_read(self, _capture: object, said: Any) -> None:
        self._look("stdout", said.out)
        self._look("stderr", said.err)

    def _hear_process(self, process: "subprocess.Popen[Any]", said: tuple[Any, Any]) -> None:
        # Not the demo's EDC, which answers with its token.
        if "camera_watchdog" in list(process.args):  # type: ignore[arg-type]
            for text in said:
                self._look("said by a process", text)

    def _hear_of_folder(self, _factory: object, folder: Path) -> None:
        self._folders.append(folder)


def _after(owner: type, name: str, hear: Callable[[Any, Any], None]) -> None:
    """Tell ``hear`` of every call of a method, and what it answered."""
    method = vars(owner).get(name)

    def heard(this: Any, *args: Any, **kwargs: Any) -> Any:
        # One that the class inherits is whoever's is next for the object.
        call = partial(method, this) if method else getattr(super(owner, this), name)
        answer = call(*args, **kwargs)
        hear(this, answer)
        return answer

    setattr(owner, name, heard)
