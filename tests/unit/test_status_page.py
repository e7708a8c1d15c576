"""The page: what it says, that nothing can break out of it, and that it needs nothing else."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from camera_watchdog.command_line import command, told_as
from camera_watchdog.model import Reason, State
from camera_watchdog.overview import Overview, overview, server
from camera_watchdog.status_page import moment, page
from exam_parts import NOON, exam, file

ZONE = ZoneInfo("Africa/Dar_es_Salaam")
HOSTILE = '<script>alert(1)</script>"&\u202e\x1b[31m'
VOID = {"meta", "link", "img", "br", "hr", "input"}


class Reader(HTMLParser):
    """The tags, their attributes and the text; fails where a tag is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.codes: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += f" {data}"
        if self._open[-1:] == ["code"]:
            self.codes.append(data)


def told(*exams: Any, **changes: Any) -> Overview:
    values: dict[str, Any] = {
        "at": NOON,
        "watch_dir": "/camera",
        "running": True,
        "server": server(reachable=True, since=NOON),
        "archived_today": 3,
    }
    return overview(exams, **(values | changes))


def read(*exams: Any, **changes: Any) -> Reader:
    return Reader(page(told(*exams, **changes), ZONE))


HELD = exam(file("OD.jpg"), state=State.HELD, reason=Reason("no_session"))
AWAY = server(reachable=False, since=NOON, trouble="edc_unreachable", said="no route to host")


def headline(reader_of: Reader) -> str:
    return " ".join(reader_of.text.split())


@pytest.mark.parametrize(
    "exams, changes, title",
    [
        ([], {}, "All is well at 15:00 No exam waits"),
        ([exam()], {}, "All is well at 15:00 1 exam is on the way"),
        ([exam(), exam(folder="S2")], {}, "All is well at 15:00 2 exams are on the way"),
        (
            [exam(), exam(folder="S2", reason=Reason("incomplete", (), {"missing": "the report"}))],
            {},
            "1 exam is on the way to the EDC. 1 exam waits for the camera, or for a picture to be taken",
        ),
        ([HELD], {}, "1 exam needs a person at 15:00 See below"),
        ([HELD, HELD], {}, "2 exams need a person at 15:00 See below"),
        (
            [HELD],
            {"server": AWAY},
            "The EDC is away: exams wait at 15:00 Since 15:00: The EDC cannot be reached",
        ),
        ([HELD], {"running": False}, "Stopped: nothing is being sent camera-watchdog was stopped"),
    ],
)
def test_one_line_says_how_it_stands(exams: list[Any], changes: dict[str, Any], title: str) -> None:
    assert title in headline(read(*exams, **changes))


def test_the_trouble_of_an_exam_is_told_even_while_the_server_is_away() -> None:
    text = headline(read(HELD, server=AWAY))

    assert "1 exam needs a person." in text
    assert "(no route to host)" in text
    assert "The EDC has no eye exam entry for S1." in text


def test_it_says_from_when_it_is_and_what_to_think_of_one_that_is_old() -> None:
    text = headline(read())

    assert "As of 15:00 on Sunday 1 March 2026" in text
    assert "Past 15:03? Then camera-watchdog has stopped, and nothing is being sent." in text
    assert "changes again once camera-watchdog is started" in headline(read(running=False))


def test_nothing_from_outside_can_be_markup() -> None:
    hostile = exam(
        folder=HOSTILE,
        subject=HOSTILE,
        state=State.HELD,
        reason=Reason("refused_format", (HOSTILE,), {"format": HOSTILE}),
    )

    reader = read(hostile, watch_dir=HOSTILE, warnings=(HOSTILE,))

    assert "script" not in reader.tags
    assert "\x1b" not in reader.text
    assert "\u202e" not in reader.text


def test_a_command_stands_by_itself_wherever_one_is_told() -> None:
    """Whatever stands in it, no letter of it is another one, or markup."""
    folder = "S  1 <b>&"
    with told_as("/opt/c w/camera-watchdog", "--config '/etc/a b.json'"):
        commands = [
            command(f"release '{folder}' --reason \"...\""),
            command("service restart"),
            command("check --send-test"),
        ]
        reader = read(
            exam(folder=folder, state=State.HELD, reason=Reason("retaken", ("OD.jpg",))),
            configuration=f"It was changed: {commands[1]}",
            warnings=(f"See what it answers: {commands[2]}",),
        )

    assert {*reader.codes} == {*commands}
    assert "See what it answers:" in reader.text


def test_it_needs_nothing_but_itself() -> None:
    reader = read(HELD)

    assert not {"script", "link", "img", "iframe", "object", "form", "a"} & {*reader.tags}
    assert not {"src", "href", "onload", "onclick"} & {name for _, name, _ in reader.attributes}
    assert "url(" not in page(told(HELD), ZONE)
    policy = [
        value for tag, name, value in reader.attributes if tag == "meta" and name == "content"
    ]
    assert "default-src 'none'; style-src 'unsafe-inline'" in policy
    assert "10" in policy


def test_it_can_be_read_aloud_and_printed() -> None:
    reader = read(HELD, exam(folder="S2"))

    assert ("html", "lang", "en") in reader.attributes
    assert [tag for tag in reader.tags if re.fullmatch("h[1-6]", tag)] == [
        "h1",
        "h2",
        "h3",
        "h2",
        "h3",
    ]
    assert reader.tags.count("title") == reader.tags.count("main") == 1
    assert "@media print" in page(told(), ZONE)


def test_it_says_whether_the_edc_answers_and_who_has_waited_longest() -> None:
    older = exam(folder="S2", subject="S2", first_seen=NOON - timedelta(days=1))

    text = headline(read(exam(), older))

    assert "The EDC answers, since 15:00." in text
    assert "The exam that has waited longest is S2, since 2026-02-28 15:00." in text
    assert "The EDC answers" not in headline(read(running=False))


def test_a_try_to_come_is_told_where_nobody_has_to_act() -> None:
    waiting = exam(
        state=State.READY,
        reason=Reason("database_busy"),
        not_before=NOON + timedelta(minutes=5),
    )

    assert "It is tried again at 15:05." in headline(read(waiting))


def test_a_time_of_another_day_has_its_day() -> None:
    assert moment(NOON - timedelta(days=1), NOON, ZONE) == "2026-02-28 15:00"
    assert moment(NOON - timedelta(hours=1), NOON, ZONE) == "14:00"
