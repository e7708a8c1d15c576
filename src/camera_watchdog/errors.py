"""The exceptions of the program, classed by what is right to do about them.

Failures are classed, not counted: :class:`TransientError` is tried again later and never given up,
:class:`PermanentError` holds its exam until a person or the cause acts, :class:`ServerWideError`
closes one gate for all exams. Each carries its data and ends in a message that tells a person the
next step; none ever carries the token or a subject's initials, sex or age.
"""

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from camera_watchdog.write_failures import WriteFailure, write_failure

__all__ = [
    "RATE_LIMIT",
    "CameraDatabaseError",
    "CameraWatchdogError",
    "CertificateRefused",
    "ConfigError",
    "DatabaseBusy",
    "DatabaseUnreadable",
    "EdcFailure",
    "EdcRefusal",
    "FileBusy",
    "FileChanged",
    "FileForbidden",
    "JournalDamaged",
    "JournalError",
    "JournalOutdated",
    "JournalRefused",
    "NotConfigured",
    "NotNow",
    "NotRegular",
    "NotTheEdc",
    "PermanentError",
    "Problem",
    "ServerWideError",
    "TokenNotSeen",
    "TransientError",
    "Unauthorized",
    "Unmovable",
    "Unreachable",
    "why_unmovable",
    "why_unreadable",
]

_IN_USE: Final = frozenset({errno.EAGAIN, errno.EBUSY, errno.ETXTBSY})
_IN_USE_ON_WINDOWS: Final = frozenset({32, 33})
"""ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION."""
_DISK_FAILS: Final = frozenset({23, 1117, 1392})
"""ERROR_CRC, ERROR_IO_DEVICE, ERROR_FILE_CORRUPT."""
_IN_THE_CLOUD: Final = frozenset({*range(362, 399), 404, 426})
"""ERROR_CLOUD_FILE_PROVIDER_NOT_RUNNING and the others of a file that OneDrive, or its like, keeps elsewhere."""
_HAS_OPEN_FILES: Final = 5
"""ERROR_ACCESS_DENIED: so Windows answers, too, where a file in a folder that is renamed is open."""


RATE_LIMIT: Final = 429
"""HTTP's status for too many requests."""


class CameraWatchdogError(Exception):
    """Everything that the program raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the configuration.

    ``key`` is where it is, ``found`` what stands there, ``accepted`` what may stand there,
    ``advice`` what to do.
    """

    key: str
    found: str
    accepted: str
    advice: str = ""

    def __str__(self) -> str:
        """The mistake as one line."""
        end = f" {self.advice}" if self.advice else ""
        return f"{self.key}: found {self.found}; accepted: {self.accepted}.{end}"


class FileChanged(CameraWatchdogError, OSError):
    """A file is no longer the one that was recorded: its size or time differs."""


class FileForbidden(CameraWatchdogError, PermissionError):
    """This account has no right to read a file."""


class TooManyEntries(CameraWatchdogError):
    """More lies in a folder than was to be looked at."""


class NotRegular(CameraWatchdogError, OSError):
    """A link, pipe or device stands where a file was expected; it was not opened."""


class ConfigError(CameraWatchdogError):
    """The configuration cannot be used; carries every problem at once."""

    def __init__(self, problems: Sequence[Problem], *, source: str = "the configuration") -> None:
        self.problems = tuple(problems)
        self.source = source
        count = len(self.problems)
        head = f"{source} has {count} problem{'s' if count != 1 else ''}:"
        super().__init__("\n".join([head, *(f"  - {problem}" for problem in self.problems)]))


class NotConfigured(CameraWatchdogError):
    """There is no configuration at all (exit code 78)."""


class NotNow(CameraWatchdogError):
    """The daemon cannot start yet, though nothing is configured wrongly (exit code 75)."""


