import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midifrag.playback.limiter import CEILING
from midifrag.playback.memory import COMMANDS, LOOK_AHEAD, UNIT, Head, Kind, push
from tests.playback.virtual import RATE, Device, noise
from tests.support.forms import examples

#: The limiter's delay.
LATE = LOOK_AHEAD - 1
FADE = 220


def played(device, frames, flags=0):
    """What is heard, in the frames that it was meant for."""
    return device.run(frames + LATE, flags)[LATE:]


@pytest.fixture(params=[True, False], ids=["native", "python"])
def device(request):
    return Device(is_native=request.param)


def test_nothing_sounds_where_nothing_was_started(device):
    assert not device.run(2000).any()
    assert device.happened() == []
    assert device.frame == 2000


def test_a_fragment_sounds_once_from_its_frame_on_to_the_sample(device):
    sound = noise(700, 1)
    device.put(100, sound)
    device.start(7, 100, 700, frame=333, slot=2)
    heard = played(device, 2000)
    np.testing.assert_array_equal(heard[333:1033], sound)
    assert not heard[:333].any()
    assert not heard[1033:].any()
    assert device.happened() == [("BEGAN", 2, 7, 333), ("ENDED", 2, 7, 1033)]
    assert device.state.head[Head.BELATED] == 0


def test_a_loop_goes_round_until_it_is_stopped(device):
    sound = noise(300, 2)
    device.put(0, sound)
    device.start(1, 0, 300, frame=0, loop=1)
    heard = played(device, 1500)
    rise = np.minimum(np.arange(1, 1501) / FADE, 1)[:, None]
    np.testing.assert_allclose(heard, np.tile(sound, (5, 1)) * rise, atol=1e-6)
    device.push(Kind.STOP, slot=0, frame=1700)
    device.run(1000)
    assert device.happened()[-1] == ("ENDED", 0, 1, 1700 + FADE)


def test_a_start_whose_frame_has_gone_by_begins_at_once_and_a_loop_where_it_would_be(device):
    sound = noise(1000, 3)
    device.put(0, sound)
    device.run(512)
    device.start(1, 0, 1000, frame=500, slot=0, loop=1)
    device.start(2, 0, 1000, frame=510, slot=1)
    heard = played(device, 600)
    rise = np.minimum(np.arange(1, 601) / FADE, 1)[:, None]
    np.testing.assert_allclose(heard, sound[12:612] * rise + sound[:600], atol=1e-6)
    assert device.state.head[Head.BELATED] == 2
    assert [one[3] for one in device.happened()] == [512, 512]


def test_replacing_crossfades_at_the_frame(device):
    one, other = noise(4000, 4), noise(4000, 5)
    device.put(0, one)
    device.put(4000, other)
    device.start(1, 0, 4000, frame=0)
    device.run(256)
    device.start(2, 4000, 4000, frame=1000)
    heard = device.run(2000)
    begun = 1000 - 256 + LATE
    fall = (FADE - 1 - np.arange(FADE))[:, None] / FADE
    expected = one[1000 : 1000 + FADE] * fall + other[:FADE] * (1 - fall)
    np.testing.assert_allclose(heard[begun : begun + FADE], expected, atol=1e-6)
    np.testing.assert_allclose(heard[begun + FADE : 2000], other[FADE : 2000 - begun], atol=1e-6)
    np.testing.assert_allclose(heard[LATE:begun], one[256:1000], atol=1e-6)
    assert device.happened() == [("BEGAN", 0, 1, 0), ("BEGAN", 0, 2, 1000), ("ENDED", 0, 1, 1000 + FADE)]


def test_a_third_one_within_a_crossfade_waits_for_its_end(device):
    for serial in (1, 2, 3):
        device.put(4000 * (serial - 1), np.full((4000, 2), serial / 10, np.float32))
        device.start(serial, 4000 * (serial - 1), 4000)
        device.run(40)
        device.block = 40
    steps = np.abs(np.diff(device.run(1000), axis=0)).max()
    assert steps <= 0.3 / FADE * 2
    assert [one[2] for one in device.happened() if one[0] == "BEGAN"] == [1, 2, 3]


def test_choked_slots_end_at_the_very_frame(device):
    device.put(0, np.full(5000, 0.1))
    for slot, choke in ((0, 1), (1, 2), (2, 0)):
        device.start(slot + 1, 0, 5000, slot=slot, choke=choke)
    device.run(256)
    device.start(8, 0, 5000, frame=600, slot=2, choke=1)
    device.run(1000)
    ended = [one[1:] for one in device.happened() if one[0] == "ENDED"]
    # The one of the same group, and the one that is replaced; also the slot that comes first in the block.
    assert sorted(ended) == [(0, 1, 600 + FADE), (2, 3, 600 + FADE)]


