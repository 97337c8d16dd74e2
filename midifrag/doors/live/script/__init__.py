"""midifrag in Ableton Live: a control surface without a controller.

This folder is copied as it stands into the User Library's Remote Scripts, where it has another name, so its modules
import each other relatively. Live embeds Python 3.7 up to 12.0: neither syntax nor library go beyond that.

- `surface`: what Live holds, and the timer
- `core`: what is done in a tick
- `connection`, `messages`: to midifrag and back, over loopback
- `objects`: what stands in Live for each slot
- `landings`, `simpler`, `clips`: how a fragment gets there
- `feedback`, `used_files`: what is told of Live
"""

from __future__ import annotations

#: Of the script; midifrag refuses another than its own.
VERSION = 1


def create_instance(c_instance: object) -> object:
    """What Live calls at its start, and again for each Set that is loaded."""
    from .surface import Midifrag

    return Midifrag(c_instance)
