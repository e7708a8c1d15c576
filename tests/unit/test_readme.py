"""The README is checked against the code that it describes."""

import io
import json
from collections import defaultdict
from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from camera_watchdog.config import RUN_NEEDS, load
from camera_watchdog.config.keys import KEYS, Key
from camera_watchdog.reasons import REASONS, in_commands

ROOT = Path(__file__).resolve().parents[2]


class _Capitals(defaultdict[str, str]):
    """``{subject}`` stands in the README as ``SUBJECT``, a command as it is for no file in particular."""

    def __init__(self) -> None:
        super().__init__(str, in_commands("WHO", ()))

    def __missing__(self, name: str) -> str:
        return name.upper()


@pytest.fixture(scope="module")
def readme() -> nodes.document:
    complaints = io.StringIO()
    text = (ROOT / "README.rst").read_text("utf-8")
    settings = {"report_level": 1, "halt_level": 5, "warning_stream": complaints}
    document = publish_doctree(text, source_path="README.rst", settings_overrides=settings)
    assert not complaints.getvalue()
    return document


def _first(node: nodes.Node, kind: type[nodes.Node]) -> str:
    found = node.next_node(kind)
    assert found is not None
    return found.astext()


def _section(readme: nodes.document, title: str) -> nodes.section:
    found = [s for s in readme.findall(nodes.section) if _first(s, nodes.title) == title]
    assert len(found) == 1, f"the README has no section {title!r}, or several"
    return found[0]


def _written_default(key: Key) -> str:
    if key.name in RUN_NEEDS:
        return "required"
    if key.default_in_words:
        return key.default_in_words
    if key.default in (None, []):
        return "none"
    if isinstance(key.default, list):
        return ", ".join(key.default)
    if isinstance(key.default, bool):
        return json.dumps(key.default)
    return str(key.default) or "empty"


def test_the_reference_has_every_key_with_its_default_and_meaning(readme: nodes.document) -> None:
    rows = [
        tuple(cell.astext().replace("\n", " ") for cell in row.findall(nodes.entry))
        for body in _section(readme, "Configuration reference").findall(nodes.tbody)
        for row in body.findall(nodes.row)
    ]

    assert sorted(rows) == sorted((key.name, _written_default(key), key.help) for key in KEYS)


def test_troubleshooting_has_every_reason_in_the_programs_own_words(
    readme: nodes.document,
) -> None:
    section = _section(readme, "What it does when something goes wrong")
    told = {
        _first(item, nodes.term): [
            paragraph.astext().replace("\n", " ") for paragraph in item.findall(nodes.paragraph)
        ]
        for item in section.findall(nodes.definition_list_item)
    }

    expected = {
        rule.code: [
            words.format_map(_Capitals()) for words in (rule.sentence, rule.next_step) if words
        ]
        for rule in REASONS.values()
    }
    assert told == expected


def test_every_json_example_is_a_valid_configuration(
    readme: nodes.document, tmp_path: Path
) -> None:
    (tmp_path / "token.txt").write_text("0123456789abcdef", "utf-8")
    examples = [
        block.astext()
        for block in readme.findall(nodes.literal_block)
        if "json" in block.get("classes", ())
    ]
    assert len(examples) >= 3
    for number, example in enumerate(examples):
        path = tmp_path / f"{number}.json"
        path.write_text(example, "utf-8")

        config = load(path, {}, {})

        assert config.api_url == json.loads(example)["api_url"]


def test_the_folder_pattern_in_the_readme_matches_the_folder_beside_it(
    readme: nodes.document, tmp_path: Path
) -> None:
    (tmp_path / "token.txt").write_text("0123456789abcdef", "utf-8")
    example = next(
        block.astext()
        for block in readme.findall(nodes.literal_block)
        if "subject_folder_pattern" in block.astext()
    )
    (tmp_path / "config.json").write_text(example, "utf-8")
    pattern = load(tmp_path / "config.json", {}, {}).subject_folder_pattern
    folder = "105-40-0023-8_20250131"
    assert folder in readme.astext()

    match = pattern.fullmatch(folder)

    assert match is not None
    assert match["subject_identifier"] == "105-40-0023-8"


def test_the_first_two_commands_are_the_demo_and_the_tests(readme: nodes.document) -> None:
    first_two = [block.astext() for block in readme.findall(nodes.literal_block)][:2]

    assert [command.rpartition("/uv run ")[2] for command in first_two] == [
        "camera-watchdog demo",
        "pytest",
    ]
    set_up = "python3 -m pip install --target .uv uv && "
    assert all(command.startswith(set_up) for command in first_two)


def test_every_file_that_the_readme_names_is_there(readme: nodes.document) -> None:
    named = {
        literal.astext()
        for literal in readme.findall(nodes.literal)
        if literal.astext().startswith((".github/", "src/", "camera_config.example"))
    }

    assert len(named) >= 4
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
