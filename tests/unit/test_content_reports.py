import io

import pytest

from camera_watchdog.content import Inspection, inspect
from camera_watchdog.model import Format

PDF = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
    + b"% filler\n" * 400
    + b"xref\n0 1\ntrailer\n<< >>\nstartxref\n9\n%%EOF"
)
PAGE = b"<!DOCTYPE html><html><body>both eyes</body></html>"
LINEARIZED = b"%%PDF-1.4\n1 0 obj\n<< /Linearized 1 /L %d /H [ 1 2 ] >>\nendobj\n%%%%EOF\n%s"


def look(data: bytes, name: str) -> Inspection:
    return inspect(io.BytesIO(data), len(data), name)


@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf", b"\r\n "])
@pytest.mark.parametrize("more", [b"", b"\r\n", b"\0\0\0", b"x" * 1000])
def test_a_whole_pdf_is_whole(lead: bytes, more: bytes) -> None:
    assert look(lead + PDF + more, "r.pdf") == Inspection(Format.PDF, whole=True)


def test_a_pdf_cut_off_anywhere_is_not_whole() -> None:
    seen = [look(PDF[:length], "r.pdf") for length in range(len(PDF))]
    assert not any(one.whole for one in seen)
    assert seen[-1].why == "the PDF has no end (%%EOF)"


def test_a_pdf_whose_rest_is_still_zero_is_not_whole() -> None:
    assert not look(PDF[:-200].ljust(len(PDF), b"\0"), "r.pdf").whole
    web = LINEARIZED % (len(PDF) + 200, PDF)
    reserved = web[: web.index(b"%%EOF") + 6].ljust(len(PDF) + 200, b"\0")
    assert look(reserved, "r.pdf").why == "the PDF is shorter than it says"


@pytest.mark.parametrize("count", [5000, 70_000, 1_000_000])
@pytest.mark.parametrize("lead", [b"", b"\r\n"])
def test_white_space_behind_the_end_of_a_report_is_no_damage(count: int, lead: bytes) -> None:
    for name, whole in (("r.pdf", PDF), ("r.html", PAGE)):
        for blank in (b" ", b"\n", b"\r\n"):
            seen = look(whole + lead + blank * count, name)
            assert (seen.whole, seen.has_zeros) == (True, False)


@pytest.mark.parametrize("count", [2000, 70_000, 1_000_000])
@pytest.mark.parametrize("lead", [b"", b"\r\n"])
def test_zeros_behind_the_end_of_a_report_are_no_damage_and_waited_for(
    count: int, lead: bytes
) -> None:
    """They may be space that was reserved for what is still to be written."""
    for name, whole in (("r.pdf", PDF), ("r.html", PAGE)):
        seen = look(whole + lead + bytes(count), name)
        assert (seen.whole, seen.has_zeros) == (True, True)
        seen = look(whole + lead + bytes(300), name)
        assert (seen.whole, seen.has_zeros) == (True, False)


def test_what_stands_behind_zeros_is_no_padding() -> None:
    assert not look(PDF + bytes(5000) + b"7 0 obj\n<< /Type", "r.pdf").whole
    assert not look(PAGE + bytes(70_000) + b"<html><body>the left", "r.html").whole


def test_a_pdf_made_for_the_web_may_be_padded() -> None:
    whole = LINEARIZED % (4000, PDF)
    whole = LINEARIZED % (len(whole), PDF)
    for padded in (whole + bytes(9000), whole + b"\n" * 9000):
        assert look(padded, "r.pdf").whole
    own = whole + b"\r\n" * 50
    own = own.replace(b"/L %d" % len(whole), b"/L %d" % len(own))
    assert look(own + bytes(9000), "r.pdf").whole


def test_the_first_end_mark_of_a_pdf_made_for_the_web_is_not_its_end() -> None:
    whole = LINEARIZED % (4000, PDF)
    whole = LINEARIZED % (len(whole), PDF)
    assert look(whole, "r.pdf").whole
    cut = whole[: whole.index(b"%%EOF") + 6]
    assert look(cut, "r.pdf").why == "the PDF is shorter than it says"


def test_a_pdf_that_is_added_to_has_its_end_behind_what_is_added() -> None:
    added = b"\n7 0 obj\n<< /Type /Sig >>\nendobj\nxref\n7 1\ntrailer\n<< >>\nstartxref\n9\n%%EOF\n"
    assert look(PDF + added, "r.pdf").whole
    for length in range(added.index(b"obj") + 3, added.index(b"%%EOF") + 4):
        assert look(PDF + added[:length], "r.pdf").why == "the PDF has no end (%%EOF)", length


def test_a_pdf_that_the_edc_would_not_know_is_refused() -> None:
    assert look(b"junk\n" + PDF, "r.pdf").refused == "PDF that does not begin with %PDF"


@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html><p>x</body>",
        b"\xef\xbb\xbf<HTML><BODY></BODY></HTML>",
        b"  \r\n<html>x</html  >\n<!-- made by a camera -->\n\0",
        b"<body>x</Body><script>var a = 1;</script>",
        b"<html>" + b"x" * 100_000 + b"</html>" + b"\n" * 60_000,
        b"<html><script>" + b"x" * 64_000 + b"</script></html>" + b" " * 4_000,
        b"<html><body></body></html>" * 2,
        b"<html><body></body></html><div>an advertisement</div>",
    ],
)
def test_a_whole_page_is_whole(data: bytes) -> None:
    assert look(data, "r.html") == Inspection(Format.HTML, whole=True)


@pytest.mark.parametrize(
    "data",
    [
        b"<html><body>the report goes on",
        b"<html><script>print('<body></body></html>');</script> and so on",
        b"<html><script>print('<body></body></html>');",
        b"<html><script>" + b"x" * 65_000 + b"'</html>'</script> and so on",
        b"<html><!-- </html> --> and so on",
        b"<html><body>the right eye</body></html><!DOCTYPE html><html>",
        b"<html><body>the right eye</body></html><html><body>the left",
        b"<html></htm",
        b"<html><body>".ljust(3000, b"\0"),
    ],
)
def test_a_page_without_its_end_is_not_whole(data: bytes) -> None:
    seen = look(data, "r.html")
    assert (seen.format, seen.whole) == (Format.HTML, False)
    assert "no end" in seen.why


@pytest.mark.parametrize(
    "name, data",
    [
        ("r.html", b"<!-- saved by a camera --><html></html>"),
        ("r.HTM", b"<?xml version='1.0'?><!DOCTYPE html><html></html>"),
        ("r.xhtml", b"<?xml version='1.0'?><html></html>"),
        ("r", b"<!-- saved --><html></html>"),
        ("r.html", b"<p>Report</p></body>"),
        ("r.html", b" " * 256 + b"<html></html>"),
    ],
)
def test_a_page_that_the_edc_would_not_know_is_refused(name: str, data: bytes) -> None:
    seen = look(data, name)
    assert seen.refused == "HTML that does not begin with <!DOCTYPE or <html>"
    assert seen.format is None


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_page_in_utf_16_is_refused(encoding: str) -> None:
    data = "\ufeff<html></html>".encode(encoding)
    assert look(data, "r.html").refused == "HTML in UTF-16"
