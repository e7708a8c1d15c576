"""Somebody who is not looking is told: by the daemon as a process, over the web and by mail."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from certificates import certificate_for
from daemon_process import FAST, Clinic, until
from failing_uploads import SUBJECT
from receivers import MailSink, WebSink

SECRET: Final = "tok3n-in-the-path"


@pytest.fixture
def clinic(edc: DemoEdc, sink: WebSink, tmp_path: Path) -> Iterator[Clinic]:
    settings = FAST | {"notify_webhook": f"{sink.url}/{SECRET}", "notify_after": 0.5}
    with Clinic(tmp_path / "clinic", api_url=edc.url, token=edc.token, settings=settings) as clinic:
        yield clinic


def told(sink: WebSink) -> list[tuple[str, str, str]]:
    return [(each["event"], each["subject"], each["reason_code"]) for each in sink.posted]


def test_a_hold_is_told_once_and_its_end_once_by_web_and_mail(
    clinic: Clinic, edc: DemoEdc, sink: WebSink, tmp_path: Path
) -> None:
    own = certificate_for(tmp_path / "mail", "127.0.0.1")
    with MailSink(own, starttls=True, account=("camera", SECRET)) as mails:
        clinic.camera.take(SUBJECT)
        clinic.start(
            notify_email=["it@clinic.example"],
            smtp_host="127.0.0.1",
            smtp_port=mails.port,
            smtp_user="camera",
            smtp_password=SECRET,
            ca_bundle=str(own),
        )
        until(lambda: sink.posted, 10, lambda: clinic.running.text)
        time.sleep(1.2)  # it is asked again every half second meanwhile
        assert told(sink) == [("trouble", SUBJECT, "no_session")]
        assert sink.posted[0]["reason"] == f"The EDC has no eye exam entry for {SUBJECT}."

        edc.add_session(SUBJECT)
        clinic.archived(SUBJECT)
        until(lambda: len(sink.posted) > 1 and len(mails.mails) > 1, 10, lambda: str(told(sink)))

    assert told(sink)[1:] == [("over", SUBJECT, "no_session")]
    assert [mail["Subject"] for mail in mails.mails] == [
        f"camera-watchdog fundus-1: {SUBJECT} needs a person",
        f"camera-watchdog fundus-1: {SUBJECT} is well again",
    ]
    clinic.running.stop()
    written = [path for path in clinic.state_dir.iterdir() if path.is_file()]
    told_of = [path.name for path in written if SECRET.encode() in path.read_bytes()]
    assert (SECRET in clinic.running.text, told_of) == (False, [])


def test_what_was_not_delivered_is_after_a_restart(clinic: Clinic, sink: WebSink) -> None:
    sink.status = 500
    clinic.camera.take(SUBJECT)
    clinic.start()
    clinic.running.says("the webhook fails", "HTTP 500")
    clinic.running.kill()
    assert sink.posted == []
    sink.status = 204

    clinic.start()

    until(lambda: sink.posted, 10, lambda: clinic.running.text)
    time.sleep(1.2)  # once, although the exam is held anew at every start
    assert told(sink) == [("trouble", SUBJECT, "no_session")]
    assert SECRET not in clinic.running.text


def test_a_webhook_that_never_answers_holds_up_nothing(clinic: Clinic, edc: DemoEdc) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=5) as silent:
        clinic.camera.take(SUBJECT)
        clinic.start(notify_webhook=f"http://127.0.0.1:{silent.getsockname()[1]}/{SECRET}")
        clinic.wait_for(SUBJECT, "no_session")
        time.sleep(1.5)  # the message is on its way by now
        edc.add_session(SUBJECT)
        clinic.archived(SUBJECT)
        code, took_s = clinic.running.stop()
    assert code == 0
    assert took_s < 5.5


def test_the_sign_of_life_is_given_only_while_the_edc_answers(
    clinic: Clinic, sink: WebSink
) -> None:
    clinic.start(heartbeat_url=f"{sink.url}/{SECRET}/beat", api_url="http://127.0.0.1:9")
    until(lambda: sink.posted, 10, lambda: clinic.running.text)
    assert told(sink) == [("trouble", "", "edc_unreachable")]
    assert sink.got == []

    clinic.restart(heartbeat_url=f"{sink.url}/{SECRET}/beat")

    until(lambda: sink.got, 10, lambda: clinic.running.text)
    until(lambda: len(sink.posted) > 1, 10, lambda: clinic.running.text)
    assert told(sink)[1:] == [("over", "", "edc_unreachable")]
    assert sink.got == [f"/{SECRET}/beat"]
    assert SECRET not in clinic.running.text
