from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.timeline import Signature, Timeline


def test_a_position_is_reached_when_it_is_said_to_be() -> None:
    timeline = Timeline(bpm=120, at=100.0, position=8)
    assert timeline.position_at(101.0) == 10
    assert timeline.moment_of(10) == 101.0
    assert timeline.seconds(4) == 2.0


@pytest.mark.parametrize(
    ("moment", "length", "expected"),
    [(100.0, 4, 8), (100.0001, 4, 8), (100.01, 4, 12), (101.9, 4, 12), (99.0, 1, 6), (95.0, 4, 0), (94.9, 4, 0)],
)
def test_the_next_boundary_is_the_first_one_that_can_still_be_met(
    moment: float, length: float, expected: float
) -> None:
    assert Timeline(bpm=120, at=100.0, position=8).boundary(moment, length) == expected


@pytest.mark.parametrize(
    ("signature", "position", "expected"),
    [
        (Signature(), 0, (1, 1)),
        (Signature(), 3.5, (1, 4)),
        (Signature(), 4, (2, 1)),
        (Signature(), -0.5, (0, 4)),
        (Signature(6, 8), 3, (2, 1)),
        (Signature(6, 8), 2.75, (1, 6)),
        (Signature(3, 4), 5, (2, 3)),
    ],
)
def test_bars_and_beats_count_from_one(signature: Signature, position: float, expected: tuple[int, int]) -> None:
    timeline = Timeline(bpm=120, at=0.0, position=position, signature=signature)
    assert timeline.bar_and_beat(0.0) == expected


@given(
    bpm=st.floats(20, 400),
    position=st.floats(-1e4, 1e6),
    ahead=st.floats(0, 3600),
    length=st.sampled_from([0.5, 1.0, 3.0, 4.0, 8.0, 16.0]),
)
def test_no_boundary_lies_before_its_moment_or_more_than_its_length_after(
    bpm: float, position: float, ahead: float, length: float
) -> None:
    timeline = Timeline(bpm=bpm, at=5000.0, position=position)
    here = timeline.position_at(5000.0 + ahead)
    assert -2e-3 < timeline.boundary(5000.0 + ahead, length) - here < length + 2e-3
