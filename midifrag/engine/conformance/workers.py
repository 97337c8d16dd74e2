"""What a worker must do."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from typing import Any

import numpy as np

from midifrag.engine.conformance.checks import (
    Witness,
    must_refuse,
    parameters_to_render_again,
    require,
    require_form,
    require_kind,
    require_same,
)
from midifrag.engine.messages import JobEvent, Progress, Render, Rendered, Started, Warming
from midifrag.engine.protocol import Worker

#: Ticks after which a render counts as stuck.
MOST_TICKS = 100_000


class WorkerConformance:
    """What a `Worker` must do. One worker is made per class and used by all its tests, one after the other."""

    #: What is rendered; use a sound and a length that your engine makes quickly.
    prompt = "short dark kick"
    seconds = 0.5
    #: Parameters that make it quicker, such as ``{"steps": 4}``.
    parameters: dict[str, Any] = {}  # noqa: RUF012 — subclasses set it, nobody changes it
    #: The largest difference, relative to the peak, between two renders that must be the same.
    tolerance = 1e-4

    _loaded: Worker | None = None
    _witness = Witness()
    _next_job = 1

    def make_worker(self) -> Worker:
        """A new worker, not loaded yet."""
        raise NotImplementedError

    def test_loading_tells_its_progress(self) -> None:
        """Loading yields nothing but `Warming`, with a total that is not overrun, and leaves the worker idle."""
        worker = self.make_worker()
        for event in worker.load():
            require(isinstance(event, Warming), f"load() yielded {event}")
            Witness().hear(event)
            require(isinstance(event, Warming) and 0 <= event.done <= event.total, f"{event} overruns its total")
        require(not worker.busy, "a freshly loaded worker is busy")
        require(worker.tick() == [], "an idle worker's tick says something")
        worker.close()

    def test_information_is_complete(self) -> None:
        """Rate, channels and length are positive, and everything can be sent to another process."""
        info = self._worker().info()
        Witness().knows(info)
        require(pickle.loads(pickle.dumps(info)) == info, "EngineInfo does not survive pickling")  # noqa: S301 — just made here

    def test_events_come_in_order(self) -> None:
        """`Started`, then `Progress` that only grows and ends at its total, then `Rendered`; then silence."""
        job = self._submit()
        events = self._run_until_idle()
        require([type(event) for event in events if event.job != job] == [], "events of jobs that have ended")
        require(isinstance(events[0], Started), f"the first event is {events[0]}")
        require(isinstance(events[-1], Rendered), f"the last event is {type(events[-1]).__name__}")
        middle = events[1:-1]
        require(all(isinstance(event, Progress) for event in middle), "something else than Progress while rendering")
        steps = [event.step for event in middle if isinstance(event, Progress)]
        require(steps == sorted(set(steps)), f"progress does not grow: {steps}")
        require(all(isinstance(event, Progress) and event.step <= event.of for event in middle), "progress overruns")
        require(self._worker().tick() == [], "an idle worker's tick says something")

    def test_audio_has_the_promised_form(self) -> None:
        """float32, (channels, samples), the length asked for, finite, at the rate that was announced."""
        require_form(self._render(), self._worker().info(), self.seconds)

    def test_a_default_length_exists(self) -> None:
        """``seconds=None`` is accepted and stays within the longest take."""
        render = replace(self._make_render(), seconds=None)
        self._worker().submit(render)
        self._cancel(render.job)

    def test_used_parameters_render_it_again(self) -> None:
        """``used`` names prompt, seconds and seed, and rendering from it gives the same take."""
        first = self._render()
        used = parameters_to_render_again(first)
        if self._worker().info().deterministic:
            again = self._render(**used)
            require_same(first.audio, again.audio, self.tolerance, "rendered again from its used parameters")

    def test_the_seed_decides(self) -> None:
        """The same seed gives the same take, also with others in flight; another seed another one."""
        if not self._worker().info().deterministic:
            return
        alone = self._render(seed=3).audio
        self._submit(seed=4)
        crowded = self._submit(seed=3)
        self._submit(seed=5, prompt="long bright bell")
        takes = {event.job: event.audio for event in self._run_until_idle() if isinstance(event, Rendered)}
        require(len(takes) == 3, f"{len(takes)} of 3 jobs were rendered")
        require_same(alone, takes[crowded], self.tolerance, "rendered with others in flight")
        others = [audio for job, audio in takes.items() if job != crowded]
        require(not any(np.array_equal(alone, audio) for audio in others), "another seed gives the same take")

    def test_cancelling(self) -> None:
        """A job is cancelled before or in its render, once; then nothing of it comes any more."""
        worker = self._worker()
        require(not worker.cancel(10**9), "cancel() of an unknown job is True")
        waiting = self._submit()
        require(self._cancel(waiting), "cancel() of a submitted job is False")
        require(not worker.cancel(waiting), "cancel() of a cancelled job is True")
        require(self._run_until_idle() == [], "a cancelled job goes on")
        job, kept = self._submit(), self._submit(seed=9)
        seen = self._tick()
        ended = any(isinstance(event, Rendered) and event.job == job for event in seen)
        require(self._cancel(job) != ended, "cancel() does not know whether the job had ended")
        after = self._run_until_idle()
        require(all(event.job != job for event in after), "a job goes on after it was cancelled in flight")
        require(
            any(isinstance(event, Rendered) and event.job == kept for event in [*seen, *after]),
            "cancelling one job stopped another",
        )

    def test_every_job_ends_once(self) -> None:
        """Of many jobs, some cancelled, each is rendered or cancelled, once; then the worker has nothing to do."""
        jobs = [self._submit(seed=seed) for seed in range(1, 7)]
        seen = self._tick()
        cancelled = [job for job in jobs[1::2] if self._cancel(job)]
        rendered = [event.job for event in [*seen, *self._run_until_idle()] if isinstance(event, Rendered)]
        require(sorted([*cancelled, *rendered]) == jobs, f"of {jobs}, {rendered} were rendered, {cancelled} cancelled")

    def test_presses_go_before_spares(self) -> None:
        """A press lands no later than a spare of the same length that was submitted first."""
        spare, press = self._submit(spare=True), self._submit(seed=2)
        order = [event.job for event in self._run_until_idle() if isinstance(event, Rendered)]
        require(sorted(order) == sorted((spare, press)), f"rendered {order} of {(spare, press)}")
        require(order[0] == press, "the spare came before the press")

    def test_promotion(self) -> None:
        """A promoted spare is rendered once; promoting an unknown job is nothing."""
        self._worker().promote(10**9)
        spare = self._submit(spare=True)
        self._worker().promote(spare)
        rendered = [event.job for event in self._run_until_idle() if isinstance(event, Rendered)]
        require(rendered == [spare], f"a promoted spare was rendered as {rendered}")

    def test_impossible_requests_are_refused(self) -> None:
        """`RequestError` for lengths, seeds and samplers that cannot be; the worker goes on."""
        info = self._worker().info()
        impossible: list[dict[str, Any]] = [
            {"seconds": -1.0},
            {"seconds": math.nan},
            {"seconds": info.max_seconds + 1},
            {"seed": -1},
        ]
        if info.samplers:
            impossible.append({"sampler": "no-such-sampler"})
        for wrong in impossible:
            with must_refuse(wrong):
                self._submit(**wrong)
            require(not self._worker().busy, f"a refused request is in flight: {wrong}")
        self._render()

    def test_warming_renders_nothing(self) -> None:
        """Warm-up yields nothing but `Warming` and leaves the worker idle."""
        for event in self._worker().warm((self._make_render(), replace(self._make_render(), prompt="wind"))):
            require(isinstance(event, Warming), f"warm() yielded {event}")
            Witness().hear(event)
        require(not self._worker().busy, "the worker is busy after warm-up")

    @classmethod
    def teardown_class(cls) -> None:
        """Pytest calls it after a class's last test."""
        if cls._loaded is not None:
            cls._loaded.close()
            cls._loaded = None

    def _worker(self) -> Worker:
        kind = type(self)
        if kind._loaded is None:
            kind._loaded = self.make_worker()
            for _ in kind._loaded.load():
                pass
            kind._witness = Witness()
            kind._witness.knows(kind._loaded.info())
        return kind._loaded

    def _make_render(self, **parameters: Any) -> Render:
        kind = type(self)
        kind._next_job += 1
        given = {"prompt": self.prompt, "seconds": self.seconds, "seed": 1, **self.parameters, **parameters}
        return Render(job=kind._next_job, **given)

    def _submit(self, **parameters: Any) -> int:
        render = self._make_render(**parameters)
        self._worker().submit(render)
        self._witness.asked(render.job)
        return render.job

    def _cancel(self, job: int) -> bool:
        is_cancelled = self._worker().cancel(job)
        if is_cancelled:
            self._witness.cancelled(job)
        return is_cancelled

    def _run_until_idle(self) -> list[JobEvent]:
        events: list[JobEvent] = []
        for _ in range(MOST_TICKS):
            if not self._worker().busy:
                return events
            events += self._tick()
        raise AssertionError(f"the worker is still busy after {MOST_TICKS} ticks")

    def _tick(self) -> list[JobEvent]:
        told = self._worker().tick()
        for event in told:
            self._witness.hear(event)
        events = [event for event in told if isinstance(event, JobEvent)]
        require(len(events) == len(told), f"tick() told something that is about no job: {told}")
        return events

    def _render(self, **parameters: Any) -> Rendered:
        job = self._submit(**parameters)
        last = require_kind(Rendered, self._run_until_idle()[-1])
        require(last.job == job, f"job {job} was asked for and {last.job} was rendered")
        return last
