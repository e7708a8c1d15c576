"""What a file's name says of it: whether it is part of an exam at all, and what its bytes may be. Pure.

A name decides little. It is left aside where it is one that systems give (``Ignored``), or that the site
listed. Else the bytes decide, and the name says only how they are to be taken (:func:`says`):

* under the name of a picture or report, and under one that is no kind's (``IM0003``, ``1.2.840.10008.5``),
  bytes of no known kind are a file that is not whole: but text under the latter is (``README``);
* under any other (``A3.jpg.!sync``, ``A3.uploading``, ``A3.jpg.bak``, ``.A3.jpg.Xk3f9Q``) the bytes of a
  picture or report are a file under way, which gets its own name when it is done. So are zeros and
  emptiness, which keep its place: but not under the names of texts (``notes.txt``, ``A3.jpg.md5``), of
  office documents, of markers that say by being there that something is done (``export.done``,
  ``READY``), and hidden ones with no such name inside, unless a program gives them to a file on its way
  (``.goutputstream-K3QJ12``);
* what is none of these stays with the folder.
"""

import fnmatch
import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

from camera_watchdog.content.pictures import REFUSED_ENDINGS

__all__ = [
    "SYSTEMS_OWN",
    "Ignored",
    "Says",
    "ending_of",
    "exact_pattern",
    "is_exam_name",
    "is_hidden",
    "is_temporary_name",
    "pattern_for",
    "says",
]

SYSTEMS_OWN: Final = (
    # Windows
    "$RECYCLE.BIN",
    "desktop.ini",
    "ehthumbs*.db",
    "FOUND.[0-9][0-9][0-9]",
    "RECYCLED",
    "RECYCLER",
    "System Volume Information",
    "Thumbs.db",
    "Thumbs.db:encryptable",
    # Office programs: who has a document open
    "~$*.doc*",
    "~$*.ppt*",
    "~$*.xls*",
    # macOS
    "._*",
    "__MACOSX",
    ".apdisk",
    ".AppleDB",
    ".AppleDesktop",
    ".AppleDouble",
    ".DocumentRevisions-V100",
    ".DS_Store",
    ".fseventsd",
    ".localized",
    ".Spotlight-V100",
    ".TemporaryItems",
    ".VolumeIcon.icns",
    "Icon\r",
    "Network Trash Folder",
    "Temporary Items",
    "TheFindByContentFolder",
    "TheVolumeSettingsFolder",
    # Linux: what was deleted while a program has it open keeps its bytes under such a name
    ".fuse_hidden*",
    ".nfs*",
    ".Trash*",
    ".trashed-*",
    ".zfs",
    "lost+found",
    # Network storage
    "#recycle",
    "#snapshot",
    "*@SynoEAStream",
    "*@SynoResource",
    ".@__*",
    ".smbdelete*",
    ".snapshot",
    ".snapshots",
    ".streams",
    "@eaDir",
    "@Recently-Snapshot",
    "@Recycle",
    "@sharesnap",
    "@tmp",
    "aquota.group",
    "aquota.user",
    "~snapshot",
)
"""What operating systems, network storage and their file managers put into folders by themselves."""

_TEMPORARY_ENDINGS: Final = frozenset({"tmp", "part", "partial", "filepart", "crdownload"})
_EXAM_ENDINGS: Final = frozenset(
    {"jpg", "jpeg", "jpe", "jfif", "png", "dcm", "dicom", "htm", "html", "xhtml", "pdf"}
)
_SELDOM_ENDINGS: Final = frozenset(
    {"acr", "dc3", "dic", "ima", "img", "jfi", "jif", "jps", "mpo", "pjp", "pjpeg"}
)
"""Of pictures, and of other things as well."""
_TEXTS: Final = frozenset(
    # Texts and markup
    {
        "cfg",
        "conf",
        "csv",
        "ics",
        "inf",
        "ini",
        "js",
        "json",
        "log",
        "lnk",
        "md",
        "nfo",
        "properties",
    }
    | {"rtf", "svg", "toml", "tsv", "txt", "url", "vcf", "xml", "xmp", "yaml", "yml"}
    # Checksums and signatures
    | {"asc", "crc", "md5", "p7s", "sfv", "sha", "sha1", "sha256", "sha512", "sig", "sum"}
    # Office documents, which are empty when they are new, and databases, whose companions are
    | {"doc", "docx", "odp", "ods", "odt", "ppt", "pptx", "xls", "xlsx"}
    | {"db", "db-journal", "db-shm", "db-wal", "laccdb", "ldb", "mdb", "sqlite", "sqlite3"}
)
_MARKERS: Final = frozenset(
    {
        "closed",
        "complete",
        "completed",
        "done",
        "end",
        "eof",
        "exported",
        "fin",
        "finish",
        "finished",
    }
    | {
        "flag",
        "go",
        "lck",
        "lock",
        "marker",
        "ok",
        "ready",
        "sem",
        "sent",
        "success",
        "transferred",
    }
    | {"trg", "trigger"}
)
"""Words of names that say by being there that something is done, or is being done."""

