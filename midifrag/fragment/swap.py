"""A fragment beside its slot, whole and on the disk, until it takes the place of what lies there.

All that takes time is done ahead, so that only a replacement is left for the moment itself. Everything here may hang
with the slot's drive, and is done by the slot's hand.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from midifrag.errors import NoFreeSlotError
from midifrag.fragment.files import discard, force_to_disk
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_file import Found, Ready, SlotFile
from midifrag.fragment.wav import with_texts

#: Seconds by which the moment that a file tells of its landing may be off.
_OFF = 0.05


class Swap:
    """One fragment and the file of its slot. ``audio`` is a WAV file without texts, ``content`` what it will tell.

    ``may_land`` is asked at the last moment.
    """

    def __init__(self, file: SlotFile, audio: bytes, content: SlotContent, may_land: Callable[[], bool]) -> None:
        self.content = content
        self._file = file
        self._audio = audio
        self._may_land = may_land
        self._new: Path | None = None
        self._ready: Ready | None = None

    @property
    def moved(self) -> str:
        """Where a file of the performer's own went that lay in the place; "" if there was none."""
        return self._ready.moved if self._ready is not None else ""

    def stage(self) -> None:
        """Write it beside its slot, down to the disk. Raises `StorageError`."""
        self._new = self._file.write_aside(with_texts(self._audio, self.content.texts()))
        force_to_disk(self._new)

    def make_ready(self, landed_at: float) -> None:
        """Keep what lies in its place; it will land at a time in seconds since 1970. Raises `StorageError`.

        Where it is to land at another time than was thought when it was written, it is written anew.
        """
        self.put_off()
        if self._new is None or abs(landed_at - self.content.landed_at) > _OFF:
            new, self._new = self._new, None
            if new is not None:
                discard(new)
            self.content = dataclasses.replace(self.content, landed_at=landed_at)
            self._new = self._file.write_aside(with_texts(self._audio, self.content.texts()))
        new, self._new = self._new, None
        self._ready = self._file.make_ready(new)
        self._new = self._ready.new

    def swap(self) -> None:
        """Take the place. Raises `StorageError`, `NoFreeSlotError` if it may not; the place then keeps what it has."""
        if not self._may_land():
            raise NoFreeSlotError(f"slot {self._file.number} is locked: unlock it, or give the preset another slot")
        ready = self._ready
        if ready is None or self._file.has_changed(ready):
            # Somebody has put something else there in the last moment.
            self.make_ready(self.content.landed_at)
            ready = self._ready
        if ready is not None:
            self._new = None
            self._file.replace(ready)

    def settle(self) -> Found:
        """What is left to do after `swap`; return what lies there now."""
        ready, self._ready = self._ready, None
        if ready is not None:
            self._file.keep_before(ready)
        return self._file.look(self.content, ready.moved if ready is not None else "")

    def discard(self) -> None:
        """Remove it: it will not land. Never raises."""
        self.put_off()
        if self._new is not None:
            discard(self._new)
            self._new = None

    def put_off(self) -> None:
        """It will not land that soon: what was kept for that is let go."""
        if self._ready is not None and self._ready.old is not None:
            discard(self._ready.old)
        self._ready = None
