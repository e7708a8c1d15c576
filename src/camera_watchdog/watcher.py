"""The Observer: events of the file system become hints of which folder to look at.

Hints save time; the sweep is the truth. An event that is lost, doubled, late or for something that is
gone changes nothing but the delay, so nothing here is taken from an event but a folder's name.

The root has a watch of its own, and so has each subject folder in which something is waited for (which
ones is the sweep's to say), never the archive: a recursive watch on the root would take in every archived
folder, and grow with them.
"""

import contextlib
import errno
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, EventEmitter, ObservedWatch
from watchdog.utils import BaseThread

__all__ = ["Watcher"]

logger = logging.getLogger(__name__)

_ROOT: Final = ""
_STOP_WITHIN_S: Final = 5.0
_LIMITS: Final = {
    errno.EMFILE: "fs.inotify.max_user_instances",
    errno.ENOSPC: "fs.inotify.max_user_watches",
}
"""Linux's setting to raise, by what the system answers where it is too low (inotify(7))."""

_EVENTS: Final[list[type[FileSystemEvent]]] = [
    # Without opening and closing for reading: our own reading must not wake us.
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]


_CAME: Final = (DirCreatedEvent, FileCreatedEvent, FileClosedEvent)


class _Hints(FileSystemEventHandler):
    """Turns an event's paths into folder names below the root."""

    def __init__(self, root: Path, hint: Callable[[str], None]) -> None:
        self._root = os.path.normcase(root)
        self._hint = hint

    def on_any_event(self, event: FileSystemEvent) -> None:
        # A folder that went away, into the archive for one, is looked for by itself: to list the
        # root for each would make a long backlog ever slower. Windows cannot tell what is gone from
        # a file, neither when it went nor when what was in it changed just before.
        went = not isinstance(event, _CAME)
        for path, is_gone in ((event.src_path, went), (event.dest_path, False)):
            if path:
                self._hint(self._folder(os.fsdecode(path), is_gone=is_gone))

    def _folder(self, path: str, *, is_gone: bool = False) -> str:
        """The subject folder that a path is in, or was; the root's own name for what is in the root."""
        parent, name = os.path.split(path)
        if is_gone and os.path.normcase(parent) == self._root:
            return name
        if os.path.normcase(parent) == self._root or os.path.normcase(path) == self._root:
            return _ROOT
        while parent and os.path.normcase(os.path.dirname(parent)) != self._root:  # noqa: PTH120 - text, not a path to open
            above = os.path.dirname(parent)  # noqa: PTH120 - likewise
            if above == parent:
                return _ROOT
            parent = above
        return os.path.basename(parent) or name  # noqa: PTH119 - likewise


