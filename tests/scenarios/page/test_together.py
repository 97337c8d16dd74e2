"""Three browsers edit and play one show; at the end each of them shows the same."""

import pytest

from tests.scenarios.page.together import play

#: Steps of all three: half a minute or so. Longer by `python -m tests.scenarios.page.together`.
STEPS = 60


@pytest.mark.thorough
def test_three_browsers_that_edit_and_play_show_the_same_at_the_end(driver, free_show):
    show = free_show()
    together = play(driver, show, 7, lambda one: one.done.total() >= STEPS)
    assert together.done.total() == STEPS
    assert len(together.done) >= 8
