import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.midi.messages import Tick, TransportChange
from midifrag.midi.transport import GAP_SECONDS, Transport


def ticks(transport, count, tempo, start=0.0):
    for number in range(count):
        transport.feed(Tick("p", start + number * 60 / tempo / 24))


@given(tempo=st.floats(20, 300))
def test_tempo_after_one_quarter(tempo):
    transport = Transport()
    ticks(transport, 24, tempo)
    assert transport.tempo is None
    ticks(transport, 1, tempo, 60 / tempo)
    assert transport.tempo == pytest.approx(tempo)


def test_a_pause_starts_a_new_measurement():
    transport = Transport()
    ticks(transport, 30, 120)
    ticks(transport, 10, 90, start=100.0)
    assert transport.tempo is None
    ticks(transport, 25, 90, start=100.0 + 10 * 60 / 90 / 24)
    assert transport.tempo == pytest.approx(90)


@pytest.mark.parametrize("kind", ["start", "stop", "continue", "position"])
def test_starting_stopping_and_locating_change_no_tempo(kind):
    transport = Transport()
    ticks(transport, 25, 120)
    transport.feed(TransportChange("p", kind, 60 / 120, sixteenths=16 if kind == "position" else None))
    assert transport.tempo == pytest.approx(120)


def test_ticks_at_one_moment_tell_no_tempo():
    transport = Transport()
    for _ in range(25):
        transport.feed(Tick("p", 1.0))
    assert transport.tempo is None


def test_time_that_goes_back_starts_a_new_measurement():
    transport = Transport()
    ticks(transport, 30, 120, start=100.0)
    transport.feed(Tick("p", 50.0))
    assert transport.tempo is None


def test_a_tick_twice_and_the_slowest_ticks_count():
    transport = Transport()
    transport.feed(Tick("p", 0.0))
    for number in range(24):
        transport.feed(Tick("p", number * GAP_SECONDS))
    assert transport.tempo == 60 / (23 * GAP_SECONDS)
