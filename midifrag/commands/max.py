"""``midifrag max``: the Max for Live device, copied to where Live's browser finds it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from midifrag.commands.console import say
from midifrag.errors import StorageError
from midifrag.fragment.files import discard, open_regular, replace_file, write_whole

#: What the device is called.
NAME = "midifrag.amxd"
_LONGEST = 16 * 1024 * 1024


def _content(place: Path) -> bytes:
    """What a file holds, as far as a device is long; nothing where it cannot be read."""
    try:
        with open_regular(place) as file:
            return file.read(_LONGEST)
    except OSError:
        return b""


def copy_device(folder: Path, *, force: bool = False) -> None:
    """Write the device into ``folder``; over another file of its name only with ``force``. Raises `StorageError`."""
    if not folder.is_dir():
        raise StorageError(f"{folder} is no folder: make it, or name one that is there")
    place, device = folder / NAME, files("midifrag.doors.max").joinpath(NAME).read_bytes()
    if place.is_dir():
        raise StorageError(f"{place} is a folder: move it away, or name another folder")
    is_there = place.exists() or place.is_symlink()
    if is_there and _content(place) == device:
        say(f"{place} is there already, as this midifrag has it")
    elif is_there and not force:
        raise StorageError(
            f"{place} is there, and is another one: an older device, or one that you have changed. Move it away, or "
            "replace it with --force"
        )
    else:
        aside = folder / f".{NAME}.new"
        discard(aside)
        write_whole(aside, device)
        replace_file(aside, place)
    say(f"{place}: drag it onto a MIDI track of Live, and have the set tell it what lands: osc: {{send: 7401}}")
