"""Which session the EDC gives, to whom, and what it says of it."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from camera_watchdog.edc_api.client import EdcClient
from camera_watchdog.errors import Unauthorized
from camera_watchdog.model import Demographics, FileType
from canaries import AGE, INITIALS, WHO
from edc_contract import Desk, dicom, edcs, jpeg, pdf, refusal

made_by_clinicians = pytest.mark.parametrize(
    "edc", edcs(lambda contract: not contract.resolve_makes_session), indirect=True
)


def test_ping_is_answered(edc: Desk) -> None:
    edc.client.ping()
    answer = edc.http.get(f"{edc.server.url}/api/retinopathy/ping/", timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_wrong_token_is_refused_on_every_call(edc: Desk) -> None:
    subject, session_id = edc.idle
    wrong = edc.server.token[:-1] + "!"
    content = jpeg()
    with closing(EdcClient(api_url=edc.server.url, token=wrong, request_timeout_s=30)) as stranger:
        with pytest.raises(Unauthorized) as caught:
            stranger.ping()
        assert caught.value.code == "token_refused"  # in whatever words
        with pytest.raises(Unauthorized):
            stranger.resolve(subject=subject, device_id="", site_id="", demographics=WHO)
        with pytest.raises(Unauthorized):
            stranger.status(subject)
        with pytest.raises(Unauthorized):
            stranger.upload(**edc.upload_of((subject, session_id), FileType.LEFT, content))
    assert edc.stored(subject) == []


def test_resolve_names_the_session_under_the_generations_own_key(edc: Desk) -> None:
    subject, session_id = edc.visit()
    told = edc.resolve(subject)
    assert (told.subject, told.session_id) == (subject, session_id)
    assert told.key == edc.contract.session_key
    assert told.already == (() if edc.contract.lists_files else None)
    assert told.report_type == ""


def test_resolve_lists_one_entry_a_file_where_it_lists_any(edc: Desk) -> None:
    visit = edc.visit()
    edc.send(visit, FileType.RIGHT, jpeg())
    edc.send(visit, FileType.LEFT, jpeg())
    edc.send(visit, FileType.LEFT, jpeg())
    listed = ("left", "left", "right") if edc.contract.lists_files else None
    assert edc.resolve(visit[0]).already == listed


def test_status_tells_each_type_once_and_what_is_missing(edc: Desk) -> None:
    visit = edc.visit()
    dicoms = edc.contract.dicom_completes
    eyes = ("left_dicom", "report", "right_dicom") if dicoms else ("left", "report", "right")
    told = edc.client.status(visit[0])
    assert (told.session_id, told.uploaded, told.complete) == (visit[1], (), False)
    assert told.missing == eyes

    edc.send(visit, FileType.LEFT, jpeg())
    edc.send(visit, FileType.LEFT, jpeg())
    told = edc.client.status(visit[0])
    assert (told.uploaded, told.missing, told.complete) == (("left",), eyes[1:], False)

    edc.send(visit, FileType.RIGHT, jpeg())
    edc.send(visit, FileType.REPORT, pdf())
    told = edc.client.status(visit[0])
    assert (told.session_id, told.missing, told.complete) == (visit[1], (), True)
    assert told.uploaded == ("left", "report", "right")


def test_status_tells_the_newest_entry_s_own_date(edc: Desk) -> None:
    subject, session_id = edc.visit()
    two_weeks = timedelta(days=14)
    edc.grow_old(session_id, two_weeks)
    told = edc.client.status(subject)
    assert told.made_by_resolve is edc.contract.resolve_makes_session
    assert told.dated is not None
    assert abs(datetime.now(UTC) - two_weeks - told.dated) < timedelta(minutes=5)


def test_a_per_eye_session_wants_a_report_of_each(edc: Desk) -> None:
    visit = edc.visit("per_eye")
    if FileType.LEFT_REPORT not in edc.contract.file_types:
        assert edc.client.status(visit[0]).missing == ("left", "report", "right")
        return
    edc.send(visit, FileType.LEFT, jpeg())
    edc.send(visit, FileType.RIGHT, jpeg())
    edc.send(visit, FileType.LEFT_REPORT, pdf())
    assert edc.client.status(visit[0]).missing == ("right_report",)
    assert edc.resolve(visit[0]).session_id == visit[1]
    edc.send(visit, FileType.RIGHT_REPORT, pdf())
    assert edc.client.status(visit[0]).complete is True


@pytest.mark.parametrize("edc", edcs(lambda c: FileType.LEFT_DICOM in c.file_types), indirect=True)
def test_dicom_stands_for_an_eye_from_1_2_on(edc: Desk) -> None:
    visit = edc.visit()
    edc.send(visit, FileType.LEFT_DICOM, dicom())
    edc.send(visit, FileType.RIGHT_DICOM, dicom())
    edc.send(visit, FileType.REPORT, pdf())
    told = edc.client.status(visit[0])
    assert told.uploaded == ("left_dicom", "report", "right_dicom")
    assert told.complete is edc.contract.dicom_completes
    assert told.missing == (() if edc.contract.dicom_completes else ("left", "right"))


def test_a_subject_that_nobody_knows(edc: Desk) -> None:
    subject = f"nobody-{uuid4().hex}"
    unknown = (400, "subject_not_found", ())
    nothing = (404, "no_session", ())
    makes = edc.contract.resolve_makes_session
    assert refusal(lambda: edc.resolve(subject)) == (unknown if makes else nothing)
    assert refusal(lambda: edc.client.status(subject)) == nothing
    anywhere = (subject, str(uuid4()))
    assert refusal(lambda: edc.send(anywhere, FileType.LEFT, jpeg())) == nothing


def test_who_makes_the_session(edc: Desk) -> None:
    subject = edc.subject()
    if not edc.contract.resolve_makes_session:
        assert refusal(lambda: edc.resolve(subject)) == (404, "no_session", ())
        made = edc.server.add_session(subject)
        assert edc.resolve(subject).session_id == made
        return
    made = edc.resolve(subject).session_id
    assert edc.resolve(subject).session_id == made
    edc.grow_old(made, timedelta(hours=23))
    assert edc.resolve(subject).session_id == made
    edc.grow_old(made, timedelta(hours=25))
    assert edc.resolve(subject).session_id != made


def test_a_complete_session_is_not_given_again(edc: Desk) -> None:
    visit = edc.visit()
    edc.complete(visit)
    if edc.contract.resolve_makes_session:
        another = edc.resolve(visit[0]).session_id
        assert another != visit[1]
        assert edc.client.status(visit[0]).session_id == another
        return
    assert refusal(lambda: edc.resolve(visit[0])) == (400, "no_eligible_session", ())
    assert edc.client.status(visit[0]).session_id == visit[1]


def test_a_complete_session_still_takes_files_by_its_id(edc: Desk) -> None:
    visit = edc.visit()
    edc.complete(visit)
    late = edc.send(visit, FileType.LEFT, jpeg())
    assert late.session_id == visit[1]
    lefts = [file for file in edc.held(visit) if file[0] == "left"]
    assert len(lefts) == (2 if edc.contract.keeps_beside else 1)


@made_by_clinicians
def test_behind_a_complete_visit_stands_the_one_left_incomplete(edc: Desk) -> None:
    subject, older = edc.visit()
    newest = edc.open(subject)
    assert edc.resolve(subject).session_id == newest
    edc.complete((subject, newest))
    assert edc.resolve(subject).session_id == older
    assert edc.client.status(subject).session_id == newest


@made_by_clinicians
def test_a_contraindicated_session_is_not_given(edc: Desk) -> None:
    subject, older = edc.visit()
    newest = edc.open(subject)
    edc.contraindicate(newest)
    assert edc.resolve(subject).session_id == older
    assert edc.client.status(subject).session_id == newest
    edc.contraindicate(older)
    assert refusal(lambda: edc.resolve(subject)) == (400, "no_eligible_session", ())


def test_a_file_goes_to_the_session_that_it_names_though_not_the_newest(edc: Desk) -> None:
    subject, older = edc.visit()
    edc.complete((subject, older))
    newest = edc.open(subject)
    assert newest != older
    assert edc.send((subject, older), FileType.LEFT, jpeg(), "late.jpg").session_id == older
    assert edc.client.status(subject).session_id == newest
    assert edc.held((subject, newest)) == []
    assert "late.jpg" in {name for _, name, _ in edc.held((subject, older))}


def test_a_parameter_of_another_name_is_ignored(edc: Desk) -> None:
    subject, older = edc.visit()
    edc.complete((subject, older))
    newest = edc.open(subject)
    key = edc.contract.session_key
    for parameter in ("session_id", "camera_session_id", "eye_exam_register_id"):
        told = edc.post((subject, older), parameter).json()
        assert told[key] == (older if parameter == key else newest)


def test_an_old_session_takes_files_by_its_id(edc: Desk) -> None:
    visit = edc.visit()
    edc.grow_old(visit[1], timedelta(minutes=121))
    assert edc.send(visit, FileType.LEFT, jpeg()).session_id == visit[1]
    nameless = edc.post(visit, "")
    assert nameless.status_code == (404 if edc.contract.needs_id_when_old else 201)
    edc.grow_old(visit[1], timedelta(minutes=119))
    assert edc.post(visit, "").status_code == 201


def test_another_subjects_session_is_not_found(edc: Desk) -> None:
    mine, (_, theirs) = edc.subject(), edc.idle
    nothing = (404, "no_session", ())
    assert refusal(lambda: edc.send((mine, theirs), FileType.LEFT, jpeg())) == nothing
    assert edc.stored(mine) == []


def test_a_deleted_session_is_gone_with_its_files(edc: Desk) -> None:
    visit = edc.visit()
    edc.send(visit, FileType.LEFT, jpeg())
    edc.server.delete_session(visit[1])
    assert edc.stored(visit[0]) == []
    nothing = (404, "no_session", ())
    assert refusal(lambda: edc.send(visit, FileType.RIGHT, jpeg())) == nothing
    assert refusal(lambda: edc.client.status(visit[0])) == nothing
    again = edc.open(visit[0])
    assert again != visit[1]
    assert edc.resolve(visit[0]).session_id == again


def test_demographics_are_asked_for_up_to_0_3(edc: Desk) -> None:
    subject, session_id = edc.idle
    if edc.contract.asks_demographics:
        asked = (400, "", ("initials", "sex"))
        assert refusal(lambda: edc.resolve(subject, None)) == asked
    else:
        assert edc.resolve(subject, None).session_id == session_id


@pytest.mark.parametrize(
    "who",
    [replace(WHO, initials="ZQ"), replace(WHO, sex="M"), replace(WHO, age=AGE + 2)],
    ids=["initials", "sex", "age"],
)
def test_demographics_that_differ_are_refused_where_they_are_asked(
    edc: Desk, who: Demographics
) -> None:
    subject, session_id = edc.idle
    if edc.contract.asks_demographics:
        assert refusal(lambda: edc.resolve(subject, who)) == (400, "validation_mismatch", ())
    else:
        assert edc.resolve(subject, who).session_id == session_id


@pytest.mark.parametrize(
    "who",
    [
        replace(WHO, initials=INITIALS.lower(), sex="f"),
        replace(WHO, age=AGE - 1),
        replace(WHO, age=AGE + 1),
        replace(WHO, age=None),
    ],
    ids=["lower case", "a year younger", "a year older", "no age"],
)
def test_demographics_that_are_near_enough_pass(edc: Desk, who: Demographics) -> None:
    subject, session_id = edc.idle
    assert edc.resolve(subject, who).session_id == session_id


@pytest.mark.parametrize(
    "who,field",
    [
        (replace(WHO, initials="Q" * 11), "initials"),
        (replace(WHO, initials=""), "initials"),
        (replace(WHO, sex="X"), "sex"),
    ],
    ids=["11 initials", "blank initials", "sex X"],
)
def test_demographics_that_are_none_name_their_field(
    edc: Desk, who: Demographics, field: str
) -> None:
    subject, session_id = edc.idle
    if edc.contract.asks_demographics:
        assert refusal(lambda: edc.resolve(subject, who)) == (400, "", (field,))
    else:
        assert edc.resolve(subject, who).session_id == session_id


def test_the_room_for_the_cameras_and_the_sites_name(edc: Desk) -> None:
    subject, session_id = edc.idle
    assert edc.resolve(subject, device_id="", site_id="").session_id == session_id
    assert edc.resolve(subject, device_id="d" * 100, site_id="s" * 50).session_id == session_id
    too_long = (400, "", ("device_id",))
    assert refusal(lambda: edc.resolve(subject, device_id="d" * 101)) == too_long
    if edc.contract.asks_demographics:
        assert refusal(lambda: edc.resolve(subject, site_id="s" * 51)) == (400, "", ("site_id",))
    else:
        assert edc.resolve(subject, site_id="s" * 51).session_id == session_id
