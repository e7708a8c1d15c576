"""The reasons of exams that are archived: nothing is sent for them, somebody must see them."""

from typing import Final

from camera_watchdog.reasons.rules import RELEASE, TO_RELEASE, Clears, ReasonRule

__all__ = ["ARCHIVED_ROWS"]

_TO_RESEND: Final = '{program} resend {who} --reason "..."{settings}'
_TO_SAY_SEEN: Final = f"Then say that you saw it: {TO_RELEASE}"

ARCHIVED_ROWS: Final = (
    ReasonRule(
        "changed_after_archive",
        "The archive folder {archive} of {subject} is not as it was archived: {said}.",
        "The EDC has what was sent, and nothing since. If a new file belongs to the exam, move it to a "
        "folder {folder} in the camera's folder. For a changed one compare it with the EDC (entry "
        "{entry}), and tell the EDC's administrator if the EDC has the wrong one. "
        f"{_TO_SAY_SEEN}",
        Clears.CHANGE,
        RELEASE,
    ),
    ReasonRule(
        "eye_changed_after_archive",
        "The camera's database was changed after {subject} was sent and archived: {said}.",
        "Look at the pictures. If the camera's database is right now, ask the EDC's administrator to "
        "correct the eye in entry {entry}: sending it again would not do it. "
        f"{_TO_SAY_SEEN}",
        Clears.CHANGE,
        RELEASE,
    ),
    ReasonRule(
        "subject_changed_after_archive",
        "The camera's database has another subject ({other}) for {files} of {subject} now, which the "
        "EDC has under {subject}.",
        "Find out whose pictures they are. If the camera's database is right now, ask the EDC's "
        "administrator to take them out of entry {entry} of {subject} and to put them under the "
        "right subject: sending them again would not do it. "
        f"{_TO_SAY_SEEN}",
        Clears.CHANGE,
        RELEASE,
    ),
    ReasonRule(
        "other_row_after_archive",
        "A row that tells another eye came into the camera's database after {subject} was sent and "
        "archived: {said}.",
        "Look at the pictures: the row that was there before may have been an earlier visit's, and an answer "
        "a mistake. Where the "
        "EDC has a picture under the wrong eye, ask the EDC's administrator to correct it in entry "
        "{entry}: sending it again would not do it. Where the new row is another picture's, nothing is "
        "wrong. "
        f"{_TO_SAY_SEEN}",
        Clears.CHANGE,
        RELEASE,
    ),
    ReasonRule(
        "forgotten_after_archive",
        "The EDC no longer has {files} of {subject} in its eye exam entry {entry}, though it had stored "
        "it: the EDC may have been restored from a backup, or the entry deleted, moved, or given an earlier date.",
        "Ask the EDC's administrator what became of it. If it does not come back, have the exam sent again "
        f"from the archive: {_TO_RESEND} If nothing is to be sent, say that you saw it: {TO_RELEASE}",
        Clears.CHANGE,
        RELEASE,
    ),
    ReasonRule(
        "not_corrected_after_archive",
        "The EDC still lists {files} of {subject} under the eye that it was sent as ({said}), though "
        "its administrator was said to have corrected it in the eye exam entry {entry}.",
        "Ask the EDC's administrator to correct it there. If it is noted in another way, which the EDC "
        f"does not list, nothing is wrong. {_TO_SAY_SEEN}",
        Clears.CHANGE,
        RELEASE,
    ),
)
