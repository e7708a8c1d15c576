"""Exams that are on their way at the same time, for the server takes its time."""

import shutil
from pathlib import Path

from arrival import new_subject
from camera_watchdog_demo.edc_faults import Fault, Request
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import FAST, Clinic, until


def slow(_request: Request) -> Fault:
    """Longer than a further worker waits before it begins, too (:mod:`camera_watchdog.turns`)."""
    return Fault.slow_answer(0.3)


def test_the_same_pictures_under_two_subjects_are_not_both_sent(tmp_path: Path) -> None:
    one, other = new_subject(), new_subject()
    with DemoEdc("1.4", storage=tmp_path / "edc", faults=slow) as edc:
        folder = tmp_path / "clinic"
        with Clinic(folder, api_url=edc.url, token=edc.token, settings=FAST) as clinic:
            for subject in (one, other):
                edc.add_subject(subject)
                edc.add_session(subject)
            taken = clinic.camera.take(one)
            for file in taken.files:
                clinic.camera.record(other, file.name, file.eye)
            shutil.copytree(taken.folder, clinic.watch_dir / other)
            clinic.start()
            until(
                lambda: [e.state in {"archived", "held"} for e in clinic.exams()] == [True, True],
                15,
                lambda: f"{clinic.exams()}\n{clinic.running.text}",
            )
            ends = {exam.state: exam for exam in clinic.exams()}
            assert ends.keys() == {"archived", "held"}
            assert ends["held"].reason_code == "seen_before"
        uploaded = {request.subject for request in edc.requests if request.kind == "upload"}
    assert uploaded == {ends["archived"].subject}
