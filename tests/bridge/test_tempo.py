import pytest

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


def test_a_press_is_told_the_tempo_of_the_clock():
    from tests.support.bridges import Rig
    from tests.support.shows import bank, loaded

    rig = Rig(loaded(bank(pads={36: {"prompt": "beat, {bpm} bpm"}})))
    rig.press()
    for index in range(30):
        rig.bridge.handle(Tick("midifrag", index * 60 / 90 / 24))
    rig.press()
    assert [render.prompt for render in rig.engines.renders()] == ["beat, 120 bpm", "beat, 90 bpm"]
    assert rig.jobs()[-1].prompt == "beat, 90 bpm"
    assert [c.value for c in rig.changes if type(c).__name__ == "ControlChanged"] == [pytest.approx(90)]


def test_another_tempo_of_the_show_counts_until_a_clock_runs():
    tempo = Tempo(120)
    assert tempo.use(90)
    assert tempo.bpm == 90
    tick(tempo, 140, 49)
    assert not tempo.use(100)
    assert tempo.bpm == 140
