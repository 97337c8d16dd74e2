"""Slot files as a landing leaves them."""

import io
from pathlib import Path

import numpy as np

from midifrag.fragment.audio_files import encode_audio
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.wav import audio_checksum, with_texts

_RATE = 44100


def put(folder: Path, slot: int, *, job: int, landing: int = 1, prompt: str = "rain") -> Path:
    """Have a fragment of 10 ms in a slot of ``folder``; where its file is."""
    whole = encode_audio(np.full((2, _RATE // 100), 0.5, np.float32), _RATE, 16)
    checksum = audio_checksum(io.BytesIO(whole))
    content = SlotContent(landing, slot, True, job, job, "opening/C1", prompt, 0.01, 1000.0, checksum)
    path = folder / f"output{slot:02d}.wav"
    path.write_bytes(with_texts(whole, content.texts()))
    return path
