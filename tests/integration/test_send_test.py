"""``check --send-test``: one real message by each way that tells people, and what was answered."""

import json
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog import cli
from camera_watchdog_demo.camera import Camera
from receivers import MailSink, WebSink


def checked(
    folder: Path, capsys: pytest.CaptureFixture[str], *flags: str, **settings: object
) -> list[dict[str, Any]]:
    """What check finds of the test messages; its EDC is away."""
    if not (folder / "camera").exists():
        Camera(folder / "camera", folder / "camera.db")
    config = folder / "camera_config.json"
    of_all = {"watch_dir": "camera", "db_path": "camera.db", "api_url": "http://127.0.0.1:9"}
    config.write_text(json.dumps({**of_all, "token": "0123456789abcdef", **settings}))
    cli.main(["check", "--json", *flags, "--config", str(config)])
    findings: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return [each for each in findings if each["tried"].startswith("test message")]


@pytest.mark.parametrize("form", ["json", "slack", "teams", "google_chat"])
def test_each_way_is_sent_a_message_that_says_that_it_is_a_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    with WebSink() as sink, MailSink() as mails:
        settings: dict[str, object] = {
            "notify_webhook": f"{sink.url}/hook",
            "notify_webhook_format": form,
            "heartbeat_url": f"{sink.url}/beat",
            "notify_email": ["it@clinic.example"],
            "smtp_host": "127.0.0.1",
            "smtp_port": mails.port,
            "smtp_security": "none",
        }
        assert checked(tmp_path, capsys, **settings) == []  # nobody asked for one
        assert (sink.posted, mails.mails) == ([], [])

        by_web, by_mail = checked(tmp_path, capsys, "--send-test", **settings)

    assert (by_web["mark"], by_mail["mark"]) == ("ok", "ok")
    (posted,) = sink.posted
    assert "This is a test message" in json.dumps(posted)
    assert ("event" in posted) is (form == "json")
    assert sink.got == []  # the heartbeat is no message
    (mail,) = mails.mails
    assert mail["Subject"].endswith(": a test message")


def test_a_message_that_is_refused_says_what_was_answered_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with WebSink() as sink:
        sink.status = 400
        (found,) = checked(tmp_path, capsys, "--send-test", notify_webhook=f"{sink.url}/s3cret")

    assert (found["mark"], "HTTP 400" in found["found"]) == ("odd", True)
    assert "notify_webhook_format" in found["mend"]
    assert "s3cret" not in str(found)


def test_where_nobody_would_be_told_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = checked(tmp_path, capsys, "--send-test")
    assert found["found"] == "nobody would be told of anything"
