"""One port's clock, followed."""

import random

import pytest

from midifrag.midi.clock_follower import AWAY_SECONDS, ClockFollower
from midifrag.midi.messages import Tick, TransportChange
from midifrag.midi.transport import GAP_SECONDS
from tests.support.clocks import Master, lossy


def followed(events, bpm=120.0):
    clock = ClockFollower(bpm)
    for event in events:
        clock.feed(event)
    return clock


def off(clock, master, ahead=0.0):
    """Seconds that the follower is off where the master will be ``ahead`` quarter notes from now."""
    at, position = clock.moment()
    target = master.position + ahead
    return at + (target - position) * 60 / clock.bpm - master.moment_of(target)


@pytest.mark.parametrize("bpm", [20, 30, 92.5, 120, 174, 300])
@pytest.mark.parametrize("seed", range(3))
def test_a_clock_that_strays_by_two_milliseconds_is_known_to_one_a_bar_ahead(bpm, seed):
    master = Master(bpm, jitter=0.002, seed=seed)
    clock = followed(master.play(32))
    assert (clock.running, clock.placed, clock.ready) == (True, True, True)
    assert clock.bpm == pytest.approx(bpm, rel=1e-3)
    for _ in range(16):
        assert abs(off(clock, master)) < 0.001
        assert abs(off(clock, master, ahead=4)) < 0.0015
        for event in master.run(24):
            clock.feed(event)


@pytest.mark.parametrize("bpm", [20, 120, 300])
def test_an_exact_clock_is_known_exactly(bpm):
    master = Master(bpm)
    clock = followed(master.play(8))
    assert abs(off(clock, master, ahead=16)) < 1e-6


@pytest.mark.parametrize("bpm", [20, 60, 240, 300])
def test_the_first_tick_after_a_start_is_the_songs_beginning_whatever_the_tempo(bpm):
    master = Master(bpm)
    clock = followed(master.play(1 / 24))
    assert clock.moment() == (100.0, 0.0)
    assert clock.ready
    for event in master.run(23):
        clock.feed(event)
    assert abs(off(clock, master)) < 1e-3
    assert clock.bpm == pytest.approx(bpm, rel=0.01)


def test_ticks_without_a_start_carry_the_tempo_and_no_place():
    master = Master(150)
    clock = followed(master.run(23))
    assert not clock.ready
    for event in master.run(30):
        clock.feed(event)
    assert (clock.ready, clock.running, clock.placed) == (True, False, False)
    assert clock.bpm == pytest.approx(150, rel=1e-3)


def test_it_can_be_placed_on_the_nearest_tick():
    master = Master()
    clock = followed(master.run(48))
    clock.place(7 + 0.6 / 24)
    assert clock.moment()[1] == pytest.approx(7 + 1 / 24)
    for event in master.run(24):
        clock.feed(event)
    assert clock.moment()[1] == pytest.approx(8 + 1 / 24)


def test_after_a_stop_it_goes_on_where_it_was_and_not_where_ticks_went():
    master = Master()
    clock = followed(master.play(6.5))
    clock.feed(master.say("stop"))
    assert not clock.running
    # Ticks go on; the song does not.
    where = master.position
    for event in master.run(100):
        clock.feed(event)
    assert clock.bpm == pytest.approx(120)
    jumps = clock.jumps
    clock.feed(master.say("continue"))
    assert not clock.running
    master.position = where
    for event in master.run(1):
        clock.feed(event)
    assert (clock.running, clock.jumps) == (True, jumps + 1)
    assert abs(off(clock, master)) < 1e-6


def test_a_song_position_says_where_it_goes_on():
    master = Master()
    clock = followed(master.play(4))
    clock.feed(master.say("stop"))
    master.now += 5.0
    clock.feed(master.say("position", 48))
    clock.feed(master.say("continue"))
    master.position = 12.0
    for event in master.run(48):
        clock.feed(event)
    assert clock.running
    assert abs(off(clock, master)) < 1e-6


def test_a_song_position_while_it_runs_jumps_at_the_next_tick():
    master = Master(jitter=0.002)
    clock = followed(master.play(20))
    jumps = clock.jumps
    clock.feed(master.say("position", 64))
    assert clock.jumps == jumps
    master.position = 16.0
    for event in master.run(1):
        clock.feed(event)
    assert clock.jumps == jumps + 1
    # Known as well as before: the ticks are the same.
    assert abs(off(clock, master)) < 0.001


def test_a_start_that_is_taken_back_by_a_stop_is_none():
    master = Master()
    clock = followed([*master.run(48), master.say("start"), master.say("stop"), *master.run(48)])
    assert not clock.running
    assert clock.jumps == 0
    # It would begin at the beginning, though.
    clock.feed(master.say("continue"))
    master.position = 0.0
    for event in master.run(10):
        clock.feed(event)
    assert abs(off(clock, master)) < 1e-6


def test_a_clock_that_was_never_placed_goes_on_where_it_is_taken_to_be():
    master = Master()
    clock = followed(master.run(48))
    clock.place(31.0)
    master.position = 31 + 1 / 24
    clock.feed(master.say("stop"))
    clock.feed(master.say("continue"))
    for event in master.run(1):
        clock.feed(event)
    assert clock.running
    assert abs(off(clock, master)) < 1e-6


