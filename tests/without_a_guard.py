"""The daemon, with one of its guards taken out: ``python without_a_guard.py GUARD [arguments]``.

For tests that show that others would notice. Each guard is one against other workstations.
"""

import sys
from collections.abc import Callable
from typing import Final

from camera_watchdog import deliver, session_checks
from camera_watchdog.ambiguity import Belief
from camera_watchdog.cli import main
from camera_watchdog.deliver import Deliver
from camera_watchdog.proof import Proof

__all__ = ["GUARDS"]


GUARDS: Final[dict[str, tuple[tuple[object, str, Callable[..., object]], ...]]] = {
    "the question after a gap": ((Deliver, "_check_listing", lambda *_: None),),
    "the look at the answers": (
        (deliver, "check_listing", lambda *_: None),
        (session_checks, "_check_explained", lambda *_: None),
    ),
    "the doubt and the proof": (
        (deliver, "believe_listing", lambda *_, **__: Belief.STORED),
        (Proof, "ask", lambda *_: ""),
    ),
}
"""What takes the place of what."""


if __name__ == "__main__":
    for where, name, instead in GUARDS[sys.argv.pop(1)]:
        setattr(where, name, instead)
    sys.exit(main())
