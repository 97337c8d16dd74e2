"""``midifrag max``: the Max for Live device, copied to where Live's browser finds it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from midifrag.commands.console import say
from midifrag.errors import StorageError
from midifrag.fragment.files import replace_file, write_whole

#: What the device is called.
NAME = "midifrag.amxd"


def copy_device(folder: Path) -> None:
    """Write the device into ``folder``, over an older one. Raises `StorageError`."""
    if not folder.is_dir():
        raise StorageError(f"{folder} is no folder: make it, or name one that is there")
    aside = folder / f".{NAME}.new"
    aside.unlink(missing_ok=True)
    write_whole(aside, files("midifrag.doors.max").joinpath(NAME).read_bytes())
    replace_file(aside, folder / NAME)
    say(f"{folder / NAME}: drag it onto a MIDI track of Live, and have the set tell it what lands: osc: {{send: 7401}}")
