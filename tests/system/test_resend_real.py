"""``resend`` on the published releases: what each can do, and that none is damaged by it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arrival import new_subject
from daemon_process import FAST, Clinic, receipt_of
from edc_under_test import EdcUnderTest, StoredFile

pytestmark = pytest.mark.real_edc

MAKES_SESSIONS = ("0.1.1",)
"""Where resolve makes the session, whatever the clinician did."""


@pytest.fixture(scope="module", params=["0.1.1", "0.2.0", "0.4.0", "1.4.0"])
def edc(request: pytest.FixtureRequest, real_edc: Callable[..., EdcUnderTest]) -> EdcUnderTest:
    return real_edc(request.param)


@pytest.fixture(scope="module")
def clinic(edc: EdcUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    folder = tmp_path_factory.mktemp("clinic")
    with Clinic(folder, api_url=edc.url, token=edc.token, settings=FAST) as clinic:
        clinic.start()
        yield clinic
        assert "Traceback" not in clinic.running.text


def archived(clinic: Clinic, edc: EdcUnderTest) -> tuple[str, Path, str]:
    """A subject whose exam is in the EDC: the archive folder, and the session."""
    subject = new_subject()
    edc.add_subject(subject)
    edc.add_session(subject)
    clinic.camera.take(subject, report="pdf")
    (folder,) = clinic.archived(subject)
    return subject, folder, receipt_of(folder)["session"]


def resend(clinic: Clinic, subject: str, entry: str = "") -> tuple[int, str]:
    """Exit code, and what it said."""
    words = ["resend", subject, "--reason", "disk of the EDC was lost"]
    words += ["--entry", entry] if entry else []
    process = clinic.run_command(*words, "--config", str(clinic.config_path))
    return process.wait(), process.text


def contents(files: list[StoredFile]) -> set[str]:
    return {file.sha256 for file in files}


def test_what_went_with_its_session_goes_again_into_the_new_one(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject, folder, first = archived(clinic, edc)
    sent = contents(edc.stored_files(subject))
    edc.delete_session(first)
    assert edc.stored_files(subject) == []
    new = edc.add_session(subject)

    code, said = resend(clinic, subject, new)

    (again,) = receipt_of(folder)["resent"]
    assert code == 0, said
    assert "sent again: 3 files, into the eye exam entry of" in said
    stored = edc.stored_files(subject)
    assert (contents(stored), len(stored)) == (sent, 3)
    assert {file.session_id for file in stored} == {again["session"]} != {first}


def test_without_a_new_entry_nothing_is_sent_where_the_clinician_makes_them(
    clinic: Clinic, edc: EdcUnderTest
) -> None:
    subject, folder, first = archived(clinic, edc)
    receipt = receipt_of(folder)
    edc.delete_session(first)

    code, said = resend(clinic, subject)

    made = edc.version in MAKES_SESSIONS
    assert (code, len(edc.stored_files(subject))) == ((0, 3) if made else (1, 0)), said
    assert ("not sent again: the EDC no longer has the entry" in said) is not made
    assert (receipt_of(folder) == receipt) is not made


def test_what_is_not_lost_is_left_as_it_is(clinic: Clinic, edc: EdcUnderTest) -> None:
    subject, _, first = archived(clinic, edc)
    before = edc.stored_files(subject)

    code, said = resend(clinic, subject)

    now = edc.stored_files(subject)
    assert now == before
    assert {file.session_id for file in now} == {first}
    if edc.version != "1.4.0":  # it would damage them, whosever they are
        assert code == 1, said
        assert "would damage them" in said
    else:
        assert code == 0, said
