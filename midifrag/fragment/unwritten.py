"""A take between the engine and the disk."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from midifrag.audio import Audio
from midifrag.fragment.encoding import EncodedFragment, EncodedTake
from midifrag.fragment.length import FragmentLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slot_landings import Staged
from midifrag.fragment.writer_commands import Arrival
from midifrag.fragment.writer_events import Held


@dataclass(slots=True, eq=False)
class UnwrittenTake:
    """A take on its way. ``record.number`` is set once it is archived; ``fragment`` is what still has to land.

    ``encoded`` is what is to be archived, if that was made ahead; ``storing`` is an archive that is at it. It lands
    in slot ``fixed``, or the next one, as its ``arrival`` says; ``staged`` is its fragment beside its slot, which
    sounds and ``gives_way`` where all do. One that is ``kept`` elsewhere is not archived. Its fragment is cut with
    ``options`` to a ``length``.
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
    arrival: Arrival = field(default_factory=Arrival)
    staged: Staged | None = None
    gives_way: bool = False
    write_seconds: float = 0.0
    kept: bool = False
    options: FragmentOptions = field(default_factory=FragmentOptions)
    length: FragmentLength | None = None

    @property
    def is_archived(self) -> bool:
        """Whether nothing is left for the archive."""
        return self.kept or self.record.number is not None

    @property
    def waits_for(self) -> Literal["archive", "slot", "archive and slot"] | None:
        """What still has to be written; None if nothing."""
        needs_slot = self.fragment is not None and self.staged is None
        if not self.is_archived:
            return "archive and slot" if needs_slot else "archive"
        return "slot" if needs_slot else None

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return self.audio.nbytes + (len(self.fragment.content) if self.fragment is not None else 0)
