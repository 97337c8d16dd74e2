"""What a show and its player say to each other: commands go in, events come out, all plain and frozen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from midifrag.audio import Audio


@dataclass(frozen=True, slots=True)
class Load:
    """Bring a fragment into the player's memory, at the device's rate, so that it can `Start` at any moment.

    ``audio`` is float32 of shape (channels, samples); nobody changes it afterwards. A ``loop`` sounds until it is
    replaced or stopped. The same job once more, before its start has come, has other samples.
    """

    job: int
    audio: Audio
    sample_rate: int
    loop: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Let a loaded fragment sound in a slot from a moment on (monotonic seconds; None: at once).

    What sounds in the slot is crossfaded into it; what sounds elsewhere in the same ``choke`` group ends. ``level`` is
    linear. The same job once more moves a start that has not come yet; what has begun stays where it is. Of several in
    one slot each comes at its own moment.
    """

    job: int
    slot: int
    at: float | None = None
    level: float = 1.0
    choke: str | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """A loaded fragment will not be started, or not any more; where it has begun it ends at once, with a fade."""

    job: int


@dataclass(frozen=True, slots=True)
class Stop:
    """End what sounds in a slot (None: everywhere) from a moment on (None: at once), with a fade."""

    slot: int | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Mix:
    """How a slot is mixed (``slot`` None: the master): gain in dB, pan −1 (left) to 1, and whether it is heard.

    None leaves as it is.
    """

    slot: int | None
    gain: float | None = None
    pan: float | None = None
    muted: bool | None = None


PlayerCommand: TypeAlias = Load | Start | Drop | Stop | Mix


class PlaybackState(StrEnum):
    """How the output stands."""

    OFF = "off"
    OPENING = "opening"
    PLAYING = "playing"
    #: The device is gone; the show goes on in silence, and it is looked for again.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class PlaybackChanged:
    """The output's state. ``underruns`` counts since the show began; ``realtime`` is whether it has its priority."""

    state: PlaybackState
    device: str = ""
    sample_rate: int = 0
    block: int = 0
    realtime: bool = False
    underruns: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sounding:
    """A slot has begun or ceased to sound at a moment (monotonic seconds), ``seconds`` long for a whole turn."""

    slot: int
    job: int | None
    on: bool
    at: float
    seconds: float = 0.0
    loop: bool = False


@dataclass(frozen=True, slots=True)
class Meters:
    """The peaks since the last ones, linear, by slot, and of the master after its limiter."""

    slots: tuple[float, ...]
    master: float


PlayerEvent: TypeAlias = PlaybackChanged | Sounding | Meters
