"""No command that is printed answers a question before a person did, and every shell takes it."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from camera_watchdog.cli import Invocation, _understand, _UsageError
from camera_watchdog.model import Exam, ExamFile, Laterality, Reason, ReportType, State
from camera_watchdog.person import WordRefused, overrides_for
from camera_watchdog.reasons import REASONS, Answer, ReasonRule, explain, name_for
from exam_parts import exam, file

README: Final = Path(__file__).resolve().parents[2] / "README.rst"

FILES: Final = {
    "none": (),
    "one": ("logo.png",),
    "several": ("IM_0001.jpg", "IM_0002.jpg", "logo.png"),
    "odd": (
        *("a b.jpg", "it's $HOME `id`.jpg", "-x.jpg", "a=b.jpg", "a&b;f.jpg", "100%.jpg"),
        *(() if sys.platform == "win32" else ('"q".jpg', "a|b>c<d.jpg")),  # no name there
    ),
    "unprintable": ("a\tb\x1b[2J.jpg", "b\N{ZERO WIDTH SPACE}\\.jpg"),
}
FOLDERS: Final = ("105-10-0001-2", "-7", "S 1", "S'1", "S1|x", "--all", "S\x1b1")

COMMAND: Final = re.compile(
    r'camera-watchdog (?P<name>release|resend) .+?--reason "\.\.\."|camera-watchdog retry .+$'
)


def held(code: str, files: tuple[str, ...] = (), folder: str = "105-10-0001-2") -> Exam:
    there = tuple(ExamFile(name, 1000, 5, sha256=f"sha of {name}") for name in files)
    reason = Reason(code, files, {"session": "s-1"})
    return exam(*there, folder=folder, subject=folder, state=State.HELD, reason=reason)


def printed(code: str, files: tuple[str, ...] = (), folder: str = "105-10-0001-2") -> list[str]:
    """The commands of a reason's next step."""
    of = held(code, files, folder)
    assert of.reason is not None
    told = explain(of.reason, of).next_step
    found = [match.group() for match in COMMAND.finditer(told)]
    # "camera-watchdog check" and the like ask for nothing that is done
    assert len(found) == len(re.findall(r"camera-watchdog (?:release|resend|retry)", told))
    return found


def understood(command: str) -> Invocation:
    """As the program takes it: through a real shell where there is one, and its own parser."""
    shell = shutil.which("bash")
    rest = command.removeprefix("camera-watchdog ")
    if shell is None or sys.platform == "win32":
        words = shlex.split(rest)
    else:
        line = f"printf '%s\\0' {rest}"
        done = subprocess.run([shell, "-c", line], capture_output=True, check=True)
        words = done.stdout.decode().split("\0")[:-1]
    return _understand(words)[1]


def refusal(command: str) -> str:
    with pytest.raises(_UsageError) as caught:
        understood(command)
    return str(caught.value)


def answered(command: str) -> Invocation:
    """What a person makes of it."""
    return understood(command.replace("LEFT-OR-RIGHT", "left").replace('"..."', '"I looked"'))


def every_command() -> Iterator[tuple[str, str]]:
    for code in REASONS:
        for kind, files in FILES.items():
            yield from ((f"{code}, {kind}", command) for command in printed(code, files))


@pytest.mark.parametrize("rule", REASONS.values(), ids=lambda rule: rule.code)
def test_every_reason_prints_the_commands_of_its_answers(rule: ReasonRule) -> None:
    commands = printed(rule.code, FILES["one"])
    for answer, word in (
        (Answer.EYE, "--eye "),
        (Answer.SKIP, "--skip "),
        (Answer.RETRY, "retry "),
    ):
        if answer in rule.answers and rule.code not in ONLY_IN_WORDS:
            offered = any(word in command for command in commands)
            assert offered, (rule.code, answer, commands)
    assert bool(commands) <= bool(rule.answers)


ONLY_IN_WORDS: Final = {
    # The name is to be mended; leaving the file out is the exit for one that cannot be.
    "unsafe_name",
    # The pictures of one visit are to be moved as a whole.
    "two_visits",
    "two_folders",
    "late",
    "seen_before",
    "not_listed",
    "unforeseen",
}


def test_no_command_is_accepted_as_it_is_printed() -> None:
    commands = list(every_command())
    assert len(commands) > 100
    for where, command in commands:
        if "retry" in command:
            assert understood(command).arguments.subject == "105-10-0001-2", where
            continue
        said = refusal(command)
        assert "--help tells more" in said, where
        expected = ("say why in words", "write left or right", "write the date of the entry")
        assert any(each in said for each in expected), where


def test_a_reason_alone_does_not_make_an_answer_of_an_eye() -> None:
    (to_say_eye, _) = printed("eye_unknown", FILES["one"])
    said = refusal(to_say_eye.replace('"..."', '"I looked"'))
    assert "after the name of the file and = write left or right" in said


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_shell_takes_the_folder_as_it_is_called(folder: str) -> None:
    for code in ("incomplete", "server_keeps_failing", "eye_unknown", "cannot_tell"):
        for command in printed(code, FILES["one"], folder):
            named = answered(command).arguments.subject
            assert str(Path(named)) == folder, command


@pytest.mark.parametrize("kind", ["one", "several", "odd", "unprintable"])
def test_an_eye_is_asked_of_every_file_by_name(kind: str) -> None:
    command = printed("eye_unknown", FILES[kind])[0]
    eyes = answered(command).arguments.eye
    assert eyes == [(name, Laterality.LEFT) for name in FILES[kind]]


