from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
import soundfile

from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.encoding import encode_fragment, encode_take
from midifrag.fragment.options import FragmentOptions
from tests.fragment.sounds import RATE, noise


def decoded(content):
    return soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)[0].T


@pytest.mark.parametrize("bits", [16, 24])
def test_take_that_would_clip_is_scaled_by_its_gain(bits):
    audio = noise(level=3.0)

    take = encode_take(audio, RATE, bits)

    assert take.peak == pytest.approx(np.abs(audio).max())
    assert take.gain < 1.0
    assert np.abs(decoded(take.content) / take.gain - audio).max() < 3.1 / 2 ** (bits - 1)
    assert (take.channels, take.sample_rate, take.seconds) == (2, RATE, pytest.approx(0.1))


def test_take_that_does_not_clip_is_not_scaled():
    take = encode_take(noise(level=0.5), RATE, 24)

    assert take.gain == 1.0


def test_take_that_is_not_finite_becomes_floating_point():
    audio = noise()
    audio[1, 3] = np.inf

    take = encode_take(audio, RATE, 16)

    assert take.peak is None
    np.testing.assert_array_equal(decoded(take.content), audio)


def test_fragment_keeps_its_length_and_notes():
    fragment = dataclasses.replace(make_fragment(noise(), RATE, FragmentOptions()), notes=("too soft",))

    encoded = encode_fragment(fragment, 24)

    assert (encoded.seconds, encoded.notes) == (pytest.approx(0.1, abs=0.001), ("too soft",))
    assert np.abs(decoded(encoded.content) - fragment.audio).max() <= 2.0**-23
