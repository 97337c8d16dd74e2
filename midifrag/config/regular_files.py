"""Files of a set as they are opened: whole, within limits, and nothing that is no file."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG


def read_regular(path: Path, most: int) -> bytes:
    """What a file of at most ``most`` bytes holds. Raises OSError, also for a folder, device, pipe or socket.

    Those are never opened: to wait for them would hold up a show. ValueError for a name that no file can have.
    """
    if not S_ISREG(path.stat().st_mode):
        raise OSError("it is no file (a folder, device, pipe or socket)")
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it has more than {most:,} bytes")
    return content
