"""What a message says, as JSON, as a mail's subject line, and as chat services take it. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from camera_watchdog.alerts import SUBJECTS, Message, Trouble
from camera_watchdog.command_line import command
from camera_watchdog.model import WebhookFormat
from camera_watchdog.obstacles import CAMERA_FOLDER_AWAY, LEFT_ALONE

__all__ = ["body", "subject_line", "trial_message", "undelivered", "webhook_body"]

_VERSION: Final = 1

_DELIVERED_WITHIN: Final = timedelta(minutes=5)
"""What is older was refused, or its server is away."""

_MOST_NAMED: Final = 100
_MOST_SENTENCES: Final = 10
"""A chat service takes a few thousand characters."""

_OF_ALL: Final = {
    CAMERA_FOLDER_AWAY: "the camera's folder",
    LEFT_ALONE: "the camera's folder",
    "database_busy": "the camera's database",
    "database_unreadable": "the camera's database",
    "disk_full": "the disk",
}
"""Who needs a person, where it is no exam and not the EDC."""


def body(message: Message, *, machine: str, device_id: str) -> dict[str, Any]:
    """A message as JSON says it; ``text`` is the whole in a line, which chat programs show."""
    subjects = [each.subject for each in message.troubles if each.subject]
    where = f"{machine}, {device_id}" if device_id else machine
    said, next_step = _words(message.troubles)
    if message.over:
        said, next_step = f"This is over: {said}", ""
    return {
        "version": _VERSION,
        "event": "over" if message.over else "trouble",
        "subject": ", ".join(subjects),
        "subjects": subjects,
        "reason_code": message.troubles[0].code,
        "reason": said,
        "next_step": next_step,
        "since": _time(message.since),
        "at": _time(message.at),
        "machine": machine,
        "device_id": device_id,
        "text": " ".join(part for part in (f"camera-watchdog ({where}):", said, next_step) if part),
    }


def _words(troubles: Sequence[Trouble]) -> tuple[str, str]:
    """What is wrong, and the next step: what is the same of several is said once, of all of them."""
    if len(troubles) == 1:
        return troubles[0].sentence, troubles[0].next_step
    subjects: dict[str, list[str]] = {}
    for each in troubles:
        subjects.setdefault(each.of_many or each.sentence, []).append(each.subject)
    in_full = list(subjects.items())[:_MOST_SENTENCES]
    others = [name for names in list(subjects.values())[_MOST_SENTENCES:] for name in names]
    said = [f"{len(troubles)} exams:"]
    said += [words.replace(SUBJECTS, _listed(names)) for words, names in in_full]
    said += [f"It is the same kind of trouble with {_listed(others)}."] if others else []
    steps = dict.fromkeys(each.step_of_many or each.next_step for each in troubles)
    return " ".join(said), " ".join(list(steps)[:_MOST_SENTENCES])


def _listed(names: Sequence[str]) -> str:
    """Names that a chat service still takes; the status page has all of them."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def subject_line(told: Mapping[str, Any]) -> str:
    """The subject of the mail that tells this body."""
    who_tells = f"camera-watchdog {told['device_id'] or told['machine']}"
    if told["event"] == "test":
        return f"{who_tells}: a test message"
    is_over = told["event"] == "over"
    count = len(told.get("subjects", ()))
    if count > 1:
        return f"{who_tells}: {count} exams {'are well again' if is_over else 'need a person'}"
    who = told["subject"] or _OF_ALL.get(told["reason_code"], "the EDC")
    return f"{who_tells}: {who} {'is well again' if is_over else 'needs a person'}"


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
    message = Message((Trouble("", "", "test", said, ""),), at, at, over=False)
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
