"""Takes and records for the tests of this room."""

from __future__ import annotations

import numpy as np

from midifrag.audio import Audio
from midifrag.fragment.messages import LandTake
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord

RATE = 44100


def noise(seconds: float = 0.1, *, seed: int = 0, channels: int = 2, level: float = 0.3) -> Audio:
    generator = np.random.default_rng(seed)
    return generator.uniform(-level, level, (channels, round(seconds * RATE))).astype(np.float32)


def record(take: int = 1, **values: object) -> TakeRecord:
    made = {"prompt": f"prompt {take}", "preset": f"pad {take}", "seed": take, "job": take}
    return TakeRecord(**(made | values))


def land(job: int, *, seconds: float = 0.1, slot: int | None = None, **values: object) -> LandTake:
    return LandTake(job, noise(seconds, seed=job), RATE, record(job, **values), FragmentOptions(), slot)
