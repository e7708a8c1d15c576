"""A folder that came back from the archive: our own receipt in it says so, whatever became of its files.

Files that were edited, or printed anew, are others than those that were sent. The receipt beside them
names the entry that they went into, or the archive folder that they were copied from. Where the journal was
lost, and the folder moved, nothing else tells of it: a receipt of this watch folder, or of these very bytes, is
enough.
"""

import json
from typing import Any, Final

from camera_watchdog.archive import RECEIPT_NAMES
from camera_watchdog.model import Exam, Reason
from camera_watchdog.receipt_reading import sessions_told
from camera_watchdog.screening import hold_unless_waived
from camera_watchdog.steps import Tools

__all__ = ["check_not_from_archive"]

_LARGEST_BYTES: Final = 16 << 20


def check_not_from_archive(exam: Exam, tools: Tools) -> None:
    """The receipt of an exam of ours, or of these bytes, lies in the folder: it is a copy, unless a person says no.

    Raises:
        PermanentError: it is.
    """
    for name in exam.other_names:
        if name in RECEIPT_NAMES and (archived := _archived_as(exam, name, tools)):
            details = {"receipt": name, "archived": archived}
            hold_unless_waived(exam, Reason("from_archive", (), details))


def _archived_as(exam: Exam, name: str, tools: Tools) -> str:
    """The archive folder of the exam that a receipt tells of; empty where it is no matter of this folder."""
    told = _read(exam, name, tools)
    folder = told.get("archive_folder")
    if not isinstance(folder, str) or not str(told.get("program")).startswith("camera-watchdog "):
        return ""
    if told.get("watch_folder") == exam.watch_folder is not None or _tells_of_bytes(told, exam):
        return folder
    users = [
        user.destination
        for session in sessions_told(told)
        for user in tools.journal.exams_in_session(session)
        if user.id != exam.id
    ]
    taught = [at for each in sessions_told(told) for at in tools.journal.folders_with_session(each)]
    return folder if folder in {*users, *taught} else ""


def _tells_of_bytes(told: dict[str, Any], exam: Exam) -> bool:
    """Whether a file of the exam has the bytes of one that a receipt tells of."""
    files = told.get("files")
    sums = {each.get("sha256") for each in files or () if isinstance(each, dict)}
    return any(file.sha256 in sums for file in exam.files if file.present and file.sha256)


def _read(exam: Exam, name: str, tools: Tools) -> dict[str, Any]:
    try:
        with tools.disk.reading(tools.rules.watch_dir / exam.folder / name) as file:
            told = json.loads(file.read(_LARGEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
