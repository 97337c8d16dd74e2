"""How the buttons beside a grid look: the active bank and what goes on in the others, and what lies in each slot."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import assert_never

from midifrag.bridge.view import View
from midifrag.config.buttons import ButtonUse
from midifrag.config.layout import Shown
from midifrag.fragment.slot_state import SlotState
from midifrag.pad_key import PadKey
from midifrag.states import UNDER_WAY
from midifrag.surface.driver import Look

DARK, THERE, ON = Look("off"), Look("white"), Look("green")


@dataclass
class Surroundings:
    """What buttons show: ``busy`` has the pads of each bank (its slug) that are under way."""

    banks: tuple[str, ...] = ()
    active: str = ""
    busy: dict[str, set[PadKey]] = field(default_factory=dict)
    slots: Mapping[int, SlotState] = field(default_factory=dict)
    sounding: Set[int] = frozenset()

    @classmethod
    def of(cls, view: View) -> Surroundings:
        """As everything stands."""
        busy: dict[str, set[PadKey]] = {}
        for (slug, key), pad in view.pads.items():
            if pad.state in UNDER_WAY:
                busy.setdefault(slug, set()).add(key)
        banks, active = tuple(bank.slug for bank in view.banks), view.bank.slug if view.bank else ""
        slots = {slot.number: slot for slot in view.slots}
        return cls(banks, active, busy, slots, frozenset(view.sounding))

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
