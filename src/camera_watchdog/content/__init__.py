"""What a file is, and whether it is whole, told by its bytes.

The formats are those that the EDC takes, known by the same first bytes that it looks at
(``_validate_file_content`` of edc-retinopathy 0.2 to 1.4): what is called a JPEG, PNG, DICOM, PDF
or HTML here is not refused there for its content. Nothing is opened by its name; the name only
tells a forgotten export from some other thing that somebody keeps in the folder.
"""

import codecs
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO, Final

from camera_watchdog.content.dicom import (
    DICOM_MAGIC,
    DICOM_MAGIC_OFFSET,
    DicomFacts,
    begins_without_preamble,
    read_dicom,
)
from camera_watchdog.content.document import read_html, read_pdf
from camera_watchdog.content.exif import exif_captured_at
from camera_watchdog.content.file_window import FileWindow
from camera_watchdog.content.jpeg import read_jpeg
from camera_watchdog.content.names import Says, ending_of, is_hidden, is_temporary_name, says
from camera_watchdog.content.pictures import RAW, refused_picture
from camera_watchdog.content.png import read_png
from camera_watchdog.model import Format

__all__ = ["HEAD_BYTES", "Inspection", "inspect", "left_with_the_folder", "when_grown"]

_HTML_ENDINGS: Final = frozenset({"htm", "html", "xhtml", ""})

_MARKS: Final = (b"\xff\xd8\xff", b"\x89png", b"%pdf", b"<!doctype html", b"<html", b"<body")
"""In small letters."""
HEAD_BYTES: Final = 4096
"""So much of its beginning tells what a file is."""
_SAMPLES: Final = 64
_SERVER_HEAD_BYTES: Final = 256
_BLANKS: Final = b"\xef\xbb\xbf \t\n\r"
_PDF_HEAD_BYTES: Final = 1024
_HTML_START: Final = re.compile(rb"<(?:!doctype|html|head|body)", re.IGNORECASE)
# Under a name that is no report's, <header> or <!DOCTYPE svg> must not make one of an XML file.
_HTML_SURELY: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body)(?![\w:.-])", re.IGNORECASE)
_GREW: Final = "it grew, and is still on its way by its name"
_UNDER_WAY: Final = "it is a picture or report by its bytes, and still on its way by its name"
_MARKUP: Final = re.compile(rb"<[a-z!?]", re.IGNORECASE)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_ASCII: Final = bytes(range(0x80))


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file is.

    Exactly one of these holds: it is ``whole``; it is not and ``why`` says in short words what is
    missing; it is a picture or, with ``is_report``, a report that the EDC does not take as it is,
    which ``refused`` names; it is some ``other`` thing, which stays in the folder and is not sent:
    its growth says that it is on its way where ``growth_tells``, and ``has_grown`` once it was seen.
    ``captured_at`` is as the file says: aware where it gives the offset from UTC; ``captured_source``
    is ``exif`` or ``dicom``.
    Times and facts of a file that is not whole are those of the part that is there.

    A whole file may still not be written to its end: ``has_zeros`` where a good part of its picture
    is zeros, as space is that was only reserved; ``has_hole`` where the file system says
    that a part was never written (whoever looked at the disk sets this). In the first ``proven_bytes``
    that would be no matter: checksums of the format's own show that they are right.
    """

    format: Format | None
    whole: bool
    why: str = ""
    refused: str = ""
    is_report: bool = False
    other: bool = False
    growth_tells: bool = field(default=False, compare=False)
    has_grown: bool = False
    captured_at: datetime | None = None
    captured_source: str = ""
    dicom: DicomFacts | None = None
    has_zeros: bool = False
    proven_bytes: int = field(default=0, compare=False)
    has_hole: bool = False

    @property
    def is_beside(self) -> bool:
        """Whether it is no part of the exam however it grows."""
        return self.other and not self.growth_tells

    @property
    def is_raw(self) -> bool:
        """Whether it is a camera's raw picture, as there are beside the JPEG that is made of it."""
        return self.refused.startswith(RAW)


def inspect(file: BinaryIO, size_bytes: int, name: str) -> Inspection:
    """What an open file of that size and name is; OSError is all that it raises.

    At most a few hundred kilobytes are in memory at a time; the file's position is not kept.
    """
    if is_temporary_name(name):
        return _unfinished("its name says that it is still being written")
    window = FileWindow(file, size_bytes)
    head = window.at(0, HEAD_BYTES)
    said = says(name)
    found = _exam_file(window, head, name, said)
    if found is not None and (said.may_be_exam or found.other):
        return found
    if found is not None and (found.format or found.is_report or is_hidden(name)):
        return _unfinished(_UNDER_WAY)
    if found is not None:
        return found
    return _unknown(window, head, said)


def when_grown(inspection: Inspection, name: str) -> Inspection:
    """What a file is that was seen to grow.

    Bytes of no known kind may be those of a picture that comes in another order, or in disguise. Where
    the name of one is inside the name it is on its way; else there is only a writer to be waited for.
    """
    if not inspection.growth_tells:
        return inspection
    return _unfinished(_GREW) if says(name).has_inside else replace(inspection, has_grown=True)


def left_with_the_folder(inspection: Inspection) -> Inspection:
    """A picture that the site leaves out: some other thing, as far as the exam is concerned."""
    return Inspection(None, whole=False, other=True, has_grown=inspection.has_grown)


