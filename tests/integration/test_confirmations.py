"""A day after its archive the EDC is asked once more whether it still has an exam."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from camera_watchdog.confirmations import Confirmations
from camera_watchdog.errors import Unreachable
from camera_watchdog.laterality import ImageRow
from camera_watchdog.model import Exam, Laterality, State
from camera_watchdog.reasons import explain
from clinic import Clinic
from one_exam import AWAY, begun
from scripted_edc import GENERATIONS, MARCH_1

DAY = timedelta(days=1)
BEFORE_0_8 = [release for release in GENERATIONS if release != "1.4"]


def a_day_later(clinic: Clinic, *, days: float = 1.01) -> list[str]:
    """What the EDC is asked then."""
    clinic.live_for(60)
    assert len(clinic.archived()) == 1
    clinic.clock.advance(days * DAY.total_seconds())
    asked = len(clinic.edc.calls)
    confirm(clinic)
    return [call.split()[0] for call in clinic.edc.calls[asked:]]


def confirm(clinic: Clinic) -> None:
    clinic.journal.write_down()
    Confirmations(DAY, clinic.tools, clinic.journal).look()


def found(clinic: Clinic) -> tuple[str, tuple[str, ...]] | None:
    """What a person must see of the archived exam."""
    (exam,) = clinic.journal.exams_of_subject("S1")
    return (exam.reason.code, exam.reason.files) if exam.reason else None


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_what_is_there_is_asked_about_once_and_nothing_is_said(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        assert a_day_later(clinic) == ["status"]
        assert found(clinic) is None
        confirm(clinic)
        assert clinic.edc.count("upload") == 3
        assert clinic.edc.count("status") == 3


def test_not_before_the_day_is_over_and_not_long_after_it(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        assert a_day_later(clinic, days=0.99) == []
    with begun(tmp_path / "long after", "1.4") as clinic:
        assert a_day_later(clinic, days=30) == []


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_what_was_forgotten_is_a_person_s_matter(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.live_for(60)
        clinic.edc.stored = [one for one in clinic.edc.stored if one.name != "OS.jpg"]
        assert a_day_later(clinic) == ["status"]
        assert found(clinic) == ("forgotten_after_archive", ("OS.jpg",))
        (exam,) = clinic.journal.archived.to_see()
        assert exam.subject == "S1"


@pytest.mark.parametrize("release", list(GENERATIONS))
def test_an_entry_that_is_gone_is_a_person_s_matter(tmp_path: Path, release: str) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.live_for(60)
        clinic.edc.sessions.clear()
        clinic.edc.stored.clear()
        assert a_day_later(clinic) == ["status"]
        assert found(clinic) == ("forgotten_after_archive", ("OD.jpg", "OS.jpg", "report.pdf"))


@pytest.mark.parametrize("release", BEFORE_0_8)
def test_where_nobody_can_tell_nothing_is_said_and_nothing_is_sent(
    tmp_path: Path, release: str
) -> None:
    with begun(tmp_path, release) as clinic:
        clinic.live_for(60)
        clinic.edc.add_session()
        assert a_day_later(clinic) == ["status"]
        assert found(clinic) is None


@pytest.mark.parametrize("release", BEFORE_0_8)
def test_where_the_newest_entry_is_older_than_ours_ours_is_gone(
    tmp_path: Path, release: str
) -> None:
    """The backup has the entry of the last visit alone."""
    with begun(tmp_path, release) as clinic:
        clinic.live_for(60)
        clinic.edc.sessions.clear()
        clinic.edc.stored.clear()
        clinic.edc.add_session(id_="of last year", dated=MARCH_1 - 300 * DAY)
        assert a_day_later(clinic) == ["status"]
        assert found(clinic) == ("forgotten_after_archive", ("OD.jpg", "OS.jpg", "report.pdf"))
        (exam,) = clinic.journal.exams_of_subject("S1")
        assert exam.reason is not None
        assert (
            "newest eye exam entry in the EDC is of 2025-05-05"
            in explain(exam.reason, exam).sentence
        )


@pytest.mark.parametrize("kept", [0, 1])
def test_the_file_that_was_stored_last_is_asked_about(tmp_path: Path, kept: int) -> None:
    """The backup was made while the exam was being sent."""
    with begun(tmp_path, "1.4") as clinic:
        clinic.live_for(60)
        clinic.edc.stored = clinic.edc.stored[:kept]
        clinic.edc.add_session(dated=MARCH_1 + DAY)
        assert a_day_later(clinic) == ["status", "upload"]
        assert found(clinic) == ("forgotten_after_archive", ("OD.jpg", "OS.jpg", "report.pdf"))


def test_one_file_is_sent_again_where_the_next_visit_has_its_entry(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        clinic.live_for(60)
        clinic.edc.add_session()
        stored = list(clinic.edc.stored)
        assert a_day_later(clinic) == ["status", "upload"]
        assert found(clinic) is None
        assert clinic.edc.stored == stored


def test_where_that_file_was_not_there_everything_was_forgotten(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        clinic.live_for(60)
        clinic.edc.stored.clear()
        clinic.edc.add_session()
        assert a_day_later(clinic) == ["status", "upload"]
        assert found(clinic) == ("forgotten_after_archive", ("OD.jpg", "OS.jpg", "report.pdf"))


def test_a_server_that_is_away_is_asked_later(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        clinic.live_for(60)
        clinic.edc.statuses = [Unreachable("no route")]
        clinic.edc.ping_says = AWAY
        assert a_day_later(clinic)[0] == "status"
        assert clinic.gate.is_closed
        asked = len(clinic.edc.calls)
        confirm(clinic)
        assert len(clinic.edc.calls) == asked
        clinic.edc.ping_says = None
        clinic.live_for(60)
        confirm(clinic)
        assert found(clinic) is None
        assert clinic.journal.exams_of_subject("S1")[0].confirmed_at is not None


@pytest.mark.parametrize("release", list(GENERATIONS))
@pytest.mark.parametrize("is_done", [True, False])
def test_a_correction_that_was_claimed_and_that_the_edc_does_not_list_is_told_once_more(
    tmp_path: Path, release: str, *, is_done: bool
) -> None:
    """The archive does not wait for it: it may be noted in a way that the EDC does not list."""
    with begun(tmp_path, release, eye_objections=()) as clinic:
        clinic.during = partial(row_is_corrected, clinic)
        clinic.live_for(30)
        assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
        if is_done:
            clinic.edc.correct("OD.jpg", "left")
        clinic.answer(name="OD.jpg", eye=Laterality.LEFT)
        clinic.live_for(30)
        noted = any("OD.jpg as it was sent still" in note for note in clinic.receipt()["notes"])
        assert noted is not is_done
        assert a_day_later(clinic) == ["status"]
        expected = None if is_done else ("not_corrected_after_archive", ("OD.jpg",))
        assert found(clinic) == expected


def test_where_another_picture_is_of_that_eye_nobody_can_tell(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4", eye_objections=()) as clinic:
        clinic.put("S1/OD2.jpg", seed=3)
        clinic.camera.know("S1", "OD2.jpg", "R")
        clinic.during = partial(row_is_corrected, clinic, files=4)
        clinic.live_for(30)
        assert clinic.told("S1") == (State.HELD, "sent_as_other_eye")
        clinic.answer(name="OD.jpg", eye=Laterality.LEFT)
        a_day_later(clinic)
        assert found(clinic) is None


def test_a_picture_that_may_be_under_the_other_eye_by_now_is_not_sent_to_ask(
    tmp_path: Path,
) -> None:
    """The EDC speaks of the next visit's entry, and the smallest file there is would tell."""
    with begun(tmp_path, "1.4", eye_objections=()) as clinic:
        clinic.during = partial(row_is_corrected, clinic)
        clinic.live_for(30)
        clinic.answer(name="OD.jpg", eye=Laterality.LEFT)
        clinic.live_for(30)
        (folder,) = clinic.archived()
        for name in ("OS.jpg", "report.pdf"):
            (folder / name).unlink()
        clinic.edc.add_session(dated=clinic.clock.now() + DAY)
        assert a_day_later(clinic) == ["status"]
        assert found(clinic) is None


