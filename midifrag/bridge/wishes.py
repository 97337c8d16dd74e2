"""What presses wish for: a preset as an engine can render it now, in this tempo, by whoever plays in its place."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

from midifrag.bridge.absences import as_stand_in
from midifrag.bridge.jobs import request
from midifrag.bridge.source_book import Begin, LastBegin, SourceBook
from midifrag.bridge.spares import Wish
from midifrag.config.lengths import Limits, musical_length, rendered_seconds
from midifrag.config.parameters import Preset
from midifrag.engine.messages import Render
from midifrag.engine.protocol import Engines
from midifrag.fragment.options import FragmentOptions
from midifrag.pad_key import PadKey
from midifrag.timeline import Timeline


class Wishes:
    """Works out wishes, and the requests that they become.

    ``line`` is musical time, ``limits`` says what the set knows of how long a model's takes may be, ``bpm`` is the
    tempo that prompts are told, and ``heard`` how many seconds of an input pads begin from.
    """

    def __init__(
        self,
        engines: Engines,
        sources: SourceBook,
        line: Callable[[], Timeline],
        limits: Callable[[str], Limits],
        bpm: Callable[[], float],
        heard: Callable[[], float],
        seeds: random.Random | None = None,
    ) -> None:
        self._engines = engines
        self._sources = sources
        self._line = line
        self._limits = limits
        self._bpm = bpm
        self._heard = heard
        self._seeds = seeds or random.SystemRandom()

    def of(
        self,
        bank: str,
        pad: PadKey | None,
        preset: Preset,
        model: str,
        options: FragmentOptions,
        last: LastBegin | None = None,
    ) -> Wish:
        """What a press on ``pad`` (None: a typed prompt) would ask for now; ``last`` as in `SourceBook.meant`."""
        effective = self._engines.effective(model)
        info = self._engines.info(effective)
        if effective != model:
            preset = as_stand_in(preset, info)
        now, limits = self._line(), self.limits_of(effective)
        in_music = musical_length(preset, now.bpm, now.signature)
        seconds, length = rendered_seconds(preset, in_music, options, limits)
        asked = preset.seconds if in_music is None else in_music.seconds
        if preset.sound is not None and preset.sound.makes_part:
            # As long as the sound, and what comes to it.
            seconds, length = None, None
        sound = self._sources.meant(preset, self._heard() if asked is None else asked, limits, last)
        bpm = self._bpm() if info is not None and info.hears_tempo else None
        return Wish(bank, pad, effective, dataclasses.replace(preset, seconds=seconds), options, length, bpm, sound)

    def limits_of(self, model: str) -> Limits:
        """How long the takes of a model may be, by what is known of it."""
        limits, info = self._limits(model), self._engines.info(model)
        return limits if info is None else Limits(max(limits.shortest, info.min_seconds), info.max_seconds)

    def render(self, number: int, preset: Preset, *, spare: bool = False, begin: Begin | None = None) -> Render:
        """A request for a preset, with a seed where that has none of its own."""
        seed = self._seeds.randrange(2**32) if preset.seed == "random" else preset.seed
        return request(preset, number, seed, spare=spare, bpm=self._bpm(), begin=begin)
