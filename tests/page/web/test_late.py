"""Presses that come late are left out and told."""

import asyncio

import pytest

from midifrag.page.web import late
from midifrag.page.web.late import LATE, LatePresses


class Heard:
    """What gets through, and a clock that a test moves."""

    def __init__(self):
        self.now = 100.0
        self.events = []
        self.late = LatePresses(lambda socket, message: self.events.append((socket, message)), lambda: self.now)


@pytest.fixture
def heard(monkeypatch):
    monkeypatch.setattr(late, "BURST", 0.0)
    return Heard()


def test_an_answer_says_what_the_clock_shows(heard):
    assert heard.late.beat("s", {}) == 100.0


@pytest.mark.parametrize("at", [100.0, 100.0 - LATE, 104.0, None, "soon"])
def test_what_comes_in_time_or_says_no_time_gets_through(heard, at):
    message = {"client_id": "c", "id": 1, "listener_id": "l", "args": []}
    heard.late.event("s", {**message, **({} if at is None else {"at": at})})
    assert heard.events == [("s", message)]


def test_a_burst_of_late_presses_is_left_out_and_told_once(headless, heard):
    page = headless()

    async def burst():
        for number in range(3):
            heard.late.event("s", {"client_id": page.client.id, "id": number, "at": 100.0 - LATE - 0.1})
        await asyncio.sleep(0.01)

    page.do(burst)
    assert heard.events == []
    assert page.notices == ["The connection was lost: 3 presses were left out."]
    page.do(burst)
    assert len(page.notices) == 2


def test_late_presses_of_a_browser_that_is_gone_are_left_out(heard):
    async def burst():
        heard.late.event("s", {"client_id": "gone", "at": 0.0})
        await asyncio.sleep(0.01)

    asyncio.run(burst())
    assert heard.events == []
