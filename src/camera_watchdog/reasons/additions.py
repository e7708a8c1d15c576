"""What is added to a reason's words, and answers, where its details tell more than it always does."""

from dataclasses import dataclass
from typing import Final

from camera_watchdog.reasons.rules import (
    TO_CHECK,
    TO_NAME_ENTRY,
    TO_RELEASE,
    TO_SAY_EYE,
    TO_SEND_AGAIN,
    TO_SKIP_ALL,
    Answer,
    Clears,
)

__all__ = ["ADDITIONS", "Addition"]


@dataclass(frozen=True, slots=True)
class Addition:
    """More of the sentence and of the next step, where a reason has this detail.

    ``answers`` are what a person can say to it beside the reason's own, ``clears`` what ends it by itself, where
    that is another thing than else. Where it ``comes_first`` the next
    step begins with it, and ``release --all`` leaves the exam: somebody must look at that first. It stands
    ``instead`` of the reason's own next step where that would lead nowhere.
    """

    detail: str
    sentence: str
    next_step: str
    answers: frozenset[Answer] = frozenset()
    clears: Clears | None = None
    comes_first: bool = False
    instead: bool = False


_LISTED: Final = "It lists the same under another ending: {listed}."
_EYE_OR_NONE: Final = f"Or say which eye it shows: {TO_SAY_EYE} Or leave it out: {TO_SKIP_ALL}"

