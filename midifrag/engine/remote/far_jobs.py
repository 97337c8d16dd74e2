"""The jobs that a show has at a server, by its numbers and by the ids that they have there."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.assembly import Assembly
from midifrag.engine.remote.parcels import Packed

#: Jobs that were dropped while the line was down, of which the server is told when it is up again.
_MOST_DROPPED = 1_000


@dataclass(slots=True)
class FarJob:
    """A job of this show, as far as its server has it."""

    render: engine.Render
    id: str
    #: What the server is asked for; None while it is being packed.
    wish: line.Wish | None
    asked_at: float
    coding: line.Coding
    #: Of its LoRAs, by name, the checksums of their files here.
    checksums: Mapping[str, str] = field(default_factory=dict)
    #: What is told of its take, beside what the server tells.
    notes: tuple[str, ...] = ()
    place: str = ""
    began_at: float | None = None
    is_known: bool = False
    is_whole: bool = False
    tries: int = 0
    assembly: Assembly = field(default_factory=Assembly)

    def ask(self, model: str) -> line.Ask | None:
        """What its server is asked, of a model there; None while it is being packed."""
        if self.wish is None:
            return None
        have = self.assembly.have
        return line.Ask(job=self.id, model=model, wish=self.wish, have=have, place=self.place, coding=self.coding)

    def packed(self, packed: Packed) -> None:
        """Its server can be asked for it now."""
        # It may have become a press meanwhile.
        self.wish = packed.wish.model_copy(update={"spare": self.render.spare})
        self.checksums, self.notes = packed.checksums, packed.notes

    def promote(self) -> None:
        """What was a spare is a press."""
        self.render = replace(self.render, spare=False)
        if self.wish is not None:
            self.wish = self.wish.model_copy(update={"spare": False})


class FarJobs:
    """Those that have not ended. An id follows from a number: what is asked again under that is the same job there."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)
        self._jobs: dict[int, FarJob] = {}
        self._numbers: dict[str, int] = {}
        #: Jobs that the server is to drop, and where they are.
        self._dropped: dict[str, str] = {}

    def __iter__(self) -> Iterator[FarJob]:
        return iter(tuple(self._jobs.values()))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Their numbers here."""
        return tuple(self._jobs)

    def add(self, render: engine.Render, wish: line.Wish | None, asked_at: float, coding: line.Coding) -> FarJob:
        """A new one; nobody wants it dropped any more."""
        digest = hashlib.sha256(self._secret + render.job.to_bytes(16)).hexdigest()
        job = FarJob(render, digest[:32], wish, asked_at, coding)
        self._jobs[render.job], self._numbers[job.id] = job, render.job
        self._dropped.pop(job.id, None)
        return job

    def get(self, number: int) -> FarJob | None:
        """The job of a number."""
        return self._jobs.get(number)

    def named(self, id_there: str) -> FarJob | None:
        """The job of an id."""
        number = self._numbers.get(id_there)
        return None if number is None else self._jobs[number]

    def end(self, number: int) -> FarJob | None:
        """It has ended, or is lost."""
        job = self._jobs.pop(number, None)
        if job is not None:
            del self._numbers[job.id]
        return job

    def drop_there(self, job: FarJob) -> None:
        """Have the server told that it is not wanted, when it can be reached."""
        self._dropped[job.id] = job.place
        if len(self._dropped) > _MOST_DROPPED:
            del self._dropped[next(iter(self._dropped))]

    def take_dropped(self) -> dict[str, str]:
        """Those of which the server is told now, and where they are."""
        dropped, self._dropped = self._dropped, {}
        return dropped
