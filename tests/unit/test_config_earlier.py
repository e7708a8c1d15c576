"""A site that used fundus-camera-watchdog moves over with the configuration file that it has."""

import json
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.completeness import Required
from camera_watchdog.config import Config, load
from camera_watchdog.errors import ConfigError, Problem
from camera_watchdog.model import Format, ReportType

D, J, P = Format.DICOM, Format.JPEG, Format.PNG
HTML = frozenset({Format.HTML})
TOKEN = {"FUNDUS_CAMERA_WATCHDOG_TOKEN": "c4n4ry"}

# As its published README of 0.2 shows it.
OF_0_2: dict[str, Any] = {
    "watch_dir": "export",
    "db_path": "camera.db",
    "api_url": "https://edc.example.com",
    "token": "YOUR_DRF_TOKEN",
    "device_id": "RET-CAM-001",
    "site_id": "40",
    "db_patient_table": "patients",
    "db_patient_subject_id": "subject_identifier",
    "db_patient_initials": "initials",
    "db_patient_sex": "sex",
    "db_patient_age": "age",
    "db_image_table": "images",
    "db_image_subject_id": "subject_identifier",
    "db_image_filename": "filename",
    "db_image_eye": "eye",
    "report_type": "combined",
}
OF_1_0: dict[str, Any] = {
    "watch_dir": "export",
    "api_url": "https://edc.example.com",
    "device_id": "RET-CAM-001",
    "subject_folder_pattern": "(?P<subject_identifier>\\d{3}-\\d{2}-\\d{4}-\\d)_.*",
    "filename_eye_pattern": "_(OD|OS)_",
    "report_type": "combined",
    "include_jpgs": False,
    "require_html": True,
}


def read(
    folder: Path,
    settings: dict[str, Any],
    *,
    name: str = "fundus_camera_watchdog.json",
    environ: dict[str, str] | None = None,
    **flags: object,
) -> Config:
    path = folder / name
    path.write_text(json.dumps(settings), "utf-8")
    path.chmod(0o600)
    return load(path, flags, TOKEN if environ is None else environ)


def problems(folder: Path, settings: dict[str, Any], **more: Any) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        read(folder, settings, **more)
    return caught.value.problems


def without(settings: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in names}


@pytest.mark.parametrize("name", ["camera_config.json", "fundus_camera_watchdog.json"])
def test_a_file_of_0_2_is_read_as_it_is(tmp_path: Path, name: str) -> None:
    config = read(tmp_path, OF_0_2, name=name, environ={})
    assert config.db_path == tmp_path / "camera.db"
    assert (config.eye_sources, config.token) == (("database",), "YOUR_DRF_TOKEN")
    assert config.required == Required(ReportType.COMBINED)
    by_its_name = "include_jpgs and require_html are not given: every image counts, and is sent."
    assert config.notes == (() if name == "camera_config.json" else (by_its_name,))


def test_a_file_of_1_0_is_read_as_it_is_and_says_how(tmp_path: Path) -> None:
    config = read(tmp_path, OF_1_0)
    assert config.required == Required(
        ReportType.COMBINED, kinds=frozenset({D}), report_kinds=HTML, skip=frozenset({J, P})
    )
    assert (config.eye_sources, config.db_path) == (("filename",), None)
    match = config.subject_folder_pattern.fullmatch("105-10-0989-3_")
    assert match is not None
    assert match["subject_identifier"] == "105-10-0989-3"
    assert config.token == "c4n4ry"
    assert config.warnings == ()
    assert [note.partition(" is ")[0] for note in config.notes] == [
        "include_jpgs false",
        "require_html true",
        "subject_folder_pattern and filename_eye_pattern: taken as they stand there.",
        "There",
        "FUNDUS_CAMERA_WATCHDOG_TOKEN",
    ]
    assert not any("c4n4ry" in note for note in config.notes)


@pytest.mark.parametrize(
    "change, required",
    [
        (
            {"include_jpgs": True},
            Required(ReportType.COMBINED, report_kinds=HTML, of_one_kind=True),
        ),
        (
            {"require_html": False},
            Required(ReportType.COMBINED, kinds=frozenset({D}), skip=frozenset({J, P}), reports=0),
        ),
        (
            {"report_type": "per_eye"},
            Required(
                ReportType.PER_EYE,
                kinds=frozenset({D}),
                report_kinds=HTML,
                skip=frozenset({J, P}),
                reports=2,
            ),
        ),
    ],
)
def test_its_switches_become_what_an_exam_needs(
    tmp_path: Path, change: dict[str, Any], required: Required
) -> None:
    assert read(tmp_path, OF_1_0 | change).required == required


def test_one_switch_brings_the_other_s_default(tmp_path: Path) -> None:
    settings = without(OF_1_0, "include_jpgs") | {"require_html": False}
    config = read(tmp_path, settings, name="any.json")
    assert config.required.skip == {J, P}
    assert any(note.startswith("include_jpgs not given is taken as: ") for note in config.notes)


def test_a_switch_that_is_none_and_one_beside_todays_key_are_refused(tmp_path: Path) -> None:
    (wrong,) = problems(tmp_path, OF_1_0 | {"include_jpgs": "no"})
    assert wrong.key == "include_jpgs"
    (both,) = problems(tmp_path, OF_1_0 | {"required": {"reports": 0}})
    assert both.key == "include_jpgs"
    assert "beside required" in both.found


def test_a_file_without_a_database_and_with_a_pattern_reads_the_name(tmp_path: Path) -> None:
    settings = without(OF_1_0, "include_jpgs", "require_html")
    config = read(tmp_path, settings, name="any.json")
    assert config.eye_sources == ("filename",)
    assert config.required == Required(ReportType.COMBINED)
    with_database = read(tmp_path, settings | {"db_path": "x.db"}, name="any.json")
    assert with_database.eye_sources == ("database",)
    assert read(tmp_path, settings, name="any.json", eye_sources="dicom").eye_sources == ("dicom",)


def test_its_file_lies_in_the_watched_folder(tmp_path: Path) -> None:
    config = read(tmp_path, without(OF_1_0, "watch_dir"))
    assert config.watch_dir == tmp_path
    assert any("watch_dir" in note for note in config.notes)
    missing = problems(tmp_path, without(OF_1_0, "watch_dir"), name="any.json")
    assert [problem.key for problem in missing] == ["watch_dir"]


def test_its_variable_counts_only_where_nothing_else_gives_a_token(tmp_path: Path) -> None:
    assert read(tmp_path, OF_0_2, environ=TOKEN).token == "YOUR_DRF_TOKEN"
    both = TOKEN | {"CAMERA_WATCHDOG_TOKEN": "todays"}
    config = read(tmp_path, without(OF_0_2, "token"), environ=both, name="camera_config.json")
    assert (config.token, config.notes) == ("todays", ())
    assert [p.key for p in problems(tmp_path, without(OF_0_2, "token"), environ={})] == ["token"]
