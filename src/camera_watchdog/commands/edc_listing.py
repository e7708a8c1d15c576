"""What the EDC lists at the moment when a person says that its administrator corrected an eye there."""

import contextlib
import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from camera_watchdog import parts
from camera_watchdog.commands.people import say
from camera_watchdog.config import load
from camera_watchdog.errors import CameraWatchdogError
from camera_watchdog.listing import Listing, listed_as_sent
from camera_watchdog.model import Exam, Override
from camera_watchdog.overrides import SENT_AS_OTHER_EYE

if TYPE_CHECKING:
    from camera_watchdog.cli import Invocation

__all__ = ["say_what_is_listed"]

_WITHIN_S: Final = 10.0
"""Who sits before the terminal does not wait longer."""


def say_what_is_listed(invocation: "Invocation", exam: Exam, overrides: Sequence[Override]) -> None:
    """Say whether the EDC lists files as they were sent, of which it was said that they are corrected.

    Nothing else is said or done: a correction may be noted in a way that the EDC does not list.
    """
    corrected = [
        said.name
        for said in overrides
        if said.reason_code == SENT_AS_OTHER_EYE
        and (file := exam.file(said.name)) is not None
        and file.file_type is not None
        and file.file_type.eye is not said.eye
    ]
    if not corrected:
        return
    try:
        names = _listed_as_sent(invocation, exam, corrected)
    except (CameraWatchdogError, ValueError):
        say(f"{exam.folder}: what the EDC lists could not be asked now: look at the entry there.")
        return
    for name in names:
        file = exam.file(name)
        told = file.file_type if file else ""
        say(
            f"{exam.folder}: the EDC lists {name} as {told} still. If its administrator did not correct it "
            "yet, see that it is done: it is asked once more a day after the archive."
        )


def _listed_as_sent(
    invocation: "Invocation", exam: Exam, corrected: Sequence[str]
) -> tuple[str, ...]:
    needs = frozenset({"api_url", "token"})
    config = load(invocation.config_path, invocation.flags, os.environ, needs=needs)
    config = dataclasses.replace(config, request_timeout=min(config.request_timeout, _WITHIN_S))
    with contextlib.closing(parts.edc_client(config)) as client:
        status = client.status(exam.subject)
    session = exam.session
    if session is None or status.session_id != session.session_id:
        return ()
    return listed_as_sent(exam, corrected, Listing(status.uploaded, counted=False), session)
