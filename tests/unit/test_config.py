import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camera_watchdog.completeness import Required
from camera_watchdog.config import RUN_NEEDS, Config, load
from camera_watchdog.config.keys import KEYS
from camera_watchdog.config.zone import MachineZone
from camera_watchdog.errors import ConfigError, Problem
from camera_watchdog.model import Format, ImageRows, Laterality, ReportType, WebhookFormat
from camera_watchdog.stored_times import TimeForm
from canaries import TOKEN

D, J, P = Format.DICOM, Format.JPEG, Format.PNG
EXAMPLE = Path(__file__).parents[2] / "camera_config.example.json"

GOOD: dict[str, Any] = {
    "watch_dir": "export",
    "db_path": "camera.db",
    "api_url": "https://edc.example.org",
    "token": TOKEN,
}


def write(folder: Path, content: object = None, **more: object) -> Path:
    path = folder / "camera_config.json"
    whole = {**GOOD, **more} if content is None else content
    path.write_text(json.dumps(whole), encoding="utf-8")
    path.chmod(0o600)
    return path


def good(folder: Path, **more: object) -> Config:
    return load(write(folder, **more), {}, {})


def problems(
    path: Path | None,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    needs: frozenset[str] = RUN_NEEDS,
) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, flags or {}, environ or {}, needs=needs)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in repr(caught.value)
    return caught.value.problems


def only(path: Path | None, **more: Any) -> Problem:
    found = problems(path, **more)
    assert len(found) == 1, found
    return found[0]


def test_every_key_of_the_table_is_a_field_of_the_configuration() -> None:
    names = [field.name for field in fields(Config)]
    assert [key.name for key in KEYS] == names[: len(KEYS)]
    assert names[len(KEYS) :] == ["config_path", "flags", "warnings", "notes"]


DEFAULTS = {
    "device_id": "",
    "site_id": "",
    "report_type": ReportType.COMBINED,
    "required": Required.ready_made(ReportType.COMBINED),
    "log_level": "INFO",
    "log_file": None,
    "log_format": "text",
    "db_patient_table": "patients",
    "db_patient_subject_id": "subject_identifier",
    "db_patient_initials": "initials",
    "db_patient_sex": "sex",
    "db_patient_age": "age",
    "db_image_table": "images",
    "db_image_subject_id": "subject_identifier",
    "db_image_filename": "filename",
    "db_image_eye": "eye",
    "db_image_captured_at": None,
    "db_image_captured_at_form": None,
    "db_image_rows": ImageRows.PER_PICTURE,
    "db_eye_values": {},
    "eye_sources": ("database",),
    "eye_objections": ("filename", "dicom"),
    "filename_eye_pattern": re.compile(r"(?<![^\W_])(?P<eye>OD|OS)(?![^\W_])"),
    "dicom_patient_id": "exact",
    "subject_folder_pattern": re.compile("(?P<subject_identifier>.+)"),
    "ignore": (),
    "sweep_interval": 60,
    "stable_time": 2,
    "settle_time": 3,
    "stability_timeout": 30,
    "allow_sparse_files": False,
    "incomplete_after": 1800,
    "attention_after": 1800,
    "visit_gap": 7200,
    "retry_attempts": 3,
    "retry_delay": 5,
    "retry_max_delay": 60,
    "request_timeout": 60,
    "max_file_size_mb": 10,
    "workers": 4,
    "ca_bundle": None,
    "proxy": None,
    "allow_insecure_http": False,
    "notify_webhook": None,
    "notify_webhook_format": WebhookFormat.JSON,
    "notify_email": (),
    "smtp_host": None,
    "smtp_port": None,
    "smtp_security": "starttls",
    "smtp_from": None,
    "smtp_user": None,
    "smtp_password": "",
    "smtp_password_file": None,
    "notify_after": 1800,
    "heartbeat_url": None,
    "token_file": None,
}


def test_the_defaults_are_those_of_the_documentation(tmp_path: Path) -> None:
    config = good(tmp_path)
    assert {name: getattr(config, name) for name in DEFAULTS} == DEFAULTS
    assert isinstance(config.timezone, MachineZone)
    assert config.watch_dir == tmp_path / "export"
    assert config.db_path == tmp_path / "camera.db"
    assert config.archive_dir == tmp_path / "export" / "processed"
    assert config.state_dir == tmp_path / "export" / ".camera-watchdog"
    assert config.token == TOKEN
    assert config.warnings == ()
    assert config.config_path == tmp_path / "camera_config.json"


