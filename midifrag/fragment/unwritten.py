"""A take between the engine and the disk."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

from midifrag.audio import Audio
from midifrag.fragment.encoding import EncodedFragment, EncodedTake
from midifrag.fragment.messages import Held
from midifrag.fragment.record import TakeRecord


@dataclass(slots=True, eq=False)
class UnwrittenTake:
    """A take on its way. ``record.number`` is set once it is archived; ``fragment`` is what still has to land.

    ``encoded`` is what is to be archived, if that was made ahead; ``storing`` is an archive that is at it.
    """

    job: int
    audio: Audio
    sample_rate: int
    record: TakeRecord
    began: float
    encoded: EncodedTake | None = None
    storing: Future[TakeRecord] | None = None
    fragment: EncodedFragment | None = None
    fixed: int | None = None
    slot: int | None = None
    tries: int = 0
    due: float = 0.0
    told: Held | None = None

    @property
    def waits_for(self) -> Literal["archive", "slot", "archive and slot"] | None:
        """What still has to be written; None if nothing."""
        if self.record.number is None:
            return "archive" if self.fragment is None else "archive and slot"
        return None if self.fragment is None else "slot"

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self.audio.nbytes + (len(self.fragment.content) if self.fragment is not None else 0)
