"""Whole engines of others: whatever they say, raise or leave out, every press on them has an outcome."""

from __future__ import annotations

import math
import queue
import threading
import time
from contextlib import contextmanager

import pytest

from midifrag.engine.hosting import guest, hang_watch
from midifrag.engine.hosting.guest import GuestEngine, guarded
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Died,
    Failed,
    Promote,
    Ready,
    Rendered,
    Resumed,
    Stalled,
    Started,
)
from tests.engine.odd_events import INFO, ODD_FIELDS, take
from tests.engine.toy_worker import CHOICE, PATIENCE, Toy, press, wait


class Far:
    """An engine that says what a test says."""

    def __init__(self):
        self.sent, self.closed = [], 0
        self.began = threading.Event()

    def start(self, listener):
        self.say = listener
        self.began.set()

    def send(self, command):
        self.sent.append(command)

    def close(self):
        self.closed += 1


def until(condition):
    """Wait for what comes about on the thread that talks to the engine."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def visiting(far=None):
    far, events = far or Far(), queue.Queue()
    engine = GuestEngine(far, "far", look=0.01)
    engine.start(events.put)
    if type(far).start is Far.start and "start" not in vars(far):
        far.began.wait(PATIENCE)
    try:
        yield engine, far, events
    finally:
        engine.close()


@pytest.fixture
def limits(monkeypatch):
    """Silence is borne for ever; returns a way to change that."""
    for name in ("STALLED_SECONDS", "HUNG_SECONDS", "FIRST_SECONDS", "LOADING_SECONDS"):
        monkeypatch.setattr(hang_watch, name, math.inf)
    return lambda name, seconds: monkeypatch.setattr(hang_watch, name, seconds)


def test_what_has_a_host_needs_no_other():
    host = ThreadHost(Toy, CHOICE)
    assert guarded(host, "toy") is host
    wrapped = guarded(Far(), "far")
    assert isinstance(wrapped, GuestEngine)
    assert guarded(wrapped, "far") is wrapped


def test_commands_and_events_pass():
    with visiting() as (engine, far, events):
        commands = [press(1), press(2), Promote(2), Cancel(2)]
        for command in commands:
            engine.send(command)
        until(lambda: far.sent == commands)
        said = [Ready(INFO), Started(1), Cancelled(2)]
        for event in said:
            far.say(event)
        assert [events.get() for _ in said] == said


@pytest.mark.parametrize(("fields", "why"), ODD_FIELDS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_odd_take_is_a_failure(fields, why):
    with visiting() as (engine, far, events):
        far.say(Ready(INFO))
        engine.send(press(1))
        far.say(take(**fields))
        failed = wait(events, Failed)[0]
        assert failed.job == 1
        assert why in failed.reason


def test_an_engine_that_cannot_be_started_is_lost():
    far = Far()
    far.start = lambda _listener: 1 / 0
    with visiting(far) as (_, _, events):
        assert events.get() == Died(
            "The engine could not be started: ZeroDivisionError: division by zero.", (), restarting=False
        )


def test_a_press_that_cannot_be_sent_fails_and_the_next_one_is_sent(caplog):
    far = Far()
    with visiting(far) as (engine, far, events):
        far.send = lambda _command: 1 / 0
        engine.send(press(1))
        assert events.get() == Failed(1, "the engine far: send() raised ZeroDivisionError: division by zero")
        engine.send(Promote(1))
        until(lambda: "send() raised" in caplog.text)
        del far.send
        engine.send(press(2))
        until(lambda: far.sent == [press(2)])


def test_an_engine_that_blocks_when_it_is_told_something_keeps_nobody_waiting():
    free = threading.Event()
    with visiting() as (engine, far, _events):
        far.say(Ready(INFO))
        far.send = lambda command: free.wait(PATIENCE) and far.sent.append(command)
        for job in (1, 2):
            engine.send(press(job))
        assert far.sent == []
        free.set()
        until(lambda: far.sent == [press(1), press(2)])


def test_an_engine_that_blocks_at_its_start_keeps_nobody_waiting():
    free, events = threading.Event(), queue.Queue()
    far = Far()
    far.start = lambda _listener: free.wait(PATIENCE) and far.began.set()
    engine = GuestEngine(far, "far", look=0.01)
    engine.start(events.put)
    engine.send(press(1))
    assert not far.began.is_set()
    free.set()
    until(lambda: far.sent == [press(1)])
    engine.close()


def test_an_engine_that_says_nothing_of_a_job_stalls_and_is_lost_until_it_says_anything(limits):
    with visiting() as (engine, far, events):
        far.say(Ready(INFO))
        engine.send(press(1))
        far.say(take())
        engine.send(press(2))
        engine.send(press(3))
        limits("STALLED_SECONDS", 0.1)
        wait(events, Stalled)
        limits("HUNG_SECONDS", 0.1)
        death = wait(events, Died)[0]
        limits("HUNG_SECONDS", math.inf)
        assert (death.jobs, death.restarting) == ((2, 3), True)
        assert death.reason.startswith("The engine said nothing for ")
        # Told after its death.
        until(lambda: far.sent[-2:] == [Cancel(2), Cancel(3)])
        far.say(Cancelled(2))
        assert wait(events, Ready)[0] == Ready(INFO)
        engine.send(press(4))
        far.say(take(2))
        far.say(take(4))
        assert wait(events, Rendered)[0].job == 4


def test_an_engine_that_goes_on_after_it_had_stalled_is_told(limits):
    with visiting() as (engine, far, events):
        far.say(Ready(INFO))
        engine.send(press(1))
        limits("STALLED_SECONDS", 0.1)
        wait(events, Stalled)
        far.say(take())
        wait(events, Resumed)


def test_an_engine_that_has_nothing_to_do_may_be_silent_for_ever(limits, monkeypatch):
    looks, look = threading.Semaphore(0), hang_watch.HangWatch.look
    monkeypatch.setattr(hang_watch.HangWatch, "look", lambda watch: (look(watch), looks.release())[0])
    with visiting() as (_, far, events):
        far.say(Ready(INFO))
        limits("STALLED_SECONDS", 0.0)
        limits("HUNG_SECONDS", 0.0)
        for _ in range(20):
            assert looks.acquire(timeout=PATIENCE)
        assert events.get() == Ready(INFO)
        assert events.empty()


def test_a_beginning_does_not_say_how_long_a_take_takes(limits):
    with visiting() as (engine, far, events):
        far.say(Ready(INFO))
        engine.send(press(1))
        far.say(Started(1))
        wait(events, Started)
        # The first take has the time of a first step.
        limits("HUNG_SECONDS", 0.0)
        limits("STALLED_SECONDS", 0.1)
        wait(events, Stalled)
        far.say(take())
        assert wait(events, Rendered)[0].job == 1


def test_after_closing_nothing_is_said_or_sent(monkeypatch):
    with visiting() as (engine, far, events):
        engine.close()
        engine.close()
        far.say(Ready(INFO))
        engine.send(press(1))
        assert (far.closed, far.sent, events.empty()) == (1, [], True)


def test_an_engine_that_does_not_close_is_left_behind(monkeypatch, caplog):
    monkeypatch.setattr(guest, "CLOSE_SECONDS", 0.01)
    may_end, far = threading.Event(), Far()
    far.close = may_end.wait
    with visiting(far):
        pass
    may_end.set()
    far.close = lambda: 1 / 0
    monkeypatch.setattr(guest, "CLOSE_SECONDS", PATIENCE)
    with visiting(far):
        pass
    assert "close() raised ZeroDivisionError" in caplog.text