def test_the_configuration_is_frozen_and_its_text_has_no_secret(tmp_path: Path) -> None:
    secret = f"https://hook.example/{TOKEN}"
    config = good(
        tmp_path, notify_webhook=secret, heartbeat_url=secret, proxy=f"http://u:{TOKEN}@p:1"
    )
    assert TOKEN not in repr(config)
    with pytest.raises(FrozenInstanceError):
        config.workers = 2  # type: ignore[misc]


SET = [
    ("report_type", "per_eye", "per_eye", ReportType.PER_EYE),
    ("log_level", "debug", "Debug", "DEBUG"),
    ("db_image_captured_at", "taken", "taken", "taken"),
    ("db_image_captured_at_form", "OLE", "ole", TimeForm.OLE),
    ("db_image_rows", "per_name", "per_name", ImageRows.PER_NAME),
    (
        "db_eye_values",
        {" 1.0 ": "od", "Links": "left"},
        '{"1": "right", "LINKS": "OS"}',
        {"1": Laterality.RIGHT, "links": Laterality.LEFT},
    ),
    ("eye_sources", ["dicom", "filename"], ["dicom,filename"], ("dicom", "filename")),
    ("eye_sources", ["dicom", "dicom"], ["dicom", "dicom"], ("dicom",)),
    ("dicom_patient_id", "off", "OFF", "off"),
    ("required", "combined", "combined", Required.ready_made(ReportType.COMBINED)),
    ("required", {"reports": 0}, '{"reports": 0}', Required(ReportType.COMBINED, reports=0)),
    ("eye_objections", ["dicom"], ["dicom"], ("dicom",)),
    ("eye_objections", [], [""], ()),
    ("ignore", ["*.bak", "logo.png"], ["*.bak,logo.png"], ("*.bak", "logo.png")),
    ("ignore", [" *_thumb.jpg ", "*_thumb.jpg"], "*_thumb.jpg", ("*_thumb.jpg",)),
    ("ignore", [], [""], ()),
    ("filename_eye_pattern", "_([LR])_", "_([LR])_", re.compile("_([LR])_")),
    ("stable_time", 0, "0", 0.0),
    ("settle_time", 0.5, "0.5", 0.5),
    ("workers", 64, "64", 64),
    ("max_file_size_mb", 0, "0", 0.0),
    ("timezone", "Africa/Nairobi", "Africa/Nairobi", ZoneInfo("Africa/Nairobi")),
    ("allow_insecure_http", True, True, True),
    ("smtp_host", "mail.example", "mail.example", "mail.example"),
    ("smtp_port", 2525, "2525", 2525),
    ("smtp_security", "tls", "TLS", "tls"),
    ("smtp_from", "a@b.example", "a@b.example", "a@b.example"),
    ("proxy", "http://u:p@proxy:3128", "http://u:p@proxy:3128", "http://u:p@proxy:3128"),
    (
        "heartbeat_url",
        "https://x.example/a?b=c",
        "https://x.example/a?b=c",
        "https://x.example/a?b=c",
    ),
]


def test_mail_needs_a_mail_server(tmp_path: Path) -> None:
    config = good(tmp_path, notify_email=["a@b.example"], smtp_host="mail.example")
    assert config.notify_email == ("a@b.example",)
    with pytest.raises(ConfigError, match="smtp_host: found nothing"):
        good(tmp_path, notify_email=["a@b.example"])


@pytest.mark.parametrize("name,in_file,as_flag,meant", SET)
def test_a_key_means_the_same_in_the_file_and_as_a_flag(
    tmp_path: Path, name: str, in_file: object, as_flag: object, meant: object
) -> None:
    assert getattr(good(tmp_path, **{name: in_file}), name) == meant
    by_flag = load(write(tmp_path), {name: as_flag}, {})
    assert getattr(by_flag, name) == meant
    assert type(getattr(by_flag, name)) is type(meant)


