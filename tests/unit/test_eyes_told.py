"""Which eye is said of the files of an exam that is not whole yet."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog import parts
from camera_watchdog.config import load
from camera_watchdog.errors import DatabaseBusy
from camera_watchdog.eyes_told import EyesTold
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Exam, Laterality
from exam_parts import exam, file

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT


class Camera:
    def __init__(self, *rows: ImageRow) -> None:
        self.rows, self.asked, self.is_busy = rows, 0, False

    def images(self, subject: str) -> tuple[ImageRow, ...]:
        assert subject == "S1"
        self.asked += 1
        if self.is_busy:
            raise DatabaseBusy("locked")
        return self.rows


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def told(of: Exam, camera: Camera | None = None, **settings: Any) -> dict[str, Laterality]:
    config = load(None, {"watch_dir": str(Path.cwd()), **settings}, {}, needs=frozenset())
    return EyesTold(parts.rules(config), camera, Clock()).of(of)


def test_the_camera_s_rows_tell() -> None:
    camera = Camera(ImageRow("IM_1.jpg", "OD"), ImageRow("IM_2.jpg", None))
    of = exam(file("IM_1.jpg", eye=None), file("IM_2.jpg", eye=None))
    assert told(of, camera) == {"IM_1.jpg": RIGHT}


@pytest.mark.parametrize("name, eye", [("x_OD_1.jpg", RIGHT), ("left.jpg", LEFT)])
def test_the_words_of_a_name_tell(name: str, eye: Laterality) -> None:
    assert told(exam(file(name, eye=None))) == {name: eye}
    assert told(exam(file(name, eye=None)), eye_objections="dicom") == {}


def test_what_dicom_says_tells() -> None:
    of = exam(replace(file("a.dcm", eye=None), dicom_laterality="L"))
    assert told(of) == {"a.dcm": LEFT}


def test_what_contradicts_is_not_told() -> None:
    camera = Camera(ImageRow("x_OS.jpg", "OD"))
    assert told(exam(file("x_OS.jpg", eye=None)), camera) == {}


def test_a_database_that_is_busy_is_left_in_peace_for_a_minute() -> None:
    camera, clock = Camera(ImageRow("a.jpg", "OD")), Clock()
    config = load(None, {"watch_dir": str(Path.cwd())}, {}, needs=frozenset())
    eyes = EyesTold(parts.rules(config), camera, clock)
    of = exam(file("a.jpg", eye=None))
    camera.is_busy = True
    assert eyes.of(of) == eyes.of(of) == {}
    assert camera.asked == 1
    camera.is_busy = False
    clock.now_s += 60
    assert eyes.of(of) == {"a.jpg": RIGHT}
