"""The demo's set-up in one temporary folder: camera, EDC, network, and the daemon's configuration."""

import json
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Final

from camera_watchdog_demo.camera import Camera
from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_server import DemoEdc

__all__ = ["CutCable", "Scene"]

_SEED: Final = 20_260_304
_RETRY_DELAY_S: Final = 2
_RETRY_MAX_DELAY_S: Final = 4


class CutCable:
    """A network that fails half-way through the second upload of one subject, until it is mended."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._lock = threading.Lock()
        self._uploads = 0
        self.is_mended = False
        self.is_cut = threading.Event()

    def mend(self) -> None:
        """Let everything through from now on."""
        self.is_mended = True

    def __call__(self, request: Request) -> Fault | None:
        """What befalls a request."""
        with self._lock:
            if self.is_mended:
                return None
            if self.is_cut.is_set():
                return Fault.refuse()
            if request.kind == "upload" and request.subject == self._subject:
                self._uploads += 1
                if self._uploads > 1:
                    self.is_cut.set()
                    return Fault.reset_in_body()
        return None


class Scene:
    """Everything around the daemon, below one new temporary folder. The EDC serves at once."""

    def __init__(self, generation: str, cut_off_subject: str) -> None:
        # The daemon resolves the links in a path: on macOS the temporary folder is behind one.
        self.folder = Path(tempfile.mkdtemp(prefix="camera-watchdog-demo-")).resolve()
        self.watch_dir = self.folder / "camera"
        self.archive_dir = self.watch_dir / "processed"
        self.state_dir = self.watch_dir / ".camera-watchdog"
        self.storage = self.folder / "edc"
        self.config_path = self.folder / "camera_config.json"
        db_path = self.folder / "camera.sqlite3"
        self.camera = Camera(self.watch_dir, db_path, seed=_SEED)
        self.cable = CutCable(cut_off_subject)
        self.edc = DemoEdc(generation, storage=self.storage, faults=self.cable)
        settings = {
            "watch_dir": str(self.watch_dir),
            "db_path": str(db_path),
            "api_url": self.edc.url,
            "token": self.edc.token,
            "device_id": "demo-camera",
            # All other times are the defaults; but this clinician is quicker than most.
            "retry_delay": _RETRY_DELAY_S,
            "retry_max_delay": _RETRY_MAX_DELAY_S,
        }
        self.config_path.touch(mode=0o600)
        self.config_path.write_text(json.dumps(settings, indent=2) + "\n", "utf-8")
        self.edc.start()

    def close(self) -> None:
        """Stop the EDC, and let go of the camera's database. The folder stays."""
        self.edc.close()
        self.camera.close()

    def remove(self) -> bool:
        """Remove the folder; whether nothing of it is left."""
        shutil.rmtree(self.folder, ignore_errors=True)
        return not self.folder.exists()
