"""What is warmed: every prompt and length of the set list, what controls may make of them, and what hears beats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from midifrag.bridge.absences import as_stand_in
from midifrag.bridge.jobs import request
from midifrag.config.controls import Range
from midifrag.config.lengths import GRID, Limits, musical_length, rendered_seconds
from midifrag.config.loading import Loaded
from midifrag.config.parameter_values import LENGTHS
from midifrag.config.parameters import Preset
from midifrag.config.press_request import PressRequest, press_request
from midifrag.engine.messages import Render
from midifrag.fragment.options import FragmentOptions


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
            # Between two prompts, so that both are read.
            asked = press_request(loaded.settings, bank, pad, share=0.5)
            lengths = _Lengths(loaded, asked)
            render = request(replace(asked.preset, seconds=lengths.of(asked.preset)), 0, 0, bpm=loaded.settings.tempo)
            renders.setdefault(asked.model, {})[render] = None
            is_far = loaded.settings.is_elsewhere(asked.model)
            if substitute is not None and substitute not in (asked.model, "" if is_far else "sketch"):
                # Loaded from the start, since nobody waits for a model in the middle of a set; prepared when idle.
                # Sketch takes a moment too, which counts only where a line may go at any time.
                its_own = as_stand_in(replace(asked.preset, seconds=render.seconds, morph=None), None)
                stands_in = replace(request(its_own, 0, 0, bpm=loaded.settings.tempo), spare=True)
                renders.setdefault(substitute, {})
                reached.setdefault(substitute, {})[stands_in] = None
            ranges = [*loaded.settings.controls, *bank.controls, *([pad.velocity] if pad.velocity else [])]
            for seconds, scale in itertools.product(lengths.reached(ranges), _scales(asked.preset, ranges)):
                other = replace(render, seconds=seconds, cfg_scale=scale, spare=True)
                reached.setdefault(asked.model, {})[other] = None
    return {model: (*wanted, *_new_kinds(reached.get(model, {}), wanted)) for model, wanted in renders.items()}


def _new_kinds(reached: Iterable[Render], wanted: Iterable[Render]) -> list[Render]:
    """One render of each kind, as far as that can be told without the model, that none of ``wanted`` has."""

    def kind(render: Render) -> tuple[float | None, bool, bool]:
        return render.seconds, render.cfg_scale == 1, bool(render.negative_prompt)

    known = {kind(render) for render in wanted}
    return list({kind(render): render for render in reached if kind(render) not in known}.values())


class _Lengths:
    """The seconds that an engine is asked for by presses of one pad; ``asked`` is what one asks that nothing moves."""

    def __init__(self, loaded: Loaded, asked: PressRequest) -> None:
        self._asked = asked
        self._bpm, self._signature = loaded.settings.tempo, loaded.settings.time.signature
        self._limits = loaded.limits.get(asked.model, Limits())

    def of(self, preset: Preset) -> float | None:
        """The seconds for a preset."""
        length = musical_length(preset, self._bpm, self._signature)
        return rendered_seconds(preset, length, self._asked.options, self._limits)[0]

    def reached(self, ranges: Iterable[Range]) -> list[float | None]:
        """Its own, and a grid over what ``ranges`` set."""
        preset, none = self._asked.preset, dict.fromkeys(LENGTHS)
        lengths: dict[float | None, None] = {self.of(preset): None}
        for each in ranges:
            for value in _grid(each) if str(each.sets) in LENGTHS else ():
                said: dict[str, Any] = none | {str(each.sets): value}
                lengths[self.of(replace(preset, **said))] = None
        return list(lengths)


def _grid(each: Range) -> list[float]:
    low, high = sorted(each.range)
    step = each.sets.parameter.step or GRID
    return [*(low + step * number for number in range(math.ceil((high - low) / step))), high]


def _scales(preset: Preset, ranges: Iterable[Range]) -> list[float | None]:
    """A ``cfg_scale`` for each kind of guidance that a press of ``preset`` may have: its own, with, and without (1)."""
    scales: dict[float | None, None] = {preset.cfg_scale: None}
    for low, high in (sorted(each.range) for each in ranges if str(each.sets) == "cfg_scale"):
        scales |= dict.fromkeys(scale for scale in (1.0, low, high) if low <= scale <= high)
    return list(scales)


def aligns_loops(loaded: Loaded) -> bool:
    """Whether some pad's fragments are cut on their beats: librosa takes seconds the first time it listens."""
    return any(own.loop and own.loop_align for own in _options(loaded))


def stretches(loaded: Loaded) -> bool:
    """Whether some pad's fragments may be stretched: the process that does it takes a moment to start."""
    return any(own.stretch for own in _options(loaded))


def _options(loaded: Loaded) -> Iterator[FragmentOptions]:
    """How each pad's takes become fragments."""
    for bank in loaded.banks:
        for pad in bank.pads.values():
            yield loaded.settings.fragments.options(pad.fragment)
