"""What came of the demo: the EDC's files compared with the camera's, one by one.

Pure but for :func:`untouched`, which reads an exam's files again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from camera_watchdog_demo.camera import TakenExam, TakenFile
from camera_watchdog_demo.edc_store import StoredFile

__all__ = ["Comparison", "compare", "untouched"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One file as the camera wrote it, and as the EDC has it; empty checksums where it has not.

    ``wrong`` says what differs, and is empty where nothing does.
    """

    subject: str
    name: str
    file_type: str
    size_bytes: int
    written_sha256: str
    stored_sha256: str
    wrong: str = ""


def compare(
    sent: Iterable[TakenExam], stored: Sequence[StoredFile], sessions: Mapping[str, str]
) -> list[Comparison]:
    """Each file of the exams that were sent, then whatever else the EDC has.

    ``sessions`` has the session in which each subject's files belong.
    """
    found = []
    expected: set[tuple[str, str]] = set()
    for exam in sent:
        for file in exam.files:
            expected.add((exam.subject, file.name))
            mine = [s for s in stored if (s.subject, s.name) == (exam.subject, file.name)]
            found.append(_one(exam.subject, file, mine, sessions.get(exam.subject, "")))
    found += [
        Comparison(s.subject, s.name, s.file_type, 0, "", s.sha256, "should not be there")
        for s in stored
        if (s.subject, s.name) not in expected
    ]
    return found


def _one(subject: str, file: TakenFile, stored: list[StoredFile], session: str) -> Comparison:
    there = stored[0] if stored else None
    return Comparison(
        subject,
        file.name,
        file.file_type,
        file.size_bytes,
        file.sha256,
        there.sha256 if there else "",
        _wrong(file, stored, session),
    )


def _wrong(file: TakenFile, stored: list[StoredFile], session: str) -> str:
    if not stored:
        return "missing"
    if len(stored) > 1:
        return f"stored {len(stored)} times"
    there = stored[0]
    if there.sha256 != file.sha256:
        return "other bytes"
    if there.file_type != file.file_type:
        return f"stored as {there.file_type}"
    return "" if there.session_id == session else "in another session"


def untouched(exam: TakenExam, folder: Path, *, receipt_name: str = "") -> bool:
    """Whether the folder holds the exam's files, byte for byte, and nothing else but the receipt."""
    try:
        found = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir()
            if path.name != receipt_name
        }
    except OSError:
        return False
    return found == {file.name: file.sha256 for file in exam.files}
