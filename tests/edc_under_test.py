"""What the tests ask of an EDC, whether it is a published release or an imitation of one.

A test written against :class:`EdcUnderTest` runs on both, which is what keeps the imitation honest.
"""

from typing import Protocol

from camera_watchdog_demo.edc_store import StoredFile
from canaries import AGE, INITIALS, SEX

__all__ = ["EdcUnderTest", "StoredFile"]


class EdcUnderTest(Protocol):
    """A running EDC server, and what its staff does beside the REST API."""

    url: str
    """``api_url``: scheme, host and port, without ``/api/retinopathy``."""
    token: str
    version: str

    def add_subject(
        self, subject: str, *, initials: str = INITIALS, sex: str = SEX, age: int = AGE
    ) -> None:
        """Register a subject, or correct the record, and the entries made from it."""

    def add_session(self, subject: str, *, report_type: str = "combined") -> str:
        """A clinician makes the entry, the subject's newest from then on; answers its id.

        0.1 has no such entry, since there resolve makes it: does nothing and answers "".
        """

    def delete_session(self, session_id: str) -> None:
        """Take a session away, with its files."""

    def stored_files(self, subject: str | None = None) -> list[StoredFile]:
        """Every file that the EDC's table lists, of one subject or of all."""

    def stop(self) -> None:
        """The server goes away; its port stays its own."""

    def start(self) -> None:
        """And comes back with its data, on the same port."""
