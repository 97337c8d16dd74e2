"""Who has what was touched already, and whose a note is: an action's, or pads'.

Both cannot have it, as the action comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from midifrag.config.actions import Action
from midifrag.config.controls import Control
from midifrag.config.desk import Desk, plan_of
from midifrag.config.loading import Loaded
from midifrag.midi.recognising import Touched
from midifrag.pad_key import PadKey


@dataclass(frozen=True, slots=True)
class TakenAction:
    """An action of the set: its place in the list, and what it is in words."""

    number: int
    words: str


@dataclass(frozen=True, slots=True)
class TakenPad:
    """A pad of a bank, and what it is in words."""

    slug: str
    key: PadKey
    words: str


Taken: TypeAlias = TakenAction | TakenPad


def actions_on(loaded: Loaded, touched: Touched) -> tuple[TakenAction, ...]:
    """The actions that a single press does, so that no pad is played by it."""
    file = loaded.path.name
    return tuple(
        TakenAction(number, f"action {action.does} ({file})")
        for number, action in enumerate(loaded.settings.actions)
        if action.takes_presses and action.note == touched.number and _hears(action, touched)
    )


def pads_on(loaded: Loaded, touched: Touched) -> tuple[TakenPad, ...]:
    """The pads, of all banks, that a press plays."""
    plans = [plan_of(bank) for bank in loaded.banks]
    found: dict[tuple[str, PadKey], None] = {}
    for number, bank in enumerate(loaded.banks):
        desk = Desk(loaded.settings, plans, number)
        if desk.grids(touched.port):
            there = desk.pad(touched.port, "note", touched.number, touched.channel)
        else:
            pad = bank.find(touched.number, touched.channel, touched.port)
            there = None if pad is None else (bank.slug, pad[0])
        if there is not None:
            found[there] = None
    banks = {bank.slug: bank for bank in loaded.banks}
    return tuple(TakenPad(slug, key, f'pad "{banks[slug].pads[key].label}" of {slug}') for slug, key in found)


def _hears(action: Action, touched: Touched) -> bool:
    return action.channel in (None, touched.channel) and action.port in (None, touched.port)


def already(loaded: Loaded, found: Touched) -> list[str]:
    """What else the set has for what was touched: one in a list does not go for another's sake."""
    lines = []
    places: list[tuple[str, Sequence[Control | Action]]] = []
    places.append((loaded.path.name, (*loaded.settings.all_controls, *loaded.settings.actions)))
    places += [(f"presets/{bank.slug}.yaml", bank.all_controls) for bank in loaded.banks]
    for name, entries in places:
        for one in entries:
            mine = one.channel in (None, found.channel) and one.port in (None, found.port)
            if mine and found.kind != "pitch_bend" and getattr(one, found.kind, None) == found.number:
                what = f"has the action {one.does}" if isinstance(one, Action) else f"sets {one.sets}"
                lines.append(f"It {what} already ({name}); what you add comes beside that.")
    return lines