REFUSED = [
    ("watch_dir", 3, "double quotes"),
    ("watch_dir", "C:\new", "backslash"),
    ("db_path", "a\0b", "backslash"),
    ("db_path", "\ud800", "path"),
    ("log_file", "~nobody-of-that-name/x", "in full"),
    ("device_id", "x" * 101, "found 101 characters; accepted: printable text, at most 100"),
    ("site_id", "x" * 51, "found 51 characters"),
    ("site_id", 40, "double quotes"),
    ("report_type", "per-eye", 'Did you mean "per_eye"?'),
    ("db_image_rows", "per_picture_", 'Did you mean "per_picture"?'),
    ("db_eye_values", {"1": "both"}, "Say OD or OS"),
    ("db_eye_values", {"1": 1}, "a table like"),
    ("db_eye_values", "1", "a table like"),
    ("db_eye_values", {" ": "OD"}, "an entry for ' '"),
    ("db_eye_values", {"d": "OD", "D ": "OS"}, "two eyes for 'D '"),
    ("log_level", "LOUD", "DEBUG, INFO"),
    ("dicom_patient_id", "same", "exact, contains, off"),
    ("required", 3, "a text in double quotes, or a table"),
    ("required", "bothe", "combined, per_eye"),
    ("required", "per_eye", 'while report_type is "combined"'),
    ("db_image_table", " ", "not empty"),
    ("db_image_eye", None, "double quotes"),
    ("eye_sources", [], "an empty list"),
    ("eye_sources", "database", "a list of texts"),
    ("eye_sources", ["database", 1], "a list of texts"),
    ("eye_sources", ["databse"], 'Did you mean "database"?'),
    ("eye_objections", ["database"], "any of filename, dicom, or an empty list"),
    ("ignore", "*.bak", "a list of texts"),
    ("ignore", [" "], "a list of patterns of names"),
    ("ignore", ["a\nb"], "a list of patterns of names"),
    ("ignore", ["thumbs/*"], "Write the name alone"),
    ("ignore", ["*"], "leaves out every picture named like IM_0001.jpg"),
    ("ignore", ["*.bak", "*.*"], "leaves out every picture"),
    ("ignore", ["*.JPG"], "required.skip"),
    ("ignore", ["*.d*"], "leaves out every picture named like IM_0001.dcm"),
    ("ignore", ["?*.pn[g]"], "leaves out every picture named like IM_0001.png"),
    ("filename_eye_pattern", "(", "does not compile"),
    ("filename_eye_pattern", "(?P<oeil>OD|OS)", "groups are named oeil"),
    ("subject_folder_pattern", "", "regular expression"),
    ("sweep_interval", 0, "above 0"),
    ("sweep_interval", True, "without quotes"),
    ("sweep_interval", "60", "without quotes"),
    ("sweep_interval", 10**400, "at most 2592000"),
    ("stable_time", -1, "from 0"),
    ("settle_time", float("nan"), "found NaN"),
    ("settle_time", float("inf"), "found Infinity"),
    ("stability_timeout", 0, "above 0"),
    ("incomplete_after", None, "found null"),
    ("visit_gap", -5, "above 0"),
    ("retry_attempts", 0, "whole number from 1"),
    ("retry_attempts", 1.5, "whole number"),
    ("retry_delay", 0, "above 0"),
    ("retry_max_delay", 4, "at least retry_delay (5)"),
    ("request_timeout", {}, "found an object"),
    ("max_file_size_mb", -1, "from 0"),
    ("workers", 65, "from 1 to 64"),
    ("timezone", "Africa/Nairobbi", 'Did you mean "Africa/Nairobi"?'),
    ("timezone", "Nairobi", 'Did you mean "Africa/Nairobi"?'),
    ("timezone", "Europe", "IANA"),
    ("timezone", "../etc/passwd", "IANA"),
    ("timezone", "x\0", "IANA"),
    ("ca_bundle", "absent.pem", "which is not there"),
    ("proxy", "proxy:3128", "not shown"),
    ("proxy", f"http://u:{TOKEN}@p/path", "not shown"),
    ("allow_insecure_http", "true", "true or false"),
    ("allow_insecure_http", 1, "true or false"),
    ("notify_webhook", f"hook.example/{TOKEN}", "not shown"),
    ("notify_email", ["not an address"], "e-mail"),
    ("notify_email", ["a@b\nBcc: c@d"], "e-mail"),
    ("notify_after", -1, "from 0"),
    ("heartbeat_url", "file:///etc", "not shown"),
    ("token", "two words", "blanks"),
    ("token", "tök", "special"),
    ("token", f"{TOKEN}\nx", "line breaks"),
    ("token", [TOKEN], "not shown"),
]


