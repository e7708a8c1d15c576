"""Cameras' ways of writing: one row each, with a maker of its files and what is to become of them.

A row is for one clinic, that is one configuration; several rows share it.
"""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import pydicom
from pydicom.dataset import Dataset

from camera_watchdog_demo import pictures
from camera_watchdog_demo.pictures import Eye

__all__ = ["CLINICS", "LAYOUTS", "READY", "Layout", "Piece", "of_the_clinic"]

ZONE: Final = ZoneInfo("Africa/Dar_es_Salaam")
TAKEN_AT: Final = datetime(2025, 3, 4, 9, 30)  # noqa: DTZ001 - as the camera's clock shows it
TAKEN_UTC: Final = TAKEN_AT.replace(tzinfo=ZONE).astimezone(UTC)
EYES: Final[tuple[Eye, Eye]] = ("right", "left")
OF_EYE: Final = {"right": "OD", "left": "OS"}


def _ready_configurations() -> list[dict[str, object]]:
    """Those that the README shows, as they are written there."""
    readme = (Path(__file__).parents[1] / "README.rst").read_text("utf-8")
    section = readme.partition("Ready configurations\n~~~~")[2].partition("\n~~~~")[0]
    blocks = re.findall(r"code-block:: json\n\n(.*?\n    }\n)", section, re.DOTALL)
    return [json.loads(block) for block in blocks]


READY: Final = _ready_configurations()


def of_the_clinic(ready: dict[str, object]) -> dict[str, object]:
    """A configuration but for the paths, the address and the times, which are the test's own."""
    own = {"watch_dir", "db_path", "api_url", "token_file", "settle_time"}
    kept = {name: value for name, value in ready.items() if name not in own}
    return kept if "db_path" in ready else {"db_path": None, **kept}


CLINICS: Final[dict[str, dict[str, object]]] = {
    "combined": of_the_clinic(READY[0]),
    "README, per eye": of_the_clinic(READY[1]),
    "README, the name": of_the_clinic(READY[2]),
    "README, DICOM": of_the_clinic(READY[3]),
    "README, pairs": of_the_clinic(READY[4]),
    "per_eye": {"report_type": "per_eye", "db_image_captured_at": "captured_at"},
    "dicom": {"db_path": None, "eye_sources": ["dicom"], "dicom_patient_id": "contains"},
    # The keys of fundus-camera-watchdog 1.0, as they are.
    "moved over": {
        "db_path": None,
        "subject_folder_pattern": "(?P<subject_identifier>105-[0-9a-f]{8})_.*",
        "filename_eye_pattern": "_(OD|OS)_",
        "include_jpgs": False,
        "require_html": False,
    },
    "agreement": {
        "eye_sources": ["database", "filename", "dicom"],
        "filename_eye_pattern": "-(?P<eye>[LR])\\.",
        "subject_folder_pattern": "Exam of (.+)",
        "dicom_patient_id": "off",
        "required": {"kinds": ["dicom"], "reports": 0},
    },
    "table": {
        "db_path": None,
        "eye_sources": ["filename"],
        "filename_eye_pattern": "(?i:right|left)",
        "required": {"images_per_eye": 2, "reports": 2, "report_kinds": ["pdf"], "skip": ["png"]},
    },
}
"""The configurations, beside what every clinic has."""


@dataclass(frozen=True)
class Piece:
    """A file that the camera writes, and the row that its database has for it.

    ``file_type`` is the EDC's for it, "" where it stays with the folder; ``taken_at`` is when the
    picture was taken, none where only the file's modification time tells.
    """

    name: str
    content: bytes
    file_type: str
    taken_at: datetime | None = None
    row: tuple[str, str | None, str | None] | None = None


Maker = Callable[[str, Random], list[Piece]]


@dataclass(frozen=True)
class Layout:
    """One way of writing. ``held`` is the reason's code where it must not be sent as it is."""

    name: str
    clinic: str
    make: Maker
    folder: str = "{subject}"
    held: str = ""
    report_type: str = "combined"
    sources: set[str] = field(default_factory=set)


def jpeg(name: str, eye: Eye, chance: Random, said: str | None = "", **more: Any) -> Piece:
    """A JPEG image with EXIF time; ``said`` is the eye as the database spells it."""
    taken_at = more.setdefault("captured_at", TAKEN_AT)
    content = pictures.jpeg(chance.getrandbits(32), eye=eye, **more)
    at = None if taken_at is None else _utc(taken_at, more.get("offset"))
    return Piece(name, content, eye, at, (name, OF_EYE[eye] if said == "" else said, None))


