"""The reasons of the second half of the table: the session, the EDC, this machine."""

from typing import Final

from camera_watchdog.reasons.rules import (
    ENTRY,
    RELEASE,
    RELEASE_OR_SKIP,
    RETRY,
    SKIP,
    TO_RELEASE,
    TO_RETRY,
    TO_SKIP,
    TO_SKIP_ALL,
    Clears,
    ReasonRule,
)

__all__ = ["EDC_ROWS"]

EDC_ROWS: Final = (
    ReasonRule(
        "no_session",
        "The EDC has no eye exam entry for {subject}.",
        "Ask the clinician to create one for this visit, of the day of the pictures; it will then be "
        "sent by itself.",
        Clears.SOON,
    ),
    ReasonRule(
        "no_eligible_session",
        "Every eye exam entry of {subject} in the EDC is complete or contraindicated.",
        "Ask the clinician to create a new one for this visit, of the day of the pictures; it will then "
        "be sent by itself.",
        Clears.SOON,
    ),
    ReasonRule(
        "subject_unknown",
        "The EDC does not know a subject {subject}.",
        "Compare the subject identifier on the camera with the EDC. If the camera's is wrong, "
        "correct it there; if the EDC lacks the subject, ask the data manager to register it. It will then be "
        "sent by itself.",
        Clears.SOON,
    ),
    ReasonRule(
        "demographics_differ",
        "Initials, sex or age of {subject} differ between the camera and the EDC.",
        "Compare them on both and correct the wrong one; it will then be sent within the hour, or "
        f"now: {TO_RETRY}",
        Clears.HOURLY,
        RETRY,
    ),
    ReasonRule(
        "demographics_missing",
        "The EDC asks for initials, sex and age of {subject}, which the camera's database lacks.",
        "Enter them on the camera; it will then be sent by itself. If they are there already, ask IT to "
        "set db_path in the configuration, or to correct it and the names of the columns there.",
        Clears.SOON,
    ),
    ReasonRule(
        "report_type_differs",
        "The EDC expects {theirs} reports for {subject}, but this camera is set to send {ours} reports "
        "(combined: one of both eyes; per_eye: one of each eye).",
        "Ask the data manager which is right, and IT to correct report_type in the configuration, or the "
        f"EDC's administrator to correct it there. It is asked again every hour, or now: {TO_RETRY}",
        Clears.HOURLY,
        RETRY,
    ),
    ReasonRule(
        "field_refused",
        "The EDC does not accept something that is sent along with the exam of {subject}: {fields}.",
        "If it is the initials, the sex or the age, correct them on the camera; else ask IT to correct "
        "device_id or site_id in the configuration. It is asked again every hour, or now: "
        f"{TO_RETRY}",
        Clears.HOURLY,
        RETRY,
    ),
    ReasonRule(
        "unsafe_name",
        "A name cannot be sent to the EDC as it is: {said}.",
        "Rename the folder or file to letters, digits, dots, hyphens and underscores.",
        Clears.CHANGE,
        SKIP,
    ),
    ReasonRule(
        "server_changed",
        "The exam of {subject} was begun on {before}, but the EDC is now {now}.",
        "Ask IT which of the two is right. If the first is, have api_url set back in the configuration. If "
        f"the EDC has moved and does not have this exam, send all of it there: {TO_RELEASE}",
        Clears.HOURLY,
        RELEASE,
        about_files=False,
    ),
    ReasonRule(
        "one_file_per_type",
        "This EDC keeps one file of each kind, and {subject} has more: {files}.",
        "Ask the EDC's administrator to upgrade it to 0.4 or later, "
        f"or leave out what is not needed: {TO_SKIP}",
        Clears.HOURLY,
        SKIP | ENTRY,
    ),
    ReasonRule(
        "type_not_taken",
        "This EDC does not take files of this kind of {subject}: {files} ({kind}).",
        "Ask the EDC's administrator to upgrade it, export the file in another format, "
        f"or leave it out: {TO_SKIP_ALL}",
        Clears.HOURLY,
        SKIP,
    ),
    ReasonRule(
        "cannot_tell",
        "Nobody can tell whether the EDC stored {files} of {subject}.",
        f"Look at the eye exam entry {{entry}} in the EDC. If the file is there: {TO_SKIP} "
        f"If it is not, have it sent again: {TO_RELEASE}",
        Clears.CHANGE,
        RELEASE_OR_SKIP,
    ),
    ReasonRule(
        "wrong_acknowledgement",
        "The EDC's answer to {files} of {subject} is about something other than what was sent ({said}).",
        "Tell the EDC's administrator, and look at the eye exam entry {entry} in the EDC. "
        f"If the file is there, under its name and its eye: {TO_SKIP} If it is not there, have it sent "
        f"again: {TO_RELEASE}",
        Clears.CHANGE,
        RELEASE_OR_SKIP,
    ),
    ReasonRule(
        "filename_conflict",
        "The EDC has another file named {files} in the eye exam entry {entry} of {subject}.",
        "Look at the entry in the EDC, and give one of the two another name on the camera. "
        f"If the file there is the right one, leave this one out: {TO_SKIP}",
        Clears.CHANGE,
        SKIP | ENTRY,
    ),
    ReasonRule(
        "server_keeps_failing",
        "The EDC answers, but fails on the exam of {subject} ({said}).",
        "Tell the EDC's administrator; where a proxy or firewall is named, ask IT to let it through. "
        f"It is tried again every hour, or now: {TO_RETRY}",
        Clears.HOURLY,
        RETRY,
    ),
    ReasonRule(
        "unforeseen",
        "Something unforeseen happened with the exam of {subject} ({said}).",
        "It is tried again by itself. If it stays, send the log file to support.",
        Clears.SOON,
        RETRY,
        needs_person=False,
    ),
    ReasonRule(
        "attention",
        "{waits_for} The exam of {subject} has not got on for a long time.",
        "{what_to_do} All the same it is tried on by itself.",
        Clears.SOON,
    ),
    ReasonRule(
        "archive_blocked",
        "The exam of {subject} is in the EDC, but its folder cannot be moved yet ({said}).",
        "Close the program or window that has the folder open; where no room is left, make some; where a "
        "right, a quota, a mount or Controlled folder access is named, ask IT to mend that. It is tried again by "
        "itself.",
        Clears.SOON,
    ),
    ReasonRule(
        "file_busy",
        "{files} of {subject} cannot be read yet ({said}).",
        "Nothing to do unless it stays: then close the program that has it open, or ask IT to let this "
        "program's account read it. Where a cloud storage keeps it, start that program (OneDrive) and let it keep "
        "the folder on this device. Where its disk or share does not bring it, ask IT to look at that, and "
        "export the exam from the camera again.",
        Clears.SOON,
        needs_person=False,
    ),
    ReasonRule(
        "folder_unreadable",
        "The folder of {subject} cannot be listed ({said}).",
        "It is tried again by itself. If it stays so, ask IT to let the account that camera-watchdog runs as "
        "list it, and read what is in it.",
        Clears.SOON,
        needs_person=False,
    ),
    ReasonRule(
        "still_written",
        "The folder of {subject} does not come to rest: {files} is still being written.",
        "It is sent by itself once it is written. If it never ends, find out which program writes it, "
        "and close that one.",
        Clears.SOON,
        needs_person=False,
    ),
    ReasonRule(
        "database_busy",
        "The camera's database is in use.",
        "It is asked again in a moment. If it stays so, find out which program keeps it locked, and close "
        "that one.",
        Clears.SOON,
        needs_person=False,
    ),
    ReasonRule(
        "database_unreadable",
        "The camera's database cannot be read ({said}).",
        "Do what it says there, or ask IT to. Where it says nothing, start the camera's software; if that "
        "does not help, ask IT whether db_path in the configuration is right.",
        Clears.SOON,
    ),
    ReasonRule(
        "edc_unreachable",
        "The EDC cannot be reached ({said}).",
        "Check the network. Exams are kept and sent by themselves when it is back.",
        Clears.SOON,
    ),
    ReasonRule(
        "edc_failing",
        "The EDC answers every request with an error ({said}).",
        "Tell the EDC's administrator. Exams are kept and sent by themselves when it is mended.",
        Clears.SOON,
    ),
    ReasonRule(
        "not_the_edc",
        "Something other than the EDC answers at its address ({said}).",
        "Open any web page on this machine: where the network asks for it, sign in. Else ask IT to compare "
        "api_url in the configuration with the EDC's address and, where a proxy or firewall is named, to let "
        "this program through. Exams are kept.",
        Clears.SOON,
    ),
    ReasonRule(
        "token_refused",
        "The EDC refuses this camera's token.",
        "Ask the EDC's administrator for a new token, and IT to put it in the place of the old one. Exams are "
        "kept, and sent by themselves then.",
        Clears.SOON,
    ),
    ReasonRule(
        "token_not_seen",
        "This camera's token does not reach the EDC: the web server or a proxy before it takes it off.",
        "No new token is needed. Ask the EDC's administrator to have the Authorization header handed "
        "on (Apache with mod_wsgi: WSGIPassAuthorization On). Exams are kept.",
        Clears.SOON,
    ),
    ReasonRule(
        "certificate_refused",
        "The EDC's certificate is not trusted on this machine ({said}).",
        "Ask IT to renew the certificate, to set the clock, or to set ca_bundle. Exams are kept.",
        Clears.SOON,
    ),
    ReasonRule(
        "disk_full",
        "The journal cannot be written ({said}).",
        "Free some space on the disk of the state folder. Where a quota, a limit, a missing right or a "
        "read-only file system is named, ask IT to mend that; where it is locked, close the program that has "
        "it open. Exams are kept.",
        Clears.SOON,
    ),
)
