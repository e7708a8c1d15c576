"""The reasons that are about an entry of the EDC: whose it is, of which day, and what it holds."""

from typing import Final

from camera_watchdog.reasons.rules import (
    ENTRY,
    RELEASE,
    RELEASE_OR_SKIP,
    TO_NAME_ENTRY,
    TO_NAME_ENTRY_ID,
    TO_RELEASE,
    TO_SEND_AGAIN,
    TO_SKIP,
    Answer,
    Clears,
    ReasonRule,
)

__all__ = ["ENTRY_ROWS"]

ENTRY_ROWS: Final = (
    ReasonRule(
        "entry_date_differs",
        "The pictures of {subject} were taken on {pictures}, but the EDC's eye exam entry is {entry}.",
        "If the date of that entry is wrong, ask the clinician to correct it; if the entry is for "
        "another visit, ask for one of the day of the pictures. It will then be sent by itself within "
        "the hour. If the pictures belong to that entry as it is, name it by its date there: "
        f"{TO_NAME_ENTRY}",
        Clears.HOURLY,
        ENTRY,
    ),
    ReasonRule(
        "not_explained",
        "The EDC's eye exam entry {entry} of {subject} holds files that this machine did not send "
        "({held}).",
        "Look at that entry in the EDC. If it is another visit's, ask the clinician to make one for "
        "this visit; it will then be sent by itself within the hour. If it is this visit's and has "
        f"these files already, leave them out: {TO_SKIP} If it is this visit's and lacks them, have "
        f"them put beside what is there: {TO_RELEASE}",
        Clears.HOURLY,
        RELEASE_OR_SKIP,
    ),
    ReasonRule(
        "session_in_use",
        "The EDC gives {subject} the eye exam entry {entry}, which is not free: {other}.",
        "Ask the clinician to create a new entry for this visit; it will then be sent by itself within "
        f"the hour. If this exam belongs to that entry, too, use it: {TO_RELEASE}",
        Clears.HOURLY,
        RELEASE,
    ),
    ReasonRule(
        "older_session",
        "The EDC gives {subject} an older eye exam entry, {entry}; its newest is {newest}. The pictures "
        "were taken on {pictures}.",
        "Ask the clinician which of the two this exam belongs to. If to the newest, that one takes no "
        "more pictures, for it is complete or contraindicated: ask for a new entry for this visit; it "
        "will then be sent by itself within the hour. "
        f"If to the older one, use it: {TO_RELEASE}",
        Clears.HOURLY,
        RELEASE,
    ),
    ReasonRule(
        "two_entries",
        "The pictures of {subject} were taken on {pictures}. When the EDC was asked first, its newest eye "
        "exam entry was {entry}; now it is {newest}.",
        "Ask the clinician for which of the two this exam is; the first may have got another date since. "
        "Name it by its id, which stands in brackets: "
        f"{TO_NAME_ENTRY_ID}",
        Clears.HOURLY,
        ENTRY,
    ),
    ReasonRule(
        "session_gone",
        "The EDC no longer has the eye exam entry {entry} of {subject}, which it gave for this exam.",
        "Ask the EDC's administrator what became of it. If it comes back, this exam goes on by itself "
        "within the hour. If it does not, ask the clinician for an entry for this visit, and have "
        f"everything sent into the entry that the EDC then gives: {TO_RELEASE}",
        Clears.HOURLY,
        RELEASE,
        about_files=False,
    ),
    ReasonRule(
        "not_listed",
        "The EDC said that it stored {files} of {subject}, but it does not list it in the eye exam entry "
        "{entry}.",
        "Tell the EDC's administrator, and look at the entry in the EDC. If the file is there all the "
        f"same, finish: {TO_RELEASE} If it is not, send it again: {TO_SEND_AGAIN}",
        Clears.CHANGE,
        RELEASE_OR_SKIP | {Answer.SEND_AGAIN},
    ),
    ReasonRule(
        "report_type_changed",
        "The eye exam entry {entry} of {subject} expects other reports in the EDC than when this exam "
        "was begun: it now lacks {missing}. Everything is sent.",
        "Ask the data manager which reports this subject needs, and whether report_type in the "
        f"configuration is to be changed. To finish this exam as it is: {TO_RELEASE}",
        Clears.HOURLY,
        RELEASE,
    ),
    ReasonRule(
        "contraindicated",
        "The eye exam entry {entry} of {subject} is not complete and takes no more pictures in the "
        "EDC: a contra-indication was entered while this exam was sent.",
        "Ask the clinician whether the pictures may stay in the EDC. "
        f"To finish this exam: {TO_RELEASE}",
        Clears.HOURLY,
        RELEASE,
    ),
)
