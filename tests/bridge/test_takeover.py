import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from midifrag.bridge.takeover import TOLERANCE, Takeover
from midifrag.config.controls import Range

WAY = st.floats(0, 1)


@given(WAY, WAY)
def test_jump_takes_the_knob_at_once(position, current):
    assert Takeover("jump").move(position, current) == position


@pytest.mark.parametrize("mode", ["jump", "pickup", "catch_up"])
@given(position=WAY)
def test_a_value_that_nobody_set_is_taken(mode, position):
    assert Takeover(mode).move(position, None) == position


def test_pickup_waits_until_the_knob_is_there_and_then_follows():
    takeover = Takeover("pickup")
    assert [takeover.move(at, 0.5) for at in (0.1, 0.3, 0.45)] == [None] * 3
    assert takeover.move(0.49, 0.5) == 0.49
    assert takeover.move(0.9, 0.49) == 0.9


@given(start=st.floats(0, 0.4), end=st.floats(0.6, 1), back=st.booleans())
def test_pickup_does_not_stick_on_a_fast_sweep(start, end, back):
    takeover = Takeover("pickup")
    first, second = (end, start) if back else (start, end)
    assert takeover.move(first, 0.5) is None
    assert takeover.move(second, 0.5) == second


def test_pickup_lets_go_when_somebody_else_changes_the_value():
    takeover = Takeover("pickup")
    takeover.move(0.5, 0.5)
    assert takeover.move(0.6, 0.5) == 0.6
    assert takeover.move(0.62, 0.1) is None
    assert takeover.move(0.09, 0.1) == 0.09


@given(st.lists(WAY, min_size=1, max_size=30))
def test_pickup_never_lets_go_because_a_value_was_rounded(path):
    way = Range(sets="steps", range=(1, 5))
    takeover = Takeover.for_range("pickup", way)
    value = way.value(takeover.move(0.0, None))
    for at in path:
        taken = takeover.move(at, way.position(value))
        assert taken == at
        value = way.value(taken)


@given(current=WAY, path=st.lists(WAY, min_size=2, max_size=30))
def test_catch_up_goes_the_knob_s_way_and_stays_in_range(current, path):
    takeover = Takeover("catch_up")
    assert takeover.move(path[0], current) in (None, path[0])
    before = path[0]
    for at in path[1:]:
        taken = takeover.move(at, current)
        if taken is None:
            continue
        assert -1e-9 <= taken <= 1 + 1e-9
        if abs(at - taken) > TOLERANCE:
            assert (taken - current) * (at - before) >= -1e-9
        before, current = at, taken


@pytest.mark.parametrize("end", [0.0, 1.0])
@given(current=WAY, start=st.integers(0, 127).map(lambda step: step / 127))
def test_catch_up_meets_the_knob_at_the_end_of_the_way(end, current, start):
    takeover = Takeover("catch_up")
    assume(start != end)
    takeover.move(start, current)
    assert takeover.move(end, current) == pytest.approx(end, abs=1e-6)


def test_a_knob_within_the_tolerance_is_there():
    assert Takeover("pickup").move(TOLERANCE, 0.0) == TOLERANCE
    assert Takeover("pickup").move(TOLERANCE + 1e-9, 0.0) is None


@pytest.mark.parametrize(("start", "end"), [(0.9, 0.3), (0.3, 0.9)])
def test_pickup_follows_from_where_somebody_put_the_value_under_the_knob(start, end):
    takeover = Takeover("pickup")
    assert takeover.move(start, 0.6) is None
    assert takeover.move(end, start) == end


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_catch_up_keeps_the_value_while_the_knob_stands_still(end):
    takeover = Takeover("catch_up")
    assert [takeover.move(end, 0.5) for _ in range(2)] == [None, 0.5]


@pytest.mark.parametrize(("path", "value"), [((0.8, 0.6), 0.375), ((0.2, 0.4), 0.625)])
def test_catch_up_scales_the_way_that_is_left(path, value):
    takeover = Takeover("catch_up")
    assert [takeover.move(at, 0.5) for at in path] == [None, pytest.approx(value)]


@pytest.mark.parametrize("mode", ["jump", "pickup"])
def test_a_range_has_the_takeover_that_it_asks_for(mode):
    takeover = Takeover.for_range(mode, Range(sets="steps", range=(1, 5)))
    assert takeover.move(0.9, 0.25) == (0.9 if mode == "jump" else None)
