"""DICOM's PatientID and the folder's subject."""

import pytest

from camera_watchdog.screening import names_subject


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
