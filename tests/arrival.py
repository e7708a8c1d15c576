"""What must be true of an exam that arrived, whichever EDC it went to."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from camera_watchdog_demo.camera import TakenExam
from daemon_process import receipt_of
from edc_under_test import EdcUnderTest

__all__ = ["TAKEN_AT", "check_arrived", "new_subject"]

_ZONE: Final = ZoneInfo("Africa/Dar_es_Salaam")
TAKEN_AT: Final = datetime.now(_ZONE).replace(tzinfo=None, microsecond=0) - timedelta(hours=5)
"""As the camera's clock shows it: of the day on which the EDC's entries are made, or the one before."""
_ONE_MS: Final = timedelta(milliseconds=1)


def new_subject() -> str:
    """A subject identifier that nobody has yet."""
    return f"105-{uuid4().hex[:8]}"


def check_arrived(
    edc: EdcUnderTest, archived: Path, taken: TakenExam, session: str, *, source: str = ""
) -> None:
    """The EDC holds every file of the exam once, whole, as what it is, when it was taken.

    ``session`` is the one that it must be in, "" where ``resolve`` made it; ``source`` is who said
    when the pictures were taken, the pictures themselves where it is "". The archived folder holds the same bytes, and a
    receipt that says so.
    """
    receipt = receipt_of(archived)
    assert receipt["subject"] == taken.subject
    assert receipt["session"] == (session or receipt["session"])
    assert receipt["device_id"] == "fundus-1"
    stored = [f for f in edc.stored_files(taken.subject) if f.session_id == receipt["session"]]
    assert sorted((f.file_type, f.name, f.sha256) for f in stored) == sorted(
        (f.file_type, f.name, f.sha256) for f in taken.files
    )
    told = {file["name"]: file for file in receipt["files"]}
    on_disk = {path.name for path in archived.iterdir()}
    assert on_disk == {f.name for f in taken.files} | {"receipt.json"}
    assert told.keys() == {f.name for f in taken.files}
    times = {f.name: f.captured_at for f in stored}
    for file in taken.files:
        path = archived / file.name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
        mine = told[file.name]
        assert (mine["sha256"], mine["size"]) == (file.sha256, file.size_bytes)
        assert (mine["file_type"], mine["eye"]) == (file.file_type, file.eye)
        assert mine["acknowledgement"]["checksum"] == file.sha256
        assert mine["acknowledgement"]["session"] == receipt["session"]
        assert abs(times[file.name] - _taken_at(file.captured_at, path)) < _ONE_MS
        if file.captured_at is not None:
            inside = "dicom" if file.kind == "dicom" else "exif"
            assert mine["captured_source"] == (source or inside)


def _taken_at(camera_says: str | None, path: Path) -> datetime:
    if camera_says is None:
        return datetime.fromtimestamp(path.stat().st_mtime_ns / 1e9, UTC)
    return datetime.fromisoformat(camera_says).replace(tzinfo=_ZONE).astimezone(UTC)