class Watcher:
    """One Observer, and the folders that it watches."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._handler = FileSystemEventHandler()
        self._lock = threading.Lock()
        self._observer: BaseObserver | None = None
        self._watches: dict[str, ObservedWatch] = {}
        self._root_id: tuple[int, int] | None = None
        self._full = False
        self._said = ""
        self._died_of: set[type[BaseException]] = set()
        self._before = threading.excepthook

    def start(self, hint: Callable[[str], None]) -> None:
        """Watch the root; ``hint`` is called from the Observer's threads with a folder's name.

        Where the root cannot be watched, the sweep alone sees what comes. Again costs nothing.
        """
        with self._lock:
            self._handler = _Hints(self._root, hint)
            threading.excepthook = self._say_died
            if self._observer is None:
                self._start()

    def stop(self) -> None:
        """Stop watching; not where somebody waits for a share that does not answer."""
        if self._lock.acquire(timeout=_STOP_WITHIN_S):
            try:
                self._stop()
            finally:
                if threading.excepthook == self._say_died:
                    threading.excepthook = self._before
                self._lock.release()

    def _say_died(self, died: threading.ExceptHookArgs) -> None:
        """Say once of each failure that a thread of the library died of it; it is begun again by the sweep."""
        if not isinstance(died.thread, BaseThread):
            self._before(died)
        elif died.exc_type not in self._died_of:
            self._died_of.add(died.exc_type)
            logger.warning(
                "watching  a watch failed and is begun again, the sweep sees the folder meanwhile: %s",
                _words(died.exc_value or died.exc_type()),
            )

    def _start(self) -> bool:
        """Answers whether it watches; why not is said once, however often it is tried.

        Whatever an Observer fails with, no exam depends on one.
        """
        observer: BaseObserver | None = None
        try:
            observer = Observer()
            status = self._root.stat()
            watch = self._schedule(observer, self._root)
            observer.start()
        except Exception as error:  # noqa: BLE001 - said, and tried again
            self._say(f"not possible now, the sweep alone goes on: {_words(error)}")
            if observer is not None:
                _end(observer)
            return False
        self._watches = {_ROOT: watch}
        self._root_id = (status.st_dev, status.st_ino)
        self._observer = observer
        return True

    def _say(self, words: str) -> None:
        if words != self._said:
            logger.warning("watching  %s", words)
        self._said = words

    def _stop(self) -> None:
        observer, self._observer = self._observer, None
        self._watches = {}
        if observer is not None:
            _end(observer)

    def watch(self, folder: str) -> None:
        """Watch a live subject folder; again costs nothing."""
        with self._lock:
            if self._observer is None or folder in self._watches:
                return
            try:
                self._watches[folder] = self._schedule(self._observer, self._root / folder)
            except FileNotFoundError:
                return
            except Exception as error:  # noqa: BLE001 - said, and tried again
                if not self._full:
                    self._full = True
                    logger.warning(
                        "watching  the system allows no more watches (%s); "
                        "the sweep sees the other folders",
                        _words(error),
                    )

    def _schedule(self, observer: BaseObserver, folder: Path) -> ObservedWatch:
        with os.scandir(folder):  # on Windows the library does not say why it cannot be opened
            return observer.schedule(self._handler, str(folder), event_filter=_EVENTS)

    def forget(self, folder: str) -> None:
        """Watch a folder no longer: it is about to be moved, or gone."""
        with self._lock:
            self._unwatch(folder)

    def _unwatch(self, folder: str) -> None:
        watch = self._watches.pop(folder, None)
        if watch is not None and self._observer is not None:
            with contextlib.suppress(Exception):
                self._observer.unschedule(watch)

    def keep_alive(self, live: Iterable[str]) -> bool:
        """Restart what died, as every sweep asks; answers whether anything had to be restarted.

        An emitter dies with its folder, the Observer with a failure of its own; and a root that went
        away and came back is another one, whose old watch never says a word again. While it is away
        there is nothing to restart.
        """
        with self._lock:
            if self._is_away():
                return False
            if self._is_healthy():
                self._said = ""
                dead = self._dead_folders()
                for folder in dead:  # the Observer would take the dead one for a watch
                    self._unwatch(folder)
            else:
                self._stop()
                if self._start():
                    self._say("restarted")
                dead = {_ROOT}
        for folder in live:
            self.watch(folder)
        return bool(dead)

    def _is_healthy(self) -> bool:
        observer = self._observer
        if observer is None or not observer.is_alive() or _ROOT in self._dead_folders():
            return False
        with contextlib.suppress(OSError):
            status = self._root.stat()
            return (status.st_dev, status.st_ino) == self._root_id
        return True

    def _is_away(self) -> bool:
        """Whether the root is away, which is remembered: its number may be another's when it is back."""
        try:
            self._root.stat()
        except OSError:
            self._root_id = None
            return True
        return False

    def _dead_folders(self) -> set[str]:
        if self._observer is None:
            return set()
        alive = {
            emitter.watch
            for emitter in self._observer.emitters
            if emitter.is_alive() and not _is_deaf(emitter)
        }
        return {folder for folder, watch in self._watches.items() if watch not in alive}


def _is_deaf(emitter: EventEmitter) -> bool:
    """Whether an emitter's own reader has died; it is Windows' that has one, and goes on without."""
    reader = getattr(getattr(emitter, "_reader", None), "_reader_thread", None)
    return reader is not None and not reader.is_alive()


def _end(observer: BaseObserver) -> None:
    """End an Observer, and its emitters, which outlive one that died."""
    with contextlib.suppress(Exception):
        observer.stop()
        if observer.is_alive():
            observer.join(timeout=_STOP_WITHIN_S)


def _words(error: BaseException) -> str:
    if isinstance(error, queue.Empty):  # what the library makes of it on Windows
        return "the folder cannot be opened"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    limit = _LIMITS.get(error.errno or 0) if isinstance(error, OSError) else None
    return f"{words}; raise {limit} (sysctl)" if limit and sys.platform == "linux" else words
