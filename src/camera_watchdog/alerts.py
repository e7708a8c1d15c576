"""Whom to wake, and when: one message when a trouble lasts, one when it is over. Pure.

A trouble is an exam that a person must see to, or an EDC that is away. It is told once it has lasted
``after``, so that what passes by itself wakes nobody (what stood still for too long has), and once more when it is over; never once a
try. A hold that is tried again, and held again, is the same trouble: it is over when its exam is
done, or has got on without it for a while. Another reason is told anew, for it asks for something
else.

Messages leave this machine. They name the subject and nothing else of a patient: no file name, no
folder and nothing out of a file, for the camera may have put a patient's name there.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final

from camera_watchdog.after_archive import findings
from camera_watchdog.attention import Place, places
from camera_watchdog.command_line import command
from camera_watchdog.model import Exam, Reason, State, WebhookFormat
from camera_watchdog.overview import NEEDED_AT_ONCE, Server, attention_reason, needs_person
from camera_watchdog.reasons import explain

__all__ = [
    "Known",
    "Message",
    "Trouble",
    "body",
    "key_of",
    "known_as_text",
    "known_from_text",
    "news",
    "of_exams",
    "of_server",
    "subject_line",
    "trial_message",
    "undelivered",
    "webhook_body",
]

_VERSION: Final = 1
_SERVER: Final = "server"
_CALM: Final = timedelta(minutes=1)
"""The least time without trouble, while its exam is tried again, that makes an end of it."""

_DELIVERED_WITHIN: Final = timedelta(minutes=5)
"""What is older was refused, or its server is away."""

_TELLING: Final = frozenset(
    {
        "archive",
        "code",
        "fields",
        "format",
        "kind",
        "limit",
        "missing",
        "newest",
        "ours",
        "session",
        "size",
        "theirs",
        "wanted",
    }
)
"""The details of a reason that cannot hold anything of a patient."""
_NOT_TOLD: Final = "see the status page"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a person must see to. ``key`` tells one from another, ``subject`` is empty for the EDC.

    ``since`` when (ISO 8601), where it has lasted for long enough already, and ``about`` the code of what an
    exam waits for that does not get on: it is the same trouble when it becomes a hold.
    """

    key: str
    subject: str
    code: str
    sentence: str
    next_step: str
    since: str = ""
    about: str = ""

    def is_the_same(self, other: "Trouble") -> bool:
        """Whether both ask for the same."""
        ours, theirs = {self.code, self.about} - {""}, {other.code, other.about} - {""}
        return not ours.isdisjoint(theirs)


@dataclass(frozen=True, slots=True)
class Known:
    """A trouble that was seen: since when, when last, and what of it was told (none: nothing)."""

    trouble: Trouble
    since: datetime
    seen: datetime
    told: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody is told: a trouble, or that it is ``over``."""

    trouble: Trouble
    since: datetime
    at: datetime
    over: bool


def key_of(exam: Exam) -> str:
    """What an exam's trouble is known by; what was found of an archived one has its code behind that."""
    return f"exam {exam.id}"


def of_exams(
    exams: Iterable[Exam], unmoved: Mapping[int, datetime] = MappingProxyType({})
) -> list[Trouble]:
    """The exams that a person must see to, in words that may leave this machine.

    ``unmoved`` are those that stand still, by number, and since when.
    """
    known = list(exams)
    listed = places(known, unmoved, NEEDED_AT_ONCE)
    troubles = []
    for exam in known:
        place = listed.get(exam.id, Place())
        since = _time(place.since) if place.since else ""
        if exam.reason is not None and needs_person(exam) and not place.behind:
            reasons = findings(exam) or (exam.reason,)
            troubles += [_of_exam(exam, _told_of(each), since=since) for each in reasons]
        elif since:
            own = _told_of(exam.reason) if exam.reason else None
            reason = attention_reason(exam.but(folder=exam.subject), own)
            about = own.code if own else ""
            troubles.append(_of_exam(exam, reason, since=since, about=about))
    return troubles


def _told_of(reason: Reason) -> Reason:
    """What of a reason may leave this machine."""
    details = {
        name: value if name in _TELLING else _NOT_TOLD for name, value in reason.details.items()
    }
    return Reason(reason.code, (), details)


def _of_exam(exam: Exam, reason: Reason, **more: str) -> Trouble:
    key = f"{key_of(exam)} {reason.code}" if exam.state is State.ARCHIVED else key_of(exam)
    words = explain(reason, exam.but(folder=exam.subject))
    return Trouble(key, exam.subject, reason.code, words.sentence, words.next_step, **more)


def of_server(told: Server, code: str) -> Trouble:
    """An EDC that is away; ``code`` says in which way."""
    return Trouble(_SERVER, "", code, told.message, told.action)


