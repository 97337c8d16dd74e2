"""Keeps files for samplers as the slots are: at each landing, and when somebody has deleted or changed them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from midifrag.doors.door import Put
from midifrag.doors.instruments.slot_files import SlotFiles, SlotSound
from midifrag.doors.instruments.written import Folder
from midifrag.events import Notice, StateChange
from midifrag.states import NoticeLevel

#: Seconds between two looks whether all is there still, and can be written where it could not be.
LOOK_EVERY = 5.0
#: Seconds that the end of a show waits for the folder's drive.
PATIENCE = 2.0

_log = logging.getLogger(__name__)


class Files(Protocol):
    """What is written, in its folder."""

    folder: Folder

    def put(self, sound: SlotSound) -> None:
        """Give a slot another sound. Raises `StorageError`."""

    def names(self) -> Iterable[str]:
        """The files in which samplers look."""

    def forget(self) -> None:
        """What was written may be gone."""


class Keeping:
    """Writes ``files`` as the slots in the folder ``slots`` are, and tells by ``put`` what is wrong with that, once.

    ``what`` is what it is called there. `follow` and the looks on a thread of its own may hang with the drive; nobody
    else waits for them. ``tried`` is called after each try with how many files it has written.
    """

    def __init__(
        self, slots: Path, files: Files, put: Put, what: str, tried: Callable[[int], None] = lambda _count: None
    ) -> None:
        self._slots = SlotFiles(slots)
        self._files, self._put, self._what, self._tried = files, put, what, tried
        #: Why not all is as it should be, and whether it is told that somebody else is at the files.
        self._problem = ""
        self._is_told = False
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"midifrag-files of {what}", daemon=True)

    def start(self) -> None:
        """Begin to look. Nothing is touched before the slots are told."""
        self._thread.start()

    def follow(self, change: StateChange) -> None:
        """Write what a landing, or anything else that befell a slot's file, makes new."""
        if self._slots.is_concerned(change):
            with self._lock:
                self._keep(change)

    def look(self) -> None:
        """Write anew what somebody has deleted or changed, and what could not be written."""
        with self._lock:
            self._keep(None)

    def close(self) -> None:
        """Leave the files as they are."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)
        self._files.folder.close()

    def _keep(self, change: StateChange | None) -> None:
        folder, before = self._files.folder, self._files.folder.written
        lost = folder.lost(self._files.names())
        if lost:
            self._files.forget()
            self._slots.forget()
        told = [] if change is None else [self._slots.follow(change, self._files.put)]
        if lost or self._problem:
            told.append(self._slots.look_again(self._files.put))
        tried = [problem for problem in told if problem is not None]
        written = folder.written - before
        if tried:
            self._tell(max(tried, key=len))
            self._tried(written)
        if lost and written and not self._is_told:
            many = "1 file in it was" if len(lost) == 1 else f"{len(lost)} files in it were"
            text = f"{self._what}: {folder.path} is written anew, as {many} deleted or changed by another program"
            self._put(Notice(NoticeLevel.WARNING, text))
        self._is_told = bool(lost) or (self._is_told and change is not None)

    def _tell(self, problem: str) -> None:
        before, self._problem = self._problem, problem
        # Which file it is about changes from try to try.
        if problem and _reason(problem) != _reason(before):
            text = f"{self._what}: {problem}; it is tried again every {LOOK_EVERY:.0f} s"
            self._put(Notice(NoticeLevel.ERROR, text))
        elif before and not problem:
            self._put(Notice(NoticeLevel.INFO, f"{self._what}: all is written again"))

    def _run(self) -> None:
        while not self._closing.wait(LOOK_EVERY):
            try:
                self.look()
            except Exception:
                # A mistake of ours must not end the looks.
                _log.exception("%s could not be looked after", self._what)


def _reason(problem: str) -> str:
    return problem.partition(": ")[2] or problem
