"""Whether a report has its end: a PDF its ``%%EOF``, an HTML page its closing tag."""

import re
from typing import Final

from camera_watchdog.content.file_window import FileWindow

__all__ = ["why_html_not_whole", "why_pdf_not_whole"]

# As far from the end as readers look for it (ISO 32000-1, annex H, note 18).
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


def why_pdf_not_whole(window: FileWindow) -> str:
    """Why a PDF is not whole; empty where it is.

    A PDF made for the web has an end mark near its beginning too: its own word about its length
    tells the two apart. One that was added to (a signature) has an end mark before what was added.
    """
    size_bytes = window.size_bytes
    tail_bytes = _PDF_TAIL_BYTES + len(_PDF_END)
    _, end, after = window.at(max(size_bytes - tail_bytes, 0), tail_bytes).rpartition(_PDF_END)
    if not end or _PDF_OBJECT.search(after):
        return "the PDF has no end (%%EOF)"
    said = _LINEARIZED.search(window.at(0, _PDF_HEAD_BYTES))
    if said and int(said[1]) > size_bytes:
        return "the PDF is shorter than it says"
    return ""


def why_html_not_whole(window: FileWindow) -> str:
    """Why an HTML page is not whole; empty where it is.

    A closing tag inside a script (a print button writes one) or a comment is none, and neither is that
    of a page before, where several stand in one file.
    """
    size_bytes = window.size_bytes
    tail = window.at(max(size_bytes - _HTML_TAIL_BYTES, 0), _HTML_TAIL_BYTES)
    tail = tail[max(tail.find(b"<"), 0) :].lower()  # often it begins far inside a picture
    edge = _SCRIPT_EDGE.search(tail)
    if edge and edge[1]:  # the tail begins inside a script
        tail = tail[edge.end() :]
    ends = [*_HTML_END.finditer(seen := _HTML_UNSEEN.sub(b"", tail))]
    if ends and not _HTML_BEGINNING.search(seen, ends[-1].end()):
        return ""
    return "the HTML page has no end (</body> or </html>)"
