"""Streams and events: what is known to have happened before what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.cuda.card import Card
    from tests.cuda.host import HostWrite


class Stream:
    """Work in order. ``now`` counts it, and ``seen`` says up to when another stream's is known to be done."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self.now = 0
        self.seen: dict[Stream, int] = {}
        card.streams.append(self)

    def wait_stream(self, other: Stream) -> None:
        """Begin nothing before the other's work of now is done."""
        self.learn(other, other.now, other.seen)

    def wait_event(self, event: Event) -> None:
        """Begin nothing before the event."""
        if event.moment is not None:
            self.learn(event.moment.stream, event.moment.number, event.seen)

    def record_event(self, event: Event | None = None) -> Event:
        """An event at the end of what there is to do."""
        event = event or Event(self._card)
        event.record(self)
        return event

    def synchronize(self) -> None:
        """Wait for all of it."""
        self._card.host_waits("Stream.synchronize")

    def learn(self, other: Stream, count: int, seen: dict[Stream, int]) -> None:
        """Take in that another stream has come so far, and what it knew itself."""
        for stream, moment in ((other, count), *seen.items()):
            self.seen[stream] = max(self.seen.get(stream, 0), moment)

    def knows(self, moment: Moment | None) -> bool:
        """Whether what happened then is done for sure before what comes next here."""
        return moment is None or moment.stream is self or self.seen.get(moment.stream, 0) >= moment.number


class Moment(NamedTuple):
    """A piece of a stream's work."""

    stream: Stream
    number: int


class Event:
    """A mark in a stream. It is not there before it was waited for: no card has ever to be quick."""

    def __init__(self, card: Card, *, blocking: bool = False) -> None:
        self._card = card
        self.blocking = blocking
        self.moment: Moment | None = None
        self.seen: dict[Stream, int] = {}
        self._writes: list[HostWrite] = []

    def record(self, stream: Stream | None = None) -> None:
        """Mark the end of what there is to do."""
        if self._card.capturing is not None:
            self._card.refuse_in_capture("an event for the host")
        stream = stream or self._card.stream
        self.moment, self.seen = Moment(stream, stream.now), dict(stream.seen)
        self._writes = [write for write in self._card.host.under_way if stream.knows(write.moment)]

    def query(self) -> bool:
        """Whether it is there."""
        return not any(write in self._card.host.under_way for write in self._writes)

    def synchronize(self) -> None:
        """Wait for it; what was to be in the host's memory by then is."""
        if self._card.capturing is not None:
            self._card.refuse_in_capture("waiting for an event")
        self._card.event_waits += 1
        self._card.host.land(self._writes)

    def wait(self, stream: Stream | None = None) -> None:
        """Have a stream wait for it."""
        (stream or self._card.stream).wait_event(self)


class Using:
    """What `torch.cuda.stream` makes: who is not left stays in use."""

    def __init__(self, card: Card, stream: Stream | None) -> None:
        self._card, self._stream = card, stream

    def __enter__(self) -> None:
        self._before = self._card.stream
        self._card.stream = self._stream or self._before

    def __exit__(self, *_of: object) -> None:
        self._card.stream = self._before


def all_know_all(streams: list[Stream]) -> None:
    """The host has waited for the card: nothing is under way."""
    for stream in streams:
        for other in streams:
            stream.learn(other, other.now, {})
