"""Loops: patterns in time, made of the other families' sounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from midifrag.audio import Audio
from midifrag.engine.sketch.drums import clap, cowbell, cymbal, hats, kick, rim, snare, tom
from midifrag.engine.sketch.synthesis import place, strike
from midifrag.engine.sketch.tones import string
from midifrag.engine.sketch.voice import SAMPLE_RATE, Voice, spawn

#: The drums that a beat can be made of; those that a prompt names beside "beat" are its kit.
KIT: Mapping[str, Callable[[Voice], Audio]] = {
    "kick": kick,
    "snare": snare,
    "hats": hats,
    "clap": clap,
    "tom": tom,
    "rim": rim,
    "cymbal": cymbal,
    "cowbell": cowbell,
}
#: The kits of a beat that names no drum.
DEFAULT_KITS = (("kick", "snare", "hats"), ("kick", "clap", "hats"), ("kick", "snare", "hats", "rim"))
#: Sixteenths of a bar for every drum: how readily each is played, 9 always, 5 if nothing is said, 1 when very dense.
PATTERNS: Mapping[str, tuple[str, ...]] = {
    "kick": ("9000700080007020", "9002007080020031", "9020005000907010", "9003002080500200"),
    "snare": ("0000900200009003", "0001900300209014", "0000902000109402"),
    "hats": ("6272627362726274", "7353735373537355", "2080208120802084"),
    "clap": ("0000900000009002", "0000900010009040"),
    "tom": ("0004000300603074", "0200030060003057"),
    "rim": ("0030060030060302", "6003006030060020"),
    "cymbal": ("9000000010000000", "9010301040103010"),
    "cowbell": ("6030602060306020", "6006006003006030"),
}
#: How loud each drum is in a beat.
BALANCE: Mapping[str, float] = {"kick": 1.0, "snare": 0.7, "clap": 0.65, "hats": 0.3, "cymbal": 0.3}


#: The longest that a note of an arpeggio rings, in seconds.
LONGEST_RING = 1.2


def beat(voice: Voice) -> Audio:
    """A drum loop in sixteenths: a pattern per drum, thinned or filled by density, with a little swing."""
    named = tuple(name for name in voice.parameters.families if name in KIT)
    kit = named or DEFAULT_KITS[int(voice.rng.integers(len(DEFAULT_KITS)))]
    step = 60 / voice.tempo(118.0) / 4
    swing = voice.rng.choice([0.0, 0.0, 0.12, 0.2]) * step
    least = 5.0 - 4.0 * voice.parameters.density
    sound = np.zeros((2, voice.samples), dtype=np.float32)
    steps = _steps(voice, step)
    for name in kit:
        row = PATTERNS[name][int(voice.rng.integers(len(PATTERNS[name])))]
        hit = _hit(voice, name, step)
        pan = voice.rng.uniform(-0.35, 0.35) if name not in ("kick", "snare") else 0.0
        for number in range(steps):
            weight = int(row[number % 16])
            if weight < 9 and (weight == 0 or weight < least):
                continue
            level = BALANCE.get(name, 0.5) * (0.55 + 0.05 * weight) * voice.rng.uniform(0.85, 1.0)
            gains = np.array([[1 - max(pan, 0)], [1 + min(pan, 0)]], dtype=np.float32) * np.float32(level)
            place(sound, gains * hit, round((number * step + swing * (number % 2)) * SAMPLE_RATE))
    return sound


def _steps(voice: Voice, step: float) -> int:
    """Sixteenths to play: the bars asked for if they end within the fragment, else all that fit."""
    fit = max(1, int(voice.seconds / step + 1e-6))
    return fit if voice.parameters.bars is None else min(fit, voice.parameters.bars * 16)


def _hit(voice: Voice, name: str, step: float) -> Audio:
    """One hit of a drum at peak 1, no longer than two beats; keys and notes are for what plays beside the beat."""
    (stream,) = spawn(voice.rng, 1)
    unpitched = replace(voice.parameters, key=None, pitch_hz=None)
    hit = KIT[name](replace(voice.piece(8 * step, stream), parameters=unpitched))
    fade = np.minimum(np.arange(len(hit), dtype=np.float32)[::-1] / 200, 1)
    faded: Audio = hit * fade / (np.max(np.abs(hit)) + np.float32(1e-9))
    return faded


def arpeggio(voice: Voice) -> Audio:
    """A chord of the key, note by note, on a plucked synth."""
    root = voice.hertz(262.0, 1.0)
    scale = voice.parameters.scale
    degrees = ((0, 2, 4, 7), (0, 2, 4, 6), (0, 4, 7, 9), (0, 2, 4))[int(voice.rng.integers(4))]
    notes = [scale[degree % 7] + 12 * (degree // 7) for degree in degrees]
    line = _line(voice, [*notes, *(note + 12 for note in notes)])
    division = 2.0 ** round(voice.level("density", 0.0, 1.0, 2.0) + 0.01)
    step = 60 / voice.tempo(112.0) / (division * 2)
    ring = min(voice.decay(0.6), LONGEST_RING)
    sounds: dict[int, Audio] = {}
    position = voice.rng.uniform(0.12, 0.4)
    total = np.zeros((2, voice.samples), dtype=np.float32)
    for number in range(max(1, int(min(voice.seconds, _end(voice)) / step + 1e-6))):
        note = line[number % len(line)]
        if note not in sounds:
            short = voice.piece(ring, voice.rng)
            played = string(short, root * 2 ** (note / 12), ring, position)
            sounds[note] = played * strike(short.clock, voice.attack(0.002), 2 * ring)
        pan = 0.3 * (-1) ** number
        accent = 1.0 if number % 4 == 0 else voice.rng.uniform(0.7, 0.9)
        gains = np.array([[1 - pan], [1 + pan]], dtype=np.float32) * np.float32(accent)
        place(total, gains * sounds[note], round(number * step * SAMPLE_RATE))
    return total


def _end(voice: Voice) -> float:
    """Seconds after which the bars asked for are over."""
    bars = voice.parameters.bars
    return voice.seconds if bars is None else bars * 240 / voice.tempo(112.0)


def _line(voice: Voice, notes: list[int]) -> list[int]:
    """The order of the notes: up, down, both or shuffled; the direction decides where it was given."""
    direction = voice.parameters.direction
    up = sorted(set(notes))
    orders = (up, up[::-1], up + up[-2:0:-1], [int(note) for note in voice.rng.permutation(up)])
    if abs(direction) > 0.1:
        return orders[0] if direction > 0 else orders[1]
    return orders[int(voice.rng.integers(4))]
