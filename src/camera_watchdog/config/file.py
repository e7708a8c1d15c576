"""Reading the configuration file and a secret's own file; what is wrong with them is said in words."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from camera_watchdog.config.values import Kind, Refused, shown
from camera_watchdog.errors import Problem

__all__ = ["others_may_read", "places_named", "read_secret", "read_settings"]

_LARGEST_BYTES: Final = 1_000_000
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_PLACE: Final = re.compile(
    r'"(watch_dir|state_dir|log_file|log_format|timezone)"\s*:\s*"((?:[^"\\\n]|\\.)*)"'
)
_WINDOWS_PATH: Final = re.compile(r"[A-Za-z]:\\(?!\\)")
_OBJECT: Final = "a JSON object with the keys of the configuration, in UTF-8"


def read_settings(path: Path) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The keys and values that the file holds, and what is wrong with it.

    No keys at all (``None``) where it cannot be read as a JSON object. Nothing is raised.
    """
    try:
        text = _read_text(path)
    except Refused as refused:
        advice = refused.advice or "Check the path that --config names."
        return None, [Problem(str(path), str(refused.found), _OBJECT, advice)]
    doubled: list[str] = []

    def make_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _value in pairs]
        doubled.extend(name for name in dict.fromkeys(names) if names.count(name) > 1)
        return dict(pairs)

    try:
        settings = json.loads(text, object_pairs_hook=make_object)
    except json.JSONDecodeError as error:
        return None, [_not_json(path, text, error)]
    except (ValueError, RecursionError):  # a number of thousands of digits; brackets without end
        return None, [Problem(str(path), "JSON that no program can read", _OBJECT)]
    problems = [
        Problem(_short(name), "the key more than once", "each key once", "Take one of them out.")
        for name in dict.fromkeys(doubled)
    ]
    if not isinstance(settings, dict):
        return None, [Problem(str(path), f"JSON, but {_kind_of(settings)}", _OBJECT), *problems]
    return settings, problems


def places_named(path: Path) -> dict[str, Any]:
    """Where a file that is no JSON (a comma too many) says that people look; nothing where it does not tell.

    Nothing is raised.
    """
    try:
        raw = path.read_bytes()[:_LARGEST_BYTES] if path.is_file() else b""
    except (OSError, ValueError):
        return {}
    try:
        text = raw.decode("utf-16" if raw.startswith(_UTF16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return {key: _meant(written) for key, written in _PLACE.findall(text)}


def _meant(written: str) -> str:
    """A text as its writer meant it, who may not know that JSON doubles the backslashes of Windows."""
    if _WINDOWS_PATH.match(written):
        return written
    try:
        return str(json.loads(f'"{written}"'))
    except ValueError:
        return written


def read_secret(path: Path, kind: Kind, key: str, noun: str) -> str | Problem:
    """The secret in a file of its own, or what is wrong with it; ``key`` is where it was named.

    ``noun`` is what a message calls it. A name that may be the secret itself, put under the wrong key, is
    not quoted.
    """
    try:
        secret: str = kind.parse(_read_text(path))
    except Refused as refused:
        accepted = f"the path of a text file that holds the {noun} and nothing else"
        advice = refused.advice or "A relative path starts at the folder of the configuration file."
        where = f"It was looked for {_named(path)}.{_beside(path)}"
        return Problem(key, str(refused.found), accepted, f"{advice} {where}")
    return secret


def _named(path: Path) -> str:
    """The path, where its name is one of a file; else its folder alone."""
    is_name = re.fullmatch(r"[\w .()-]{1,40}\.[A-Za-z]{1,5}", path.name)
    return f'as "{path}"' if is_name else f'in "{path.parent}"'


def _beside(path: Path) -> str:
    """What Windows made of the name where it hides endings: ``token.txt.txt``."""
    for name in (f"{path.name}.txt", path.stem):
        if name != path.name and os.path.isfile(path.parent / name):  # noqa: PTH113  # never raises
            return f" Is it {name}, which is there?"
    return ""


def _read_text(path: Path) -> str:
    """The file's text. Raises :class:`Refused`, never quoting the contents."""
    try:
        if not path.exists():
            raise Refused("no such file")
        if not path.is_file():  # a pipe would never end
            raise Refused("a folder or something else that is no file")
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        why = getattr(error, "strerror", None) or "its path is not a possible one"
        raise Refused(f"a file that cannot be read ({why})", "Check its permissions.") from error
    if len(raw) > _LARGEST_BYTES:
        raise Refused("a file of more than a megabyte", "Is it the right one?")
    if raw.startswith(_UTF16_MARKS) or b"\0" in raw:
        raise Refused(
            "text in UTF-16, or no text at all", 'Save it again with the encoding "UTF-8".'
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"text that is not UTF-8, first in line {line}",
            'Save it again with the encoding "UTF-8".',
        ) from error


def _not_json(path: Path, text: str, error: json.JSONDecodeError) -> Problem:
    found = _where(text, error)
    # The JSON module quotes nothing of the file; neither must we: a token may stand on that line.
    single = re.search(r"(?<!\\)(?:\\\\)*\\(?![\"\\/bfnrtu])|[A-Za-z]:\\(?!\\)", text)
    advice = "In JSON, write \\\\ or / for each backslash of a Windows path." if single else ""
    if not text.strip():
        found = "an empty file"
    return Problem(str(path), found, _OBJECT, advice)


def _where(text: str, error: json.JSONDecodeError) -> str:
    """What is wrong and where a person has to look, which is not always where the reader stopped."""
    stopped = error.pos + text.startswith(",", error.pos)  # from Python 3.13 on at the comma itself
    before, after = text[:stopped].rstrip(), text[stopped:].lstrip()
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n") - 1
    if before.endswith(",") and after.startswith(("}", "]")):
        return f"no JSON at line {line}, column {column}: a comma with nothing behind it"
    if error.msg.startswith("Expecting ','") and after.startswith('"'):
        return (
            f"no JSON at line {line}, column {column}: a comma is missing behind what stands there"
        )
    return f"no JSON at line {error.lineno}, column {error.colno} ({error.msg})"


def _kind_of(value: object) -> str:
    return "a text" if isinstance(value, str) else shown(value)


def _short(name: str) -> str:
    """A key as it stands in the file: without quotes where it is a plain word."""
    return name if re.fullmatch(r"\w{1,40}", name) else shown(name)


def others_may_read(path: Path) -> bool:
    """Whether every user of this machine may read or write the file (POSIX mode bits)."""
    if os.name != "posix":
        return False
    try:
        return bool(path.stat().st_mode & 0o006)
    except OSError:
        return False
