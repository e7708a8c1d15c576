"""What a service of Windows does not reach, though the account that installs it does. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath, PureWindowsPath
from typing import Final

from camera_watchdog.service_units import service_account

__all__ = [
    "account_of_task",
    "in_profiles",
    "on_session_drives",
    "read_as_variables",
    "users_folder",
]

_SYSTEM: Final = "S-1-5-18"
_EVERYBODYS: Final = frozenset({"public", "default", "default user", "all users"})


def users_folder(environ: Mapping[str, str]) -> PureWindowsPath:
    """Where the profiles of the machine's accounts are."""
    public = environ.get("PUBLIC", "")
    return PureWindowsPath(public).parent if public else PureWindowsPath(r"C:\Users")


def in_profiles(
    account: str, places: Mapping[str, PurePath], users: PureWindowsPath
) -> dict[str, PurePath]:
    """The places that are in the profile of a person who is not ``account``, by what they are called.

    Nobody but its owner, an administrator and SYSTEM reads in a profile: an account of Windows' own starts
    no Python there, and the Task Scheduler tries it for ever without a word.
    """
    known = service_account(account)
    if known == _SYSTEM:
        return {}
    own = "" if known else account.rpartition("\\")[2].lower()
    found = {}
    for called, path in places.items():
        whose = _profile(PureWindowsPath(path), users)
        # The profile of an account whose name was there already has the domain behind it.
        if whose and whose not in _EVERYBODYS and not (own and whose.split(".")[0] == own):
            found[called] = path
    return found


def _profile(path: PureWindowsPath, users: PureWindowsPath) -> str:
    """The name of the profile that a path is in, in small letters; empty where it is in none."""
    return path.relative_to(users).parts[0].lower() if users in path.parents else ""


def on_session_drives(
    places: Mapping[str, PurePath], is_of_session: Callable[[str], bool]
) -> dict[str, PurePath]:
    r"""The places on a drive that one session alone has: mapped, or made by ``subst``.

    ``is_of_session`` tells it of a drive's name (``Z:``). A share by its own name is every session's.
    """
    drives = {called: PureWindowsPath(path).drive for called, path in places.items()}
    return {
        called: places[called]
        for called, drive in drives.items()
        if drive[1:] == ":" and is_of_session(drive)
    }


def read_as_variables(paths: Iterable[PurePath]) -> tuple[PurePath, ...]:
    """The paths of a task in which the Task Scheduler would put the value of a variable: ``%NAME%``."""
    return tuple(path for path in paths if re.search("%[^%]+%", str(path)))


def account_of_task(xml: str) -> str:
    """The account that a task runs under; empty where none is named."""
    found = re.search(r"<Principal\b.*?<UserId>([^<]+)</UserId>", xml, re.DOTALL)
    return found[1].strip() if found else ""
