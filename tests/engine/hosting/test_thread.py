from __future__ import annotations

import math
import os
import threading
from dataclasses import replace

import numpy as np

from midifrag.audio import SourceSound
from midifrag.engine.hosting import hang_watch, thread
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.messages import Died, Failed, Progress, Ready, Rendered, Stalled
from tests.engine.toy_worker import CHOICE, PATIENCE, Toy, press, process_id, running, wait


def test_the_worker_is_in_this_process():
    with running(ThreadHost) as (_, events):
        assert process_id(events) == os.getpid()


def test_a_worker_that_raises_is_replaced_by_a_new_one():
    made = []

    def factory(choice):
        made.append(Toy(choice))
        return made[-1]

    with running(ThreadHost, factory=factory) as (engine, events):
        engine.send(press(1, "crash"))
        death, _ = wait(events, Died)
        assert "ZeroDivisionError: a bug" in death.reason
        engine.send(press(2))
        wait(events, Rendered)
        assert len(made) == 2


def test_a_card_that_this_process_cannot_use_again_is_given_up_at_once():
    made = []

    class Broken(Toy):
        def tick(self):
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

    def factory(choice):
        made.append(Broken(choice))
        return made[-1]

    with running(ThreadHost, factory=factory) as (engine, events):
        engine.send(press(1))
        death, _ = wait(events, Died)
        assert "`engine: {host: process}`" in death.reason
        assert (death.jobs, death.restarting, len(made)) == ((1,), False, 1)


def test_a_card_that_is_left_in_the_middle_of_a_recording_is_given_up_at_once():
    with running(ThreadHost) as (engine, events):
        engine.send(press(1, "capture"))
        death, _ = wait(events, Died)
        assert death.reason.startswith("the work could not be recorded. Nothing in this process can use the card again")
        assert (death.jobs, death.restarting) == ((1,), False)


def test_closing_waits_for_the_tick_in_progress():
    is_ticking, may_end = threading.Event(), threading.Event()

    class Slow(Toy):
        def tick(self):
            is_ticking.set()
            may_end.wait()
            return super().tick()

        def close(self):
            closed.append(True)

    closed = []
    with running(ThreadHost, factory=Slow) as (engine, events):
        wait(events, Ready)
        engine.send(press(1))
        is_ticking.wait()
        threading.Timer(0.05, may_end.set).start()
        engine.close()
        assert closed == [True]


def test_a_tick_that_does_not_come_back_is_left_behind(monkeypatch):
    monkeypatch.setattr(thread, "CLOSE_SECONDS", 0.01)
    may_end, has_ended = threading.Event(), threading.Event()

    class Stuck(Toy):
        def tick(self):
            events = super().tick()
            if isinstance(events[-1], Rendered):
                may_end.wait()
            return events

        def close(self):
            has_ended.set()

    with running(ThreadHost, factory=Stuck) as (engine, events):
        engine.send(press(1, steps=2))
        wait(events, Progress)
        engine.close()
        assert not has_ended.is_set()
        may_end.set()
        assert has_ended.wait(PATIENCE)
        assert events.empty()


def test_a_thread_that_closes_its_own_host_does_not_wait_for_itself():
    host = ThreadHost(Toy, CHOICE)
    is_closed = threading.Event()

    def listener(event):
        if isinstance(event, Ready):
            host.close()
            is_closed.set()

    host.start(listener)
    assert is_closed.wait(PATIENCE)


def test_a_worker_that_hangs_is_left_behind_and_replaced(monkeypatch):
    monkeypatch.setattr(hang_watch, "HUNG_STEPS", 0)
    monkeypatch.setattr(hang_watch, "STALLED_SECONDS", math.inf)
    may_end, has_ended, made = threading.Event(), threading.Event(), []

    class Stuck(Toy):
        def __init__(self, choice):
            super().__init__(choice)
            made.append(self)

        def tick(self):
            events = super().tick()
            if self is made[0] and isinstance(events[-1], Rendered):
                may_end.wait()
            return events

        def close(self):
            if self is made[0]:
                has_ended.set()

    monkeypatch.setattr(hang_watch, "HUNG_SECONDS", math.inf)
    with running(ThreadHost, factory=Stuck) as (engine, events):
        engine.send(press(1, steps=2))
        wait(events, Progress)
        monkeypatch.setattr(hang_watch, "STALLED_SECONDS", 0.5)
        assert wait(events, Stalled)[0].seconds >= 0.5
        monkeypatch.setattr(hang_watch, "HUNG_SECONDS", 0.0)
        death = wait(events, Died)[0]
        monkeypatch.setattr(hang_watch, "HUNG_SECONDS", math.inf)
        assert (death.jobs, death.restarting) == ((1,), True)
        engine.send(press(2))
        assert wait(events, Rendered)[0].job == 2
        # What the old one still says is of a job that is over.
        may_end.set()
        assert has_ended.wait(PATIENCE)
        engine.send(press(3))
        assert wait(events, Rendered)[0].job == 3


def test_an_engine_that_cannot_begin_from_a_sound_refuses_it_and_plays_on():
    sound = SourceSound.of(np.ones((2, 100), np.float32), 100)
    with running(ThreadHost) as (engine, events):
        engine.send(replace(press(1), sound=sound))
        assert wait(events, Failed)[0].reason == "toy cannot begin from a sound (from); choose another model for it."
        engine.send(press(2))
        wait(events, Rendered)
