"""A pad's key: where it lies among the notes. Banks, intents, lights and the page all mean a pad by it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from midifrag.notes import note_name, note_number


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class PadKey:
    """A note 0–127, on one channel 1–16 or (None) on any. Keys are ordered by note, then by channel."""

    note: int
    channel: int | None = None

    @classmethod
    def parse(cls, text: str | int) -> PadKey:
        """The key of ``37``, ``"C#1"`` or, on one channel only, ``"37/10"``; raises ValueError with what is allowed."""
        note, _, channel = str(text).partition("/")
        if channel and not channel.strip().isdecimal():
            raise ValueError(f"{text!r} is no pad: use a note (36 or C1), or note/channel (36/10)")
        if channel and not 1 <= int(channel) <= 16:
            raise ValueError(f"{text!r} is no pad: channels are numbered 1 to 16")
        return cls(note_number(note), int(channel) if channel else None)

    def __str__(self) -> str:
        return str(self.note) if self.channel is None else f"{self.note}/{self.channel}"

    def __lt__(self, other: PadKey) -> bool:
        return (self.note, self.channel or 0) < (other.note, other.channel or 0)

    @property
    def name(self) -> str:
        """The key by its note's name: ``C#1``, ``C#1/10``."""
        return note_name(self.note) + ("" if self.channel is None else f"/{self.channel}")
