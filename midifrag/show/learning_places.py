"""Which pad of a bank a pressed pad of a controller stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from midifrag.config.desk import Desk, plan_of
from midifrag.config.layout import Plan
from midifrag.config.loading import Loaded
from midifrag.midi.recognising import Touched
from midifrag.pad_key import PadKey


def key_at(loaded: Loaded, slug: str, touched: Touched) -> PadKey | None:
    """The key that a known or a new pad of bank ``slug`` has where it was touched; None where no note would lie there.

    Where banks lie by place, a press means the pad of that place, and not the note that the controller sends. A new one
    leaves all others where they lie.
    """
    plans = [plan_of(bank) for bank in loaded.banks]
    index = next(number for number, plan in enumerate(plans) if plan.slug == slug)
    if not Desk(loaded.settings, plans, index).grids(touched.port):
        mine = (None, touched.channel)
        known = [key for key in plans[index].pads if key.note == touched.number and key.channel in mine]
        return max(known, key=lambda key: key.channel or 0) if known else PadKey(touched.number)
    lies = _lying(loaded, plans, index, touched)
    there = _pad(loaded, plans, index, touched)
    if there is not None:
        return there[1] if there[0] == slug else None
    for key in map(PadKey, range(128)):
        if key in plans[index].pads:
            continue
        more = replace(plans[index], pads={**plans[index].pads, key: None})
        new = [*plans[:index], more, *plans[index + 1 :]]
        is_there = _pad(loaded, new, index, touched) == (slug, key)
        if is_there and lies.items() <= _lying(loaded, new, index, touched).items():
            return key
    return None


def _pad(loaded: Loaded, plans: list[Plan], index: int, touched: Touched) -> tuple[str, PadKey] | None:
    return Desk(loaded.settings, plans, index).pad(touched.port, "note", touched.number, touched.channel)


def _lying(loaded: Loaded, plans: list[Plan], index: int, touched: Touched) -> Mapping[object, object]:
    desk = Desk(loaded.settings, plans, index)
    return {
        (number, seat): pad
        for number, grid in enumerate(desk.grids(touched.port))
        for seat, pad in desk.lying(touched.port, grid).items()
    }
