"""Every live exam by its folder: one claimant, the right turn, nothing forgotten."""

import dataclasses
import threading
from collections import Counter
from datetime import timedelta

import pytest

from camera_watchdog.model import Exam, ExamFile, State
from camera_watchdog.registry import Registry
from exam_parts import NOON, exam
from exam_parts import file as exam_file


def filled(*exams: Exam, due: float | None = 0.0) -> Registry:
    registry = Registry()
    for one in exams:
        registry.add(one)
        claimed = registry.claim_folder(one.folder)
        assert claimed is one
        registry.release(one, due=due)
    return registry


def named(folder: str, *files: ExamFile, **changes: object) -> Exam:
    return exam(*files, folder=folder, subject=folder, **({"state": State.READY} | changes))


def claimed_folder(registry: Registry, now: float = 0, *, server_is_away: bool = False) -> str:
    found = registry.claim_due(now, server_is_away=server_is_away)
    return found.folder if found else ""


def test_an_exam_has_one_claimant_at_a_time() -> None:
    one = named("S1")
    registry = filled(one)
    assert registry.claim_due(0, server_is_away=False) is one
    assert registry.claim_due(0, server_is_away=False) is None
    assert registry.claim_folder("S1") is None
    registry.release(one)
    assert registry.claim_folder("S1") is one
    assert registry.claim_due(99, server_is_away=False) is None


def test_retries_let_each_other_pass_though_those_before_are_due_again_before_all_had_a_turn() -> (
    None
):
    held = [named(f"S{number}", state=State.HELD) for number in range(10)]
    late = named("S99", attempts=1, last_change=NOON + timedelta(hours=1))
    registry, seen = filled(*held, late), []
    for now in range(1, 23):
        one = registry.claim_due(now, server_is_away=False)
        assert one is not None
        seen.append(one.folder)
        registry.release(one, due=now + 5)
    assert {*Counter(seen).values()} == {2}


def test_what_the_sweep_has_no_worker_gets_though_it_is_due() -> None:
    registry = filled(named("S1"), due=7)
    one = registry.claim_folder("S1")
    assert one is not None
    assert registry.claim_due(8, server_is_away=False) is None
    assert registry.next_due(server_is_away=False) is None
    registry.release(one, keep_due=True)
    assert registry.claim_due(8, server_is_away=False) is one


def test_a_hundred_threads_never_have_the_same_exam() -> None:
    registry = filled(*(named(f"S{number}") for number in range(5)))
    having: Counter[str] = Counter()
    most: list[int] = []
    taken: Counter[str] = Counter()
    guard = threading.Lock()

    def work() -> None:
        for now in range(200):
            one = registry.claim_due(now, server_is_away=False)
            if one is None:
                continue
            with guard:
                having[one.folder] += 1
                taken[one.folder] += 1
                most.append(having[one.folder])
            with guard:
                having[one.folder] -= 1
            registry.release(one, due=now)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert set(taken) == {f"S{number}" for number in range(5)}


def test_nothing_is_claimed_before_it_is_due() -> None:
    registry = filled(named("S1"), due=10)
    assert claimed_folder(registry, 9.9) == ""
    assert registry.next_due(server_is_away=False) == 10
    assert claimed_folder(registry, 10) == "S1"
    assert registry.next_due(server_is_away=False) is None


def test_an_exam_that_waits_for_a_change_is_never_due() -> None:
    registry = filled(named("S1"), due=None)
    assert claimed_folder(registry, 1e9) == ""
    assert registry.next_due(server_is_away=False) is None


def test_fresh_exams_go_before_retries_and_holds_and_the_oldest_last_byte_goes_first() -> None:
    later = NOON + timedelta(minutes=5)
    registry = filled(
        named("held", state=State.HELD, last_change=NOON - timedelta(days=9)),
        named("retry", attempts=1, last_change=NOON - timedelta(days=8)),
        named("fresh, later", last_change=later),
        named("fresh, older", last_change=NOON),
    )
    turns = [claimed_folder(registry) for _ in range(5)]
    assert turns == ["fresh, older", "fresh, later", "held", "retry", ""]


def test_while_the_server_is_away_only_what_waits_for_it_waits() -> None:
    registry = filled(named("S1"), named("S2"))
    one = registry.claim_folder("S1")
    assert one is not None
    registry.release(one, due=0, for_server=True)
    assert claimed_folder(registry, 5, server_is_away=True) == "S2"
    assert claimed_folder(registry, 5, server_is_away=True) == ""
    assert registry.next_due(server_is_away=True) is None
    assert registry.next_due(server_is_away=False) == 0
    registry.wake(now=5)
    assert claimed_folder(registry, 5, server_is_away=False) == "S1"


def test_waking_for_the_server_leaves_alone_what_waits_for_something_else() -> None:
    registry = filled(named("S1"), due=100)
    registry.wake(now=5)
    assert registry.next_due(server_is_away=False) == 100
    registry.wake(folders=["S1", "nobody's"], now=5)
    assert claimed_folder(registry, 5) == "S1"


