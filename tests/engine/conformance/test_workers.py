"""The shipped tests of workers pass on one that is right, and notice what is wrong with others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from midifrag.engine.conformance import WorkerConformance
from midifrag.engine.messages import Ready, Rendered
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.sketch.worker import SketchWorker
from tests.engine.odd_events import INFO, ODD_FIELDS

CHOICE = EngineChoice("sketch")


class TestSketchWorker(WorkerConformance):
    def make_worker(self):
        return SketchWorker(CHOICE)


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
        if self._fault == "off the subject":
            return [*events, Ready(self.info())]
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
            if self._fault == "answers twice":
                return [*events, take]
            if self._fault == "answers for another":
                return [*events[:-1], replace(take, job=take.job + 1)]
            events[-1] = Rendered(take.job, audio, take.sample_rate, used, take.engine_seconds)
        return events


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ("no start", "test_events_come_in_order"),
        ("off the subject", "test_events_come_in_order"),
        ("wrong type", "test_audio_has_the_promised_form"),
        ("wrong shape", "test_audio_has_the_promised_form"),
        ("not finite", "test_audio_has_the_promised_form"),
        ("random", "test_the_seed_decides"),
        ("forgetful", "test_used_parameters_render_it_again"),
        ("deaf to cancel", "test_cancelling"),
        ("accepts nonsense", "test_impossible_requests_are_refused"),
        ("answers twice", "test_every_job_ends_once"),
        ("answers for another", "test_every_job_ends_once"),
    ],
)
def test_a_fault_is_noticed(fault, test):
    class Suite(WorkerConformance):
        def make_worker(self):
            return _Faulty(fault)

    with pytest.raises(AssertionError):
        getattr(Suite(), test)()


@pytest.mark.parametrize(("fields", "why"), ODD_FIELDS, ids=lambda value: value if isinstance(value, str) else "")
def test_whatever_is_odd_about_a_take_is_noticed(fields, why):
    class Odd(SketchWorker):
        def info(self):
            return INFO

        def tick(self):
            events = super().tick()
            return [*events[:-1], replace(events[-1], **{"sample_rate": 8000, **fields})] if events else events

    class Suite(WorkerConformance):
        def make_worker(self):
            return Odd(CHOICE)

    with pytest.raises(AssertionError) as told:
        Suite().test_events_come_in_order()
    assert why in str(told.value)
