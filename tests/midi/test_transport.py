import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.midi.messages import Tick, TransportChange
from midifrag.midi.transport import GAP_SECONDS, TICKS_PER_QUARTER, Transport


def ticks(transport, count, tempo, start=0.0):
    for number in range(count):
        transport.feed(Tick("p", start + number * 60 / tempo / 24))


@given(tempo=st.floats(20, 300), start=st.floats(0, 1e6))
def test_tempo_after_one_quarter(tempo, start):
    transport = Transport()
    ticks(transport, 24, tempo, start)
    assert transport.tempo is None
    ticks(transport, 1, tempo, start + 60 / tempo)
    assert transport.tempo.bpm == pytest.approx(tempo)
    assert transport.tempo.error == pytest.approx(0, abs=1e-3)


def test_a_pause_starts_a_new_measurement():
    transport = Transport()
    ticks(transport, 30, 120)
    ticks(transport, 10, 90, start=100.0)
    assert transport.tempo is None
    ticks(transport, 25, 90, start=100.0 + 10 * 60 / 90 / 24)
    assert transport.tempo.bpm == pytest.approx(90)


@pytest.mark.parametrize("kind", ["start", "stop", "continue", "position"])
def test_starting_stopping_and_locating_change_no_tempo(kind):
    transport = Transport()
    ticks(transport, 25, 120)
    transport.feed(TransportChange("p", kind, 60 / 120, sixteenths=16 if kind == "position" else None))
    assert transport.tempo.bpm == pytest.approx(120)


def test_ticks_at_one_moment_tell_no_tempo():
    transport = Transport()
    assert transport.last is None
    for _ in range(25):
        transport.feed(Tick("p", 1.0))
    assert transport.tempo is None
    assert transport.last == 1.0


def test_time_that_goes_back_starts_a_new_measurement():
    transport = Transport()
    ticks(transport, 30, 120, start=100.0)
    transport.feed(Tick("p", 50.0))
    assert transport.tempo is None


def test_a_tick_twice_and_the_slowest_ticks_count():
    transport = Transport()
    for number in range(25):
        transport.feed(Tick("p", number * GAP_SECONDS))
    assert transport.tempo.bpm == pytest.approx(60 / (24 * GAP_SECONDS))
    transport.feed(Tick("p", 24 * GAP_SECONDS))
    assert transport.tempo is not None


def strayed(transport, bars, tempo, jitter, start=0.0, seed=1):
    """Feed bars whose ticks stray by up to ``jitter`` seconds; gives each quarter's tempo."""
    strays = random.Random(seed)
    tempos = []
    for number in range(bars * 96 + 1):
        transport.feed(Tick("p", start + number * 60 / tempo / 24 + strays.uniform(-jitter, jitter)))
        if transport.tempo is not None and number % TICKS_PER_QUARTER == 0:
            tempos.append(transport.tempo)
    return tempos


@pytest.mark.parametrize("jitter", [0.001, 0.005, 0.01])
@pytest.mark.parametrize("seed", range(5))
def test_a_steady_clock_that_strays_is_measured_within_its_error(jitter, seed):
    tempos = strayed(Transport(), 16, 120, jitter, seed=seed)
    assert all(abs(tempo.bpm - 120) < 4 * tempo.error for tempo in tempos)
    assert tempos[-1].error < tempos[1].error
    assert abs(tempos[-1].bpm - 120) < 0.3


@pytest.mark.parametrize(("jitter", "quarters"), [(0.0, 2), (0.001, 3), (0.005, 9)])
def test_another_tempo_is_heard_within_bars(jitter, quarters):
    transport = Transport()
    strayed(transport, 8, 120, jitter)
    tempos = strayed(transport, 3, 140, jitter, start=16.0 + 60 / 140 / 24)
    assert abs(tempos[quarters].bpm - 140) < max(1e-6, 4 * tempos[quarters].error)
