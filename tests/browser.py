"""A real Chromium without a window, driven over its debugging pipe: one process for many pages.

The protocol is Chromium's own (DevTools): JSON messages, each ended by a NUL, on the descriptors 3 and
4 of the browser. What is asked of a page is JavaScript of the test's; the page itself needs none.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, Self

__all__ = ["CHROMIUM", "Browser"]

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM: Final = next(filter(None, map(shutil.which, _NAMES)), "")
"""Its path, empty where there is none that can be driven."""
if sys.platform == "win32":  # a process gets no numbered descriptors there
    CHROMIUM = ""  # type: ignore[misc]

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-pipe",
)

_PLACE: Final = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3]]
os.dup2(ends[0], 3), os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Puts the two pipes where the browser looks for them, and becomes it."""


class Browser:
    """One browser with one tab."""

    def __init__(self) -> None:
        self._profile = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", _PLACE, str(to_read), str(to_write)),
                *(CHROMIUM, *_FLAGS, f"--user-data-dir={self._profile.name}"),
            ],
            pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._rest = b""
        self._number = 0
        self._session = ""

    def __enter__(self) -> Self:
        try:
            tab = self._call("Target.createTarget", url="about:blank")["targetId"]
            attached = self._call("Target.attachToTarget", targetId=tab, flatten=True)
            self._session = attached["sessionId"]
            self._call("Page.enable")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        os.close(self._read)
        os.close(self._write)
        self._profile.cleanup()

    def resize(self, width: int, height: int) -> None:
        """The size of the window's inside, in CSS pixels."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def prefer(self, media: str = "", **features: str) -> None:
        """Draw for ``print``, or as somebody who prefers something."""
        told = [{"name": name.replace("_", "-"), "value": v} for name, v in features.items()]
        self._call("Emulation.setEmulatedMedia", media=media, features=told)

    def open(self, path: Path) -> None:
        """Open a file, and wait until it is drawn."""
        self._call("Page.navigate", url=path.as_uri())
        self.wait_for_load()

    def wait_for_load(self) -> None:
        """Wait until a page is drawn, the next one where it is there already."""
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def ask(self, script: str) -> Any:
        """What an expression is worth in the page."""
        told = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def click(self, x: float, y: float) -> None:
        """Click once at a place in the window, in CSS pixels."""
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """A picture of the window, or of the whole page."""
        told = self._call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))

    def paper(self) -> bytes:
        """The page as it is printed, as PDF."""
        told = self._call("Page.printToPDF", printBackground=False)
        return base64.b64decode(told["data"])

    def _call(self, method: str, **values: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": values}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._read, 1 << 16)
            assert more, "the browser has ended"
            self._rest += more
        one, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(one)
        return told
