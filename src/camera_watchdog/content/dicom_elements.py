"""A walk over the elements of a DICOM data set (PS3.5, section 7): is it whole, what does it say.

Values are stepped over, not read, but for the few that are wanted; where others lie that
:mod:`camera_watchdog.content.dicom_reader` is asked about, is noted. Nothing is decoded.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from camera_watchdog.content.file_window import ByteSource, FileWindow, NotWhole

__all__ = [
    "ByteOrder",
    "ElementWalk",
    "Encoding",
    "Inflated",
    "PixelValue",
    "Place",
    "Span",
    "guess_explicit",
    "inflated_bytes",
]

ByteOrder = Literal["little", "big"]

_ITEM: Final = 0xFFFE_E000
_ITEM_END: Final = 0xFFFE_E00D
_SEQUENCE_END: Final = 0xFFFE_E0DD
_DELIMITERS: Final = 0xFFFE
_FIRST_GROUP: Final = 0x0008
_META_GROUP: Final = 0x0002
_UNDEFINED_BYTES: Final = 0xFFFF_FFFF
_HEAD_BYTES: Final = 8
_LONG_HEAD_BYTES: Final = 12

# Float, double, integer.
_PIXELS: Final = frozenset({0x7FE0_0008, 0x7FE0_0009, 0x7FE0_0010})
# Those, and an encapsulated document.
_CONTENT: Final = _PIXELS | {0x0042_0011}
_ADDRESS_OF_PIXELS: Final = 0x0028_7FE0

_SHORT_VRS: Final = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
)
_MOST_ELEMENTS: Final = 2_000_000
_MOST_DEPTH: Final = 64
_MOST_VALUE_BYTES: Final = 256
_MOST_VALUES: Final = 8
_MOST_SPANS: Final = 64
_MOST_FRAGMENTS: Final = 100_000
_MOST_INFLATED_BYTES: Final = 1024**3
_MOST_PADDING_BYTES: Final = 4096
_STEP_BYTES: Final = 64 * 1024

_NO_END: Final = "the DICOM file has no end"
_DAMAGED: Final = "the DICOM file is damaged, or not all of it is written"
_TOO_MANY: Final = "the DICOM file has more parts than a picture has"


@dataclass(frozen=True, slots=True)
class Encoding:
    """How elements are written: with their VR or without, and the order of bytes."""

    explicit: bool
    order: ByteOrder = "little"


class Span(NamedTuple):
    """Where an element stands, from its tag to behind its value."""

    tag: int
    start: int
    stop: int


class Place(NamedTuple):
    """Where a value lies: the offset of its first byte, and that behind its last."""

    start: int
    stop: int


class PixelValue(NamedTuple):
    """Where pixels lie; ``fragments`` where they are encapsulated, the table of offsets first."""

    tag: int
    place: Place
    fragments: list[Place] | None


_UNKNOWN_INSIDE: Final = Encoding(explicit=False)
"""How a sequence of unknown VR and length is written whatever surrounds it (PS3.5, 6.2.2)."""


def guess_explicit(head: bytes) -> bool:
    """Whether an element's first 8 bytes name a VR. Some writers say one thing and do the other."""
    vr = head[4:6]
    return vr.isalpha() and vr.isupper()


