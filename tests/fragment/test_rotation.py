"""Whose turn it is."""

import pytest

from midifrag.fragment.rotation import Playing, Rotation

ALL = (1, 2, 3, 4)


@pytest.fixture
def rotation():
    return Rotation(4)


def turns(rotation, count=1, able=ALL, awaited=(), protect=True):
    return [rotation.choose(able, awaited, protect=protect) for _ in range(count)]


def test_the_turn_goes_round(rotation):
    assert turns(rotation, 6) == [1, 2, 3, 4, 1, 2]
    assert turns(rotation, 3, able=(1, 4)) == [4, 1, 4]


def test_what_sounds_is_left_out_as_long_as_it_does(rotation):
    rotation.play(2, Playing(5.0, 4.0))
    assert turns(rotation, 3) == [1, 3, 4]
    rotation.play(2, None)
    rotation.play(2, None)
    assert turns(rotation, 2) == [1, 2]


def test_what_is_awaited_is_left_out(rotation):
    assert turns(rotation, 3, awaited=(1, 2)) == [3, 4, 3]


def test_where_all_sound_the_first_to_begin_is_next(rotation):
    for slot, since in ((1, 8.0), (2, 9.0), (3, 6.0), (4, 7.0)):
        rotation.play(slot, Playing(since, 4.0))
    assert turns(rotation) == [3]
    # Rather one that sounds than one whose next fragment nobody would hear.
    assert turns(rotation, awaited=(3,)) == [4]
    assert turns(rotation, able=(1, 2)) == [1]
    assert turns(rotation, awaited=ALL) == [3]


def test_without_protection_what_sounds_has_its_turn(rotation):
    rotation.play(1, Playing(5.0, 4.0))
    assert turns(rotation, protect=False) == [1]


@pytest.mark.parametrize(
    ("moment", "end"), [(9.0, 14.0), (10.0, 14.0), (10.5, 14.0), (14.0, 14.0), (14.1, 18.0), (18.0, 18.0)]
)
def test_the_end_of_a_turn(moment, end):
    assert Playing(10.0, 4.0).end_of_turn(moment) == pytest.approx(end)


def test_a_turn_of_unknown_length_ends_at_once():
    assert Playing(10.0, 0.0).end_of_turn(12.5) == 12.5


def test_those_with_slots_of_their_own_have_a_turn_of_their_own(rotation):
    left, right = (1, 2), (3, 4)

    def turn(among):
        return rotation.choose(among, (), protect=True, among=among)

    assert [turn(left), turn(right), turn(left), turn(right), turn(left)] == [1, 3, 2, 4, 1]
    # The turn of all is another one.
    assert turns(rotation, 2) == [1, 2]
