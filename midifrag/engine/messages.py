"""What the bridge and an engine say to each other: plain, frozen, picklable values.

Requests go in (`Warm`, `Render`, `Cancel`), events come out. Because nothing but these values crosses the border, an
engine may live in a thread, a child process or on another machine without the bridge knowing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from midifrag.audio import Audio, SourceSound
from midifrag.config.parameters import RequestParameters, Value


@dataclass(frozen=True)
class _Named:
    """What a request is known by; a class of its own, so that these two come first, before the parameters."""

    job: int
    prompt: str


@dataclass(frozen=True)
class Render(RequestParameters, _Named):
    """A request for one take. ``None`` means: the model's own default.

    ``job`` is unique within a session. ``seconds`` is the length asked for (None: the
    model's default), ``seed`` is already drawn (0 … 2³²−1).
    ``bpm`` is the tempo of its press, which models hear that have an input for one.
    ``sound`` is what it begins from, changed as much as ``strength`` says; with ``fill``, from and to a second of the
    take, all else of it stays as it is in the sound.
    A ``spare`` is rendered only when no press waits. One that is ``recorded`` makes a take of the archive again, with
    what made it then, whatever `midifrag.config.parameters` allows today.
    """

    seconds: float | None
    seed: int
    negative_prompt: str = field(default="", kw_only=True)
    spare: bool = field(default=False, kw_only=True)
    recorded: bool = field(default=False, kw_only=True)
    bpm: float | None = field(default=None, kw_only=True)
    sound: SourceSound | None = field(default=None, kw_only=True)
    fill: tuple[float, float] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Warm:
    """Prepare for these renders: encode their prompts, compile or capture their lengths.

    Those that are spares are prepared for after `Ready`, while there is nothing else to do.
    """

    renders: tuple[Render, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Drop a job, queued or in flight. Answered with `Cancelled`, unless it ended before."""

    job: int


@dataclass(frozen=True, slots=True)
class Promote:
    """A spare in flight became a press: it now goes first."""

    job: int


Command: TypeAlias = Warm | Render | Cancel | Promote


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine is, once it is loaded.

    ``memory`` is in bytes by what it is for, where that can be known; ``warmed`` says what was made ready and how long
    that took; ``remark`` is what a performer should know of how it runs here, ``noise`` what makes noise of
    a seed, where it matters which device that is. It garbles what is shorter than ``min_seconds``: it is asked for so
    much, and what comes is cut. With ``hears_tempo``, another tempo makes another sound. ``begins_from`` says what it
    can make of a sound: nothing, a ``sound`` that it changes, or also a ``part`` of one anew.
    """

    engine: str
    model: str
    checksum: str
    device: str
    precision: str
    sample_rate: int
    channels: int
    max_seconds: float
    samplers: tuple[str, ...]
    deterministic: bool = True
    memory: dict[str, int] = field(default_factory=dict)
    warmed: str = ""
    min_seconds: float = 0.0
    remark: str = ""
    noise: str = ""
    hears_tempo: bool = False
    begins_from: tuple[Literal["sound", "part"], ...] = ()

    @property
    def summary(self) -> str:
        """One line: model, device, precision, a remark on these, what of its memory goes where, and what is warm."""
        sizes = [f"{what} {size / 1e6:.0f} MB" for what, size in self.memory.items()]
        what = [f"{self.model} on {self.device}, {self.precision}", self.remark, ", ".join(sizes), self.warmed]
        return "; ".join(filter(None, what))


@dataclass(frozen=True, slots=True)
class Warming:
    """Loading or warm-up has come this far: ``done`` of ``total`` pieces, and what it is at.

    From one that is ``playable`` on, single presses start at once: `Ready` follows, and what is left of that warm-up is
    done while nothing is pressed.
    """

    done: int
    total: int
    what: str
    playable: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """Loaded, and warm as far as its ``info`` says: the next press starts at once."""

    info: EngineInfo


@dataclass(frozen=True, slots=True)
class Started:
    """A job has begun on the device."""

    job: int


@dataclass(frozen=True, slots=True)
class Progress:
    """A job has done ``step`` of ``of`` steps."""

    job: int
    step: int
    of: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """A job's audio, float32 of shape (channels, samples), and the parameters that really made it.

    ``used`` has every parameter with its final value (``steps``, ``cfg_scale``, ``sampler``, ``seed`` …), enough to
    render the take again. ``notes`` are worth telling, such as words that an engine does not know.
    ``engine_seconds`` is device time from start to audio on the host.
    """

    job: int
    audio: Audio
    sample_rate: int
    used: dict[str, Value]
    engine_seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A job ended without audio. ``audio`` is there when something was rendered that must not be played.

    ``not_finite`` says that it went to NaN or infinity.
    """

    job: int
    reason: str
    audio: Audio | None = None
    sample_rate: int | None = None
    not_finite: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A job was dropped on request; nothing of it will come any more."""

    job: int


@dataclass(frozen=True, slots=True)
class Stalled:
    """There was no sign of progress for so many ``seconds``; a host ends an engine that stays so."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Resumed:
    """An engine that had `Stalled` goes on."""


@dataclass(frozen=True, slots=True)
class Died:
    """The engine is gone (crash, kill, failed load). ``jobs`` are lost; ``restarting`` says whether it comes back.

    One that is ``finishing`` takes nothing new, and goes on with the jobs that it has begun.
    """

    reason: str
    jobs: tuple[int, ...]
    restarting: bool
    finishing: bool = False


#: What an engine says of one job.
JobEvent: TypeAlias = Started | Progress | Rendered | Failed | Cancelled
EngineEvent: TypeAlias = Warming | Ready | JobEvent | Stalled | Resumed | Died
