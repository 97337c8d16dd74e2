"""From a length that a preset asks for to the seconds that are rendered, and to how the fragment is cut from them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

from midifrag.config.parameters import NUMBERS, Preset, shown
from midifrag.fragment.length import FragmentLength, MusicalLength, SecondsLength
from midifrag.fragment.options import FragmentOptions
from midifrag.timeline import Signature

#: Seconds that are rendered beyond a length in music: for silence before the first sound, and for a tempo that falls.
MARGIN = 0.45
#: Seconds of which those of a length in music are a multiple: what is warmed is few lengths.
GRID = 0.25
#: Tempos between k · `_STEP` + `_OFF` and the next such ask for the same seconds, so that a clock's jitter around a
#: usual tempo asks for the same take; in beats a minute.
_STEP, _OFF = 0.25, 0.13
#: What says how many bars are meant where nobody knows.
SOME = "some"


class Limits(NamedTuple):
    """Seconds that a model renders: ``shortest`` well, ``longest`` at all (None where nobody knows)."""

    shortest: float = 0.0
    longest: float | None = None


def musical_length(preset: Preset, bpm: float, signature: Signature) -> MusicalLength | None:
    """The length in music that a preset asks for, in this time; None for one in seconds."""
    if preset.bars is not None:
        return MusicalLength(preset.bars, "bars", bpm, signature)
    return None if preset.beats is None else MusicalLength(preset.beats, "beats", bpm, signature)


def needed_seconds(length: MusicalLength, options: FragmentOptions) -> float:
    """How much sound a fragment of this length is made of: a loop's crossfade takes some more."""
    crossfade = options.loop_crossfade_ms / 1000 if options.loop else 0.0
    return length.seconds + min(crossfade, length.seconds / 2)


def rendered_seconds(
    preset: Preset, length: MusicalLength | None, options: FragmentOptions, limits: Limits
) -> tuple[float | None, FragmentLength | None]:
    """What an engine is asked for in seconds (None: its default), and what is cut from that (None: nothing).

    ``length`` is the preset's in music. What its model cannot render of that is silence in the end.
    """
    most = min(math.inf if limits.longest is None else limits.longest, NUMBERS["seconds"].limits[1])
    if length is not None:
        slowest = math.floor((length.bpm - _OFF) / _STEP) * _STEP + _OFF
        needed = needed_seconds(replace(length, bpm=slowest), options)
        wanted = math.ceil((needed + MARGIN) / GRID) * GRID
        return min(max(wanted, limits.shortest), most), length
    if preset.seconds is None or preset.seconds >= limits.shortest:
        return preset.seconds, None
    return min(limits.shortest, most), SecondsLength(preset.seconds)


def told_bars(preset: Preset, bpm: float, signature: Signature) -> str:
    """How many bars a preset asks for, in words for its prompt; of a length in seconds, the nearest number."""
    length = musical_length(preset, bpm, signature)
    if length is not None:
        return shown(round(length.quarters / signature.bar, 2))
    if preset.seconds is None:
        return SOME
    return str(max(1, round(preset.seconds * bpm / 60 / signature.bar)))
