"""The daemon under limits and mounts of its own, as a service or a container has them; Linux alone.

``program_in`` gives what an interpreter is to run (see :class:`daemon_process.Clinic`): it takes a user and a
mount namespace of its own (user_namespaces(7)), makes the limits and mounts there, and becomes the daemon.
Nothing outside of that process changes.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

__all__ = ["are_possible", "needs_namespaces", "program_in"]

_PROGRAM = """
import ctypes, json, os, runpy, sys
limits, mounts = json.loads(sys.argv.pop(1))
user, group = os.getuid(), os.getgid()
libc = ctypes.CDLL(None, use_errno=True)

def must(answer):
    if answer != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

must(libc.unshare(0x10000000 | 0x00020000))  # CLONE_NEWUSER, CLONE_NEWNS
for name, text in (
    ("/proc/self/setgroups", "deny"),
    ("/proc/self/uid_map", f"{user} {user} 1"),
    ("/proc/self/gid_map", f"{group} {group} 1"),
    *((f"/proc/sys/user/{name}", str(limit)) for name, limit in limits.items()),
):
    with open(name, "w") as file:
        file.write(text)
for folder in mounts:
    must(libc.mount(os.fsencode(folder), os.fsencode(folder), None, 4096 | 16384, None))  # BIND, REC
if len(sys.argv) > 1:
    runpy.run_module("camera_watchdog", run_name="__main__", alter_sys=True)
"""


def program_in(
    *, limits: Mapping[str, int] | None = None, mounts: Sequence[Path] = ()
) -> tuple[str, ...]:
    """The daemon with these ``limits`` below ``/proc/sys/user``, and each of ``mounts`` a mount of its own."""
    return ("-c", _PROGRAM, json.dumps([dict(limits or {}), [str(path) for path in mounts]]))


def are_possible() -> bool:
    """Whether this machine lets this account have them."""
    if sys.platform != "linux":
        return False
    program = program_in(limits={"max_inotify_instances": 0})
    done = subprocess.run([sys.executable, *program], check=False, capture_output=True)
    return done.returncode == 0


needs_namespaces = pytest.mark.skipif(
    not are_possible(), reason="this machine gives no user namespaces"
)
