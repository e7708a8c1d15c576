"""Imports point one way, modules and functions stay short: read from the syntax tree."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import camera_watchdog
import camera_watchdog_demo

PACKAGE: Final = "camera_watchdog"
ROOT: Final = Path(camera_watchdog.__file__).parent
SOURCES: Final = sorted(ROOT.rglob("*.py"))
ALL_SOURCES: Final = [*SOURCES, *sorted(Path(camera_watchdog_demo.__file__).parent.rglob("*.py"))]

PURE: Final = {
    "after_archive",
    "alerts",
    "ambiguity",
    "archive",
    "attention",
    "backlog",
    "capture",
    "checks",
    "command_line",
    "completeness",
    "content",
    "edc_api.answers",
    "edc_api.names",
    "entry_dates",
    "entries",
    "errors",
    "eye_in_name",
    "eye_rows",
    "row_claims",
    "intake",
    "kinds",
    "late",
    "laterality",
    "lifecycle",
    "listing",
    "live_folder",
    "mapping",
    "message_bodies",
    "model",
    "objections",
    "obstacles",
    "once",
    "other_subject",
    "overrides",
    "overview",
    "overview_json",
    "path_names",
    "patient_ids",
    "person",
    "readings",
    "reasons",
    "receipt_check",
    "receipt_reading",
    "report",
    "resend_eyes",
    "row_changes",
    "resemblance",
    "row_names",
    "row_times",
    "same_row",
    "row_values",
    "rows_after",
    "rows_between_visits",
    "stored_times",
    "rows_of_before",
    "rows_while_waiting",
    "sent_anew",
    "stability",
    "status_page",
    "two_kinds",
    "visits",
    "write_failures",
}
"""Decisions: the same in, the same out. ``content`` reads from a file that it is given open."""

EDGES: Final = {"camera_db", "disk", "edc_api", "journal", "messenger", "watcher"}
"""Each knows one thing outside the program, and none of the others. A package is one edge."""

CORE: Final = {
    "archive_place",
    "camera_rows",
    "copied_back",
    "day_checks",
    "deliver",
    "elapsed",
    "eye_reasons",
    "eyes",
    "finish",
    "identify",
    "lookalikes",
    "pipeline",
    "proof",
    "reason_log",
    "same_bytes",
    "screening",
    "server_memory",
    "session_checks",
    "rows_elsewhere",
    "sessions",
    "steps",
    "uploads",
}
"""Sees the edges through the protocols in ``steps``."""

IMPURE: Final = {
    "after_archive",
    "asyncio",
    "ctypes",
    "filelock",
    "http",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "requests",
    "select",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "truststore",
    "urllib.request",
    "urllib3",
    "watchdog",
}

MAX_MODULE_LINES: Final = 400
MAX_FUNCTION_LINES: Final = 60


def module_of(path: Path) -> str:
    """``edc_api.client`` for ``edc_api/client.py``, ``content`` for ``content/__init__.py``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES: Final = {module_of(path): path for path in SOURCES}


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a module imports, wherever the import stands; ours without the package."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            ours = [n for n in submodules if n.removeprefix(f"{PACKAGE}.") in MODULES]
            names = ours or [node.module or ""]
        else:
            continue
        yield from names


def ours(path: Path) -> set[str]:
    return {
        name.removeprefix(f"{PACKAGE}.")
        for name in imports_of(path)
        if name.startswith(f"{PACKAGE}.")
    }


def is_of(module: str, group: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in group)


def edge_of(module: str) -> str:
    """The edge that a module is, or is a part of (``journal_rows``); empty for others."""
    if is_of(module, PURE):
        return ""
    whole = module.partition(".")[0]
    return next((edge for edge in EDGES if whole == edge or whole.startswith(f"{edge}_")), "")


PURE_MODULES: Final = sorted(name for name in MODULES if is_of(name, PURE))
EDGE_MODULES: Final = sorted(name for name in MODULES if edge_of(name))


