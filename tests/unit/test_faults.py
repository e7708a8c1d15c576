"""Every fault of the design has its tests, and none of them is passed over."""

import ast
import functools
from pathlib import Path
from types import SimpleNamespace
from typing import Final, NamedTuple

import pytest

from faults import FAULTS

TESTS: Final = Path(__file__).parents[1]
ROWS: Final = frozenset(range(1, 112))
"""Of the design, by their numbers; most of 79 to 91 are about waiting, starting and reading."""
TOLD: Final = {
    "tried again": {4, 14, 24, 26, 27, 31, 38, 41, 46, 53},
    "held": {7, 11, 13, 15, 16, 17, 18, 20, 21, 22, 23, 38, 40, 41, 43, 44, 45, 54, 57, 58, 62},
    "behind the gate": {30, 34, 35, 36},
}
"""What is said to an operator: rows R, H and S of the design, and those of their kind."""
NAMED: Final = sorted({test for fault in FAULTS.values() for test in fault.tests})


class _File(NamedTuple):
    source: str
    functions: dict[str, ast.FunctionDef]
    assigned: dict[str, ast.expr]


@functools.cache
def read(path: str) -> _File:
    source = (TESTS / path).read_text("utf-8")
    body = ast.parse(source).body
    functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    assigned = {
        target.id: node.value
        for node in body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return _File(source, functions, assigned)


def taken_apart(test: str) -> tuple[_File, str, str]:
    path, _, name = test.partition("::")
    function, _, case = name.removesuffix("]").partition("[")
    return read(path), function, case


def marks(file: _File, function: str) -> list[ast.expr]:
    """What decorates a test, itself or with its module; a mark that has a name, as what it names."""
    found = [*file.functions[function].decorator_list]
    if (whole := file.assigned.get("pytestmark")) is not None:
        found += whole.elts if isinstance(whole, ast.List | ast.Tuple) else [whole]
    return [file.assigned.get(m.id, m) if isinstance(m, ast.Name) else m for m in found]


def is_passed_over(mark: ast.expr) -> bool:
    """Whether a mark keeps a test from running, or from failing, where the whole suite must run."""
    words = ast.unparse(mark.func if isinstance(mark, ast.Call) else mark)
    if words in {"pytest.mark.skip", "pytest.mark.xfail"}:
        return True
    if words != "pytest.mark.skipif" or not isinstance(mark, ast.Call):
        return False
    condition = compile(ast.Expression(mark.args[0]), "a mark", "eval")
    on_linux = {"sys": SimpleNamespace(platform="linux"), "__builtins__": {}}
    return bool(eval(condition, on_linux))  # noqa: S307 - a condition of our own tests


def asserts(file: _File, function: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether it, or what it calls of its file, can fail."""
    if function in seen or function not in file.functions:
        return False
    for node in ast.walk(file.functions[function]):
        if isinstance(node, ast.Assert) or ast.unparse(node) == "pytest.raises":
            return True
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).rpartition(".")[2]
        if called.startswith("check_") or asserts(file, called, seen | {function}):
            return True
    return False


def test_every_row_is_there() -> None:
    assert FAULTS.keys() <= ROWS
    assert FAULTS.keys() >= ROWS
    assert all(fault.what and fault.tests for fault in FAULTS.values())
    assert len({fault.what for fault in FAULTS.values()}) == len(FAULTS)


@pytest.mark.parametrize("how", TOLD)
def test_every_row_that_waits_shows_what_is_said_and_that_it_goes_on(how: str) -> None:
    silent = [
        row
        for row in sorted(TOLD[how])
        if not any(test.startswith("integration/test_faults_told.py") for test in FAULTS[row].tests)
    ]
    assert silent == []


@pytest.mark.parametrize("test", NAMED)
def test_every_test_is_there_and_is_not_passed_over(test: str) -> None:
    file, function, case = taken_apart(test)
    assert function in file.functions
    assert f'"{case}"' in file.source or not case
    assert [ast.unparse(m) for m in marks(file, function) if is_passed_over(m)] == []
    calls = [ast.unparse(node) for node in ast.walk(file.functions[function])]
    assert "pytest.skip" not in calls
    assert asserts(file, function)


def test_every_row_is_shown_without_a_server_that_has_to_be_downloaded() -> None:
    for number, fault in FAULTS.items():
        here = [
            test
            for test in fault.tests
            if not any(
                ast.unparse(mark).startswith("pytest.mark.real_edc")
                for mark in marks(*taken_apart(test)[:2])
            )
        ]
        assert here, number


@pytest.mark.parametrize(
    "mark, passed_over",
    [
        ("pytest.mark.skip", True),
        ("pytest.mark.skip(reason='later')", True),
        ("pytest.mark.xfail(strict=True)", True),
        ("pytest.mark.skipif(sys.platform == 'linux', reason='')", True),
        ("pytest.mark.skipif(sys.platform != 'linux', reason='')", False),
        ("pytest.mark.skipif(sys.platform == 'win32', reason='')", False),
        ("pytest.mark.parametrize('a', [1])", False),
    ],
)
def test_a_mark_that_passes_a_test_over_is_known(mark: str, *, passed_over: bool) -> None:
    assert is_passed_over(ast.parse(mark, mode="eval").body) is passed_over
