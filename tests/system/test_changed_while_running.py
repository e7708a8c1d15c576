"""What somebody changes while the program runs: the file of a secret, and the configuration."""

import json

import pytest

from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import Clinic, until
from failing_uploads import SUBJECT
from receivers import MailSink


def test_a_token_that_is_replaced_in_its_file_is_used_once_the_old_one_is_refused(
    clinic: Clinic, edc: DemoEdc
) -> None:
    token = clinic.folder / "token.txt"
    token.write_text("an-old-token", "utf-8")
    token.chmod(0o600)
    del clinic.settings["token"]
    edc.add_session(SUBJECT)
    clinic.start(token_file=str(token))
    clinic.camera.take(SUBJECT)
    clinic.running.says("refuses", within_s=20)

    token.write_text(edc.token + "\n", "utf-8")

    clinic.archived(SUBJECT, within_s=20)  # the token is asked about once a minute else
    clinic.running.says("token_file holds another secret")
    assert edc.token not in clinic.running.text


def test_a_password_that_is_replaced_in_its_file_signs_in_the_next_mail(
    clinic: Clinic,
) -> None:
    password = clinic.folder / "password.txt"
    password.write_text("an-old-one", "utf-8")
    password.chmod(0o600)
    clinic.camera.take(SUBJECT)  # has no session: a person is told
    with MailSink(account=("camera", "a-new-one")) as mails:
        clinic.start(
            notify_after=0.5,
            notify_email=["it@clinic.example"],
            smtp_host="127.0.0.1",
            smtp_port=mails.port,
            smtp_security="none",
            smtp_user="camera",
            smtp_password_file=str(password),
        )
        clinic.running.says("the e-mail fails", within_s=20)
        password.write_text("a-new-one", "utf-8")
        until(lambda: mails.mails, 30, lambda: clinic.running.text)
    assert "a-new-one" not in clinic.running.text


def change(clinic: Clinic, **settings: object) -> None:
    """Somebody edits the file of the configuration that the daemon runs with."""
    config = json.loads(clinic.config_path.read_text("utf-8"))
    clinic.config_path.write_text(json.dumps(config | settings), "utf-8")


def test_a_changed_configuration_is_said_by_status_page_and_log_until_it_is_restarted(
    clinic: Clinic,
) -> None:
    clinic.start()
    change(clinic, device_id="fundus-9")

    clinic.running.says("was changed (device_id)", "service restart")

    page = clinic.state_dir / "status.html"
    until(lambda: "was changed (device_id)" in page.read_text("utf-8"), 10, "not on the page")
    assert "was changed (device_id)" in " ".join(clinic.command("status").stdout.split())
    assert "fundus-9" not in clinic.running.text
    clinic.restart(device_id="fundus-9")
    until(lambda: "was changed" not in page.read_text("utf-8"), 10, "still on the page")


def test_a_configuration_that_would_be_refused_is_said_with_why_and_status_still_shows(
    clinic: Clinic,
) -> None:
    clinic.start()
    change(clinic, sweep_interval="often")

    clinic.running.says("could not start with it", "sweep_interval")

    page = clinic.state_dir / "status.html"
    until(lambda: "could not start with it" in page.read_text("utf-8"), 10, "not on the page")
    refused = clinic.command("status")
    assert refused.returncode == 78
    assert "sweep_interval" in refused.stderr
    assert "could not start with it" in " ".join(refused.stdout.split())
    assert "No exam waits." in refused.stdout
    assert next(line.rstrip() for line in refused.stdout.splitlines()).endswith("running")


def test_a_watch_dir_that_is_changed_is_said_and_that_it_runs_on_with_the_one_of_before(
    clinic: Clinic,
) -> None:
    elsewhere = clinic.folder / "state"
    clinic.state_dir = elsewhere
    clinic.start(state_dir=str(elsewhere))
    for folder in (
        clinic.folder / "typo",
        clinic.archive_dir.parent.parent,
    ):  # not there, and there
        change(clinic, state_dir=str(elsewhere), watch_dir=str(folder))
        clinic.running.says("was changed (watch_dir", within_s=20)
        until(lambda: "watch_dir" in (elsewhere / "status.json").read_text("utf-8"), 10, "said")
        told = clinic.command("status")
        assert told.returncode == 0, told.stderr
        text = " ".join(told.stdout.split())
        assert "camera-watchdog running" in text
        assert "was changed (watch_dir" in text
        assert "runs on with what it said before" in text
        assert clinic.command("check").returncode != 0


@pytest.mark.parametrize("is_there", [True, False])
def test_where_the_state_goes_with_a_changed_watch_dir_status_says_what_may_run_on(
    clinic: Clinic, *, is_there: bool
) -> None:
    clinic.start()
    folder = clinic.folder / "other"
    if is_there:
        folder.mkdir()
    change(clinic, watch_dir=str(folder))
    text = " ".join(clinic.command("status").stdout.split())
    assert "it runs on with those of before" in text
    assert ("correct watch_dir" in text) is not is_there
    change(clinic, watch_dir=str(clinic.watch_dir))
    assert "runs on" not in clinic.command("status").stdout


@pytest.mark.parametrize("content", ["{", None])
def test_a_configuration_that_cannot_be_read_is_said_with_what_may_run_on(
    clinic: Clinic, content: str | None
) -> None:
    clinic.start()
    if content is None:
        clinic.config_path.unlink()
    else:
        clinic.config_path.write_text(content, "utf-8")
    refused = clinic.command("status")
    assert refused.returncode == 78
    assert "it runs on with what it said then" in refused.stderr