def news(
    known: Mapping[str, Known],
    now_there: Iterable[Trouble],
    *,
    still_open: Iterable[str],
    now: datetime,
    after: timedelta,
) -> tuple[dict[str, Known], list[Message]]:
    """What is known now, and what is to be told of it.

    ``still_open`` are the keys of exams that are not done: with them a trouble may come back.
    """
    there = {trouble.key: trouble for trouble in now_there}
    may_return = frozenset(still_open)
    left: dict[str, Known] = {}
    messages = []
    for key, trouble in there.items():
        each = _seen(known.get(key), trouble, now)
        is_told = each.told is not None and each.told.is_the_same(trouble)
        if not is_told and (trouble.since or now - each.since >= after):
            messages.append(Message(trouble, each.since, now, over=False))
            each = dataclasses.replace(each, told=trouble)
        left[key] = each
    for key in known.keys() - there.keys():
        each = known[key]
        if key in may_return and now - each.seen < max(after, _CALM):
            left[key] = each
        elif each.told is not None:
            messages.append(Message(each.told, each.since, now, over=True))
    return left, messages


def _seen(before: Known | None, trouble: Trouble, now: datetime) -> Known:
    lasted = datetime.fromisoformat(trouble.since) if trouble.since else None
    if before is None:
        return Known(trouble, lasted or now, now)
    since = before.since if before.trouble.is_the_same(trouble) else lasted or now
    return Known(trouble, since, now, before.told)


def body(message: Message, *, machine: str, device_id: str) -> dict[str, Any]:
    """A message as JSON says it; ``text`` is the whole in a line, which chat programs show."""
    trouble = message.trouble
    where = f"{machine}, {device_id}" if device_id else machine
    said = f"This is over: {trouble.sentence}" if message.over else trouble.sentence
    next_step = "" if message.over else trouble.next_step
    return {
        "version": _VERSION,
        "event": "over" if message.over else "trouble",
        "subject": trouble.subject,
        "reason_code": trouble.code,
        "reason": said,
        "next_step": next_step,
        "since": _time(message.since),
        "at": _time(message.at),
        "machine": machine,
        "device_id": device_id,
        "text": " ".join(part for part in (f"camera-watchdog ({where}):", said, next_step) if part),
    }


def subject_line(told: Mapping[str, Any]) -> str:
    """The subject of the mail that tells this body."""
    if told["event"] == "test":
        return f"camera-watchdog {told['device_id'] or told['machine']}: a test message"
    who = told["subject"] or "the EDC"
    what = "is well again" if told["event"] == "over" else "needs a person"
    return f"camera-watchdog {told['device_id'] or told['machine']}: {who} {what}"


def known_as_text(known: Known) -> str:
    """A trouble for the journal."""
    return json.dumps(
        {
            "trouble": dataclasses.asdict(known.trouble),
            "since": _time(known.since),
            "told": dataclasses.asdict(known.told) if known.told else None,
        }
    )


def known_from_text(text: str, now: datetime) -> Known:
    """A trouble from the journal; it counts as seen ``now``, when the daemon starts."""
    told = json.loads(text)
    return Known(
        trouble=Trouble(**told["trouble"]),
        since=datetime.fromisoformat(told["since"]),
        seen=now,
        told=Trouble(**told["told"]) if told["told"] else None,
    )


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds")


def webhook_body(told: Mapping[str, Any], form: WebhookFormat) -> Mapping[str, Any]:
    """A body as the address of a webhook takes it; chat services refuse what they do not know.

    Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    Google Chat: https://developers.google.com/workspace/chat/quickstart/webhooks
    Teams, an Adaptive Card: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors
    """
    text: str = told["text"]
    if form is WebhookFormat.JSON:
        return told
    if form is WebhookFormat.SLACK:  # has three characters of its own
        return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}
    if form is WebhookFormat.GOOGLE_CHAT:
        return {"text": text}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [{"type": "TextBlock", "text": text, "wrap": True}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def trial_message(*, machine: str, device_id: str, at: datetime) -> dict[str, Any]:
    """The body of a message that says that nothing is wrong."""
    said = "This is a test message, asked for by a person. Nothing is wrong, nothing is to be done."
    message = Message(Trouble("", "", "test", said, ""), at, at, over=False)
    return {**body(message, machine=machine, device_id=device_id), "event": "test"}


def _written_at(text: str) -> datetime | None:
    """When a message was written; none where an earlier release, or damage, left what does not tell."""
    try:
        at = datetime.fromisoformat(json.loads(text)["at"])
    except (ValueError, LookupError, TypeError):
        return None
    return at if at.tzinfo else None


def undelivered(messages: Iterable[tuple[str, str]], now: datetime, zone: tzinfo) -> list[str]:
    """A sentence for each channel that takes none; ``messages`` are channel and body, oldest first."""
    waiting: dict[str, list[datetime]] = {}
    for channel, text in messages:
        at = _written_at(text)
        if at is not None and now - at >= _DELIVERED_WITHIN:
            waiting.setdefault(channel, []).append(at)
    return [
        f"{len(times)} message{'s' if len(times) > 1 else ''} to people could not be delivered by "
        f"{channel}, since {min(times).astimezone(zone):%Y-%m-%d %H:%M}. See what it answers: "
        f"{command('check --send-test')}"
        for channel, times in waiting.items()
    ]
