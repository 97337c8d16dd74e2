"""The folder of our own below a folder that others watch, and who may use it.

Below ``<folder>/.midifrag`` every running program has a work folder, named at random, in which it prepares files. It
keeps a lock on a file in there as long as it lives, also through ``kill -9``: what lies in a work folder without a lock
was left behind and is swept at the next start.
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from midifrag.clock import monotonic
from midifrag.errors import StorageError
from midifrag.fragment.files import OWN_FOLDER, check_regular, discard, discard_folder, open_regular, storage_error

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: Seconds to wait for another program that works in the same folder.
PATIENCE = 5.0


class FileLock:
    """A lock between programs on one file. The system gives it back when its holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def acquire(self, *, without_locks: bool = True) -> bool:
        """Try once; False if another program, or another `FileLock`, has it.

        ``without_locks`` is the answer on drives that have no locks. Raises OSError if the folder is gone.
        """
        file = open_regular(self._path, "ab")
        try:
            if sys.platform == "win32":
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            file.close()
            return False
        except OSError:
            file.close()
            return without_locks
        self._file = file
        return True

    def release(self) -> None:
        """Give the lock back; closing the file does it."""
        if self._file is not None:
            self._file.close()
            self._file = None


class Workspace:
    """``<folder>/.midifrag`` and this program's work folder in it, made when first needed. Threads may share it."""

    def __init__(self, folder: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.folder = folder
        self.own = folder / OWN_FOLDER
        self._sleep = sleep
        self._work = self.own / f"work-{uuid.uuid4().hex[:12]}"
        self._alive = FileLock(self._work / "alive")
        self._entered = False
        self._entering = threading.Lock()
        self._count = 0

    @property
    def name(self) -> str:
        """The work folder's name, which no other has."""
        return self._work.name

    def aside(self, name: str) -> Path:
        """Return a free path in the work folder for preparing a file. Raises `StorageError` if the folder is gone."""
        with self._entering:
            try:
                is_there = self._entered and self._work.is_dir()
            except OSError as error:
                raise storage_error("write", self._work, error) from error
            if not is_there:
                self._enter()
            self._count += 1
            return self._work / f"{self._count}-{name}"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other programs away from this folder meanwhile. Raises `StorageError` if one does not let go."""
        self._make_own()
        lock = FileLock(self.own / "lock")
        try:
            check_regular(self.own / "lock")
        except OSError:
            # Not ours, though in our own folder.
            discard(self.own / "lock")
        deadline = monotonic() + PATIENCE
        try:
            while not lock.acquire():
                if monotonic() > deadline:
                    raise StorageError(f"another program keeps {self.folder} busy: close it or choose another folder")
                self._sleep(0.002)
        except OSError as error:
            raise storage_error("write", self.folder, error) from error
        try:
            yield
        finally:
            lock.release()

    def is_shared(self, also_ours: Collection[str] = ()) -> bool:
        """Whether another program prepares files for this folder now. Raises `StorageError` if the folder is gone.

        ``also_ours`` are the `name` of other workspaces of this program.
        """
        with self._entering:
            if not self._entered:
                self._enter()
        # Looked for every few seconds: nobody is kept away for it while there is nobody.
        if not self._others(also_ours):
            return False
        with self.alone():
            return any(map(self._has_lock, self._others(also_ours)))

    def _others(self, also_ours: Collection[str]) -> list[Path]:
        return [work for work in self.own.glob("work-*") if work.name not in {self.name, *also_ours}]

    @staticmethod
    def _has_lock(work: Path) -> bool:
        lock = FileLock(work / "alive")
        try:
            return not lock.acquire()
        except OSError:
            return False
        finally:
            lock.release()

    def leftovers(self) -> list[Path]:
        """Return the work folders of programs that are gone. Only meaningful while `alone`."""
        gone = []
        for work in sorted(self.own.glob("work-*")):
            if work == self._work:
                continue
            lock = FileLock(work / "alive")
            try:
                # Without locks nobody can tell who lives: better a leftover than a take swept from under a program.
                if lock.acquire(without_locks=False):
                    gone.append(work)
            except OSError:
                gone.append(work)
            finally:
                lock.release()
        return gone

    def sweep(self, spare: str | None = None) -> None:
        """Remove what programs that are gone left behind, but for work folders with a file like ``spare``.

        Never raises: a full or missing disk is told later.
        """
        try:
            with self.alone():
                for work in self.leftovers():
                    if spare is None or not any(work.glob(spare)):
                        discard_folder(work)
        except (StorageError, OSError):
            return

    def close(self) -> None:
        """Remove the work folder."""
        self._alive.release()
        if self._entered:
            discard_folder(self._work)
            self._entered = False

    def _enter(self) -> None:
        self._alive.release()
        with self.alone():
            try:
                self._work.mkdir(exist_ok=True)
                self._alive.acquire()
            except OSError as error:
                raise storage_error("write", self._work, error) from error
        self._entered = True

    def _make_own(self) -> None:
        try:
            # Not with its parents: a folder that is gone is on a drive that was pulled, and is not made anew elsewhere.
            self.own.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_error("write", self.folder, error) from error
