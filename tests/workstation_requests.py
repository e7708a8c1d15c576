"""What each workstation asked and sent, as its own line saw it, and whether it might send that.

A file may leave only after a question that was answered just before and since the last gap, and that showed
nothing of anybody else: no type of which the workstation had sent no file, and no more files of a type than it had
sent. What a loss costs, and who could have seen it, is told by the same record.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from camera_watchdog.edc_api.answers import SESSION_KEYS
from camera_watchdog_demo.camera import TakenFile
from relay import Exchange

__all__ = ["Requests", "keeps_one_of_a_type", "takes_a_file_twice", "writes_over_a_name"]

_STILL_TRUE_S: Final = 10.0
_SLACK_S: Final = 2.0
"""Of a machine that has much else to do."""
_OK: Final = range(200, 300)
_CREATED: Final = 201
_SERVER_ERROR: Final = 500


def keeps_one_of_a_type(release: str) -> bool:
    """Whether a second file of a type replaces the first, and ``resolve`` lists nothing."""
    return _numbers(release) < (0, 4)


def writes_over_a_name(release: str) -> bool:
    """Whether other bytes under a name that is stored destroy what is there."""
    return not keeps_one_of_a_type(release) and _numbers(release) < (0, 7, 8)


def takes_a_file_twice(release: str) -> bool:
    """Whether the same file sent again is answered, and tells by its status whether it was there."""
    return _numbers(release) >= (0, 8)


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


@dataclass(frozen=True, slots=True)
class _Request:
    """One request about the subject; ``file_type`` and ``name`` are those of an upload."""

    kind: str
    exchange: Exchange
    status: int
    said: dict[str, Any]
    file_type: str = ""
    name: str = ""

    @property
    def is_answered(self) -> bool:
        return self.status in _OK or (self.kind != "upload" and 0 < self.status < _SERVER_ERROR)

    @property
    def came_whole(self) -> bool:
        return self.exchange.mishap.passes >= 1


@dataclass(slots=True)
class Requests:
    """A workstation's requests about one subject, in their order, to a server of a release."""

    release: str
    exchanges: Iterable[Exchange]
    subject: str
    _all: list[_Request] = field(init=False)
    _strange: dict[int, Counter[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Read them; what each answer shows of others is told by what had been sent before it."""
        read = (_read(each, self.subject) for each in list(self.exchanges))
        self._all = sorted((r for r in read if r), key=lambda r: r.exchange.began_s)
        sent: dict[str, str] = {}
        for place, request in enumerate(self._all):
            if request.kind == "upload" and request.exchange.mishap.passes:
                sent[request.name] = request.file_type
            elif request.is_answered and "uploaded" in request.said:
                self._strange[place] = _listed(request) - Counter(sent.values())

    def check_sends(self) -> None:
        """Every send was asked about beforehand, and the answers showed nothing that is another's.

        Raises:
            AssertionError: one was not.
        """
        needed = {"status"} if keeps_one_of_a_type(self.release) else {"status", "resolve"}
        asked: dict[str, int] = {}
        sent = set[str]()
        for place, request in enumerate(self._all):
            told = f"{request.exchange.request_line} after\n{self._told(place)}"
            if request.kind != "upload":
                if request.is_answered:
                    asked[request.kind] = place
                else:
                    asked.clear()
                continue
            assert needed <= asked.keys(), f"sent without a question: {told}"
            for question in asked.values():
                strange = self._strange.get(question)
                assert not strange, f"sent though {dict(strange)} is another's: {told}"
            asked_s = self._all[asked["status"]].exchange.began_s
            age_s = request.exchange.began_s - asked_s
            assert age_s <= _STILL_TRUE_S + _SLACK_S, f"{age_s:.1f} s old: {told}"
            was_not_there = request.name in sent and request.status == _CREATED
            if not request.is_answered or (was_not_there and takes_a_file_twice(self.release)):
                asked.clear()
            if request.exchange.mishap.passes:
                sent.add(request.name)

    def check_proof(self, types: Iterable[str]) -> None:
        """The last answer of all listed everything, and nothing more than was sent where one was believed.

        Raises:
            AssertionError: it did not.
        """
        last = [r for r in self._all if r.kind == "status" and r.is_answered][-1]
        lacking = {*types} - {*last.said["uploaded"]}
        assert not lacking, f"archived though {lacking} was not listed:\n{self._told()}"

    def may_have_lost(self, file: TakenFile, others: Sequence["Requests"]) -> bool:
        """Whether a file of an archived exam may be gone without any client having seen it.

        - Another workstation's file took its place: before 0.4 one of its type, before 0.7.8 one of
          its name, after it was begun to be sent; since then one of its name that came while it was
          on its way, which the server does not see either. That the other one was shown nothing of
          ours at its last question is what ``check_sends`` looks at.
        - From 0.4 to 0.7: it never came whole, another workstation's file of its type did, and every
          list since then had as many files of each type as we had sent.
        """
        mine = [r for r in self._all if r.kind == "upload" and r.name == file.name]
        whole = [r for r in mine if r.came_whole]
        theirs = [r for other in others for r in other._all if r.kind == "upload" and r.came_whole]
        if any(self._takes_the_place(one, ours, file) for one in theirs for ours in whole):
            return True
        if (
            whole
            or not mine
            or keeps_one_of_a_type(self.release)
            or takes_a_file_twice(self.release)
        ):
            return False
        since = [
            strange
            for place, strange in self._strange.items()
            if self._all[place].exchange.began_s > mine[0].exchange.began_s
        ]
        listed_another = any(r.file_type == file.file_type for r in theirs)
        return listed_another and bool(since) and not any(since)

    def _takes_the_place(self, theirs: _Request, ours: _Request, file: TakenFile) -> bool:
        """Whether one of another workstation, that came whole, took the place of ours."""
        if theirs.exchange.ended_s < ours.exchange.began_s:
            return False
        if keeps_one_of_a_type(self.release):
            return theirs.file_type == file.file_type
        at_once = theirs.exchange.began_s < ours.exchange.ended_s
        return theirs.name == file.name and (at_once or writes_over_a_name(self.release))

    def story(self, until: int | None = None) -> list[str]:
        """What happened, a line each: when, what, how much of it came to the server, the answer."""
        return [
            f"{r.exchange.began_s:.2f} {r.exchange.request_line[:60]} {r.exchange.mishap.passes:g}"
            f" {r.status} {r.said.get('uploaded', '')}"
            for r in self._all[:until]
        ]

    def _told(self, until: int | None = None) -> str:
        return "\n".join(self.story(until))


def _listed(request: _Request) -> Counter[str]:
    listed = Counter(request.said["uploaded"])
    return listed if request.kind == "resolve" else Counter({*listed})


def _read(exchange: Exchange, subject: str) -> _Request | None:
    """The request, if it is about the subject."""
    method, address, _ = exchange.request_line.split(" ")
    path = address.partition("?")[0].removeprefix("/api/retinopathy/")
    status, said = _answer(exchange.answer)
    if path == "resolve/":
        asked = _document(exchange.body)
        mine = asked.get("subject_identifier") == subject
        return _Request("resolve", exchange, status, said) if mine else None
    about, _, rest = path.partition("/")
    if about != subject:
        return None
    if method == "GET":
        return _Request("status", exchange, status, said)
    assert all(f"{key}=" in address for key in SESSION_KEYS), address
    name = re.search(rb'filename="([^"]*)"', exchange.body)
    assert name, exchange.request_line
    return _Request("upload", exchange, status, said, rest.strip("/"), name[1].decode())


def _answer(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split(b" ")[1]), _document(body)) if head else (0, {})


def _document(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