def test_a_change_while_a_worker_has_it_is_told_to_the_worker_and_at_release() -> None:
    registry = filled(named("S1"))
    assert not registry.mark_changed("S1")
    assert not registry.mark_changed("nobody's")
    one = registry.claim_due(0, server_is_away=False)
    assert one is not None
    assert not registry.has_changed("S1")
    assert registry.mark_changed("S1")
    assert registry.has_changed("S1")
    assert registry.release(one) is True
    assert not registry.has_changed("S1")


def test_a_worker_begins_without_old_news() -> None:
    registry = filled(named("S1"))
    one = registry.claim_folder("S1")
    assert one is not None
    registry.mark_changed("S1")
    assert registry.release(one, due=1) is True
    assert registry.claim_due(1, server_is_away=False) is one
    assert not registry.has_changed("S1")
    assert registry.release(one) is False


def test_what_is_archived_or_gone_is_forgotten() -> None:
    for end in (State.ARCHIVED, State.GONE):
        registry = filled(named("S1"))
        one = registry.claim_folder("S1")
        assert one is not None
        registry.release(dataclasses.replace(one, state=end))
        assert registry.get("S1") is None
        assert registry.exams() == []
        assert registry.claim_folder("S1") is None


def test_the_sweep_may_leave_alone_when_an_exam_is_due() -> None:
    registry = filled(named("S1"), due=7)
    one = registry.claim_folder("S1")
    assert one is not None
    registry.release(one, keep_due=True)
    assert registry.next_due(server_is_away=False) == 7


def test_what_somebody_has_is_listed_but_not_at_rest() -> None:
    one, two = named("S1"), named("S2")
    registry = filled(one, two)
    registry.claim_folder("S1")
    assert registry.exams() == [one, two]
    assert registry.exams_at_rest() == [None, two]


def test_a_worker_that_waits_is_woken_by_a_release() -> None:
    registry = filled(named("S1"))
    one = registry.claim_folder("S1")
    assert one is not None
    woken = threading.Event()

    def wait() -> None:
        registry.wait(60, news=registry.news)
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    while not woken.wait(0.01):
        registry.notify()
    thread.join()
    assert woken.is_set()


def test_what_is_released_between_the_look_and_the_wait_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = filled(named("S1"))
    waits: list[float] = []
    monkeypatch.setattr(registry._lock, "wait", waits.append)
    news = registry.news
    registry.wait(60, news=news)
    one = registry.claim_folder("S1")
    assert one is not None
    registry.release(one, due=0)
    registry.wait(60, news=news)
    registry.wait(60, news=registry.news)
    registry.wake(now=1)
    registry.wait(60, news=news + 1)
    assert waits == [60, 60]


def with_pictures(folder: str, *sha256: str, **changes: object) -> Exam:
    files = [exam_file(f"{number}.jpg", sha256=s) for number, s in enumerate(sha256)]
    return named(folder, *files, **changes)


def test_exams_with_a_picture_in_common_are_not_on_their_way_at_the_same_time() -> None:
    later = NOON + timedelta(hours=1)
    one, other = with_pictures("S1", "a", "b"), with_pictures("S2", "c", "b", last_change=later)
    last = with_pictures("S3", "d", last_change=later + timedelta(hours=1))
    registry = filled(one, other, last)
    assert claimed_folder(registry) == "S1"
    assert claimed_folder(registry) == "S3"
    assert claimed_folder(registry) == ""
    assert registry.next_due(server_is_away=False) is None
    registry.release(one.but(state=State.ARCHIVED))
    assert registry.next_due(server_is_away=False) == 0
    assert claimed_folder(registry) == "S2"


def test_what_was_sent_of_a_file_counts_as_its_content_though_it_is_another_one_now() -> None:
    retaken = named("S1", exam_file("1.jpg", sha256="new", sent_sha256="old"))
    registry = filled(retaken, with_pictures("S2", "old", last_change=NOON + timedelta(hours=1)))
    assert claimed_folder(registry) == "S1"
    assert claimed_folder(registry) == ""


def test_files_that_were_not_read_yet_have_nothing_in_common() -> None:
    registry = filled(with_pictures("S1", ""), with_pictures("S2", ""))
    assert {claimed_folder(registry), claimed_folder(registry)} == {"S1", "S2"}


def test_what_the_sweep_has_keeps_no_other_exam_waiting() -> None:
    registry = filled(with_pictures("S1", "a"), with_pictures("S2", "a"))
    assert registry.claim_folder("S1") is not None
    assert claimed_folder(registry) == "S2"


def test_who_waits_is_woken_by_the_end_of_an_exam_that_kept_another_back() -> None:
    later = NOON + timedelta(hours=1)
    pairs = [
        (with_pictures(f"A{n}", str(n)), with_pictures(f"B{n}", str(n), last_change=later))
        for n in range(200)
    ]
    registry = filled(*(one for pair in pairs for one in pair))
    woken = threading.Event()

    def wait() -> None:
        registry.wait(60, news=registry.news)
        woken.set()

    assert [claimed_folder(registry) for _ in pairs] == [one.folder for one, _ in pairs]
    thread = threading.Thread(target=wait)
    thread.start()
    for one, _ in pairs:
        assert claimed_folder(registry) == ""  # each of the others is kept back
        registry.release(one.but(state=State.ARCHIVED))
        assert claimed_folder(registry) != ""
        if woken.wait(0.01):
            break
    assert woken.is_set()
    thread.join()
