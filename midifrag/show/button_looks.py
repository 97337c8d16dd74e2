"""How the buttons beside a grid look: the active bank and what goes on in the others, and what lies in each slot."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import assert_never

from midifrag.config.buttons import ButtonUse
from midifrag.config.layout import Shown
from midifrag.fragment.slot_state import SlotState
from midifrag.pad_key import PadKey
from midifrag.states import PadState
from midifrag.surface.driver import Look

#: The states of a pad that it shows while another bank is active: something is on its way.
UNDER_WAY = frozenset({PadState.QUEUED, PadState.RENDERING, PadState.STALLED, PadState.WAITING, PadState.HELD})
DARK, THERE, ON = Look("off"), Look("white"), Look("green")


@dataclass
class Surroundings:
    """What buttons show: ``busy`` has the pads of each bank (its slug) that are under way."""

    banks: tuple[str, ...] = ()
    active: str = ""
    busy: dict[str, set[PadKey]] = field(default_factory=dict)
    slots: Mapping[int, SlotState] = field(default_factory=dict)
    sounding: Set[int] = frozenset()

    def look(self, use: ButtonUse, shown: Shown) -> Look:
        """How a button looks at a port that shows the banks like this."""
        match use.use:
            case "previous" | "next":
                return THERE if len(self.banks) > 1 else DARK
            case "bank":
                return self._bank(use.bank)
            case "side":
                return Look("cyan") if shown.side > 1 else THERE
            case "page":
                return Look("cyan") if shown.page else THERE
            case "panic":
                return Look("red")
            case "slot":
                return self._slot(use.slot)
            case _:
                assert_never(use.use)

    def _bank(self, slug: str) -> Look:
        if slug == self.active:
            return ON
        return Look("blue", "pulse") if self.busy.get(slug) else THERE

    def _slot(self, number: int) -> Look:
        slot = self.slots.get(number)
        locked = slot is not None and slot.state == "locked"
        if number in self.sounding or (slot is not None and slot.sounds):
            return Look("orange" if locked else "green", "pulse")
        if slot is None or slot.state == "free":
            return DARK
        return Look("orange" if locked else "blue")