def row_is_corrected(clinic: Clinic, *, files: int = 3) -> None:
    """Once all is sent the camera says that OD.jpg is of the left eye."""
    if len(clinic.edc.stored) == files:
        rows = clinic.camera.rows["S1"]
        clinic.camera.rows["S1"] = [
            ImageRow(row.filename, "L", None) if row.filename == "OD.jpg" else row for row in rows
        ]


# A late picture, of whose type the entry has another one


def late_picture_archived(clinic: Clinic) -> Exam:
    """One more of the right eye goes into the entry of the exam that is archived."""
    clinic.live_for(60)
    clinic.put("S1/OD2.jpg", seed=2)
    clinic.camera.know("S1", "OD2.jpg", "R")
    clinic.live_for(1900)
    assert clinic.told("S1") == (State.HELD, "late")
    clinic.answer()
    clinic.live_for(60)
    assert len(clinic.archived()) == 2
    (_, late) = clinic.journal.exams_of_subject("S1")
    return late


KEEPS_ALL = [release for release in GENERATIONS if not GENERATIONS[release].replaces]


@pytest.mark.parametrize("release", KEEPS_ALL)
@pytest.mark.parametrize("is_lost", [False, True])
def test_a_late_picture_is_asked_about_by_itself_where_that_tells(
    tmp_path: Path, release: str, *, is_lost: bool
) -> None:
    with begun(tmp_path, release) as clinic:
        late = late_picture_archived(clinic)
        noted = any("nobody can ask this release" in note for note in late.notes)
        assert noted is (release != "1.4")
        if is_lost:
            clinic.edc.stored = [one for one in clinic.edc.stored if one.name != "OD2.jpg"]
        uploads = clinic.edc.count("upload")
        clinic.clock.advance(1.01 * DAY.total_seconds())
        confirm(clinic)
        first, late = clinic.journal.exams_of_subject("S1")
        assert first.reason is None
        assert (late.reason is not None) is (is_lost and release == "1.4")
        if late.reason is not None:
            assert (late.reason.code, late.reason.files) == (
                "forgotten_after_archive",
                ("OD2.jpg",),
            )
        assert clinic.edc.count("upload") - uploads == (2 if release == "1.4" else 0)


