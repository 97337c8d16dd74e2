import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.midi.messages import Tick, Transport
from midifrag.midi.transport import Clock


def ticks(clock, count, tempo, start=0.0):
    for number in range(count):
        clock.feed(Tick("p", start + number * 60 / tempo / 24))


@given(tempo=st.floats(20, 300))
def test_tempo_after_one_quarter(tempo):
    clock = Clock()
    ticks(clock, 24, tempo)
    assert clock.tempo is None
    ticks(clock, 1, tempo, 60 / tempo)
    assert clock.tempo == pytest.approx(tempo)


def test_a_pause_starts_a_new_measurement():
    clock = Clock()
    ticks(clock, 30, 120)
    ticks(clock, 10, 90, start=100.0)
    assert clock.tempo is None
    ticks(clock, 25, 90, start=100.0 + 10 * 60 / 90 / 24)
    assert clock.tempo == pytest.approx(90)


def test_transport_and_position():
    clock = Clock()
    ticks(clock, 6, 120)
    assert (clock.running, clock.sixteenths) == (False, 0)
    clock.feed(Transport("p", "position", 0.0, sixteenths=16))
    clock.feed(Transport("p", "continue", 0.0))
    ticks(clock, 12, 120)
    assert (clock.running, clock.sixteenths) == (True, 18)
    clock.feed(Transport("p", "stop", 0.0))
    assert not clock.running
    clock.feed(Transport("p", "start", 0.0))
    assert (clock.running, clock.sixteenths) == (True, 0)
