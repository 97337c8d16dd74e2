"""After an underrun and on a new device, everything is where it would be."""

import numpy as np
import pytest

from midifrag.playback.messages import Load, Sounding, Start, Stop
from tests.playback.rig import LATE, Rig, sound
from tests.playback.virtual import RATE


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


@pytest.mark.parametrize("choked", [False, True])
@pytest.mark.parametrize("ticks", range(14, 18))
def test_a_loop_that_ends_while_it_is_put_in_its_place_is_silent_then(ticks, choked):
    rig = Rig()
    rig.say(Load(1, sound(RATE), RATE, loop=True), Start(1, 1, choke="a"))
    rig.say(Load(2, sound(100), RATE))
    rig.run(4)
    rig.device.now += 2000 / RATE
    rig.run(ticks * 0.02)
    assert any(voice.goes_on for voice in rig.deck.voices.by_serial.values())
    rig.say(Start(2, 2, choke="a") if choked else Stop(1))
    rig.run(0.2)
    assert not rig.run(0.3).any()
    assert [one for one in rig.sounding() if one[0] == 1] == [(1, 1, True), (1, 1, False)]
    assert (rig.deck.voices.playing, rig.deck.voices.by_serial, list(rig.deck._samples)) == (
        {},
        {},
        [] if choked else [2],
    )
