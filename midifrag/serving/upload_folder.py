"""Where a replica keeps what clients upload: a folder for each life of it, and how many there are on a machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

_FOLDER = "midifrag-uploads-"


def make_folder() -> Path:
    """A folder for one life of a replica, that its owner alone reads; those of lives that were cut short go."""
    for old, is_alive in _folders():
        if not is_alive:
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))


def sharing() -> int:
    """How many replicas of this user keep uploads on this machine now, whatever server they are of."""
    return sum(is_alive for _folder, is_alive in _folders())


def _folders() -> Iterator[tuple[Path, bool]]:
    """Those of this user, and whether the process that made each is there."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        number = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if number.isdigit() and _is_mine(folder):
            yield folder, psutil.pid_exists(int(number))


def _is_mine(folder: Path) -> bool:
    try:
        # On Windows, each user has a folder for temporary files.
        return os.name != "posix" or folder.stat().st_uid == os.getuid()
    except OSError:
        return False
