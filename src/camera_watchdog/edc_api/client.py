"""The EDC's REST API: what to ask it, in the program's types.

All releases of ``edc-retinopathy`` are spoken to alike; where they differ, the answers tell. HTTP's
statuses and the network's failures become the exceptions of :mod:`camera_watchdog.errors`. The
token is in one header and nowhere else.
"""

import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import BinaryIO, Final, Protocol

from camera_watchdog.edc_api.answers import (
    SESSION_KEYS,
    Answer,
    Resolution,
    SessionStatus,
    asks_for_token,
    check_ping,
    read_acknowledgement,
    read_resolution,
    read_status,
    server_time,
)
from camera_watchdog.edc_api.multipart import Multipart, capture_datetime, content_type
from camera_watchdog.edc_api.names import path_segment, unsafe_name, unsafe_subject
from camera_watchdog.edc_api.transport import Request, Transport
from camera_watchdog.errors import PermanentError, TransientError, Unauthorized
from camera_watchdog.model import Acknowledgement, Demographics, FileType

__all__ = ["EdcClient", "Token"]

_ROOT: Final = "/api/retinopathy"
_PING_S: Final = 5.0
_UPLOAD_MAX_IDLE_S: Final = 1.5
"""A server may close a kept connection just as an upload leaves: gunicorn does so after 2 s."""


class Token(Protocol):
    """The API key, which may be replaced."""

    def __call__(self) -> str:
        """What it is now."""

    def refused(self) -> bool:
        """It was refused; whether there is another one now."""