def png(name: str, eye: Eye, chance: Random) -> Piece:
    content = pictures.png(chance.getrandbits(32), eye=eye, captured_at=TAKEN_AT)
    return Piece(name, content, eye, TAKEN_UTC, (name, OF_EYE[eye], None))


def dicom(name: str, eye: Eye, chance: Random, patient: str, **more: Any) -> Piece:
    """A DICOM image that names its eye, unless ``more`` says otherwise."""
    values: dict[str, Any] = {"eye": eye[0].upper(), "acquired_at": TAKEN_AT} | more
    content = pictures.dicom(chance.getrandbits(32), patient_id=patient, **values)
    at = _utc(values["acquired_at"], values.get("offset"))
    return Piece(name, content, f"{eye}_dicom", at, (name, OF_EYE[eye], None))


def report(name: str, subject: str, chance: Random, eye: Eye | None = None) -> Piece:
    """A report as its ending says, of one eye or of both."""
    draw = pictures.pdf_report if name.lower().endswith("pdf") else pictures.html_report
    content = draw(subject, eye=eye, seed=chance.getrandbits(32))
    row = (name, OF_EYE[eye], None) if eye else None
    return Piece(name, content, f"{eye}_report" if eye else "report", None, row)


def _utc(local: datetime, offset: str | None) -> datetime:
    if offset is None:
        return local.replace(tzinfo=ZONE).astimezone(UTC)
    sign = -1 if offset[0] == "-" else 1
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:])) * sign
    return local.replace(tzinfo=timezone(ahead)).astimezone(UTC)


def _as(piece: Piece, **changes: Any) -> Piece:
    return Piece(**(vars(piece) | changes))


def _random_name(chance: Random, ending: str) -> str:
    return f"{chance.getrandbits(64):016x}{ending}"


def _readme_combined(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(_random_name(chance, ".jpg"), eye, chance) for eye in EYES]
    third = dicom(_random_name(chance, ".dcm"), "right", chance, subject)
    return [*images, third, report(_random_name(chance, ".pdf"), subject, chance)]


def _html(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(_random_name(chance, ".jpg"), eye, chance) for eye in EYES]
    return [*images, report(_random_name(chance, ".html"), subject, chance)]


def _several_of_an_eye(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(f"{n}.jpg", EYES[n % 2], chance) for n in range(5)]
    return [*images, report("r.html", subject, chance)]


def _dicom_only(subject: str, chance: Random) -> list[Piece]:
    images = [dicom(_random_name(chance, ".dcm"), eye, chance, subject) for eye in EYES]
    return [*images, report("r.pdf", subject, chance)]


def _pairs(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(f"{eye}.jpg", eye, chance) for eye in EYES]
    images += [dicom(f"{eye}.dcm", eye, chance, subject) for eye in EYES]
    return [*images, report("r.html", subject, chance)]


def _png(subject: str, chance: Random) -> list[Piece]:
    return [*(png(f"{eye}.png", eye, chance) for eye in EYES), report("r.html", subject, chance)]


def _rows_without_endings(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(f"A{n}.jpg", eye, chance) for n, eye in enumerate(EYES)]
    images = [_as(p, row=(p.name.removesuffix(".jpg"), *p.row[1:])) for p in images if p.row]
    return [*images, report("A9.html", subject, chance)]


def _rows_with_paths(subject: str, chance: Random) -> list[Piece]:
    one, other = (jpeg(f"{eye}.jpg", eye, chance) for eye in EYES)
    rows = (f"D:\\Export\\{subject}\\{one.name}", "OD", None), (f"/srv/{other.name}", "OS", None)
    return [_as(one, row=rows[0]), _as(other, row=rows[1]), report("r.html", subject, chance)]


def _upper_case(subject: str, chance: Random) -> list[Piece]:
    one, other = (jpeg(f"IMG_{n}.JPG", eye, chance) for n, eye in enumerate(EYES))
    third = dicom("IMG_2.DCM", "left", chance, subject)
    lower = _as(other, row=("img_1.jpg", "OS", None))
    return [one, lower, third, report("REPORT.HTML", subject, chance)]


def _spellings(subject: str, chance: Random) -> list[Piece]:
    said = {"right": ("Right", " od ", "RE", "r"), "left": ("LEFT", "os", "Le", "L ")}
    images = [
        jpeg(f"{eye}{n}.jpg", eye, chance, words)
        for eye in EYES
        for n, words in enumerate(said[eye])
    ]
    return [*images, report("r.html", subject, chance)]


def _no_endings(subject: str, chance: Random) -> list[Piece]:
    names = ("1.2.840.113619.2.7.1", "IM000002")
    images = [dicom(name, eye, chance, subject) for name, eye in zip(names, EYES, strict=True)]
    return [*images, report("r.pdf", subject, chance)]


