"""When a server is called again."""

import random

from midifrag.engine.remote.again import AGAIN, AGAIN_MOST, MOVED, MOVED_MOST, Again


def test_a_server_that_ends_is_called_less_and_less_often_and_not_by_all_at_once():
    pauses = [Again(random.Random(seed)).after_moving() for seed in range(20)]
    assert len(set(pauses)) == 20
    assert all(MOVED / 2 <= one <= MOVED for one in pauses)
    again = Again(random.Random(1))
    later = [again.after_moving() for _ in range(10)][5:]
    assert all(MOVED_MOST / 2 <= one <= MOVED_MOST for one in later)


def test_after_a_break_it_is_called_soon_and_after_an_answer_as_soon_again():
    again = Again(random.Random(1))
    assert again.after_break() <= AGAIN
    for _ in range(9):
        assert again.after_break() <= AGAIN_MOST
    again.answered()
    assert again.after_break() <= AGAIN