ADDITIONS: Final = (
    Addition(
        "by_rows",
        "It has nothing of it under {subject}.",
        "If the folder is right, correct the subject on the camera; it will then be sent by itself. If the "
        "names of the folders here hold more than the subject, have subject_folder_pattern set in the "
        "configuration.",
    ),
    Addition(
        "had_rows",
        "",
        "If the camera cannot be corrected, and they are of {subject} for certain, have them sent as they were told "
        f"before: {TO_RELEASE}",
        answers=frozenset({Answer.RELEASE}),
    ),
    Addition(
        "common_name",
        "It lists files of that name under several other subjects, which says nothing of this one.",
        "",
    ),
    Addition(
        "required_skip",
        _LISTED,
        "If the camera writes each picture in both kinds, ask IT to set required to {required_skip} in the "
        f"configuration: {{files}} and the like then stay with the folder. {_EYE_OR_NONE}",
        instead=True,
    ),
    Addition(
        "ignore_ending",
        _LISTED,
        "If the camera writes each picture under both endings, ask IT to add {ignore_ending} to ignore in the "
        f"configuration: {{files}} and the like are then no part of an exam. {_EYE_OR_NONE}",
        instead=True,
    ),
    Addition(
        "resembles",
        "{lookalike} resembles {resembles}, which is known{unseen}.",
        "If the two are one subject, correct the one that is wrong: the folder's name, or what the "
        "camera has.",
        comes_first=True,
    ),
    Addition(
        "no_text",
        "Most subjects in the camera's database, as {no_text} names them, are bytes and no text.",
        "Have IT see which column has the subjects as text, and name it as {no_text} in the configuration. "
        f"The columns are listed by: {TO_CHECK}",
        comes_first=True,
    ),
    Addition(
        "eye_objections",
        "It is the third exam running in which {contradicting} contradicts what is configured.",
        "Find out which of the two is wrong in each of them; where it is {contradicting}, set "
        "eye_objections to {eye_objections}.",
    ),
    Addition(
        "dicom_patient_id",
        "It is at least the third exam running whose files all name one other patient, each time another "
        "one.",
        "If the camera is told another number than the subject's on purpose, such as the hospital's, find "
        "out that each of these exams is in the right folder; then set dicom_patient_id to "
        "{dicom_patient_id}.",
    ),
    Addition(
        "no_preamble",
        "",
        "The EDC knows a DICOM file by its preamble and is likely to refuse one without.",
    ),
    Addition(
        "as_it_is",
        "",
        "If you have opened it and nothing is missing, have {as_it_is} sent as it is: "
        f"{TO_RELEASE} The EDC then gets these very bytes and takes them for the whole file; what is "
        "missing in them comes no more.",
    ),
    Addition(
        "ignore",
        "",
        "Only where such a thing comes with every exam and is never a part of it: ask IT to add {ignore} to "
        "ignore in the configuration.",
    ),
    Addition(
        "skip_raw",
        "",
        "Only where raw pictures come with every exam, beside the pictures themselves: ask IT to add raw to "
        "required.skip in the configuration.",
    ),
    Addition(
        "eye_sources",
        "",
        "If the camera's database never lists reports, and their names tell the eye, set eye_sources to "
        "{eye_sources} in the configuration.",
        comes_first=True,
    ),
    Addition(
        "on_camera",
        "",
        "Enter the eye on the camera; it will then be sent by itself. Where that cannot be done, the picture tells.",
        comes_first=True,
    ),
    Addition(
        "filename_eye_pattern",
        "",
        "If the names of this camera's files tell the eye in another way, ask IT to set "
        "filename_eye_pattern.",
    ),
    Addition(
        "db_eye_values",
        "",
        "If this is how the camera always writes one of the eyes, ask IT to say which in db_eye_values in "
        "the configuration.",
    ),
    Addition(
        "pictures_before",
        "They were taken on {pictures}, the pictures of that exam on {pictures_before}.",
        "What was taken on another day is most likely of a visit of its own.",
        comes_first=True,
    ),
    Addition(
        "recorded",
        "There are enough for both eyes, so one of these may be recorded as the wrong one: {recorded}.",
        "Look at these: where one shows the other eye, correct it on the camera; it will then be sent by "
        f"itself. Or say which eye each shows: {TO_SAY_EYE}",
        answers=frozenset({Answer.EYE}),
        clears=Clears.SOON,  # a corrected row is no change in the folder
        comes_first=True,
    ),
    Addition(
        "gone",
        "",
        "If {gone} was not taken out on purpose, put it back; where nobody has it, export it from the camera "
        "into the archive folder again, or ask the EDC's administrator for what the EDC has.",
    ),
    Addition("kept_failing", "It has done so again and again.", ""),
    Addition("asked_to_wait_until", "It asked to wait until {asked_to_wait_until}.", ""),
    Addition(
        "rate_limit",
        "",
        "If this comes often, have the EDC's administrator raise the limit of requests for this computer.",
    ),
    Addition(
        "max_file_size_mb",
        "The limit is the configuration's.",
        "Where the EDC takes larger files, set max_file_size_mb higher in the configuration.",
    ),
    Addition(
        "replaced",
        "{replaced} of the earlier one was sent and is not there any more: a file of the later one has its "
        "name.",
        "Once the later one is moved out, you are asked whether the earlier one is done as it is.",
    ),
    Addition(
        "overwritten",
        "{overwritten} of one of them was not sent, and is overwritten by a picture of the other that has "
        "its name.",
        "What is overwritten, export from the camera again, once what is there now is moved out or "
        "archived. If it is not needed, or of no visit of its own, the release sends what is there.",
    ),
    Addition(
        "visit_gap",
        "It is at least the third exam of which this was to be asked.",
        "If the pictures of one visit are taken so far apart at this site as a rule, set visit_gap to "
        "{visit_gap} in the configuration: two visits of one day that are nearer than that are then one.",
    ),
    Addition(
        "required",
        "It is at least the third exam running for which something came when it was archived.",
        "If that comes with every exam of this camera, have IT set required to {required} in the configuration: "
        "an exam is then sent once that is there, too.",
    ),
    Addition(
        "incomplete_after",
        "",
        "Have incomplete_after set to {incomplete_after}, too: so long after the others it comes.",
    ),
    Addition(
        "newest_entry",
        "The newest eye exam entry in the EDC is {newest_entry}.",
        "",
    ),
    Addition(
        "is_begun",
        "That date was changed while this exam was sent: some of its files are in that entry already, "
        "and stay there.",
        "If that entry was meant to become another visit's, ask the clinician to set its date back, and to "
        "make another one for the other visit.",
    ),
    Addition(
        "perhaps_in_first",
        "Whether {perhaps_in_first} is in the first one is not known: its answer was lost.",
        "Where the exam is for the other one, ask the EDC's administrator to look for it in the first, and "
        "to take it out there.",
    ),
    Addition(
        "is_later",
        "",
        "While an entry of a later date is open the EDC gives no earlier one: an earlier one takes the "
        "pictures once the later one is complete, or has its date set back until then.",
    ),
    Addition(
        "clock_is_off",
        "The camera's clock cannot be right, so the day is that on which the files came.",
        "Set the camera's clock.",
    ),
    Addition(
        "clock_may_be_off",
        "At least three exams came as long after their pictures as this one, by the camera's clock, so that "
        "clock may be wrong.",
        "Look at the camera's clock; if it is wrong, set it.",
    ),
    Addition(
        "visit_days",
        "It is at least the third exam of which this was to be asked.",
        "If entries are made so long before or after the pictures at this site as a rule, set "
        "visit_days to {visit_days}.",
    ),
    Addition(
        "in_doubt",
        "",
        "Whether the EDC has all of them is not known yet: of one that is not in the entry, say which "
        "eye it shows; it is then sent.",
    ),
    Addition(
        "other_subject",
        "By its name, as subject_folder_pattern reads it now, the folder is of {other_subject}.",
        "If they are of {other_subject}, ask the EDC's administrator to take them out of the entry of "
        "{subject}, {entry}. Only when that is done, have all of it sent as {other_subject}: "
        f"{TO_SEND_AGAIN}",
    ),
    Addition(
        "no_subject",
        "By its name, as subject_folder_pattern reads it now, the folder is no subject's.",
        "If they are not, have subject_folder_pattern corrected in the configuration first.",
    ),
    Addition("all_sent", "Everything is sent.", ""),
    Addition(
        "half_sent",
        "Not all of it is sent.",
        "The rest is then sent there, too.",
    ),
    Addition(
        "writes_over",
        "",
        "This release of the EDC writes over a file of the same name, or of the same kind: have them "
        "put there only if nothing there has their names or is of their kind.",
    ),
    Addition(
        "keeps_one",
        "",
        "This release of the EDC keeps one file of each kind: what is of a kind that is there already is not "
        "put in its place, whatever is said. It has to be left out, or to go into an entry of its own.",
    ),
    Addition(
        "replaces",
        "It would take the place of what is in the eye exam entry {entry} already: {replaces}.",
        "",
    ),
    Addition(
        "new_entry",
        "",
        "If this exam is of another visit, ask the clinician to create an entry for it, then: "
        "{program} retry {who}{settings}",
    ),
    Addition(
        "name_entry",
        "",
        "To have it sent into another entry, ask the clinician to create one, and name that by its date, "
        f"or by its id where both are of one day: {TO_NAME_ENTRY}",
    ),
)
