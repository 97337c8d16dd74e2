"""What both hosts do around a worker: pass on, restart, give up, close."""

from __future__ import annotations

import queue
import threading

import pytest

from midifrag.engine.hosting import supervision
from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.messages import (
    Died,
    Ready,
    Rendered,
    Started,
    Warm,
    Warming,
)
from midifrag.engine.protocol import EngineChoice
from tests.engine.toy_worker import CHOICE, Toy, press, running, wait


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("host", [ThreadHost, ProcessHost], ids=["thread", "process"])
def test_audio_crosses_whole_and_may_be_written_to(host):
    with running(host) as (engine, events):
        engine.send(press(7))
        take, seen = wait(events, Rendered)
        assert [type(event) for event in seen] == [Warming, Ready, Started, Rendered]
        assert take.audio.shape == (2, 300_000)
        assert (take.audio == 7).all()
        assert take.audio.flags.writeable


def test_what_hears_the_engine_runs_before_other_threads(host, monkeypatch):
    asked = []
    monkeypatch.setattr(supervision, "work_before_others", lambda: asked.append(threading.current_thread().name))
    with running(host) as (engine, events):
        engine.send(press(1))
        wait(events, Rendered)
    assert asked == ["midifrag-engine-host"]


@pytest.mark.parametrize("host", [ThreadHost, ProcessHost], ids=["thread", "process"])
def test_a_crash_loses_its_jobs_and_the_next_press_works(host):
    with running(host) as (engine, events):
        engine.send(Warm((press(0, "a"), press(0, "b"))))
        wait(events, Ready)
        engine.send(press(1, "crash"))
        death, _ = wait(events, Died)
        assert (death.jobs, death.restarting) == ((1,), True)
        assert "ZeroDivisionError: a bug" in death.reason
        engine.send(press(2))
        take, _ = wait(events, Rendered)
        if take.used["warmed"] != "a,b":  # a press goes before the warm-up
            wait(events, Ready)
            engine.send(press(3))
            take, _ = wait(events, Rendered)
        assert take.used["warmed"] == "a,b"


def test_after_work_that_cannot_be_recorded_the_next_process_does_without():
    with running(ProcessHost) as (engine, events):
        engine.send(press(1, "capture"))
        death, _ = wait(events, Died)
        assert death == Died("the work could not be recorded.", (1,), restarting=True)
        for job in (2, 3):
            engine.send(press(job, "capture"))
            assert wait(events, Rendered, Died)[0].job == job


def test_a_failing_load_is_told_and_not_tried_again(host):
    with running(host, EngineChoice("toy", options={"dies": ("load",)})) as (engine, events):
        engine.send(press(1))
        death, _ = wait(events, Died)
        assert (death.reason, death.restarting) == ("toy.ckpt is damaged.", False)
        if not death.jobs:
            death, _ = wait(events, Died)
        assert death.jobs == (1,)
        engine.send(press(2))
        assert wait(events, Died)[0] == Died("toy.ckpt is damaged.", (2,), restarting=False)


def test_quick_deaths_in_a_row_end_in_giving_up(host):
    with running(host, EngineChoice("toy", options={"dies": ("load by crash",)})) as (_, events):
        deaths = [wait(events, Died)[0] for _ in range(4)]
        assert [death.restarting for death in deaths] == [True, True, True, False]
        assert "4 times in a row" in deaths[-1].reason
        assert "MemoryError: no room" in deaths[-1].reason


def test_a_render_breaks_the_row_of_deaths(host):
    with running(host, back_off=(0.0,)) as (engine, events):
        for job in range(0, 6, 2):
            engine.send(press(job))
            wait(events, Rendered)
            engine.send(press(job + 1, "crash"))
            assert wait(events, Died)[0].restarting


def test_a_long_steady_life_breaks_the_row_of_deaths():
    clock = Clock()
    with running(ThreadHost, back_off=(0.0,), clock=clock) as (engine, events):
        for job in range(3):
            wait(events, Ready)
            clock.now += 100
            engine.send(press(job, "crash"))
            assert wait(events, Died)[0].restarting


def test_a_listener_that_fails_stops_nothing(host, caplog):
    engine = host(Toy, CHOICE)
    events = queue.Queue()

    def listener(event):
        events.put(event)
        raise RuntimeError("a bad listener")

    engine.start(listener)
    engine.send(press(1))
    wait(events, Rendered)
    engine.close()
    assert "a bad listener" in caplog.text


def test_closing_twice_or_before_anything_happened(host):
    engine = host(Toy, CHOICE)
    engine.close()
    engine.close()
    engine.send(press(1))
