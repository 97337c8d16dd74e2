"""What is said between a show and a server about one model, and what that means here: no sockets, no threads.

Jobs outlive connections on both sides. A job's id follows from its number, so that what the show asks for again after
an outage is, for the server, the job that it may have finished meanwhile.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from pydantic import ValidationError

from midifrag.clock import Clock
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.assembly import Assembly
from midifrag.engine.line.frames import Frame
from midifrag.engine.line.translating import heard_info, unpacked, wish_of
from midifrag.errors import LineError

#: Bytes of prompts in one `line.Warm`, and what a wish takes beside them.
_WARM_BYTES, _WISH_BYTES = 131_072, 1_024
#: How often a take may come otherwise than it was sent before its job has failed.
TRIES = 3
#: Seconds between two signs that audio is coming.
SIGN = 1.0
#: Jobs that were dropped while the line was down, of which the server is told when it is up again.
_MOST_DROPPED = 1_000


@dataclass(slots=True)
class _Job:
    render: engine.Render
    id: str
    wish: Any
    asked_at: float
    place: str = ""
    began_at: float | None = None
    is_known: bool = False
    tries: int = 0
    assembly: Assembly = field(default_factory=Assembly)


@dataclass(slots=True)
class Said:
    """What follows from something: events for the show, and messages for the server, where it can be reached."""

    events: list[engine.EngineEvent] = field(default_factory=list)
    messages: list[line.Message] = field(default_factory=list)


class Talk:
    """``model`` is what the show calls it, ``there`` the server, where it is ``server``; an empty name is its first."""

    def __init__(self, model: str, there: str, server: str, clock: Clock) -> None:
        self._model, self._there, self._server, self._clock = model, there, server, clock
        self._secret = secrets.token_bytes(16)
        self._jobs: dict[int, _Job] = {}
        self._numbers: dict[str, int] = {}
        self._dropped: dict[str, None] = {}
        self._warm: tuple[engine.Render, ...] = ()
        self._received = 0
        self._signed_at = clock.now()
        self._info: engine.EngineInfo | None = None
        #: The server of this connection ends and takes nothing new.
        self._moves = False
        #: Whether the show was told that this engine is away.
        self.is_away = False

    @property
    def jobs(self) -> tuple[int, ...]:
        """The numbers of the jobs that have not ended."""
        return tuple(self._jobs)

    # --- from the show -----------------------------------------------------------------------------------------------

    def command(self, command: engine.Command) -> Said:
        """Take in what the show wants."""
        match command:
            case engine.Render():
                return self._render(command)
            case engine.Cancel(number):
                job = self._end(number)
                if job is None:
                    return Said()
                self._dropped[job.id] = None
                if len(self._dropped) > _MOST_DROPPED:
                    del self._dropped[next(iter(self._dropped))]
                return Said([engine.Cancelled(number)], [line.Cancel(job=job.id, model=self._there, place=job.place)])
            case engine.Promote(number):
                promoted = self._jobs.get(number)
                if promoted is None:
                    return Said()
                promoted.render = replace(promoted.render, spare=False)
                promoted.wish = wish_of(promoted.render)
                return Said([], [line.Promote(job=promoted.id, model=self._there, place=promoted.place)])
            case engine.Warm(renders):
                self._warm = renders
                ready = [] if self._info is None or self.is_away else [engine.Ready(self._info)]
                return Said([*ready], list(self._warmings()))
            case _:
                assert_never(command)

    def _render(self, render: engine.Render) -> Said:
        try:
            wish = wish_of(render)
        except ValidationError as error:
            what = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(map(str, what["loc"]))
            return Said([engine.Failed(render.job, f"{where} does not fit the line: {what['msg']}")])
        except LineError as error:
            return Said(
                [engine.Failed(render.job, f"{error} to {self._server}; play this with a model of this machine")]
            )
        digest = hashlib.sha256(self._secret + render.job.to_bytes(16)).hexdigest()
        job = _Job(render, digest[:32], wish, self._clock.now())
        self._jobs[render.job], self._numbers[job.id] = job, render.job
        self._dropped.pop(job.id, None)
        # Else what waits for this server alone would be asked and refused again and again.
        return Said([], [] if self._moves else [self._ask(job)])

    def _ask(self, job: _Job) -> line.Ask:
        return line.Ask(job=job.id, model=self._there, wish=job.wish, have=job.assembly.have, place=job.place)

    def _warmings(self) -> Iterator[line.Warm]:
        """What is to be warmed, in messages that fit a frame; what fits none is not warmed."""
        wishes: list[Any] = []
        size = 0
        for render in self._warm:
            if any(getattr(render, name) is not None for name in line.AT_HOME):
                continue
            own = len((render.prompt + render.negative_prompt + (render.conditioning or "")).encode()) + _WISH_BYTES
            if own > _WARM_BYTES or len(render.prompt) > line.MOST_TEXT:
                continue
            if size + own > _WARM_BYTES or len(wishes) == line.MOST_WISHES:
                yield line.Warm(model=self._there, wishes=tuple(wishes))
                wishes, size = [], 0
            wishes.append(wish_of(render))
            size += own
        if wishes:
            yield line.Warm(model=self._there, wishes=tuple(wishes))

    # --- from the server ---------------------------------------------------------------------------------------------

    def heard(self, frame: Frame) -> Said:
        """Take in a frame. Raises `LineError` for one that does not belong here."""
        message = frame.message
        match message:
            case line.Welcome():
                return self._welcomed(message)
            case line.Info() if self._is_mine(message.model):
                self._info = heard_info(message, self._model, self._server)
                self.is_away = False
                return Said([engine.Ready(self._info)])
            case line.Loading() if self._is_mine(message.model) and self._info is None:
                what = f"{message.what or 'loading'} at {self._server}"
                return Said([engine.Warming(message.done, message.total, what, message.playable)])
            case line.Away() if self._is_mine(message.model):
                # Its jobs are the server's: it renders them again.
                self.is_away = True
                return Said([engine.Died(f"{self._server}: {message.reason}", (), restarting=True)])
            case line.Audio():
                return self._piece(message, frame.raw)
            case line.Queued() | line.Began() | line.Progress():
                return self._told(message)
            case line.Rendered():
                return self._rendered(message)
            case line.Failed() | line.Cancelled() | line.Refused():
                return self._ended(message)
            case _:
                return Said()

    def fell_silent(self, reason: str) -> Said:
        """The line is down, for longer than a show waits: it hears that, and its jobs are lost to it, once."""
        if self.is_away and not self._jobs:
            return Said()
        self.is_away, numbers = True, self.jobs
        for number in numbers:
            self._end(number)
        return Said([engine.Died(reason, numbers, restarting=True)])

    def _is_mine(self, model: str) -> bool:
        return model == self._there

    def _welcomed(self, welcome: line.Welcome) -> Said:
        """A connection is there: say all again that the server may not have heard."""
        self._received, self._moves = 0, False
        if not self._there:
            self._there = welcome.models[0] if welcome.models else ""
        if self._there not in welcome.models:
            there = ", ".join(welcome.models) or "none"
            said = self.fell_silent(f"{self._server} has no model {self._there!r}; it has {there}.")
            raise UnfitServerError(said)
        dropped = [line.Cancel(job=one, model=self._there) for one in self._dropped]
        self._dropped.clear()
        asks = [self._ask(job) for job in self._jobs.values()]
        # The show has to hear that it is back from `line.Info`, which follows.
        return Said([], [*dropped, *asks, *self._warmings()])

    def _piece(self, piece: line.Audio, raw: bytes) -> Said:
        self._received += len(raw)
        number, now = self._numbers.get(piece.job), self._clock.now()
        signs: list[engine.EngineEvent] = []
        if number is not None:
            self._jobs[number].assembly.add(piece, raw)
            if now - self._signed_at >= SIGN and self._info is not None and not self.is_away:
                # On a slow line a long take is under way for longer than an engine may be silent.
                self._signed_at = now
                signs.append(engine.Resumed())
        return Said(signs, [line.Received(total=self._received)])

    def _told(self, message: line.Queued | line.Began | line.Progress) -> Said:
        number = self._numbers.get(message.job)
        if number is None:
            return Said()
        job = self._jobs[number]
        match message:
            case line.Queued(place=place):
                if place:
                    job.place = place
                is_new, job.is_known = not job.is_known, True
                # A sign of life: it waits, and is not forgotten.
                return Said([] if is_new or self._info is None or self.is_away else [engine.Resumed()])
            case line.Began():
                # Told again after a drop, and where its engine there died.
                is_new, job.began_at = job.began_at is None, self._clock.now()
                return Said([engine.Started(number)] if is_new else [])
            case line.Progress(step=step, of=of):
                return Said([engine.Progress(number, step, of)])
            case _:
                assert_never(message)

    def _rendered(self, told: line.Rendered) -> Said:
        number = self._numbers.get(told.job)
        if number is None:
            return Said()
        job = self._jobs[number]
        try:
            audio = unpacked(job.assembly.whole(told), told.channels)
        except LineError as error:
            job.tries += 1
            if job.tries < TRIES:
                return Said([], [self._ask(job)])
            self._end(number)
            return Said([engine.Failed(number, f"{self._server}: {error}")])
        self._end(number)
        # What the line takes belongs to it, for whoever reckons when a render will be there.
        here = self._clock.now() - (job.asked_at if job.began_at is None else job.began_at)
        seconds = max(told.engine_seconds, here)
        take = engine.Rendered(number, audio, told.sample_rate, dict(told.used), seconds, tuple(told.notes))
        return Said([take], [line.Kept(job=told.job, model=self._there, place=job.place)])

    def _ended(self, message: line.Failed | line.Cancelled | line.Refused) -> Said:
        number = self._numbers.get(message.job)
        if number is None:
            return Said()
        self._end(number)
        match message:
            case line.Failed(reason=reason, not_finite=not_finite):
                return Said([engine.Failed(number, f"{self._server}: {reason}", not_finite=not_finite)])
            case line.Cancelled():
                return Said([engine.Failed(number, f"{self._server} dropped it; press again")])
            case line.Refused(why="moving", reason=reason):
                # Somebody else has to play it now.
                self.is_away = self._moves = True
                return Said([engine.Died(f"{self._server}: {reason}", (number,), restarting=True)])
            case line.Refused(reason=reason):
                return Said([engine.Failed(number, f"{self._server}: {reason}")])
            case _:
                assert_never(message)

    def _end(self, number: int) -> _Job | None:
        job = self._jobs.pop(number, None)
        if job is not None:
            del self._numbers[job.id]
        return job


class UnfitServerError(LineError):
    """A server that cannot play what is wanted of it; ``said`` is what the show hears of that."""

    def __init__(self, said: Said) -> None:
        self.said = said
        super().__init__("the server has no such model")