def _exam_file(window: FileWindow, head: bytes, name: str, said: Says) -> Inspection | None:
    """The picture or report that a file is by its bytes; none where it is neither."""
    format_ = _format_of(head, foreign=not said.must_be_exam)
    if format_ is not None:
        return _read(window, format_)
    if refused := refused_picture(head, ending_of(name)):
        return Inspection(None, whole=False, refused=refused)
    if said.may_be_exam and (refused := _refused_report(head, name)):
        return Inspection(None, whole=False, refused=refused, is_report=True)
    return None


def _unknown(window: FileWindow, head: bytes, said: Says) -> Inspection:
    """What a file is that is neither picture nor report by its bytes."""
    is_text = _is_text(head)
    must_be_exam = said.must_be_exam and not (is_text and said.may_be_text)
    if must_be_exam or (said.may_keep_place and _keeps_place(window, head, said)):
        return _unfinished(_why_unknown(head))
    growth_tells = said.may_keep_place and (said.has_inside or not is_text)
    return replace(_other(), growth_tells=growth_tells)


def _keeps_place(window: FileWindow, head: bytes, said: Says) -> bool:
    """Whether a file holds nothing yet: it is empty, or a picture's or report's first bytes, or zeros.

    Zeros as far as can be seen without reading all.
    Who brings a file in pieces may have filled any of them: under its name with another ending, zeros
    at the beginning are enough. A volume of another kind may well begin with them.
    """
    if any(mark.startswith(head.lower()) for mark in _MARKS):
        return True
    if head.strip(b"\0"):
        return False
    step = max(HEAD_BYTES, window.size_bytes // _SAMPLES)
    places = [*range(step, window.size_bytes, step), max(0, window.size_bytes - HEAD_BYTES)]
    return said.has_inside or not any(window.at(at, HEAD_BYTES).strip(b"\0") for at in places)


def _is_text(head: bytes) -> bool:
    """Whether a file begins with lines of text, in UTF-8 or with few letters of an older code.

    What may become HTML is none.
    """
    if b"\n" not in head or _CONTROL.search(head) or head.lstrip(_BLANKS).startswith(b"<"):
        return False
    if 4 * len(head.translate(None, _ASCII)) <= len(head):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last letter may be cut off
    except UnicodeDecodeError:
        return False
    return True


def _why_unknown(head: bytes) -> str:
    if not head:
        return "it is empty"
    if not head.strip(b"\0"):
        return "it holds zeros only: its place is kept, its bytes are not there yet"
    return "its bytes are of no known kind"


def _unfinished(why: str) -> Inspection:
    return Inspection(None, whole=False, why=why)


def _other() -> Inspection:
    return Inspection(None, whole=False, other=True)


def _format_of(head: bytes, *, foreign: bool) -> Format | None:
    is_dicom = head.startswith(DICOM_MAGIC, DICOM_MAGIC_OFFSET)
    if is_dicom or (not foreign and begins_without_preamble(head)):
        return Format.DICOM
    if head.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if head.startswith(b"\x89PNG"):
        return Format.PNG
    text = head.lstrip(_BLANKS)
    # The server looks no further than that for the first mark.
    seen = head[:_SERVER_HEAD_BYTES].lstrip(_BLANKS)
    if seen.startswith(b"%PDF"):
        return Format.PDF
    if _HTML_START.match(seen) and (not foreign or _HTML_SURELY.match(text)):
        return Format.HTML
    return None


def _refused_report(head: bytes, name: str) -> str:
    """A report that opens by double click, but whose first bytes the EDC does not take."""
    ending = ending_of(name)
    if ending == "pdf" and b"%PDF" in head[:_PDF_HEAD_BYTES]:
        return "PDF that does not begin with %PDF"
    if ending not in _HTML_ENDINGS:
        return ""
    if head.startswith((b"\xff\xfe<\0", b"\xfe\xff\0<")):
        return "HTML in UTF-16"
    text = head.lstrip(_BLANKS)
    if _MARKUP.match(text) and (ending or b"<html" in text.lower()):
        return "HTML that does not begin with <!DOCTYPE or <html>"
    return ""


def _read(window: FileWindow, format_: Format) -> Inspection:
    if format_ is Format.DICOM:
        return _read_dicom(window)
    if format_ is Format.PDF or format_ is Format.HTML:
        why, has_zeros = read_pdf(window) if format_ is Format.PDF else read_html(window)
        return Inspection(format_, whole=not why, why=why, has_zeros=has_zeros)
    proven_bytes, has_zeros = 0, False
    if format_ is Format.PNG:
        why, exif, proven_bytes = read_png(window)
    else:
        why, exif, has_zeros = read_jpeg(window)
    found = Inspection(
        format_, whole=not why, why=why, has_zeros=has_zeros, proven_bytes=proven_bytes
    )
    captured_at = exif_captured_at(exif)
    if captured_at is None:
        return found
    return replace(found, captured_at=captured_at, captured_source="exif")


def _read_dicom(window: FileWindow) -> Inspection:
    has_preamble = window.at(DICOM_MAGIC_OFFSET, len(DICOM_MAGIC)) == DICOM_MAGIC
    why, facts, has_zeros = read_dicom(window, has_preamble=has_preamble)
    if facts.is_directory:
        return _other()
    if facts.is_encapsulated_pdf:
        # A report, but under a report's type the EDC takes PDF and HTML, and it is no eye's picture.
        return Inspection(
            None, whole=False, refused="PDF inside a DICOM file", is_report=True, dicom=facts
        )
    return Inspection(
        Format.DICOM,
        whole=not why,
        why=why,
        captured_at=facts.acquired_at,
        captured_source="dicom" if facts.acquired_at else "",
        dicom=facts,
        has_zeros=has_zeros,
    )
