"""What stands in the place of the program's name in a command, and how words are quoted."""

import ctypes
import re
import subprocess
import sys
from html import unescape
from pathlib import Path, PureWindowsPath

import pytest

from camera_watchdog import command_line, this_program
from camera_watchdog.command_line import command, quoted, split_commands, told_as
from camera_watchdog.model import Reason
from camera_watchdog.reasons import explain
from camera_watchdog.service_units import Service, task_xml
from exam_parts import exam


def test_a_command_begins_with_the_program_and_ends_with_the_settings() -> None:
    with told_as("/opt/c/camera-watchdog", "--config /etc/c.json"):
        assert command("status") == "/opt/c/camera-watchdog status --config /etc/c.json"
        told = explain(Reason("incomplete", (), {"missing": "the report"}), exam()).next_step
        assert told.endswith(
            '/opt/c/camera-watchdog release S1 --reason "..." --config /etc/c.json'
        )
    assert command("status") == "camera-watchdog status"


def test_the_name_that_a_message_had_before_is_there_again_where_it_fails() -> None:
    with pytest.raises(RuntimeError), told_as("x", "y"):
        raise RuntimeError
    assert command_line.program() == "camera-watchdog"
    assert command_line.settings() == ""


@pytest.mark.parametrize("settings", ["", "--config 'a b.json'"])
def test_commands_are_found_in_a_text(settings: str) -> None:
    with told_as("camera-watchdog", settings):
        end = command_line.settings()
        text = (
            f'Do this: camera-watchdog release S1 --skip x --reason "..."{end} Or try again: '
            f"camera-watchdog retry 'S 1'{end}"
        )
        others = ("check --send-test", "service install", "service restart", "moved 'C:/a b' D:/c")
        for each in others:
            assert split_commands(f"See: {command(each)} Then") == ["See: ", command(each), " Then"]
        assert split_commands(text) == [
            "Do this: ",
            f'camera-watchdog release S1 --skip x --reason "..."{end}',
            " Or try again: ",
            f"camera-watchdog retry 'S 1'{end}",
            "",
        ]
        assert split_commands("camera-watchdog has seen it.") == ["camera-watchdog has seen it."]


def test_a_command_that_a_daemon_told_is_found_whole_by_who_has_other_settings() -> None:
    with told_as("camera-watchdog", "--config '/etc/a b.json' --state-dir /var/c"):
        told = command(r"retry $'S\'\t1'")
    assert split_commands(f"Try again: {told} Then look.") == ["Try again: ", told, " Then look."]


@pytest.mark.parametrize(
    "word, told",
    [
        (r"C:\cw\camera_config.json", r"C:\cw\camera_config.json"),
        (r"C:\Program Files\c.json", r'"C:\Program Files\c.json"'),
        ("D:\\a b\\", '"D:\\a b\\\\"'),
        ("it's.json", '"it\'s.json"'),
        (r"\\server\share", r"\\server\share"),
        ("D:\\K\u00e4ufe\\c.json", "D:\\K\u00e4ufe\\c.json"),
        (r"D:\R&D\c.json", r'"D:\R&D\c.json"'),
        (r"D:\50%\c.json", r'"D:\50%\c.json"'),
        (r"D:\a^b;c,d(1)\c.json", r'"D:\a^b;c,d(1)\c.json"'),
        ("@S1", '"@S1"'),
        ("S@1", "S@1"),
    ],
)
def test_words_are_quoted_as_windows_takes_them(
    monkeypatch: pytest.MonkeyPatch, word: str, told: str
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert quoted(word) == told


ODD_WORDS = (
    r"C:\cw\camera_config.json",
    "D:\\K\u00e4ufe & S\u00f6hne\\50% of it\\c.json",
    r"D:\a^b;c,d(1)\R&D.json",
    "D:\\a b\\",
    r"\\server\data$\S 1",
    "it's <S1> | \u0141\u00f3d\u017a",
)


@pytest.mark.skipif(sys.platform != "win32", reason="asks the Command Prompt")
@pytest.mark.parametrize("word", ODD_WORDS)
def test_the_command_prompt_hands_on_a_printed_word_as_it_is(word: str) -> None:
    program = f'{quoted(sys.executable)} -c "import sys; print(ascii(sys.argv[1]))"'
    line = f"{program} {quoted(word)}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)  # noqa: S602  # it is asked
    assert done.stdout.strip() == ascii(word)


@pytest.mark.skipif(sys.platform != "win32", reason="asks Windows how it takes a line apart")
@pytest.mark.parametrize("word", ODD_WORDS)
def test_a_task_is_started_with_its_file_as_it_is(word: str) -> None:
    """The scheduler hands a task's arguments on as a line; no shell reads them."""
    service = Service(PureWindowsPath(r"C:\P\pythonw.exe"), PureWindowsPath(word), "SYSTEM", ())
    line = re.search("<Arguments>(.*)</Arguments>", task_xml(service))
    assert line is not None
    shell32 = ctypes.CDLL("shell32")  # on 64 bits there is one way to call
    shell32.CommandLineToArgvW.restype = ctypes.POINTER(ctypes.c_wchar_p)
    count = ctypes.c_int()
    words = shell32.CommandLineToArgvW(f"pythonw.exe {unescape(line[1])}", ctypes.byref(count))
    assert tuple(words[1 : count.value]) == service.arguments


def test_what_says_where_to_look_is_printed_and_no_secret(tmp_path: Path) -> None:
    flags = {"watch_dir": str(tmp_path / "a b"), "token": "c4n4ry", "workers": "2"}
    told = this_program.settings_given(tmp_path / "c.json", flags)
    assert (
        told
        == f"--config {quoted(str(tmp_path / 'c.json'))} --watch-dir {quoted(str(tmp_path / 'a b'))}"
    )
    assert this_program.settings_given(None, {}) == ""
