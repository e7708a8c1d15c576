"""The page for a double click: an overview as HTML, to be read from two metres. Pure.

No script, nothing from elsewhere, no personal data. It asks the browser to read it again every few
seconds. Without a script it cannot know its own age: a page that a killed daemon left stays as it is.
So what it says stands beside the time at which it was so, and it names the time from which on it is out
of date and the daemon has stopped.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from html import escape
from typing import Final

from camera_watchdog.command_line import split_commands
from camera_watchdog.obstacles import Obstacle
from camera_watchdog.overview import Overview, Row

__all__ = ["REFRESH_S", "moment", "page"]

REFRESH_S: Final = 10

_GOOD_FOR: Final = timedelta(minutes=3)
"""It is written anew once a minute at least."""

_POLICY: Final = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)

_STYLE: Final = """
*{box-sizing:border-box}
body{margin:0;font:1.15rem/1.45 "Segoe UI",system-ui,sans-serif;color:#111;background:#f4f4f2;
overflow-wrap:anywhere}
header{padding:1.2rem 4vw;color:#fff;background:#1b5e20}
header.act{background:#a31515}
header.away,header.stopped{background:#3a2a00}
h1{margin:0;font-size:clamp(2rem,5vw,4.2rem);line-height:1.1}
header p{margin:.5rem 0 0;font-size:clamp(1.15rem,1.8vw,1.7rem)}
main{padding:.2rem 4vw 3rem;max-width:130rem}
h1 span{font-weight:400;white-space:nowrap}
header .age{font-weight:600}
h2{margin:1.2rem 0 .6rem;font-size:clamp(1.4rem,2.4vw,2.2rem)}
ul{list-style:none;margin:0;padding:0}
li{background:#fff;border:1px solid #767676;border-left-width:.6rem;padding:.8rem 1rem;margin:0 0 .8rem;
break-inside:avoid}
.act li{border-left-color:#a31515}
h3{margin:0;font-size:1.45rem}
.act h3{font-size:clamp(1.45rem,2vw,2.4rem)}
h3 small{font-size:.75em;font-weight:400;color:#444;margin-left:.6rem}
li p{margin:.3rem 0 0}
.act li p{font-size:clamp(1.25rem,1.6vw,1.9rem)}
.look{background:#fff;border:.2rem solid #111;padding:.6rem 1rem;font-size:1.25rem}
p span,h3 small{display:inline-block;max-width:100%}
code{display:block;width:fit-content;max-width:100%;margin:.2rem 0;border-left:.25rem solid;
padding-left:.6rem;font:inherit;font-family:ui-monospace,Consolas,monospace;white-space:pre-wrap;
user-select:all}
.do{font-weight:600}
.do::before{content:"What to do: "}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(5.2rem,1fr));gap:.5rem;margin:1rem 0}
dl div{background:#fff;border:1px solid #767676;padding:.4rem .7rem}
dt{color:#333}
dd{margin:0;font-size:2rem;font-weight:700}
footer{margin-top:2rem;color:#333}
@media print{
body,header,header.act,header.away,header.stopped{background:#fff;color:#000}
header{border-bottom:.3rem solid #000;padding:0 0 .5rem}
main{padding:.5rem 0;max-width:none}
body{font-size:11pt}
h1{font-size:24pt}
}
"""


_AWAITED_TITLE: Final = "Exams that wait for the camera, or for a picture to be taken"


def page(told: Overview, zone: tzinfo) -> str:
    """The page; times are shown in ``zone``."""
    kind, title, lead = _headline(told, zone)
    count = len(told.for_people)
    mark = f"({count}) " if count else ""
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        '<head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="refresh" content="{REFRESH_S}">',
        _POLICY,
        f"<title>{_shown(mark + title)} - camera-watchdog</title>",
        f"<style>{_STYLE}</style></head>",
        "<body>",
        f'<header class="{kind}"><h1>{_shown(title)}{_at(told, zone)}</h1>',
        *(f"<p>{_told(sentence)}</p>" for sentence in lead),
        f'<p class="age">{escape(_age(told, zone))}</p>',
        "</header>",
        "<main>",
        _list("Exams that need a person", "act", told.for_people, told, zone),
        *(
            f'<p class="look"><strong>Look:</strong> {_told(each)}</p>'
            for each in _to_look_at(told)
        ),
        _totals(told),
        f"<p>{_running(_also(told, zone))}</p>",
        _list(_AWAITED_TITLE, "", told.awaited, told, zone),
        _list(_others_title(told), "", told.by_themselves, told, zone),
        _asked(told, zone),
        _footer(told, zone),
        "</main></body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def moment(value: datetime, now: datetime, zone: tzinfo) -> str:
    """A time as a person says it: the hour today, the day and the hour before."""
    (day, hour), (today, _) = _there(value, zone), _there(now, zone)
    return hour if day == today else f"{day} {hour}"


@lru_cache(maxsize=1024)
def _there(value: datetime, zone: tzinfo) -> tuple[str, str]:
    there = value.astimezone(zone)
    return f"{there:%Y-%m-%d}", f"{there:%H:%M}"


def _headline(told: Overview, zone: tzinfo) -> tuple[str, str, list[str]]:
    """How it stands: a class, one line for the far end of the room, and what else to say."""
    count = len(told.for_people)
    people = f"{count} exam{'s need' if count != 1 else ' needs'} a person"
    server = told.server
    if not told.running:
        return _not_running(told, zone, people if count else "")
    beside = [_obstacle(each, told, zone) for each in told.obstacles if not each.keeps_all]
    if any(each.keeps_all for each in told.obstacles):
        worst = told.obstacles[0]
        lead = [_obstacle(each, told, zone) for each in told.obstacles]
        lead += [server.message] if server.reachable is False else []
        lead += [f"{people}."] if count else []
        return "away", worst.title, lead
    if server.reachable is False:
        since = f"Since {moment(server.since, told.at, zone)}: " if server.since else ""
        lead = [f"{since}{server.message}", server.action]
        lead += [f"{people}."] if count else []
        return "away", "The EDC is away: exams wait", [each for each in [*lead, *beside] if each]
    if count or beside:
        lead = ["See below what is wrong and what to do."] if count else []
        return "act", people if count else told.obstacles[0].title, [*lead, *beside]
    if told.rows:
        return "well", "All is well", list(_on_the_way(told))
    return "well", "All is well", ["No exam waits: everything there was is in the EDC."]


def _on_the_way(told: Overview) -> Iterator[str]:
    """How many exams go on, and how many wait for what does not come by itself."""
    awaited = len(told.awaited)
    if others := len(told.rows) - awaited:
        yield f"{others} exam{'s are' if others != 1 else ' is'} on the way to the EDC."
    if awaited:
        waits = "exams wait" if awaited != 1 else "exam waits"
        yield f"{awaited} {waits} for the camera, or for a picture to be taken: see below."


def _not_running(told: Overview, zone: tzinfo, people: str) -> tuple[str, str, list[str]]:
    when = moment(told.at, told.at, zone)
    safe = "Exams stay safe in the camera's folder, and are sent once it is started again."
    if told.refused:
        title = "Not started: nothing is being sent"
        lead = [f"camera-watchdog was to start at {when}, and could not: {told.refused}", safe]
        lead += ["Tell whoever looks after it."]
    else:
        title = "Stopped: nothing is being sent"
        lead = [f"camera-watchdog was stopped at {when}. {safe}", "Tell whoever looks after it."]
    return "stopped", title, [*lead, *([f"{people}."] if people else [])]


def _obstacle(each: Obstacle, told: Overview, zone: tzinfo) -> str:
    return f"Since {moment(each.since, told.at, zone)}: {each.sentence} {each.next_step}"


def _at(told: Overview, zone: tzinfo) -> str:
    """The time beside the headline, which is true of no other one."""
    return f" <span>at {told.at.astimezone(zone):%H:%M}</span>" if told.running else ""


def _age(told: Overview, zone: tzinfo) -> str:
    """From when it is, and what to think of it later."""
    of = f"As of {_full(told.at, zone)}."
    if not told.running:
        return f"{of} The page changes again once camera-watchdog is started."
    until = (told.at + _GOOD_FOR).astimezone(zone)
    return f"{of} Past {until:%H:%M}? Then camera-watchdog has stopped, and nothing is being sent."


def _to_look_at(told: Overview) -> list[str]:
    return [*([told.configuration] if told.configuration else []), *told.warnings]


def _also(told: Overview, zone: tzinfo) -> str:
    """Whether the EDC answers, and how long the oldest exam has waited."""
    said = []
    server, oldest = told.server, told.oldest
    if server.reachable and server.since and told.running:
        said.append(f"The EDC answers, since {moment(server.since, told.at, zone)}.")
    if oldest:
        when = moment(oldest.first_seen, told.at, zone)
        said.append(f"The exam that has waited longest is {oldest.subject}, since {when}.")
    return " ".join(said)


def _footer(told: Overview, zone: tzinfo) -> str:
    name = told.at.astimezone(zone).tzname() or "local"
    return (
        f"<footer>camera-watchdog, for the camera's folder {_shown(told.watch_dir)}. "
        f"Times are {escape(name)}.</footer>"
    )


def _totals(told: Overview) -> str:
    held = len(told.for_people)
    rows = [
        ("Archived today", told.archived_today),
        ("On the way", len(told.rows) - held),
        ("Need a person", held),
    ]
    cells = "".join(f"<div><dt>{name}</dt><dd>{count}</dd></div>" for name, count in rows)
    return f"<dl>{cells}</dl>"


def _list(title: str, kind: str, rows: tuple[Row, ...], told: Overview, zone: tzinfo) -> str:
    if not rows:
        return ""
    items = "\n".join(_item(row, told, zone) for row in rows)
    return f'<section class="{kind}"><h2>{_shown(title)}</h2>\n<ul>\n{items}\n</ul></section>'


def _others_title(told: Overview) -> str:
    once = "" if told.running else " once camera-watchdog is started"
    return f"Exams that go on by themselves{once}"


def _item(row: Row, told: Overview, zone: tzinfo) -> str:
    when = moment(row.since, told.at, zone)
    since = f"held since {when}" if row.is_held else f"since {when}"
    again = ""
    if not row.action and row.not_before is not None and row.not_before > told.at:
        again = f"It is tried again at {moment(row.not_before, told.at, zone)}."
    name = row.subject if row.subject == row.folder else f"{row.subject} (folder {row.folder})"
    can_do = f"Nobody has to act yet. {row.answer}" if row.answer else ""
    return _entry(name, since, row.reason, row.action or can_do or again, act=bool(row.action))


@lru_cache(maxsize=1024)  # most of them are the same whenever the page is written
def _entry(name: str, since: str, reason: str, then: str, *, act: bool) -> str:
    lines = [f"<li><h3>{_shown(name)}<small>{escape(since)}</small></h3>"]
    lines.append(f"<p>{_running(reason)}</p>")
    if then:
        lines.append(f'<p class="do">{_told(then)}</p>' if act else f"<p>{_told(then)}</p>")
    return "".join([*lines, "</li>"])


def _asked(told: Overview, zone: tzinfo) -> str:
    if not told.asked:
        return ""
    items = "\n".join(
        f"<li><h3>{_shown(each.folder)}<small>asked at {moment(each.at, told.at, zone)}</small></h3>"
        f"<p>{_shown(each.sentence)}.</p></li>"
        for each in told.asked
    )
    return f"<section><h2>Asked for, not done yet</h2>\n<ul>\n{items}\n</ul></section>"


def _told(text: str) -> str:
    """What a person is to do: each command stands by itself, and a click marks the whole of it."""
    return "".join(
        f"<code>{_shown(part)}</code>" if number % 2 else _running(part)
        for number, part in enumerate(split_commands(text))
    )


def _running(text: str) -> str:
    """A text whose words with hyphens (a subject, a flag) stay whole where a line can hold them."""
    if "-" not in text:
        return _shown(text)
    return " ".join(
        f"<span>{_shown(word)}</span>" if "-" in word else _shown(word) for word in text.split(" ")
    )


def _shown(text: str) -> str:
    """Text from outside: no markup, and nothing that turns the line around or cannot be seen."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return escape(text)


def _full(value: datetime, zone: tzinfo) -> str:
    there = value.astimezone(zone)
    return f"{there:%H:%M} on {there:%A} {there.day} {there:%B %Y}"
