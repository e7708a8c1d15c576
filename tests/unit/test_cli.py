import argparse
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from camera_watchdog import __version__, cli
from camera_watchdog.completeness import Required
from camera_watchdog.config.keys import KEYS
from camera_watchdog.config.values import Shape
from camera_watchdog.errors import (
    CameraWatchdogError,
    ConfigError,
    DatabaseUnreadable,
    JournalRefused,
    NotNow,
    Problem,
    Unauthorized,
)
from camera_watchdog.model import Laterality, ReportType, WebhookFormat
from camera_watchdog.stored_times import TimeForm
from camera_watchdog.this_program import this_program
from canaries import TOKEN


class Started:
    """What the daemon and the demo were asked."""

    def __init__(self) -> None:
        self.config: Any = None
        self.once: bool | None = None
        self.demo: tuple[str, bool] | None = None
        self.answer: int | BaseException = 0

    def run(self, config: object, *, once: bool) -> int:
        self.config, self.once = config, once
        return self._end()

    def show(self, generation: str, *, keep: bool) -> int:
        self.demo = (generation, keep)
        return self._end()

    def _end(self) -> int:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    fake = Started()
    for name, function in (
        ("camera_watchdog.daemon", fake.run),
        ("camera_watchdog_demo.show", fake.show),
    ):
        module = ModuleType(name)
        module.run = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delenv("CAMERA_WATCHDOG_TOKEN", raising=False)
    return fake


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "clinic.json"
    path.write_text(
        json.dumps(
            {
                "watch_dir": "export",
                "db_path": "camera.db",
                "api_url": "https://edc.example.org",
                "token": TOKEN,
            }
        )
    )
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize(
    "line,once",
    [
        (["--config", "{}"], False),
        (["--config", "{}", "--once"], True),
        (["--config", "{}", "run", "--once"], True),
        (["run", "--config", "{}", "--once"], True),
        (["run", "--once", "--config={}"], True),
        (["--once", "run", "--config", "{}"], True),
    ],
)
def test_flags_may_stand_before_or_after_the_command(
    started: Started, config: str, tmp_path: Path, line: list[str], *, once: bool
) -> None:
    assert cli.main([word.format(config) for word in line]) == 0
    assert started.once is once
    assert started.config.watch_dir == tmp_path / "export"


def test_the_file_of_the_current_folder_is_taken_where_none_is_named(
    started: Started, config: str, tmp_path: Path
) -> None:
    assert cli.main([]) == cli.Exit.BAD_CONFIG
    Path(config).rename(tmp_path / "camera_config.json")
    assert cli.main([]) == 0
    assert started.config.config_path == tmp_path / "camera_config.json"
    assert started.config.watch_dir == tmp_path / "export"


SAMPLES: dict[str, tuple[list[str], object]] = {
    "token": (["--token", "other"], "other"),
    "report_type": (["--report-type", "per_eye"], "per_eye"),
    "db_image_rows": (["--db-image-rows", "per_name"], "per_name"),
    "db_image_captured_at_form": (["--db-image-captured-at-form", "dotnet"], TimeForm.DOTNET),
    "db_eye_values": (
        ["--db-eye-values", '{"1": "OD", "2": "OS"}'],
        {"1": Laterality.RIGHT, "2": Laterality.LEFT},
    ),
    "dicom_patient_id": (["--dicom-patient-id", "contains"], "contains"),
    "required": (["--required", '{"reports": 0}'], Required(ReportType.COMBINED, reports=0)),
    "log_level": (["--log-level", "DEBUG"], "DEBUG"),
    "log_format": (["--log-format", "json"], "json"),
    "api_url": (["--api-url", "https://other.example"], "https://other.example"),
    "eye_sources": (["--eye-sources", "dicom", "--eye-sources", "filename"], ("dicom", "filename")),
    "eye_objections": (["--eye-objections", ""], ()),
    "ignore": (["--ignore", "*.bak", "--ignore", "logo.png"], ("*.bak", "logo.png")),
    "notify_email": (
        ["--notify-email", "a@b.example,c@d.example", "--smtp-host", "m.example"],
        ("a@b.example", "c@d.example"),
    ),
    "allow_insecure_http": (["--no-allow-insecure-http"], False),
    "allow_sparse_files": (["--allow-sparse-files"], True),
    "proxy": (["--proxy", "http://p:1"], "http://p:1"),
    "smtp_security": (["--smtp-security", "TLS"], "tls"),
    "smtp_from": (["--smtp-from", "a@b.example"], "a@b.example"),
    "smtp_user": (["--smtp-user", "me", "--smtp-password", "p w"], "me"),
    "smtp_password": (["--smtp-user", "me", "--smtp-password", "p w"], "p w"),
    "notify_webhook": (["--notify-webhook", "https://h.example/x"], "https://h.example/x"),
    "notify_webhook_format": (["--notify-webhook-format", "Teams"], WebhookFormat.TEAMS),
    "heartbeat_url": (["--heartbeat-url", "https://h.example/x"], "https://h.example/x"),
}


