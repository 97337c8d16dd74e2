from midifrag.bridge.tempo import Tempo
from midifrag.midi.messages import Tick, TransportChange


def tick(tempo, bpm, count, start=0.0):
    span = 60 / bpm / 24
    return [tempo.feed(Tick("live", start + index * span)) for index in range(count)]


def test_the_shows_own_tempo_counts_until_a_clock_runs():
    tempo = Tempo(97.4)
    assert tempo.bpm == 97
    changed = tick(tempo, 140, 49)
    assert changed.count(True) == 1
    assert tempo.bpm == 140


def test_jitter_changes_nothing():
    tempo = Tempo(120)
    assert not any(tick(tempo, 120.5, 100))


def test_start_and_stop_are_no_tempo():
    tempo = Tempo(120)
    assert not tempo.feed(TransportChange("live", "start", 0.0))


def test_another_tempo_of_the_show_counts_until_a_clock_runs():
    tempo = Tempo(120)
    assert tempo.use(90)
    assert tempo.bpm == 90
    tick(tempo, 140, 49)
    assert not tempo.use(100)
    assert tempo.bpm == 140
