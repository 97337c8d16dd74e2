"""What a server lacks of what jobs want, on its way there: pieces, as many as the line takes, and no more of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from midifrag.clock import Clock
from midifrag.engine.line import messages as line
from midifrag.engine.line.flow import Pace
from midifrag.engine.line.frames import PIECE
from midifrag.engine.messages import Warming
from midifrag.engine.remote.parcel import Parcel
from midifrag.errors import LineError

#: Seconds between two signs that something goes out.
SIGN = 1.0


@dataclass(slots=True)
class _Coming:
    """An upload that a server asked for, by its ticket there."""

    ticket: int
    place: str
    parcel: Parcel
    at: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What is to be sent next; its bytes are to be read from ``parcel``."""

    message: line.Upload
    parcel: Parcel
    size: int


class Uploads:
    """One connection's after the other: what a new one does not ask for again is there."""

    def __init__(self, model: str, clock: Clock) -> None:
        self.model = model
        self._clock = clock
        self._parcels: dict[int, tuple[Parcel, ...]] = {}
        self._coming: dict[int, _Coming] = {}
        #: Tickets whose last piece was sent.
        self._done: set[int] = set()
        self._pace = Pace(clock, 0)
        self._told_at: float | None = None

    def begin(self, window: int) -> None:
        """A connection is there, on which a server takes in so many bytes at once."""
        self._coming.clear()
        self._done.clear()
        self._pace, self._told_at = Pace(self._clock, window), None

    def hold(self, job: int, parcels: tuple[Parcel, ...]) -> None:
        """A job may want these; 0 is what is prepared for."""
        if parcels:
            self._parcels[job] = (*self._parcels.get(job, ()), *parcels)

    def spoiled(self, piece: Piece) -> None:
        """The last piece cannot be read, and nothing more of it goes out."""
        self._pace.unsent(piece.size)
        parcel = piece.parcel
        for job, every in self._parcels.items():
            self._parcels[job] = tuple(one for one in every if one.sha256 != parcel.sha256)
        self._coming = {key: one for key, one in self._coming.items() if one.parcel.sha256 != parcel.sha256}

    def drop(self, job: int) -> None:
        """A job wants nothing any more; what nobody wants is not sent on."""
        if self._parcels.pop(job, None) is not None:
            wanted = {one.sha256 for one in self._held()}
            self._coming = {key: one for key, one in self._coming.items() if one.parcel.sha256 in wanted}

    def lacking(self, told: line.Lacking) -> None:
        """Take in what a server lacks."""
        here = {one.sha256: one for one in self._held()}
        for wanted in told.uploads:
            parcel = here.get(wanted.sha256)
            if parcel is None or wanted.ticket in self._coming or wanted.ticket in self._done:
                continue
            # One with another ticket for the same is that, begun anew.
            for ticket, one in tuple(self._coming.items()):
                if (one.place, one.parcel.sha256) == (told.place, wanted.sha256):
                    del self._coming[ticket]
            if wanted.have < parcel.size:
                self._coming[wanted.ticket] = _Coming(wanted.ticket, told.place, parcel, wanted.have)

    def taken(self, total: int) -> None:
        """The server has taken in so many bytes. Raises `LineError` for what cannot be."""
        try:
            self._pace.taken(total)
        except ValueError as error:
            raise LineError(str(error)) from None

    def news(self, server: str) -> list[Warming | None]:
        """How far what goes out has come, about once a second; None once when nothing does any more."""
        coming, now = next(iter(self._coming.values()), None), self._clock.now()
        if coming is None:
            was, self._told_at = self._told_at, None
            return [] if was is None else [None]
        if self._told_at is not None and now - self._told_at < SIGN:
            return []
        self._told_at = now
        name, size = coming.parcel.name, coming.parcel.size
        what = f"uploading {name} to {server}, {size / 1e6:.1f} MB"
        return [Warming(coming.at // 1024, max(1, size // 1024), what, playable=True)]

    def next(self) -> Piece | None:
        """The next piece, which counts as sent; None while there is none, or no room. What jobs want goes first."""
        coming = min(self._coming.values(), key=lambda one: not self._is_wanted_now(one), default=None)
        room = self._pace.room
        if coming is None or not room:
            return None
        size = min(PIECE, room, coming.parcel.size - coming.at)
        message = line.Upload(ticket=coming.ticket, start=coming.at, model=self.model, place=coming.place)
        coming.at += size
        if coming.at == coming.parcel.size:
            del self._coming[coming.ticket]
            self._done.add(coming.ticket)
        self._pace.sent(size)
        return Piece(message, coming.parcel, size)

    def jobs_of(self, parcel: Parcel) -> list[int]:
        """The jobs that want it."""
        return [job for job, every in self._parcels.items() if any(one.sha256 == parcel.sha256 for one in every)]

    def _is_wanted_now(self, coming: _Coming) -> bool:
        return any(job for job in self.jobs_of(coming.parcel))

    def _held(self) -> Iterator[Parcel]:
        every: Iterable[tuple[Parcel, ...]] = self._parcels.values()
        return (one for parcels in every for one in parcels)
