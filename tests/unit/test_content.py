import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from camera_watchdog.content import Inspection, inspect, when_grown
from camera_watchdog.content.names import is_temporary_name
from camera_watchdog.model import Format


def look(data: bytes, name: str) -> Inspection:
    return inspect(io.BytesIO(data), len(data), name)


def picture(format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 48), 40).convert("RGB").save(file, format_, **options)
    return file.getvalue()


HTML = b"<!DOCTYPE html><html><body>Report</body></html>\n"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"


@pytest.mark.parametrize(
    "name",
    [
        "a.tmp",
        "a.jpg.TMP",
        "a.part",
        "a.partial",
        "a.jpg.crdownload",
        "~$report.html",
        "a.filepart",
    ],
)
def test_a_temporary_name_is_unfinished_whatever_its_bytes(name: str) -> None:
    assert is_temporary_name(name)
    seen = look(picture("JPEG"), name)
    assert not seen.whole
    assert seen.format is None
    assert "still being written" in seen.why


@pytest.mark.parametrize("name", ["tmp", "part.jpg", "a.tmp.jpg", "partial", "~report.html"])
def test_a_name_that_only_resembles_a_temporary_one_is_not(name: str) -> None:
    assert not is_temporary_name(name)


@pytest.mark.parametrize(
    "data, format_",
    [
        (picture("JPEG"), Format.JPEG),
        (picture("PNG"), Format.PNG),
        (HTML, Format.HTML),
        (PDF, Format.PDF),
    ],
)
@pytest.mark.parametrize("name", ["a.jpg", "a", "a.pdf", "a.dcm", "IM.0001", "a.ima", "READY"])
def test_the_bytes_and_not_the_name_say_what_a_file_is(
    data: bytes, format_: Format, name: str
) -> None:
    assert look(data, name) == Inspection(format_, whole=True)


@pytest.mark.parametrize(
    "name, data",
    [
        ("notes.txt", b""),
        ("notes.txt", b"seen by Dr B\n"),
        ("log.csv", b"a;b\n1;2\n"),
        ("export.xml", b'<?xml version="1.0"?><html xmlns="x"></html>'),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'),
        ("drawing.svg", b'<!DOCTYPE svg PUBLIC "x"><svg></svg>'),
        ("export.xml", b"<header><a/></header>"),
        ("movie.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isommp42"),
        ("A3.jpg.xmp", b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta/>'),
        ("A3.jpg.json", b'{"SourceFile": "A3.jpg"}'),
        ("A3.jpg.md5", b"9e107d9d372bb6826bd81d3542a419d6 *A3.jpg\n"),
        ("OCT_0001.fda", b"FOCTFDA\x02" + bytes(3000)),
        ("volume.e2e", b"CMDb\x64\0" + bytes(3000)),
        ("volume.vol", bytes(4096) + b"\7" + bytes(60_000)),
        ("A3.jpg.gz", b"\x1f\x8b\x08\0" + bytes(3000)),
        ("A3.jpg.txt", bytes(500)),
        ("notes.docx", b""),
        ("catalog.db-wal", b""),
        ("export.log.1", b""),
        ("BM.txt", b"BMI 23, weight 80 kg and so on and on"),
    ],
)
def test_some_other_thing_stays_and_is_not_sent(name: str, data: bytes) -> None:
    assert look(data, name) == Inspection(None, whole=False, other=True)


@pytest.mark.parametrize(
    "name",
    ["export.done", "A3.jpg.ok", "READY", "EXPORT_COMPLETE", "S1.lock", "_SUCCESS", "visit.flag"],
)
@pytest.mark.parametrize("data", [b"", b"2026-03-01 09:00\n", bytes(16)])
def test_a_marker_that_something_is_done_is_no_file_of_the_exam(name: str, data: bytes) -> None:
    assert look(data, name).other


UNDER_WAY = [
    "A3.jpg.!sync",
    "A3.jpg.opdownload",
    "A3.jpg.uploading",
    "A3.uploading",
    "A3.jpg.1234",
    "A3.jpg.download",
    "A3.jpg.!ut",
    "A3.jpg~",
    "A3.jpg.bak",
    "A3.xyz",
    "A3.jpg_original",
    ".A3.jpg.Xk3f9Q",
    ".A3.jpg",
    ".in.A3.jpg.",
    "in.A3.jpg.",
    ".goutputstream-XY12Z1",
    ".syncthing.IM0003.tmp",
    ".IM0003.partial",
    ".IM0003.Xk3f9Q",
]
NO_KIND = b"\x01\x02\x03 what nobody knows"


@pytest.mark.parametrize("name", [*UNDER_WAY, "A3.txt", "A3.done"])
@pytest.mark.parametrize(
    "data",
    [picture("JPEG"), picture("JPEG")[:300], picture("PNG"), PDF, HTML, bytes(128) + b"DICM"],
)
def test_a_picture_or_report_under_a_name_that_is_none_is_still_on_its_way(
    name: str, data: bytes
) -> None:
    seen = look(data, name)
    assert (seen.format, seen.whole, seen.other, seen.refused) == (None, False, False, "")
    assert "on its way" in seen.why


@pytest.mark.parametrize("name", UNDER_WAY)
@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "it is empty"),
        (bytes(500), "zeros"),
        (bytes(300_000), "zeros"),
        (b"\xff", "no known kind"),
        (b"\x89P", "no known kind"),
        (b"<!DOC", "no known kind"),
        (b"<h", "no known kind"),
    ],
)
def test_what_keeps_the_place_of_a_file_is_still_on_its_way(
    name: str, data: bytes, why: str
) -> None:
    assert why in look(data, name).why


