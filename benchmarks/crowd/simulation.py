"""A thousand performers at a server of many replicas, in virtual time, with what a real server is made of.

Real are what a show says of its jobs (`Talk`), every message as a frame, the ranking of replicas, the jobs with their
quotas, what is told of them, and the credits by bytes. Not real are engines (`TimedBatch`), the line, which has a trip
and a rate for each performer, and what only tells: progress, and how many are ahead once that has been said. Of a
take's bytes only so many travel as a message needs; credits and line reckon with all of them. Reckoning takes no time:
what Ray and the line add in processor time is measured by `benchmarks.serve`.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from benchmarks.crowd.presses import Performance, played_by
from benchmarks.crowd.step_times import StepTimes
from benchmarks.crowd.timed_engine import TimedBatch
from benchmarks.crowd.virtual_time import VirtualClock, played
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.flow import WINDOW, Window
from midifrag.engine.line.frames import encode, from_client, from_server
from midifrag.engine.remote.talk import Talk
from midifrag.serving.job import Job
from midifrag.serving.jobs import Jobs, RefusedError
from midifrag.serving.ranking import key_of, ranked
from midifrag.serving.telling import Telling

MODEL = "timed"
#: Seconds between two looks at whether a server is overrun.
LOOK = 0.5
#: Seconds for which one that is overrun shows its pace.
PACE = 3.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who plays, at what: ``seconds`` are counted after ``settles`` of them, in which a server fills.

    ``trip`` are seconds from one end of the line to the other, ``rate`` bytes a second of each performer's;
    ``full`` and ``queue`` are the server's and the sets' limits. A performer has at most ``queue`` presses waiting.
    Where as many jobs are under way as there are performers, a server is overrun, and that is the end.
    """

    performers: int
    replicas: int
    seconds: float
    settles: float = 10.0
    trip: float = 0.01
    rate: float = 50e6 / 8
    full: int = 16
    queue: int = 64
    seed: int = 1


@dataclass(slots=True)
class Counted:
    """What came of it: seconds from each press to its audio, and in how many of them it waited for its engine."""

    pressed: int = 0
    #: Takes of all replicas in the seconds that count, whenever they were pressed.
    rendered: int = 0
    seconds: float = 0.0
    is_overrun: bool = False
    outcomes: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    queued: list[float] = field(default_factory=list)
    busy_seconds: float = 0.0
    replica_seconds: float = 0.0

    def wait(self, share: float) -> float:
        """Seconds within which a share of the presses had their audio that were not refused; some still wait."""
        missing = self.pressed - sum(self.outcomes.values())
        return _within([*self.waits, *[float("inf")] * missing], share)

    def queue(self, share: float) -> float:
        """Likewise, until the engine began."""
        return _within(self.queued, share)

    @property
    def landed(self) -> int:
        """How many presses had their audio before the simulation ended."""
        return len(self.waits)


