import numpy as np
import pytest

from midifrag.playback.deck import HORIZON, Deck
from midifrag.playback.memory import LOOK_AHEAD, Head, Memory
from midifrag.playback.messages import Drop, Load, Meters, Mix, Sounding, Start, Stop
from midifrag.playback.samples import resampled
from tests.playback.virtual import RATE, SAMPLES, Device, noise

LATE = LOOK_AHEAD - 1


class Rig:
    """A deck on a virtual device, and all that it told."""

    def __init__(self, outputs=None, gain=0.0, rate=RATE, channels=2, memory=None, delay=False):
        self.memory = memory or Memory(3, channels, SAMPLES)
        self.told, self.resampling = [], []
        self.deck = Deck(self.memory, outputs or {}, gain, self.resample, self.told.append)
        self.delay = delay
        self.device = None
        self.now = 1000.0
        self.open(rate, channels)

    def resample(self, load, rate):
        self.resampling.append((load, rate))
        if not self.delay:
            self.resampled()

    def resampled(self):
        for load, rate in self.resampling:
            self.deck.placed(load, rate, resampled(load, rate))
        self.resampling.clear()

    def open(self, rate=RATE, channels=2):
        self.device = Device(memory=self.memory, rate=rate, channels=channels)
        self.device.now = self.now
        self.deck.opened(self.device.opened, self.now)

    def say(self, *commands):
        for command in commands:
            self.deck.handle(command, self.now)

    def run(self, seconds):
        """Let the device play, and the deck look every 20 ms; what was heard."""
        heard = []
        for _ in range(round(seconds * 50)):
            heard.append(self.device.run(self.device.rate // 50))
            self.now = self.device.now
            self.deck.tick(self.now)
        return np.concatenate(heard)

    def silence(self, seconds):
        """Time without a device."""
        for _ in range(round(seconds * 50)):
            self.now += 0.02
            self.deck.tick(self.now)

    def sounding(self):
        return [(one.slot, one.job, one.on) for one in self.told if isinstance(one, Sounding)]

    def run_unseen(self, seconds):
        """Let the device play while the deck does not look."""
        heard = self.device.run(round(seconds * self.device.rate))
        self.now = self.device.now
        return heard

    def room(self):
        """How many frames of memory are free."""
        return self.deck._samples._room.free


def sound(frames, seed=1):
    return noise(frames, seed).T


def first_heard(heard):
    return int(np.flatnonzero(heard.any(axis=1))[0])


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


def test_an_underrun_puts_loops_back_in_their_place():
    rig = Rig()
    click = np.zeros((2, RATE // 2), np.float32)
    click[:, :50] = 0.5
    rig.say(Load(1, click, RATE, loop=True), Start(1, 1))
    rig.run(4)
    # The device loses 2000 samples: its frames are later than they would be.
    rig.device.now += 2000 / RATE
    before = rig.device.frame + 2000
    rig.run(1)
    heard = rig.run(2)
    place = before + 1 * RATE
    clicks = np.flatnonzero((heard[1:, 0] > 0.4) & (heard[:-1, 0] < 0.1)) + 1 - LATE + place
    assert len(clicks) == 4
    assert all(abs((one + RATE // 4) % (RATE // 2) - RATE // 4) <= 50 for one in clicks)
    assert rig.sounding() == [(1, 1, True)]
    assert rig.deck.underruns == 1


def test_an_underrun_moves_what_is_scheduled():
    rig = Rig()
    rig.run(4)
    moment = rig.now + 0.45
    rig.say(Load(1, sound(4000), RATE), Start(1, 1, at=moment))
    rig.device.now += 2000 / RATE
    rig.run(0.8)
    assert rig.told[0].at == pytest.approx(moment, abs=1e-3)


def test_a_device_that_was_lost_comes_back_with_what_should_sound_by_then():
    rig = Rig()
    ramp = (np.arange(RATE * 2) / (RATE * 4)).astype(np.float32)[None]
    rig.say(Load(1, ramp, RATE, loop=True), Start(1, 1))
    rig.say(Load(2, sound(RATE // 2), RATE), Start(2, 2))
    rig.run(0.1)
    rig.deck.lost()
    rig.say(Load(3, sound(RATE), RATE), Start(3, 3))
    rig.silence(0.9)
    assert rig.sounding() == [(1, 1, True), (2, 2, True), (3, 3, True), (2, 2, False)]
    rig.open()
    heard = rig.run(0.05)
    # Where the loop is after a second: a quarter of full scale.
    rig.say(Stop(3))
    rig.run(0.05)
    assert rig.run(0.02)[-1, 0] == pytest.approx((rig.now - 1000.0) / 4, abs=0.003)
    assert heard.any()
    rig.run(2)
    assert rig.sounding()[4:] == [(3, 3, False)]


def test_a_device_of_another_rate_gets_everything_anew():
    rig = Rig()
    ramp = (np.arange(RATE * 2) / (RATE * 4)).astype(np.float32)[None]
    rig.say(Load(1, ramp, RATE, loop=True), Start(1, 1), Load(2, sound(100), RATE))
    rig.run(0.1)
    rig.deck.lost()
    rig.silence(0.5)
    rig.open(96000)
    rig.run(0.3)
    assert rig.run(0.02)[-1, 0] == pytest.approx((rig.now - 1000.0) / 4, abs=0.003)
    rig.say(Start(2, 2))
    rig.run(0.1)
    assert rig.sounding() == [(1, 1, True), (2, 2, True), (2, 2, False)]


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
    assert rig.deck._cues[1].serial is None
    rig.run(0.2)
    assert rig.deck._cues[1].serial is not None


WHOLE = SAMPLES // 8


def just_begun(loop, audio=None):
    """A rig in which job 1, of 1 s, has begun about 20 ms ago, which the deck does not know yet."""
    rig = Rig()
    rig.run(0.3)
    rig.say(Load(1, sound(RATE) if audio is None else audio, RATE, loop), Start(1, 1, at=rig.now + 0.1))
    rig.run(0.08)
    unseen = rig.run_unseen(0.04)
    rig.heard = len(unseen) - first_heard(unseen)
    assert rig.sounding() == []
    return rig


@pytest.mark.parametrize("known", [False, True])
def test_a_drop_ends_what_has_begun_and_its_memory_is_free_only_then(known):
    rig = just_begun(loop=True)
    if known:
        rig.run(0.02)
    rig.say(Drop(1))
    # It sounds until the callback has heard of it: its samples must stay.
    assert rig.room() == WHOLE - RATE
    rig.say(Load(2, np.full((2, RATE // 2), 0.9, np.float32), RATE))
    heard = rig.run(0.1)
    assert np.abs(heard).max() <= 0.1
    assert heard[100].any()
    fade = round(0.005 * RATE)
    assert not heard[fade + LATE + 256 :].any()
    assert np.abs(heard[LATE + fade - 20 : LATE + fade]).max() < 0.02
    assert rig.sounding() == [(1, 1, True), (1, 1, False)]
    assert rig.room() == WHOLE - RATE // 2
    assert list(rig.deck._samples) == [2]


def test_a_drop_of_what_waits_with_the_callback_frees_it_once_that_has_let_go_of_it():
    rig = Rig()
    rig.run(0.3)
    rig.say(Load(1, sound(RATE), RATE, loop=True), Start(1, 1, at=rig.now + 0.2))
    rig.run(0.1)
    rig.say(Drop(1))
    assert rig.room() == WHOLE - RATE
    assert not rig.run(0.3).any()
    assert (rig.sounding(), rig.room(), rig.deck._voices) == ([], WHOLE, {})


def test_what_was_dropped_does_not_go_on_on_the_next_device():
    rig = just_begun(loop=True)
    rig.run(0.02)
    rig.say(Drop(1))
    rig.deck.lost()
    rig.open()
    assert not rig.run(0.2).any()
    assert rig.sounding() == [(1, 1, True), (1, 1, False)]
    assert rig.room() == WHOLE


def test_a_drop_and_a_stop_count_for_what_was_to_go_on_on_a_new_device():
    for end in (Drop(1), Stop(1), Stop()):
        rig = just_begun(loop=True)
        rig.run(0.02)
        rig.deck.lost()
        rig.open()
        rig.say(end)
        assert not rig.run(0.2).any()
        assert rig.sounding() == [(1, 1, True), (1, 1, False)]
        assert rig.room() == WHOLE


def test_other_samples_of_what_has_just_begun_come_too_late():
    audio = sound(RATE)
    rig = just_begun(loop=False, audio=audio)
    rig.say(Load(1, np.full((2, RATE // 2), 0.9, np.float32), RATE))
    heard = rig.run(1.2)
    np.testing.assert_allclose(heard[: RATE - rig.heard], audio.T[rig.heard :], atol=1e-6)
    assert rig.sounding() == [(1, 1, True), (1, 1, False)]
    assert rig.room() == WHOLE


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("slot", [1, 2])
@pytest.mark.parametrize("later", [0.001, 0.3])
def test_a_move_of_what_has_just_begun_does_not_begin_it_again(loop, slot, later):
    audio = sound(RATE)
    rig = just_begun(loop, audio)
    moment = rig.now - 0.02
    # Twice, as a clock that is put right again and again would.
    rig.say(Start(1, slot, at=moment + later), Start(1, slot, at=moment + 2 * later))
    heard = rig.run(0.9)
    np.testing.assert_allclose(heard[:39000], audio.T[rig.heard : rig.heard + 39000], atol=1e-6)
    assert rig.sounding() == [(1, 1, True)]
    assert [(one.start.slot, one.serial) for one in rig.deck.playing.values()] == [(1, 1)]
    assert len(rig.deck._voices) == 1


def test_what_waits_in_a_slot_comes_in_the_order_of_its_moments():
    rig = Rig()
    rig.run(3)
    begun, now = rig.device.frame, rig.now
    rig.say(*(Load(job, np.full((2, RATE), job / 10, np.float32), RATE) for job in (1, 2, 3)))
    rig.say(Start(1, 1, at=now + 0.3), Start(2, 1, at=now + 0.2))
    rig.run(0.04)
    rig.say(Start(3, 1, at=now + 0.1))
    rig.run(0.6)
    told = [one for one in rig.told if isinstance(one, Sounding) and one.on]
    assert [one.job for one in told] == [3, 2, 1]
    assert [one.at - now for one in told] == pytest.approx([0.1, 0.2, 0.3], abs=1e-3)
    assert rig.device.frame > begun
    assert list(rig.deck._samples) == [1]
    assert rig.device.state.head[Head.BELATED] == 0


def test_what_lands_at_once_does_not_wait_for_what_comes_later():
    rig = Rig()
    rig.run(3)
    now = rig.now
    rig.say(Load(1, sound(RATE), RATE), Load(2, sound(RATE), RATE), Start(1, 1, at=now + 0.3), Start(2, 1))
    rig.run(0.5)
    told = [one for one in rig.told if isinstance(one, Sounding) and one.on]
    assert [one.job for one in told] == [2, 1]
    assert [one.at - now for one in told] == pytest.approx([0.0, 0.3], abs=2e-3)


def test_an_underrun_while_a_loop_sounds_does_not_lose_what_waits_in_its_slot():
    rig = Rig()
    rig.say(Load(1, sound(RATE), RATE, loop=True), Start(1, 1))
    rig.run(4)
    moment = rig.now + 0.45
    rig.say(Load(2, sound(4000), RATE), Start(2, 1, at=moment))
    rig.device.now += 2000 / RATE
    rig.run(0.8)
    assert [one.at for one in rig.told if isinstance(one, Sounding) and one.job == 2 and one.on] == [
        pytest.approx(moment, abs=1e-3)
    ]


@pytest.mark.parametrize("slot", [0, 4])
def test_a_start_in_a_slot_that_there_is_not_frees_the_sample(slot):
    rig = Rig()
    rig.say(Load(1, sound(RATE), RATE), Start(1, slot))
    assert (list(rig.deck._samples), rig.room()) == ([], WHOLE)
    assert not rig.run(0.1).any()


@pytest.mark.parametrize("choked", [False, True])
@pytest.mark.parametrize("ticks", range(14, 18))
def test_a_loop_that_ends_while_it_is_put_in_its_place_is_silent_then(ticks, choked):
    rig = Rig()
    rig.say(Load(1, sound(RATE), RATE, loop=True), Start(1, 1, choke="a"))
    rig.say(Load(2, sound(100), RATE))
    rig.run(4)
    rig.device.now += 2000 / RATE
    rig.run(ticks * 0.02)
    assert any(voice.goes_on for voice in rig.deck._voices.values())
    rig.say(Start(2, 2, choke="a") if choked else Stop(1))
    rig.run(0.2)
    assert not rig.run(0.3).any()
    assert [one for one in rig.sounding() if one[0] == 1] == [(1, 1, True), (1, 1, False)]
    assert (rig.deck.playing, rig.deck._voices, list(rig.deck._samples)) == ({}, {}, [] if choked else [2])