# Of GNOME, of Syncthing and others, and of rsync, which adds six characters: ".IM0003.Xk3f9Q".
_HIDDEN_ON_ITS_WAY: Final = re.compile(
    r"\.goutputstream-.+|\.syncthing\..+"
    rf"|\..+\.(?i:{'|'.join(sorted(_TEMPORARY_ENDINGS))})"
    r"|\..+\.(?=.*[A-Z0-9])[A-Za-z0-9]{6}"
)
# "1.2.840.10008.5", "OP.1.2.840.10008.5": DICOM files are often named by their identifier alone.
_NAMED_BY_UID: Final = re.compile(r"(?:[A-Za-z]{1,4}\.)?\d+(?:\.\d+){3,}")


class Ignored:
    """Names that are no part of any exam: the systems' own, and those that a site lists.

    ``patterns`` are the site's: ``*`` stands for anything, ``?`` for one character, ``[abc]`` for one of
    these; small and capital letters are the same. ``name in ignored`` asks for a name.
    """

    def __init__(self, patterns: Iterable[str] = (), *, never: Iterable[str] = ()) -> None:
        every = [_folded(pattern) for pattern in (*SYSTEMS_OWN, *patterns)]
        self._names = frozenset(each for each in every if not re.search(r"[*?[]", each))
        self._pattern = re.compile(
            "|".join(fnmatch.translate(each) for each in every if each not in self._names)
        )
        self._never = frozenset(never)

    def __contains__(self, name: str) -> bool:
        folded = _folded(name)
        is_ignored = folded in self._names or self._pattern.match(folded) is not None
        return is_ignored and name not in self._never

    def leaves_aside(self, name: str, *, is_file: bool) -> bool:
        """Whether what has this name is no part of an exam: of what is hidden files count alone."""
        return name in self or (is_hidden(name) and not is_file)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).lower() if not name.isascii() else name.lower()


class Says(NamedTuple):
    """How the bytes under a name are to be taken.

    ``may_be_exam``: those of a picture or report are one. ``must_be_exam``: those of no known kind are
    one that is not whole. ``may_keep_place``: zeros and emptiness keep the place of one; with
    ``has_inside``, the name of one inside the name, or a hidden name that programs give to a file on its
    way, zeros at the beginning do. ``may_be_text``: text is
    none, and stays with the folder.
    """

    may_be_exam: bool
    must_be_exam: bool
    may_keep_place: bool
    has_inside: bool = False
    may_be_text: bool = True

    @property
    def may_stay_beside(self) -> bool:
        """Whether what is under it may be no part of the exam however it grows."""
        return self.may_be_text and not (self.may_keep_place and self.has_inside)


def says(name: str) -> Says:
    """What a name says of the bytes under it."""
    inner = _inner(name)
    has_inside = any(part in _EXAM_ENDINGS or part in REFUSED_ENDINGS for part in inner)
    if is_hidden(name):
        on_its_way = has_inside or _HIDDEN_ON_ITS_WAY.fullmatch(name) is not None
        return Says(
            may_be_exam=False,
            must_be_exam=False,
            may_keep_place=on_its_way,
            has_inside=on_its_way,
        )
    ending = ending_of(name)
    if not ending and not has_inside:  # "in.A3.jpg." is on its way
        is_marker = not _MARKERS.isdisjoint(re.split(r"[\W\d_]+", name.lower()))
        return Says(may_be_exam=True, must_be_exam=not is_marker, may_keep_place=not is_marker)
    if ending in _EXAM_ENDINGS or ending in REFUSED_ENDINGS or _NAMED_BY_UID.fullmatch(name):
        return Says(may_be_exam=True, must_be_exam=True, may_keep_place=True, may_be_text=False)
    is_numbered = ending.isdecimal() and not has_inside
    kind = inner[-1] if is_numbered and inner else ending  # "export.log.1"
    is_beside = kind in _TEXTS or kind in _MARKERS
    return Says(
        may_be_exam=is_numbered or ending in _SELDOM_ENDINGS,
        must_be_exam=False,
        may_keep_place=not is_beside,
        has_inside=has_inside,
    )


def pattern_for(name: str) -> str:
    """The pattern of all names with the same ending, where that is no picture's and no report's.

    Empty where it is, and where the ending says that a file is being written.
    """
    ending = ending_of(name)
    if is_hidden(name) or is_temporary_name(name) or not ending:
        return ""
    is_refused = ending in REFUSED_ENDINGS
    return f"*.{exact_pattern(ending)}" if is_refused or not says(name).may_be_exam else ""


def exact_pattern(name: str) -> str:
    """The pattern that fits this name and no other."""
    return re.sub(r"([*?[])", r"[\1]", name)


def _inner(name: str) -> list[str]:
    """What stands between dots inside of a name, and at the end of a hidden one: ``.A3.jpg.Xk3f9Q``."""
    parts = [part.strip() for part in name.lower().split(".")]
    return parts[2:] if is_hidden(name) else parts[1:-1]


def is_hidden(name: str) -> bool:
    """Whether it begins with a dot."""
    return name.startswith(".")


def is_temporary_name(name: str) -> bool:
    """Whether a file of that name is still being written by whoever brings it, whatever its bytes."""
    is_temporary = name.startswith("~$") or ending_of(name) in _TEMPORARY_ENDINGS
    return is_temporary and not is_hidden(name)


def is_exam_name(name: str) -> bool:
    """Whether a name ends as those of the pictures and reports do that the EDC takes."""
    return ending_of(name) in _EXAM_ENDINGS and not is_hidden(name)


def ending_of(name: str) -> str:
    """What stands behind the last dot, in small letters."""
    stem, dot, ending = name.rpartition(".")
    return ending.strip().lower() if stem and dot else ""
