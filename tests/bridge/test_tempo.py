import random

import pytest

from midifrag.bridge.tempo import STEADY, Tempo
from midifrag.midi.messages import Tick, TransportChange


def tick(tempo, bpm, count, start=0.0, port="daw"):
    beat = 60 / bpm
    return [tempo.feed(Tick(port, start + beat * index / 24)) for index in range(count)]


def test_the_shows_own_tempo_counts_until_a_clock_runs():
    tempo = Tempo(97.4)
    assert tempo.bpm == 97
    changed = tick(tempo, 140, 49)
    assert changed.count(True) == 1
    assert tempo.bpm == 140


def test_jitter_changes_nothing():
    tempo = Tempo(120)
    assert not any(tick(tempo, 120.5, 100))
    assert tempo.bpm == 120


@pytest.mark.parametrize(("heard", "told"), [(120 + STEADY, 121), (120 - STEADY, 119), (120.7, 120), (119.3, 120)])
def test_prompts_are_told_of_a_clock_that_moved_far_enough(heard, told):
    tempo = Tempo(120)
    assert any(tick(tempo, heard, 25)) is (told != 120)
    assert tempo.bpm == told


def test_start_and_stop_are_no_tempo():
    tempo = Tempo(120)
    assert not tempo.feed(TransportChange("daw", "start", 0.0))


def test_another_tempo_of_the_show_counts_until_a_clock_runs():
    tempo = Tempo(120)
    assert tempo.use(90)
    assert tempo.bpm == 90
    tick(tempo, 140, 49)
    assert not tempo.use(100)
    assert tempo.bpm == 140


def test_a_clock_that_was_heard_counts_after_it_stopped():
    tempo = Tempo(120)
    tick(tempo, 140, 25)
    tempo.feed(Tick("daw", 100.0))
    assert not tempo.use(100)
    assert tempo.bpm == 140


def test_a_clock_that_has_told_no_tempo_yet_leaves_the_shows():
    tempo = Tempo(120)
    assert not any(tick(tempo, 140, 24))
    assert tempo.use(90)


def test_the_shows_tempo_is_whole_and_no_change_where_it_is_the_same():
    tempo = Tempo(120)
    assert not tempo.use(120.4)
    assert tempo.use(120.6)
    assert tempo.bpm == 121


def test_one_clock_is_followed_until_it_is_silent():
    tempo = Tempo(120)
    both = [Tick("daw", 60 / 140 / 24 * index) for index in range(400)]
    both += [Tick("keys", 60 / 90 / 24 * index) for index in range(400)]
    both.sort(key=lambda tick: tick.time)
    told = [(event.time, tempo.bpm) for event in both if tempo.feed(event)]
    assert [bpm for _, bpm in told] == [140, 90]
    # The one that was followed ends after 7.1 s.
    assert told[1][0] > 7.1


def test_the_clock_of_one_port_can_be_chosen():
    tempo = Tempo(120, "keys")
    assert not any(tick(tempo, 140, 100))
    assert any(tick(tempo, 90, 100, port="keys"))
    assert not any(tick(tempo, 140, 100, start=60.0))
    assert tempo.bpm == 90
    assert not tempo.use(120, "daw")
    assert any(tick(tempo, 140, 100, start=120.0))
    tempo.use(120)
    assert any(tick(tempo, 90, 100, start=180.0, port="keys"))


@pytest.mark.parametrize("jitter", [0.0, 0.001, 0.005, 0.015])
@pytest.mark.parametrize("bpm", [120, 120.4, 97, 174])
@pytest.mark.parametrize("seed", range(3))
def test_a_steady_clock_does_not_flap(jitter, bpm, seed):
    strays, tempo, changes = random.Random(seed), Tempo(120), 0
    times = sorted(index * 60 / bpm / 24 + strays.uniform(-jitter, jitter) for index in range(int(bpm * 24)))
    for time in times:
        changes += tempo.feed(Tick("daw", time))
    # At most a first impression that is put right.
    assert changes <= 2
    assert abs(tempo.bpm - bpm) <= 1


@pytest.mark.parametrize("bpm", [90, 120, 140, 174])
@pytest.mark.parametrize("seed", range(3))
def test_a_clock_that_sleeps_from_tick_to_tick_does_not_flap(bpm, seed):
    sleeps, tempo, now, changes = random.Random(seed), Tempo(120), 0.0, 0
    for _ in range(bpm * 12):
        now += 60 / bpm / 24 + sleeps.gauss(0, 0.0007)
        changes += tempo.feed(Tick("daw", now))
    assert changes <= 3
    assert abs(tempo.bpm - bpm) <= 2


def test_a_small_step_of_a_clock_that_strays_is_told_in_time():
    strays, tempo, now = random.Random(1), Tempo(120), 0.0
    for _ in range(2000):
        now += 60 / 123 / 24
        tempo.feed(Tick("daw", now + strays.uniform(-0.005, 0.005)))
    assert tempo.bpm == 123


def test_a_tick_that_comes_late_changes_nothing():
    tempo = Tempo(120)
    for index in range(2000):
        late = 0.03 if index % 191 == 0 else 0.0
        assert not tempo.feed(Tick("daw", index * 60 / 120 / 24 + late * (index > 0)))


@pytest.mark.parametrize("at", range(0, 24, 5))
def test_another_tempo_is_told_in_a_step_or_two(at):
    tempo, now = Tempo(120), 0.0
    for _ in range(960 + at):
        tempo.feed(Tick("daw", now := now + 60 / 120 / 24))
    later = [Tick("daw", now + index * 60 / 140 / 24) for index in range(1, 401)]
    changes = [tempo.bpm for event in later if tempo.feed(event)]
    assert changes[-1] == 140
    assert len(changes) <= 2


def test_a_tempo_that_rises_slowly_is_followed():
    tempo, now, told = Tempo(120), 0.0, []
    for quarter in range(80):
        for _ in range(24):
            now += 60 / (120 + quarter / 4) / 24
            if tempo.feed(Tick("daw", now)):
                told.append(tempo.bpm)
    assert told == sorted(told)
    assert len(told) > 5
    assert abs(told[-1] - 140) <= 4


def test_ticks_that_are_lost_change_nothing():
    tempo = Tempo(120)
    assert not any(tempo.feed(Tick("daw", index * 60 / 120 / 24)) for index in range(3000) if index % 307)
