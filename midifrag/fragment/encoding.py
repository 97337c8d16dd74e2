"""Takes and fragments as the files that they become, all but the texts: those are only known when a press lands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from midifrag.audio import Audio
from midifrag.fragment.audio_files import encode_audio
from midifrag.fragment.cutting import Fragment


@dataclass(frozen=True, slots=True)
class EncodedTake:
    """A take as the archive keeps it; ``peak`` and ``gain`` are those of `TakeRecord`, ``seconds`` is its length."""

    content: bytes
    sample_rate: int
    channels: int
    seconds: float
    peak: float | None
    gain: float


@dataclass(frozen=True, slots=True)
class EncodedFragment:
    """A fragment as a slot file; ``notes`` are things worth telling the performer."""

    content: bytes
    seconds: float
    notes: tuple[str, ...] = ()


def encode_take(audio: Audio, sample_rate: int, bits: int) -> EncodedTake:
    """Encode a take, float32 of shape (channels, samples).

    It is scaled only if it would clip, and kept as floating point if it is not finite.
    """
    level = float(np.max(np.abs(audio), initial=0.0))
    finite = bool(np.isfinite(level))
    bits = bits if finite else 32
    gain = 1.0
    if bits != 32 and level > 1.0:
        gain = (1.0 - 2.0 ** (1 - bits)) / level
    scaled = audio if gain == 1.0 else audio * np.float32(gain)
    return EncodedTake(
        encode_audio(scaled, sample_rate, bits),
        sample_rate,
        channels=audio.shape[0],
        seconds=audio.shape[1] / sample_rate,
        peak=level if finite else None,
        gain=gain,
    )


def encode_fragment(fragment: Fragment, bits: int) -> EncodedFragment:
    """Encode a fragment."""
    content = encode_audio(fragment.audio, fragment.sample_rate, bits)
    return EncodedFragment(content, fragment.seconds, fragment.notes)