def _within(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class _Replica:
    """Jobs, and an engine that takes its time."""

    def __init__(self, place: str, times: StepTimes, loop: asyncio.AbstractEventLoop) -> None:
        self.place = place
        self.busy_seconds, self.rendered = 0.0, 0
        self._loop = loop
        self.jobs = Jobs(VirtualClock(loop), self._send, (MODEL,))
        self._batch = TimedBatch(times, np.full((1, 16), 0.5, np.float32), tells_progress=False)
        self._at_work = False
        self._ended: dict[int, asyncio.Future[None]] = {}

    def ended(self, job: Job) -> asyncio.Future[None]:
        """Done when the job is."""
        waiting = self._loop.create_future()
        if job.outcome is None:
            self._ended[job.number] = waiting
        else:
            waiting.set_result(None)
        return waiting

    def _send(self, _model: str, command: engine.Command) -> None:
        match command:
            case engine.Render():
                self._batch.submit(command)
            case engine.Promote(number):
                self._batch.promote(number)
            case _:
                raise ValueError(f"nobody here says {command}")
        if not self._at_work:
            self._at_work = True
            self._loop.call_soon(self._work)

    def _work(self) -> None:
        self._at_work = self._batch.busy
        if self._at_work:
            seconds, told = self._batch.tick()
            self.busy_seconds += seconds
            self._loop.call_later(seconds, self._done, told)

    def _done(self, told: Sequence[engine.EngineEvent]) -> None:
        for event in told:
            for job in self.jobs.note(cast("engine.JobEvent", event)):
                self.rendered += 1
                waiting = self._ended.pop(job.number, None)
                if waiting is not None:
                    waiting.set_result(None)
        self._work()


class _Performer:
    """A show with its side of the line: what it says, and the credits of its connection."""

    def __init__(self, name: str, clock: VirtualClock) -> None:
        self.name = name
        self.talk = Talk(f"far/{MODEL}", MODEL, "far", clock)
        self.window = Window()
        self.line_free_at = 0.0
        self.sent = 0
        self.number = 0
        self.waiting = 0

    def hear(self, message: line.Message, raw: bytes = b"") -> list[line.Message]:
        """A frame comes from the server; what is said to it."""
        said = self.talk.heard(from_server(encode(message, raw)))
        self.waiting -= sum(isinstance(event, engine.Rendered | engine.Failed) for event in said.events)
        return said.messages


class Simulation:
    """One crowd at one server."""

    def __init__(self, crowd: Crowd, times: StepTimes, performances: Sequence[Performance]) -> None:
        self._crowd, self._times, self._performances = crowd, times, performances
        self._dice = random.Random(crowd.seed)
        self.counted = Counted()

    def run(self) -> Counted:
        """Play it."""
        return played(self._play())

    async def _play(self) -> Counted:
        crowd, loop = self._crowd, asyncio.get_running_loop()
        self._loop = loop
        self._clock = VirtualClock(loop)
        self._replicas = {f"r{number}": _Replica(f"r{number}", self._times, loop) for number in range(crowd.replicas)}
        playing = [asyncio.ensure_future(self._perform(number)) for number in range(crowd.performers)]
        self._asking: set[asyncio.Task[None]] = set()
        await self._pass(crowd.settles)
        busy, rendered = self._work_done()
        began = self._loop.time()
        await self._pass(crowd.settles + crowd.seconds)
        counted = self.counted
        counted.seconds = self._loop.time() - began
        busy_then, rendered_then = self._work_done()
        counted.busy_seconds, counted.rendered = busy_then - busy, rendered_then - rendered
        counted.replica_seconds = counted.seconds * crowd.replicas
        for task in playing:
            task.cancel()
        # What was pressed last has its chance.
        while self._asking and not counted.is_overrun:
            await asyncio.sleep(LOOK)
        for task in (*playing, *self._asking):
            task.cancel()
        await asyncio.gather(*playing, *self._asking, return_exceptions=True)
        return counted

    async def _pass(self, until: float) -> None:
        """Let time pass, to the end of what is looked at, or until the server is overrun and has shown its pace."""
        while self._loop.time() < until:
            await asyncio.sleep(min(LOOK, until - self._loop.time()))
            in_flight = sum(one.jobs.in_flight for one in self._replicas.values())
            self.counted.is_overrun |= in_flight >= max(self._crowd.performers, self._times.most * len(self._replicas))
            if self.counted.is_overrun and self._loop.time() >= self._crowd.settles + PACE:
                return

    def _work_done(self) -> tuple[float, int]:
        replicas = self._replicas.values()
        return sum(one.busy_seconds for one in replicas), sum(one.rendered for one in replicas)

    def _counts(self, moment: float) -> bool:
        return self._crowd.settles <= moment < self._crowd.settles + self._crowd.seconds

    async def _perform(self, number: int) -> None:
        one = _Performer(f"p{number}", self._clock)
        dice = random.Random(f"{self._crowd.seed} {number}")
        for at, prompt in played_by(number, self._performances, dice):
            await asyncio.sleep(max(0.0, at - self._loop.time()))
            counts = self._counts(self._loop.time())
            self.counted.pressed += counts
            if one.waiting >= self._crowd.queue:
                self.counted.outcomes["queue full"] += counts
                continue
            one.number += 1
            one.waiting += 1
            task = asyncio.ensure_future(self._press(one, engine.Render(one.number, prompt, seconds=1.0, seed=1)))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _press(self, one: _Performer, render: engine.Render) -> None:
        pressed = self._loop.time()
        [ask] = one.talk.command(render).messages
        await asyncio.sleep(self._crowd.trip)
        asked = cast("line.Ask", from_client(encode(ask)).message)
        loads = {name: replica.jobs.in_flight for name, replica in self._replicas.items()}
        key = key_of(asked.model, asked.wish.prompt)
        replica = self._replicas[ranked(key, loads, loads, self._crowd.full, asked.place)[0]]
        try:
            job = replica.jobs.ask(one.name, asked)
        except RefusedError as error:
            one.hear(line.Refused(job=asked.job, reason=str(error), why=error.why))
            self.counted.outcomes[error.why] += self._counts(pressed)
            return
        await self._follow(one, replica, job, pressed)

    async def _follow(self, one: _Performer, replica: _Replica, job: Job, pressed: float) -> None:
        telling = Telling(job, replica.place)
        for message in telling.due(self._loop.time(), replica.jobs.ahead(job)):
            one.hear(message)
        await replica.ended(job)
        *before, end = telling.due(self._loop.time(), 0)
        for message in before:
            one.hear(message)
        await self._send_audio(one)
        one.hear(line.Audio(job=job.id, start=0), job.audio)
        [*_, kept] = one.hear(end)
        replica.jobs.kept(one.name, cast("line.Kept", kept).job)
        if self._counts(pressed):
            self.counted.outcomes["landed"] += 1
            self.counted.waits.append(self._loop.time() - pressed)
            self.counted.queued.append((job.began_at or job.asked_at) - job.asked_at)

    async def _send_audio(self, one: _Performer) -> None:
        """Until all of a take has come over a performer's line, as fast as that and its credits let it."""
        part = WINDOW // 2
        for start in range(0, self._times.take_bytes, part):
            size = min(part, self._times.take_bytes - start)
            await one.window.take(size)
            one.line_free_at = max(one.line_free_at, self._loop.time()) + size / self._crowd.rate
            one.sent += size
            self._loop.call_at(one.line_free_at + 2 * self._crowd.trip, one.window.received, one.sent)
        await asyncio.sleep(one.line_free_at + self._crowd.trip - self._loop.time())
