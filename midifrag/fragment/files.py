"""Writing files so that nobody ever sees half of one, on every system.

Only regular files are opened: a pipe or a device in the place of one would be waited for for ever.

A file is written aside and moved into place when it is whole. What the system says against it becomes a `StorageError`
with the next step. Takes are forced to the disk right after they have landed, so that a landing does not wait for it;
only a power cut can come between. Slot files are not forced, since they can be made again from their takes.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

from midifrag.errors import StorageError
from midifrag.fragment.plain_json import read_value

#: What tells one version of a file from another: inode, size in bytes, time of change in nanoseconds.
Signature: TypeAlias = tuple[int, int, int]

#: Our own folder below those that others watch: what is being written lies there.
OWN_FOLDER = ".midifrag"
#: How often a file held open by another program is tried at once, before the caller has to wait longer.
TRIES = 4
#: Seconds between those tries.
PAUSE = 0.02

_REFUSED = "it may not be written: change its permissions or choose another folder"
if sys.platform == "win32":
    # The same error, there, as that of a file that is open elsewhere.
    _REFUSED = "another program holds it open, or it may not be written: close that program or change its permissions"
_NEXT_STEP = {
    errno.ENOSPC: "the disk is full: delete something or choose another folder",
    errno.EDQUOT: "the disk quota is used up: delete something or choose another folder",
    errno.EROFS: "the disk is read-only: choose another folder",
    errno.ENOENT: "the folder or file is gone: connect its drive again or put it back",
    errno.ENOTDIR: "a folder on the way to it is a file: move that file away",
    errno.EEXIST: "a file has this name: move it away, or choose another folder",
    errno.EISDIR: "a folder has this name: move it away",
    errno.EACCES: _REFUSED,
    errno.EPERM: _REFUSED,
    errno.EBUSY: "another program holds it open: close that program",
    errno.EIO: "the disk does not answer: check its cable, or choose another folder",
}

_NOT_READ = "it may not be read: change its permissions"
if sys.platform == "win32":
    _NOT_READ = "another program holds it open, or it may not be read: close that program or change its permissions"
#: Where nothing is to be written, another folder is no way out.
_NEXT_STEP_OF_READING = {
    errno.EACCES: _NOT_READ,
    errno.EPERM: _NOT_READ,
    errno.EIO: "the disk does not answer: check its cable",
}


def storage_error(what: str, path: Path, error: OSError) -> StorageError:
    """Return the error to raise when ``what`` ("write", "read" …) was refused for ``path``."""
    steps = _NEXT_STEP | _NEXT_STEP_OF_READING if what == "read" else _NEXT_STEP
    reason = steps.get(error.errno or 0, error.strerror or str(error))
    return StorageError(f"cannot {what} {_told(path)}: {reason}")


def _told(path: Path) -> Path:
    """What a performer knows of ``path``: the folder it is made for, where it lies in our own folder below that."""
    own = next((parent for parent in path.parents if parent.name == OWN_FOLDER), None)
    return path if own is None else own.parent


def check_regular(path: Path) -> None:
    """Raise OSError for what opening might wait for, or might set going: a pipe, a device, a socket; also for a folder.

    What is not there is no mistake. A link is as good as what it leads to.
    """
    with suppress(FileNotFoundError):
        _check_mode(path.stat().st_mode, path)


def open_regular(path: Path, mode: str = "rb") -> BinaryIO:
    """Open a file in a binary ``mode``. Raises OSError, also for what is no regular file; it is never waited for."""
    check_regular(path)
    return cast("BinaryIO", open(path, mode, opener=_open_regular))


def _open_regular(path: str, flags: int) -> int:
    # Whatever came into its place after the first look is not waited for either.
    number = os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
    try:
        _check_mode(os.fstat(number).st_mode, path)
    except OSError:
        os.close(number)
        raise
    return number


def _check_mode(mode: int, path: str | Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no file, but a pipe, a device or a socket: move it away", str(path))


def write_whole(path: Path, content: bytes) -> None:
    """Create a file with this content, or leave no file.

    Raises `StorageError`, also when the file exists.
    """
    try:
        file = path.open("xb")
    except OSError as error:
        raise storage_error("write", path, error) from error
    try:
        with file:
            file.write(content)
            file.flush()
    except OSError as error:
        discard(path)
        raise storage_error("write", path, error) from error


def force_to_disk(path: Path) -> None:
    """Wait until the disk itself has a file's content. Raises `StorageError`."""
    try:
        with open_regular(path, "r+b") as file:  # Windows flushes only what may be written
            os.fsync(file.fileno())
    except OSError as error:
        raise storage_error("write", path, error) from error


def replace_file(source: Path, target: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Move a whole file to its name, replacing what is there in one step; readers see the old file or the new one.

    Windows refuses while another program holds ``target`` open, so this tries a few times. Raises `StorageError` and
    removes ``source`` when it stays refused.
    """
    for left in reversed(range(TRIES)):
        try:
            source.replace(target)
        except PermissionError as error:
            if left:
                sleep(PAUSE)
                continue
            discard(source)
            raise storage_error("replace", target, error) from error
        except OSError as error:
            discard(source)
            raise storage_error("replace", target, error) from error
        return


def move_exclusively(source: Path, target: Path, *, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Move a whole file to a name that is free; False if it is taken, and nothing has happened.

    Windows refuses while another program holds ``source`` open, so this tries a few times. Where the disk has no links
    (FAT, some network drives) and the system's rename would replace, the check comes just before the move: callers keep
    others away with a `FileLock`. Raises `StorageError`.
    """
    try:
        if sys.platform != "win32":
            try:
                os.link(source, target)
            except (PermissionError, NotImplementedError):
                pass
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                    raise
            else:
                discard(source)
                return True
            if target.exists():
                return False
        _rename(source, target, sleep)
    except FileExistsError:
        return False
    except OSError as error:
        raise storage_error("write", target, error) from error
    return True


def _rename(source: Path, target: Path, sleep: Callable[[float], None]) -> None:
    for left in reversed(range(TRIES)):
        try:
            source.rename(target)
        except PermissionError:
            if not left:
                raise
            sleep(PAUSE)
        else:
            return


def keep_copy(source: Path, target: Path) -> None:
    """Give a file's content a second name, free until now: by a link, or by a copy where the disk has no links.

    Raises OSError, also for what is no regular file.
    """
    check_regular(source)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        copy_regular(source, target)


def copy_regular(source: Path, target: Path) -> None:
    """Copy a file's content. Raises OSError, also for what is no regular file: some devices never end."""
    check_regular(source)
    shutil.copyfile(source, target)


def discard(path: Path) -> None:
    """Remove a file that is ours; what cannot be removed now is swept at the next start."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def discard_folder(folder: Path) -> None:
    """Remove a folder of ours and what is in it, or what else has its name; as far as it can be removed now."""
    with suppress(OSError):
        # `shutil` would open what is no folder, and wait for it.
        if stat.S_ISDIR(folder.lstat().st_mode):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            discard(folder)


def read_json(path: Path) -> Any:
    """Return what a JSON file holds, or None if it is missing, unreadable or not JSON."""
    try:
        with open_regular(path) as file:
            return read_value(file.read())
    except (OSError, ValueError):
        return None


def signature_of(path: Path) -> Signature | None:
    """Return what tells this version of a file from another, None if it is missing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
