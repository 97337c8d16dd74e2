"""What a way in asks of the engines behind it, wherever they are: one replica in this process, or many on Ray."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeAlias

from midifrag.engine.line import messages as line

#: What is told of a job that is there, or of a model.
Order: TypeAlias = line.Cancel | line.Promote | line.Kept | line.Warm
#: How a model stands; `line.Moving`: the server ends.
News: TypeAlias = line.Info | line.Loading | line.Away | line.Moving


class Desk(Protocol):
    """``owner`` is the name of the token that asks; ``place`` the replica that has a job, empty where nobody knows."""

    def follow(self, owner: str, asked: line.Ask) -> AsyncIterator[line.Message]:
        """Ask for a job and tell what becomes of it, up to its end; whoever stops listening does not stop the job.

        The first is `Queued` with its place, unless it is refused. May raise whatever an engine's death makes of it.
        """
        ...

    async def audio(self, owner: str, asked: line.Ask, start: int, size: int) -> bytes:
        """So many bytes of a finished job's audio from ``start`` on, in the coding that was asked for.

        They are fewer at its end, and none where it is not there.
        """
        ...

    async def order(self, owner: str, order: Order) -> None:
        """Pass on what a client wants."""
        ...

    async def upload(self, owner: str, piece: line.Upload, data: bytes) -> None:
        """Pieces of an upload, in a row: comes back when they are kept, or left out."""
        ...

    async def offer(self, owner: str, offer: line.Offer) -> line.Lacking | None:
        """Prepare for a render that wants uploads; what of them is lacking."""
        ...

    async def news(self) -> tuple[News, ...]:
        """How each model stands, for clients."""
        ...

    async def status(self) -> tuple[line.ModelStatus, ...]:
        """How each model stands, for those who run the server."""
        ...
