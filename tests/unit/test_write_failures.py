"""What keeps an account from writing is told apart by the system's own number."""

import errno

import pytest

from camera_watchdog.errors import FileForbidden, why_unreadable
from camera_watchdog.write_failures import WriteFailure, write_failure


def on_windows(number: int) -> OSError:
    error = PermissionError(errno.EACCES, "as Windows says it")
    error.winerror = number  # type: ignore[attr-defined,unused-ignore]
    return error


@pytest.mark.parametrize(
    "error,failure",
    [
        (OSError(errno.ENOSPC, "x"), WriteFailure.FULL),
        (OSError(errno.EDQUOT, "x"), WriteFailure.QUOTA),
        (OSError(errno.EFBIG, "x"), WriteFailure.LIMIT),
        (OSError(errno.EROFS, "x"), WriteFailure.READ_ONLY),
        (PermissionError(errno.EACCES, "x"), WriteFailure.NO_RIGHT),
        (PermissionError(errno.EPERM, "x"), WriteFailure.NO_RIGHT),
        (FileNotFoundError(errno.ENOENT, "x"), WriteFailure.NOT_FOUND),
        (OSError(errno.EIO, "x"), WriteFailure.OTHER),
        (OSError("without a number"), WriteFailure.OTHER),
        (on_windows(5), WriteFailure.NO_RIGHT),
        (on_windows(19), WriteFailure.READ_ONLY),
        (on_windows(112), WriteFailure.FULL),
        (on_windows(1295), WriteFailure.QUOTA),
    ],
)
def test_each_is_told_for_what_it_is(error: OSError, failure: WriteFailure) -> None:
    assert write_failure(error) is failure


@pytest.mark.parametrize("failure", WriteFailure)
def test_each_says_what_is_to_be_done(failure: WriteFailure) -> None:
    said = failure.mend("D:\\state", "the service")
    assert said.endswith(".")
    assert "{" not in said
    assert ("right" in failure.value) is (said.startswith("Let the service write to D:\\state"))


@pytest.mark.parametrize(
    "error,why",
    [
        (on_windows(362), "a cloud storage keeps it and does not bring it now: as Windows says it"),
        (on_windows(426), "a cloud storage keeps it and does not bring it now: as Windows says it"),
        (on_windows(1117), "its disk or share does not bring it: as Windows says it"),
        (OSError(errno.EIO, "x"), "its disk or share does not bring it: x"),
        (on_windows(32), "another program has it open: as Windows says it"),
        (FileForbidden(errno.EACCES, "x"), "this account may not read it: x"),
        (OSError(errno.ESTALE, "x"), "x"),
    ],
)
def test_why_a_file_cannot_be_read_is_told_for_what_it_is(error: OSError, why: str) -> None:
    assert why_unreadable(error) == why