@pytest.mark.parametrize("kind", ["one", "several", "odd", "unprintable"])
@pytest.mark.parametrize("code", [r.code for r in REASONS.values() if Answer.SKIP in r.answers])
def test_every_file_that_can_be_left_out_is_named(code: str, kind: str) -> None:
    commands = [each for each in printed(code, FILES[kind]) if "--skip" in each]
    named = [name for each in commands for name in answered(each).arguments.skip]
    asked_in_words = code in ONLY_IN_WORDS and not commands
    # Where an eye is asked of each of several, one that is no picture of an eye is left out instead.
    one_of_several = Answer.EYE in REASONS[code].answers and len(FILES[kind]) > 1
    assert asked_in_words or named == (["FILE"] if one_of_several else list(FILES[kind]))


@pytest.mark.parametrize("code", ["not_in_database", "eye_unknown", "eye_conflict"])
def test_what_may_be_no_picture_can_be_left_out(code: str) -> None:
    said = explain(Reason(code, ("logo.png",)), exam()).next_step
    assert "no picture of an eye (a logo, a thumbnail)" in said
    assert "--skip logo.png" in said


def test_nothing_in_a_command_means_something_to_a_shell() -> None:
    for code in REASONS:
        for command in printed(code, FILES["several"]):
            assert not {*command} & {*"|<>&;()$`"}, command


@pytest.mark.skipif(sys.platform == "win32", reason="no name there has control characters")
def test_a_command_can_be_read_whatever_stands_in_a_name() -> None:
    commands = printed("unfinished_file", FILES["unprintable"], "S\x1b1")
    assert len(commands) == 2
    assert all(command.isprintable() for command in commands)


def test_a_file_that_stands_for_any_is_refused_by_the_exam() -> None:
    of = held("eye_unknown", FILES["several"])
    with pytest.raises(WordRefused, match=r"has no file FILE\. It has: IM_0001.jpg"):
        overrides_for(
            of,
            text="x",
            user="anna",
            at=of.first_seen,
            eyes={},
            skips=["FILE"],
            checksum=lambda name: name,
            report_type=ReportType.COMBINED,
        )


def test_what_is_no_answer_is_told_the_flags_and_no_answer() -> None:
    of = exam(file("OD.jpg"), state=State.HELD, reason=Reason("eye_unknown", ("OD.jpg",)))
    with pytest.raises(WordRefused) as caught:
        overrides_for(
            of,
            text="x",
            user="anna",
            at=of.first_seen,
            eyes={},
            skips=[],
            checksum=lambda name: name,
            report_type=ReportType.COMBINED,
        )
    assert "--eye FILE=LEFT-OR-RIGHT" in str(caught.value)
    assert "=left" not in str(caught.value)


def test_names_are_told_as_a_shell_takes_them() -> None:
    assert name_for("105-10-0001-2") == "105-10-0001-2"
    assert name_for("-7") == "./-7"
    quote = '"' if sys.platform == "win32" else "'"
    assert name_for("S 1") == f"{quote}S 1{quote}"


# What a person writes

NO_REASONS: Final = ["...", "…", "", " ", "-", "??", "_", '"..."', "\N{OK HAND SIGN}", "."]
REASONS_GIVEN: Final = ["x", "7", "ok.", "ложное фото", "看过了", "ดูแล้ว", "... looked", "é"]


@pytest.mark.parametrize("text", NO_REASONS)
@pytest.mark.parametrize("name", ["release", "resend"])
def test_a_reason_without_a_letter_or_digit_is_none(name: str, text: str) -> None:
    with pytest.raises(_UsageError, match="say why in words"):
        _understand([name, "S1", "--reason", text])


@pytest.mark.parametrize("text", REASONS_GIVEN)
def test_a_reason_may_be_in_any_script(text: str) -> None:
    assert _understand(["release", "S1", "--reason", text])[1].arguments.reason == text


@pytest.mark.parametrize(
    "said",
    [
        "a.jpg=LEFT-OR-RIGHT",
        "a.jpg=left|right",
        "a.jpg=EYE",
        "a.jpg=",
        "a.jpg",
        "=left",
        "a.jpg=both",
    ],
)
def test_what_is_no_eye_is_refused_with_a_sentence_of_its_own(said: str) -> None:
    with pytest.raises(_UsageError, match="write left or right") as caught:
        _understand(["release", "S1", "--reason", "looked", "--eye", said])
    assert "invalid" not in str(caught.value)


@pytest.mark.parametrize(
    "said, eye",
    [
        ("a.jpg=left", Laterality.LEFT),
        ("a.jpg=RIGHT", Laterality.RIGHT),
        ("a.jpg=OS", Laterality.LEFT),
        ("a=b.jpg=od", Laterality.RIGHT),
    ],
)
def test_an_eye_is_said_in_the_words_that_everybody_uses(said: str, eye: Laterality) -> None:
    given = _understand(["release", "S1", "--reason", "looked", "--eye", said])[1]
    assert given.arguments.eye == [(said.rpartition("=")[0], eye)]


# The manual


def commands_of_the_readme() -> list[str]:
    document = publish_doctree(README.read_text("utf-8"), settings_overrides={"report_level": 5})
    texts = [node.astext() for node in document.findall(nodes.literal)]
    texts += [
        line.strip()
        for block in document.findall(nodes.literal_block)
        for line in block.astext().splitlines()
    ]
    return [t for t in texts if re.match(r"camera-watchdog (release|resend) ", t)]


def test_no_command_in_the_readme_is_an_answer() -> None:
    commands = commands_of_the_readme()
    assert len(commands) >= 5
    for command in commands:
        assert refusal(command)
        assert not {*command} & {*"|<>"}
