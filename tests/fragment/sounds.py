"""Takes and records for the tests of this room."""

from __future__ import annotations

import numpy as np

from midifrag.audio import Audio
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.writer_commands import LandTake

RATE = 44100

#: As the bridge hands a record over: everything known of how the take was made.
FULL = TakeRecord(
    prompt="дождь по жести 🌧 " + "близко, " * 400,
    preset="36",
    bank="Opening",
    model="pocket",
    checksum="sha256:00ff",
    seed=2**32 - 1,
    parameters={"steps": 50, "cfg_scale": 6.5, "sampler": "dpmpp-3m-sde", "negative_prompt": "Stimme", "loop": None},
    job=9,
    pressed_at=1700000000.125,
    started_at=1700000000.25,
    rendered_at=1700000002.5,
    spare=True,
)


def noise(seconds: float = 0.1, *, seed: int = 0, channels: int = 2, level: float = 0.3) -> Audio:
    generator = np.random.default_rng(seed)
    return generator.uniform(-level, level, (channels, round(seconds * RATE))).astype(np.float32)


def record(take: int = 1, **values: object) -> TakeRecord:
    made = {"prompt": f"prompt {take}", "preset": f"pad {take}", "seed": take, "job": take}
    return TakeRecord(**(made | values))


def land(job: int, *, seconds: float = 0.1, slot: int | None = None, **values: object) -> LandTake:
    return LandTake(job, noise(seconds, seed=job), RATE, record(job, **values), FragmentOptions(), slot)
