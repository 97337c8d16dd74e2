"""What slots hold and what is told of it, for samplers that read files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from midifrag.audio import Audio
from midifrag.events import JobChanged, JobTimes, SlotsChanged
from midifrag.fragment.slot_state import SlotState
from midifrag.states import JobKind, JobState

RATE = 44100


def tone(hertz: float, seconds: float = 0.5) -> Audio:
    """A tone that decays, of shape (2, samples), the right channel softer."""
    at = np.arange(round(seconds * RATE)) / RATE
    sound = np.sin(2 * np.pi * hertz * at) * np.exp(-3 * at)
    return np.stack([0.6 * sound, 0.3 * sound]).astype(np.float32)


def wav(audio: Audio) -> bytes:
    """A WAV file of 16 bit."""
    file = io.BytesIO()
    soundfile.write(file, audio.T, RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


class SlotsRig:
    """A folder of slots, and the changes that tell of what is put there."""

    def __init__(self, folder: Path, count: int = 3) -> None:
        self.folder = folder
        self.count = count
        self.sounds: frozenset[int] = frozenset()
        self.prompts: dict[int, str] = {}

    def path(self, slot: int) -> Path:
        return self.folder / f"output{slot:02d}.wav"

    def put(self, slot: int, audio: Audio, prompt: str = "rain") -> None:
        """Replace a slot's file, as a landing does."""
        aside = self.folder / "aside"
        aside.write_bytes(wav(audio))
        aside.replace(self.path(slot))
        self.prompts[slot] = prompt

    def landing(self, slot: int, audio: Audio, prompt: str = "rain", *, loop: bool = False) -> JobChanged:
        """Replace a slot's file; what is told of that job."""
        self.put(slot, audio, prompt)
        times = JobTimes(0.0, landed=1.0)
        return JobChanged(
            1, JobKind.PROMPT, JobState.LANDED, prompt, "opening", None, times,
            slot=slot, file=str(self.path(slot)), fragment_seconds=audio.shape[1] / RATE, loop=loop,
        )  # fmt: skip

    def told(self) -> SlotsChanged:
        """What lies where, as it is told."""
        states = []
        for slot in range(1, self.count + 1):
            state = "filled" if self.path(slot).exists() else "free"
            prompt, sounds = self.prompts.get(slot, ""), slot in self.sounds
            states.append(SlotState(slot, self.path(slot).name, state, prompt=prompt, seconds=0.5, sounds=sounds))
        return SlotsChanged(tuple(states))
