"""The reasons, row by row: those of the files first, then the eye, the session, the EDC, this machine."""

from typing import Final

from camera_watchdog.reasons.rules import Answer, Clears, ReasonRule

__all__ = ["ROWS"]

_RELEASE: Final = frozenset({Answer.RELEASE})
_SKIP: Final = frozenset({Answer.SKIP})
_RELEASE_OR_SKIP: Final = _RELEASE | _SKIP
_EYE_OR_SKIP: Final = frozenset({Answer.EYE, Answer.SKIP})
_RETRY: Final = frozenset({Answer.RETRY})
_NOBODY: Final[frozenset[Answer]] = frozenset()

_TO_RELEASE: Final = 'camera-watchdog release {who} --reason "..."'
_TO_SKIP: Final = 'camera-watchdog release {who} --skip {file} --reason "..."'
_TO_SAY_EYE: Final = 'camera-watchdog release {who} --eye {file}=left --reason "..." (or =right)'
_TO_RETRY: Final = "camera-watchdog retry {who}"


def _rule(
    code: str,
    sentence: str,
    next_step: str,
    clears: Clears,
    answers: frozenset[Answer] = _NOBODY,
    *,
    needs_person: bool = True,
) -> ReasonRule:
    return ReasonRule(code, sentence, next_step, clears, answers, needs_person)


