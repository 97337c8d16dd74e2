"""Boundaries on lines of time."""

import pytest

from midifrag.boundary import LANDS, Boundary, length_of
from midifrag.timeline import Signature, Timeline

#: Two seconds a bar, from second 10 on.
LINE = Timeline(bpm=120, at=10.0)


@pytest.mark.parametrize(
    ("signature", "lengths"),
    [
        (Signature(4, 4), [None, 1, 4, 8, 16]),
        (Signature(3, 4), [None, 1, 3, 6, 12]),
        (Signature(6, 8), [None, 0.5, 3, 6, 12]),
    ],
)
def test_how_far_boundaries_are_apart(signature, lengths):
    assert [length_of(land, signature) for land in LANDS] == lengths


@pytest.mark.parametrize(
    ("position", "at", "bar", "beat", "name"),
    [
        (0.0, 10.0, 1, 1, "bar 1"),
        (16.0, 18.0, 5, 1, "bar 5"),
        (18.0, 19.0, 5, 3, "bar 5 beat 3"),
        (-4.0, 8.0, 0, 1, "bar 0"),
    ],
)
def test_a_boundary_by_its_position(position, at, bar, beat, name):
    one = Boundary.on(LINE, position)
    assert (one.at, one.position, one.bar, one.beat, one.name) == (at, position, bar, beat, name)
    assert (one.beat_seconds, one.beats) == (0.5, 4)
    assert one.short == (name if beat == 1 else f"{bar}.{beat}")


@pytest.mark.parametrize(
    ("now", "beats"), [(15.0, 6), (17.0, 2), (17.4, 2), (17.5, 1), (17.51, 1), (17.999, 0), (18.0, 0), (20.0, 0)]
)
def test_how_many_beats_it_is_away(now, beats):
    assert Boundary.on(LINE, 16.0).beats_left(now) == beats


def test_beats_of_another_unit():
    one = Boundary.on(Timeline(bpm=120, at=0.0, signature=Signature(6, 8)), 4.5)
    assert (one.name, one.beat_seconds, one.beats) == ("bar 2 beat 4", 0.25, 6)