def test_pieces_that_come_in_any_order_keep_the_place_of_the_file_that_the_name_has_inside() -> (
    None
):
    pieces = bytes(40_000) + NO_KIND + bytes(40_000)
    assert "zeros" in look(pieces, "A3.jpg.!sync").why
    assert look(pieces, "A3.vol").other


@pytest.mark.parametrize("at", [0, 4096, 20_000, 290_000, 299_999])
def test_a_file_of_another_kind_may_begin_with_zeros(at: int) -> None:
    data = bytearray(300_000)
    data[at : at + 6000] = b"\7" * len(data[at : at + 6000])
    assert look(bytes(data), "volume.bin").other


@pytest.mark.parametrize("name", [name for name in UNDER_WAY if "." in name])
def test_bytes_of_no_known_kind_under_such_a_name_stay_with_the_folder(name: str) -> None:
    assert look(NO_KIND, name).other


@pytest.mark.parametrize(
    "name, under_way, has_grown",
    [
        ("A3.jpg.opdownload", True, False),
        ("A3.jpg.gz", True, False),
        (".A3.jpg.Xk3f9Q", True, False),
        ("volume.fda", False, True),
        ("export.log", False, False),
        ("A3.jpg.md5", False, False),
        ("export.done", False, False),
        (".directory", False, False),
    ],
)
def test_what_grows_is_under_way_where_the_name_of_a_picture_is_inside_and_else_waited_for(
    name: str, *, under_way: bool, has_grown: bool
) -> None:
    seen = when_grown(look(NO_KIND, name), name)
    assert (seen.why != "", seen.other, seen.has_grown) == (under_way, not under_way, has_grown)


TEXTS = [
    b"The pictures of one visit.\r\n",
    "Übersicht der Aufnahmen, für jedes Auge eine\n".encode("cp1252"),
    "Снимки одного посещения\n".encode(),
    "Снимки\n".encode() + "я".encode() * 3000,
    "Снимки.\n".encode() + "я".encode() * 3000,
]


@pytest.mark.parametrize("data", TEXTS)
def test_a_text_may_grow_under_any_name_in_which_there_is_no_picture_s(data: bytes) -> None:
    for name in ("camera.trace", "export.out", "README"):
        assert when_grown(look(data, name), name) == Inspection(None, whole=False, other=True)
    assert when_grown(look(data, "A3.jpg.!sync"), "A3.jpg.!sync").why


@pytest.mark.parametrize("name", ["README", "LICENSE", "IM0003"])
@pytest.mark.parametrize("data", TEXTS)
def test_a_text_without_an_ending_stays_with_the_folder(name: str, data: bytes) -> None:
    assert look(data, name) == Inspection(None, whole=False, other=True)


@pytest.mark.parametrize("name", ["A3.jpg", "report.html", "1.2.840.10008.5"])
def test_a_text_under_the_name_of_a_picture_or_report_is_not_whole(name: str) -> None:
    assert "no known kind" in look(TEXTS[0], name).why


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(500),
        NO_KIND,
        b"<",
        b"<!DOC",
        b" \n<?xml",
        b"%P",
        b"\xff\xfe\xfd\n" * 9,
        b"x" * 5000,
    ],
)
def test_what_may_become_a_picture_or_report_without_an_ending_is_no_text(data: bytes) -> None:
    assert look(data, "IM0003").why


@pytest.mark.parametrize("name", ["A3.jpg", "A3.jpg.!sync", "report.pdf"])
def test_what_is_known_of_a_file_does_not_change_because_it_grew(name: str) -> None:
    seen = look(picture("JPEG"), name)
    assert when_grown(seen, name) == seen


