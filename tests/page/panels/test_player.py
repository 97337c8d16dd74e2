"""The one player of a screen; what it does in a browser is in tests/scenarios/page/test_hearing.py."""

import re

import pytest
from nicegui import ui

from midifrag.page.panels.player import Player
from midifrag.states import JobState
from tests.page.changes import job


@pytest.fixture
def opened(headless):
    page = headless()
    player = Player()
    page.do(player.build)
    return page, player


def asked(page):
    """What the browser was asked to play, without what makes each address another one."""
    codes = [one["code"] for one in page.told("run_javascript")]
    return [re.sub(r"[?]play=\d+", "", code).removeprefix("window.player.") for code in codes]


def landed(number, **fields):
    return job(JobState.LANDED, number, slot=fields.pop("slot", 1), **fields)


def test_it_plays_what_it_is_given_from_the_beginning_every_time(opened):
    page, player = opened
    assert page.text("player-title") == "nothing played yet"
    for title in ("rain", "rain again"):
        page.do(lambda title=title: player("/slots/1.wav", title))
    assert page.text("player-title") == "rain again"
    assert asked(page) == ['play("/slots/1.wav")'] * 2
    # The same file may hold another fragment by now.
    assert len({one["code"] for one in page.told("run_javascript")}) == 2
    assert page.one("player").props["data-plays"] == "/slots/1.wav"


def test_two_are_compared_until_another_one_is_played(opened):
    page, player = opened
    page.do(lambda: player.compare(("/takes/1.wav", "/takes/2.wav"), "A: rain"))
    assert asked(page) == ['compare("/takes/1.wav", "/takes/2.wav")']
    assert page.one("player").props["data-compares"] == "true"
    page.do(lambda: player("/takes/3.wav", "bell"))
    assert page.one("player").props["data-compares"] is None


def test_what_takes_the_place_of_what_it_plays_is_played_on(opened):
    page, player = opened
    page.do(lambda: player.landed([landed(1)]))
    page.do(lambda: player("/slots/1.wav", "rain"))
    page.do(lambda: player.landed([landed(1), landed(2, label="Bell"), landed(3, slot=2), job(JobState.FAILED, 4)]))
    assert asked(page)[1:] == ['replace("/slots/1.wav")']
    assert page.text("player-title") == "Bell"
    page.do(lambda: player.landed([landed(1), landed(2), landed(3, slot=2)]))
    assert len(asked(page)) == 2


def test_what_lands_is_played_where_that_is_asked_for(opened):
    page, player = opened
    page.do(lambda: player.landed([]))
    page.do(lambda: player.landed([landed(1)]))
    assert asked(page) == []
    page.enter(page.labelled(ui.checkbox, "Play what lands"), True)
    page.do(lambda: player.landed([landed(1), landed(2, slot=2, prompt="bell"), landed(3, slot=None)]))
    assert asked(page) == ['play("/slots/2.wav")']
    assert page.text("player-title") == "bell"
