"""Where a control's value goes back to: rings, motor faders and whatever else answers to what its control sends.

Nearly every controller takes its own message back. Those that do not have a row in `VALUES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

import mido

#: What moves a control and can be sent back.
Kind: TypeAlias = Literal["cc", "nrpn", "bend"]
#: A control's source as a port has it: kind, number (0 for a bend) and channel (1–16).
Source: TypeAlias = tuple[Kind, int, int]

_FINEST, _COARSEST = 16383, 127
#: Mackie Control: the CCs of its V-Pots, the first of their rings, and the notes that say that a fader is touched.
_POTS, _FIRST_RING, _TOUCHES = range(16, 24), 48, range(104, 112)
#: How a ring is lit: as a bar from the left; and how many lights it has.
_BAR, _RING_LIGHTS = 0x20, 11


@dataclass(frozen=True, slots=True)
class ValueLight:
    """A control as a controller shows it: its source, and where its value stands, 0–1; ``fine`` in 14 bits.

    ``label`` and ``text`` are what a screen may write of it.
    """

    source: Source
    position: float
    fine: bool = False
    relative: bool = False
    label: str = ""
    text: str = ""

    @property
    def steps(self) -> int:
        """Where it stands in the steps that are sent."""
        finest = self.fine or self.source[0] != "cc"
        return round(self.way * (_FINEST if finest else _COARSEST))

    @property
    def way(self) -> float:
        """Where it stands, never beyond an end."""
        return min(max(self.position, 0.0), 1.0)


def value_messages(surface: str, value: ValueLight) -> list[mido.Message]:
    """What shows a value on the controller of a surface."""
    return VALUES.get(surface, echoed)(value)


def echoed(value: ValueLight) -> list[mido.Message]:
    """The control's own message, as if it had been moved there."""
    kind, number, channel = value.source
    coarse, fine = divmod(value.steps, 128)
    match kind:
        case "bend":
            return [mido.Message("pitchwheel", channel=channel - 1, pitch=value.steps - 8192)]
        case "nrpn":
            halves = ((99, number // 128), (98, number % 128), (6, coarse), (38, fine))
            return [_cc(cc, byte, channel) for cc, byte in halves]
        case "cc":
            if value.fine:
                return [_cc(number, coarse, channel), _cc(number + 32, fine, channel)]
            return [_cc(number, value.steps, channel)]
        case _:
            assert_never(kind)


def _mackie(value: ValueLight) -> list[mido.Message]:
    """Logic Control's *MIDI implementation*: faders are bends, and rings ``B0 3n`` with a mode and a light."""
    kind, number, channel = value.source
    if kind == "cc" and number in _POTS:
        light = 1 + round(value.way * (_RING_LIGHTS - 1))
        return [_cc(number - _POTS[0] + _FIRST_RING, _BAR | light, channel)]
    return echoed(value)


def _silent(_value: ValueLight) -> list[mido.Message]:
    return []


#: By surface, how values are shown on controllers that do not take their own messages back.
VALUES: Mapping[str, Callable[[ValueLight], list[mido.Message]]] = {
    "mackie": _mackie,
    # In MC mode.
    "xtouch_mini": _mackie,
    "none": _silent,
}


def touched(surface: str, note: int) -> Source | None:
    """The fader that a note tells is touched, or let go; None where it tells nothing of the kind."""
    return ("bend", 0, note - _TOUCHES[0] + 1) if surface == "mackie" and note in _TOUCHES else None


def _cc(number: int, value: int, channel: int) -> mido.Message:
    return mido.Message("control_change", control=number, value=value, channel=channel - 1)
