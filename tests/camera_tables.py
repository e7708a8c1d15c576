"""A camera's database as small as it can be, and the daemon's way of asking it."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from camera_watchdog.camera_db import CameraDatabase, ImageColumns, PatientColumns
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Laterality
from canaries import AGE, INITIALS

__all__ = ["A1", "A2", "IMAGES", "PATIENTS", "SCHEMA", "asked", "made"]

PATIENTS: Final = PatientColumns("patients", "subject_identifier", "initials", "sex", "age")
IMAGES: Final = ImageColumns("images", "subject_identifier", "filename", "eye", None)
SCHEMA: Final = f"""
CREATE TABLE patients (subject_identifier TEXT, initials TEXT, sex TEXT, age INTEGER);
CREATE TABLE images (subject_identifier TEXT, filename TEXT, eye TEXT, taken TEXT);
INSERT INTO patients VALUES ('S-1', '{INITIALS}', 'Male', {AGE});
INSERT INTO images VALUES ('S-1', 'A1.jpg', 'L', '2024-05-01 10:00:00');
INSERT INTO images VALUES ('S-1', 'A2.jpg', 'R', '2024-05-01 10:01:00');
INSERT INTO images VALUES ('S-2', 'A1.jpg', 'R', '2024-05-02 10:00:00');
"""  # noqa: S608 - it makes the database that is asked
A1: Final = ImageRow("A1.jpg", "L")
A2: Final = ImageRow("A2.jpg", "R")
"""What it knows of subject S-1."""


def made(path: Path, script: str = SCHEMA) -> Path:
    """The database that a script makes."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def asked(
    path: Path,
    *,
    patients: PatientColumns = PATIENTS,
    images: ImageColumns = IMAGES,
    eye_values: Mapping[str, Laterality] | None = None,
    busy_timeout_s: float = 0.05,
) -> CameraDatabase:
    """The daemon's view of it."""
    return CameraDatabase(
        path,
        patients=patients,
        images=images,
        eye_values=eye_values,
        busy_timeout_s=busy_timeout_s,
    )