@pytest.mark.parametrize("share", [0.01, 0.05])
@pytest.mark.parametrize("bpm", [40, 120, 250])
@pytest.mark.parametrize("seed", range(3))
def test_lost_ticks_do_not_move_the_song(share, bpm, seed):
    master = Master(bpm, jitter=0.001, seed=seed)
    clock = followed(master.play(8))
    for event in lossy(master.run(2000), share, seed):
        clock.feed(event)
    for event in master.run(30):
        clock.feed(event)
    assert abs(off(clock, master)) < 0.002


@pytest.mark.parametrize("gap", [2, 5, 11])
def test_a_hole_in_the_clock_is_as_long_as_it_is(gap):
    master = Master(jitter=0.002)
    clock = followed(master.play(16))
    list(master.run(gap))
    for event in master.run(60):
        clock.feed(event)
    assert abs(off(clock, master)) < 0.001


@pytest.mark.parametrize("late", [0.6, 0.95, 1.0, 2.2, 3.5, 12.0])
@pytest.mark.parametrize("seed", range(3))
def test_ticks_that_come_late_and_all_at_once_are_counted_once(late, seed):
    master = Master(jitter=0.002, seed=seed)
    clock = followed(master.play(16))
    until = master.now + late * 60 / 120 / 24
    for event in master.run(24):
        clock.feed(Tick(event.port, max(event.time, until + 1e-5 * event.time)))
    for event in master.run(96):
        clock.feed(event)
    assert abs(off(clock, master)) < 0.002


def test_a_clock_that_sleeps_from_tick_to_tick_is_followed_as_it_wanders():
    sleeps, now = random.Random(3), 100.0
    clock = followed([TransportChange("daw", "start", now)])
    for count in range(3000):
        clock.feed(Tick("daw", now))
        at, position = clock.moment()
        assert abs(at + (count / 24 - position) * 60 / clock.bpm - now) < 0.015
        now += 60 / 120 / 24 + sleeps.gauss(0, 0.0007)


@pytest.mark.parametrize(
    ("before", "after"), [(120, 60), (120, 75), (120, 90), (120, 140), (120, 240), (60, 20), (20, 300)]
)
@pytest.mark.parametrize("jitter", [0.0, 0.001])
def test_a_tempo_that_leaps_loses_no_tick(before, after, jitter):
    master = Master(before, jitter=jitter)
    clock = followed(master.play(8))
    for event in master.run(48, lambda _position: after):
        clock.feed(event)
    assert clock.bpm == pytest.approx(after, rel=0.02)
    assert abs(off(clock, master)) < 0.003


@pytest.mark.parametrize(("before", "after", "quarters"), [(60, 180, 64), (120, 140, 16), (174, 87, 32), (240, 80, 64)])
@pytest.mark.parametrize("jitter", [0.0, 0.002])
def test_a_tempo_that_is_on_its_way_is_followed(before, after, quarters, jitter):
    master = Master(before, jitter=jitter)
    clock = followed(master.play(16))
    begin = master.position
    worst = 0.0
    for _ in range(quarters):
        for event in master.run(24, lambda at: before + (after - before) * min(1.0, (at - begin) / quarters)):
            clock.feed(event)
        worst = max(worst, abs(off(clock, master)))
    assert worst < 0.008
    for event in master.run(300):
        clock.feed(event)
    assert abs(off(clock, master)) < 0.001


def test_a_clock_that_was_away_for_a_while_went_on_meanwhile():
    master = Master(jitter=0.002)
    clock = followed(master.play(32))
    master.now += 10.0
    master.position += 20.0
    for event in master.run(1):
        clock.feed(event)
    assert clock.ready
    assert abs(off(clock, master)) < 0.003
    for event in master.run(48):
        clock.feed(event)
    assert abs(off(clock, master)) < 0.001


def test_a_clock_that_was_stopped_did_not_go_on_meanwhile():
    master = Master()
    clock = followed(master.play(3))
    clock.feed(master.say("stop"))
    master.now += 10.0
    clock.feed(master.say("continue"))
    for event in master.run(24):
        clock.feed(event)
    assert abs(off(clock, master)) < 1e-6


def test_of_a_clock_that_was_away_for_long_nothing_is_known():
    master = Master()
    clock = followed(master.play(3))
    master.now += AWAY_SECONDS + 1
    for event in master.run(30):
        clock.feed(event)
    assert (clock.running, clock.placed) == (False, False)


def test_it_ticks_until_it_is_silent():
    clock = ClockFollower(120)
    assert (clock.last, clock.ticks_at(0.0), clock.ready) == (None, False, False)
    clock.feed(Tick("daw", 5.0))
    assert clock.ticks_at(5.0 + GAP_SECONDS)
    assert not clock.ticks_at(5.001 + GAP_SECONDS)


def test_time_that_goes_back_begins_anew():
    master = Master()
    clock = followed(master.run(48))
    clock.feed(Tick("daw", 3.0))
    assert clock.heard == 1
    assert clock.moment()[0] == 3.0


@pytest.mark.parametrize("seconds", [0.0, 1e-300, 1e-7, 0.002])
def test_what_ticks_faster_than_any_music_is_no_clock(seconds):
    clock = followed([TransportChange("daw", "start", 0.0), *(Tick("daw", number * seconds) for number in range(300))])
    assert clock.heard == 300
    assert clock.ready is (seconds == 0.0)
    assert clock.bpm > 0
