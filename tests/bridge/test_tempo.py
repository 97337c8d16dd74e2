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


def test_each_port_has_a_clock_of_its_own_and_the_last_one_counts():
    tempo = Tempo(120)
    daw, keys = 60 / 140 / 24, 60 / 90 / 24
    for index in range(25):
        tempo.feed(Tick("daw", index * daw))
        tempo.feed(Tick("keys", index * keys))
    assert tempo.bpm == 90
    assert tempo.feed(Tick("daw", 25 * daw))
    assert tempo.bpm == 140
