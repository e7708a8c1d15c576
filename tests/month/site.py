"""Kinds of camera and how they are set up: what names they give, when their rows come, what they write."""

from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

__all__ = ["CONSENT", "SITES", "Site"]


@dataclass(frozen=True, slots=True)
class Site:
    """One kind of camera at one kind of clinic.

    ``names``: ``unique``, or numbered from 1 again for each ``visit`` or each ``day``, or ``fixed`` by
    the eye, or with the ``eye`` in them. ``kinds`` are what is written of each picture. ``rows`` says
    when a row comes: ``first`` (before the file), within ``seconds``, within ``minutes``, all together
    after the ``report``, or ``never``. ``replaces``: a row takes the place of that of the same name.
    ``purges``: its table is cleared every night. ``times``: rows have the capture time, ``exif``: so
    have pictures. ``row_name`` is how a row calls
    a file. ``exports``: all is written at the end of the exam, at once. ``sleeps``: the machine is off at
    night. ``on_nas``: the folder lies on network storage, which puts folders of its own inside.
    ``numbers_change``: the volume gives a file another number at every look. ``consent_days``: so long
    before the visit its entry is made in the EDC, at consent; on the day or about it where it is 0.
    """

    generation: str = "1.4"
    names: str = "visit"
    kinds: tuple[str, ...] = ("jpg",)
    report: str = "html"
    per_eye: bool = False
    rows: str = "seconds"
    replaces: bool = False
    purges: bool = False
    times: bool = False
    exif: bool = True
    row_name: str = "{name}"
    wal: bool = True
    exports: bool = False
    sleeps: bool = False
    on_nas: bool = False
    numbers_change: bool = False
    consent_days: int = 0
    zone: str = "Europe/London"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def zone_info(self) -> ZoneInfo:
        """The camera's time zone."""
        return ZoneInfo(self.zone)

    @property
    def one_of_a_type(self) -> bool:
        """Whether its EDC keeps one file of a type."""
        return self.generation in {"0.2", "0.3"}


SITES: Final = {
    "unique names": Site(names="unique"),
    "unique names, rows replaced": Site(names="unique", replaces=True, rows="first", report="pdf"),
    "from 1 for each visit": Site(),
    "from 1 for each visit, rows minutes later": Site(
        generation="0.7.8", rows="minutes", wal=False, sleeps=True
    ),
    "from 1 for each visit, rows after the report": Site(
        generation="0.2", rows="report", report="pdf", zone="Africa/Dar_es_Salaam"
    ),
    "from 1 for each visit, with times": Site(
        generation="0.4", times=True, exif=False, rows="minutes"
    ),
    "from 1 for each visit, rows replaced, with times": Site(
        replaces=True, times=True, exif=False, wal=False, row_name="D:\\Export\\{name}"
    ),
    "from 1 for each visit, table cleared every night, with times": Site(
        generation="0.3", purges=True, times=True, rows="first", report="pdf"
    ),
    "from 1 each day": Site(names="day", sleeps=True, zone="America/New_York"),
    "the eye is the name": Site(
        names="fixed", replaces=True, generation="0.7.8", settings={"db_image_rows": "per_name"}
    ),
    "JPEG and DICOM of each picture": Site(
        kinds=("jpg", "dcm"),
        row_name="{stem}",
        rows="minutes",
        settings={"eye_sources": ["database", "dicom"]},
    ),
    "DICOM alone": Site(
        kinds=("dcm",),
        names="unique",
        rows="never",
        report="",
        exports=True,
        sleeps=True,
        settings={"eye_sources": ["dicom"], "required": {"kinds": ["dicom"], "reports": 0}},
    ),
    "the eye in the name": Site(
        generation="0.4", names="eye", rows="never", settings={"eye_sources": ["filename"]}
    ),
    "a share whose numbers change": Site(
        generation="0.7.8", per_eye=True, report="pdf", rows="first", numbers_change=True
    ),
    "entries made at consent": Site(consent_days=9),
}
"""By name, each one that is met."""

CONSENT: Final = "entries made at consent"
"""The one that is told a key, by its first exams."""
