"""Pictures that the EDC does not take, told by their first bytes."""

import re
from typing import Final

__all__ = ["RAW", "REFUSED_ENDINGS", "refused_picture"]

RAW: Final = "RAW"
"""How the name of every raw format begins."""

_RAW_ENDINGS: Final = frozenset(
    {
        "3fr",
        "arw",
        "cr2",
        "cr3",
        "crw",
        "dcr",
        "dng",
        "erf",
        "k25",
        "kdc",
        "mef",
        "mos",
        "mrw",
        "nef",
        "nrw",
        "orf",
        "pef",
        "raf",
        "raw",
        "rw2",
        "rwl",
        "sr2",
        "srf",
        "srw",
        "x3f",
    }
)
REFUSED_ENDINGS: Final = _RAW_ENDINGS | frozenset(
    {
        "avif",
        "bmp",
        "dib",
        "gif",
        "heic",
        "heics",
        "heif",
        "hif",
        "j2c",
        "j2k",
        "jp2",
        "jpc",
        "jpf",
        "jpx",
        "jxl",
        "jxr",
        "psd",
        "tif",
        "tiff",
        "wdp",
        "webp",
    }
)
"""What such pictures are called, in small letters, without the dot."""

# The raw formats' own marks stand before TIFF's, which most of them begin with too.
_MARKS: Final = (
    (re.compile(rb"II\*\0.{4}CR|II\x1a\0.{4}HEAPCCDR", re.DOTALL), "RAW (Canon)"),
    (re.compile(rb"FUJIFILMCCD-RAW"), "RAW (Fujifilm)"),
    (re.compile(rb"IIRO|IIRS|MMOR"), "RAW (Olympus)"),
    (re.compile(rb"IIU\0"), "RAW (Panasonic)"),
    (re.compile(rb"FOVb"), "RAW (Sigma)"),
    (re.compile(rb"\0MRM"), "RAW (Minolta)"),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), "TIFF"),
    (re.compile(rb"II\xbc"), "JPEG XR"),
    (re.compile(rb"GIF8[79]a"), "GIF"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "WebP"),
    (re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"), "JPEG 2000"),
    (re.compile(rb"\0\0\0\x0cJXL \r\n\x87\n"), "JPEG XL"),
    (re.compile(rb"8BPS\0[\1\2]"), "Photoshop"),
    # "BM" alone begins many a text: the size of the second header tells.
    (re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), "BMP"),
)

_BRANDS: Final = (
    ("AVIF", frozenset({b"avif", b"avis"})),
    (
        "HEIC",
        frozenset(
            {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
            | {b"mif1", b"mif2", b"msf1"}
        ),
    ),
    ("RAW (Canon)", frozenset({b"crx "})),
)
_MOST_BRANDS_BYTES: Final = 256


def refused_picture(head: bytes, ending: str) -> str:
    """The name of a picture's format by its first bytes; empty where it is none of these.

    ``ending`` is the file name's, in small letters: most raw formats are TIFF by their bytes.
    """
    name = next((name for mark, name in _MARKS if mark.match(head)), "") or _by_brand(head)
    if name == "TIFF" and ending in _RAW_ENDINGS:
        return f"RAW ({ending.upper()})"
    return name


def _by_brand(head: bytes) -> str:
    """HEIC, AVIF and the like name their brands in their first box (ISO 14496-12, 4.3)."""
    if head[4:8] != b"ftyp":
        return ""
    end = min(int.from_bytes(head[:4], "big"), _MOST_BRANDS_BYTES, len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
    return next((name for name, known in _BRANDS if brands & known), "")
