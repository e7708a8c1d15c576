"""The status page in a real browser, in every state, at the widths of workstations and of a phone.

One browser draws all pages. With ``SCREENSHOTS`` set to a folder, what it drew is kept there.
"""

import dataclasses
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from browser import CHROMIUM, Browser
from camera_watchdog.capture import CLOCK
from camera_watchdog.command_line import command, told_as
from camera_watchdog.model import Exam, Reason, Sent, State
from camera_watchdog.overview import overview, server
from camera_watchdog.person import Request, Wish
from camera_watchdog.reasons import REASONS
from camera_watchdog.status_files import root_warnings
from camera_watchdog.status_page import page
from exam_parts import acknowledged, exam, file

NOW: Final = datetime(2026, 3, 2, 11, 5, tzinfo=UTC)
ZONE: Final = ZoneInfo("Africa/Dar_es_Salaam")
WIDTHS: Final = {"large": (1920, 1080), "workstation": (1366, 768), "phone": (375, 667)}
IN_CI_ON_LINUX: Final = bool(os.environ.get("CI")) and sys.platform.startswith("linux")

pytestmark = pytest.mark.skipif(
    not CHROMIUM and not IN_CI_ON_LINUX, reason="there is no Chromium that can be driven here"
)


def _exam(number: int, state: State, reason: Reason | None = None, **changes: Any) -> Exam:
    subject = f"105-10-{number:04}-{number % 10}"
    files = (file("OD_0001.jpg"), file("OS_0002.jpg"), file("report.pdf"))
    values: dict[str, Any] = {
        "id": number,
        "folder": subject,
        "subject": subject,
        "state": state,
        "reason": reason,
        "first_seen": NOW - timedelta(minutes=5 * number),
    }
    known = exam(*changes.pop("files", files), **values)
    return dataclasses.replace(known, **changes)


def _held(number: int, code: str, **details: str) -> Exam:
    return _exam(number, State.HELD, Reason(code, ("OD_0001.jpg",), details))


HELD: Final = (
    _held(1, "no_session"),
    _held(7, "incomplete", missing="1 more image and the report"),
    _held(11, "eye_conflict", said="the database says left, the name says right"),
    _held(12, "retaken"),
)
SENDING: Final = _exam(
    15,
    State.UPLOADING,
    files=(acknowledged("OD_0001.jpg"), file("OS_0002.jpg", sent=Sent.UNKNOWN), file("report.pdf")),
)
WAITING: Final = _exam(20, State.READY, Reason("edc_unreachable"))
WELL: Final = server(reachable=True, since=NOW - timedelta(hours=5))
HOSTILE: Final = "<b onmouseover=x>&amp;</b>\u202egnp.SO\u0007 " + "W" * 120


def _away(code: str, said: str) -> dict[str, Any]:
    since = NOW - timedelta(minutes=20)
    return {"server": server(reachable=False, since=since, trouble=code, said=said)}


Told = tuple[tuple[Exam, ...], dict[str, Any], str]

