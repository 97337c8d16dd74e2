"""What of a show has to do with takes of the archive: who deletes some is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from midifrag.config.banks import Bank
from midifrag.config.loading import Loaded
from midifrag.config.pads import Pad
from midifrag.config.press_request import press_request
from midifrag.pad_key import PadKey

_BEGINS = "{pad} begins from take {take}; it does so until the trash is emptied"
_FALLS_BACK = "{pad} falls back on take {take} where a press fails; from now on it is the one before it"
_LIES = "slot {slot} has a fragment of take {take}, which stays there"


def begun_from(loaded: Loaded) -> Iterator[tuple[int, str]]:
    """The takes that pads begin from (``from: take 12``), and what messages call each pad."""
    for bank, key, pad in _pads(loaded):
        sound = press_request(loaded.settings, bank, pad).preset.sound
        if sound is not None and sound.source.kind == "take":
            yield sound.source.number, _name(bank, key, pad)


def uses(
    loaded: Loaded, takes: Collection[int], slots: Mapping[int, int | None], newest: Callable[[str, str], int | None]
) -> Iterator[str]:
    """A line for each use of ``takes``; ``slots`` are the takes that lie in slots, by the slot's number.

    ``newest`` says which take a preset (the second) of a bank left last.
    """
    yield from (_BEGINS.format(pad=pad, take=take) for take, pad in begun_from(loaded) if take in takes)
    for bank, key, pad in _pads(loaded):
        if pad.fallback is not None and (last := newest(bank.slug, pad.label)) in takes:
            yield _FALLS_BACK.format(pad=_name(bank, key, pad), take=last)
    yield from (_LIES.format(slot=slot, take=take) for slot, take in sorted(slots.items()) if take in takes)


def _pads(loaded: Loaded) -> Iterator[tuple[Bank, PadKey, Pad]]:
    return ((bank, key, pad) for bank in loaded.banks for key, pad in bank.pads.items())


def _name(bank: Bank, key: PadKey, pad: Pad) -> str:
    return f"{bank.name}: {key.name} “{pad.label}”"
