"""What waits, begins and ends, also where it is told late."""

import numpy as np
import pytest

from midifrag.playback.memory import Head
from midifrag.playback.messages import Drop, Load, Sounding, Start, Stop
from tests.playback.rig import LATE, WHOLE, Rig, just_begun, sound
from tests.playback.virtual import RATE


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
    assert (rig.sounding(), rig.room(), rig.deck.voices.by_serial) == ([], WHOLE, {})


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
    assert [(one.start.slot, one.serial) for one in rig.deck.voices.playing.values()] == [(1, 1)]
    assert len(rig.deck.voices.by_serial) == 1


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
