"""Whether a report has its end: a PDF its ``%%EOF``, an HTML page its closing tag.

Zeros and white space behind the end are no damage: readers look for it from behind (ISO 32000-1, annex H,
implementation note 18), and programs that write whole blocks leave them. They may be space, too, that is
only reserved for what is still to come: many zeros are said, so that they are waited for.
"""

import re
from typing import Final, NamedTuple

from camera_watchdog.content.file_window import FileWindow

__all__ = ["DocumentReading", "read_html", "read_pdf"]

# As far from the end as readers look for it (ISO 32000-1, annex H, note 18).
_PADDING: Final = b"\0 \t\n\f\r"
_STEP_BYTES: Final = 64 * 1024
_MANY_ZEROS_BYTES: Final = 1024

_PDF_END: Final = b"%%EOF"
_PDF_TAIL_BYTES: Final = 1024
_PDF_HEAD_BYTES: Final = 1024
_LINEARIZED: Final = re.compile(rb"/Linearized\b.*?/L\s+(\d{1,12})", re.DOTALL)
_PDF_OBJECT: Final = re.compile(rb"\b\d{1,10}\s{1,9}\d{1,5}\s{1,9}obj\b")
_HTML_TAIL_BYTES: Final = 64 * 1024
# For small letters, and each begins with one certain character: so much is passed over quickly.
_HTML_END: Final = re.compile(rb"</(?:body|html)\s*>")
_HTML_BEGINNING: Final = re.compile(rb"<(?:!doctype|html|body)\b")
_HTML_UNSEEN: Final = re.compile(rb"<(?:script\b.*?(?:</script|\Z)|!--.*?(?:-->|\Z))", re.DOTALL)
_SCRIPT_EDGE: Final = re.compile(rb"<(/?)script\b")


class DocumentReading(NamedTuple):
    """What became known of a report: ``why`` it is not whole (empty where it is).

    ``has_zeros``: what is behind its end may be space that is only reserved.
    """

    why: str
    has_zeros: bool


def read_pdf(window: FileWindow) -> DocumentReading:
    """Whether a PDF is whole.

    A PDF made for the web has an end mark near its beginning too: its own word about its length
    tells the two apart. One that was added to (a signature) has an end mark before what was added.
    """
    content_bytes = _without_padding(window)
    tail_bytes = _PDF_TAIL_BYTES + len(_PDF_END)
    start = max(content_bytes - tail_bytes, 0)
    _, end, after = window.at(start, content_bytes - start).rpartition(_PDF_END)
    if not end or _PDF_OBJECT.search(after):
        return DocumentReading("the PDF has no end (%%EOF)", has_zeros=False)
    said = _LINEARIZED.search(window.at(0, _PDF_HEAD_BYTES))
    length = int(said[1]) if said else 0
    rest = window.at(content_bytes, max(0, min(length - content_bytes, _MANY_ZEROS_BYTES)))
    if length > window.size_bytes or b"\0" in rest:
        return DocumentReading("the PDF is shorter than it says", has_zeros=False)
    return DocumentReading("", _has_many_zeros(window, content_bytes))


def read_html(window: FileWindow) -> DocumentReading:
    """Whether an HTML page is whole.

    A closing tag inside a script (a print button writes one) or a comment is none, and neither is that
    of a page before, where several stand in one file.
    """
    content_bytes = _without_padding(window)
    start = max(content_bytes - _HTML_TAIL_BYTES, 0)
    tail = window.at(start, content_bytes - start)
    tail = tail[max(tail.find(b"<"), 0) :].lower()  # often it begins far inside a picture
    edge = _SCRIPT_EDGE.search(tail)
    if edge and edge[1]:  # the tail begins inside a script
        tail = tail[edge.end() :]
    ends = [*_HTML_END.finditer(seen := _HTML_UNSEEN.sub(b"", tail))]
    if ends and not _HTML_BEGINNING.search(seen, ends[-1].end()):
        return DocumentReading("", _has_many_zeros(window, content_bytes))
    return DocumentReading("the HTML page has no end (</body> or </html>)", has_zeros=False)


def _without_padding(window: FileWindow) -> int:
    """How many bytes there are but for zeros and white space at the end."""
    stop = window.size_bytes
    while stop:
        start = max(0, stop - _STEP_BYTES)
        rest = window.at(start, stop - start).rstrip(_PADDING)
        if rest:
            return start + len(rest)
        stop = start
    return 0


def _has_many_zeros(window: FileWindow, start: int) -> bool:
    """Whether more zeros follow than a writer leaves by itself; one look, for they are not mixed."""
    return window.at(start, 2 * _MANY_ZEROS_BYTES).count(0) > _MANY_ZEROS_BYTES
