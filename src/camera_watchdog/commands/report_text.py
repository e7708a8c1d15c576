"""``report`` on a terminal: 80 columns, no colour needed."""

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from camera_watchdog.model import Exam, ExamFile, Sent, State
from camera_watchdog.report import Difference, Steps, totals, was_for_other_bytes

__all__ = ["print_report"]

_SAID = {
    Sent.NO: "not sent",
    Sent.UNKNOWN: "sent, no answer",
    Sent.REFUSED: "refused",
    Sent.SKIPPED: "left out",
}


def print_report(
    exams: list[Exam],
    *,
    since: datetime,
    until: datetime | None,
    now: datetime,
    zone: tzinfo,
    found: list[Difference] | None,
    steps: Steps,
) -> None:
    """Print the report on stdout; times are shown in ``zone``."""
    console = Console(highlight=False, emoji=False, markup=False, legacy_windows=False)
    last = until - timedelta(seconds=1) if until else now
    days = f"{since.astimezone(zone):%Y-%m-%d} to {last.astimezone(zone):%Y-%m-%d}"
    period = f"Archived from {days}, and what is not done yet"
    console.print(_plain("What happened, step by step" if steps else period, "bold"))
    console.print(_plain(f"(times as the clock shows them here, {since.astimezone(zone):%z})"))
    for exam in exams:
        _print_exam(console, exam, zone)
        _print_steps(console, steps.get(exam.id, ()), zone)
    if not exams:
        console.print(_plain("\nNo exam."))
    _print_totals(console, exams)
    _print_differences(console, exams, found)


def _print_exam(console: Console, exam: Exam, zone: tzinfo) -> None:
    name = exam.subject if exam.subject == exam.folder else f"{exam.subject} [{exam.folder}]"
    console.print(_plain(f"\n{name}  {_state(exam, zone)}", "bold"))
    if exam.session:
        console.print(_plain(f"session {exam.session.session_id}"))
    for former in exam.former_sessions:
        console.print(_plain(f"before  {former}"))
    for said in exam.overrides:
        what = f"{said.name} left out" if said.skip else said.reason_code
        what = f"{said.name} is {said.eye}" if said.eye else what
        what = f"{what}, for other bytes" if was_for_other_bytes(exam, said) else what
        console.print(_plain(f"{said.user} at {_when(said.at, zone)}: {what} ({said.text})"))
    if not exam.files:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="underline", pad_edge=False)
    table.add_column("file", width=28, overflow="fold")
    table.add_column("type, eye by", width=15, overflow="fold")
    table.add_column("SHA-256", width=8, overflow="fold")
    table.add_column("taken, sent", ratio=1, overflow="fold")
    for file in exam.files:
        table.add_row(
            _plain(file.name),
            _plain(_type(file)),
            f"{(file.sha256 or file.sent_sha256)[:8]}\n{_size(file.size_bytes)}",
            _plain(_course(file, zone)),
        )
    console.print(table)


def _print_steps(console: Console, steps: Iterable[tuple[str, str, str]], zone: tzinfo) -> None:
    for at, step, detail in steps:
        when = f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M:%S}"
        console.print(_plain(f"{when}  {step}{f': {detail}' if detail else ''}"))


def _state(exam: Exam, zone: tzinfo) -> str:
    why = f" ({exam.reason.code})" if exam.reason else ""
    if exam.state is State.ARCHIVED and exam.archived_at:
        return f"archived {_when(exam.archived_at, zone)}, {exam.destination}{why}"
    return f"{exam.state}{why}, first seen {_when(exam.first_seen, zone)}"


def _type(file: ExamFile) -> str:
    kind = file.file_type.value if file.file_type else "-"
    return f"{kind}, {file.eye_source}" if file.eye_source else kind


def _course(file: ExamFile, zone: tzinfo) -> str:
    taken = f"taken {_when(file.captured_at, zone)}\n" if file.captured_at else ""
    if file.sent is not Sent.YES or file.sent_at is None:
        return f"{taken}{_SAID.get(file.sent, '')}{f': {file.note}' if file.note else ''}"
    answer = file.acknowledgement
    same = answer is not None and answer.checksum == file.sent_sha256
    tries = "" if file.attempts == 1 else f", try {file.attempts}"
    proof = "acknowledged" if same else "ACKNOWLEDGED OTHER BYTES"
    return f"{taken}sent  {_when(file.sent_at, zone)}\n{proof}{tries}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:.1f} kB"  # noqa: PLR2004 - a tenth of a MB


def _print_totals(console: Console, exams: Iterable[Exam]) -> None:
    told = totals(exams)
    by_state = ", ".join(f"{count} {state}" for state, count in sorted(told.exams.items()))
    sent = told.files.get(Sent.YES.value, 0)
    others = ", ".join(
        f"{count} {_SAID[Sent(what)]}"
        for what, count in sorted(told.files.items())
        if what != Sent.YES.value
    )
    console.print(_plain(f"\nexams   {by_state or 'none'}", "bold"))
    size = _size(told.size_bytes)
    line = f"files   {sent} sent and acknowledged ({size}){f', {others}' if others else ''}"
    console.print(_plain(line, "bold"))
    if told.differing:
        console.print(_plain(f"        {told.differing} ACKNOWLEDGED WITH OTHER BYTES", "bold red"))


def _print_differences(
    console: Console, exams: Iterable[Exam], found: list[Difference] | None
) -> None:
    if found is None:
        return
    read = sum(exam.state is State.ARCHIVED for exam in exams)
    read_again = f"{read} folder{'s' if read != 1 else ''} read again"
    if not found:
        console.print(_plain(f"archive {read_again}: all as on record", "bold"))
        return
    console.print(_plain(f"archive {read_again}: {len(found)} DIFFER", "bold red"))
    for each in found:
        name = "/".join(part for part in (each.archive_folder, each.file) if part)
        console.print(_plain(f"  {name}: {each.said}"))


def _when(value: datetime, zone: tzinfo) -> str:
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"


def _plain(text: str, style: str = "") -> Text:
    """Names come from outside: nothing of them may drive the terminal."""
    told = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
    return Text(told, style=style)
