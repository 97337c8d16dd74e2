"""What the deck makes of commands, heard on a virtual device."""

import numpy as np
import pytest

from midifrag.playback.deck import HORIZON
from midifrag.playback.memory import Head, Memory
from midifrag.playback.messages import Drop, Load, Meters, Mix, Sounding, Start, Stop
from tests.playback.rig import LATE, WHOLE, Rig, first_heard, sound
from tests.playback.virtual import RATE, SAMPLES


def test_what_lands_sounds_at_once_and_is_forgotten_when_it_has_ended():
    rig = Rig()
    audio = sound(4000)
    rig.say(Load(1, audio, RATE), Start(1, 2))
    heard = rig.run(0.2)
    np.testing.assert_array_equal(heard[LATE : LATE + 4000], audio.T)
    began, ended = [one for one in rig.told if isinstance(one, Sounding)]
    assert (began.slot, began.job, began.on, began.loop) == (2, 1, True, False)
    assert (began.at, began.seconds) == (pytest.approx(1000.0 + LATE / RATE, abs=1e-4), pytest.approx(4000 / RATE))
    assert (ended.on, ended.at) == (False, pytest.approx(1000 + (4000 + LATE) / RATE, abs=1e-4))
    assert rig.deck._samples._room.free == SAMPLES // 8
    rig.say(Start(1, 2))
    assert not rig.run(0.1).any()


def test_a_start_ahead_of_time_comes_at_the_very_frame_of_its_moment():
    rig = Rig()
    rig.run(3)
    begun = rig.device.frame
    rig.say(Load(1, sound(4000), RATE), Start(1, 1, at=1000.0 + (begun + 30000) / RATE))
    assert first_heard(rig.run(1.0)) == pytest.approx(30000, abs=1)


def test_a_latency_is_taken_off():
    rig = Rig()
    object.__setattr__(rig.device.opened, "latency", 0.02)
    rig.run(3)
    begun = rig.device.frame
    rig.say(Load(1, sound(4000), RATE), Start(1, 1, at=1000.0 + (begun + 30000) / RATE))
    assert first_heard(rig.run(1.0)) == pytest.approx(30000 - 0.02 * RATE, abs=1)
    assert rig.told[0].at == pytest.approx(1000.0 + (begun + 30000) / RATE, abs=1e-4)


def test_a_start_can_be_moved_until_it_has_come_and_taken_back():
    rig = Rig()
    rig.run(3)
    begun = rig.device.frame
    rig.say(Load(1, sound(2000), RATE), Load(2, sound(2000), RATE))
    rig.say(
        Start(1, 1, at=rig.now + 0.2), Start(1, 1, at=1000.0 + (begun + 20000) / RATE), Start(2, 2, at=rig.now + 0.3)
    )
    rig.say(Drop(2))
    assert first_heard(rig.run(1.0)) == pytest.approx(20000, abs=1)
    assert rig.sounding() == [(1, 1, True), (1, 1, False)]
    assert 2 not in rig.deck._samples


