"""The shipped tests of engines pass on those that are right, in both hosts, and notice what is wrong with others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from midifrag.engine.conformance import EngineConformance
from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.messages import Cancelled, Promote, Render, Rendered, Started
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.sketch.worker import SketchWorker

CHOICE = EngineChoice("sketch")


class TestSketchInAThread(EngineConformance):
    def make_engine(self):
        return ThreadHost(SketchWorker, CHOICE)


class TestSketchInAProcess(EngineConformance):
    def make_engine(self):
        return ProcessHost(SketchWorker, CHOICE)


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


class _Odd(_Altered):
    def change(self, take):
        return replace(take, used=None)


class _Repeating(ThreadHost):
    """Tells each end twice."""

    def start(self, listener):
        def twice(event):
            listener(event)
            if isinstance(event, Rendered | Cancelled):
                listener(event)

        super().start(twice)


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
        (_Odd, "test_a_press_becomes_audio"),
        (_Repeating, "test_every_job_ends_once"),
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