STATES: Final[dict[str, Told]] = {
    "first day": ((), {"archived_today": 0}, "All is well"),
    "all archived": ((), {}, "All is well"),
    "collecting": ((_exam(3, State.COLLECTING),), {}, "All is well"),
    "waiting for files": (
        (_exam(3, State.COLLECTING, Reason("incomplete", (), {"missing": "the report"})),),
        {},
        "All is well",
    ),
    "ready": ((_exam(3, State.READY),), {}, "All is well"),
    "tried again": (
        (_exam(3, State.READY, Reason("database_busy"), not_before=NOW + timedelta(minutes=1)),),
        {},
        "All is well",
    ),
    "identifying": ((_exam(3, State.IDENTIFYING),), {}, "All is well"),
    "resolving": ((_exam(3, State.RESOLVING),), {}, "All is well"),
    "uploading": ((SENDING,), {}, "All is well"),
    "verifying": ((_exam(3, State.VERIFYING),), {}, "All is well"),
    "archiving": ((_exam(3, State.ARCHIVING),), {}, "All is well"),
    "archive blocked": (
        (_exam(3, State.READY, Reason("archive_blocked", (), {"said": "in use"})),),
        {},
        "1 exam needs a person",
    ),
    "one held": (HELD[:1], {}, "1 exam needs a person"),
    "several held": ((*HELD, SENDING), {}, "4 exams need a person"),
    "every reason": (
        tuple(_held(n, code, said="HTTP 500", session="s-1") for n, code in enumerate(REASONS)),
        {},
        f"{sum(each.needs_person for each in REASONS.values())} exams need a person",
    ),
    "away": (
        (WAITING,),
        _away("edc_unreachable", "no route to edc.example.org"),
        "The EDC is away",
    ),
    "away and held": (
        (WAITING, *HELD),
        _away("edc_unreachable", "no route to edc.example.org"),
        "The EDC is away",
    ),
    "token refused": ((WAITING,), _away("token_refused", "HTTP 401"), "The EDC is away"),
    "not the EDC": ((WAITING,), _away("not_the_edc", "a page, no JSON"), "The EDC is away"),
    "certificate": ((WAITING,), _away("certificate_refused", "expired"), "The EDC is away"),
    "EDC fails": ((WAITING,), _away("edc_failing", "HTTP 502"), "The EDC is away"),
    "stopped": ((), {"running": False}, "Stopped: nothing is being sent"),
    "stopped and held": (HELD, {"running": False}, "Stopped: nothing is being sent"),
    "many": (
        tuple(_held(n, "no_session") for n in range(1, 61))
        + tuple(_exam(n, State.READY) for n in range(61, 201)),
        {},
        "60 exams need a person",
    ),
    "hostile names": (
        (
            dataclasses.replace(
                _held(1, "unsafe_name", said=HOSTILE), subject=HOSTILE, folder=HOSTILE
            ),
            dataclasses.replace(SENDING, subject="X" * 255, folder="Y" * 255),
        ),
        {"watch_dir": "\\\\server\\" + "long" * 60},
        "1 exam needs a person",
    ),
    "wrong clock": (
        (
            dataclasses.replace(
                SENDING,
                notes=(f"{CLOCK}OD_0001.jpg says that it was taken in 2031, which is not yet.",),
            ),
        ),
        {},
        "All is well",
    ),
    "disk": (
        HELD[:1],
        {"warnings": ("The disk is almost full (80 MB left at D:): make room before it stops.",)},
        "1 exam needs a person",
    ),
    "loose files": ((), {"warnings": tuple(root_warnings(3, 1))}, "All is well"),
    "asked for": (
        HELD[:1],
        {"requests": [Request(Wish.RESEND, 9, "105-10-0009-9_20260228_101500", "anna", NOW)]},
        "1 exam needs a person",
    ),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "CI needs a Chromium"
    with Browser() as browser:
        yield browser


def _written(folder: Path, state: str) -> Path:
    exams, changes, _ = STATES[state]
    values: dict[str, Any] = {
        "at": NOW,
        "watch_dir": r"D:\fundus",
        "running": True,
        "server": WELL,
        "archived_today": 12,
        "held_since": {each.id: each.first_seen + timedelta(minutes=3) for each in exams},
    }
    path = folder / "status.html"
    path.write_text(page(overview(exams, **(values | changes)), ZONE), "utf-8")
    return path


_MEASURE: Final = """(() => {
const light = c => { const f = c.map(v => { v /= 255;
  return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
  return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
const parse = c => c.match(/[\\d.]+/g).map(Number);
const behind = e => { for (; e; e = e.parentElement) {
  const c = parse(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
const told = {contrast: 99, smallest: 99, widest: 0, cut: []};
for (const e of document.body.querySelectorAll("*")) {
  const box = e.getBoundingClientRect(), s = getComputedStyle(e);
  told.widest = Math.max(told.widest, box.right);
  if (e.scrollWidth > e.clientWidth + 1 && s.display !== "inline") told.cut.push(e.tagName);
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
  const a = light(parse(s.color).slice(0, 3)), b = light(behind(e));
  told.contrast = Math.min(told.contrast, (Math.max(a, b) + .05) / (Math.min(a, b) + .05));
  told.smallest = Math.min(told.smallest, parseFloat(s.fontSize)); }
const first = document.querySelector(".act li");
told.h1 = parseFloat(getComputedStyle(document.querySelector("h1")).fontSize);
told.scrolls = document.documentElement.scrollWidth - innerWidth;
told.overWidth = told.widest - innerWidth;
told.firstAt = first ? first.getBoundingClientRect().top / innerHeight : 0;
return told; })()"""


@pytest.mark.parametrize("state", STATES)
def test_it_can_be_read_from_two_metres_by_everybody(
    browser: Browser, tmp_path: Path, state: str
) -> None:
    """Contrast as WCAG 2 wants it, letters of a size, no line wider than the screen, people first."""
    path = _written(tmp_path, state)
    shots = os.environ.get("SCREENSHOTS", "")
    browser.resize(*WIDTHS["large"])
    browser.open(path)

    for name, (width, height) in WIDTHS.items():
        browser.resize(width, height)
        if shots:
            browser.picture(Path(shots) / f"{state} {name}.png")
        told = browser.ask(_MEASURE)

        assert told["scrolls"] <= 0, name
        assert told["overWidth"] <= 0.5, name
        assert told["cut"] == [], name
        assert told["contrast"] >= 4.5, name
        assert told["smallest"] >= 16, name
        assert told["h1"] >= (30 if name == "phone" else 60), name
        # Whoever opens it sees the first exam in need without scrolling.
        assert told["firstAt"] < 0.9, name


_WORDS: Final = """({
title: document.title, text: document.body.innerText, h1: document.querySelector("h1").innerText,
header: getComputedStyle(document.querySelector("header")).backgroundColor,
headings: [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map(h => +h.tagName[1]),
first: document.querySelector("h2") ? document.querySelector("h2").innerText : "",
inNeed: [...document.querySelectorAll(".act li")].map(li => li.innerText),
steps: [...document.querySelectorAll(".act li .do")].map(p =>
  getComputedStyle(p, "::before").content),
others: document.querySelectorAll("script,img,link,iframe,object,form,a,b").length,
refresh: document.querySelector('meta[http-equiv=refresh]').content,
lang: document.documentElement.lang, mains: document.querySelectorAll("main").length })"""

COLOURS: Final = {
    "All is well": "rgb(27, 94, 32)",
    "a person": "rgb(163, 21, 21)",
    "The EDC is away": "rgb(58, 42, 0)",
    "Stopped": "rgb(58, 42, 0)",
}


@pytest.mark.parametrize("state", STATES)
def test_it_says_in_words_who_is_needed_for_what_and_from_when_it_is(
    browser: Browser, tmp_path: Path, state: str
) -> None:
    exams, changes, title = STATES[state]
    browser.open(_written(tmp_path, state))

    told = browser.ask(_WORDS)

    assert title in told["h1"]
    count = len(told["inNeed"])
    assert told["title"].startswith(f"({count}) " if count else title)
    assert (told["lang"], told["mains"], told["others"], told["refresh"]) == ("en", 1, 0, "10")
    (colour,) = {colour for words, colour in COLOURS.items() if words in told["h1"]}
    assert told["header"] == colour
    steps = [after - before for before, after in pairwise(told["headings"])]
    assert told["headings"][0] == 1
    assert all(step <= 1 for step in steps)
    if count:
        assert told["first"] == "Exams that need a person"
        assert told["steps"] == ['"What to do: "'] * count
    running = changes.get("running", True)
    assert "As of 14:05 on Monday 2 March 2026." in told["text"]
    assert ("Past 14:08? Then camera-watchdog has stopped" in told["text"]) is running
    assert ("changes again once camera-watchdog is started" in told["text"]) is not running
    named = [each for each in exams if each.subject.isprintable()]
    assert [each.subject for each in named if each.subject not in told["text"]] == []


def test_the_widths_of_a_magnified_page_need_no_scrolling_aside(
    browser: Browser, tmp_path: Path
) -> None:
    """WCAG 2 asks for 320 CSS pixels: a screen of 1280 at 400 %."""
    browser.resize(320, 256)
    for state in ("several held", "hostile names", "away and held"):
        browser.open(_written(tmp_path, state))
        told = browser.ask(_MEASURE)
        assert (told["scrolls"] <= 0, told["cut"]) == (True, []), state


@pytest.mark.parametrize(
    "features", [{"prefers_color_scheme": "dark"}, {"prefers_contrast": "more"}]
)
def test_it_stays_legible_for_who_prefers_something_else(
    browser: Browser, tmp_path: Path, features: dict[str, str]
) -> None:
    browser.resize(*WIDTHS["workstation"])
    browser.prefer(**features)
    for state in ("all archived", "several held", "away", "stopped"):
        browser.open(_written(tmp_path, state))
        assert browser.ask(_MEASURE)["contrast"] >= 4.5, state
    browser.prefer()


def test_it_can_be_printed_black_on_white_with_no_exam_cut_in_two(
    browser: Browser, tmp_path: Path
) -> None:
    browser.resize(794, 1123)  # A4
    browser.prefer("print")
    for state in ("several held", "away", "all archived", "stopped"):
        browser.open(_written(tmp_path, state))
        if shots := os.environ.get("SCREENSHOTS", ""):
            browser.picture(Path(shots) / f"{state} paper.png", whole=True)
        header = browser.ask('getComputedStyle(document.querySelector("header")).backgroundColor')
        assert (header, browser.ask(_MEASURE)["contrast"] >= 7) == ("rgb(255, 255, 255)", True)
    browser.open(_written(tmp_path, "many"))
    breaks = browser.ask(
        '[...document.querySelectorAll("li")].map(e => getComputedStyle(e).breakInside)'
    )
    assert breaks == ["avoid"] * 200
    browser.prefer()
    assert browser.paper().startswith(b"%PDF-")


def test_a_command_is_marked_whole_by_one_click_and_stays_on_the_screen(
    browser: Browser, tmp_path: Path
) -> None:
    """What is copied is what a shell takes: two blanks are two, and no line ends within it."""
    folder = "105  <b>&amp; " + "W" * 120
    held = dataclasses.replace(_held(1, "retaken"), subject="S1", folder=folder)
    with told_as("/opt/camera-watchdog", "--config '/etc/a  b.json'"):
        expected = command(f"release '{folder}' --reason \"...\"")
        path = tmp_path / "status.html"
        told = overview(
            (held,), at=NOW, watch_dir="D:", running=True, server=WELL, archived_today=1
        )
        path.write_text(page(told, ZONE), "utf-8")

    for width, height in WIDTHS.values():
        browser.resize(width, height)
        browser.open(path)
        at = browser.ask(_BEGINNING_OF_COMMAND)
        browser.click(at["x"], at["y"])

        assert browser.ask("getSelection().toString()") == expected
        measured = browser.ask(_MEASURE)
        assert (measured["scrolls"] <= 0, measured["cut"]) == (True, [])


_BEGINNING_OF_COMMAND: Final = """(() => {
const code = document.querySelector(".act .do code"); code.scrollIntoView();
const box = code.getBoundingClientRect(); return {x: box.x + 20, y: box.y + 12}; })()"""


def test_its_own_policy_lets_no_script_run(browser: Browser, tmp_path: Path) -> None:
    path = _written(tmp_path, "all archived")
    text = path.read_text("utf-8")
    path.write_text(text.replace("</body>", "<script>document.title = 'ran'</script></body>"))

    browser.open(path)

    assert browser.ask("document.title").startswith("All is well")


def test_it_renews_itself(browser: Browser, tmp_path: Path) -> None:
    path = _written(tmp_path, "all archived")
    path.write_text(path.read_text("utf-8").replace('content="10"', 'content="1"'), "utf-8")
    browser.open(path)
    _written(tmp_path, "several held")

    browser.wait_for_load()

    assert browser.ask("document.title").startswith("(4) 4 exams need a person")
