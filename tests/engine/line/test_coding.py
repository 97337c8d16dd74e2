"""Takes as FLAC: nothing clips, what is rounded away is as little as the docs say, and lies are refused."""

import numpy as np
import pytest

from midifrag.engine.line.coding import MOST_CHANNELS, MOST_RATE, as_flac, from_flac
from midifrag.engine.line.messages import MOST_AUDIO, Rendered
from midifrag.errors import LineError


def told(audio, rate, data, scale, **said):
    values = {
        "job": "0" * 32, "channels": len(audio), "samples": audio.shape[1], "sample_rate": rate, "used": {},
        "engine_seconds": 0.0, "sha256": "0" * 64, "coding": "flac", "packed": len(data), "scale": scale,
    }  # fmt: skip
    return Rendered(**values | said)


def noise(level, channels=2, samples=5000):
    return (level * np.random.default_rng(1).normal(size=(channels, samples))).astype(np.float32)


@pytest.mark.parametrize("level", [1e-6, 0.1, 1.0, 300.0])
def test_what_is_rounded_away_is_144_db_below_the_peak_at_any_level(level):
    audio = noise(level)
    data, scale = as_flac(audio, 44100)
    back = from_flac(data, told(audio, 44100, data, scale))
    error = np.abs(back.astype(np.float64) - audio).max() / np.abs(audio).max()
    # Half a step of 24 bits, and float32's own last bit.
    assert 20 * np.log10(error) < -138
    assert (back.dtype, back.flags.writeable) == (np.float32, True)


def test_it_is_smaller_than_samples_are():
    time = np.arange(44100) / 44100
    tone = np.stack([np.sin(440 * 6.283 * time), np.sin(443 * 6.283 * time)]).astype(np.float32)
    assert len(as_flac(tone, 44100)[0]) < 0.6 * tone.nbytes
    assert len(as_flac(noise(0.1), 44100)[0]) < 0.76 * noise(0.1).nbytes


@pytest.mark.parametrize("audio", [np.zeros((1, 7), np.float32), np.full((1, 1), -2.0, np.float32)])
def test_silence_and_single_samples_come_back(audio):
    data, scale = as_flac(audio, 8000)
    np.testing.assert_allclose(from_flac(data, told(audio, 8000, data, scale)), audio)


@pytest.mark.parametrize(
    ("audio", "rate"),
    [
        (noise(1, MOST_CHANNELS + 1, 10), 8000),
        (noise(1, 1, 10), MOST_RATE + 1),
        (np.full((1, 5), np.nan, np.float32), 8000),
    ],
)
def test_what_flac_cannot_hold_is_left_as_it_is(audio, rate):
    assert as_flac(audio, rate) is None


@pytest.mark.parametrize("said", [{"samples": 6000}, {"channels": 1}, {"sample_rate": 48000}])
def test_a_take_that_is_another_one_than_was_told_is_refused(said):
    audio = noise(0.1)
    data, scale = as_flac(audio, 44100)
    with pytest.raises(LineError, match="another one"):
        from_flac(data, told(audio, 44100, data, scale, **said))


def test_a_few_bytes_are_not_made_more_than_a_take_can_be():
    audio = noise(0.1)
    data, scale = as_flac(audio, 44100)
    with pytest.raises(LineError, match="larger than any can be"):
        from_flac(data, told(audio, 44100, data, scale, samples=MOST_AUDIO // 4))


@pytest.mark.parametrize("part", [slice(0, 0), slice(7, 99), slice(0, 9_000)])
def test_what_is_no_flac_is_refused(part):
    audio = noise(0.1)
    data, scale = as_flac(audio, 44100)
    with pytest.raises(LineError, match=r"cannot be read|samples of"):
        from_flac(data[part], told(audio, 44100, data, scale))
