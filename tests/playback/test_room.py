from hypothesis import given
from hypothesis import strategies as st

from midifrag.playback.room import Room


def test_what_is_given_back_can_be_taken_again_as_one_piece():
    room = Room(100)
    first, second, third = room.take(30), room.take(30), room.take(40)
    assert (first, second, third) == (0, 30, 60)
    assert room.take(1) is None
    room.give(0, 30)
    room.give(60, 40)
    assert room.take(50) is None
    room.give(30, 30)
    assert room.take(100) == 0


@given(st.lists(st.integers(1, 40), max_size=30), st.randoms())
def test_pieces_never_overlap_and_all_comes_back(lengths, random):
    room, taken = Room(200), []
    for length in lengths:
        begin = room.take(length)
        if begin is not None:
            assert all(begin + length <= other or other + size <= begin for other, size in taken)
            taken.append((begin, length))
        if taken and random.random() < 0.4:
            room.give(*taken.pop(random.randrange(len(taken))))
        assert room.free == 200 - sum(size for _, size in taken)
    for piece in taken:
        room.give(*piece)
    assert room.take(200) == 0