@pytest.mark.parametrize(
    "key",
    [key for key in KEYS if key.name not in {"token_file", "smtp_password_file"}],
    ids=lambda k: k.name,
)
def test_every_key_has_its_flag(started: Started, config: str, tmp_path: Path, key: Any) -> None:
    (tmp_path / "there.pem").write_text("")
    words, meant = SAMPLES.get(key.name, ([key.flag, "7"], None))
    if key.name == "ca_bundle":
        words = [key.flag, "there.pem"]
    elif key.name == "timezone":
        words = [key.flag, "UTC"]
    elif key.name == "retry_max_delay":
        words = [key.flag, "70"]
    elif key.name == "filename_eye_pattern":
        words = [key.flag, "(x)%s"]
    assert cli.main(["--config", config, *words]) == 0
    value = getattr(started.config, key.name)
    if meant is not None:
        assert value == meant
    elif key.kind.shape is Shape.NUMBER:
        assert value == float(words[1])
    elif isinstance(value, Path):
        assert value == tmp_path / words[1]
    else:
        assert words[1] in str(getattr(value, "pattern", value))


def test_the_token_file_has_its_flag(started: Started, config: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("of-the-file")
    assert cli.main(["--config", config, "--token-file", "t"]) == 0
    assert started.config.token == "of-the-file"


@pytest.mark.parametrize(
    "line,said",
    [
        (["--tokn", TOKEN], "no flag --tokn. Did you mean --token?"),
        ([f"--tokn={TOKEN}"], "Did you mean --token?"),
        ([f"--token{TOKEN}"], "no flag that"),
        (["--onse"], "Did you mean --once?"),
        (["run", "--watch_dir", TOKEN], "Did you mean --watch-dir?"),
        (["--wat", "x"], "no flag --wat"),
        (["-x"], "no flag -x"),
        (["--token"], "expected one argument"),
        ([f"--once={TOKEN}"], "takes no value"),
        ([f"--allow-insecure-http={TOKEN}"], "takes no value"),
        (["rnu"], "Did you mean run?"),
        ([TOKEN], "There are: run, init"),
        (["run", TOKEN], "a word too many"),
        (["run", "--", TOKEN], "a word too many"),
        (["--token", "x", TOKEN], "no such command"),
        (["demo", "--once"], "no flag --once"),
        (["demo", "--token", TOKEN], "takes no settings: leave out --token"),
    ],
)
def test_a_line_that_cannot_be_understood_is_explained_without_its_values(
    started: Started, capsys: pytest.CaptureFixture[str], line: list[str], said: str
) -> None:
    assert cli.main(line) == cli.Exit.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert TOKEN not in err
    assert (started.config, started.demo) == (None, None)


@pytest.mark.parametrize(
    "line,asked",
    [
        (["demo"], ("1.4", False)),
        (["demo", "--edc", "0.4", "--keep"], ("0.4", True)),
    ],
)
def test_the_demo_is_given_its_generation(
    started: Started, line: list[str], asked: tuple[str, bool]
) -> None:
    assert cli.main(line) == 0
    assert started.demo == asked


@pytest.mark.parametrize(
    "end,code",
    [
        (0, 0),
        (1, 1),
        (NotNow("The folder is not there."), 75),
        (ConfigError([Problem("key", "this", "that")]), 78),
        (DatabaseUnreadable("It is damaged."), 1),
        (DatabaseUnreadable("No table.", problems=[Problem("db_image_table", "x", "a, b")]), 78),
        (Unauthorized("The token is refused."), 77),
        (JournalRefused("It is newer."), 78),
        (CameraWatchdogError("Something."), 1),
    ],
)
def test_every_end_has_its_exit_code_and_every_error_one_message(
    started: Started,
    config: str,
    capsys: pytest.CaptureFixture[str],
    end: int | Exception,
    code: int,
) -> None:
    started.answer = end
    assert cli.main(["--config", config]) == code
    out, err = capsys.readouterr()
    assert out == ""
    if isinstance(end, Exception):
        assert err.startswith(f"camera-watchdog: {end}")
        assert "Traceback" not in err
        assert all(str(problem) in err for problem in getattr(end, "problems", ()))


def test_ctrl_c_before_the_daemon_listens_is_no_traceback(
    started: Started, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    started.answer = KeyboardInterrupt()
    assert cli.main(["--config", config]) == 1
    assert capsys.readouterr().err == "Stopped.\n"


def test_what_nobody_foresaw_keeps_its_traceback(started: Started, config: str) -> None:
    started.answer = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        cli.main(["--config", config])


def test_warnings_go_to_stderr_before_the_start_without_the_token(
    started: Started, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--config", config, "--token", TOKEN]) == 0
    assert started.config.token == TOKEN
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Warning: The token on the command line")
    assert TOKEN not in err


@pytest.mark.parametrize(
    "line,said",
    [
        (["--help"], ["commands:", "demo", "--help-settings"]),
        (["--help-settings"], ["--watch-dir", "OD|OS", "--no-allow-insecure-http"]),
        (["release", "--help-settings"], ["--watch-dir", "OD|OS"]),
        (["--config", "x", "-h"], ["commands:"]),
        (["run", "--help"], ["--once", "--config"]),
        (["demo", "--help"], ["--edc", "--keep"]),
        (["--version"], [__version__]),
    ],
)
def test_help_and_version_go_to_stdout(
    capsys: pytest.CaptureFixture[str], line: list[str], said: list[str]
) -> None:
    assert cli.main(line) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert all(part in out for part in said)


def test_a_command_is_added_by_one_row(
    monkeypatch: pytest.MonkeyPatch, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("subject")
        parser.add_argument("--reason", required=True)

    def run(invocation: cli.Invocation) -> int:
        loaded = invocation.load_config(frozenset({"watch_dir"}))
        said = invocation.arguments
        return 0 if (said.subject, said.reason, loaded.token) == ("-1", "seen", "") else 1

    rows: dict[str, cli.Command] = {
        **cli.COMMANDS,
        "release": cli.Command("release", "answer a hold", arguments, run),
    }
    monkeypatch.setattr(cli, "COMMANDS", rows)
    assert cli.main(["release", "--config", config, "--reason", "seen", "--", "-1"]) == 0
    assert cli.main(["release", "--config", config]) == cli.Exit.USAGE
    assert "required: subject, --reason" in capsys.readouterr().err


def in_process(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_the_version_is_told_without_importing_what_the_daemon_needs() -> None:
    script = (
        "import sys; from camera_watchdog.cli import main; main(['--version']); "
        "print([m for m in ('requests', 'rich', 'watchdog', 'sqlite3') if m in sys.modules])"
    )
    done = in_process("-c", script)
    assert done.stdout.splitlines() == [f"camera-watchdog {__version__}", "[]"]


def test_the_module_is_the_command(tmp_path: Path) -> None:
    done = in_process("-m", "camera_watchdog", "--config", str(tmp_path / "absent.json"))
    assert done.returncode == 78
    assert "absent.json" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("line", [[], ["run", "--once"], ["status"], ["service", "print"]])
def test_without_any_configuration_one_sentence_says_how_to_begin(
    line: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = cli.main(line)
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "--config" in err
    if line[:1] != ["service"]:  # says more about its own
        assert code == cli.Exit.BAD_CONFIG
        assert f"{this_program()} init" in err
        assert f"{this_program()} demo" in err


def test_a_report_from_a_day_to_come_is_refused(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", "--since", "2999-01-31", "--config", config]) == 1
    assert "--since is in the future" in capsys.readouterr().err
    assert cli.main(["report", "--since", "2020-01-31", "--config", config]) == 1
    assert "There is no journal" in capsys.readouterr().err  # the day is well


@pytest.mark.parametrize("command", [[], *([name] for name in cli.COMMANDS)])
def test_help_is_short_and_names_what_tells_of_the_settings(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, "--help"]) == 0
    told = capsys.readouterr().out
    assert len(told.splitlines()) < 50
    assert "--db-path" not in told
    assert ("--help-settings" in told) is (command != ["demo"])


@pytest.mark.parametrize("command", ["run", "status", "check", "retry S-1"])
def test_where_there_is_no_configuration_one_sentence_names_init_and_demo(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(command.split()) == 78
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert "There is no configuration" in printed.err
    assert " init writes one" in printed.err
    assert " demo shows how it works" in printed.err