@pytest.mark.parametrize("rate", [RATE, RATE // 2])
@pytest.mark.parametrize("late", [False, True])
def test_other_samples_of_a_job_that_waits_are_those_that_sound(rate, late):
    """A fragment of bars is cut anew when the tempo moves; ``late`` is when its start is with the callback already."""
    rig = Rig(delay=True)
    rig.run(3)
    begun, audio = rig.device.frame, sound(3000, 2)
    moment = 1000.0 + (begun + 30000) / RATE
    rig.say(Load(1, sound(4000, 1), rate), Start(1, 1, at=moment))
    if late:
        rig.resampled()
        rig.run(0.3)
    rig.say(Load(1, audio, rate))
    # The earlier ones may come last.
    rig.resampled()
    heard = rig.run(1.0 - 0.3 * late)
    at = first_heard(heard)
    assert at + rig.device.frame - len(heard) - begun == pytest.approx(30000, abs=1)
    if rate == RATE:
        np.testing.assert_array_equal(heard[at : at + 3000], audio.T)
    assert [one.seconds for one in rig.told if isinstance(one, Sounding) and one.on] == [pytest.approx(3000 / rate)]
    assert rig.deck._samples._room.free == SAMPLES // 8


def test_what_sounds_already_has_no_other_samples():
    rig = Rig()
    audio = sound(8000)
    rig.say(Load(1, audio, RATE), Start(1, 1))
    rig.run(0.1)
    rig.say(Load(1, sound(2000, 2), RATE))
    heard = rig.run(0.2)
    np.testing.assert_array_equal(heard[: 8000 + LATE - 4410], audio.T[4410 - LATE :])
    assert rig.deck._samples._room.free == SAMPLES // 8


def test_of_two_starts_ahead_in_one_slot_each_has_its_turn():
    rig = Rig()
    rig.run(3)
    rig.say(*(Load(job, sound(RATE), RATE) for job in (1, 2)))
    rig.say(Start(1, 1, at=rig.now + 0.2), Start(2, 1, at=rig.now + 0.4))
    rig.run(0.6)
    assert rig.sounding() == [(1, 1, True), (1, 2, True)]
    assert list(rig.deck._samples) == [2]


def test_a_thousand_landings_begin_at_their_frames():
    rig = Rig()
    rig.device.late = lambda: float(np.random.default_rng(rig.device.frame).exponential(2e-5))
    rig.run(3)
    period, off = RATE // 20 + 17, []
    first = rig.now + 0.2
    for job in range(1000):
        rig.say(Load(job, np.full((2, 300), 0.5, np.float32), RATE))
        rig.say(Start(job, 1 + job % 3, at=first + job * period / RATE))
        if job % 20 == 19:
            rig.run(period * 20 / RATE)
    rig.run(1.0)
    began = [one for one in rig.told if isinstance(one, Sounding) and one.on]
    off = [one.at - first - one.job * period / RATE for one in began]
    assert sorted(one.job for one in began) == list(range(1000))
    assert np.abs(off).max() < 1e-3
    assert rig.device.state.head[Head.BELATED] == 0


def test_a_start_waits_for_its_samples_to_be_brought_to_the_devices_rate():
    rig = Rig(rate=48000, delay=True)
    tone = np.sin(np.arange(RATE) * 2 * np.pi * 441 / RATE).astype(np.float32)[None] * 0.25
    rig.say(Load(1, tone, RATE), Start(1, 1))
    assert not rig.run(0.1).any()
    rig.resampled()
    heard = rig.run(1.2)[:, 0]
    begin = first_heard(heard[:, None])
    expected = np.sin(np.arange(48000) * 2 * np.pi * 441 / 48000) * 0.25
    np.testing.assert_allclose(heard[begin + 500 : begin + 40000], expected[500:40000], atol=2e-3)
    assert next(one.seconds for one in rig.told if isinstance(one, Sounding)) == pytest.approx(1.0)


def test_gain_pan_and_mute_of_slots_and_the_master():
    rig = Rig(gain=-20.0)
    rig.say(Load(1, np.full((2, RATE * 3), 0.5, np.float32), RATE, loop=True), Start(1, 1, level=0.5))
    np.testing.assert_allclose(rig.run(0.1)[-1], 0.025, rtol=1e-5)
    rig.say(Mix(1, pan=1.0))
    np.testing.assert_allclose(rig.run(0.1)[-1], [0, 0.025], rtol=1e-5)
    rig.say(Mix(1, pan=0.0, gain=-20.0), Mix(None, gain=0.0))
    np.testing.assert_allclose(rig.run(0.1)[-1], 0.025, rtol=1e-5)
    rig.say(Mix(1, muted=True))
    assert not rig.run(0.1)[-1].any()
    # And so on the next device.
    rig.deck.lost()
    rig.open()
    assert not rig.run(0.1)[-1].any()
    rig.say(Mix(1, muted=False), Mix(9, muted=True))
    np.testing.assert_allclose(rig.run(0.1)[-1], 0.025, rtol=1e-5)


def test_a_stop_ends_a_slot_and_that_of_all_also_what_waits():
    rig = Rig()
    for job in (1, 2, 3, 4):
        rig.say(Load(job, sound(RATE), RATE, loop=True))
    rig.say(*(Start(job, job) for job in (1, 2)))
    rig.run(0.2)
    rig.say(Stop(1))
    rig.run(0.1)
    assert rig.sounding()[2:] == [(1, 1, False)]
    rig.say(Start(3, 3, at=rig.now + 0.1), Start(4, 1, at=rig.now + 5), Stop())
    rig.run(0.3)
    assert rig.sounding()[3:] == [(2, 2, False)]
    assert list(rig.deck._samples) == []


def test_a_stop_ahead_of_time():
    rig = Rig()
    rig.say(Load(1, np.full((2, RATE), 0.5, np.float32), RATE, loop=True), Start(1, 1))
    rig.run(3)
    begun = rig.device.frame
    rig.say(Stop(1, at=1000 + (begun + 40000) / RATE))
    heard = rig.run(1.2)[:, 0]
    assert np.flatnonzero(heard < 0.5)[0] == pytest.approx(40000, abs=1)
    assert not heard[40000 + 300 + LATE :].any()


def test_choke_groups_end_each_other():
    rig = Rig()
    for job, slot, group in ((1, 1, "drums"), (2, 2, None), (3, 3, "drums")):
        rig.say(Load(job, sound(RATE), RATE), Start(job, slot, choke=group))
        rig.run(0.1)
    assert rig.sounding() == [(1, 1, True), (2, 2, True), (3, 3, True), (1, 1, False)]


def test_an_underrun_moves_what_is_scheduled():
    rig = Rig()
    rig.run(4)
    moment = rig.now + 0.45
    rig.say(Load(1, sound(4000), RATE), Start(1, 1, at=moment))
    rig.device.now += 2000 / RATE
    rig.run(0.8)
    assert rig.told[0].at == pytest.approx(moment, abs=1e-3)


def test_stopping_counts_while_there_is_no_device():
    rig = Rig()
    rig.say(Load(1, sound(RATE), RATE, loop=True), Start(1, 1))
    rig.run(0.1)
    rig.deck.lost()
    rig.say(Stop(), Start(1, 1))
    rig.open()
    assert not rig.run(0.2).any()
    assert rig.sounding() == [(1, 1, True), (1, 1, False)]


def test_slots_whose_channels_the_device_does_not_have_play_on_the_first_ones():
    rig = Rig(outputs={1: (3, 4), 2: (2,), 3: (1, 2)}, channels=4)
    rig.say(Load(1, sound(RATE), RATE), Start(1, 1), Load(2, sound(RATE), RATE), Start(2, 2))
    heard = rig.run(0.1)
    assert heard[-1, 1] != 0
    assert heard[-1, 2:].all()
    assert not heard[:, 0].any()
    assert rig.deck.problem == ""
    rig.deck.lost()
    rig.open(channels=2)
    assert rig.run(0.1)[-1].all()
    assert rig.deck.problem == "the device has 2 channels: slot 1 plays on the first ones"


def test_what_finds_no_room_is_told_and_the_others_play_on():
    rig = Rig(memory=Memory(3, 2, 8 * 5000))
    rig.say(Load(1, sound(4000), RATE), Load(2, sound(4000), RATE), Start(1, 1), Start(2, 2))
    rig.run(0.2)
    assert rig.sounding() == [(1, 1, True), (1, 1, False)]
    assert rig.deck.problem == "no memory for 0 s more: a fragment stays silent"


def test_memory_that_the_system_does_not_have_is_told(monkeypatch):
    rig = Rig()

    def none(_offset, _samples):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rig.memory, "write", none)
    rig.say(Load(1, sound(RATE), RATE), Start(1, 1))
    assert not rig.run(0.1).any()
    assert rig.deck.problem == "no memory for 1 s more: a fragment stays silent"
    monkeypatch.undo()
    # What was not used can be used by others.
    assert rig.deck._samples._room.free == SAMPLES // 8


def test_what_is_resampled_too_late_is_left_out():
    rig = Rig(rate=48000, delay=True)
    rig.say(Load(1, sound(RATE), RATE), Drop(1))
    rig.resampled()
    assert rig.deck._samples._room.free == SAMPLES // 8


def test_starts_of_what_is_not_there_are_left_out():
    rig = Rig()
    rig.say(Start(7, 1), Load(1, sound(100), RATE), Start(1, 99), Drop(5))
    assert not rig.run(0.1).any()
    assert rig.sounding() == []


def test_meters_are_told_while_something_sounds_and_once_after_it():
    rig = Rig()
    rig.say(Load(1, np.full((2, RATE // 4), 0.5, np.float32), RATE), Start(1, 2))
    rig.run(1.0)
    meters = [one for one in rig.told if isinstance(one, Meters)]
    assert 3 <= len(meters) <= 5
    assert meters[0] == Meters((0.0, 0.5, 0.0), 0.5)
    assert meters[-1] == Meters((0.0, 0.0, 0.0), 0.0)


def test_far_starts_stay_here_until_shortly_before():
    rig = Rig()
    rig.say(Load(1, sound(100), RATE), Start(1, 1, at=rig.now + HORIZON + 1))
    rig.run(0.9)
    assert rig.deck.voices.cues[1].serial is None
    rig.run(0.2)
    assert rig.deck.voices.cues[1].serial is not None


@pytest.mark.parametrize("slot", [0, 4])
def test_a_start_in_a_slot_that_there_is_not_frees_the_sample(slot):
    rig = Rig()
    rig.say(Load(1, sound(RATE), RATE), Start(1, slot))
    assert (list(rig.deck._samples), rig.room()) == ([], WHOLE)
    assert not rig.run(0.1).any()
