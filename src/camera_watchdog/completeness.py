"""What an exam needs to be whole, and what is still missing, in an operator's words. Pure.

Ready-made: combined reports need at least two images and one report, reports per eye two images and
two reports. Once the eyes are known: at least one image of each eye, and where one report for each eye
is needed, a report of each. A clinic may ask for more or less (``required`` in the configuration).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from camera_watchdog.model import ExamFile, Format, Laterality, ReportType

__all__ = [
    "IMAGE_KINDS",
    "REPORT_KINDS",
    "Required",
    "as_table",
    "counted",
    "missing_by_count",
    "missing_by_eye",
    "missing_told",
    "of_too_many",
]

IMAGE_KINDS: Final = frozenset(kind for kind in Format if kind.is_image)
REPORT_KINDS: Final = frozenset(kind for kind in Format if not kind.is_image)

_READY_MADE_REPORTS: Final = {ReportType.COMBINED: 1, ReportType.PER_EYE: 2}
_EYES: Final = {Laterality.RIGHT: "right (OD)", Laterality.LEFT: "left (OS)"}


@dataclass(frozen=True, slots=True)
class Required:
    """What an exam needs: so many ``images`` in all and of each eye, so many ``reports``.

    Only images of ``kinds`` and reports of ``report_kinds`` count; others are sent all the same, but
    for the images of the kinds in ``skip``, which stay with the folder, and so do raw pictures where
    ``skip_raw`` says so; else they hold it, for the EDC takes none. ``of_one_kind``: the images in all are
    counted for each kind, and those of one must be enough.
    """

    report_type: ReportType
    images: int = 2
    images_per_eye: int = 1
    kinds: frozenset[Format] = IMAGE_KINDS
    reports: int = 1
    report_kinds: frozenset[Format] = REPORT_KINDS
    skip: frozenset[Format] = frozenset()
    skip_raw: bool = False
    of_one_kind: bool = False

    @classmethod
    def ready_made(cls, report_type: ReportType) -> "Required":
        """What is needed where the configuration says nothing else."""
        return cls(report_type, reports=_READY_MADE_REPORTS[report_type])

    @property
    def report_of_each_eye(self) -> bool:
        """Whether each eye needs a report of its own."""
        both = _READY_MADE_REPORTS[ReportType.PER_EYE]
        return self.report_type is ReportType.PER_EYE and self.reports >= both


def counted(formats: Iterable[Format], required: Required) -> tuple[int, int]:
    """How many images and how many reports of these count."""
    there = list(formats)
    return _images(there, required), sum(kind in required.report_kinds for kind in there)


def as_table(required: Required) -> dict[str, object]:
    """What the key ``required`` says of it, as a table: all that differs from the ready-made value."""
    ready_made = Required.ready_made(required.report_type)
    per_eye = required.images_per_eye
    skip = sorted(required.skip) + ["raw"] * required.skip_raw
    table: dict[str, tuple[object, object]] = {
        "images": (required.images, max(ready_made.images, 2 * per_eye) if per_eye else 1),
        "images_per_eye": (per_eye, ready_made.images_per_eye),
        "kinds": (sorted(required.kinds), sorted(IMAGE_KINDS - required.skip)),
        "of_one_kind": (required.of_one_kind, ready_made.of_one_kind),
        "reports": (required.reports, ready_made.reports),
        "report_kinds": (sorted(required.report_kinds), sorted(REPORT_KINDS)),
        "skip": (skip, []),
    }
    return {key: value for key, (value, default) in table.items() if value != default}


def missing_by_count(formats: Iterable[Format], required: Required) -> str:
    """What is missing while the eyes are not known yet; empty where nothing is."""
    there = list(formats)
    parts = (_images_missing(there, required), _reports_missing(there, required))
    return " and ".join(part for part in parts if part)


def missing_told(
    files: Iterable[ExamFile], eyes: Mapping[str, Laterality], required: Required
) -> str:
    """What is missing by count, and of which eye where the eye of all that is there is told.

    ``eyes`` are those of files by name, as far as they are known.
    """
    known = [file for file in files if file.format is not None]
    there = [file.format for file in known if file.format is not None]
    images = [file for file in known if file.format in required.kinds]
    reports = [file for file in known if file.format in required.report_kinds]
    lacking, per_eye = required.images - _images(there, required), required.images_per_eye
    noun = f"{_kind(required.kinds, IMAGE_KINDS)}image"
    is_mixed = required.of_one_kind and len({file.format for file in images}) > 1
    of_images = "" if is_mixed else _of_each_eye(images, eyes, per_eye, lacking, noun)
    of_reports = ""
    if required.report_of_each_eye:
        noun = f"{_kind(required.report_kinds, REPORT_KINDS)}report"
        of_reports = _of_each_eye(reports, eyes, 1, required.reports - len(reports), noun)
    parts = (
        of_images or _images_missing(there, required),
        of_reports or _reports_missing(there, required),
    )
    return " and ".join(part for part in parts if part)


def _of_each_eye(
    files: list[ExamFile], eyes: Mapping[str, Laterality], per_eye: int, lacking: int, noun: str
) -> str:
    """What the eyes lack that have less than their part; empty where that is not told, or none does."""
    if not files or any(file.name not in eyes for file in files):
        return ""
    short = {
        name: per_eye - sum(eyes[file.name] is eye for file in files) for eye, name in _EYES.items()
    }
    parts = [
        f"{_more(count, noun)} of the {name} eye" for name, count in short.items() if count > 0
    ]
    beyond = lacking - sum(count for count in short.values() if count > 0)
    return " and ".join([*parts, *([_more(beyond, noun)] if beyond > 0 else [])]) if parts else ""


def _more(count: int, noun: str) -> str:
    return f"{count} more {noun}{'s' if count > 1 else ''}"


def _images_missing(there: list[Format], required: Required) -> str:
    images = required.images - _images(there, required)
    if images <= 0:
        return ""
    more = "more " if images < required.images else ""
    kind = _kind(required.kinds, IMAGE_KINDS)
    alike = " of one kind" if required.of_one_kind and len(required.kinds) > 1 else ""
    return f"{images} {more}{kind}image{'s' if images > 1 else ''}{alike}"


def _reports_missing(there: list[Format], required: Required) -> str:
    reports = required.reports - sum(kind in required.report_kinds for kind in there)
    if reports <= 0:
        return ""
    kind = _kind(required.report_kinds, REPORT_KINDS)
    if required.report_type is ReportType.COMBINED and required.reports == 1:
        return f"the {kind}report"
    return f"{reports} {kind}report{'s' if reports > 1 else ''}"


def missing_by_eye(files: Iterable[ExamFile], required: Required) -> str:
    """What is missing once every file has its eye; empty where nothing is."""
    known = list(files)
    parts = []
    for eye, name in _EYES.items():
        kinds = [file.format for file in known if file.eye is eye]
        images = sum(kind in required.kinds for kind in kinds)
        if images < required.images_per_eye:
            further = "further " if images else ""
            parts.append(f"{further}{_kind(required.kinds, IMAGE_KINDS)}image of the {name} eye")
        if required.report_of_each_eye and not any(kind in required.report_kinds for kind in kinds):
            parts.append(f"{_kind(required.report_kinds, REPORT_KINDS)}report of the {name} eye")
    return " and no ".join(parts)


def _images(there: list[Format], required: Required) -> int:
    """How many of the images count."""
    counted = [there.count(kind) for kind in required.kinds]
    return max(counted, default=0) if required.of_one_kind else sum(counted)


def of_too_many(
    files: Iterable[ExamFile], required: Required, in_doubt: Collection[str] = ()
) -> list[ExamFile]:
    """The files of an eye of which there are too many, where there are enough for both eyes.

    More often one of these is recorded as the wrong eye than that the other eye has none. Of those of which
    a person said which eye they show only the ones ``in_doubt``, which are named first.
    """
    known = list(files)
    found: list[ExamFile] = []
    count = _images([file.format for file in known if file.format], required)
    if count >= max(required.images, 2 * required.images_per_eye):
        images = [file for file in known if file.format in required.kinds]
        found += _beyond(images, required.images_per_eye)
    reports = [file for file in known if file.format in required.report_kinds]
    if required.report_of_each_eye and len(reports) >= required.reports:
        found += _beyond(reports, 1)
    doubtful = [file for file in found if file.name in in_doubt]
    return [*doubtful, *(file for file in found if file.eye_source != "operator")]


def _beyond(files: list[ExamFile], per_eye: int) -> list[ExamFile]:
    """The files of the eye that has more than its part, where the other one has less."""
    of_eye = {eye: [file for file in files if file.eye is eye] for eye in _EYES}
    if all(len(its) >= per_eye for its in of_eye.values()):
        return []
    return [file for its in of_eye.values() if len(its) > per_eye for file in its]


def _kind(wanted: frozenset[Format], every: frozenset[Format]) -> str:
    """What kind it must be, where not every one will do."""
    return "" if wanted == every else f"{' or '.join(sorted(kind.upper() for kind in wanted))} "
