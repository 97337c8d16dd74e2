"""The one table of pad colours: their names in banks, on palette controllers and as RGB."""

from __future__ import annotations

from typing import NamedTuple


class Colour(NamedTuple):
    """A colour as controllers know it: ``code`` in the Launchpad and APC mini mk2 palette, ``rgb`` 0–127 each."""

    code: int
    rgb: tuple[int, int, int]


#: Source of the codes: Novation Launchpad X programmer's reference manual, Akai APC mini mk2 communication protocol.
COLOURS: dict[str, Colour] = {
    "off": Colour(0, (0, 0, 0)),
    "white": Colour(3, (127, 127, 127)),
    "red": Colour(5, (127, 0, 0)),
    "orange": Colour(9, (127, 50, 0)),
    "yellow": Colour(13, (127, 110, 0)),
    "green": Colour(21, (0, 127, 0)),
    "cyan": Colour(37, (0, 110, 127)),
    "blue": Colour(45, (0, 20, 127)),
    "purple": Colour(53, (100, 0, 127)),
}
