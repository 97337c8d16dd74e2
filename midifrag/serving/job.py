"""One job of a server, as far as it has come."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from midifrag.config.loras import read_loras, write_loras
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.coding import as_flac
from midifrag.engine.line.translating import packed, told_take, unpacked

Outcome: TypeAlias = engine.Rendered | engine.Failed | engine.Cancelled


@dataclass(eq=False, slots=True)
class Job:
    """``owner`` is its token's name; nobody else hears of it. Without a ``render``, it waits for uploads."""

    owner: str
    id: str
    number: int
    model: str
    wish: line.Wish
    asked_at: float
    render: engine.Render | None = None
    lacking: tuple[line.Wanted, ...] = ()
    #: Files of this machine that its render names, and what its client calls them.
    places: dict[str, str] = field(default_factory=dict)
    began_at: float | None = None
    ended_at: float | None = None
    #: When a client had the last piece of its audio.
    fetched_at: float = 0.0
    step: int = 0
    of: int = 0
    retried: bool = False
    cancelling: bool = False
    outcome: Outcome | None = None
    #: What was rendered, as it travels, and what is told of it.
    audio: bytes = b""
    take: line.Rendered | None = None
    #: The same as FLAC, where a client wanted that.
    flac: bytes = b""
    flac_take: line.Rendered | None = None
    watchers: set[Callable[[], None]] = field(default_factory=set)

    def tell(self) -> None:
        """Call everybody who watches it."""
        for watcher in tuple(self.watchers):
            watcher()

    @contextmanager
    def watched(self, watcher: Callable[[], None]) -> Iterator[None]:
        """Call ``watcher`` at each change, as long as this lasts."""
        self.watchers.add(watcher)
        try:
            yield
        finally:
            self.watchers.discard(watcher)

    def end(self, outcome: Outcome, now: float) -> None:
        """Take in how it ended."""
        outcome = private(outcome, self.places)
        if isinstance(outcome, engine.Rendered):
            self.audio = packed(outcome.audio)
            self.take = told_take(self.id, outcome, hashlib.sha256(self.audio).hexdigest())
            # Once is enough: what travels are the bytes.
            outcome = replace(outcome, audio=outcome.audio[:, :0].copy())
        self.outcome, self.ended_at = outcome, now
        # A sound that it began from is large.
        self.render, self.lacking = None, ()

    def pack(self) -> None:
        """Make FLAC of its audio, once, where that can be; takes milliseconds a second of it, and any thread."""
        if self.take is None or self.flac_take is not None:
            return
        made = as_flac(unpacked(self.audio, self.take.channels), self.take.sample_rate)
        if made is None:
            self.flac, self.flac_take = self.audio, self.take
            return
        data, scale = made
        said = {"coding": "flac", "packed": len(data), "scale": scale, "sha256": hashlib.sha256(data).hexdigest()}
        self.flac, self.flac_take = data, self.take.model_copy(update=said)

    def bytes_in(self, coding: line.Coding) -> bytes:
        """Its audio as it travels in a coding."""
        return self.flac if coding == "flac" else self.audio

    @property
    def held(self) -> int:
        """Bytes that are kept of it."""
        return len(self.audio) + (0 if self.flac is self.audio else len(self.flac))


def private(outcome: Outcome, places: dict[str, str]) -> Outcome:
    """What an engine says of a job, without where files lie on this machine; ``places`` says what they are called."""

    def clean(text: str) -> str:
        for place, name in places.items():
            text = text.replace(place, name)
        return text

    if isinstance(outcome, engine.Rendered):
        used, loras = outcome.used, outcome.used.get("loras")
        if isinstance(loras, str):
            used = {**used, "loras": write_loras(replace(one, place="") for one in read_loras(loras))}
        return replace(outcome, used=used, notes=tuple(map(clean, outcome.notes)))
    return replace(outcome, reason=clean(outcome.reason)) if isinstance(outcome, engine.Failed) else outcome
