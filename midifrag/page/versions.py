"""Which version of a file an address means: what a browser has kept of one set is never shown for another."""

from __future__ import annotations

from pathlib import Path


def version_of(path: Path) -> str:
    """What changes with a file's content; "" if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"
