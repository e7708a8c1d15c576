"""From what a folder holds to an exam: nothing known is forgotten, nothing unknown gets through."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_watchdog.completeness import Required
from camera_watchdog.content import Inspection
from camera_watchdog.intake import Found, Limits, differs, merge, obstacle
from camera_watchdog.model import Exam, ExamFile, Format, ReportType, Sent
from exam_parts import NOON, acknowledged, exam, file, override

LIMITS = Limits(Required.ready_made(ReportType.COMBINED), unfinished_s=30, incomplete_s=1800)
WHOLE = ("OD.jpg", "OS.jpg", "report.pdf")
SENT = {sent: sent in {Sent.YES, Sent.UNKNOWN} for sent in Sent}


def inspected(name: str, **changes: Any) -> Inspection:
    ending = name.rpartition(".")[2]
    format_ = {"jpg": Format.JPEG, "pdf": Format.PDF, "dcm": Format.DICOM}[ending]
    values: dict[str, Any] = {"format": format_, "whole": True}
    return Inspection(**(values | changes))


def found(name: str, size: int = 1000, mtime_ns: int = 5_000_000_000, **changes: Any) -> Found:
    return Found(name, size, mtime_ns, inspected(name, **changes))


OTHER = Found("notes.txt", 5, 5, Inspection(None, whole=False, other=True))
REFUSED = Found("scan.tif", 5, 5, Inspection(None, whole=False, refused="TIFF"))


def judged(
    of: Exam,
    *files: Found,
    quiet_s: float = 0,
    unchanged_s: float = 0,
    nested: tuple[str, ...] = (),
    links: tuple[str, ...] = (),
    identities: dict[str, str] | None = None,
    limits: Limits = LIMITS,
) -> tuple[str, bool, tuple[str, ...]]:
    reason, held = obstacle(
        of,
        files,
        nested=nested,
        links=links,
        identities=identities or {},
        quiet_s=quiet_s,
        unchanged_s=unchanged_s,
        limits=limits,
    )
    return (reason.code, held, reason.files) if reason else ("", held, ())


# What is known of a file


@pytest.mark.parametrize("sent", Sent)
def test_what_is_known_of_a_file_that_did_not_change_stays_known(sent: Sent) -> None:
    known = file("OD.jpg", sent=sent, sent_sha256="sent", attempts=3, note="a note")
    assert merge(exam(known), [found("OD.jpg")]).files == (known,)


@pytest.mark.parametrize("sent", Sent)
@pytest.mark.parametrize("now", [found("OD.jpg", size=1), found("OD.jpg", mtime_ns=1)])
def test_a_file_that_changed_is_read_again_and_whether_it_was_sent_is_never_forgotten(
    sent: Sent, now: Found
) -> None:
    known = file("OD.jpg", sent=sent, sent_sha256="sent", note="a note")
    merged = merge(exam(known), [now]).files[0]
    assert merged.sha256 == ""
    assert merged.sent_sha256 == "sent"
    # Who left it out, once it had left, may have found it in the EDC.
    in_doubt = Sent.UNKNOWN if sent is Sent.SKIPPED else Sent.NO
    assert merged.sent is (sent if SENT[sent] else in_doubt)
    assert (merged.size_bytes, merged.mtime_ns) == (now.size_bytes, now.mtime_ns)


@pytest.mark.parametrize("sent", Sent)
@pytest.mark.parametrize("moved", [{}, {"mtime_ns": 9}, {"file_id": 9}, {"ctime_ns": 9}])
def test_a_file_with_the_same_checksum_is_the_same_whatever_the_file_system_says_of_it(
    sent: Sent, moved: dict[str, Any]
) -> None:
    known = file("OD.jpg", sent=sent, sent_sha256="sent", note="a note")
    before = exam(known)
    now = dataclasses.replace(found("OD.jpg"), sha256=known.sha256, **moved)
    assert not differs(before, [now])
    after = merge(before, [now]).files[0]
    assert after.stamp == now.stamp
    numbers = {"mtime_ns": known.mtime_ns, "touched_ns": 0, "file_id": 0, "ctime_ns": 0}
    assert after.but(**numbers) == known.but(**numbers)


@pytest.mark.parametrize("sent", Sent)
@pytest.mark.parametrize("moved", [{}, {"mtime_ns": 9}, {"file_id": 9}, {"ctime_ns": 9}])
def test_a_file_with_another_checksum_is_another_also_where_nothing_else_says_so(
    sent: Sent, moved: dict[str, Any]
) -> None:
    before = exam(file("OD.jpg", sent=sent, sent_sha256="sent", note="a note"))
    now = dataclasses.replace(found("OD.jpg"), sha256="other", **moved)
    assert differs(before, [now])
    after = merge(before, [now]).files[0]
    assert (after.sha256, after.sent_sha256, after.note) == ("other", "sent", "")
    assert after.may_be_stored is (SENT[sent] or sent is Sent.SKIPPED)


def test_a_file_that_is_whole_no_more_is_another() -> None:
    before = exam(file("OD.jpg"))
    cut_off = dataclasses.replace(found("OD.jpg", whole=False, why="cut off"), file_id=9)
    assert differs(before, [cut_off])
    assert merge(before, [cut_off]).files[0].sha256 == ""


def test_the_earliest_time_of_the_same_bytes_may_be_when_the_picture_was_taken() -> None:
    known = file("OD.jpg", mtime_ns=5_000)
    for mtime_ns, earliest_ns in ((9_000, 5_000), (4_000, 4_000)):
        now = dataclasses.replace(found("OD.jpg", mtime_ns=mtime_ns), sha256=known.sha256)
        after = merge(exam(known), [now]).files[0]
        assert after.mtime_ns == earliest_ns
        assert after.stamp.mtime_ns == mtime_ns
    other = dataclasses.replace(found("OD.jpg", mtime_ns=9_000), sha256="other")
    assert merge(exam(known), [other]).files[0].mtime_ns == 9_000


@pytest.mark.parametrize("sent", Sent)
def test_a_file_that_is_gone_stays_on_record_if_the_edc_could_have_it(sent: Sent) -> None:
    known = file("OD.jpg", sent=sent)
    after = merge(exam(known, file("OS.jpg")), [found("OS.jpg")])
    gone = after.file("OD.jpg")
    assert (gone is not None) is SENT[sent]
    assert gone is None or not gone.present


def test_a_file_that_comes_back_unchanged_is_the_one_that_was_sent() -> None:
    gone = acknowledged("OD.jpg", present=False)
    back = merge(exam(gone), [found("OD.jpg")]).files[0]
    assert back == dataclasses.replace(gone, present=True)


def test_what_is_no_file_of_an_exam_is_named_and_no_part_of_it() -> None:
    after = merge(exam(), [OTHER, found("OD.jpg")])
    assert [f.name for f in after.files] == ["OD.jpg"]
    assert after.other_names == ("notes.txt",)
    assert merge(after, [found("OD.jpg")]).other_names == ()


@given(
    known=st.dictionaries(st.sampled_from("abcd"), st.sampled_from(Sent)),
    now=st.dictionaries(st.sampled_from("abcd"), st.booleans()),
)
def test_no_merge_ever_loses_what_may_be_stored(
    known: dict[str, Sent], now: dict[str, bool]
) -> None:
    before = exam(
        *(file(f"{n}.jpg", sent=sent, sent_sha256=f"sent {n}") for n, sent in known.items())
    )
    look = [found(f"{n}.jpg", size=1 if changed else 1000) for n, changed in now.items()]
    after = merge(before, look)
    for one in before.files:
        if one.may_be_stored:
            kept = after.file(one.name)
            assert kept is not None
            assert (kept.sent, kept.sent_sha256) == (one.sent, one.sent_sha256)
    assert {f.name for f in after.files if f.present} == {f.name for f in look}
    assert not differs(after, look)


def test_a_folder_differs_by_a_name_a_size_or_a_time_and_by_nothing_else() -> None:
    known = exam(file("OD.jpg"), acknowledged("OS.jpg", present=False))
    assert not differs(known, [found("OD.jpg"), OTHER])
    assert differs(known, [])
    assert differs(known, [found("OD.jpg", size=1)])
    assert differs(known, [found("OD.jpg", mtime_ns=1)])
    assert differs(known, [found("OD.jpg"), found("OS.jpg")])


# What stands in the way


def test_a_whole_set_of_whole_files_has_nothing_in_its_way() -> None:
    assert judged(exam(), *map(found, WHOLE)) == ("", False, ())
    assert judged(exam(), *map(found, WHOLE), OTHER) == ("", False, ())


def test_links_go_first_and_are_held_at_once() -> None:
    files = [found("OD.jpg")]
    assert judged(exam(), *files, links=("a",), nested=("b",)) == ("link", True, ("a",))
    assert judged(exam(), *files, nested=("b",)) == ("nested_folder", True, ("b",))


def test_a_refused_format_is_held_at_once_before_anything_is_sent() -> None:
    assert judged(exam(), *map(found, WHOLE), REFUSED) == ("refused_format", True, ("scan.tif",))


def test_an_unfinished_file_is_waited_for_and_then_held() -> None:
    cut = found("OS.jpg", whole=False, why="its end is missing")
    files = [found("OD.jpg"), cut, found("report.pdf")]
    assert judged(exam(), *files, quiet_s=29) == ("unfinished_file", False, ("OS.jpg",))
    assert judged(exam(), *files, quiet_s=30) == ("unfinished_file", True, ("OS.jpg",))


@pytest.mark.parametrize("missing", WHOLE)
def test_an_incomplete_set_is_waited_for_and_then_held(missing: str) -> None:
    files = [found(name) for name in WHOLE if name != missing]
    assert judged(exam(), *files, unchanged_s=1799)[:2] == ("incomplete", False)
    assert judged(exam(), *files, unchanged_s=1800)[:2] == ("incomplete", True)
    per_eye = Limits(Required.ready_made(ReportType.PER_EYE), 30, 1800)
    assert judged(exam(), *map(found, WHOLE), limits=per_eye)[0] == "incomplete"


def test_an_unfinished_file_does_not_make_a_set_complete_nor_incomplete() -> None:
    cut = found("OS.jpg", whole=False, why="its end is missing")
    assert judged(exam(), found("OD.jpg"), cut)[0] == "unfinished_file"


# What a person said


def said_skip(of: Exam, name: str, identity: str = "") -> Exam:
    """As the command does it: for this very file, or what stands there in its place."""
    file_ = of.file(name)
    sums = {name: identity or (file_.sha256 if file_ else "")}
    said = override("cannot_tell", of, name=name, skip=True, checksums=sums)
    return dataclasses.replace(of, overrides=(*of.overrides, said))


def release(of: Exam, code: str, *names: str) -> Exam:
    """As the command does it: for the files that the reason names, or else for all of them."""
    said = override(code, of)
    about = {name: said.checksums[name] for name in names or said.checksums}
    return dataclasses.replace(of, overrides=(dataclasses.replace(said, checksums=about),))


def test_a_file_that_was_left_out_is_out_of_the_way() -> None:
    known = exam(*map(file, WHOLE), ExamFile("scan.tif", 5, 5, sha256="sha of scan.tif"))
    assert judged(known, *map(found, WHOLE), REFUSED)[0] == "refused_format"
    known = said_skip(known, "scan.tif")
    assert judged(known, *map(found, WHOLE), REFUSED) == ("", False, ())


@pytest.mark.parametrize("kind, code", [("nested", "nested_folder"), ("links", "link")])
def test_what_has_no_bytes_is_left_out_as_it_was_and_asked_about_again_when_it_changed(
    kind: str, code: str
) -> None:
    known = said_skip(exam(*map(file, WHOLE)), "inner", "as it was")
    there: dict[str, Any] = {kind: ("inner",)}
    files = [found(name) for name in WHOLE]
    assert judged(known, *files, **there, identities={"inner": "as it was"}) == ("", False, ())
    assert judged(known, *files, **there, identities={"inner": "other"})[:2] == (code, True)
    assert judged(known, *files, **there)[:2] == (code, True)
    there = {kind: ("inner", "x")}
    told = judged(known, *files, **there, identities={"inner": "as it was"})
    assert told == (code, True, ("x",))


def test_a_released_set_goes_on_incomplete_and_with_unfinished_files() -> None:
    known = release(exam(file("OD.jpg")), "incomplete")
    assert judged(known, found("OD.jpg"), unchanged_s=9999) == ("", False, ())
    cut = found("OS.jpg", whole=False, why="its end is missing")
    files = [found("OD.jpg"), cut, found("report.pdf")]
    known = release(exam(*map(file, WHOLE)), "unfinished_file", "OS.jpg")
    assert judged(known, *files, quiet_s=99) == ("", False, ())


def test_a_second_file_that_is_cut_off_is_asked_about_alone() -> None:
    known = release(exam(*map(file, WHOLE)), "unfinished_file", "OS.jpg")
    cut = [found(n, whole=False, why="its end is missing") for n in ("OS.jpg", "OD.jpg")]
    told = judged(known, *cut, found("report.pdf"), quiet_s=99)
    assert told == ("unfinished_file", True, ("OD.jpg",))


def test_a_released_set_goes_on_when_what_was_missing_comes_after_all() -> None:
    known = release(exam(file("OD.jpg"), file("report.pdf")), "incomplete")
    more = merge(known, [found("OD.jpg"), found("report.pdf"), found("OS.jpg")])
    assert judged(more, *map(found, WHOLE)) == ("", False, ())


def test_a_released_set_goes_on_when_a_file_comes_that_was_not_missed() -> None:
    known = release(exam(file("OD.jpg"), file("OS.jpg")), "incomplete")
    files = [found("OD.jpg"), found("OS.jpg"), found("OD2.jpg")]
    assert judged(merge(known, files), *files) == ("", False, ())


def test_bytes_of_no_known_kind_cannot_be_released_but_left_out() -> None:
    odd = Found("x.jpg", 5, 5, Inspection(None, whole=False, why="its bytes are of no known kind"))
    known = exam(*map(file, WHOLE), ExamFile("x.jpg", 5, 5, sha256="sha of x"))
    files = [*map(found, WHOLE), odd]
    assert judged(release(known, "unfinished_file"), *files, quiet_s=99)[0] == "unfinished_file"
    assert judged(said_skip(known, "x.jpg"), *files, quiet_s=99) == ("", False, ())


def test_what_the_file_itself_says_is_taken_over_when_it_is_read() -> None:
    look = found("OD.jpg", captured_at=NOON, captured_source="exif")
    after = merge(exam(), [look]).files[0]
    assert (after.captured_inside, after.captured_inside_source) == (NOON, "exif")
    assert after.format is Format.JPEG
    again = merge(exam(after), [Found("OD.jpg", 1000, 5_000_000_000)]).files[0]
    assert again == after


def test_a_refused_file_is_to_be_exported_as_what_it_is() -> None:
    report = Found(
        "r.dcm",
        5,
        5,
        Inspection(None, whole=False, refused="PDF inside a DICOM file", is_report=True),
    )
    for refused, wanted in ((report, "PDF or HTML"), (REFUSED, "JPEG, PNG or DICOM")):
        reason, held = obstacle(
            exam(),
            [refused],
            nested=(),
            links=(),
            identities={},
            quiet_s=0,
            unchanged_s=0,
            limits=LIMITS,
        )
        assert held
        assert reason is not None
        assert (reason.code, reason.details["wanted"]) == ("refused_format", wanted)
