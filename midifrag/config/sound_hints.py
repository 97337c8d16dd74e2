"""What a right set says of sounds that pads begin from and will hardly do as meant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from midifrag.config.banks import Bank
from midifrag.config.loading import Loaded
from midifrag.config.press_request import press_request


def sound_hints(loaded: Loaded, bank: Bank, file: str) -> Iterator[str]:
    """A line for each pad whose sound is not there, or that says what only counts with one."""
    settings = loaded.settings
    for key, pad in bank.pads.items():
        sound = press_request(settings, bank, pad).preset.sound
        place = f"{file}: pads.{key}"
        if sound is None:
            if pad.strength is not None:
                yield f"{place}.strength: does nothing without from:, which says what the pad begins from"
            continue
        source = sound.source
        if source.kind == "slot" and source.number > settings.fragments.count:
            yield f"{place}.from: there is no slot {source.number}; this set has {settings.fragments.count}"
        elif source.kind == "file" and not _is_there(sound_file(loaded, source.file)):
            yield f"{place}.from: {sound_file(loaded, source.file)} is not there; put it there, or mend its name"
        elif source.kind == "input" and not settings.input.is_on:
            name = loaded.path.name
            yield f"{place}.from: no audio input is recorded; write `input: {{device: default}}` into {name}"
        if sound.onward is not None and pad.seconds is not None:
            yield f"{place}.seconds: does nothing beside continue, which says how much longer the sound gets"


def sound_file(loaded: Loaded, written: str) -> Path:
    """The file that a set calls so: beside it, unless it is written whole."""
    return loaded.folder / Path(written).expanduser()


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A name that no drive takes, or a folder that may not be looked into.
        return False
