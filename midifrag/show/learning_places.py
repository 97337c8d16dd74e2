"""Which pad of a bank a pressed pad of a controller stands for."""

from __future__ import annotations

from midifrag.config.banks import Bank
from midifrag.config.ports import PortSettings
from midifrag.midi.recognising import Touched
from midifrag.pad_key import PadKey
from midifrag.surface.grid import Place

#: A bank's block: the notes 36–51 in rows of four from the lower left.
_FIRST, _ROW = 36, 4


def key_at(port: PortSettings | None, bank: Bank, touched: Touched) -> PadKey | None:
    """The key that a new or a known pad of ``bank`` has where it was touched; None where its notes leave none.

    Where banks lie by place, a press means the note of that place, and not the one that the controller sends.
    """
    grids = () if port is None else port.grids
    seat = next((seat for grid in grids if (seat := grid.seat("note", touched.number, touched.channel))), None)
    if port is None or seat is None:
        known = [key for key in bank.pads if key.note == touched.number and key.channel in (None, touched.channel)]
        return max(known, key=lambda key: key.channel or 0) if known else PadKey(touched.number)
    if port.banks > 1 or seat.page or any(pad.at is not None for pad in bank.pads.values()):
        return None
    place = Place(seat.place.row - port.corner.row + 1, seat.place.column - port.corner.column + 1)
    notes = [key.note for key in bank.pads]
    if all(_FIRST <= note < _FIRST + _ROW * _ROW for note in notes):
        fits = 1 <= place.row <= _ROW and 1 <= place.column <= _ROW
        return PadKey(_FIRST + (place.row - 1) * _ROW + place.column - 1) if fits else None
    if all(1 <= note // 10 <= 8 and 1 <= note % 10 <= 8 for note in notes):
        fits = 1 <= place.row <= 8 and 1 <= place.column <= 8
        return PadKey(place.row * 10 + place.column) if fits else None
    return None