@pytest.mark.parametrize("name,value,said", REFUSED)
def test_a_value_that_cannot_be_is_refused_in_words(
    tmp_path: Path, name: str, value: object, said: str
) -> None:
    if sys.platform == "win32" and said == "in full":
        pytest.skip("a home is found for any name there")
    problem = only(write(tmp_path, **{name: value}))
    assert problem.key == name
    assert said in str(problem)
    assert "\n" not in str(problem)
    assert problem.accepted


def test_all_mistakes_are_told_at_once_with_the_nearest_key(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {"watch_dri": "x", "//": "note", "workers": 0, "api_url": "ftp://x", "$schema": "s"},
    )
    found = problems(path, {"stable_time": "soon", "nonsense": "1"})
    assert {p.key for p in found} == {
        "watch_dri", "'//'", "workers", "api_url", "--stable-time", "'--nonsense'",
        "watch_dir", "db_path", "token",
    }  # fmt: skip
    assert next(p for p in found if p.key == "watch_dri").advice == "Did you mean watch_dir?"


def test_a_secret_under_an_unknown_key_is_not_quoted(tmp_path: Path) -> None:
    assert only(write(tmp_path, tokken=TOKEN)).advice == "Did you mean token?"


TABLES: list[tuple[dict[str, object], Required]] = [
    ({}, Required(ReportType.COMBINED)),
    ({"reports": 0, "images": 3}, Required(ReportType.COMBINED, images=3, reports=0)),
    ({"images_per_eye": 2}, Required(ReportType.COMBINED, images=4, images_per_eye=2)),
    ({"images_per_eye": 0}, Required(ReportType.COMBINED, images=1, images_per_eye=0)),
    (
        {"skip": ["JPEG"]},
        Required(ReportType.COMBINED, kinds=frozenset({D, P}), skip=frozenset({J})),
    ),
    (
        {"skip": ["raw", "jpeg"]},
        Required(ReportType.COMBINED, kinds=frozenset({D, P}), skip=frozenset({J}), skip_raw=True),
    ),
    (
        {"kinds": ["dicom"], "skip": [], "report_kinds": ["pdf"]},
        Required(ReportType.COMBINED, kinds=frozenset({D}), report_kinds=frozenset({Format.PDF})),
    ),
]


@pytest.mark.parametrize("table, meant", TABLES)
def test_a_table_of_what_an_exam_needs_says_only_what_differs(
    tmp_path: Path, table: dict[str, object], meant: Required
) -> None:
    assert good(tmp_path, required=table).required == meant


BAD_TABLES: list[tuple[dict[str, object], str, str]] = [
    ({"image": 2}, "required.image", "Did you mean images?"),
    ({"images": "2"}, "required.images", "a number without quotes"),
    ({"images": 0}, "required.images", "from 1 to 100"),
    ({"images": 1.5}, "required.images", "whole number"),
    ({"images": 1, "images_per_eye": 2}, "required.images", "fewer than images_per_eye"),
    ({"images_per_eye": -1}, "required.images_per_eye", "from 0"),
    ({"kinds": []}, "required.kinds", "an empty list"),
    ({"kinds": ["tiff"]}, "required.kinds", "dicom, jpeg, png"),
    ({"kinds": "dicom"}, "required.kinds", "a list of texts"),
    ({"reports": True}, "required.reports", "a number without quotes"),
    ({"report_kinds": ["jpeg"]}, "required.report_kinds", "html, pdf"),
    ({"skip": ["jpeg", "png", "dicom"]}, "required.skip", "every kind of image"),
    ({"skip": ["jpeg", "png", "dicom", "raw"]}, "required.skip", "every kind of image"),
    ({"kinds": ["raw"]}, "required.kinds", "dicom, jpeg, png"),
    ({"skip": ["jpeg"], "kinds": ["jpeg"]}, "required.skip", "jpeg, which kinds asks for"),
]


