"""What an operator is told when something stands in an exam's way, and what becomes of it then.

Each case brings one about, reads what ``status`` says, lets somebody (or time) mend it, and finds the
exam in the archive. Where nobody has to act, nobody is asked to.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any, Final

import pytest

from camera_watchdog.disk import Disk
from camera_watchdog.edc_api.answers import SessionStatus
from camera_watchdog.errors import (
    CertificateRefused,
    DatabaseBusy,
    DatabaseUnreadable,
    EdcFailure,
    EdcRefusal,
    NotTheEdc,
    TokenNotSeen,
    Unauthorized,
    Unreachable,
)
from camera_watchdog.model import Laterality
from camera_watchdog.overview import overview, server
from camera_watchdog.overview_json import as_json
from camera_watchdog.standing import Standing
from camera_watchdog.status_files import PAGE_NAME, StatusFiles
from camera_watchdog_demo import pictures
from canaries import WHO
from clinic import Clinic
from scripted_edc import Stored, lost
from watched_folder import bytes_of

Act = Callable[[Clinic], object]

HOUR_S: Final = 3600.0
BLOCKED: Final = PermissionError(13, "The process cannot access the file")
FAILED: Final = EdcFailure("HTTP 500", http_status=500, edc_code="")
PROXY: Final[dict[str, Any]] = {"http_status": 502, "edc_code": ""}


@dataclass(frozen=True)
class Case:
    """``before`` the daemon sees it; then ``says`` and ``do`` are told; then ``mend``."""

    code: str
    before: Act
    says: tuple[str, ...]
    do: tuple[str, ...] = ()
    mend: Act = lambda _clinic: None
    state: str = "held"
    wait_s: float = 60.0
    then_s: float = 120.0
    release: str = "1.4"
    rules: dict[str, Any] = field(default_factory=dict)
    sent: int = 0
    """How many of its files may be at the EDC when it is told."""
    server: tuple[str, ...] = ()
    """What is said of the server itself, once for all exams, where it is away."""
    archives: int = 1
    """How many folders are in the archive at the end."""


def without(name: str) -> Act:
    return lambda clinic: (clinic.root / "S1" / name).unlink()


def also(name: str, content: bytes | None = None, **more: Any) -> Act:
    return lambda clinic: clinic.put(f"S1/{name}", content, **more)


def eyes(right: object, left: object) -> Act:
    def say(clinic: Clinic) -> None:
        clinic.camera.rows.clear()
        clinic.camera.know("S1", "OD.jpg", right)
        clinic.camera.know("S1", "OS.jpg", left)

    return say


def fails(error: Exception | None) -> Act:
    return lambda clinic: setattr(clinic.camera, "fails", error)


def leave_out(name: str) -> Act:
    return lambda clinic: clinic.answer(name=name, skip=True)


def release(clinic: Clinic) -> None:
    clinic.answer()


def resolves(*errors: Exception) -> Act:
    return lambda clinic: clinic.edc.resolves.extend([*errors] * 1000)


def answers_again(clinic: Clinic) -> None:
    clinic.edc.resolves.clear()
    clinic.edc.uploads.clear()
    clinic.edc.statuses.clear()
    clinic.edc.ping_says = None


def uploads(*what: Any) -> Act:
    return lambda clinic: clinic.edc.uploads.extend(what)


def away(error: Any) -> Act:
    def close(clinic: Clinic) -> None:
        clinic.edc.resolves.append(error)
        clinic.edc.ping_says = error

    return close


def nested(clinic: Clinic) -> None:
    clinic.put("S1/raw/OD.jpg", seed=5)


def link(clinic: Clinic) -> None:
    (clinic.root / "S1" / "more.jpg").symlink_to(clinic.root / "S1" / "OD.jpg")


def other_patient(clinic: Clinic) -> None:
    also("OD2.dcm", pictures.dicom(1, eye="R", patient_id="S2", size=(16, 16)))(clinic)
    clinic.camera.know("S1", "OD2.dcm", "R")


def later_visit(clinic: Clinic) -> None:
    for name in ("OD.jpg", "OS.jpg", "report.pdf"):
        (clinic.root / "S1" / name).unlink()
    eyes("R", "L")(clinic)
    times = {"OD.jpg": "2026-03-01 08:00", "OS.jpg": "2026-03-01 11:00"}
    rows = [
        type(row)(row.filename, row.eye, times[row.filename]) for row in clinic.camera.rows["S1"]
    ]
    clinic.camera.rows["S1"] = rows
    clinic.put_exam("S1")


def archived_before(clinic: Clinic) -> None:
    clinic.live_for(30)
    assert len(clinic.archived()) == 1
    clinic.edc.add_session()


def late(clinic: Clinic) -> None:
    archived_before(clinic)
    clinic.camera.know("S1", "OD3.jpg", "R")
    also("OD3.jpg", seed=9)(clinic)


def copied_back(clinic: Clinic) -> None:
    archived_before(clinic)
    shutil.copytree(clinic.archived()[0], clinic.root / "S1", ignore=lambda *_: ["receipt.json"])


def given_the_same_session_again(clinic: Clinic) -> None:
    clinic.live_for(30)
    assert len(clinic.archived()) == 1
    clinic.edc.stored = [one for one in clinic.edc.stored if one.file_type != "report"]
    clinic.take(seed=8)


def second_folder(clinic: Clinic) -> None:
    clinic.take("S1.b", seed=3, subject="S1")


def move_aside(name: str) -> Act:
    return lambda clinic: shutil.move(clinic.root / name, clinic.root.parent / "elsewhere")


def changed_after(name: str, seed: int = 7) -> Act:
    """The first file goes, the second is lost on the way, and meanwhile the first changes."""

    def act(clinic: Clinic) -> None:
        uploads(None, *[FAILED] * 3)(clinic)
        clinic.live_for(5)
        assert clinic.edc.count("upload") >= 2
        also(name, seed=seed)(clinic)

    return act


def vanishes_after(clinic: Clinic) -> None:
    uploads(None, *[FAILED] * 3)(clinic)
    clinic.live_for(5)
    (clinic.root / "S1" / "OD.jpg").unlink()


def folder_goes_after(clinic: Clinic) -> None:
    uploads(None, *[FAILED] * 3)(clinic)
    clinic.live_for(5)
    move_aside("S1")(clinic)


def folder_back(clinic: Clinic) -> None:
    shutil.move(clinic.root.parent / "elsewhere", clinic.root / "S1")


def session_goes_after(clinic: Clinic) -> None:
    uploads(None, FAILED)(clinic)
    clinic.live_for(5)
    assert len(clinic.edc.stored) == 1
    clinic.edc.sessions.clear()
    clinic.edc.stored.clear()
    clinic.edc.add_session(id_="s-9")


def api_url_changes_after(clinic: Clinic) -> None:
    uploads(None, FAILED)(clinic)
    clinic.live_for(5)
    clinic.go_to_another_server()


def api_url_is_set_back(clinic: Clinic) -> None:
    clinic.go_back()


def report_type(kind: str) -> Act:
    def act(clinic: Clinic) -> None:
        clinic.edc.sessions.clear()
        clinic.edc.add_session(report_type=kind)

    return act


def older_session(clinic: Clinic) -> None:
    newest = clinic.edc.add_session()
    for file_type in ("left", "right", "report"):
        clinic.edc._store(Stored(newest, file_type, f"{file_type} of another", "x" * 64))


def newest_goes(clinic: Clinic) -> None:
    clinic.edc.sessions.pop()
    clinic.edc.stored.clear()


def name_is_taken(clinic: Clinic) -> None:
    two_of_an_eye(clinic)
    uploads(None, EdcRefusal(409, "filename_conflict"))(clinic)


def two_of_an_eye(clinic: Clinic) -> None:
    also("OD2.jpg", seed=4)(clinic)
    clinic.camera.know("S1", "OD2.jpg", "R")


def a_dicom(clinic: Clinic) -> None:
    also("OD2.dcm", pictures.dicom(1, eye="R", patient_id="S1", size=(16, 16)))(clinic)
    clinic.camera.know("S1", "OD2.dcm", "R")


def the_camera_writes(name: str) -> Act:
    return lambda clinic: setattr(clinic.disk, "open_elsewhere", lambda path: path.name == name)


def statuses(*what: Any) -> Act:
    return lambda clinic: clinic.edc.statuses.extend(what)


def people_go(clinic: Clinic) -> None:
    clinic.camera.people.clear()


def people_come(clinic: Clinic) -> None:
    clinic.camera.people["S1"] = WHO


def open_in_a_program(clinic: Clinic) -> None:
    move, tries = clinic.tools.disk.move, []

    def refuse(source: Path, destination: Path) -> None:
        tries.append(source)
        if clinic.edc.ping_says is None and len(tries) < 6:
            raise BLOCKED
        move(source, destination)

    clinic.tools.disk.move = refuse  # type: ignore[method-assign]


CASES: Final[dict[str, Case]] = {
    # Detection
    "a folder inside (7)": Case(
        "nested_folder",
        nested,
        ("another folder", "raw"),
        ("move them out of the inner folder", "--skip raw"),
        lambda clinic: shutil.rmtree(clinic.root / "S1" / "raw"),
    ),
    # Stability
    "cut off (11)": Case(
        "unfinished_file",
        also("OD.jpg", bytes_of("OD.jpg")[:-2]),
        ("not whole", "OD.jpg"),
        ("Export it from the camera again", "--skip OD.jpg"),
        also("OD.jpg"),
    ),
    "empty (11)": Case(
        "unfinished_file",
        also("OD.jpg", b""),
        ("not whole", "OD.jpg", "empty"),
        ("Export it",),
        also("OD.jpg"),
    ),
    "bytes of no known kind (11)": Case(
        "unfinished_file",
        also("OD.jpg", b"no picture at all"),
        ("not whole", "OD.jpg", "no known kind"),
        ("Export it", "--skip OD.jpg"),
        also("OD.jpg"),
    ),
    "a format that the EDC does not take (11)": Case(
        "refused_format",
        also("more.tif", b"II*\0" + bytes(100)),
        ("does not take", "more.tif", "TIFF"),
        ("JPEG, PNG or DICOM", "--skip more.tif"),
        without("more.tif"),
    ),
    "too large (11)": Case(
        "too_large",
        also("OD.jpg", pictures.jpeg(1, eye="right", size=(16, 16), size_bytes=11 << 20)),
        ("larger than the EDC takes", "OD.jpg", "11.0 MB", "10.0 MB"),
        ("higher limit", "--skip OD.jpg"),
        also("OD.jpg"),
    ),
    "refused for its content (11)": Case(
        "refused_content",
        uploads(EdcRefusal(400, "invalid_content")),
        ("does not take this file", "OD.jpg", "invalid_content"),
        ("export it again", "--skip OD.jpg"),
        also("OD.jpg", seed=2),
    ),
    "changed after it was sent (13)": Case(
        "retaken",
        changed_after("OD.jpg"),
        ("OD.jpg", "changed after it was sent"),
        ("put it back", "release S1 --reason"),
        also("OD.jpg"),
        sent=3,
    ),
    "vanished after it was sent (13)": Case(
        "vanished",
        vanishes_after,
        ("OD.jpg", "gone from the folder", "sent"),
        ("Put it back", "release S1 --reason"),
        also("OD.jpg"),
        sent=3,
    ),
    "the camera still writes it (14)": Case(
        "file_busy",
        the_camera_writes("OS.jpg"),
        ("cannot be read yet",),
        mend=the_camera_writes("nothing"),
        state="collecting",
    ),
    # Which eye, which subject
    "no row yet (15)": Case(
        "not_in_database",
        lambda clinic: clinic.camera.rows.clear(),
        ("does not list", "OD.jpg"),
        ("Save the exam on the camera", "--eye OD.jpg=LEFT-OR-RIGHT"),
        eyes("R", "L"),
        wait_s=1900,
    ),
    "no row yet, but there is time (15)": Case(
        "not_in_database",
        lambda clinic: clinic.camera.rows.clear(),
        ("does not list",),
        mend=eyes("R", "L"),
        state="collecting",
    ),
    "NULL (16)": Case(
        "eye_unknown", eyes(None, "L"), ("OD.jpg",), ("Enter the eye",), eyes("R", "L")
    ),
    "blank (16)": Case(
        "eye_unknown", eyes("  ", "L"), ("OD.jpg",), ("Enter the eye",), eyes("R", "L")
    ),
    "a word that is no eye (16)": Case(
        "eye_unknown", eyes("both", "L"), ("both",), ("Enter the eye",), eyes("R", "L")
    ),
    "two rows that differ (16)": Case(
        "eye_conflict",
        lambda clinic: clinic.camera.know("S1", "OD.jpg", "L"),
        ("not certain which eye", "OD.jpg"),
        ("--eye OD.jpg=LEFT-OR-RIGHT",),
        eyes("R", "L"),
    ),
    "name and database disagree (17)": Case(
        "eye_conflict",
        eyes("L", "R"),
        ("database", "left", "filename", "right"),
        ("Look at the image", "--eye OD.jpg=LEFT-OR-RIGHT"),
        eyes("R", "L"),
        rules={"eye_sources": ("database", "filename")},
    ),
    "DICOM of another subject (18)": Case(
        "wrong_patient",
        other_patient,
        ("OD2.dcm", "another subject", "S2"),
        ("whose image it is", "--skip OD2.dcm"),
        leave_out("OD2.dcm"),
    ),
    "both of one eye (20)": Case(
        "eye_missing",
        eyes("R", "R"),
        ("left",),
        ("Take or export", "release S1 --reason"),
        eyes("R", "L"),
        wait_s=1900,
        rules={"eye_objections": ()},
    ),
    "both of one eye, but there is time (20)": Case(
        "eye_missing",
        eyes("R", "R"),
        ("left",),
        mend=eyes("R", "L"),
        state="collecting",
        rules={"eye_objections": ()},
    ),
    "the name contradicts the database (93)": Case(
        "eye_conflict",
        eyes("L", "R"),
        ("database: left", "filename: right"),
        ("Look at the image", "release S1 --eye OD.jpg="),
        eyes("R", "L"),
    ),
    "two folders (21)": Case(
        "two_folders",
        second_folder,
        ("two folders", "S1.b"),
        ("which one is right", "release S1 --reason"),
        lambda clinic: shutil.rmtree(clinic.root / "S1.b"),
    ),
    "two visits (22)": Case(
        "two_visits",
        later_visit,
        ("two visits", "08:00: OD.jpg", "11:00: OS.jpg"),
        ("each visit needs an entry of its own", "release S1 --reason"),
        release,
    ),
    "the session of the visit before (22)": Case(
        "session_in_use",
        given_the_same_session_again,
        ("entry of 2026-03-01 (s-1)", "is not free", "the exam S1 has it (archived)"),
        ("Ask the clinician to create a new entry", "release S1 --reason"),
        lambda clinic: clinic.edc.add_session(),
        then_s=HOUR_S + 60,
        archives=2,
    ),
    "a late file (23)": Case(
        "late",
        late,
        ("OD3.jpg", "after the exam was sent and archived", "S1_2026"),
        ("move it away", "--entry YYYY-MM-DD", "release S1 --reason"),
        move_aside("S1"),
        wait_s=1900,
    ),
    "an archived folder copied back (23)": Case(
        "seen_before",
        copied_back,
        ("OD.jpg", "sent before", "OD.jpg of S1"),
        ("Move the copy away", "release S1 --reason"),
        move_aside("S1"),
    ),
    # The camera's database
    "busy (24)": Case(
        "database_busy",
        fails(DatabaseBusy("camera.db")),
        ("in use",),
        mend=fails(None),
        state="ready",
    ),
    "unreadable (26)": Case(
        "database_unreadable",
        fails(DatabaseUnreadable("it is a directory")),
        ("cannot be read", "it is a directory"),
        ("db_path",),
        fails(None),
        state="ready",
    ),
    "a column that is gone (27)": Case(
        "database_unreadable",
        fails(DatabaseUnreadable("db_image_eye: 'eye', which is no column of images")),
        ("cannot be read", "db_image_eye: 'eye', which is no column of images"),
        ("db_path",),
        fails(None),
        state="ready",
    ),
    # The network and the server
    "unreachable (30)": Case(
        "edc_unreachable",
        away(Unreachable("no route")),
        ("kept and sent by itself",),
        mend=answers_again,
        state="ready",
        server=("cannot be reached (no route)", "Check the network. Exams are kept"),
    ),
    "a certificate that has expired (30)": Case(
        "certificate_refused",
        away(CertificateRefused("edc.example: certificate has expired")),
        ("kept and sent by itself",),
        mend=answers_again,
        state="ready",
        server=("certificate is not trusted", "has expired", "Ask IT to renew the certificate"),
    ),
    "the line breaks in a body (31)": Case(
        "server_keeps_failing",
        uploads(*[Unreachable("the connection to edc.example was lost")] * 10),
        ("fails on the exam of S1", "the connection to edc.example was lost"),
        mend=answers_again,
        state="ready",
        sent=1,
    ),
    "a portal's page (34)": Case(
        "not_the_edc",
        away(NotTheEdc("the server answers with something that is not the EDC's JSON")),
        ("kept and sent by itself",),
        mend=answers_again,
        state="ready",
        server=("Something other than the EDC answers", "where the network asks for it, sign in"),
    ),
    "a redirect (35)": Case(
        "not_the_edc",
        away(NotTheEdc("the server sends us elsewhere (HTTP 302)")),
        ("kept and sent by itself",),
        mend=answers_again,
        state="ready",
        server=("sends us elsewhere (HTTP 302)", "compare api_url in the configuration"),
    ),
    "the token is refused (36)": Case(
        "token_refused",
        away(Unauthorized("HTTP 401")),
        ("kept and sent by itself",),
        mend=answers_again,
        state="ready",
        server=("refuses this camera's token", "Ask the EDC's administrator for a new token"),
    ),
    "the token is taken off on its way (84)": Case(
        "token_not_seen",
        away(TokenNotSeen("the token did not reach the EDC (HTTP 401)")),
        ("kept and sent by itself",),
        mend=answers_again,
        state="ready",
        server=("does not reach the EDC", "No new token is needed", "WSGIPassAuthorization"),
    ),
    "a firewall refuses one upload (84)": Case(
        "server_keeps_failing",
        uploads(*[NotTheEdc("HTTP 403: a proxy or firewall before it refuses the request")] * 10),
        ("fails on the exam of S1", "a proxy or firewall"),
        mend=answers_again,
        state="ready",
        sent=1,
    ),
    "it asks for a pause (37)": Case(
        "server_keeps_failing",
        resolves(EdcFailure("HTTP 429", http_status=429, edc_code="", retry_after_s=600)),
        ("fails on the exam of S1", "HTTP 429"),
        mend=answers_again,
        state="ready",
        wait_s=30,
        then_s=600,
    ),
    "a proxy's own error page (38)": Case(
        "server_keeps_failing",
        resolves(EdcFailure("the EDC, or a proxy before it, failed (HTTP 502)", **PROXY)),
        ("fails on the exam of S1", "a proxy before it, failed (HTTP 502)"),
        mend=answers_again,
        state="ready",
    ),
    "413 (38)": Case(
        "too_large",
        uploads(EdcRefusal(413, "file_too_large")),
        ("larger than the EDC takes", "OD.jpg", "the EDC's"),
        ("higher limit",),
        also("OD.jpg", seed=2),
    ),
    "no session (39)": Case(
        "no_session",
        lambda clinic: clinic.edc.sessions.clear(),
        ("no eye exam entry",),
        ("Ask the clinician",),
        lambda clinic: clinic.edc.add_session(),
    ),
    "no eligible session (39)": Case(
        "no_eligible_session",
        resolves(EdcRefusal(400, "no_eligible_session")),
        ("complete or contraindicated",),
        ("Ask the clinician to create a new one",),
        answers_again,
    ),
    "an unknown subject (39)": Case(
        "subject_unknown",
        resolves(EdcRefusal(400, "subject_not_found")),
        ("does not know a subject S1",),
        ("Compare the subject identifier",),
        answers_again,
    ),
    "demographics differ (39)": Case(
        "demographics_differ",
        resolves(EdcRefusal(400, "validation_mismatch")),
        ("Initials, sex or age", "differ"),
        ("correct the wrong one", "retry S1"),
        answers_again,
        then_s=HOUR_S + 60,
    ),
    "a field is refused (39)": Case(
        "field_refused",
        resolves(EdcRefusal(400, "", ("device_id",))),
        ("does not accept something", "device_id"),
        ("configuration", "retry S1"),
        answers_again,
        then_s=HOUR_S + 60,
    ),
    "a name that is taken (39)": Case(
        "filename_conflict",
        name_is_taken,
        ("another file named OD2.jpg", "s-1"),
        ("another name", "--skip OD2.jpg"),
        leave_out("OD2.jpg"),
        sent=1,
    ),
    "an acknowledgement of something else (40)": Case(
        "wrong_acknowledgement",
        uploads(lambda answer: type(answer)(**{**_fields(answer), "checksum": "0" * 64})),
        ("something other than what was sent", "OD.jpg", "checksum"),
        ("Tell the EDC's administrator", "s-1", "--skip OD.jpg", "release S1 --reason"),
        release,
        sent=1,
    ),
    "demographics that the camera lacks (39)": Case(
        "demographics_missing",
        people_go,
        ("asks for initials, sex and age of S1",),
        ("Enter them on the camera",),
        people_come,
        wait_s=1900,
        release="0.3",
    ),
    "status fails (41)": Case(
        "server_keeps_failing",
        statuses(None, *[FAILED] * 100),
        ("fails on the exam of S1", "HTTP 500"),
        mend=answers_again,
        state="ready",
        sent=3,
    ),
    "not listed (41)": Case(
        "not_listed",
        lambda clinic: clinic.edc.statuses.extend(
            [None, SessionStatus("s-1", ("left", "report"), ("right",), complete=False)] * 1
        ),
        ("said that it stored OD.jpg", "does not list", "s-1"),
        ("Tell the EDC's administrator", "release S1 --reason"),
        release,
        sent=3,
    ),
    "the session is gone (43)": Case(
        "session_gone",
        session_goes_after,
        ("no longer has the eye exam entry of 2026-03-01 (s-1)",),
        ("what became of it", "release S1 --reason"),
        release,
        sent=2,
    ),
    "the address changed (43)": Case(
        "server_changed",
        api_url_changes_after,
        ("edc.example", "other.example"),
        ("have api_url set back", "release S1 --reason"),
        api_url_is_set_back,
        sent=2,
    ),
    "reports of the other kind (44)": Case(
        "report_type_differs",
        report_type("per_eye"),
        ("expects per_eye reports", "set to send combined reports"),
        ("report_type", "retry S1"),
        report_type("combined"),
        then_s=HOUR_S + 60,
    ),
    "two files of one type (45)": Case(
        "one_file_per_type",
        two_of_an_eye,
        ("one file of each kind", "OD.jpg, OD2.jpg"),
        ("0.4 or later", "--skip OD.jpg"),
        leave_out("OD2.jpg"),
        release="0.3",
    ),
    "a type that it does not know (45)": Case(
        "type_not_taken",
        a_dicom,
        ("does not take files of this kind", "OD2.dcm", "DICOM"),
        ("to upgrade it", "--skip OD2.dcm"),
        leave_out("OD2.dcm"),
        release="0.3",
    ),
    "an older session (39)": Case(
        "older_session",
        older_session,
        ("older eye exam entry", "s-1", "s-2"),
        ("Ask the clinician", "release S1 --reason"),
        newest_goes,
        then_s=HOUR_S + 60,
    ),
    "it keeps failing (54)": Case(
        "server_keeps_failing",
        resolves(FAILED),
        ("fails on the exam", "again and again", "500"),
        ("Tell the EDC's administrator", "retry S1"),
        answers_again,
        wait_s=20 * 60,
        then_s=HOUR_S + 60,
    ),
    # The archive
    "the folder is open (46)": Case(
        "archive_blocked",
        open_in_a_program,
        ("is in the EDC", "cannot be moved yet", "cannot access the file"),
        ("Close the program",),
        state="ready",
        wait_s=20,
        sent=3,
    ),
    # The process, and hostile input
    "something unforeseen (53)": Case(
        "unforeseen",
        fails(ZeroDivisionError("by zero")),
        ("unforeseen", "ZeroDivisionError"),
        mend=fails(None),
        state="ready",
    ),
    "a name that cannot be sent (57)": Case(
        "unsafe_name",
        also('OD"2.jpg', seed=3),
        ("cannot be sent", "quotation mark"),
        ("Rename",),
        without('OD"2.jpg'),
    ),
    "a link (58)": Case(
        "link",
        link,
        ("no ordinary file", "more.jpg"),
        ("Put the file itself in its place", "--skip more.jpg"),
        without("more.jpg"),
    ),
    "the folder is deleted (62)": Case(
        "vanished",
        folder_goes_after,
        ("OD.jpg", "gone from the folder", "sent"),
        ("Put it back", "release S1 --reason"),
        folder_back,
        wait_s=120,
        sent=2,
    ),
}


def _fields(answer: Any) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in answer.__dataclass_fields__}


def status(clinic: Clinic) -> dict[str, Any]:
    """What ``status --json`` says."""
    now, state = clinic.clock.now(), clinic.gate.state
    return as_json(
        overview(
            clinic.journal.current(),
            at=now,
            watch_dir=str(clinic.root),
            running=True,
            server=server(
                reachable=state.reachable,
                since=state.since,
                trouble=state.error.code if state.error else "",
                said=str(state.error) if state.error else "",
            ),
            archived_today=0,
        )
    )


def told(clinic: Clinic, folder: str = "S1") -> dict[str, Any]:
    """What it says of the exam of a folder."""
    found: dict[str, Any] = next(e for e in status(clinic)["exams"] if e["folder"] == folder)
    return found


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_is_told_what_is_wrong_and_what_to_do_and_then_it_goes_on(
    tmp_path: Path, case: Case
) -> None:
    two_to_one = "(?P<subject_identifier>S[0-9]+)([.]b)?"
    with Clinic(
        tmp_path, release=case.release, pattern=two_to_one, dicom_patient_id="exact", **case.rules
    ) as clinic:
        clinic.camera.people["S1"] = WHO
        clinic.edc.add_session()
        clinic.take()
        case.before(clinic)
        clinic.live_for(case.wait_s)
        said = told(clinic)
        assert (said["state"], said["reason_code"]) == (case.state, case.code)
        assert [words for words in case.says if words not in said["reason"]] == []
        assert [words for words in case.do if words not in said["action"]] == []
        assert bool(said["action"]) is bool(case.do)
        assert "unknown" not in said["reason"].replace("unknown)", "").replace(
            "date unknown", ""
        ), said["reason"]
        of_server = status(clinic)["server"]
        assert [words for words in case.server if words not in of_server["message"]] == []
        assert of_server["reachable"] is not bool(case.server)
        may_be_there = [f for f in said["files"] if f["sent"] in {"yes", "unknown"}]
        assert len(may_be_there) == case.sent

        case.mend(clinic)
        clinic.live_for(case.then_s)
        assert clinic.journal.open_exams() == [], told(clinic)
        assert len(clinic.archived()) == case.archives
        assert status(clinic)["server"]["reachable"]
        names = [(one.session_id, one.name) for one in clinic.edc.stored]
        assert len(names) == len({*names})


def test_an_eye_that_a_person_says_goes_before_what_was_not_known(tmp_path: Path) -> None:
    with Clinic(tmp_path) as clinic:
        clinic.edc.add_session()
        clinic.take()
        eyes(None, "L")(clinic)
        clinic.live_for(60)
        assert told(clinic)["reason_code"] == "eye_unknown"
        clinic.answer(name="OD.jpg", eye=Laterality.RIGHT)
        clinic.live_for(60)
        assert {one.name: one.file_type for one in clinic.edc.stored}["OD.jpg"] == "right"


def test_where_nothing_can_tell_the_person_is_asked_to_look(tmp_path: Path) -> None:
    with Clinic(tmp_path, release="0.4") as clinic:
        clinic.edc.add_session()
        clinic.take()
        also("zz.pdf", seed=5)(clinic)
        uploads(None, None, None, lost())(clinic)
        clinic.live_for(60)
        said = told(clinic)
        assert (said["state"], said["reason_code"]) == ("held", "cannot_tell")
        assert "Nobody can tell whether the EDC stored zz.pdf of S1." in said["reason"]
        assert "Look at the eye exam entry of 2026-03-01 (s-1)" in said["action"]
        stored = list(clinic.edc.stored)
        clinic.live_for(2 * HOUR_S)
        assert clinic.edc.stored == stored
        leave_out("zz.pdf")(clinic)
        clinic.live_for(60)
        assert len(clinic.archived()) == 1


def test_a_folder_that_is_away_is_told_and_what_to_do_and_then_it_goes_on(tmp_path: Path) -> None:
    """Row 4: the state folder is elsewhere, as it must be where the camera's is on a share."""
    with Clinic(tmp_path) as clinic:
        page = StatusFiles(
            clinic.state_dir,
            clinic.root,
            zone=UTC,
            disk=Disk(),
            journal=clinic.journal,
            server_state=lambda: clinic.gate.state,
            others=lambda: (0, 0, 0),
            standing=Standing(
                clinic.journal,
                clinic.registry,
                1800.0,
                away=lambda: clinic.sweep.root.away,
                clock=clinic.clock.now,
            ),
            clock=clinic.clock.now,
            monotonic=clinic.clock.monotonic,
        )
        clinic.edc.add_session()
        clinic.take()
        clinic.live_for(1)
        move_aside("")(clinic)
        clinic.live_for(90)
        page.update()
        said = (clinic.state_dir / PAGE_NAME).read_text("utf-8")
        assert "folder is away (No such file or directory). Nothing is taken for deleted." in said
        assert "Connect the drive or the share again; everything then goes on by itself." in said
        assert "correct watch_dir" in said
        assert told(clinic)["state"] == "collecting"
        assert clinic.edc.calls == []
        shutil.move(clinic.root.parent / "elsewhere", clinic.root)
        clinic.live_for(90)
        assert len(clinic.archived()) == 1
        page.update()
        assert "is away" not in (clinic.state_dir / PAGE_NAME).read_text("utf-8")


def test_a_second_folder_is_told_that_it_waits_behind_the_first(tmp_path: Path) -> None:
    """Row 21: nobody has to act, and it goes on by itself once the first is done."""
    two_to_one = "(?P<subject_identifier>S[0-9]+)([.]b)?"
    with Clinic(tmp_path, pattern=two_to_one) as clinic:
        clinic.edc.add_session()
        clinic.take()
        uploads(None, *[FAILED] * 1000)(clinic)
        clinic.live_for(30)
        second_folder(clinic)
        clinic.live_for(90)
        said = told(clinic, "S1.b")
        assert (said["state"], said["reason_code"], said["action"]) == ("ready", "waits_behind", "")
        assert "This exam of S1 waits until the subject's other folder is done" in said["reason"]
        answers_again(clinic)
        clinic.live_for(70)
        assert len(clinic.archived()) == 1
        clinic.edc.add_session()
        clinic.live_for(130)
        assert len(clinic.archived()) == 2
        assert clinic.journal.open_exams() == []
