"""The journal of the first release is taken over, and every exam in it goes on where it was."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.journal import JOURNAL_NAME, Journal
from camera_watchdog.model import JOURNAL_LOST, Sent, State
from camera_watchdog_demo.edc_server import DemoEdc
from daemon_process import receipt_of
from first_release import MOVED, NO_SESSION, FirstRelease, content_of
from in_process import Core, Time, configured

DAY_S: Final = 86_400.0


class Site:
    """A clinic of the first release, and the core of this one."""

    def __init__(self, folder: Path, generation: str, *, lost: bool = False) -> None:
        self.time = Time()
        self.edc = DemoEdc(generation, storage=folder / "edc", clock=self.time.clock)
        self.edc.start()
        self.config = configured(folder, api_url=self.edc.url, token=self.edc.token)
        self.before = FirstRelease(self.config, self.edc, self.time.clock(), lost=lost)
        self._sent_before = len(self.edc.requests)
        self.core = Core(self.config, self.time)

    def close(self) -> None:
        """End both."""
        self.core.throw_away()
        self.edc.close()

    def told(self, subject: str) -> tuple[State, str]:
        """State and reason of the newest exam of a subject."""
        exam = self.core.exam(subject)
        return exam.state, exam.reason.code if exam.reason else ""

    def uploads(self, subject: str) -> list[str]:
        """What this release sent of a subject."""
        asked = self.edc.requests[self._sent_before :]
        return [r.file_type for r in asked if r.kind == "upload" and r.subject == subject]

    def arrived(self, subject: str) -> bool:
        """Every file is stored once and whole, and lies in the archive with a receipt."""
        exam = self.core.exam(subject)
        folder = self.config.archive_dir / exam.destination
        receipt = receipt_of(folder)
        stored = Counter(file.sha256 for file in self.edc.stored_files(subject))
        assert receipt["session"] == self.before.sessions[subject]
        assert {f.name: (folder / f.name).read_bytes() for f in exam.files} == {
            f.name: content_of(f"{subject}/{f.name}") for f in exam.files
        }
        return stored == Counter(f.sha256 for f in exam.files if f.sent is Sent.YES)


@pytest.fixture(params=["0.4", "1.4"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with closing(Site(tmp_path, request.param)) as site:
        yield site


def test_each_exam_is_known_as_it_was(site: Site) -> None:
    assert not site.core.journal.rebuilt
    states = {
        subject: [exam.state for exam in site.core.journal.exams_of_subject(subject)]
        for subject in site.before.subjects
    }
    assert {state for (state,) in states.values()} == {*State}
    assert (site.config.state_dir / f"{JOURNAL_NAME}.version-1").exists()
    files = [f for s in states for e in site.core.journal.exams_of_subject(s) for f in e.files]
    assert {file.sent for file in files} == {*Sent}
    assert not any(JOURNAL_LOST in exam.notes for exam in site.core.exams())
    assert [*site.core.journal.notices.troubles()] == ["exam 16"]
    assert len(site.core.journal.notices.messages()) == 1


@pytest.mark.parametrize("subject", ["S-READY", "S-IDENTIFYING", "S-RESOLVING"])
def test_what_was_not_sent_is_sent(site: Site, subject: str) -> None:
    site.core.run_for(600)
    assert site.told(subject) == (State.ARCHIVED, "")
    assert site.arrived(subject)


def test_an_upload_in_doubt_that_arrived_is_asked_about_and_not_stored_twice(site: Site) -> None:
    site.core.run_for(600)
    assert site.told("S-UPLOADING") == (State.ARCHIVED, "")
    assert site.arrived("S-UPLOADING")
    assert "right" not in site.uploads("S-UPLOADING")


def test_an_upload_in_doubt_that_did_not_arrive_is_sent(site: Site) -> None:
    site.core.run_for(600)
    assert site.told("S-DOUBT") == (State.ARCHIVED, "")
    assert site.arrived("S-DOUBT")
    assert site.uploads("S-DOUBT") == ["left", "report"]


@pytest.mark.parametrize("subject", ["S-VERIFYING", "S-ARCHIVING", "S-MOVED"])
def test_what_was_sent_is_archived_and_not_sent_again(site: Site, subject: str) -> None:
    site.core.run_for(600)
    assert site.told(subject) == (State.ARCHIVED, "")
    assert site.arrived(subject)
    assert site.uploads(subject) == []
    assert subject not in MOVED or site.core.exam(subject).destination == MOVED[subject]


def test_what_was_collected_is_told_to_be_incomplete_and_arrives_when_it_is_whole(
    site: Site,
) -> None:
    site.core.run_for(600)
    assert site.told("S-COLLECTING") == (State.HELD, "incomplete")
    site.before.add("S-COLLECTING/report.pdf")
    site.core.run_for(600)
    assert site.told("S-COLLECTING") == (State.ARCHIVED, "")
    assert site.arrived("S-COLLECTING")


def test_each_hold_is_tried_and_goes_on_when_its_cause_is_gone(site: Site) -> None:
    site.core.run_for(600)
    assert site.told(NO_SESSION) == (State.HELD, "no_session")
    assert site.told("S-VANISHED") == (State.HELD, "vanished")
    assert site.told("S-REFUSED") == (State.HELD, "refused_content")
    (site.config.watch_dir / "S-REFUSED" / "report.pdf").write_bytes(
        content_of("S-REFUSED/another.pdf")
    )
    site.core.run_for(600)
    assert site.told("S-REFUSED") == (State.ARCHIVED, "")
    assert site.uploads("S-REFUSED") == ["report"]
    site.before.sessions[NO_SESSION] = site.edc.add_session(NO_SESSION)
    site.core.run_for(600)
    assert site.told(NO_SESSION) == (State.ARCHIVED, "")
    assert site.arrived(NO_SESSION)


def test_an_answer_that_was_bound_to_nothing_decides_about_no_bytes(site: Site) -> None:
    """Nobody can show which picture was looked at."""
    site.core.run_for(3600)
    assert site.told("S-EYE") == (State.HELD, "eye_unknown")
    assert site.uploads("S-EYE") == []
    before = site.core.exam("S-EYE").overrides
    assert [(said.name, said.checksums) for said in before] == [("OD.jpg", {})]


def test_an_answer_about_these_very_bytes_counts(site: Site) -> None:
    site.core.run_for(600)
    assert site.told("S-EYE-BOUND") == (State.ARCHIVED, "")
    assert site.arrived("S-EYE-BOUND")


def test_open_requests_are_done_and_what_was_done_is_not_done_again(site: Site) -> None:
    done = site.core.journal.request(1)
    site.core.run_for(600)
    assert site.core.journal.open_requests() == []
    assert site.core.journal.request(1) == done
    assert site.core.journal.request(2).outcome == "it is tried again now."
    assert site.told("S-INCOMPLETE") == (State.ARCHIVED, "")
    assert sorted(site.uploads("S-INCOMPLETE")) == ["left", "right"]
    assert site.arrived("S-INCOMPLETE")


def test_what_is_archived_stays_as_it_is_and_known(site: Site) -> None:
    archived = [exam for s in MOVED for exam in site.core.journal.exams_of_subject(s)][:2]
    assert [exam.state for exam in archived] == [State.ARCHIVED] * 2
    site.core.run_for(DAY_S / 12)
    for exam in archived:
        now = site.core.journal.exam(exam.id)
        assert (now.state, now.session, now.archived_at) == (
            exam.state,
            exam.session,
            exam.archived_at,
        )
        assert site.uploads(exam.subject) == []
        assert receipt_of(site.config.archive_dir / exam.destination)["subject"] == exam.subject
    assert site.core.journal.exams_of_subject("S-GONE")[0].state is State.GONE

    path = site.config.watch_dir / "S-GONE"
    path.mkdir()
    for name in ("OD.jpg", "OS.jpg", "report.pdf"):
        (path / name).write_bytes(content_of(f"S-ARCHIVED/{name}"))
    site.core.run_for(600)
    assert site.told("S-GONE") == (State.HELD, "seen_before")


def test_nothing_is_stored_twice_and_nobody_is_asked_what_was_not_open_before(
    site: Site,
) -> None:
    site.core.run_for(3600)
    held = {exam.subject for exam in site.core.exams() if exam.state is State.HELD}
    assert held == {"S-COLLECTING", "S-EYE", NO_SESSION, "S-REFUSED", "S-VANISHED"}
    for subject in site.before.subjects:
        stored = [file.sha256 for file in site.edc.stored_files(subject)]
        assert len(stored) == len({*stored})


def test_a_lost_journal_that_was_not_rebuilt_yet_is_rebuilt_by_this_release(
    tmp_path: Path,
) -> None:
    with closing(Site(tmp_path, "1.4", lost=True)) as site:
        assert site.core.journal.rebuilt
        path = site.config.watch_dir / "S-READY"
        path.rename(site.config.watch_dir / "S-RESOLVING 2")
        site.core.run_for(5)
        assert JOURNAL_LOST in site.core.exam("S-RESOLVING 2").notes


def test_the_journal_of_the_first_release_has_every_column_that_this_one_needs(
    tmp_path: Path,
) -> None:
    """The text of the fixture is what that release wrote, and not what stands in the migrations."""
    with closing(Site(tmp_path, "1.4")) as site:
        (one,) = site.core.journal.exams_of_subject("S-NO-SESSION")
        changed: dict[str, Any] = {"attempts": 4, "notes": ("a note",)}
        site.core.journal.save(dataclasses.replace(one, **changed), "tried")
        site.core.throw_away()
        journal = Journal.open(
            site.config.state_dir, watch_dir=site.config.watch_dir, clock=site.time.clock
        )
        with closing(journal):
            assert journal.exam(one.id).notes == ("a note",)
        site.core = Core(site.config, site.time)
