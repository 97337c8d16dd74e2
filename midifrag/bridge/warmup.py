"""What is warmed: every prompt and length of the set list, what controls may make of them, and what hears beats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import replace

from midifrag.bridge.absences import as_stand_in
from midifrag.bridge.jobs import request
from midifrag.config.banks import Range
from midifrag.config.loading import Loaded
from midifrag.config.parameters import Preset
from midifrag.config.press_request import press_request
from midifrag.engine.messages import Render

#: Seconds between two lengths that are warmed because a control or a velocity may ask for them.
GRID = 0.25


def warm_renders(loaded: Loaded) -> dict[str, tuple[Render, ...]]:
    """The renders that presses may ask for, by model, without repetitions.

    First one per preset of every bank; then, marked as spares, one for every other length and kind of guidance that
    controls and velocities reach, and for what a model that stands in would render.
    """
    renders: dict[str, dict[Render, None]] = {loaded.settings.model: {}}
    reached: dict[str, dict[Render, None]] = {}
    substitute = loaded.settings.engine.other_model
    for bank in loaded.banks:
        for pad in bank.pads.values():
            asked = press_request(loaded.settings, bank, pad)
            render = request(asked.preset, 0, 0)
            renders.setdefault(asked.model, {})[render] = None
            if substitute is not None and substitute not in ("sketch", asked.model):
                # Loaded from the start, since nobody waits for a model in the middle of a set; prepared when idle.
                stands_in = replace(request(as_stand_in(asked.preset, None), 0, 0), spare=True)
                renders.setdefault(substitute, {})
                reached.setdefault(substitute, {})[stands_in] = None
            ranges = [*loaded.settings.controls, *bank.controls, *([pad.velocity] if pad.velocity else [])]
            for seconds, scale in itertools.product(_lengths(asked.preset, ranges), _scales(asked.preset, ranges)):
                other = replace(render, seconds=seconds, cfg_scale=scale, spare=True)
                reached.setdefault(asked.model, {})[other] = None
    return {model: (*wanted, *_new_kinds(reached.get(model, {}), wanted)) for model, wanted in renders.items()}


def _new_kinds(reached: Iterable[Render], wanted: Iterable[Render]) -> list[Render]:
    """One render of each kind, as far as that can be told without the model, that none of ``wanted`` has."""

    def kind(render: Render) -> tuple[float | None, bool, bool]:
        return render.seconds, render.cfg_scale == 1, bool(render.negative_prompt)

    known = {kind(render) for render in wanted}
    return list({kind(render): render for render in reached if kind(render) not in known}.values())


def _lengths(preset: Preset, ranges: Iterable[Range]) -> list[float | None]:
    """The seconds that a press of ``preset`` may have: its own, and a grid over what ``ranges`` set."""
    lengths: dict[float | None, None] = {preset.seconds: None}
    for low, high in (sorted(each.range) for each in ranges if str(each.sets) == "seconds"):
        lengths |= dict.fromkeys(low + GRID * step for step in range(math.ceil((high - low) / GRID)))
        lengths[high] = None
    return list(lengths)


def _scales(preset: Preset, ranges: Iterable[Range]) -> list[float | None]:
    """A ``cfg_scale`` for each kind of guidance that a press of ``preset`` may have: its own, with, and without (1)."""
    scales: dict[float | None, None] = {preset.cfg_scale: None}
    for low, high in (sorted(each.range) for each in ranges if str(each.sets) == "cfg_scale"):
        scales |= dict.fromkeys(scale for scale in (1.0, low, high) if low <= scale <= high)
    return list(scales)


def aligns_loops(loaded: Loaded) -> bool:
    """Whether some pad's fragments are cut on their beats: librosa takes seconds the first time it listens."""
    fragments = loaded.settings.fragments
    pads = [pad for bank in loaded.banks for pad in bank.pads.values()]
    return any((own := fragments.options(pad.fragment)).loop and own.loop_align for pad in pads)
