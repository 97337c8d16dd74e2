"""What the bridge takes in, one at a time: from engines, watchers and files, beside what a performer does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from midifrag.config.loading import Loaded
from midifrag.engine import messages as engine
from midifrag.events import Notice, PortChanged, StateChange, TimeChanged
from midifrag.fragment.writer_events import WriterEvent
from midifrag.intents import Intent
from midifrag.midi.messages import MidiEvent
from midifrag.playback.messages import PlayerEvent
from midifrag.timeline import Signature


@dataclass(frozen=True, slots=True)
class FromEngine:
    """What the engine of ``model`` reports."""

    model: str
    event: engine.EngineEvent


@dataclass(frozen=True, slots=True)
class Introduce:
    """Somebody starts watching: tell them alone how everything stands."""

    to: Callable[[list[StateChange]], None]


@dataclass(frozen=True, slots=True)
class Reload:
    """Take over a newly read configuration."""

    loaded: Loaded


@dataclass(frozen=True, slots=True)
class LorasReplaced:
    """The files of these LoRAs, by where they lie, are others than they were."""

    places: frozenset[str]


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Call ``tell`` when all that was put before is dealt with: for somebody who must not run ahead of the bridge."""

    tell: Callable[[], None]


@dataclass(frozen=True, slots=True)
class PowerChanged:
    """The machine runs on its battery from now on, or on mains."""

    on_battery: bool


@dataclass(frozen=True, slots=True)
class LinkHeard:
    """How Ableton Link's session stands: its tempo, its ``beat`` (in quarter notes) at ``at`` (monotonic seconds).

    ``peers`` is how many others there are; without any the session is our own and tells nothing.
    """

    bpm: float
    at: float
    beat: float
    peers: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of Ableton Live's song: its ``number``, from 1, and where it ``began``, in quarter notes."""

    number: int
    began: float


@dataclass(frozen=True, slots=True)
class AbletonHeard:
    """How Ableton Live's song stands: its tempo and signature, and its ``beat`` (in quarter notes) at ``at``.

    ``at`` is in monotonic seconds. While it is not ``running`` its position stands still, and only tempo and signature
    count. Where it is not ``connected`` any more, nothing does. ``bar`` is the one that it is in, where that is known.
    """

    bpm: float
    at: float
    beat: float
    signature: Signature
    running: bool
    connected: bool = True
    bar: Bar | None = None

    @property
    def position(self) -> float:
        """Where it is on a line whose bars all have its signature and count from its own: a song's need not."""
        if self.bar is None:
            return self.beat
        return (self.bar.number - 1) * self.signature.bar + self.beat - self.bar.began


Item: TypeAlias = (
    MidiEvent | Intent | FromEngine | WriterEvent | PlayerEvent | PortChanged | Introduce | Reload | LinkHeard
    | AbletonHeard | TimeChanged | Notice | CaughtUp | PowerChanged | LorasReplaced
)  # fmt: skip
