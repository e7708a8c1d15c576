"""The id of a watch folder, in a small file in it: it outlives the folder's journal.

Receipts carry it, so that after a loss of the journal those of this folder are told from others' in the
same archive. A folder that has an id had a journal: where there is none any more, it was lost. The
journal knows the id, too, and writes the file again where it was cleared away.
"""

import contextlib
import logging
import os
import re
import uuid
from pathlib import Path
from typing import Final

__all__ = ["ID_NAME", "id_in", "keep_id", "new_id"]

ID_NAME: Final = ".camera-watchdog.id"
_AN_ID: Final = re.compile(r"[0-9a-f]{32}")
_LONGEST_BYTES: Final = 100

logger = logging.getLogger(__name__)


def new_id() -> str:
    """An id that no other watch folder has."""
    return uuid.uuid4().hex


def id_in(watch_dir: Path) -> str:
    """The id of a watch folder; empty where it has none that can be read."""
    try:
        with (watch_dir / ID_NAME).open("rb") as file:
            told = file.read(_LONGEST_BYTES).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return told if _AN_ID.fullmatch(told) else ""


def keep_id(watch_dir: Path, known: str) -> None:
    """See to it that the folder has this id; where it cannot be written now a later start does it."""
    if id_in(watch_dir) == known:
        return
    unfinished = watch_dir / f"{ID_NAME}.new"
    try:
        with unfinished.open("wb") as file:
            file.write(known.encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(watch_dir / ID_NAME)
    except OSError as error:
        logger.debug("journal: the watch folder's id is not written: %s", error)
        with contextlib.suppress(OSError):
            unfinished.unlink()
