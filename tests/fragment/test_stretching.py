import numpy as np
import pytest

from midifrag.fragment.stretching import stretched
from tests.fragment.sounds import RATE


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("factor", [0.5, 0.93, 1.07, 2.0])
def test_it_takes_so_many_samples_and_keeps_its_pitch(channels, factor):
    time = np.arange(RATE) / RATE
    audio = np.stack([np.sin(2 * np.pi * 441 * (1 + number) * time) for number in range(channels)]).astype(np.float32)
    samples = round(RATE * factor)
    longer = stretched(audio, RATE, samples)
    assert (longer.shape, longer.dtype) == ((channels, samples), np.float32)
    for number, channel in enumerate(longer):
        middle = channel[samples // 4 : samples // 4 + 8820]
        loudest = np.abs(np.fft.rfft(middle * np.hanning(8820))).argmax() * RATE / 8820
        assert loudest == pytest.approx(441 * (1 + number), abs=6)


def test_what_lies_in_memory_in_another_order_sounds_the_same():
    audio = np.random.default_rng(1).uniform(-1, 1, (2, 20000)).astype(np.float32)
    turned = np.asfortranarray(audio)
    np.testing.assert_array_equal(stretched(audio, RATE, 22000), stretched(turned, RATE, 22000))
