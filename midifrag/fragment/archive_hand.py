"""An archive in a hand of its own: what the writer asks of it may hang with its drive, and the writer does not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TypeVar

from midifrag.audio import Audio
from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.encoding import encode_take
from midifrag.fragment.hands import Hand
from midifrag.fragment.record import CANCELLED, TakeRecord
from midifrag.fragment.unwritten import UnwrittenTake

#: Takes that are looked at for the newest one that can land.
NEWEST = 20

_Answer = TypeVar("_Answer")


class ArchiveHand:
    """Does with an archive what a lander needs. Whatever it waits for raises `DriveHangsError` after a while.

    ``begins`` is what its thread does first.
    """

    def __init__(self, archive: Archive, begins: Callable[[], None] = lambda: None) -> None:
        self._archive = archive
        self._hand = Hand(archive.folder, begins=begins)
        self._indexing: Future[None] | None = None

    @property
    def hangs(self) -> bool:
        """Whether its drive does not answer."""
        return self._hand.hangs

    def do(self, work: Callable[[Archive], _Answer]) -> _Answer:
        """Return what comes of some work with the archive; raises what it raises."""
        return self._hand.do(partial(work, self._archive))

    def store(self, take: UnwrittenTake) -> TakeRecord:
        """Archive a take, once: asked again after its drive hung, this waits for the first time. Raises `StorageError`.

        Returns the record as it was stored.
        """
        if take.storing is None:
            encoded = take.encoded or encode_take(take.audio, take.sample_rate, self._archive.bits)
            take.storing = self._hand.begin(partial(self._archive.store_encoded, encoded, take.record))
        storing = take.storing
        try:
            return self._hand.result(storing)
        finally:
            if storing.done():
                take.storing = None

    def read(self, number: int) -> tuple[TakeRecord, Audio, int]:
        """Return a take's record, its audio and its sample rate; raises what `Archive.read` does."""
        return self.do(lambda archive: (archive.get(number), *archive.read(number)))

    def newest(self, bank: str, preset: str) -> list[int]:
        """The numbers of the newest takes that a preset of a bank left, but for those that nothing can be made of."""

        def find(archive: Archive) -> list[int]:
            found = archive.find(bank=bank, preset=preset, limit=NEWEST)
            return [one.number for one in found if one.number is not None and one.reason in ("", CANCELLED)]

        return self.do(find)

    def mark_landed(self, record: TakeRecord, *, late: bool = False) -> None:
        """Note where a take landed that has been archived; if its drive hangs, when it is back.

        It comes ``late`` for one that landed before it was archived, and may have landed again since.
        """
        number, slot, at = record.number, record.slot, record.landed_at
        if number is not None and slot is not None and at is not None:
            self._hand.wait(self._hand.later(partial(self._archive.mark_landed, number, slot, at, late=late)))

    def index_on(self) -> None:
        """Have an archive whose index is behind catch up a little, beside everything else."""
        if self._archive.behind and (self._indexing is None or self._indexing.done()):
            self._indexing = self._hand.later(self._archive.catch_up_a_little)

    @property
    def folder(self) -> Path:
        """Where the archive is."""
        return self._archive.folder

    @property
    def workspace_name(self) -> str:
        """The name of the archive's work folder."""
        return self._archive.workspace_name

    def is_shared(self) -> bool:
        """Whether another program archives takes there too, as far as that can be found out now."""
        try:
            return self._hand.do(self._archive.is_shared)
        except StorageError:
            return False

    def close(self) -> None:
        """Close the archive, as far as its drive answers."""
        self._hand.wait(self._hand.later(self._archive.close))
        self._hand.close()
