"""The reasons, row by row: those of the files first, then the eye and the folder.

Those of the session, the EDC and this machine follow in :mod:`camera_watchdog.reasons.edc_table`.
"""

from typing import Final

from camera_watchdog.reasons.edc_table import EDC_ROWS
from camera_watchdog.reasons.entries import ENTRY_ROWS
from camera_watchdog.reasons.rules import (
    ENTRY,
    EYE_OR_RELEASE,
    EYE_OR_SKIP,
    NO_PICTURE,
    RELEASE,
    RELEASE_OR_SKIP,
    SKIP,
    TO_NAME_ENTRY,
    TO_RELEASE,
    TO_SAY_EYE,
    TO_SKIP,
    TO_SKIP_ALL,
    Answer,
    Clears,
    ReasonRule,
)

__all__ = ["ROWS"]

ROWS: Final = (
    ReasonRule(
        "incomplete",
        "The exam of {subject} is not complete: it waits for {missing}.",
        "Export what is missing from the camera again; it will then be sent by itself. "
        f"If there will be no more, send it as it is: {TO_RELEASE}",
        Clears.CHANGE,
        RELEASE,
        in_all=True,
    ),
    ReasonRule(
        "eye_missing",
        "The exam of {subject} has no {missing}.",
        "Take or export what is missing; it will then be sent by itself. "
        f"If there will be none, send it as it is: {TO_RELEASE}",
        Clears.SOON,
        RELEASE,
        in_all=True,
    ),
    ReasonRule(
        "unfinished_file",
        "A file of {subject} is not whole: {files} ({why}).",
        "Export it from the camera again; if it is whole, and only its name is not its own, rename it. "
        f"If it is no part of the exam, leave it out: {TO_SKIP}",
        Clears.CHANGE,
        RELEASE_OR_SKIP,
    ),
    ReasonRule(
        "never_written",
        "A part of {files} of {subject} was never written: its file has a hole there.",
        f"Open it. If it is whole, have it sent: {TO_RELEASE} If it is not, export it from the "
        f"camera again, or leave it out: {TO_SKIP} "
        "If a program that copies files makes such holes every day, ask IT to set allow_sparse_files.",
        Clears.CHANGE,
        RELEASE_OR_SKIP,
    ),
    ReasonRule(
        "refused_format",
        "{subject} has a file in a format that the EDC does not take: {files} ({format}).",
        f"Export it as {{wanted}} and take this one out, or leave it out: {TO_SKIP}",
        Clears.CHANGE,
        SKIP,
    ),
    ReasonRule(
        "nested_folder",
        "The folder of {subject} has another folder with files inside: {files}.",
        "If they are of this exam, move them out of the inner folder, into the folder of {subject} itself; "
        f"else move the inner folder away, or leave it out: {TO_SKIP}",
        Clears.CHANGE,
        SKIP,
    ),
    ReasonRule(
        "too_many_files",
        "The folder of {subject} has more than {most} files: too many for an exam, so none of them is looked at.",
        "Take out what is no part of the exam; it is then looked at within a minute. Where it is no "
        "subject's folder, or such files come with every exam and are never a part of it, ask IT to name "
        "it, or them, in ignore in the configuration.",
        Clears.SOON,
    ),
    ReasonRule(
        "link",
        "The folder of {subject} has a shortcut or link in it, or another thing that is no ordinary file: "
        "{files}.",
        f"Put the file itself in its place, or leave it out: {TO_SKIP_ALL}",
        Clears.CHANGE,
        SKIP,
    ),
    ReasonRule(
        "too_large",
        "A file of {subject} is larger than the EDC takes: {files} ({size}; limit {limit}).",
        "Ask the EDC's administrator for a higher limit, export it smaller, "
        f"or leave it out: {TO_SKIP}",
        Clears.CHANGE,
        SKIP,
    ),
    ReasonRule(
        "refused_content",
        "The EDC does not take this file of {subject}: {files} ({code}).",
        "Open the file to see whether it is damaged and export it again, "
        f"or leave it out: {TO_SKIP}",
        Clears.CHANGE,
        SKIP,
    ),
    ReasonRule(
        "not_in_database",
        "The camera's database does not list {files} of {subject}, so its eye is not known.",
        "Save the exam on the camera; it will then be sent by itself. "
        f"Or say which eye it shows: {TO_SAY_EYE} {NO_PICTURE}",
        Clears.SOON,
        EYE_OR_SKIP,
    ),
    ReasonRule(
        "earlier_visit_rows",
        "For {files} of {subject} the camera's database has nothing of this visit, only what it had at an "
        "earlier one ({before}), so its eye is not known.",
        "If this camera names its pictures by the eye, so that such a name is of the same eye at "
        "every visit, have db_image_rows set to per_name in the configuration. If it numbers them "
        "anew at each visit, save the exam on the camera; it will then be sent by itself. "
        f"Or say which eye it shows: {TO_SAY_EYE} {NO_PICTURE}",
        Clears.SOON,
        EYE_OR_SKIP,
    ),
    ReasonRule(
        "eye_unknown",
        "Nothing tells which eye {files} of {subject} shows (found: {said}).",
        f"Look at it, and say which eye it shows: {TO_SAY_EYE} {NO_PICTURE}",
        Clears.SOON,
        EYE_OR_SKIP,
    ),
    ReasonRule(
        "eye_conflict",
        "It is not certain which eye {files} of {subject} shows: {said}.",
        f"Look at the image and say which eye it shows: {TO_SAY_EYE} {NO_PICTURE}",
        Clears.SOON,
        EYE_OR_SKIP,
    ),
    ReasonRule(
        "sent_as_other_eye",
        "{files} of {subject} may be under the wrong eye in the EDC: {said}.",
        "Look at the picture. If it shows the eye that it was sent as, say which: "
        f"{TO_SAY_EYE} If it shows the other eye, ask the EDC's administrator to correct the eye exam "
        "entry {entry} ({correction}). Only when that is done, say that it is: "
        f"{TO_RELEASE} Nothing is sent again.",
        Clears.SOON,
        EYE_OR_RELEASE,
    ),
    ReasonRule(
        "wrong_patient",
        "{files} in the folder of {subject} is of another subject: {source} names {said}.",
        f"Find out whose image it is and move it to the right folder, or leave it out: {TO_SKIP}",
        Clears.SOON,
        SKIP,
    ),
    ReasonRule(
        "subject_changed",
        "The camera's database has {files} under another subject ({said}) now, and the EDC has pictures of this "
        "exam under {subject}.",
        "Find out whose they are. If they are of {subject}, correct the subject on the camera; it then goes on by "
        f"itself. If that cannot be done, have the exam finished as it is: {TO_RELEASE} If they are of {{said}}, ask "
        "the EDC's administrator to take them out of the entry of {subject}, {entry}. Only when that is done, move "
        "the files to a folder of {said} in the camera's folder.",
        Clears.SOON,
        RELEASE,
    ),
    ReasonRule(
        "sent_as_other_subject",
        "{sent} in the folder {folder} went to the EDC as pictures of {subject}.",
        "Find out whose they are. If they are of {subject}, have the rest sent there, too: "
        f"{TO_RELEASE}",
        Clears.CHANGE,
        RELEASE | {Answer.SEND_AGAIN},
    ),
    ReasonRule(
        "retaken",
        "{files} of {subject} changed after it was sent to the EDC.",
        "Find out which of the two is right. If the earlier one is, put it back. If the new one is, have "
        f"it sent: {TO_RELEASE} Where the eye exam entry {{entry}} cannot take it beside the earlier one, "
        "the whole exam goes into another entry, for which the clinician is then asked.",
        Clears.CHANGE,
        RELEASE,
    ),
    ReasonRule(
        "vanished",
        "{files} of {subject} is gone from the folder, though it was sent to the EDC.",
        f"Put it back, or finish without it: {TO_RELEASE}",
        Clears.CHANGE,
        RELEASE,
    ),
    ReasonRule(
        "two_visits",
        "The folder of {subject} holds pictures of two visits: {groups}.",
        f"If they are of one visit, send them together: {TO_RELEASE} If they are not, each visit needs "
        "an entry of its own in the EDC: move the files of the later one out of the camera's folder, "
        "and back in, in a folder {folder}, once the earlier one is archived.",
        Clears.CHANGE,
        RELEASE_OR_SKIP,
    ),
    ReasonRule(
        "two_folders",
        "There are two folders for {subject}: {folders}.",
        "Find out which one is right and move the other away. If both are exams of this subject, each "
        "needs an entry of its own in the EDC, of its own day: the one whose pictures are nearest to the "
        "newest entry's day then goes first by itself. If they are equally near, ask the clinician for "
        "which of the two the newest entry was made; only if for this one, send it first: "
        f"{TO_RELEASE}",
        Clears.SOON,
        RELEASE_OR_SKIP,
    ),
    ReasonRule(
        "waits_behind",
        "This exam of {subject} waits until the subject's other folder is done ({folders}).",
        "",
        Clears.SOON,
        needs_person=False,
    ),
    ReasonRule(
        "late",
        "{files} of {subject} came after the exam was sent and archived ({archived}).",
        "Find out of which visit it is. If of the one that is archived, send it into the same eye exam entry, "
        f"{{entry}}: {TO_RELEASE} If of a visit of its own, it is sent by itself once all of it is there; if no more "
        "of it will come, name the entry that the clinician made for that visit, by its date, or by its "
        f"id where both entries are of one day: {TO_NAME_ENTRY} If it is not needed, move it away.",
        Clears.CHANGE,
        RELEASE_OR_SKIP | ENTRY,
    ),
    ReasonRule(
        "seen_before",
        "{files} of {subject} was sent before, as {before}, into the eye exam entry {entry}.",
        f"Move the copy away, or leave it out: {TO_SKIP} "
        f"If it really belongs to both, send it again: {TO_RELEASE}",
        Clears.CHANGE,
        RELEASE_OR_SKIP,
    ),
    ReasonRule(
        "from_archive",
        "The folder of {subject} has the receipt of an exam that was sent and archived before as "
        "{archived}, so it is a copy of that one.",
        "Move it out of the camera's folder. If it holds a visit of its own, and only {receipt} is left "
        f"from the other one, take that out, or have the folder sent as it is: {TO_RELEASE}",
        Clears.CHANGE,
        RELEASE,
    ),
    *ENTRY_ROWS,
    *EDC_ROWS,
)
