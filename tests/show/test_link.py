"""Ableton Link: polled, measured, and led while we are alone in it."""

from __future__ import annotations

import threading
import time

import pytest

from midifrag.bridge.items import LinkHeard
from midifrag.clock import monotonic
from midifrag.events import Notice
from midifrag.show import link
from midifrag.show.link import MEASURE_EVERY, LibrarySession, LinkWatch
from midifrag.states import NoticeLevel
from midifrag.timeline import Signature, Timeline
from tests.support import PATIENCE
from tests.support.links import link_alone

#: Link's clock is that far ahead of ours, in seconds.
AHEAD = 1234.5
LINE = Timeline(120, 100.0, 8.0)


class Network:
    """A session of Link in memory, its clock, and ours."""

    def __init__(self):
        self.now, self.ahead = 100.0, AHEAD
        self.line = Timeline(120.0, 100.0)
        self.peers, self.quantum = 0, None
        self.opened, self.closed, self.led = [], 0, 0

    def open(self, bpm):
        self.opened.append(bpm)
        self.line = Timeline(bpm, self.now)
        return self

    def micros(self):
        return round((self.now + self.ahead) * 1e6)

    def look(self, micros, quantum):
        self.quantum = quantum
        return self.line.bpm, self.line.position_at(micros / 1e6 - self.ahead), self.peers

    def lead(self, bpm, beat, micros, _quantum):
        self.led += 1
        self.line = Timeline(bpm, micros / 1e6 - self.ahead, beat)

    def close(self):
        self.closed += 1


class Watched:
    def __init__(self):
        self.network, self.heard = Network(), []
        self.watch = LinkWatch(self.heard.append, self.network.open, lambda: self.network.now)
        self.watch.follow(LINE)

    def look(self, after=0.05):
        self.network.now += after
        self.watch.look()
        said, self.heard[:] = list(self.heard), []
        return said


def test_while_we_are_alone_its_session_is_on_our_line():
    watched = Watched()
    assert watched.look() == []
    assert watched.network.opened == [120]
    assert watched.network.line.position_at(150.0) == pytest.approx(LINE.position_at(150.0), abs=1e-4)
    assert watched.look() == []
    assert watched.network.led == 1
    watched.watch.follow(Timeline(97.0, 101.0, 3.0, Signature(3, 4)))
    assert watched.look(2.0) == []
    assert (watched.network.line.bpm, watched.network.quantum) == (97.0, 3.0)
    # Other bars are the same to it.
    watched.watch.follow(Timeline(97.0, 101.0, 3.0 + 30 * 3, Signature(3, 4)))
    watched.look()
    assert watched.network.led == 2
    # Link keeps tempos as whole microseconds a beat.
    watched.network.line = Timeline(97.0 + 5e-5, 101.0, 3.0)
    watched.look()
    assert watched.network.led == 2


def test_what_others_do_is_told_once_and_never_led():
    watched = Watched()
    watched.look()
    watched.network.peers = 1
    watched.network.line = Timeline(133.0, 100.0, 0.5)
    (heard,) = watched.look()
    assert heard == LinkHeard(133.0, watched.network.now, pytest.approx(watched.network.line.position_at(heard.at)), 1)
    assert watched.look() == []
    watched.network.line = Timeline(140.0, 100.0, 0.5)
    (heard,) = watched.look()
    assert heard.bpm == 140.0
    watched.network.line = Timeline(140.0, 100.001, 0.5)
    (heard,) = watched.look()
    assert heard.beat == pytest.approx(watched.network.line.position_at(heard.at), abs=1e-5)
    watched.network.peers = 2
    assert [one.peers for one in watched.look()] == [2]
    watched.network.peers = 0
    assert [one.peers for one in watched.look()] == [0]
    assert watched.network.led == 2


def test_while_nobody_else_is_there_it_looks_less_often():
    watched = Watched()
    watched.look()
    alone = watched.watch.pause
    watched.network.peers = 1
    watched.look()
    assert watched.watch.pause < alone
    watched.network.peers = 0
    watched.look()
    assert watched.watch.pause == alone


def test_its_clock_is_measured_each_second():
    watched = Watched()
    watched.network.peers = 1
    watched.look()
    for _ in range(3):
        # It runs ahead of ours, as clocks that are not steered do.
        watched.network.ahead += 0.001
        assert watched.look(MEASURE_EVERY) == []
    watched.network.line = Timeline(100.0, 104.0)
    (heard,) = watched.look()
    assert heard.beat == pytest.approx(watched.network.line.position_at(heard.at), abs=1e-5)


