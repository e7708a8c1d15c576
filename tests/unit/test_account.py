import os

import pytest

from camera_watchdog.account import account_name
from camera_watchdog.commands.people import user


@pytest.mark.skipif(os.name != "posix", reason="the system is asked in another way there")
def test_the_account_is_the_systems_word_and_not_the_environments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pwd  # noqa: PLC0415  # not there on Windows

    known = pwd.getpwuid(os.getuid()).pw_name
    assert account_name() == known
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")
    assert account_name() == user() == known


@pytest.mark.skipif(os.name != "posix", reason="the system is asked in another way there")
def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_123)
    assert account_name() == "uid 4000000123"
