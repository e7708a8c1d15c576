"""DICOM's PatientID and the folder's subject."""

import pytest

from camera_watchdog.model import Exam
from camera_watchdog.patient_ids import names_subject, rule_that_fits
from exam_parts import exam, file


@pytest.mark.parametrize(
    "patient_id, exact, contains",
    [
        ("105-10-0023-8", True, True),
        ("", True, True),
        ("105-10-0023-8^TRIAL", False, True),
        ("TRIAL_105-10-0023-8_B", False, True),
        ("1105-10-0023-8", False, False),
        ("105-10-0023-81", False, False),
        ("105-10-0023", False, False),
        ("105-10-0023-8\\105-10-0024-6", False, False),
        ("105-10-0023-8\\X 105-10-0023-8", False, True),
        ("someone else", False, False),
    ],
)
def test_it_must_fit_as_the_configuration_says(
    patient_id: str, *, exact: bool, contains: bool
) -> None:
    subject = "105-10-0023-8"
    assert names_subject(patient_id, subject, "exact") is exact
    assert names_subject(patient_id, subject, "contains") is contains
    assert names_subject(patient_id, subject, "off")


def test_a_subject_is_no_pattern() -> None:
    assert not names_subject("X 1051", "105.", "contains")
    assert names_subject("X 105. Y", "105.", "contains")


def of(subject: str, *ids: str) -> Exam:
    """An exam of a subject whose files name these patients."""
    files = (file(f"{number}.dcm", patient_id=each) for number, each in enumerate(ids))
    return exam(*files).but(subject=subject, folder=subject)


H1, H2, H3 = of("S-1", "H1001", "H1001"), of("S-2", "H2002", "H2002"), of("S-3", "H3003")


def test_the_third_exam_running_tells_the_rule_that_fits() -> None:
    assert rule_that_fits(H3, [H2, H1], "exact") == "off"
    assert rule_that_fits(H3, [H2, H1], "contains") == "off"
    assert rule_that_fits(H3, [H2], "exact") is None
    trial = [of(f"S-{number}", f"S-{number}^TRIAL") for number in range(3)]
    assert rule_that_fits(trial[2], [*trial[:2]], "exact") == "contains"
    assert rule_that_fits(H3, [*trial[:2]], "exact") == "off"


@pytest.mark.parametrize(
    "between",
    [of("S-9", ""), of("S-9"), of("S-9", "", "H9"), of("S-3", "H3003"), of("S-2", "H2002")],
)
def test_one_that_names_nobody_or_the_same_again_neither_goes_on_nor_ends_it(between: Exam) -> None:
    assert rule_that_fits(H3, [between, H2, H1], "exact") == "off"
    assert rule_that_fits(H3, [between, H2], "exact") is None


def test_one_picture_that_names_another_among_silent_ones_is_no_rule() -> None:
    assert rule_that_fits(of("S-9", "", "H9"), [H3, H2, H1], "exact") is None


@pytest.mark.parametrize(
    "between",
    [
        of("S-9", "S-9", "S-9"),
        of("S-9", "S-9", "H9"),  # one file is another's
        of("S-9", "H9", "H8"),
        of("S-9", "H3003"),  # two subjects have one id
        of("S-3", "H4"),
        of("S-9", "S-1"),  # of another subject that is known
        of("S-9", "S-1^TRIAL"),
    ],
)
def test_what_may_be_in_the_wrong_folder_ends_it(between: Exam) -> None:
    assert rule_that_fits(H3, [between, H2, H1], "exact") is None
    assert rule_that_fits(between, [H3, H2, H1], "exact") is None


def test_pictures_that_are_one_folder_off_are_no_rule() -> None:
    shifted = [of(f"S-{number}", f"S-{number + 1}") for number in range(5)]
    for newest in range(5):
        assert rule_that_fits(shifted[newest], shifted[:newest][::-1], "exact") is None
