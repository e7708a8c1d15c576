import json

import pytest

from camera_watchdog.checks import (
    Finding,
    as_json,
    as_text,
    exit_code,
    note,
    odd,
    ok,
    unseen,
    wrong,
)

CONFIG = wrong("db_path", "nothing", "Set it.", code=78)
TOKEN = wrong("EDC", "it refuses the token", "Ask for one.", code=77)


@pytest.mark.parametrize(
    "findings,code",
    [
        ([], 0),
        ([ok("a", "b"), note("a", "b")], 0),
        ([ok("a", "b"), odd("a", "b", "c")], 1),
        ([wrong("a", "b", "c")], 1),
        ([wrong("a", "b", "c"), TOKEN], 77),
        ([TOKEN, CONFIG], 78),
    ],
)
def test_the_exit_code_is_the_weightiest(findings: list[Finding], code: int) -> None:
    assert exit_code(findings) == code


def test_a_finding_is_one_line_with_its_mark_and_how_to_mend_it() -> None:
    assert str(CONFIG) == "!! WRONG  db_path: nothing -> Set it."
    assert str(ok("clock", "agrees")) == "OK        clock: agrees"
    hostile = str(note("exam in x\n\x1b[2J", "\u2028"))
    assert hostile.isprintable()
    assert len(hostile.splitlines()) == 1


def test_the_sum_says_what_is_left_to_do() -> None:
    assert as_text([ok("a", "b"), note("c", "d")]).endswith("\nAll is well.\n")
    open_still = [ok("a", "b"), unseen("c", "d", "e")]
    assert exit_code(open_still) == 0
    assert as_text(open_still).endswith("nothing to see yet: see the lines with -- above.\n")
    both = as_text([CONFIG, odd("a", "b", "c")])
    assert both.endswith("\n1 wrong and 1 to look at: see the lines with !! and ?? above.\n")
    assert as_text([CONFIG]).endswith("\n1 wrong: see the lines with !! above.\n")
    alone = as_text([odd("a", "b", "c"), note("d", "e")])
    assert alone.endswith("\n1 to look at: see the lines with ?? above.\n")


def test_the_same_for_a_program() -> None:
    told = json.loads(as_json([CONFIG, ok("a", "b")], exams=[]))
    assert told["ok"] is False
    assert told["exams"] == []
    assert told["findings"][0] == {
        "mark": "wrong",
        "tried": "db_path",
        "found": "nothing",
        "mend": "Set it.",
    }
