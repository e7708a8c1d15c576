"""What pydicom (the extra ``dicom``) reads from a DICOM file: the eye, the time, the patient.

It is given nothing but the elements asked for, as they stand in the file: the walk of
:mod:`camera_watchdog.content.dicom_elements` has found them whole and small. So it never meets pixels, a
cut-off value or a vendor's private megabytes, and what it needs of memory has a bound.

It is imported with the first DICOM file, for it costs half a second and tens of megabytes. Whatever a
strange file makes it raise or warn about ends here, and is in no log: its messages quote values.
"""

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = [
    "ACQUISITION_DATE",
    "ACQUISITION_DATE_TIME",
    "ACQUISITION_TIME",
    "ASKED",
    "CONTENT_DATE",
    "CONTENT_TIME",
    "OFFSET_FROM_UTC",
    "PATIENT_ID",
    "SPECIFIC_CHARACTER_SET",
    "DicomTexts",
    "guard_with",
    "install_command",
    "is_installed",
    "read_texts",
]

SPECIFIC_CHARACTER_SET: Final = 0x0008_0005
ACQUISITION_DATE: Final = 0x0008_0022
CONTENT_DATE: Final = 0x0008_0023
ACQUISITION_DATE_TIME: Final = 0x0008_002A
ACQUISITION_TIME: Final = 0x0008_0032
CONTENT_TIME: Final = 0x0008_0033
OFFSET_FROM_UTC: Final = 0x0008_0201
PATIENT_ID: Final = 0x0010_0020
_LATERALITY: Final = 0x0020_0060
_IMAGE_LATERALITY: Final = 0x0020_0062
_FRAME_ANATOMY: Final = 0x0020_9071
_FRAME_LATERALITY: Final = 0x0020_9072
_SHARED_GROUPS: Final = 0x5200_9229
_FRAMES_GROUPS: Final = 0x5200_9230

_TEXTS: Final = frozenset(
    {
        ACQUISITION_DATE,
        CONTENT_DATE,
        ACQUISITION_DATE_TIME,
        ACQUISITION_TIME,
        CONTENT_TIME,
        OFFSET_FROM_UTC,
        PATIENT_ID,
    }
)
_GUARD: Final[list[AbstractContextManager[object]]] = [nullcontext()]
_EYES: Final = (_IMAGE_LATERALITY, _LATERALITY, _FRAME_LATERALITY)
_GROUPS: Final = (_SHARED_GROUPS, _FRAMES_GROUPS)
ASKED: Final = frozenset({SPECIFIC_CHARACTER_SET, *_TEXTS, *_EYES, *_GROUPS})
"""The tags of the outermost level that it is asked about."""


@dataclass(frozen=True, slots=True)
class DicomTexts:
    """Texts by tag, several values joined by a backslash; and every eye that the file names."""

    texts: dict[int, str]
    eyes: tuple[str, ...]


def is_installed() -> bool:
    """Whether pydicom is there; it is not imported for that."""
    try:
        return find_spec("pydicom") is not None
    except (ImportError, ValueError):
        return False


def install_command() -> str:
    """The command that installs it where this program runs; environments of uv have no pip."""
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    pip = f"{python} -m pip install" if find_spec("pip") else f"uv pip install --python {python}"
    return f'{pip} "camera-watchdog[dicom]"'


def guard_with(lock: AbstractContextManager[object]) -> None:
    """Have one thread at a time read with pydicom: to be called where several read side by side."""
    _GUARD[0] = lock


def read_texts(elements: bytes, *, explicit: bool, big_endian: bool) -> DicomTexts | None:
    """What these elements, one behind the other, say; none where they cannot be read."""
    try:
        from pydicom import config  # noqa: PLC0415  # see the module's first lines
        from pydicom.filebase import DicomBytesIO  # noqa: PLC0415  # likewise
        from pydicom.filereader import read_dataset  # noqa: PLC0415  # likewise
    except ImportError:
        return None
    config.logger.disabled = True
    # Both change what holds for the whole process, and folders are read side by side.
    with _GUARD[0], warnings.catch_warnings(), config.disable_value_validation():
        warnings.simplefilter("ignore")
        try:
            file: Any = DicomBytesIO(elements)
            data = read_dataset(file, not explicit, not big_endian)
            texts = {tag: "\\".join(_texts(data, tag)) for tag in _TEXTS}
            eyes = tuple(dict.fromkeys(_eyes(data)))
        except Exception:  # noqa: BLE001  # whatever a strange file leads to
            return None
    return DicomTexts(texts, eyes)


def _texts(data: "Dataset", *tags: int) -> Iterator[str]:
    for tag in tags:
        value = data[tag].value if tag in data else None
        if value is None:
            continue
        if isinstance(value, bytes):
            value = value.decode("ascii", "replace")
        several: Iterable[object] = [value] if isinstance(value, str) else value
        yield from (text for each in several if (text := str(each).strip(" \0")))


def _eyes(data: "Dataset") -> Iterator[str]:
    """Image Laterality, Laterality, and what the functional groups say of the frames.

    In these the eye stands in the Frame Anatomy Sequence (PS3.3, C.7.6.16.2.8); some writers put it
    beside that. Other sequences tell of other pictures.
    """
    yield from _texts(data, *_EYES)
    for group in _GROUPS:
        for frame in data[group].value if group in data else ():
            yield from _texts(frame, *_EYES)
            for anatomy in frame[_FRAME_ANATOMY].value if _FRAME_ANATOMY in frame else ():
                yield from _texts(anatomy, *_EYES)
