"""State changes: what became of what a performer wanted. Lights, page, terminal and log are told all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from midifrag.boundary import Boundary
from midifrag.config.loading import Loaded
from midifrag.engine.messages import EngineInfo
from midifrag.fragment.record import RecordedValue
from midifrag.fragment.writer_events import SlotsChanged, TakeChanged
from midifrag.midi.messages import PortChanged
from midifrag.pad_key import PadKey
from midifrag.playback.messages import Meters, PlaybackChanged, Sounding
from midifrag.states import EngineState, JobKind, JobState, NoticeLevel, PadState
from midifrag.timeline import Timeline


@dataclass(frozen=True, slots=True)
class PadChanged:
    """A pad's state became ``state``. ``progress`` 0–1 while rendering; ``channel`` and ``note`` as last pressed.

    ``boundary`` is what its fragment waits for, or will. With ``fallback``, it is an earlier take that lands, and
    ``text`` says why.
    """

    bank: str
    pad: PadKey
    port: str | None
    channel: int
    note: int
    state: PadState
    colour: str | None
    time: float
    job: int | None = None
    progress: float | None = None
    text: str = ""
    boundary: Boundary | None = None
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class JobTimes:
    """When a job got how far, in monotonic seconds; None for where it has not been."""

    pressed: float
    queued: float | None = None
    started: float | None = None
    rendered: float | None = None
    landed: float | None = None

    def reached(self) -> dict[str, float]:
        """The moments that there are, by name."""
        moments = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return {name: moment for name, moment in moments.items() if moment is not None}

    @property
    def until_landed(self) -> float | None:
        """Seconds from press to landed; None for what did not land."""
        return None if self.landed is None else self.landed - self.pressed


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job moved on.

    ``engine_seconds`` is the device's time, ``fragment_seconds`` the fragment's length, ``write_seconds`` what its
    files took; ``used`` holds every parameter that really made the take. ``boundary`` is the one that was promised to
    it, None where it lands when it is ready or nothing can be promised yet, and ``missed`` how many it has missed.
    With ``fallback``, it is an earlier take that lands in place of a press that failed. ``loop`` is whether its
    fragment is a seamless loop. ``label`` is what pages call what began it. Of a length in music, ``asked_quarters`` is
    what its press asked for, in quarter notes, from the press on; ``fragment_bars`` is how many bars its fragment is
    long, once it has landed. They differ where an earlier take lands, or the signature is another one by then.
    ``model`` is what renders it, or has; empty where nothing does.
    """

    job: int
    kind: JobKind
    state: JobState
    prompt: str
    bank: str
    pad: PadKey | None
    times: JobTimes
    step: int = 0
    of: int = 0
    slot: int | None = None
    file: str | None = None
    take: int | None = None
    archived: str | None = None
    spare: bool = False
    text: str = ""
    used: Mapping[str, RecordedValue] = field(default_factory=dict)
    engine_seconds: float | None = None
    fragment_seconds: float | None = None
    write_seconds: float | None = None
    boundary: Boundary | None = None
    missed: int = 0
    fallback: bool = False
    loop: bool = False
    asked_quarters: float | None = None
    label: str = ""
    fragment_bars: float | None = None
    model: str = ""

    @property
    def lands_at(self) -> float | None:
        """When it lands, as was promised, in monotonic seconds."""
        return None if self.boundary is None else self.boundary.at

    @property
    def bar(self) -> int | None:
        """The bar that it lands on, or in, as was promised."""
        return None if self.boundary is None else self.boundary.bar


@dataclass(frozen=True, slots=True)
class BankChanged:
    """Another bank is active. ``pads`` are all of its pads as they stand.

    With ``performer`` it is that performer's; without, the main one's, whom the page shows.
    """

    slug: str
    name: str
    index: int
    pads: tuple[PadChanged, ...]
    performer: str = ""


@dataclass(frozen=True, slots=True)
class LayoutChanged:
    """A port shows another page of the bank (from 0 on), or another number of banks side by side."""

    port: str
    page: int
    side: int


@dataclass(frozen=True, slots=True)
class ControlChanged:
    """A live parameter has a new value (None: back to the presets), or a control waits to be picked up.

    With ``bank`` and ``pad`` it is that pad's alone, with ``performer`` it is told as that performer's; what counts for
    the main performer as well is told as that one's too.
    """

    name: str
    value: float | None
    waiting: bool = False
    bank: str = ""
    pad: PadKey | None = None
    performer: str = ""


@dataclass(frozen=True, slots=True)
class EngineChanged:
    """An engine's state. While it warms up, ``done`` of ``total`` pieces are; ``info`` is what is loaded.

    One that does not answer has not done so ``since`` a moment in monotonic seconds, and took ``expected`` seconds to
    come back when it was loaded before.
    """

    model: str
    state: EngineState
    text: str = ""
    done: int = 0
    total: int = 0
    info: EngineInfo | None = None
    since: float | None = None
    expected: float | None = None

    def wait(self, now: float) -> str:
        """How long it has not answered at a moment, and how long that takes, such as ``12 s of about 40 s``."""
        if self.since is None:
            return ""
        waited = f"{max(0.0, now - self.since):.0f} s"
        return waited if self.expected is None else f"{waited} of about {self.expected:.0f} s"


@dataclass(frozen=True, slots=True)
class ConfigurationChanged:
    """Another configuration is in use."""

    loaded: Loaded


@dataclass(frozen=True, slots=True)
class TimeChanged:
    """Musical time runs along another line from ``timeline.at`` on, which is when that became known."""

    timeline: Timeline


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a performer should know."""

    level: NoticeLevel
    text: str


StateChange: TypeAlias = (
    PadChanged | JobChanged | BankChanged | ControlChanged | SlotsChanged | TakeChanged | EngineChanged | PortChanged
    | ConfigurationChanged | TimeChanged | PlaybackChanged | Sounding | Meters | Notice
    | LayoutChanged
)  # fmt: skip

__all__ = [
    "BankChanged",
    "ConfigurationChanged",
    "ControlChanged",
    "EngineChanged",
    "JobChanged",
    "JobTimes",
    "LayoutChanged",
    "Meters",
    "Notice",
    "PadChanged",
    "PlaybackChanged",
    "PortChanged",
    "SlotsChanged",
    "Sounding",
    "StateChange",
    "TakeChanged",
    "TimeChanged",
]
