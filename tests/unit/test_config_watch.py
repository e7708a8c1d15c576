"""A configuration file that says something else than the program runs with is said, and never taken over."""

import json
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.config import load
from camera_watchdog.config_watch import ConfigWatch


class Site:
    """A configuration file, and a program that runs with it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "camera_config.json"
        self.token_file = folder / "token.txt"
        self.token_file.write_text("a-token", "utf-8")
        self.settings: dict[str, Any] = {
            "watch_dir": str(folder / "camera"),
            "db_path": str(folder / "camera.db"),
            "api_url": "https://edc.example.org",
            "token_file": "token.txt",
            "required": {"images_per_eye": 1},
        }
        self.now_s = 0.0
        self.save()
        flags = {"log_level": "DEBUG"}
        self.watch = ConfigWatch(load(self.path, flags, {}), lambda: self.now_s)

    def save(self, **changed: object) -> None:
        """Write the file, with these keys changed."""
        self.path.write_text(json.dumps(self.settings | changed), "utf-8")

    def says(self) -> str:
        """What is said a while later."""
        self.now_s += 10
        self.watch.look()
        return self.watch.said


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_what_was_changed_is_named_with_the_restart_until_it_is_changed_back(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    assert site.says() == ""

    site.save(device_id="fundus-2", sweep_interval=30, required={"images_per_eye": 2})

    for _ in range(3):
        assert "was changed (device_id, required, sweep_interval)" in site.says()
    assert site.says().endswith("as a service: camera-watchdog service restart")
    assert caplog.text.count("was changed") == 1
    site.save()
    assert site.says() == ""


def test_a_file_that_would_be_refused_is_said_with_every_reason_and_no_secret(site: Site) -> None:
    site.save(sweep_interval="often", token="s3cret-canary", colour="red")

    said = site.says()

    assert "could not start with it" in said
    assert all(words in said for words in ("sweep_interval", "colour", "token"))
    assert "s3cret" not in said
    assert "\n" not in said


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_file_that_is_no_configuration_or_gone_is_said(site: Site, content: str) -> None:
    site.path.write_text(content, "utf-8")
    assert "could not start with it" in site.says()
    site.path.unlink()
    assert "could not start with it" in site.says()


def test_the_same_in_other_words_is_no_change(site: Site) -> None:
    site.path.write_text(json.dumps(site.settings | {"sweep_interval": 60.0}, indent=8), "utf-8")
    assert site.says() == ""


def test_another_token_in_its_own_file_is_no_change_of_the_configuration(site: Site) -> None:
    site.token_file.write_text("another-token", "utf-8")
    site.path.write_text(json.dumps(site.settings, indent=2), "utf-8")
    assert site.says() == ""


def test_what_a_flag_says_counts_whatever_the_file_says(site: Site) -> None:
    site.save(log_level="ERROR")
    assert site.says() == ""
