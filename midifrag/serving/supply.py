"""What a job wants that is uploaded: asked for, waited for, and put into its render, before its engine hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import numpy as np

from midifrag.audio import SourceSound
from midifrag.config.loras import Lora, is_name, strength_problem, write_loras
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.translating import render_of, unpacked
from midifrag.serving.job import Job
from midifrag.serving.jobs import Jobs
from midifrag.serving.uploads import Kept, UploadError, Uploads

#: Seconds that a job waits for a byte of an upload, and that one which nobody needs is kept in part.
KEEP_SECONDS = 60.0
#: How many of the longest sounds jobs of one token, and of all, may begin from at once: an engine has them in memory.
SOUNDS_AT_ONCE, SOUNDS_IN_ALL = 4, 16


class Supply:
    """A replica's. ``warm`` hears of renders to prepare for, by model, when all of what they want is there."""

    def __init__(self, jobs: Jobs, uploads: Uploads, warm: Callable[[str, engine.Render], None]) -> None:
        self._jobs, self.uploads, self._warm = jobs, uploads, warm
        self._wants: dict[Job, tuple[Kept, ...]] = {}
        #: When an owner sent the last piece.
        self._fed: dict[str, float] = {}
        self._offers: dict[tuple[str, str], dict[str, tuple[str, Any]]] = {}
        self._working: set[asyncio.Task[None]] = set()

    def knows(self, job: Job) -> bool:
        """Whether a job waits here already."""
        return job in self._wants

    async def begin(self, job: Job) -> None:
        """Have a new job wait for its uploads, and go to its engine when all are there."""
        wanted: list[Kept] = []
        try:
            _check_names(job.wish)
            # One after the other: those before one that is refused are given back.
            wanted.extend(self.uploads.want(job.owner, parcel) for parcel in line.parcels_of(job.wish))
            self._check_sounds(job)
        except UploadError as error:
            for kept in wanted:
                self.uploads.let_go(kept)
            self._jobs.fail(job, f"what it wants cannot be sent here: {error}")
            return
        self._wants[job] = tuple(wanted)
        await self._to_the_end(self._look(job))

    def _check_sounds(self, job: Job) -> None:
        """Raise `UploadError` where jobs begin from more than an engine should hold at once."""
        sizes = [(one.owner, one.wish.sound.size) for one in (*self._wants, job) if one.wish.sound is not None]
        mine, longest = [one for one in sizes if one[0] == job.owner], self.uploads.limits.sound
        for those, most, whose in ((mine, SOUNDS_AT_ONCE, " of this token"), (sizes, SOUNDS_IN_ALL, "")):
            size = sum(one for _, one in those)
            if size > most * longest:
                said = f"{size:,} bytes of sound, and {most * longest:,} are the most"
                raise UploadError(f"jobs in flight{whose} begin from {said}; wait")

    def release(self, job: Job) -> None:
        """A job has ended."""
        for kept in self._wants.pop(job, ()):
            self.uploads.let_go(kept)

    async def put(self, owner: str, piece: line.Upload, data: bytes) -> None:
        """Take in pieces of an upload, in a row; what nobody asked for, or has come already, is left out."""
        kept = self.uploads.find(owner, piece.ticket)
        if kept is not None:
            await self._to_the_end(self._put(owner, kept, piece, data))

    async def _to_the_end(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something whole, also where the connection that it is done for breaks meanwhile.

        Else a file would have two writers, one on its thread and one that comes next, and jobs would wait for what is
        there.
        """
        task = asyncio.ensure_future(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        await asyncio.shield(task)

    async def _put(self, owner: str, kept: Kept, piece: line.Upload, data: bytes) -> None:
        async with kept.lock:
            if kept.ticket != piece.ticket or kept.is_whole or kept.refusal:
                return
            # What has come already, from an earlier connection, is left out.
            data = data[max(0, kept.have - piece.start) :]
            if piece.start > kept.have:
                # Something between was lost on its way.
                kept.ask_again()
            elif data:
                try:
                    # Not on the loop: a disk takes the time that it takes.
                    await asyncio.to_thread(kept.write, data)
                except UploadError as error:
                    kept.refusal = str(error)
            self.uploads.renumber(owner, kept, piece.ticket)
        kept.used_at = self._fed[owner] = self._jobs.now()
        await self._changed(owner, kept)

    def offer(self, owner: str, offer: line.Offer) -> tuple[line.Wanted, ...]:
        """Prepare for a render when all of what it wants is there; what is lacking, none where it is not taken."""
        model, wish = self._jobs.model_of(offer.model), offer.wish
        found: list[Kept] = []
        try:
            _check_names(wish)
            if model is None or wish.sound is not None:
                return ()
            found.extend(self.uploads.want(owner, parcel) for parcel in line.parcels_of(wish))
        except UploadError:
            # Told to the press that wants it.
            return ()
        finally:
            # Not before all are there: one would make room for the next.
            for kept in found:
                self.uploads.let_go(kept)
        lacking = tuple(kept for kept in found if not kept.is_whole)
        if not lacking:
            self._warm(model, replace(render_of(wish, 0, loras=_loras(wish, found)), recorded=False))
        for kept in lacking:
            offers = self._offers.setdefault((owner, kept.parcel.sha256), {})
            offers[model + wish.prompt] = (model, wish)
            if len(offers) > line.MOST_WISHES:
                del offers[next(iter(offers))]
        return tuple(kept.wanted() for kept in lacking)

    def expire(self) -> None:
        """Fail what waits in vain, and forget what nobody wants; to be called about once a second."""
        now = self._jobs.now()
        for job in tuple(self._wants):
            # Others of the same client may have their turn before.
            if job.lacking and now - max(self._fed.get(job.owner, 0.0), job.asked_at) > KEEP_SECONDS:
                self._jobs.fail(job, f"what it begins from, or its LoRAs, did not come within {KEEP_SECONDS:g} s")
        # Where something comes, others wait for their turn.
        self.uploads.expire(KEEP_SECONDS, {owner for owner, at in self._fed.items() if now - at <= KEEP_SECONDS})
        for key in tuple(self._offers):
            if not self.uploads.has(*key):
                del self._offers[key]

    async def _changed(self, owner: str, kept: Kept) -> None:
        for job, wanted in tuple(self._wants.items()):
            if kept in wanted:
                await self._look(job)
        if kept.is_whole:
            for model, wish in self._offers.pop((owner, kept.parcel.sha256), {}).values():
                self.offer(owner, line.Offer(model=model, wish=wish))

    async def _look(self, job: Job) -> None:
        """See whether a job can begin."""
        wanted = self._wants.get(job, ())
        refused = next((kept for kept in wanted if kept.refusal), None)
        if refused is not None:
            self._jobs.fail(job, f"{_told(job.wish, refused)}: {refused.refusal}")
            return
        lacking = tuple(kept.wanted() for kept in wanted if not kept.is_whole)
        tickets = tuple(one.ticket for one in lacking)
        if lacking:
            before, job.lacking = tuple(one.ticket for one in job.lacking), lacking
            if tickets != before:
                job.tell()
            return
        if job.outcome is not None or job.render is not None:
            return
        job.lacking = ()
        try:
            sound = await asyncio.to_thread(_sound, job.wish, wanted)
        except Exception as error:  # a stranger's sound may be wrong in any way, and its press must hear of it
            self._jobs.fail(job, f"what it begins from cannot be read: {str(error) or type(error).__name__}")
            return
        places = {str(kept.path): one.name for one in job.wish.loras for kept in wanted if _is(kept, one)}
        loras = _loras(job.wish, list(wanted))
        self._jobs.begin(job, render_of(job.wish, job.number, sound, loras), places)


def _is(kept: Kept, parcel: line.Sound | line.LoraFile) -> bool:
    return kept.parcel.sha256 == parcel.sha256


def _check_names(wish: line.Wish) -> None:
    """Raise `UploadError` for what a line of LoRAs cannot say: a name could bring a file of this server into it."""
    for one in wish.loras:
        if not is_name(one.name):
            raise UploadError(f"{one.name!r} is no name of a LoRA")
        problem = strength_problem(one.strength)
        if problem is not None:
            raise UploadError(f"{one.name}: strength {problem}")
    every: tuple[line.Sound | line.LoraFile, ...] = (*wish.loras, *([wish.sound] if wish.sound is not None else []))
    if len({one.sha256 for one in every}) < len({(one.sha256, type(one), one.size) for one in every}):
        raise UploadError("one checksum has two sizes")


def _loras(wish: line.Wish, kept: list[Kept]) -> str | None:
    """The line that its engine reads. Raises `UploadError` for two of one name."""
    places = {one.parcel.sha256: str(one.path) for one in kept}
    every = (Lora(one.name, one.strength, places[one.sha256], one.sha256) for one in wish.loras)
    return write_loras(every)


def _sound(wish: line.Wish, wanted: tuple[Kept, ...]) -> SourceSound | None:
    """What it begins from, read from its file; waits for the disk."""
    if wish.sound is None:
        return None
    [kept] = [one for one in wanted if _is(one, wish.sound)]
    audio = unpacked(kept.path.read_bytes(), wish.sound.channels)
    if not np.isfinite(audio).all():
        raise UploadError("it holds what is no number (NaN or infinity)")
    # Its checksum is reckoned here: by that, engines tell sounds apart, whoever sent them.
    return SourceSound.of(audio, wish.sound.sample_rate)


def _told(wish: line.Wish, kept: Kept) -> str:
    """What a client calls an upload."""
    name = next((one.name for one in wish.loras if _is(kept, one)), None)
    return "the sound that it begins from" if name is None else f"LoRA {name}"