def test_every_module_that_the_rules_name_is_there() -> None:
    named = PURE | EDGES | CORE | {"cli", "config", "daemon", "registry"}
    assert {name for name in named if not any(is_of(m, {name}) for m in MODULES)} == set()


@pytest.mark.parametrize("module", PURE_MODULES)
def test_pure_modules_import_pure_ones_only(module: str) -> None:
    path = MODULES[module]
    assert {name for name in ours(path) if not is_of(name, PURE)} == set()
    outside = {name for name in imports_of(path) if not name.startswith(PACKAGE)}
    libraries = {name.partition(".")[0] for name in outside} - sys.stdlib_module_names
    assert libraries == ({"pydicom"} if module == "content.dicom_reader" else set())
    impure = {name for name in outside if is_of(name, IMPURE)}
    assert impure == set()


@pytest.mark.parametrize("module", PURE_MODULES)
def test_pure_modules_open_nothing_and_ask_no_clock(module: str) -> None:
    called = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called.add(ast.unparse(node.func))
    assert called & {"open", "print", "input", "datetime.now", "datetime.utcnow", "date.today"} == (
        set()
    )


@pytest.mark.parametrize("module", EDGE_MODULES)
def test_edges_import_pure_modules_and_themselves_only(module: str) -> None:
    others = {name for name in ours(MODULES[module]) if not is_of(name, PURE)}
    assert {name for name in others if edge_of(name) != edge_of(module)} == set()


@pytest.mark.parametrize("module", sorted(CORE))
def test_the_pipeline_sees_the_edges_through_its_protocols_only(module: str) -> None:
    assert {n for n in ours(MODULES[module]) if not is_of(n, PURE | CORE)} == set()


def test_the_registry_has_a_lock_and_nothing_else() -> None:
    path = MODULES["registry"]
    assert {name for name in ours(path) if not is_of(name, PURE)} == set()
    outside = {name for name in imports_of(path) if not name.startswith(PACKAGE)}
    pure = {"collections.abc", "dataclasses", "datetime"}
    assert outside == {"threading"} | pure


@pytest.mark.parametrize("module", sorted(m for m in MODULES if not m.startswith("commands")))
def test_only_the_roots_see_the_daemon_and_the_command_line(module: str) -> None:
    if module in {"cli", "__main__"}:
        return
    assert not {"cli", "daemon"} & ours(MODULES[module])


@pytest.mark.parametrize("module", [*PURE_MODULES, *EDGE_MODULES, *sorted(CORE), "registry"])
def test_nothing_but_the_roots_knows_the_configuration(module: str) -> None:
    assert not any(is_of(name, {"config"}) for name in ours(MODULES[module]))


def test_the_daemons_parts_never_import_the_demo() -> None:
    guilty = {
        module
        for module, path in MODULES.items()
        if any(is_of(name, {"camera_watchdog_demo"}) for name in imports_of(path))
    }
    assert guilty <= {"cli", "commands.demo"}


@pytest.mark.parametrize("path", ALL_SOURCES, ids=lambda path: path.stem)
def test_no_module_is_a_drawer_for_odds_and_ends(path: Path) -> None:
    assert path.stem.lower() not in {"util", "utils", "helper", "helpers", "misc", "common"}


@pytest.mark.parametrize("path", ALL_SOURCES, ids=lambda path: path.stem)
def test_modules_and_functions_stay_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) < MAX_MODULE_LINES
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
        if node.end_lineno - node.lineno + 1 >= MAX_FUNCTION_LINES
    }
    assert long == {}


@pytest.mark.parametrize("path", ALL_SOURCES, ids=lambda path: path.stem)
def test_every_module_says_what_it_is_and_what_it_offers(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree)
    defined = {n.name for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef)}
    offered = next(
        (
            {ast.literal_eval(item) for item in node.value.elts}
            for node in tree.body
            if isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "__all__"
            and isinstance(node.value, ast.List | ast.Tuple)
        ),
        None,
    )
    public = {name for name in defined if not name.startswith("_")}
    assert offered is not None or not public