def test_a_late_picture_that_was_forgotten_before_the_proof_is_sent_again(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        clinic.live_for(60)
        clinic.put("S1/OD2.jpg", seed=2)
        clinic.camera.know("S1", "OD2.jpg", "R")
        clinic.live_for(1900)
        stored = list(clinic.edc.stored)
        clinic.edc.statuses = [None, *[Unreachable("no route")] * 3]
        clinic.edc.ping_says = AWAY
        clinic.answer()
        clinic.live_for(60)
        assert len(clinic.edc.stored) == len(stored) + 1
        clinic.edc.stored = stored
        clinic.clock.advance(3600)
        clinic.edc.statuses.clear()
        clinic.edc.ping_says = None
        clinic.live_for(120)
        assert len(clinic.archived()) == 2
        assert [one.name for one in clinic.edc.stored][-1] == "OD2.jpg"


def test_what_a_clock_that_was_ahead_archived_is_asked_about_once(tmp_path: Path) -> None:
    with begun(tmp_path, "1.4") as clinic:
        clinic.clock.utc += 400 * DAY
        clinic.live_for(60)
        assert clinic.archived()
        clinic.clock.utc -= 400 * DAY
        asked = len(clinic.edc.calls)
        confirm(clinic)
        confirm(clinic)

        assert [call.split()[0] for call in clinic.edc.calls[asked:]] == ["status"]