def _exif_offset(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(f"{eye}.jpg", eye, chance, offset="-04:30") for eye in EYES]
    return [*images, report("r.html", subject, chance)]


def _no_time_inside(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(f"{eye}.jpg", eye, chance, captured_at=None) for eye in EYES]
    return [*images, report("r.html", subject, chance)]


def _trailing_data(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(f"{eye}.jpg", eye, chance, thumbnail=True) for eye in EYES]
    images = [_as(p, content=p.content + b"MakerNotes\0" * 9) for p in images]
    notes = Piece("notes.txt", b"moved a little", "")
    return [*images, notes, report("r.html", subject, chance)]


def _pdf_in_dicom(subject: str, chance: Random) -> list[Piece]:
    pdf = pictures.pdf_report(subject, seed=1)
    wrapped = pictures.dicom(1, eye=None, patient_id=subject, encapsulated_pdf=pdf)
    return [*_pairs(subject, chance), Piece("r.dcm", wrapped, "")]


def _heic(subject: str, chance: Random) -> list[Piece]:
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
    return [*_html(subject, chance), Piece("third.heic", heic, "")]


def _wrong_patient(subject: str, chance: Random) -> list[Piece]:
    return [*_html(subject, chance), dicom("3.dcm", "left", chance, f"{subject}0")]


def _readme_per_eye(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(f"A{n}.jpg", eye, chance) for n, eye in enumerate(EYES)]
    reports = [report(f"A{n}.html", subject, chance, eye) for n, eye in enumerate(EYES)]
    return [*images, *reports]


def _database_time(subject: str, chance: Random) -> list[Piece]:
    made = _readme_per_eye(subject, chance)
    at, said = TAKEN_UTC + timedelta(hours=1), "2025-03-04 10:30:00"
    return [_as(p, taken_at=at, row=(p.name, p.row[1], said)) for p in made if p.row]


def _per_eye_pdf(subject: str, chance: Random) -> list[Piece]:
    images = [dicom(f"A{n}.dcm", eye, chance, subject) for n, eye in enumerate(EYES)]
    reports = [report(f"R{n}.pdf", subject, chance, eye) for n, eye in enumerate(EYES)]
    return [*images, *reports]


def _nested(subject: str, chance: Random) -> list[Piece]:
    ways: tuple[dict[str, Any], ...] = (
        {"nested_laterality": True},
        {"nested_laterality": True, "transfer": "implicit"},
    )
    images = [
        dicom(f"{eye}.dcm", eye, chance, f"KCMC^{subject}", **way)
        for eye, way in zip(EYES, ways, strict=True)
    ]
    return [*images, report("r.html", subject, chance)]


def _changed(piece: Piece, **elements: Any) -> Piece:
    """A DICOM file with other elements; none takes one out."""
    data = pydicom.dcmread(io.BytesIO(piece.content))
    for name, value in elements.items():
        if value is None:
            delattr(data, name)
        else:
            setattr(data, name, value)
    file = io.BytesIO()
    data.save_as(file, enforce_file_format=True)
    return _as(piece, content=file.getvalue())


def _frames(*eyes: str) -> list[Dataset]:
    """What the functional groups say of frames of these eyes."""
    frames = []
    for eye in eyes:
        anatomy, frame = Dataset(), Dataset()
        anatomy.FrameLaterality = eye
        frame.FrameAnatomySequence = [anatomy]
        frames.append(frame)
    return frames


def _series_and_frames(subject: str, chance: Random) -> list[Piece]:
    one, other = _dicom_only(subject, chance)[:2]
    one = _changed(one, ImageLaterality=None, Laterality="R")
    frames = _frames("L", "L")
    other = _changed(other, ImageLaterality=None, PerFrameFunctionalGroupsSequence=frames)
    return [one, other]


def _frames_that_differ(subject: str, chance: Random) -> list[Piece]:
    one, other = _dicom_only(subject, chance)[:2]
    frames = _frames("R", "L")
    return [one, _changed(other, ImageLaterality=None, PerFrameFunctionalGroupsSequence=frames)]


def _eye_in_the_name(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(f"{subject}_{OF_EYE[eye]}_1.jpg", eye, chance) for eye in EYES]
    images += [png(f"{subject}_{OF_EYE[eye]}_2.png", eye, chance) for eye in EYES]
    return [*images, report(f"{subject}_report.html", subject, chance)]


def _pairs_of_which_one_is_sent(subject: str, chance: Random) -> list[Piece]:
    images = [dicom(f"{OF_EYE[eye]}.dcm", eye, chance, subject) for eye in EYES]
    left_out = [_as(jpeg(f"{OF_EYE[eye]}.jpg", eye, chance), file_type="") for eye in EYES]
    return [*images, *left_out, report("r.pdf", subject, chance)]