def test_before_the_show_has_a_line_it_is_not_joined():
    network = Network()
    LinkWatch([].append, network.open, lambda: 0.0).look()
    assert network.opened == []


def test_whoever_leaves_it_says_that_it_counts_no_more():
    watched = Watched()
    watched.watch.leave()
    watched.network.peers = 1
    watched.look()
    watched.watch.leave()
    assert [one.peers for one in watched.heard] == [0]
    assert watched.network.closed == 1


class Told:
    def __init__(self):
        self.said, self.news = [], threading.Condition()

    def __call__(self, item):
        with self.news:
            self.said.append(item)
            self.news.notify_all()

    def wait_for(self, condition):
        with self.news:
            assert self.news.wait_for(lambda: condition(self.said), PATIENCE), self.said


def until(condition):
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline
        time.sleep(0.002)


def missing(_bpm):
    raise ImportError("link")


def test_where_the_library_is_missing_it_is_said_to_those_who_asked_for_it():
    told = Told()
    watch = LinkWatch(told, missing)
    watch.follow(LINE)
    watch.want(True)
    watch._thread.join(PATIENCE)
    assert told.said == []
    watch.want(True, required=True)
    watch.want(True, required=True)
    text = "Ableton Link is not installed (uv sync --extra link); the time is kept without it"
    assert told.said == [Notice(NoticeLevel.WARNING, text)]
    watch.close()


def test_a_library_that_fails_ends_nothing_but_link(caplog):
    told = Told()
    watch = LinkWatch(told, lambda _bpm: 1 / 0)
    watch.follow(LINE)
    watch.want(True)
    told.wait_for(len)
    assert "Ableton Link failed (ZeroDivisionError('division by zero'))" in told.said[0].text
    watch.close()


def test_it_is_joined_and_left_as_the_set_says():
    told, network = Told(), Network()
    network.peers = 1
    watch = LinkWatch(told, network.open)
    watch.want(False)
    assert watch._thread is None
    watch.follow(LINE)
    watch.want(True)
    told.wait_for(lambda said: said and said[-1].peers == 1)
    watch.want(False)
    told.wait_for(lambda said: said[-1].peers == 0)
    watch.want(True)
    told.wait_for(lambda said: said[-1].peers == 1)
    watch.close()
    watch._thread.join(PATIENCE)
    assert network.closed == 2


def test_what_the_show_does_is_taken_up_before_the_next_look_is_due(monkeypatch):
    monkeypatch.setattr(link, "ALONE_EVERY", 10 * PATIENCE)
    network, told = Network(), Told()
    watch = LinkWatch(told, network.open, lambda: network.now)
    watch.follow(LINE)
    watch.want(wanted=True)
    try:
        until(lambda: network.opened)
        watch.follow(Timeline(97.0, 100.0))
        until(lambda: network.led == 1)
        watch.want(wanted=False)
        until(lambda: network.closed == 1)
    finally:
        watch.close()
    assert network.line.bpm == 97.0


# --- the library itself ----------------------------------------------------------------------------------------------


@pytest.fixture
def alone():
    with link_alone():
        yield


def test_two_peers_on_one_machine_share_tempo_and_beat(alone):
    """Relative to each other alone: another program of this machine may be in the session as well."""
    told = Told()
    watch = LinkWatch(told)
    watch.follow(Timeline(126.5, monotonic(), 2.0))
    other = LibrarySession(126.5)
    try:
        watch.want(True)
        told.wait_for(lambda said: said and said[-1].peers > 0)
        other.lead(133.0, 0.0, other.micros(), 4.0)
        told.wait_for(lambda said: abs(said[-1].bpm - 133) < 0.001)
        heard = told.said[-1]
        before, micros, after = monotonic(), other.micros(), monotonic()
        _, beat, _ = other.look(micros, 4.0)
        ours = heard.beat + ((before + after) / 2 - heard.at) * heard.bpm / 60
        # Neither counts bars as the other does; where in the bar they are is the same.
        away = (ours - beat + 2) % 4 - 2
        assert abs(away) < 0.02
    finally:
        other.close()
        watch.want(False)
    told.wait_for(lambda said: said[-1].peers == 0)
    watch.close()