class ElementWalk:
    """One walk over the outermost level; what it knows is there also where it ends in NotWhole.

    ``values`` are those of the ``wanted`` tags, raw, each kept once, and ``places`` is where the first
    of each lies; ``spans`` are the places of the ``noted`` ones; all are in the file's order, and of
    elements that are there to their end. ``pixels`` is where the picture lies. ``has_content`` is set
    where pixels or a document came, ``has_address`` where only the address of pixels that lie elsewhere did,
    ``has_elements`` where anything came.
    """

    def __init__(
        self, source: ByteSource, wanted: frozenset[int], noted: frozenset[int] = frozenset()
    ) -> None:
        self.values: dict[int, list[bytes]] = {}
        self.places: dict[int, Place] = {}
        self.pixels: PixelValue | None = None
        self.spans: list[Span] = []
        self.has_content = False
        self.has_address = False
        self.has_elements = False
        self._source = source
        self._wanted = wanted
        self._noted = noted
        self._seen = 0

    def meta(self, offset: int) -> int:
        """Walk the file meta information (group 0002); the offset after it."""
        encoding = Encoding(explicit=True)
        while self._source.at(offset, 2) == b"\x02\x00":
            offset = self._element(offset, self._source.size_bytes, encoding, 0)
        return offset

    def data_set(self, offset: int, encoding: Encoding) -> None:
        """Walk from ``offset`` to the end; raises NotWhole where it does not get there."""
        end = self._source.size_bytes
        while offset < end and not self._is_padding(offset):
            offset = self._element(offset, end, encoding, 0)

    def _elements_until(self, offset: int, end: int, encoding: Encoding, depth: int) -> int:
        """Step over the elements of an item to its end mark; the offset after it."""
        if depth > _MOST_DEPTH:
            raise NotWhole(_DAMAGED)
        while offset < end:
            tag, _, value = self._item_head(offset, end, encoding)
            if tag == _ITEM_END:
                return value
            offset = self._element(offset, end, encoding, depth)
        raise NotWhole(_NO_END)

    def _element(self, offset: int, end: int, encoding: Encoding, depth: int) -> int:
        """Step over one element; the offset after it."""
        tag, stop = self._step(offset, end, encoding, depth)
        if depth == 0 and tag in self._noted and len(self.spans) < _MOST_SPANS:
            self.spans.append(Span(tag, offset, stop))
        return stop

    def _step(self, offset: int, end: int, encoding: Encoding, depth: int) -> tuple[int, int]:
        """The tag of an element, and the offset after it."""
        self._count()
        tag, vr, length, value = self._element_head(offset, end, encoding)
        self.has_elements = True
        if depth == 0 and tag in _CONTENT and length:
            self.has_content = True
        elif depth == 0 and tag == _ADDRESS_OF_PIXELS and length:
            self.has_address = True
        is_picture = depth == 0 and tag in _PIXELS
        fragments: list[Place] | None = None
        if length == _UNDEFINED_BYTES:
            fragments = [] if is_picture else None
            inside = _UNKNOWN_INSIDE if vr == b"UN" else encoding
            stop = self._items(value, end, inside, depth, fragments)
        else:
            stop = value + length
        if stop > end:
            raise NotWhole(_NO_END)
        if is_picture and self.pixels is None and stop > value:
            self.pixels = PixelValue(tag, Place(value, stop), fragments)
        elif depth == 0 and tag in self._wanted and length != _UNDEFINED_BYTES:
            self._keep(tag, Place(value, stop))
        return tag, stop

    def _items(
        self,
        offset: int,
        end: int,
        encoding: Encoding,
        depth: int,
        fragments: list[Place] | None,
    ) -> int:
        """Step over the items of a sequence, or the ``fragments`` of pixels, to their end."""
        while offset < end:
            self._count()
            tag, length, value = self._item_head(offset, end, encoding)
            if tag == _SEQUENCE_END:
                return value
            if tag != _ITEM:
                raise NotWhole(_DAMAGED)
            if length == _UNDEFINED_BYTES:
                offset = self._elements_until(value, end, encoding, depth + 1)
                continue
            offset = value + length
            if fragments is not None:
                fragments.append(Place(value, offset))
                if len(fragments) > _MOST_FRAGMENTS:
                    raise NotWhole(_TOO_MANY)
        raise NotWhole(_NO_END)

    def _element_head(
        self, offset: int, end: int, encoding: Encoding
    ) -> tuple[int, bytes, int, int]:
        """Tag, VR (empty where implicit), length and offset of the value."""
        raw = self._source.at(offset, _LONG_HEAD_BYTES)
        order = encoding.order
        if len(raw) < _HEAD_BYTES or offset + _HEAD_BYTES > end:
            raise NotWhole(_NO_END)
        group, element = int.from_bytes(raw[:2], order), int.from_bytes(raw[2:4], order)
        if (group < _FIRST_GROUP and group != _META_GROUP) or group == _DELIMITERS:
            raise NotWhole(_DAMAGED)
        tag = group << 16 | element
        vr = raw[4:6]
        if not encoding.explicit or not guess_explicit(raw):
            return tag, b"", int.from_bytes(raw[4:8], order), offset + _HEAD_BYTES
        if vr in _SHORT_VRS:
            return tag, vr, int.from_bytes(raw[6:8], order), offset + _HEAD_BYTES
        if len(raw) < _LONG_HEAD_BYTES:
            raise NotWhole(_NO_END)
        return tag, vr, int.from_bytes(raw[8:12], order), offset + _LONG_HEAD_BYTES

    def _item_head(self, offset: int, end: int, encoding: Encoding) -> tuple[int, int, int]:
        """Tag, length and offset of the value; an item never has a VR."""
        raw = self._source.at(offset, _HEAD_BYTES)
        if len(raw) < _HEAD_BYTES or offset + _HEAD_BYTES > end:
            raise NotWhole(_NO_END)
        order = encoding.order
        tag = int.from_bytes(raw[:2], order) << 16 | int.from_bytes(raw[2:4], order)
        return tag, int.from_bytes(raw[4:8], order), offset + _HEAD_BYTES

    def _keep(self, tag: int, place: Place) -> None:
        self.places.setdefault(tag, place)
        value = self._source.at(place.start, min(place.stop - place.start, _MOST_VALUE_BYTES))
        kept = self.values.setdefault(tag, [])
        if value not in kept and len(kept) < _MOST_VALUES:
            kept.append(value)

    def _count(self) -> None:
        self._seen += 1
        if self._seen > _MOST_ELEMENTS:
            raise NotWhole(_TOO_MANY)

    def _is_padding(self, offset: int) -> bool:
        """Whether nothing but a few zeros is left, as writers that fill up blocks leave them."""
        left_bytes = self._source.size_bytes - offset
        most_bytes = _MOST_PADDING_BYTES if self.has_content else 1
        return left_bytes <= most_bytes and not self._source.at(offset, left_bytes).strip(b"\0")


