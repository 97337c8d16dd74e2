"""Fragments in the player's memory, without a device; decks of them are in test_deck.py."""

import numpy as np
import pytest

from midifrag.playback.memory import Memory
from midifrag.playback.messages import Load
from midifrag.playback.samples import Samples, resampled, stereo

RATE = 44100


class Rack:
    """Samples, and what they asked to be brought to another rate."""

    def __init__(self, seconds=2):
        self.memory = Memory(8, 2, seconds * RATE * 8)
        self.asked = []
        self.samples = Samples(self.memory, lambda load, rate: self.asked.append((load.job, rate)))


@pytest.fixture
def rack():
    return Rack()


def fragment(job, seconds=0.5, rate=RATE, channels=2):
    return Load(job, np.full((channels, round(seconds * rate)), job / 10, np.float32), rate)


def test_a_fragment_of_the_devices_rate_is_there_at_once(rack):
    rack.samples.use_rate(RATE)
    rack.samples.load(fragment(1))
    assert (rack.samples[1].length, rack.samples[1].seconds, rack.asked) == (RATE // 2, 0.5, [])
    assert 1 in rack.samples
    assert list(rack.samples) == [1]


def test_before_there_is_a_device_it_waits_for_its_rate(rack):
    load = fragment(1)
    rack.samples.load(load)
    assert rack.samples[1].offset is None
    rack.samples.use_rate(48000)
    assert rack.asked == [(1, 48000)]
    rack.samples.placed(load, 48000, np.zeros((24000, 2), np.float32))
    assert rack.samples[1].length == 24000


def test_what_comes_for_another_rate_or_a_fragment_that_is_gone_is_left(rack):
    rack.samples.use_rate(48000)
    load = fragment(1)
    rack.samples.load(load)
    rack.samples.placed(load, 96000, np.zeros((48000, 2), np.float32))
    assert rack.samples[1].offset is None
    rack.samples.free(1)
    rack.samples.placed(load, 48000, np.zeros((24000, 2), np.float32))
    assert 1 not in rack.samples


def test_room_comes_back_and_what_finds_none_is_told(rack):
    rack.samples.use_rate(RATE)
    for job in (1, 2):
        rack.samples.load(fragment(job, 0.9))
    rack.samples.load(fragment(3, 0.9))
    assert rack.samples[3].offset is None
    assert rack.samples.problem == "no memory for 1 s more: a fragment stays silent"
    rack.samples.free(1)
    rack.samples.load(fragment(4, 0.9))
    assert rack.samples[4].offset is not None


def test_another_device_s_rate_brings_all_in_anew(rack):
    rack.samples.use_rate(RATE)
    rack.samples.load(fragment(1))
    rack.samples.use_rate(RATE)
    assert rack.asked == []
    rack.samples.use_rate(48000)
    assert (rack.samples[1].offset, rack.asked) == (None, [(1, 48000)])


@pytest.mark.parametrize(("channels", "right"), [(1, 0.0), (2, 1.0), (4, 1.0)])
def test_sound_of_any_channels_is_heard_on_two(channels, right):
    audio = np.arange(channels, dtype=np.float32)[:, None] * np.ones((1, 5), np.float32)
    frames = stereo(audio)
    assert (frames.shape, frames.dtype, frames.flags.c_contiguous) == ((5, 2), np.float32, True)
    assert (frames[0, 0], frames[0, 1]) == (0.0, right)


def test_resampling_keeps_length_and_pitch():
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 1000 * time).astype(np.float32)
    frames = resampled(Load(1, np.stack((tone, tone)), RATE), 48000)
    assert len(frames) == 48000
    expected = np.sin(2 * np.pi * 1000 * np.arange(48000) / 48000)
    np.testing.assert_allclose(frames[2000:-2000, 0], expected[2000:-2000], atol=1e-3)


def test_samples_that_are_used_keep_their_place_until_they_are_not(rack):
    rack.samples.use_rate(RATE)
    rack.samples.load(fragment(1))
    used, free = rack.samples[1], rack.samples._room.free
    rack.samples.load(fragment(1, 0.25), [used])
    rack.samples.free(1, [used])
    assert (1 in rack.samples, rack.samples._room.free) == (False, free)
    rack.samples.sweep([])
    rack.samples.sweep([])
    assert rack.samples._room.free == free + RATE // 2


def test_samples_that_were_replaced_can_be_those_of_their_job_again(rack):
    rack.samples.use_rate(RATE)
    rack.samples.load(fragment(1))
    used, free = rack.samples[1], rack.samples._room.free
    rack.samples.load(fragment(1, 0.25), [used])
    rack.samples.keep(used, [used])
    rack.samples.keep(used, [used])
    assert (rack.samples[1] is used, rack.samples._room.free) == (True, free)
    rack.samples.free(1)
    assert rack.samples._room.free == free + RATE // 2
