"""Single sounds, before anything is done to them."""

import numpy as np

from midifrag.engine.sketch import SAMPLE_RATE, SoundParameters
from midifrag.engine.sketch.voice import Voice

SEEDS = (0, 1, 2)


def voice(seconds=2.0, seed=1, **parameters):
    """A voice of the sound parameters."""
    samples = round(seconds * SAMPLE_RATE)
    return Voice(SoundParameters(**parameters), samples, np.random.Generator(np.random.PCG64(seed)))


def stereo(sound):
    """As the measures want it, (2, n)."""
    return sound if sound.ndim == 2 else np.stack([sound, sound])


def measured(measure, function, **given):
    """The median over three seeds."""
    return float(np.median([measure(stereo(function(voice(seed=seed, **given)))) for seed in SEEDS]))
