"""What is said between a show and a server about one model, and what that means here: no sockets, no threads.

Jobs outlive connections on both sides. A job's id follows from its number, so that what the show asks for again after
an outage is, for the server, the job that it may have finished meanwhile.
"""

from __future__ import annotations

from typing import Any, assert_never

from midifrag.clock import Clock
from midifrag.config.servers import AudioTravels
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.flow import Receipts
from midifrag.engine.line.frames import Frame
from midifrag.engine.line.translating import heard_info, unpacked
from midifrag.engine.remote.ends import End, how_it_ended
from midifrag.engine.remote.far_jobs import FarJob, FarJobs
from midifrag.engine.remote.parcels import Packed, has_parcels, wished, with_places
from midifrag.engine.remote.progress import OnItsWay, how_far_it_is
from midifrag.engine.remote.rate import Rate
from midifrag.engine.remote.said import Said, UnfitServerError, Unpacking
from midifrag.engine.remote.uploads import Piece, Uploads
from midifrag.engine.remote.warmings import Warmings
from midifrag.errors import LineError

#: How often a take may come otherwise than it was sent before its job has failed.
TRIES = 3
#: Seconds between two signs that audio is coming.
SIGN = 1.0


class Talk:
    """``model`` is what the show calls it, ``there`` the server, where it is ``server``; an empty name is its first."""

    def __init__(self, model: str, there: str, server: str, clock: Clock, audio: AudioTravels = "auto") -> None:
        self._model, self._there, self._server, self._clock = model, there, server, clock
        self._audio, self._rate = audio, Rate(clock)
        self._jobs = FarJobs()
        self._warmings = Warmings()
        self.uploads = Uploads(there, clock)
        self._receipts = Receipts()
        self._signed_at = clock.now()
        self._info: engine.EngineInfo | None = None
        #: The server of this connection ends and takes nothing new.
        self.moves = False
        #: What the server speaks is newer than this.
        self.is_newer = False
        #: Whether the show was told that this engine is away.
        self.is_away = False
        #: Whether it was told that the line is down, and with it that what was asked for is lost.
        self.is_silent = False

    @property
    def jobs(self) -> tuple[int, ...]:
        """The numbers of the jobs that have not ended."""
        return self._jobs.numbers

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
                self._jobs.drop_there(job)
                return Said([engine.Cancelled(number)], [line.Cancel(job=job.id, model=self._there, place=job.place)])
            case engine.Promote(number):
                promoted = self._jobs.get(number)
                if promoted is None:
                    return Said()
                promoted.promote()
                return Said([], [line.Promote(job=promoted.id, model=self._there, place=promoted.place)])
            case engine.Warm(renders):
                self.uploads.drop(0)
                packing = self._warmings.take(renders)
                ready = [] if self._info is None or self.is_away else [engine.Ready(self._info)]
                return Said([*ready], list(self._warmings.messages(self._there)), packing)
            case _:
                assert_never(command)

    def packed(self, render: engine.Render, packed: Packed | LineError) -> Said:
        """Take in a render that has been packed, or cannot be."""
        job = self._jobs.get(render.job)
        if render.job == 0:
            if isinstance(packed, LineError):
                # Told to the press of it.
                return Said()
            self._warmings.packed(packed)
            self.uploads.hold(0, packed.parcels)
            return Said([], [line.Offer(model=self._there, wish=packed.wish)])
        if job is None or job.wish is not None:
            return Said()
        if isinstance(packed, LineError):
            self._end(render.job)
            return Said([engine.Failed(render.job, str(packed))])
        job.packed(packed)
        self.uploads.hold(render.job, packed.parcels)
        return Said([], self._asks([job]))

    def spoiled(self, piece: Piece, reason: str) -> Said:
        """What was to be sent cannot be read: who wants it fails."""
        # Without what is prepared for: all else of that goes on.
        jobs = [job for job in self.uploads.jobs_of(piece.parcel) if job and self._end(job) is not None]
        self.uploads.spoiled(piece)
        name = piece.parcel.name
        failed = [engine.Failed(job, f"{name} cannot be sent to {self._server}: {reason}") for job in jobs]
        return Said([*failed, *self._sending().events])

    def unpacked(self, take: Unpacking, audio: Any) -> Said:
        """Take in a take that is samples again, or a `LineError`."""
        job = self._jobs.get(take.job)
        if job is None or not job.is_whole:
            return Said()
        if isinstance(audio, LineError):
            self._end(take.job)
            return Said([engine.Failed(take.job, f"{self._server}: {audio}")])
        return self._landed(take.job, job, take.told, audio)

    def _render(self, render: engine.Render) -> Said:
        try:
            wish = None if has_parcels(render) else wished(render)
        except LineError as error:
            return Said([engine.Failed(render.job, str(error))])
        # What makes a take of the archive again makes it to the bit.
        coding = "float32" if render.recorded else self._rate.coding(self._audio, self._info)
        job = self._jobs.add(render, wish, self._clock.now(), coding)
        return Said([], self._asks([job])) if wish is not None else Said(packing=[render])

    def _asks(self, jobs: list[FarJob]) -> list[line.Message]:
        # Else what waits for this server alone would be asked and refused again and again.
        asks = [] if self.moves else [job.ask(self._there) for job in jobs if not job.is_whole]
        return [ask for ask in asks if ask is not None]

    # --- from the server ---------------------------------------------------------------------------------------------

    def heard(self, frame: Frame) -> Said:
        """Take in a frame. Raises `LineError` for one that does not belong here."""
        message = frame.message
        match message:
            case line.Welcome():
                return self._welcomed(message)
            case line.Info() if self._is_mine(message.model):
                self._info = heard_info(message, self._model, self._server)
                if self.moves:
                    # It is ready, and for nothing new.
                    return Said()
                self.is_away = False
                return Said([engine.Ready(self._info)])
            case line.Loading() if self._is_mine(message.model) and (self._info is None or self.jobs):
                # One that was ready and made room for another is nobody's business, until something waits for it.
                what = f"{message.what or 'loading'} at {self._server}"
                return Said([engine.Warming(message.done, message.total, what, message.playable)])
            case line.Away() if self._is_mine(message.model):
                # Its jobs are the server's: it renders them again.
                self.is_away = True
                return Said([engine.Died(f"{self._server}: {message.reason}", (), restarting=True)])
            case line.Moving():
                return self._moving()
            case line.Audio():
                return self._piece(message, frame.raw)
            case line.Lacking():
                self.uploads.lacking(message)
                return self._sending()
            case line.Taken(total=total):
                self.uploads.taken(total)
                return self._sending()
            case line.Queued() | line.Began() | line.Progress():
                return self._told(message)
            case line.Rendered():
                return self._with_receipt(self._rendered(message))
            case line.Failed() | line.Cancelled() | line.Refused():
                return self._with_receipt(self._ended(message))
            case _:
                return Said()

    def fell_silent(self, reason: str) -> Said:
        """The line is down, for longer than a show waits: it hears that, and its jobs are lost to it, once."""
        self.is_silent = True
        if self.is_away and not self.jobs:
            return Said()
        self.is_away, numbers = True, self.jobs
        for number in numbers:
            job = self._end(number)
            if job is not None and job.render.spare:
                # Nobody asks for it again: the next one has a number of its own.
                self._jobs.drop_there(job)
        return Said([engine.Died(reason, numbers, restarting=True)])

    def _is_mine(self, model: str) -> bool:
        return model == self._there

    def _welcomed(self, welcome: line.Welcome) -> Said:
        """A connection is there: say all again that the server may not have heard."""
        self._receipts = Receipts(welcome.window)
        self.moves, self.is_newer = False, welcome.minor > line.MINOR
        self.is_silent = False
        if not self._there:
            self._there = self.uploads.model = welcome.models[0] if welcome.models else ""
        if self._there not in welcome.models:
            there = ", ".join(welcome.models) or "none"
            said = self.fell_silent(f"{self._server} has no model {self._there!r}; it has {there}.")
            raise UnfitServerError(said)
        self.uploads.begin(welcome.upload_window)
        hello = line.Hello(minor=line.MINOR)
        lost = self._jobs.take_dropped().items()
        dropped = [line.Cancel(job=one, model=self._there, place=place) for one, place in lost]
        asks = self._asks(list(self._jobs))
        # The show has to hear that it is back from `line.Info`, which follows.
        return Said([], [hello, *dropped, *asks, *self._warmings.messages(self._there)])

    def _moving(self) -> Said:
        """The server ends: it finishes what it has, and somebody else plays what is pressed from now on."""
        was_away, self.moves, self.is_away = self.is_away, True, True
        if was_away:
            return Said()
        reason = f"{self._server} ends, and takes nothing new"
        return Said([engine.Died(reason, (), restarting=True, finishing=True)])

    def _sending(self) -> Said:
        """How far what goes out has come."""
        if self._info is None or self.is_away:
            return Said()
        news = self.uploads.news(self._server)
        return Said([engine.Ready(self._info) if one is None else one for one in news])

    def _piece(self, piece: line.Audio, raw: bytes) -> Said:
        self._receipts.came(len(raw))
        self._rate.heard(len(raw))
        job, now = self._jobs.named(piece.job), self._clock.now()
        signs: list[engine.EngineEvent] = []
        if job is not None:
            job.assembly.add(piece, raw)
            if now - self._signed_at >= SIGN and self._info is not None and (self.moves or not self.is_away):
                # On a slow line a long take is under way for longer than an engine may be silent.
                self._signed_at = now
                ends = engine.Warming(0, 1, f"{self._server} ends, and finishes what it has")
                signs.append(ends if self.moves else engine.Resumed())
        return Said(signs, [line.Received(total=total) for total in self._receipts.due()])

    def _with_receipt(self, said: Said) -> Said:
        said.messages[:0] = [line.Received(total=total) for total in self._receipts.rest()]
        return said

    def _told(self, message: OnItsWay) -> Said:
        job = self._jobs.named(message.job)
        is_ready = self._info is not None and not self.is_away
        return Said() if job is None else Said(how_far_it_is(message, job, self._clock, is_ready=is_ready))

    def _rendered(self, told: line.Rendered) -> Said:
        job = self._jobs.named(told.job)
        if job is None:
            return Said()
        number = job.render.job
        try:
            data = job.assembly.whole(told)
        except LineError as error:
            job.tries += 1
            again = job.ask(self._there)
            if job.tries < TRIES and again is not None:
                return Said([], [again])
            self._end(number)
            return Said([engine.Failed(number, f"{self._server}: {error}")])
        if told.coding == "float32":
            return self._landed(number, job, told, unpacked(data, told.channels))
        job.is_whole = True
        return Said(unpacking=[Unpacking(number, data, told)])

    def _landed(self, number: int, job: FarJob, told: line.Rendered, audio: Any) -> Said:
        self._end(number)
        # What the line takes belongs to it, for whoever reckons when a render will be there.
        here = self._clock.now() - (job.asked_at if job.began_at is None else job.began_at)
        seconds, used = max(told.engine_seconds, here), with_places(dict(told.used), job.render, job.checksums)
        take = engine.Rendered(number, audio, told.sample_rate, used, seconds, (*job.notes, *told.notes))
        return Said([take], [line.Kept(job=told.job, model=self._there, place=job.place)])

    def _ended(self, message: End) -> Said:
        job = self._jobs.named(message.job)
        if job is None:
            return Said()
        number = job.render.job
        self._end(number)
        event = how_it_ended(message, number, self._server)
        if isinstance(event, engine.Died):
            self.is_away = self.moves = True
        return Said([event])

    def _end(self, number: int) -> FarJob | None:
        self.uploads.drop(number)
        return self._jobs.end(number)