def test_gain_and_master_are_ramped_over_a_block(device):
    device.put(0, np.full(5000, 0.5))
    device.start(1, 0, 5000)
    device.push(Kind.GAIN, slot=0, left=UNIT // 2, right=0)
    heard = played(device, 512)
    ramp = 1 - np.arange(1, 257)[:, None] / 256 * (0.5, 1.0)
    np.testing.assert_allclose(heard[:256], 0.5 * ramp, atol=1e-6)
    np.testing.assert_allclose(heard[256:], [[0.25, 0.0]] * 256, atol=1e-7)
    device.run(512 - LATE)
    device.push(Kind.GAIN, slot=-1, left=UNIT // 4)
    np.testing.assert_allclose(played(device, 512)[300:, 0], 0.0625, atol=1e-7)


def test_levels_of_starts_count(device):
    sound = noise(600, 6)
    device.put(0, sound)
    device.start(1, 0, 600, left=UNIT // 4)
    np.testing.assert_array_equal(played(device, 600), sound / 4)


def test_stopping_all_silences_all_within_a_fade_and_forgetting_lets_nothing_begin(device):
    device.put(0, np.full(5000, 0.1))
    for slot in range(3):
        device.start(slot + 1, 0, 5000, slot=slot, loop=1)
    device.run(1024)
    device.start(4, 0, 5000, slot=1, frame=1400)
    device.push(Kind.FORGET, slot=-1)
    device.push(Kind.STOP, slot=-1, frame=-1)
    heard = device.run(1024)
    assert not heard[FADE + LATE :].any()
    assert np.abs(np.diff(heard, axis=0)).max() <= 0.3 / FADE * 1.01
    assert sorted(one[2] for one in device.happened() if one[0] == "ENDED") == [1, 2, 3]


def test_slots_go_to_their_channels_and_one_channel_gets_both_sides():
    device = Device(channels=4)
    sound = noise(500, 7)
    device.put(0, sound)
    device.state.routes[:] = [(0, 1), (2, 3), (3, -1)]
    for slot in range(3):
        device.start(slot + 1, 0, 500, slot=slot)
    heard = played(device, 500)
    mono = sound.mean(axis=1)
    expected = np.column_stack((sound[:, 0], sound[:, 1], sound[:, 0], sound[:, 1] + mono))
    np.testing.assert_allclose(heard, expected, atol=1e-7)


def test_a_device_of_one_channel_hears_both_sides():
    device = Device(channels=1)
    sound = noise(500, 8)
    device.put(0, sound)
    device.start(1, 0, 500)
    np.testing.assert_allclose(played(device, 500)[:, 0], sound.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_eight_slots_are_the_sum_of_eight_sounds_to_24_bits(rate):
    device = Device(slots=8, rate=rate)
    starts = [137 * slot for slot in range(8)]
    for slot, start in enumerate(starts):
        device.put(5000 * slot, noise(5000, slot))
        device.start(slot + 1, 5000 * slot, 5000, frame=start, slot=slot)
    heard = played(device, 7000)
    expected = np.zeros((7000, 2))
    for slot, start in enumerate(starts):
        expected[start : start + 5000] += noise(5000, slot)
    assert np.abs(heard - expected).max() < 2**-23


def test_both_ways_to_run_it_give_the_same():
    both = []
    for is_native in (True, False):
        device = Device(is_native=is_native, block=100)
        device.put(0, noise(3000, 9, 2.0))
        device.start(1, 0, 3000, loop=1)
        device.start(2, 500, 1500, slot=1, frame=411)
        device.start(3, 100, 2000, slot=0, frame=612, position=50, choke=4)
        both.append((device.run(2000), device.happened()))
    np.testing.assert_allclose(both[0][0], both[1][0], atol=2e-7)
    assert both[0][1] == both[1][1]


@settings(max_examples=examples(60))
@given(
    seed=st.integers(0, 2**16),
    levels=st.lists(st.floats(0, 64), min_size=1, max_size=6),
    block=st.sampled_from([33, 256, 1500]),
)
def test_nothing_exceeds_the_ceiling_and_what_is_soft_passes_untouched(seed, levels, block):
    device = Device(slots=6, block=block)
    random = np.random.default_rng(seed)
    for slot, level in enumerate(levels):
        device.put(1000 * slot, random.normal(0, 1, (1000, 2)).clip(-1, 1))
        device.start(slot + 1, 1000 * slot, 1000, slot=slot, frame=int(random.integers(0, 600)), left=int(level * UNIT))
    heard = device.run(3000)
    assert np.abs(heard).max() <= CEILING
    # With nothing left to hold down, the gain comes back.
    device.block = 8192
    device.run(RATE * 2)
    soft = noise(500, seed)
    device.put(0, soft)
    device.start(99, 0, 500)
    np.testing.assert_allclose(played(device, 500), soft, rtol=1e-4)


def test_the_gain_is_down_before_a_peak_comes_and_makes_no_step():
    device = Device()
    device.put(0, np.concatenate((np.full(500, 0.5), np.full(500, 4.0), np.full(3000, 0.5))))
    device.start(1, 0, 4000)
    heard = played(device, 4000)[:, 0]
    gain = heard / np.concatenate((np.full(500, 0.5), np.full(500, 4.0), np.full(3000, 0.5)))
    assert heard.max() <= CEILING
    assert heard[600:900].min() > 0.99 * CEILING
    assert np.abs(np.diff(gain)).max() < 1.0 / LOOK_AHEAD
    assert np.all(np.diff(gain[1200:]) >= 0)


def test_what_is_no_number_is_silence_and_ends_with_its_sound():
    device = Device()
    device.put(0, np.full(300, np.nan))
    device.start(1, 0, 300)
    assert np.isfinite(device.run(1000)).all()
    device.put(0, np.full(300, 0.25))
    device.start(2, 0, 300)
    np.testing.assert_array_equal(played(device, 300), 0.25)


def test_meters_show_ten_times_a_second_what_was_loudest(device):
    device.block = 441
    device.put(0, np.full(100, 0.5))
    device.start(1, 0, 100, slot=1)
    device.run(4410)
    assert device.state.head[Head.METERS_SHOWN] == 1
    np.testing.assert_allclose(device.state.peaks[:, 1], [0, 0.5, 0, 0.5])
    device.run(4410)
    assert not device.state.peaks[:, 1].any()


def test_gaps_between_callbacks_are_counted(device):
    device.run(2560)
    device.now += 250 / RATE
    device.run(256)
    assert device.state.head[Head.UNDERRUNS] == 0
    device.now += 260 / RATE
    device.run(256)
    assert device.state.head[Head.UNDERRUNS] == 1
    device.run(256, flags=4)
    assert device.state.head[Head.UNDERRUNS] == 2
    # What the device says of itself is no callback that came late.
    assert device.state.head[Head.LATE] == 1


def test_half_a_command_is_not_taken(device):
    device.put(0, np.full(100, 0.5))
    device.start(1, 0, 100)
    whole = device.state.commands[0].copy()
    device.state.commands[0, 3] += 1
    assert not device.run(512).any()
    device.state.commands[0] = whole
    assert device.run(512).any()


def test_a_full_ring_takes_no_more_until_it_is_read(device):
    for number in range(COMMANDS):
        assert push(device.state, number, {})
    assert not push(device.state, COMMANDS, {})
    device.run(1)
    assert push(device.state, COMMANDS, {})


@settings(max_examples=examples(25))
@given(st.data())
def test_whatever_replaces_stops_or_chokes_nothing_clicks(data):
    """Of constant sounds, so that any step beyond those of the fades is a click."""
    device = Device(block=data.draw(st.sampled_from([64, 256])))
    device.put(0, np.full(8 * 1024, 0.05))
    for serial in range(1, data.draw(st.integers(2, 15))):
        slot, frame = data.draw(st.integers(0, 2)), device.frame + data.draw(st.integers(-5, 400))
        if data.draw(st.booleans()):
            choke = data.draw(st.integers(0, 2))
            device.start(serial, 0, 8 * 1024, slot=slot, frame=frame, loop=1, choke=choke)
        else:
            device.push(Kind.STOP, slot=slot, frame=frame)
        heard = device.run(data.draw(st.integers(1, 600)))
        # At most all six voices fade at once.
        assert np.abs(np.diff(heard, axis=0)).max(initial=0) <= 6 * 0.05 / FADE * 1.01


def test_a_voice_that_waits_is_forgotten_by_its_number_or_for_another_and_that_is_told(device):
    device.put(0, np.full(5000, 0.1))
    device.start(1, 0, 5000, frame=400)
    device.push(Kind.FORGET, slot=0, serial=9)
    device.start(2, 0, 5000, frame=300)
    device.push(Kind.FORGET, slot=0, serial=2)
    device.start(3, 0, 5000, frame=200)
    device.run(1024)
    device.push(Kind.FORGET, slot=0, serial=3)
    device.push(Kind.STOP, slot=0, frame=-1, serial=9)
    assert played(device, 1024).all()
    device.push(Kind.STOP, slot=0, frame=-1, serial=3)
    device.run(1024)
    assert [one[:1] + one[2:3] for one in device.happened()] == [
        ("FORGOTTEN", 1),
        ("FORGOTTEN", 2),
        ("BEGAN", 3),
        ("ENDED", 3),
    ]


def test_a_fragment_that_sounds_does_not_begin_again_unless_it_takes_over_from_itself(device):
    device.put(0, np.full(5000, 0.1))
    device.start(1, 0, 5000, job=7)
    device.run(512)
    device.start(2, 0, 5000, job=7, slot=1)
    device.start(3, 0, 5000, job=8, slot=1)
    device.start(4, 0, 5000, job=7, goes_on=1)
    device.run(512)
    assert [one[:3] for one in device.happened()] == [
        ("BEGAN", 0, 1),
        ("FORGOTTEN", 1, 2),
        ("BEGAN", 0, 4),
        ("BEGAN", 1, 3),
        ("ENDED", 0, 1),
    ]
