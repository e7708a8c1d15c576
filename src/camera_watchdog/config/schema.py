"""The configuration as JSON Schema, for editors, and a sample of it; both from the one table of keys."""

from collections.abc import Mapping
from typing import Any, Final

from camera_watchdog.config.keys import KEYS, Key
from camera_watchdog.config.values import Kind, Shape

__all__ = ["SCHEMA_NAME", "json_schema", "sample"]

SCHEMA_NAME: Final = "camera_config.schema.json"
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_REQUIRED: Final = ("watch_dir", "api_url")
"""The token and the database may come from elsewhere, or not be needed."""
_TYPES: Final = {
    Shape.TEXT: "string",
    Shape.NUMBER: "number",
    Shape.SWITCH: "boolean",
    Shape.LIST: "array",
}
_TABLE: Final = ["string", "object"]
"""A word, or a table."""
_SAMPLE: Final[Mapping[str, object]] = {
    "watch_dir": "D:/FundusCamera/Export",
    "db_path": "C:/ProgramData/FundusCamera/patients.db",
    "api_url": "https://edc.example.org",
    "token_file": "token.txt",
    "device_id": "",
    "site_id": "",
    "timezone": "",
    "db_image_captured_at": None,
}
_MATTER: Final = (
    *_SAMPLE,
    "report_type",
    *(key.name for key in KEYS if key.name.startswith("db_") and key.name not in _SAMPLE),
    "eye_sources",
    "subject_folder_pattern",
    "archive_dir",
    "state_dir",
    "log_file",
    "incomplete_after",
    "max_file_size_mb",
)


def json_schema() -> dict[str, Any]:
    """What the file may hold. An editor that knows it completes keys and marks mistakes."""
    return {
        "$schema": _DRAFT,
        "title": "camera-watchdog configuration",
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "description": "where this schema is"},
            **{key.name: _property(key) for key in KEYS},
        },
        "required": list(_REQUIRED),
        "additionalProperties": False,
    }


def _property(key: Key) -> dict[str, Any]:
    told = _value(key.kind)
    told["description"] = f"{key.help}: {key.kind.accepted}"
    if key.default is None and key.name not in _REQUIRED:
        names = told["type"] if isinstance(told["type"], list) else [told["type"]]
        told["type"] = [*names, "null"]
    if key.default is not None:
        told["default"] = key.default
    return told


def _value(kind: Kind) -> dict[str, Any]:
    """What a value may be."""
    if kind.shape is Shape.TABLE:
        parts = {
            name: _value(part) | {"description": words}
            for name, (part, words) in kind.parts.items()
        }
        return {"type": _TABLE, "properties": parts, "additionalProperties": False}
    if kind.shape is Shape.MAPPING:
        return {"type": "object", "additionalProperties": {"type": "string"}}
    told: dict[str, Any] = {"type": _TYPES[kind.shape]}
    if kind.shape is Shape.LIST:
        told["items"] = {"type": "string"}
        if kind.options:
            told["items"]["enum"] = list(kind.options)
    elif kind.options:
        told["enum"] = list(kind.options)
    return told


def sample(given: Mapping[str, object]) -> dict[str, object]:
    """A configuration with every key that matters; ``given`` values take the sample's places.

    Paths that have their default elsewhere are ``null``.
    """
    defaults = {key.name: key.default for key in KEYS}
    values = {name: _SAMPLE.get(name, defaults[name]) for name in _MATTER} | dict(given)
    if "token" in given:
        del values["token_file"]
    ordered = {key.name: values[key.name] for key in KEYS if key.name in values}
    return {"$schema": SCHEMA_NAME, **ordered}