@pytest.mark.parametrize("table, key, said", BAD_TABLES)
def test_a_bad_table_is_refused_with_the_reason_and_where_it_is(
    tmp_path: Path, table: dict[str, object], key: str, said: str
) -> None:
    problem = only(write(tmp_path, required=table))
    assert problem.key == key
    assert said in str(problem)


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"required": {"kinds": ["jpeg"]}}, "none of the images that required counts is DICOM"),
        ({"required": {"skip": ["dicom"]}}, "none of the images that required counts is DICOM"),
        ({"report_type": "per_eye"}, "each eye needs a report of its own"),
    ],
)
def test_dicom_as_the_only_source_of_an_eye_that_it_cannot_know_is_refused(
    tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    problem = only(write(tmp_path, eye_sources=["dicom"], **settings))
    assert problem.key == "eye_sources"
    assert said in problem.found
    for more in (["dicom", "filename"], ["database", "dicom"]):
        assert good(tmp_path, eye_sources=more, **settings).eye_sources == (*more,)
    optional = {"report_type": "per_eye", "required": {"reports": 0}}
    assert good(tmp_path, eye_sources=["dicom"], **optional).eye_sources == ("dicom",)


def test_all_that_is_wrong_in_a_table_is_told_at_once(tmp_path: Path) -> None:
    found = problems(write(tmp_path, required={"images": 0, "reports": -1, "skipp": []}))
    assert {p.key for p in found} == {"required.images", "required.reports", "required.skipp"}


@pytest.mark.parametrize("flags", [{"workers": "many"}, {"workers": "nan"}, {"workers": "1e1"}])
def test_a_flag_that_is_no_number_is_named_as_the_flag(
    tmp_path: Path, flags: dict[str, object]
) -> None:
    assert only(write(tmp_path), flags=flags).key == "--workers"


def test_relative_paths_start_at_the_file_or_for_a_flag_at_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    path = write(tmp_path, archive_dir="../sent", log_file="~/log.txt")
    config = load(path, {"watch_dir": "camera", "state_dir": str(tmp_path / "state")}, {})
    assert config.watch_dir == here / "camera"
    assert config.state_dir == tmp_path / "state"
    assert config.archive_dir == tmp_path.parent / "sent"
    assert config.log_file == home / "log.txt"


def test_null_and_empty_text_mean_none_where_none_is_the_default(tmp_path: Path) -> None:
    config = good(tmp_path, log_file="", proxy=None, timezone="", archive_dir="", notify_email=None)
    assert (config.log_file, config.proxy, config.notify_email) == (None, None, ())
    assert config.archive_dir == tmp_path / "export" / "processed"
    assert only(write(tmp_path, watch_dir="")).found == "nothing"


ADDRESSES = [
    ("https://edc.example.org/", "https://edc.example.org"),
    ("https://edc.example.org/api/retinopathy", "https://edc.example.org"),
    (" HTTPS://EDC.example.org:443/x/api/retinopathy// ", "https://edc.example.org/x"),
    ("https://edc.example.org:8443", "https://edc.example.org:8443"),
    ("http://localhost:8000", "http://localhost:8000"),
    ("http://127.8.9.1", "http://127.8.9.1"),
    ("http://[::1]:80/", "http://[::1]"),
]


@pytest.mark.parametrize("written,meant", ADDRESSES)
def test_the_address_of_the_edc_has_one_spelling(tmp_path: Path, written: str, meant: str) -> None:
    config = good(tmp_path, api_url=written)
    assert config.api_url == meant
    assert config.warnings == ()


@pytest.mark.parametrize(
    "url",
    [
        "edc.example.org", "ftp://edc.example.org", "https://", "https:///x", "https://a b",
        "https://edc.example.org:0", "https://edc.example.org:x", "https://[::1", "https://a..b",
        f"https://user:{TOKEN}@edc.example.org", f"https://edc.example.org/?token={TOKEN}",
        "https://edc.example.org/?", f"https://edc.example.org/#{TOKEN}", "https://a\\b", "https://a\tb",
        "https://\ud800", "http://edc.example.org", "http://10.0.0.1", "http://localhost.example.org",
    ],
)  # fmt: skip
def test_an_address_that_is_unsafe_or_impossible_is_refused(tmp_path: Path, url: str) -> None:
    assert only(write(tmp_path, api_url=url)).key == "api_url"


def test_plain_http_is_allowed_on_request_with_a_warning(tmp_path: Path) -> None:
    config = good(tmp_path, api_url="http://edc.example.org", allow_insecure_http=True)
    assert config.api_url == "http://edc.example.org"
    assert "http://" in config.warnings[0]


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, token="from-file")
    environ = {"CAMERA_WATCHDOG_TOKEN": " from-environment\n"}
    assert load(path, {}, {}).token == "from-file"
    assert load(path, {}, {"CAMERA_WATCHDOG_TOKEN": " "}).token == "from-file"
    assert load(path, {}, environ).token == "from-environment"
    by_flag = load(path, {"token": "from-flag"}, environ)
    assert by_flag.token == "from-flag"
    assert "command line" in by_flag.warnings[0]
    assert "from-flag" not in by_flag.warnings[0]


