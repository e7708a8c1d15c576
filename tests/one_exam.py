"""S1's exam on its way through the pipeline: how it begins, and what must be true of it."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from camera_watchdog.errors import EdcFailure, Unreachable
from camera_watchdog.model import Sent, State
from camera_watchdog.pipeline import Outcome
from canaries import WHO
from clinic import Clinic
from scripted_edc import ScriptedEdc

__all__ = [
    "ASK_FIRST",
    "AWAY",
    "FAILED",
    "HOUR_S",
    "NAMES",
    "ONE_PER_TYPE",
    "begun",
    "check_arrived",
    "held_for",
    "is_held",
    "made",
    "names_held",
    "sent_of",
    "sums_in",
    "told",
]

NAMES: Final = ("OD.jpg", "OS.jpg", "report.pdf")
"""The files of an ordinary exam."""

HOUR_S: Final = 3600.0
AWAY: Final = Unreachable("no route")
FAILED: Final = EdcFailure("HTTP 500", http_status=500, edc_code="")

ONE_PER_TYPE: Final = ("0.2", "0.3")
"""The generations that keep one file of each type."""
ASK_FIRST: Final = ("0.4", "0.7.8")
"""The generations that are asked what they hold before a file is sent again."""


def made(root: Path, **more: Any) -> Clinic:
    """A clinic whose camera knows S1, and nothing else yet."""
    clinic = Clinic(root, **more)
    clinic.camera.people["S1"] = WHO
    return clinic


@contextmanager
def begun(root: Path, release: str, **more: Any) -> Iterator[Clinic]:
    """A server of this release with a session of S1, and S1's exam in the folder."""
    with made(root, release=release, **more) as clinic:
        clinic.edc.add_session()
        clinic.take()
        yield clinic


def told(outcome: Outcome) -> tuple[State, str]:
    """State and reason that a worker let go of the exam with."""
    reason = outcome.exam.reason
    return outcome.exam.state, reason.code if reason else ""


def is_held(outcome: Outcome, code: str, due_in_s: float | None = None) -> bool:
    """Held for this reason, and looked at again by itself then."""
    return (*told(outcome), outcome.due_in_s) == (State.HELD, code, due_in_s)


def sent_of(clinic: Clinic, folder: str = "S1") -> dict[str, Sent]:
    return {f.name: f.sent for f in clinic.exam(folder).files}


def names_held(edc: ScriptedEdc, session: str = "s-1") -> list[str]:
    return sorted(one.name for one in edc.held(session))


def sums_in(folder: Path) -> dict[str, str]:
    """The checksum of every file of an ordinary exam in a folder."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in NAMES}


def held_for(clinic: Clinic) -> list[str]:
    """Why S1's exam was held meanwhile, each reason with what it said, the first one first."""
    (exam,) = clinic.journal.exams_of_subject("S1")
    events = clinic.journal.history.events_of(exam.id)
    return [detail for _, event, detail in events if event == "held"]


def check_arrived(clinic: Clinic, session: str = "s-1", *, also: tuple[str, ...] = ()) -> None:
    """The server holds every file once and whole, in the session; the folder is in the archive."""
    (folder,) = clinic.archived()
    names = {*NAMES, *also}
    assert Counter(one.name for one in clinic.edc.stored) == Counter(names)
    assert {one.session_id for one in clinic.edc.stored} == {session}
    assert {p.name for p in folder.iterdir()} == names | {"receipt.json"}
    receipt = clinic.receipt()
    assert receipt["session"] == session
    told = {file["name"]: file for file in receipt["files"]}
    for one in clinic.edc.stored:
        assert one.sha256 == told[one.name]["sha256"], one.name
        assert one.file_type == told[one.name]["file_type"]
        assert (folder / one.name).stat().st_size == told[one.name]["size"]
    assert not (clinic.root / "S1").exists()
    assert clinic.journal.open_exams() == []
