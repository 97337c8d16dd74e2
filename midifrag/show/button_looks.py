"""How the buttons beside a grid look: the active bank and what goes on in the others, and what lies in each slot."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

from midifrag.bridge.view import View
from midifrag.config.buttons import ButtonUse
from midifrag.config.layout import Shown
from midifrag.fragment.slot_state import SlotState
from midifrag.pad_key import PadKey
from midifrag.states import UNDER_WAY
from midifrag.surface.driver import Look

DARK, THERE, ON = Look("off"), Look("white"), Look("green")

#: What can be so of what a button stands for: its bank plays or renders, more is shown there, its slot is as it is.
ButtonState: TypeAlias = Literal["active", "busy", "more", "filled", "locked", "sounds"]


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

    def states(self, use: ButtonUse, shown: Shown) -> tuple[ButtonState, ...]:
        """What is so of what a button stands for, for those who cannot tell it by its colour."""
        slot = self.slots.get(use.slot) if use.use == "slot" else None
        so: dict[ButtonState, bool] = {
            "active": use.use == "bank" and use.bank == self.active,
            "busy": use.use == "bank" and bool(self.busy.get(use.bank)),
            "more": (use.use == "side" and shown.side > 1) or (use.use == "page" and bool(shown.page)),
            "filled": slot is not None and slot.state != "free",
            "locked": slot is not None and slot.state == "locked",
            "sounds": use.use == "slot" and (use.slot in self.sounding or (slot is not None and slot.sounds)),
        }
        return tuple(state for state, is_so in so.items() if is_so)

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