ROWS: Final = (
    _rule(
        "incomplete",
        "The exam of {subject} is not complete: it waits for {missing}.",
        "Export what is missing from the camera again; it will then be sent by itself. "
        f"If there will be no more, send it as it is: {_TO_RELEASE}",
        Clears.CHANGE,
        _RELEASE,
    ),
    _rule(
        "eye_missing",
        "The exam of {subject} has no {missing}.",
        "Take or export what is missing; it will then be sent by itself. "
        f"If there will be none, send it as it is: {_TO_RELEASE}",
        Clears.SOON,
        _RELEASE,
    ),
    _rule(
        "unfinished_file",
        "A file of {subject} is not whole: {files} ({why}).",
        f"Export it from the camera again. If it is no part of the exam, leave it out: {_TO_SKIP}",
        Clears.CHANGE,
        _RELEASE_OR_SKIP,
    ),
    _rule(
        "refused_format",
        "{subject} has a file in a format that the EDC does not take: {files} ({format}).",
        f"Export it as {{wanted}} and take this one out, or leave it out: {_TO_SKIP}",
        Clears.CHANGE,
        _SKIP,
    ),
    _rule(
        "nested_folder",
        "The folder of {subject} has another folder with files inside: {files}.",
        f"Move the files up or the inner folder away, or leave it out: {_TO_SKIP}",
        Clears.CHANGE,
        _SKIP,
    ),
    _rule(
        "link",
        "The folder of {subject} has something that is no ordinary file: {files}.",
        f"Put the file itself there instead of the link, or leave it out: {_TO_SKIP}",
        Clears.CHANGE,
        _SKIP,
    ),
    _rule(
        "too_large",
        "A file of {subject} is larger than the EDC takes: {files} ({size}; limit {limit}).",
        "Ask the EDC's administrator for a higher limit, export it smaller, "
        f"or leave it out: {_TO_SKIP}",
        Clears.CHANGE,
        _SKIP,
    ),
    _rule(
        "refused_content",
        "The EDC does not take this file of {subject}: {files} ({code}).",
        "Open the file to see whether it is damaged and export it again, "
        f"or leave it out: {_TO_SKIP}",
        Clears.CHANGE,
        _SKIP,
    ),
    _rule(
        "not_in_database",
        "The camera's database does not list {files} of {subject}, so its eye is not known.",
        "Save the exam on the camera; it will then be sent by itself. "
        f"Or say which eye it is: {_TO_SAY_EYE}",
        Clears.SOON,
        _EYE_OR_SKIP,
    ),
    _rule(
        "eye_unknown",
        "The camera did not record the eye of {files} of {subject} (it says: {said}).",
        "Enter the eye on the camera; it will then be sent by itself. "
        f"Or say which eye it is: {_TO_SAY_EYE}",
        Clears.SOON,
        _EYE_OR_SKIP,
    ),
    _rule(
        "eye_conflict",
        "It is not certain which eye {files} of {subject} shows: {said}.",
        f"Look at the image and say which eye it is: {_TO_SAY_EYE}",
        Clears.SOON,
        _EYE_OR_SKIP,
    ),
    _rule(
        "wrong_patient",
        "{files} in the folder of {subject} names another subject inside ({said}).",
        f"Find out whose image it is and move it to the right folder, or leave it out: {_TO_SKIP}",
        Clears.CHANGE,
        _SKIP,
    ),
    _rule(
        "retaken",
        "{files} of {subject} changed after it was sent to the EDC.",
        "Find out which of the two is right. Put the earlier one back; or have the new one sent, in "
        f"a new session where the old one cannot take it: {_TO_RELEASE}",
        Clears.CHANGE,
        _RELEASE,
    ),
    _rule(
        "vanished",
        "{files} of {subject} is gone from the folder, though it was sent to the EDC.",
        f"Put it back, or finish without it: {_TO_RELEASE}",
        Clears.CHANGE,
        _RELEASE,
    ),
    _rule(
        "two_visits",
        "The folder of {subject} holds pictures of two visits: {groups}.",
        "Move the pictures of one visit to a folder of their own outside the camera's folder. "
        f"If they are of one visit, send them together: {_TO_RELEASE}",
        Clears.CHANGE,
        _RELEASE_OR_SKIP,
    ),
    _rule(
        "two_folders",
        "There are two folders for {subject}: {folders}.",
        "Find out which one is right and move the other away. "
        f"If both are exams of this subject, send this one first: {_TO_RELEASE}",
        Clears.SOON,
        _RELEASE_OR_SKIP,
    ),
    _rule(
        "waits_behind",
        "This exam of {subject} waits until the subject's other folder is done ({folders}).",
        "",
        Clears.SOON,
        needs_person=False,
    ),
    _rule(
        "late",
        "{files} of {subject} came after the exam was sent and archived ({archived}).",
        f"Move it away if it is not needed; or send it to the session of that exam: {_TO_RELEASE}",
        Clears.CHANGE,
        _RELEASE_OR_SKIP,
    ),
    _rule(
        "seen_before",
        "{files} of {subject} was sent before, as {before}.",
        f"Move the copy away. If it really belongs to both, send it again: {_TO_RELEASE}",
        Clears.CHANGE,
        _RELEASE_OR_SKIP,
    ),
    _rule(
        "no_session",
        "The EDC has no eye exam entry for {subject}.",
        "Ask the clinician to create one; it will then be sent by itself.",
        Clears.SOON,
    ),
    _rule(
        "no_eligible_session",
        "Every eye exam entry of {subject} in the EDC is complete or contraindicated.",
        "Ask the clinician to create a new one for this visit; it will then be sent by itself.",
        Clears.SOON,
    ),
    _rule(
        "subject_unknown",
        "The EDC does not know a subject {subject}.",
        "Compare the subject identifier on the camera with the EDC. If the camera's is wrong, "
        "correct it there; if the EDC's is missing, ask for it to be registered.",
        Clears.SOON,
    ),
    _rule(
        "demographics_differ",
        "Initials, sex or age of {subject} differ between the camera and the EDC.",
        "Compare them on both and correct the wrong one; it will then be sent within the hour, or "
        f"now: {_TO_RETRY}",
        Clears.HOURLY,
        _RETRY,
    ),
    _rule(
        "demographics_missing",
        "The EDC asks for initials, sex and age of {subject}, which the camera's database lacks.",
        "Enter them on the camera, and set db_path if it is not set; it will then be sent by itself.",
        Clears.SOON,
    ),
    _rule(
        "report_type_differs",
        "The EDC expects {theirs} reports for {subject}, but this camera sends {ours} reports.",
        "Ask for report_type in the configuration, or in the EDC, to be corrected. It is asked again "
        f"every hour, or now: {_TO_RETRY}",
        Clears.HOURLY,
        _RETRY,
    ),
    _rule(
        "field_refused",
        "The EDC refuses a field of the exam of {subject}: {fields}.",
        "Ask for it to be corrected in the configuration (device_id, site_id) or on the camera. It "
        f"is asked again every hour, or now: {_TO_RETRY}",
        Clears.HOURLY,
        _RETRY,
    ),
    _rule(
        "unsafe_name",
        "A name cannot be sent to the EDC as it is: {said}.",
        "Rename the folder or file to letters, digits, dots, hyphens and underscores.",
        Clears.CHANGE,
        _SKIP,
    ),
    _rule(
        "session_in_use",
        "The EDC gives {subject} the session {session}, which belongs to another exam ({other}).",
        "Ask the clinician to create a new eye exam entry for this visit. "
        f"If it is the right one after all, use it: {_TO_RELEASE}",
        Clears.HOURLY,
        _RELEASE,
    ),
    _rule(
        "older_session",
        "The EDC gives {subject} an older session ({session}); its newest is {newest}.",
        "Ask the clinician which one this exam belongs to. "
        f"If to the older one, use it: {_TO_RELEASE}",
        Clears.HOURLY,
        _RELEASE,
    ),
    _rule(
        "session_gone",
        "The EDC no longer has the session {session} of {subject}.",
        "Ask the EDC's administrator what became of it. "
        f"To start over in a new session: {_TO_RELEASE}",
        Clears.HOURLY,
        _RELEASE,
    ),
    _rule(
        "server_changed",
        "The exam of {subject} was begun on {before}, but the EDC is now {now}.",
        f"Set api_url back, or start over on the new server: {_TO_RELEASE}",
        Clears.HOURLY,
        _RELEASE,
    ),
    _rule(
        "one_file_per_type",
        "This EDC keeps one file of each kind, and {subject} has more: {files}.",
        "Ask for the EDC to be upgraded to 0.4 or later, "
        f"or leave out what is not needed: {_TO_SKIP}",
        Clears.HOURLY,
        _SKIP,
    ),
    _rule(
        "type_not_taken",
        "This EDC does not take files of this kind of {subject}: {files} ({kind}).",
        "Ask for the EDC to be upgraded, export the file in another format, "
        f"or leave it out: {_TO_SKIP}",
        Clears.HOURLY,
        _SKIP,
    ),
    _rule(
        "cannot_tell",
        "Nobody can tell whether the EDC stored {files} of {subject}.",
        f"Look at session {{session}} in the EDC. If the file is there: {_TO_SKIP} "
        f"If it is not, have it sent again: {_TO_RELEASE}",
        Clears.CHANGE,
        _RELEASE_OR_SKIP,
    ),
    _rule(
        "wrong_acknowledgement",
        "The EDC acknowledged something other than what was sent for {subject}: {files} ({said}).",
        "Tell the EDC's administrator, and look at session {session} in the EDC. "
        f"If the file is there: {_TO_SKIP} If it is not, have it sent again: {_TO_RELEASE}",
        Clears.CHANGE,
        _RELEASE_OR_SKIP,
    ),
    _rule(
        "not_listed",
        "The EDC acknowledged {files} of {subject} but does not list it in session {session}.",
        "Tell the EDC's administrator, and look at the session in the EDC. "
        f"If the file is there all the same, finish: {_TO_RELEASE}",
        Clears.CHANGE,
        _RELEASE_OR_SKIP,
    ),
    _rule(
        "filename_conflict",
        "The EDC has another file named {files} in session {session} of {subject}.",
        "Look at the session in the EDC, and give one of the two another name on the camera. "
        f"If the file there is the right one, leave this one out: {_TO_SKIP}",
        Clears.CHANGE,
        _SKIP,
    ),
    _rule(
        "server_keeps_failing",
        "The EDC answers, but fails on the exam of {subject} again and again ({said}).",
        f"Tell the EDC's administrator. It is tried again every hour, or now: {_TO_RETRY}",
        Clears.HOURLY,
        _RETRY,
    ),
    _rule(
        "unforeseen",
        "Something unforeseen happened with the exam of {subject} ({said}).",
        "It is tried again by itself. If it stays, send the log file to support.",
        Clears.SOON,
        _RETRY,
        needs_person=False,
    ),
    _rule(
        "archive_blocked",
        "The exam of {subject} is in the EDC, but its folder cannot be moved yet ({said}).",
        "Close the program or window that has the folder open.",
        Clears.SOON,
    ),
    _rule(
        "file_busy",
        "{files} of {subject} cannot be read yet ({said}).",
        "Nothing to do unless it stays: then close the program that has it open.",
        Clears.SOON,
        needs_person=False,
    ),
    _rule(
        "database_busy",
        "The camera's database is in use.",
        "Nothing to do: it is asked again in a moment.",
        Clears.SOON,
        needs_person=False,
    ),
    _rule(
        "database_unreadable",
        "The camera's database cannot be read ({said}).",
        "Check that the camera's software is installed and db_path is right.",
        Clears.SOON,
    ),
    _rule(
        "edc_unreachable",
        "The EDC cannot be reached ({said}).",
        "Check the network. Exams are kept and sent by themselves when it is back.",
        Clears.SOON,
    ),
    _rule(
        "not_the_edc",
        "Something other than the EDC answers at its address ({said}).",
        "Log in to the network if it asks for it, or check api_url. Exams are kept.",
        Clears.SOON,
    ),
    _rule(
        "token_refused",
        "The EDC refuses this camera's token.",
        "Ask the EDC's administrator for a new token. Exams are kept.",
        Clears.SOON,
    ),
    _rule(
        "certificate_refused",
        "The EDC's certificate is not trusted on this machine ({said}).",
        "Ask IT to renew the certificate, to set the clock, or to set ca_bundle. Exams are kept.",
        Clears.SOON,
    ),
    _rule(
        "disk_full",
        "The journal cannot be written ({said}).",
        "Free some space on the disk of the state folder. Exams are kept.",
        Clears.SOON,
    ),
)