def test_a_bad_token_in_the_environment_is_named_by_its_variable(tmp_path: Path) -> None:
    environ = {"CAMERA_WATCHDOG_TOKEN": f"{TOKEN} x"}
    assert only(write(tmp_path), environ=environ).key == "CAMERA_WATCHDOG_TOKEN"


def token_file(folder: Path, content: bytes) -> Path:
    (folder / "token.txt").write_bytes(content)
    (folder / "token.txt").chmod(0o600)
    without = {name: value for name, value in GOOD.items() if name != "token"}
    return write(folder, {**without, "token_file": "token.txt"})


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_token_is_read_from_its_file_and_stripped(tmp_path: Path, mark: bytes) -> None:
    config = load(token_file(tmp_path, mark + f" {TOKEN}\r\n".encode()), {}, {})
    assert config.token == TOKEN
    assert config.token_file == tmp_path / "token.txt"


@pytest.mark.parametrize(
    "content,said",
    [
        (b" \r\n", "empty"),
        (TOKEN.encode("utf-16"), "UTF-16"),
        (f"{TOKEN}\n{TOKEN}".encode(), "line breaks"),
        (TOKEN.encode() + b"\xff", "not UTF-8"),
        (TOKEN.encode() * 30_000, "megabyte"),
    ],
)
def test_a_token_file_that_holds_no_token_is_a_problem(
    tmp_path: Path, content: bytes, said: str
) -> None:
    problem = only(token_file(tmp_path, content))
    assert problem.key == "token_file"
    assert said in problem.found


def test_a_token_put_in_the_place_of_its_file_is_not_quoted(tmp_path: Path) -> None:
    path = write(tmp_path, {**GOOD, "token": None, "token_file": TOKEN})
    assert only(path).found == "no such file"


def test_two_places_for_the_token_at_once_are_a_problem(tmp_path: Path) -> None:
    assert only(write(tmp_path, token_file="token.txt")).found == "both"


def test_a_command_without_need_of_the_token_reads_none(tmp_path: Path) -> None:
    path = write(tmp_path, {"watch_dir": "export", "token_file": "absent.txt"})
    config = load(path, {}, {}, needs=frozenset({"watch_dir"}))
    assert (config.token, config.api_url, config.db_path) == ("", "", None)
    assert {p.key for p in problems(path)} == {"db_path", "api_url", "token_file"}


def test_the_watch_folder_is_always_needed() -> None:
    assert only(None, needs=frozenset()).key == "watch_dir"


def test_the_database_is_not_needed_where_it_is_no_source_of_the_eye(tmp_path: Path) -> None:
    assert good(tmp_path, db_path=None, eye_sources=["filename"]).db_path is None
    assert (
        only(write(tmp_path, db_path=None, eye_sources=["filename", "database"])).key == "db_path"
    )


def test_flags_alone_are_a_configuration(tmp_path: Path) -> None:
    config = load(None, {**GOOD, "watch_dir": str(tmp_path)}, {})
    assert config.watch_dir == tmp_path
    assert config.config_path is None


def test_folders_that_are_not_there_yet_are_no_mistake_but_files_in_their_place_are(
    tmp_path: Path,
) -> None:
    for name in ("export", "sent", "state"):
        (tmp_path / name).write_text("")
    (tmp_path / "log").mkdir()
    path = write(tmp_path, archive_dir="sent", state_dir="state", log_file="log")
    assert [p.key for p in problems(path)] == ["watch_dir", "archive_dir", "state_dir", "log_file"]


@pytest.mark.parametrize(
    "more,key",
    [
        ({"archive_dir": "export"}, "archive_dir"),
        ({"archive_dir": "export/.."}, "archive_dir"),
        ({"watch_dir": "a/b/c", "archive_dir": "a"}, "archive_dir"),
        ({"state_dir": "export/"}, "state_dir"),
        ({"state_dir": "x", "archive_dir": "x"}, "state_dir"),
    ],
)
def test_folders_that_would_swallow_each_other_are_refused(
    tmp_path: Path, more: dict[str, object], key: str
) -> None:
    assert only(write(tmp_path, **more)).key == key


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege on Windows")
def test_a_link_does_not_hide_that_the_archive_is_above(tmp_path: Path) -> None:
    (tmp_path / "real" / "export").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    path = write(tmp_path, watch_dir="real/export", archive_dir="link")
    assert only(path).key == "archive_dir"