class TransientError(CameraWatchdogError):
    """Something that passes: try again later, for ever.

    ``code`` is the reason's code in :mod:`camera_watchdog.reasons`, ``retry_after_s`` what the
    other side asked for, ``files`` the names it concerns, ``said`` what is said of them.
    """

    def __init__(self, message: str, *, code: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s
        self.files: tuple[str, ...] = ()
        self.said = message


class FileBusy(TransientError):
    """A file cannot be read now; ``why`` in words (see :func:`why_unreadable`)."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}", code="file_busy")
        self.files, self.said = (name,), why


class Unmovable(TransientError):
    """A folder cannot be moved to the archive now, or written there; ``doing`` says what failed."""

    def __init__(self, doing: str, error: OSError) -> None:
        super().__init__(f"{doing}: {why_unmovable(error)}", code="archive_blocked")


class PermanentError(CameraWatchdogError):
    """Something that trying again does not mend: the exam is held.

    ``code`` is the reason's code in :mod:`camera_watchdog.reasons`, ``details`` what its sentence
    needs to be told in full, ``files`` the names it concerns.
    """

    def __init__(
        self, code: str, *, files: Sequence[str] = (), details: Mapping[str, str] | None = None
    ) -> None:
        self.code = code
        self.files = tuple(files)
        self.details = dict(details or {})
        what = "".join(f"; {key}: {value}" for key, value in self.details.items())
        super().__init__(f"{code}{': ' + ', '.join(self.files) if self.files else ''}{what}")


class ServerWideError(TransientError):
    """The server as a whole was not reached, or is not the EDC: no exam can go on.

    ``sent`` is false only where it is certain that the request never left this machine.
    """

    def __init__(
        self, message: str, *, code: str, sent: bool = True, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, code=code, retry_after_s=retry_after_s)
        self.sent = sent


class Unreachable(ServerWideError):
    """No answer: no route, refused, no such host, timed out, connection lost."""

    def __init__(
        self, message: str, *, sent: bool = True, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, code="edc_unreachable", sent=sent, retry_after_s=retry_after_s)


class CertificateRefused(ServerWideError):
    """The server's certificate is not one that this machine trusts; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="certificate_refused", sent=False)


class NotTheEdc(ServerWideError):
    """Something answered that is not the EDC: a portal's page, a proxy's, a redirect."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="not_the_edc")


class Unauthorized(ServerWideError):
    """The EDC itself refused access (401, 403). It is the token's where ``ping`` is refused, too."""

    def __init__(self, message: str, *, code: str = "token_refused") -> None:
        super().__init__(message, code=code)


class TokenNotSeen(Unauthorized):
    """The token was sent and did not reach the EDC: something before it takes it off."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="token_not_seen")


class EdcFailure(TransientError):
    """The EDC answered with a failure of its own (5xx): it may or may not have acted.

    It is one exam's own trouble where ``ping`` answers.
    """

    def __init__(
        self, message: str, *, http_status: int, edc_code: str, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, code="edc_failing", retry_after_s=retry_after_s)
        self.http_status = http_status
        self.edc_code = edc_code

    @property
    def is_rate_limit(self) -> bool:
        """Whether it came of too many requests (RFC 6585, 4), and of nothing else."""
        return self.http_status == RATE_LIMIT


class EdcRefusal(CameraWatchdogError):
    """The EDC understood the request and refused it (4xx with JSON).

    ``edc_code`` is the answer's ``code``, empty for field errors; ``fields`` names the fields that
    were refused, never their values. What it means for the exam is the pipeline's to say.
    """

    def __init__(self, http_status: int, edc_code: str, fields: Sequence[str] = ()) -> None:
        self.http_status = http_status
        self.edc_code = edc_code
        self.fields = tuple(fields)
        what = edc_code or f"field {', '.join(self.fields)}"
        super().__init__(f"The EDC refused the request: {what} (HTTP {http_status}).")


class CameraDatabaseError(TransientError):
    """The camera's database could not be asked."""


class DatabaseBusy(CameraDatabaseError):
    """The camera's software holds its database locked."""

    def __init__(self, path: str) -> None:
        super().__init__(f"The camera's database {path} is busy.", code="database_busy")


class DatabaseUnreadable(CameraDatabaseError):
    """The camera's database is missing, damaged, or not as configured.

    ``problems`` is filled where a configured table or column does not exist.
    """

    def __init__(self, message: str, *, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, code="database_unreadable")
        self.problems = tuple(problems)


class JournalError(TransientError):
    """The journal cannot be written or read: nothing may be sent without it.

    ``failure`` is why, as far as its file tells.
    """

    def __init__(
        self, message: str, *, code: str = "disk_full", failure: WriteFailure = WriteFailure.OTHER
    ) -> None:
        super().__init__(message, code=code)
        self.failure = failure


class JournalDamaged(JournalError):
    """The journal's file is damaged; its daemon sets it aside and begins a new one."""


class JournalOutdated(JournalError):
    """The journal is an older release's; a daemon that starts upgrades it, a command does not."""


class JournalRefused(CameraWatchdogError):
    """The journal was written by a newer release, or for another watch folder."""


def why_unreadable(error: OSError) -> str:
    """Why a file cannot be read, in words, with the system's own behind them.

    Windows refuses a file that another program keeps to itself with the same error as one that the
    account has no right to; the latter is told apart where it is opened (:class:`FileForbidden`).
    """
    said = f": {error.strerror}" if error.strerror and error.errno else ""
    if getattr(error, "winerror", None) in _IN_THE_CLOUD:
        return f"a cloud storage keeps it and does not bring it now{said}"
    if getattr(error, "winerror", None) in _DISK_FAILS or error.errno == errno.EIO:
        return f"its disk or share does not bring it{said}"
    if isinstance(error, FileForbidden):
        return f"this account may not read it{said}"
    number = getattr(error, "winerror", None)
    in_use = number in _IN_USE_ON_WINDOWS or error.errno in _IN_USE
    if in_use or isinstance(error, PermissionError):
        return f"another program has it open{said}"
    return error.strerror or type(error).__name__


def why_unmovable(error: OSError) -> str:
    """Why a folder cannot be moved to the archive, or written there, in words."""
    number = getattr(error, "winerror", None)
    said = error.strerror or type(error).__name__
    if error.errno == errno.EXDEV:
        return "archive_dir is mounted apart from watch_dir: no folder can be renamed between them"
    if number in _IN_USE_ON_WINDOWS or error.errno in _IN_USE:
        return f"a program or window has it open: {said}"
    if number == _HAS_OPEN_FILES:
        return f"a program or window has it open, or this account has no right to move it: {said}"
    failure = write_failure(error)
    if failure is WriteFailure.NO_RIGHT:
        return f"this account may not write there: {said}"
    return said if failure is WriteFailure.OTHER else f"{failure.value}: {said}"
