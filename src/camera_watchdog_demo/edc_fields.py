"""The fields of a request, checked as Django REST framework checks them.

What is refused is collected by field, and answered as ``{"field": ["sentence"]}``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from camera_watchdog_demo.multipart import Form, Upload

__all__ = ["Capture", "FieldErrors", "Subject", "check_resolve", "check_upload"]

_MISSING: Any = object()
_REQUIRED = "This field is required."
_DATETIME_FORMATS = "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]"
_LOOSE_DATETIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{1,2})"
    r"(?::(\d{1,2})(?:[.,](\d{1,6})\d{0,6})?)?\s*(?:(Z)|([+-])(\d{2}):?(\d{2})?)?$"
)
_INTEGER_MAX_CHARS = 1000


class FieldErrors(Exception):
    """What is wrong, by field."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        self.errors = dict(errors)
        super().__init__(", ".join(self.errors))


class _Invalid(Exception):
    """One field is refused; its text is the sentence."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom ``resolve`` was asked about; the demographics count for 0.1 to 0.3 only."""

    identifier: str
    initials: str = ""
    sex: str = ""
    age: int | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """An upload's fields. ``checksum`` is empty where none was sent."""

    upload: Upload
    captured_at: datetime
    checksum: str


class _Fields:
    """Takes field after field, and remembers what is wrong with them."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._errors: dict[str, list[str]] = {}

    def take(self, name: str, check: Callable[[Any], Any], default: Any = _MISSING) -> Any:
        value = self._values.get(name, _MISSING)
        if value is _MISSING and default is not _MISSING:
            return default
        try:
            return check(value)
        except _Invalid as error:
            self._errors[name] = [str(error)]
            return default

    def done(self) -> None:
        if self._errors:
            raise FieldErrors(self._errors)


def check_resolve(data: Any, *, demographics: bool) -> Subject:
    """Whom the payload of ``resolve`` asks about.

    Raises:
        FieldErrors: it is no object, or a field is missing or refused.
    """
    if not isinstance(data, dict):
        kind = type(data).__name__
        sentence = f"Invalid data. Expected a dictionary, but got {kind}."
        raise FieldErrors({"non_field_errors": [sentence]})
    fields = _Fields(data)
    identifier = fields.take("subject_identifier", _text(50))
    initials, sex, age = "", "", None
    if demographics:
        initials = fields.take("initials", _text(10))
        sex = fields.take("sex", _sex)
        age = fields.take("age", _integer, None)
    fields.take("device_id", _text(100), "")
    if demographics:
        fields.take("site_id", _text(50), "")
    fields.done()
    return Subject(identifier, initials, sex, age)


def check_upload(form: Form) -> Capture:
    """The file of an upload, and what was said about it.

    Raises:
        FieldErrors: a field is missing or refused.
    """
    fields = _Fields({**form.fields, **form.uploads})
    upload = fields.take("file", _file)
    captured_at = fields.take("capture_datetime", _moment)
    # An empty field of a form counts as none where it need not be there.
    checksum = fields.take("checksum", _text(64), "") if form.fields.get("checksum") else ""
    fields.done()
    return Capture(upload, captured_at, checksum)


def _present(value: Any) -> Any:
    if value is _MISSING:
        raise _Invalid(_REQUIRED)
    if value is None:
        raise _Invalid("This field may not be null.")
    return value


def _text(max_chars: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        value = _present(value)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _Invalid("Not a valid string.")
        text = str(value).strip()
        if not text:
            raise _Invalid("This field may not be blank.")
        if len(text) > max_chars:
            raise _Invalid(f"Ensure this field has no more than {max_chars} characters.")
        if "\0" in text:
            raise _Invalid("Null characters are not allowed.")
        if surrogate := re.search("[\ud800-\udfff]", text):
            code = f"U+{ord(surrogate[0]):X}"
            raise _Invalid(f"Surrogate characters are not allowed: {code}.")
        return text

    return check


def _sex(value: Any) -> str:
    value = _present(value)
    text = str(value).upper() if isinstance(value, str) else str(value)
    if text not in {"M", "F"}:
        raise _Invalid(f'"{text}" is not a valid choice.')
    return text


def _integer(value: Any) -> int:
    text = str(_present(value))
    if len(text) > _INTEGER_MAX_CHARS:
        raise _Invalid("String value too large.")
    try:
        return int(re.sub(r"\.0*\s*$", "", text))
    except ValueError:
        raise _Invalid("A valid integer is required.") from None


def _file(value: Any) -> Upload:
    if value is _MISSING:
        raise _Invalid("No file was submitted.")
    if not isinstance(value, Upload):
        raise _Invalid("The submitted data was not a file. Check the encoding type on the form.")
    if not value.size_bytes:
        raise _Invalid("The submitted file is empty.")
    return value


def _moment(value: Any) -> datetime:
    """A time, in UTC; naive ones are taken for UTC."""
    value = _present(value)
    try:
        moment = _parse_moment(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise _Invalid(
            f"Datetime has wrong format. Use one of these formats instead: {_DATETIME_FORMATS}."
        )
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise _Invalid("Datetime value out of range.") from None


def _parse_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        match = _LOOSE_DATETIME.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zulu, sign, hours, minutes = match.groups()
    zone = UTC if zulu else None
    if sign:
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        zone = timezone(-offset if sign == "-" else offset)
    microsecond = int((fraction or "0").ljust(6, "0"))
    return datetime(
        int(year), int(month), int(day), int(hour), int(minute), int(second or 0), microsecond, zone
    )