@pytest.mark.skipif(os.name != "posix", reason="mode bits say nothing on Windows")
def test_a_file_with_a_secret_that_others_can_read_earns_a_warning(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.chmod(0o644)
    assert str(path) in load(path, {}, {}).warnings[0]
    path = token_file(tmp_path, TOKEN.encode())
    path.chmod(0o644)
    assert load(path, {}, {}).warnings == ()
    (tmp_path / "token.txt").chmod(0o644)
    assert "token.txt" in load(path, {}, {}).warnings[0]


@pytest.mark.parametrize("token_from", ["environment", "file"])
def test_the_example_is_valid(tmp_path: Path, token_from: str) -> None:
    path = tmp_path / "camera_config.json"
    path.write_bytes(EXAMPLE.read_bytes())
    environ = {"CAMERA_WATCHDOG_TOKEN": TOKEN} if token_from == "environment" else {}
    if token_from == "file":
        (tmp_path / "token.txt").write_text(TOKEN)
        (tmp_path / "token.txt").chmod(0o600)
    config = load(path, {}, environ)
    assert config.token == TOKEN
    assert config.warnings == ()
    assert config.subject_folder_pattern.fullmatch("105-40-0001-3")


def test_the_machines_zone_knows_summer_time(monkeypatch: pytest.MonkeyPatch) -> None:
    time = pytest.importorskip("time")
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process cannot be set on Windows")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        zone = MachineZone()
        winter = datetime(2024, 1, 15, 12, tzinfo=zone)
        summer = datetime(2024, 7, 15, 12, tzinfo=zone)
        assert (winter.utcoffset(), summer.utcoffset()) == (timedelta(hours=1), timedelta(hours=2))
        assert (winter.tzname(), summer.dst()) == ("CET", None)
        doubled = [datetime(2024, 10, 27, hour, 30, tzinfo=UTC) for hour in (0, 1)]
        local = [moment.astimezone(zone) for moment in doubled]
        assert [(moment.hour, moment.fold) for moment in local] == [(2, 0), (2, 1)]
        assert [moment.astimezone(UTC) for moment in local] == doubled
    finally:
        monkeypatch.undo()
        time.tzset()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
key_names = st.sampled_from([key.name for key in KEYS]) | st.text()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(key_names, json_values, max_size=8) | json_values)
def test_any_json_at_all_gives_a_configuration_or_its_problems(
    tmp_path: Path, content: object
) -> None:
    path = write(tmp_path, content)
    try:
        config = load(path, {}, {})
    except ConfigError as error:
        assert error.problems  # noqa: PT017  # either end is right
    else:
        assert config.watch_dir.is_absolute()


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(key_names, st.text() | st.lists(st.text()) | st.booleans(), max_size=8))
def test_any_flags_at_all_give_a_configuration_or_its_problems(flags: dict[str, object]) -> None:
    try:
        config = load(None, flags, {"CAMERA_WATCHDOG_TOKEN": TOKEN})
    except ConfigError as error:
        assert TOKEN not in str(error)  # noqa: PT017  # either end is right
    else:
        assert config.watch_dir.is_absolute()


def test_a_time_zone_far_away_is_not_what_was_meant(tmp_path: Path) -> None:
    for name in ("Afrika", "Local", "Berlin time", "GMT+25"):
        with pytest.raises(ConfigError) as caught:
            good(tmp_path, timezone=name)
        assert "Did you mean" not in str(caught.value), name


@pytest.mark.parametrize(
    "url, is_warned",
    [
        ("http://hook.example/x", True),
        ("https://hook.example/x", False),
        ("http://127.0.0.1:8065/x", False),
    ],
)
@pytest.mark.parametrize("name", ["notify_webhook", "heartbeat_url"])
def test_a_webhook_or_heartbeat_by_plain_http_is_warned_of(
    tmp_path: Path, url: str, name: str, *, is_warned: bool
) -> None:
    warnings = good(tmp_path, **{name: url}).warnings
    assert any(f"{name} is reached by http://" in each for each in warnings) is is_warned
    assert url not in str(warnings)
