"""``check``, the key ``ignore``: what the site's patterns leave out of what lies in the camera's folder."""

from collections.abc import Iterator
from typing import Final

from camera_watchdog import parts
from camera_watchdog.checks import Finding, note, odd
from camera_watchdog.config import Config
from camera_watchdog.content.names import Ignored
from camera_watchdog.disk import Disk
from camera_watchdog.errors import CameraDatabaseError
from camera_watchdog.laterality import is_named

__all__ = ["check_ignored"]

_MOST_FOLDERS: Final = 500
_MOST_LOOKED_UP: Final = 50
_NAMED: Final = 5


def check_ignored(config: Config, folders: list[tuple[str, str]]) -> list[Finding]:
    """What the patterns leave out, and whether the camera's database has some of it as a picture.

    ``folders`` are those of subjects, with these.
    """
    left_out = list(_left_out(config, folders)) if config.ignore else []
    if not left_out:
        return []
    names = sorted({name for _, name in left_out})
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    found = f"leaves out {len(left_out)} in all: {', '.join(names[:_NAMED])}{more}"
    return [note("ignore", found), *_listed(config, left_out)]


def _left_out(config: Config, folders: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Subject and name of each thing that only the site's patterns leave out."""
    disk, ignored = Disk(Ignored()), parts.ignored(config)
    for folder, subject in folders[-_MOST_FOLDERS:]:
        try:
            entries = disk.entries(config.watch_dir / folder)
        except OSError:
            continue  # gone meanwhile, or not ours to read: it is said elsewhere
        yield from ((subject, entry.name) for entry in entries if entry.name in ignored)


def _listed(config: Config, left_out: list[tuple[str, str]]) -> Iterator[Finding]:
    camera = parts.camera_database(config)
    if camera is None:
        return
    for subject, name in left_out[:_MOST_LOOKED_UP]:
        try:
            rows = camera.images(subject)
        except CameraDatabaseError:
            return  # what is wrong with it is said elsewhere
        if any(is_named(name, row.filename) for row in rows):
            found = (
                f"leaves out {name} of {subject}, which the camera's database lists as a picture"
            )
            yield odd("ignore", found, "If it is one, take the pattern out that fits its name.")
