"""From parameters to sound: choose the layers, make each, mix them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from midifrag.audio import Audio
from midifrag.engine.sketch.families import FAMILIES
from midifrag.engine.sketch.finish import PEAK, finish
from midifrag.engine.sketch.loops import KIT
from midifrag.engine.sketch.parameters import SoundParameters
from midifrag.engine.sketch.prompt import parse
from midifrag.engine.sketch.voice import SAMPLE_RATE, Voice, spawn

#: Accepted lengths in seconds, inclusive.
SECONDS_RANGE = (0.05, 190.0)


@dataclass(frozen=True, eq=False)
class Sound:
    """A rendered sound: ``audio`` float32 (2, n) at 44.1 kHz within ±1, what was asked, and the families played."""

    audio: Audio
    parameters: SoundParameters
    played: tuple[str, ...]


def render_prompt(prompt: str, seconds: float, seed: int) -> Sound:
    """Play what ``prompt`` says for ``seconds`` (0.05 to 190); the same ``seed`` (≥ 0) gives the same samples.

    A prompt without any known sound plays a texture that its words choose. Raises ``ValueError`` for other lengths.
    """
    return render_parameters(parse(prompt), seconds, seed)


def render_parameters(parameters: SoundParameters, seconds: float, seed: int) -> Sound:
    """Play ``parameters`` as ``render_prompt`` does; for those who choose parameters first and words afterwards."""
    if not SECONDS_RANGE[0] <= seconds <= SECONDS_RANGE[1]:
        raise ValueError(f"seconds: {seconds:g} is outside {SECONDS_RANGE[0]:g} to {SECONDS_RANGE[1]:g}")
    samples = round(seconds * SAMPLE_RATE)
    played = layers(parameters)
    mix = np.zeros((2, samples), dtype=np.float32)
    streams = spawn(np.random.Generator(np.random.PCG64(seed)), len(played))
    for name, stream in zip(played, streams, strict=True):
        family = FAMILIES[name]
        voice, room = spawn(stream, 2)
        raw = family.function(Voice(parameters, samples, voice))
        sound = finish(raw, parameters, family.room, family.spread, room)
        mix += sound * np.float32(family.gain if len(played) > 1 else 1.0)
    peak = float(np.max(np.abs(mix)))
    if peak > PEAK:
        mix *= np.float32(PEAK / peak)
    return Sound(mix, parameters, played)


def layers(parameters: SoundParameters) -> tuple[str, ...]:
    """The families to play together: drums named beside a beat are its kit, and nothing known becomes a texture."""
    if not parameters.families:
        return (_texture(parameters.unknown),)
    if "beat" in parameters.families:
        return tuple(name for name in parameters.families if name not in KIT)
    return parameters.families


def _texture(words: tuple[str, ...]) -> str:
    """A texture that the same words choose on every machine and in every run."""
    textures = [name for name, family in FAMILIES.items() if family.texture]
    digest = hashlib.sha256(" ".join(words).encode()).digest()
    return textures[int.from_bytes(digest[:8], "big") % len(textures)]
