"""The shipped conformance tests, on the engines that need no weights, in both hosts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from midifrag.engine.conformance import EngineConformance, WorkerConformance
from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.messages import Cancelled, Promote, Render, Rendered, Started
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.sketch.worker import SketchWorker

CHOICE = EngineChoice("sketch")


class TestSketchWorker(WorkerConformance):
    def make_worker(self):
        return SketchWorker(CHOICE)


class TestSketchInAThread(EngineConformance):
    def make_engine(self):
        return ThreadHost(SketchWorker, CHOICE)


class TestSketchInAProcess(EngineConformance):
    def make_engine(self):
        return ProcessHost(SketchWorker, CHOICE)


class _Faulty(SketchWorker):
    """Ways of being wrong that the conformance tests must notice."""

    def __init__(self, fault):
        super().__init__(CHOICE)
        self._fault = fault

    def submit(self, render):
        if self._fault == "accepts nonsense" and not 0 < (render.seconds or 1) < 10:
            return
        super().submit(render)

    def cancel(self, job):
        return self._fault != "deaf to cancel" and super().cancel(job)

    def tick(self):
        events = super().tick()
        if self._fault == "no start":
            return events[1:]
        if events and isinstance(events[-1], Rendered):
            take = events[-1]
            audio = {
                "wrong type": lambda a: a.astype(np.float64),
                "wrong shape": lambda a: a.T,
                "not finite": lambda a: a * np.nan,
                "random": lambda a: a + np.random.default_rng().normal(size=a.shape).astype(np.float32),
            }.get(self._fault, lambda a: a)(take.audio)
            used = {} if self._fault == "forgetful" else take.used
            events[-1] = Rendered(take.job, audio, take.sample_rate, used, take.engine_seconds)
        return events


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ("no start", "test_events_come_in_order"),
        ("wrong type", "test_audio_has_the_promised_form"),
        ("wrong shape", "test_audio_has_the_promised_form"),
        ("not finite", "test_audio_has_the_promised_form"),
        ("random", "test_the_seed_decides"),
        ("forgetful", "test_used_parameters_render_it_again"),
        ("deaf to cancel", "test_cancelling"),
        ("accepts nonsense", "test_impossible_requests_are_refused"),
    ],
)
def test_a_fault_is_noticed(fault, test):
    class Suite(WorkerConformance):
        def make_worker(self):
            return _Faulty(fault)

    with pytest.raises(AssertionError):
        getattr(Suite(), test)()


class _Swapping(ThreadHost):
    """Tells the beginning of a job after its end."""

    def start(self, listener):
        kept = []

        def swapped(event):
            if isinstance(event, Started):
                kept.append(event)
                return
            listener(event)
            if isinstance(event, Rendered):
                listener(kept.pop())

        super().start(swapped)


class _Altered(ThreadHost):
    """Changes takes on their way."""

    def start(self, listener):
        def altered(event):
            listener(self.change(event) if isinstance(event, Rendered) else event)

        super().start(altered)


class _Shortening(_Altered):
    def change(self, take):
        return replace(take, audio=take.audio[:, :-1])


class _Forgetful(_Altered):
    def change(self, take):
        return replace(take, used={})


class _Random(_Altered):
    def change(self, take):
        return replace(take, audio=take.audio + np.random.default_rng().normal(size=take.audio.shape))


class _Monotonous(_Altered):
    def change(self, take):
        return replace(take, audio=np.ones_like(take.audio))


class _TwiceForPromoted(ThreadHost):
    def send(self, command):
        super().send(command)
        if isinstance(command, Promote):
            super().send(Render(command.job, "short dark kick", 0.5, 1))


class _Talkative(ThreadHost):
    """Says something after it was closed."""

    def start(self, listener):
        self._last = listener
        super().start(listener)

    def close(self):
        super().close()
        self._last(Cancelled(0))


@pytest.mark.parametrize(
    ("engine", "test"),
    [
        (_Swapping, "test_a_press_becomes_audio"),
        (_Shortening, "test_a_press_becomes_audio"),
        (_Forgetful, "test_takes_are_what_their_parameters_say"),
        (_Random, "test_takes_are_what_their_parameters_say"),
        (_Monotonous, "test_takes_are_what_their_parameters_say"),
        (_TwiceForPromoted, "test_a_promoted_spare_is_rendered_once"),
        (_Talkative, "test_closing"),
        (_Talkative, "test_closing_at_once"),
    ],
)
def test_an_engine_s_fault_is_noticed(engine, test):
    class Suite(EngineConformance):
        def make_engine(self):
            return engine(SketchWorker, CHOICE)

    with pytest.raises(AssertionError):
        getattr(Suite(), test)()
