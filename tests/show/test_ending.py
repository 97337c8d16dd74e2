"""Each part of a show's end, whatever becomes of the others."""

from __future__ import annotations

import logging

import pytest

from midifrag.fragment.rescue import Rescued
from midifrag.show.ending import Ending, done


def test_a_part_that_is_done_says_what_came_of_it_and_nothing_else(caplog):
    assert done(lambda: "closed") == "closed"
    assert caplog.records == []


def test_a_part_that_fails_is_told_with_its_reason_and_the_end_goes_on(caplog):
    assert done(lambda: 1 / 0) is None
    (told,) = caplog.records
    assert (told.levelno, told.getMessage()) == (logging.ERROR, "the end of the show failed in a part")
    assert told.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize("asked", [KeyboardInterrupt, SystemExit])
def test_who_asks_the_program_to_stop_is_not_kept_from_it(asked):
    def work():
        raise asked

    with pytest.raises(asked):
        done(work)


def test_a_show_that_left_nothing_behind_says_so():
    assert Ending() == Ending(unwritten=(), rescued=Rescued())
