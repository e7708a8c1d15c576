"""A server of release 0.4.0 with exams half sent becomes one of 1.4.0, by the releases' own migrations.

Three workstations are on their way meanwhile: one whose daemon stays up, one whose daemon is started
while the server is down, and one that is started once it is back.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from arrival import TAKEN_AT, check_arrived, new_subject
from camera_watchdog_demo.camera import TakenExam
from daemon_process import FAST, Clinic, until
from real_edc import RealEdcServer, environment_for
from relay import BadRelay, Line, Mishap

pytestmark = pytest.mark.real_edc

HALF_PASSES = Mishap(passes=0.5, answer=b"")
ANSWER_LOST = Mishap(answer=b"")
AT = {
    "daemon_stays_up": ("right", HALF_PASSES),
    "daemon_first": ("right", ANSWER_LOST),
    "server_first": ("report", ANSWER_LOST),
}


@pytest.fixture
def edc() -> Iterator[RealEdcServer]:
    server = RealEdcServer(environment_for("0.4.0"), {})
    yield server
    server.close()


def half_sent(
    edc: RealEdcServer, clinic: Clinic, line: Line, kind: str, how: Mishap
) -> tuple[TakenExam, str]:
    """An exam on its way, whose line goes at a file of this kind; and its entry."""
    subject = new_subject()
    edc.add_subject(subject)
    session = edc.add_session(subject)
    clinic.start()
    line.goes(f"POST /api/retinopathy/{subject}/{kind}/", how)
    taken = clinic.camera.take(subject, report="pdf", captured_at=TAKEN_AT, size_bytes=400_000)
    assert line.reached.wait(20), clinic.running.text
    count = {"right": 1, "report": 2}[kind] + (how is ANSWER_LOST)
    until(lambda: len(edc.stored_files(subject)) == count, 10, "they are stored")
    return taken, session


def test_exams_that_are_half_sent_go_on_once_whoever_is_started_first(
    edc: RealEdcServer, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        lines = {name: Line() for name in AT}
        relays = {name: stack.enter_context(BadRelay(edc.url, lines[name])) for name in AT}
        clinics = {
            name: stack.enter_context(
                Clinic(
                    tmp_path / name,
                    api_url=relays[name].url,
                    token=edc.token,
                    settings=FAST,
                    seed=seed,
                )
            )
            for seed, name in enumerate(AT)
        }
        sent = {
            name: half_sent(edc, clinics[name], lines[name], kind, how)
            for name, (kind, how) in AT.items()
        }
        for name in ("daemon_first", "server_first"):
            assert clinics[name].running.stop()[0] == 0

        edc.upgrade(environment_for("1.4.0"))
        for line in lines.values():
            line.comes_back()
        clinics["daemon_first"].start()
        edc.start()
        clinics["server_first"].start()

        for name, (taken, session) in sent.items():
            (archived,) = clinics[name].archived(taken.subject, within_s=40)
            check_arrived(edc, archived, taken, session)
            assert len(edc.stored_files(taken.subject)) == len(taken.files)
            log = clinics[name].log_path.read_text("utf-8")
            assert "HELD" not in log
            assert "Traceback" not in log
