"""What numba compiles is kept for the next start, and written by one process at a time.

numba numbers the pieces of code that it keeps of a function, in an index that it reads, changes and writes back, and
then writes the piece (``IndexDataCacheFile.save`` in numba/core/caching.py). Of two processes that compile at once,
both may take one number for two pieces; whoever starts next is given one for the other, and calls what is not there.
"""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import numba
import platformdirs

#: Seconds for which another process may compile, one that takes longer stands still; and until that is told.
LONGEST, TOLD = 120.0, 3.0
_log = logging.getLogger(__name__)
_one_thread = threading.RLock()


@contextmanager
def kept_as(name: str) -> Iterator[Path]:
    """Keep what is compiled here as ``name`` in the user's cache; give the folder, which nobody else writes meanwhile.

    What is imported and called under it must be all that this process will compile of what lies there. If nothing can
    be kept, or another process does not let go, the folder is a new one, for this process alone.
    """
    with _one_thread:
        folder, lock = _own(name)
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(folder)
        try:
            yield folder
        finally:
            numba.config.CACHE_DIR = before
            if lock is not None:
                lock.release()


def _own(name: str) -> tuple[Path, filelock.BaseFileLock | None]:
    for place in (platformdirs.user_cache_path("midifrag"), Path(tempfile.gettempdir())):
        folder = place / name
        lock = filelock.FileLock(folder / "lock")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _take(lock)
        except filelock.Timeout:
            break
        except (OSError, NotImplementedError):
            continue
        return folder, lock
    made = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made, None


def _take(lock: filelock.BaseFileLock) -> None:
    try:
        lock.acquire(timeout=min(TOLD, LONGEST))
    except filelock.Timeout:
        _log.warning(
            "another midifrag makes machine code in %s; this one waits for it, %.0f s at most",
            Path(lock.lock_file).parent,
            LONGEST,
        )
        lock.acquire(timeout=LONGEST)
