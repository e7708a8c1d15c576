"""``check`` says what the patterns of ``ignore`` leave out, and asks about pictures among it."""

from pathlib import Path

from camera_watchdog.checks import Mark
from camera_watchdog.commands.check_ignored import check_ignored
from camera_watchdog.config import Config
from camera_watchdog_demo.camera import Camera
from in_process import configured
from watched_folder import bytes_of

FOLDERS = [("S1", "S1"), ("S2", "S2"), ("gone", "gone")]


def clinic(folder: Path, *patterns: str) -> Config:
    config = configured(
        folder, api_url="https://edc.example", token="0123456789abcdef", ignore=list(patterns)
    )
    assert config.db_path is not None
    camera = Camera(config.watch_dir, config.db_path)
    for subject in ("S1", "S2"):
        camera.register(subject)
        for name in ("IM_1.jpg", "IM_1_thumb.jpg", "IM_1.jpg.bak", "Thumbs.db"):
            camera.write(subject, name, bytes_of(name))
        camera.record(subject, "IM_1.jpg", "left")
    camera.close()
    return config


def test_without_patterns_nothing_is_said(tmp_path: Path) -> None:
    assert check_ignored(clinic(tmp_path), FOLDERS) == []


def test_patterns_that_fit_nothing_are_not_spoken_of(tmp_path: Path) -> None:
    assert check_ignored(clinic(tmp_path, "*.thm"), FOLDERS) == []


def test_what_the_sites_patterns_leave_out_is_counted_and_named(tmp_path: Path) -> None:
    (found,) = check_ignored(clinic(tmp_path, "*.bak", "*_thumb.jpg"), FOLDERS)
    assert found.mark is Mark.NOTE
    assert found.found == "leaves out 4 in all: IM_1.jpg.bak, IM_1_thumb.jpg"


def test_a_pattern_that_leaves_out_a_picture_of_the_database_is_asked_about(tmp_path: Path) -> None:
    first, *others = check_ignored(clinic(tmp_path, "IM_?.*"), FOLDERS)
    assert first.mark is Mark.NOTE
    assert [found.mark for found in others] == [Mark.ODD, Mark.ODD]
    assert "IM_1.jpg of S1, which the camera's database lists as a picture" in others[0].found
