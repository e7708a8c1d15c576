import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from camera_watchdog.config import load
from camera_watchdog.config.keys import KEYS
from camera_watchdog.config.schema import SCHEMA_NAME, json_schema, sample
from camera_watchdog.errors import ConfigError

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "null": (type(None),),
    "object": (dict,),
}


def mistakes(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """What the words of JSON Schema that ours uses say against a document."""
    found = [f"{name} is required" for name in schema["required"] if name not in document]
    for name, value in document.items():
        rule = schema["properties"].get(name)
        if rule is None:
            found.append(f"{name} is not allowed")
            continue
        names = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        allowed = tuple(kind for each in names for kind in TYPES[each])
        if not isinstance(value, allowed) or (isinstance(value, bool) and "boolean" not in names):
            found.append(f"{name} is no {names}")
        items = value if isinstance(value, list) else []
        options = rule.get("items", {}).get("enum") if items else rule.get("enum")
        found += [
            f"{name}: {each} is none of {options}"
            for each in items or [value]
            if options is not None and each is not None and each not in options
        ]
    return found


def test_every_key_is_in_the_schema_with_its_default() -> None:
    properties = json_schema()["properties"]
    assert set(properties) == {"$schema"} | {key.name for key in KEYS}
    for key in KEYS:
        assert properties[key.name].get("default") == key.default
        assert key.kind.accepted in properties[key.name]["description"]
    defaults = {key.name: key.default for key in KEYS if key.default is not None}
    assert mistakes({"watch_dir": "a", "api_url": "b", **defaults}, json_schema()) == []


def test_the_sample_and_the_example_are_as_the_schema_says() -> None:
    example = json.loads(
        (Path(__file__).parents[2] / "camera_config.example.json").read_text("utf-8")
    )
    assert mistakes(sample({}), json_schema()) == []
    assert mistakes(example, json_schema()) == []


@pytest.mark.parametrize(
    "change,said",
    [
        ({"watch_dri": "x"}, "watch_dri is not allowed"),
        ({"workers": "4"}, "workers is no"),
        ({"workers": True}, "workers is no"),
        ({"report_type": "both"}, "report_type: both is none of"),
        ({"eye_sources": ["guess"]}, "eye_sources: guess is none of"),
        ({"watch_dir": None}, "watch_dir is no"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    document = {**sample({}), **change}
    assert any(line.startswith(said) for line in mistakes(document, json_schema()))
    path = tmp_path / "camera_config.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigError):
        load(path, {}, {}, needs=frozenset({"watch_dir"}))


def test_the_sample_can_be_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "camera_config.json"
    path.write_text(json.dumps(sample({})))
    (tmp_path / "token.txt").write_text("abc")
    (tmp_path / "token.txt").chmod(0o600)
    config = load(path, {}, {})
    assert config.token == "abc"
    assert config.state_dir == config.watch_dir / ".camera-watchdog"
    assert config.warnings == ()


def test_what_is_given_takes_the_samples_place_in_the_order_of_the_documentation() -> None:
    made = sample({"token": "abc", "workers": 2, "watch_dir": "/x"})
    assert "token_file" not in made
    assert (made["$schema"], made["watch_dir"], made["workers"]) == (SCHEMA_NAME, "/x", 2)
    names = [key.name for key in KEYS if key.name in made]
    assert list(made) == ["$schema", *names]