@pytest.mark.parametrize(
    "name",
    [".nomedia", ".directory", ".x", ".report", ".picasa.ini", ".export.config", ".export.marker"],
)
@pytest.mark.parametrize("data", [b"", bytes(500), NO_KIND, b"<html"])
def test_a_hidden_file_that_is_no_picture_is_no_file_of_the_exam(name: str, data: bytes) -> None:
    assert look(data, name).other or data == b"<html"


def test_a_picture_that_the_edc_does_not_take_under_a_hidden_name_is_on_its_way() -> None:
    assert "on its way" in look(picture("TIFF"), ".A3.tif.Xk3f9Q").why


@pytest.mark.parametrize(
    "name",
    [
        "a.jpg",
        "a.JPEG",
        "a.jpe",
        "a.jfif",
        "a.png",
        "a.dcm",
        "a.DICOM",
        "a.htm",
        "a.html",
        "a.pdf",
        "a",
        "a.tif",
        "1.2.840.10008.1.5",
        "OP.1.2.840.10008.77",
    ],
)
@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "it is empty"),
        (bytes(4096), "zeros"),
        (b"\xff\xd8", "no known kind"),
        (b"hello", "no known kind"),
    ],
)
def test_unknown_bytes_under_the_name_of_an_exams_file_are_unfinished(
    name: str, data: bytes, why: str
) -> None:
    seen = look(data, name)
    assert (seen.format, seen.whole, seen.other, seen.refused) == (None, False, False, "")
    assert why in seen.why


def test_a_file_that_shrank_to_nothing_meanwhile_is_empty() -> None:
    assert inspect(io.BytesIO(b""), 5000, "a.jpg").why == "it is empty"


@pytest.mark.parametrize(
    "data, refused",
    [
        (picture("TIFF"), "TIFF"),
        (picture("BMP"), "BMP"),
        (picture("GIF"), "GIF"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "AVIF"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "AVIF"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "RAW (Canon)"),
        (b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", "JPEG 2000"),
        (b"\xff\x4f\xff\x51\0\x2f", "JPEG 2000"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"II*\0\x10\0\0\0CR\2\0", "RAW (Canon)"),
        (b"FUJIFILMCCD-RAW 0201", "RAW (Fujifilm)"),
        (b"MM\0+\0\x08\0\0", "TIFF"),
    ],
)
@pytest.mark.parametrize("name", ["a.jpg", "a", "a.tif", "a.xyz"])
def test_a_picture_that_the_edc_does_not_take_is_named(
    data: bytes, refused: str, name: str
) -> None:
    assert look(data, name) == Inspection(None, whole=False, refused=refused)


def test_a_raw_format_that_looks_like_tiff_is_named_by_its_ending() -> None:
    assert look(b"MM\0*\0\0\0\x08", "a.NEF").refused == "RAW (NEF)"


def as_the_server_sees_it(head: bytes) -> Format | None:
    """The rule of edc-retinopathy 0.4 to 1.4, written down anew."""
    if head[128:132] == b"DICM":
        return Format.DICOM
    if head[:3] == b"\xff\xd8\xff":
        return Format.JPEG
    if head[:4] == b"\x89PNG":
        return Format.PNG
    start = head[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"%pdf") and b"%PDF" in head:
        return Format.PDF
    marks = (b"<!doctype", b"<html", b"<head", b"<body")
    return Format.HTML if start.startswith(marks) else None


@given(
    st.sampled_from([b"", b"\xef\xbb\xbf", b" \r\n\t", b" " * 250, b"\0", b"x", bytes(128)]),
    st.sampled_from(
        [
            b"<!DOCTYPE html>",
            b"<HTML lang=en>",
            b"<head>",
            b"<Body>",
            b"<header>",
            b"<p>",
            b"%PDF-1.7",
            b"\xff\xd8\xff\xe0",
            b"\x89PNG\r\n\x1a\n",
            b"\x89PNG\n",
            b"DICM",
            b"",
        ]
    ),
    st.sampled_from(["a.html", "a", "a.jpg", "a.dcm", "a.pdf"]),
)
def test_the_formats_are_those_that_the_server_accepts(lead: bytes, mark: bytes, name: str) -> None:
    data = lead + mark + b"....................."
    assert look(data, name).format is as_the_server_sees_it(data)


@given(st.binary(max_size=300), st.sampled_from(["a.jpg", "a.txt", "a", "a.html", "a.pdf"]))
def test_any_bytes_are_exactly_one_thing(data: bytes, name: str) -> None:
    seen = look(data, name)
    assert [seen.whole, bool(seen.why), bool(seen.refused), seen.other].count(True) == 1


class Broken(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(5, f"cannot read {size} bytes")


def test_an_error_of_the_disk_is_the_callers_to_handle() -> None:
    with pytest.raises(OSError, match="cannot read"):
        inspect(Broken(b"\xff\xd8\xff"), 3, "a.jpg")