class Inflated:
    """The rest of a file as deflate's output, to be read from front to back; nothing is kept.

    Raises NotWhole at once where the compressed stream is damaged or has no end.
    """

    def __init__(self, window: FileWindow, start: int) -> None:
        self.size_bytes = 0
        for piece in _inflate(window, start):
            self.size_bytes += len(piece)
            if self.size_bytes > _MOST_INFLATED_BYTES:
                raise NotWhole("the DICOM file unpacks to more than a picture has")
        self._pieces = _inflate(window, start)
        self._start = 0
        self._held = b""

    def at(self, offset: int, count: int) -> bytes:
        """The bytes from ``offset`` on, which never lies before that of the last call."""
        while offset + count > self._start + len(self._held):
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._held += piece
            passed = min(offset - self._start, len(self._held))
            self._held = self._held[passed:]
            self._start += passed
        skip = offset - self._start
        return self._held[skip : skip + count]


def inflated_bytes(window: FileWindow, start: int, stop: int) -> int:
    """How many bytes deflate's output there stands for; 0 where it has no end. Nothing is kept.

    Zeros in the place of the rest are an end as well, but of fewer bytes.
    """
    try:
        return sum(len(piece) for piece in _inflate(window, start, stop))
    except NotWhole:
        return 0


def _inflate(window: FileWindow, start: int, stop: int | None = None) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for chunk in window.chunks(start, window.size_bytes if stop is None else stop):
            data = chunk
            while data and not stream.eof:
                yield stream.decompress(data, _STEP_BYTES)
                data = stream.unconsumed_tail
            if stream.eof:
                return
        yield stream.flush()
    except zlib.error as error:
        raise NotWhole(_DAMAGED) from error
    if not stream.eof:
        raise NotWhole(_NO_END)