class _Unchanging:
    """A token that stays what it is."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self) -> str:
        return self._value

    def refused(self) -> bool:
        return False


class EdcClient:
    """The EDC, for one worker thread: its connection is kept between requests.

    Every request raises, beside what it says itself:

    * ``Unreachable``, ``CertificateRefused``, ``NotTheEdc``, ``Unauthorized``: of the whole server;
    * ``EdcFailure``: 429 and 5xx;
    * ``EdcRefusal``: what the EDC understood and refused;
    * ``PermanentError`` (``unsafe_name``): a name that cannot be sent; nothing left.

    Args:
        api_url: the server's address, without ``/api/retinopathy``.
        token: the API key; one that may be replaced is asked for at each request.
        request_timeout_s: seconds of silence, sending or waiting.
        ca_bundle: certificates to trust instead of the operating system's.
        proxy: a proxy to use instead of the operating system's.

    Raises:
        ValueError: if the address or the token cannot be used at all.
    """

    def __init__(
        self,
        *,
        api_url: str,
        token: str | Token,
        request_timeout_s: float,
        ca_bundle: str | None = None,
        proxy: str | None = None,
    ) -> None:
        self._token = _Unchanging(token) if isinstance(token, str) else token
        now = self._token()
        if not now or not now.isascii() or not now.isprintable():
            raise ValueError("the token must be printable ASCII")
        self._transport = Transport(
            api_url, request_timeout_s=request_timeout_s, ca_bundle=ca_bundle, proxy=proxy
        )
        self._other_headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            # What it says may be shown to people.
            "Accept-Language": "en",
            "User-Agent": f"camera-watchdog/{version('camera-watchdog')}",
        }

    def __repr__(self) -> str:
        """The server, and nothing secret."""
        return f"{type(self).__name__}({self._transport.host!r})"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self._token()}", **self._other_headers}

    def ping(self) -> None:
        """Return if the EDC answers and takes the token, within 5 s."""
        self.server_time()

    def server_time(self) -> datetime | None:
        """What the EDC's clock says, to the second, where it tells; asked by a ``ping``."""
        try:
            return self._ping()
        except Unauthorized:
            if not self._token.refused():
                raise
            return self._ping()

    def _ping(self) -> datetime | None:
        answer = self._ping_with(self._headers)
        without_token = None
        if asks_for_token(answer):
            with contextlib.suppress(TransientError):
                without_token = self._ping_with(self._other_headers)
        check_ping(answer, datetime.now(UTC), without_token=without_token)
        return server_time(answer)

    def _ping_with(self, headers: Mapping[str, str]) -> Answer:
        request = Request("GET", f"{_ROOT}/ping/", headers=headers, limit_s=_PING_S)
        return self._transport.exchange(request)

    def resolve(
        self, *, subject: str, device_id: str, site_id: str, demographics: Demographics | None
    ) -> Resolution:
        """Ask for the session that the subject's files belong to.

        Raises:
            PermanentError: (``wrong_acknowledgement``) if the answer names another subject.
        """
        _refuse(unsafe_subject(subject), "subject identifier")
        payload: dict[str, str | int] = {"subject_identifier": subject}
        # The server refuses blank ones, and does without.
        payload |= {k: v for k, v in (("device_id", device_id), ("site_id", site_id)) if v}
        if demographics is not None:
            payload |= {"initials": demographics.initials, "sex": demographics.sex}
            payload |= {} if demographics.age is None else {"age": demographics.age}
        body = json.dumps(payload).encode()
        request = Request(
            "POST",
            f"{_ROOT}/resolve/",
            blocks=(body,),
            length_bytes=len(body),
            headers=self._with({"Content-Type": "application/json"}),
        )
        answer = self._transport.exchange(request)
        return read_resolution(answer, subject=subject, now=datetime.now(UTC))

    def upload(
        self,
        *,
        subject: str,
        file_type: FileType,
        session_id: str,
        name: str,
        body: BinaryIO,
        size_bytes: int,
        sha256: str,
        captured_at: datetime,
    ) -> Acknowledgement:
        """Send one file, once; the caller compares the answer by :func:`~camera_watchdog.edc_api.answers.disagreement`.

        Args:
            subject: whose exam it is.
            file_type: which eye, or which report.
            session_id: the session it belongs to.
            name: the file's name, without a path.
            body: the file, opened for reading bytes, at its beginning.
            size_bytes: its size.
            sha256: its checksum, in hexadecimal digits.
            captured_at: when the picture was taken, with time zone.

        Raises:
            TransientError: (``file_busy``) if the file cannot be read, or is not of that size; the
                request is broken off.
        """
        _refuse(unsafe_subject(subject), "subject identifier")
        _refuse(unsafe_name(name), "file's name")
        form = Multipart.around(
            body,
            size_bytes=size_bytes,
            name=name,
            media_type=content_type(name, file_type),
            fields={"capture_datetime": capture_datetime(captured_at), "checksum": sha256},
        )
        answer = self._transport.exchange(
            self._upload_request(subject, file_type, session_id, form)
        )
        return read_acknowledgement(answer, subject=subject, now=datetime.now(UTC))

    def status(self, subject: str) -> SessionStatus:
        """What the subject's newest session holds.

        Raises:
            PermanentError: (``wrong_acknowledgement``) if the answer names another subject.
        """
        _refuse(unsafe_subject(subject), "subject identifier")
        target = f"{_ROOT}/{path_segment(subject)}/status/"
        answer: Answer = self._transport.exchange(Request("GET", target, headers=self._headers))
        return read_status(answer, subject=subject, now=datetime.now(UTC))

    def abort(self) -> None:
        """From another thread: give up the request in flight; later ones are not sent."""
        self._transport.abort()

    def close(self) -> None:
        """Close the connection; a later request opens another."""
        self._transport.close()

    def _upload_request(
        self, subject: str, file_type: FileType, session_id: str, form: Multipart
    ) -> Request:
        # A server reads one of the three and ignores the others. Without the one that it knows it
        # would take the subject's newest session.
        query = "&".join(f"{key}={path_segment(session_id)}" for key in SESSION_KEYS)
        media_type = f"multipart/form-data; boundary={form.boundary}"
        return Request(
            "POST",
            f"{_ROOT}/{path_segment(subject)}/{file_type.value}/?{query}",
            blocks=form.blocks(),
            length_bytes=form.length_bytes,
            headers=self._with({"Content-Type": media_type}),
            repeatable=False,
            max_idle_s=_UPLOAD_MAX_IDLE_S,
        )

    def _with(self, headers: Mapping[str, str]) -> dict[str, str]:
        return self._headers | dict(headers)


def _refuse(why: str | None, what: str) -> None:
    if why is not None:
        raise PermanentError("unsafe_name", details={"said": f"the {what}: {why}"})