def _dicom_offset(subject: str, chance: Random) -> list[Piece]:
    images = [dicom(f"{eye}.dcm", eye, chance, subject, offset="+05:30") for eye in EYES]
    return [*images, report("r.pdf", subject, chance)]


def _dicom_first(subject: str, chance: Random) -> list[Piece]:
    """As the README of the program before shows it, without the report."""
    stem = f"{subject}_Retina_{{}}_20260602_121802"
    images = [dicom(f"{stem.format(OF_EYE[e])}.dcm", e, chance, subject) for e in EYES]
    left_out = [jpeg(f"{stem.format(OF_EYE[e])}.jpg", e, chance) for e in EYES]
    return [*images, *(_as(p, file_type="") for p in left_out)]


def _dicom_first_with_report(subject: str, chance: Random) -> list[Piece]:
    name = f"{subject}_Report_20260602.html"
    return [*_dicom_first(subject, chance), report(name, subject, chance)]


def _all_agree(_subject: str, chance: Random) -> list[Piece]:
    return [dicom(f"a-{eye[0].upper()}.dcm", eye, chance, "anonymous") for eye in EYES]


def _disagreement(subject: str, chance: Random) -> list[Piece]:
    one, other = _all_agree(subject, chance)
    return [one, _as(other, row=(other.name, "OD", None))]


def _two_of_each(subject: str, chance: Random) -> list[Piece]:
    images = [jpeg(f"{eye}-{n}.jpg", eye, chance) for eye in EYES for n in (1, 2)]
    images[0] = _as(images[0], name="RIGHT-1.jpg")
    left_out = _as(png("left-3.png", "left", chance), file_type="")
    reports = [report(f"{n}.pdf", subject, chance) for n in (1, 2)]
    return [*images, left_out, *reports]


LAYOUTS: Final = (
    Layout("README, combined", "combined", _readme_combined, sources={"database"}),
    Layout("README, per eye", "per_eye", _readme_per_eye, report_type="per_eye"),
    Layout("an HTML report", "combined", _html),
    Layout("several images of an eye", "combined", _several_of_an_eye),
    Layout("DICOM only, a PDF report", "combined", _dicom_only),
    Layout("pairs of JPEG and DICOM", "combined", _pairs),
    Layout("PNG", "combined", _png),
    Layout("names without endings in the database", "combined", _rows_without_endings),
    Layout("paths in the database", "combined", _rows_with_paths),
    Layout("upper-case endings", "combined", _upper_case),
    Layout("spellings of the eye", "combined", _spellings),
    Layout("DICOM without its ending", "combined", _no_endings),
    Layout("EXIF time with an offset", "combined", _exif_offset),
    Layout("no time inside", "combined", _no_time_inside),
    Layout("data after the image's end, notes beside it", "combined", _trailing_data),
    Layout("a PDF inside a DICOM file", "combined", _pdf_in_dicom, held="refused_format"),
    Layout("HEIC", "combined", _heic, held="refused_format"),
    Layout("another patient's DICOM", "combined", _wrong_patient, held="wrong_patient"),
    Layout("the database's time", "per_eye", _database_time, report_type="per_eye"),
    Layout("PDF reports per eye", "per_eye", _per_eye_pdf, report_type="per_eye"),
    Layout("ready: per eye", "README, per eye", _readme_per_eye, report_type="per_eye"),
    Layout(
        "ready: the eye in the name",
        "README, the name",
        _eye_in_the_name,
        "{subject}_Meier",
        sources={"filename"},
    ),
    Layout("ready: DICOM alone", "README, DICOM", _series_and_frames, sources={"dicom"}),
    Layout(
        "ready: pairs",
        "README, pairs",
        _pairs_of_which_one_is_sent,
        sources={"database+filename+dicom"},
    ),
    Layout("frames that differ", "README, DICOM", _frames_that_differ, held="eye_conflict"),
    Layout("nested laterality, no database", "dicom", _nested, sources={"dicom"}),
    Layout("DICOM time with an offset", "dicom", _dicom_offset),
    Layout("DICOM first, no report", "moved over", _dicom_first, "{subject}_"),
    Layout("DICOM first and a report", "moved over", _dicom_first_with_report, "{subject}_3 Jo"),
    Layout(
        "three sources that agree",
        "agreement",
        _all_agree,
        "Exam of {subject}",
        sources={"database+filename+dicom"},
    ),
    Layout(
        "sources that disagree", "agreement", _disagreement, "Exam of {subject}", "eye_conflict"
    ),
    Layout("two images of each eye, two reports", "table", _two_of_each, sources={"filename"}),
)
