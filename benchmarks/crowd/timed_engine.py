"""An engine that computes nothing and takes the time that a model takes, in virtual time or as a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from benchmarks.crowd.step_times import TIMES, StepTimes
from midifrag.audio import Audio
from midifrag.engine.messages import EngineEvent, EngineInfo, Progress, Render, Rendered, Started, Warming
from midifrag.engine.protocol import EngineChoice

#: What it renders with, in Hz and channels.
RATE, CHANNELS = 44100, 2


@dataclass(slots=True)
class _Request:
    render: Render
    spare: bool
    done: int = 0
    has_begun: bool = False
    seconds: float = 0.0


class TimedBatch:
    """What `midifrag.engine.diffusion.worker` does in a tick, and how long that takes; one take is as another.

    Presses go before spares, ``times.most`` of the oldest at once. New ones join between two ticks; a tick that begins
    or ends one goes no further; what has all its steps is decoded together. ``tells_progress`` as a worker does.
    """

    def __init__(self, times: StepTimes, audio: Audio, *, tells_progress: bool = True) -> None:
        self._times, self._audio, self._tells_progress = times, audio, tells_progress
        self._requests: dict[int, _Request] = {}

    @property
    def busy(self) -> bool:
        """Whether a tick has something to do."""
        return bool(self._requests)

    def submit(self, render: Render) -> None:
        """Take a job."""
        self._requests[render.job] = _Request(render, render.spare)

    def cancel(self, job: int) -> bool:
        """Drop a job; whether it was there."""
        return self._requests.pop(job, None) is not None

    def promote(self, job: int) -> None:
        """A spare is a press from now on."""
        if job in self._requests:
            self._requests[job].spare = False

    def tick(self) -> tuple[float, list[EngineEvent]]:
        """Seconds of the device, and what is told after them."""
        admitted = self._admitted(spare=False) or self._admitted(spare=True)
        if new := [one for one in admitted if not one.has_begun]:
            for one in new:
                one.has_begun = True
            return self._took(admitted, self._times.begin * len(new)), [Started(one.render.job) for one in new]
        if rendered := [one for one in admitted if one.done == self._times.steps]:
            seconds = self._took(admitted, self._times.of_decode(len(rendered)))
            for one in rendered:
                del self._requests[one.render.job]
            return seconds, [self._take(one) for one in rendered]
        for one in admitted:
            one.done += 1
        told: list[EngineEvent] = []
        if self._tells_progress:
            told += [Progress(one.render.job, one.done, self._times.steps) for one in admitted]
        return self._took(admitted, self._times.of_step(len(admitted))), told

    def _admitted(self, *, spare: bool) -> list[_Request]:
        return list(islice((one for one in self._requests.values() if one.spare is spare), self._times.most))

    def _took(self, admitted: list[_Request], seconds: float) -> float:
        for one in admitted:
            one.seconds += seconds
        return seconds

    def _take(self, one: _Request) -> Rendered:
        used: dict[str, str | int | float | None] = {"seed": one.render.seed, "steps": self._times.steps}
        return Rendered(one.render.job, self._audio, RATE, used, one.seconds)


class TimedWorker:
    """The same as a `midifrag.engine.protocol.Worker`: it sleeps as long as a device would be at work."""

    only_launches = True

    def __init__(self, times: StepTimes) -> None:
        self._times = times
        audio = np.zeros((CHANNELS, times.take_bytes // 4 // CHANNELS), np.float32)
        # Not silent, which would be a failed press.
        audio[:, ::100] = 0.5
        self._batch = TimedBatch(times, audio)

    def load(self) -> Iterator[EngineEvent]:
        """See `Worker.load`."""
        yield Warming(1, 1, "nothing")

    def info(self) -> EngineInfo:
        """See `Worker.info`."""
        return EngineInfo("timed", "timed", "", "nothing", "fp32", RATE, CHANNELS, 600.0, ("euler",))

    def warm(self, renders: tuple[Render, ...]) -> Iterator[Warming]:
        """See `Worker.warm`."""
        del renders
        return iter(())

    def submit(self, render: Render) -> None:
        """See `Worker.submit`."""
        self._batch.submit(render)

    def cancel(self, job: int) -> bool:
        """See `Worker.cancel`."""
        return self._batch.cancel(job)

    def promote(self, job: int) -> None:
        """See `Worker.promote`."""
        self._batch.promote(job)

    @property
    def busy(self) -> bool:
        """See `Worker.busy`."""
        return self._batch.busy

    def tick(self) -> list[EngineEvent]:
        """See `Worker.tick`."""
        if not self._batch.busy:
            return []
        seconds, told = self._batch.tick()
        time.sleep(seconds)
        return told

    def close(self) -> None:
        """See `Worker.close`."""


def plugged(choice: EngineChoice) -> TimedWorker:
    """The worker as a plug-in: ``times`` of its entry is a name of `benchmarks.crowd.step_times.TIMES`."""
    return TimedWorker(TIMES[str(choice.source["times"])])
