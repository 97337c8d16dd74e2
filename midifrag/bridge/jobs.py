"""Jobs: what became of each press, from the press to the fragment in its slot."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from midifrag.boundary import Boundary
from midifrag.bridge.source_book import Begin
from midifrag.config.pads import OnLost
from midifrag.config.parameter_values import values_of
from midifrag.config.parameters import Preset, RequestParameters
from midifrag.config.press_request import WHEN_READY, LandRequest
from midifrag.engine.messages import Render
from midifrag.events import JobChanged, JobTimes, PadChanged
from midifrag.fragment.length import FragmentLength, MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import RecordedValue
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState, PadState


@dataclass(frozen=True, slots=True)
class Fallback:
    """How the newest take of a pad lands in place of a press that comes to nothing."""

    options: FragmentOptions
    slot: int | None
    landing: LandRequest


@dataclass(frozen=True, slots=True)
class PressedPad:
    """The pad that a job began on, the note that feedback goes to, and the pad's rules. Without ``port``, to all."""

    key: PadKey
    note: int
    channel: int
    port: str | None
    colour: str | None = None
    choke: str | None = None
    on_lost: OnLost = "queue"
    fallback: Fallback | None = None
    #: How loud the player plays what lands, in dB.
    gain: float = 0.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job came from. ``label`` is what a page calls it; ``pad`` is None for what no pad began."""

    kind: JobKind
    bank: str
    label: str
    pad: PressedPad | None = None

    @property
    def place(self) -> tuple[str, PadKey | None]:
        """Bank and pad."""
        return self.bank, self.pad.key if self.pad else None


@dataclass(slots=True, kw_only=True)
class Job:
    """Something on its way into a slot; as it is here, an archived take, or a press that is refused."""

    number: int
    origin: Origin
    prompt: str
    times: JobTimes
    slot: int | None = None
    state: JobState = JobState.QUEUED
    #: Whether its take is with the writer: nothing is left for an engine, and nothing to cancel but what waits.
    writing: bool = False
    landing: LandRequest = WHEN_READY
    boundary: Boundary | None = None
    #: The moment that the writer knows of it.
    known_at: float | None = None
    #: How long its fragment is to be, in the time of its press; None for as long as its take.
    length: FragmentLength | None = None
    #: The boundary that was promised first, and how many it has missed.
    promised: Boundary | None = None
    missed: int = 0
    #: What it says while nothing is promised to it because its engine does not answer.
    waits: str = ""
    #: When its fragment should be ready; when that was estimated and how many seconds were.
    ready_at: float = 0.0
    estimated: tuple[float, float] | None = None
    #: Whether it lands when the slot's turn ends, whatever the line of time does.
    gives_way: bool = False
    #: Whether its landing was called off; it ends when the writer says what has become of it.
    called_off: bool = False
    #: For an earlier take that lands in place of a press: that press's job, and why it came to nothing.
    instead_of: int | None = None
    reason: str = ""
    #: The job of an earlier take that is asked for in its place.
    replaced_by: int | None = None
    take: int | None = None
    archived: str | None = None
    file: str | None = None
    text: str = ""
    fragment_seconds: float | None = None
    write_seconds: float | None = None
    #: Whether its fragment is a seamless loop.
    loop: bool = False
    fragment_bars: float | None = None

    def reached(self, **moments: float) -> None:
        """It has got as far as is named, at these monotonic seconds."""
        self.times = dataclasses.replace(self.times, **moments)

    def changed(self) -> JobChanged:
        """What watchers are told of it."""
        return JobChanged(
            job=self.number,
            kind=self.origin.kind,
            state=self.state,
            prompt=self.prompt,
            bank=self.origin.bank,
            pad=self.origin.place[1],
            times=self.times,
            slot=self.slot,
            file=self.file,
            take=self.take,
            archived=self.archived,
            text=self.text,
            fragment_seconds=self.fragment_seconds,
            write_seconds=self.write_seconds,
            boundary=self.boundary,
            missed=self.missed,
            fallback=self.instead_of is not None,
            loop=self.loop,
            asked_quarters=self.length.quarters if isinstance(self.length, MusicalLength) else None,
            label=self.origin.label,
            fragment_bars=self.fragment_bars,
        )

    def pad_changed(self, now: float) -> PadChanged | None:
        """What its pad shows; None for what no pad began."""
        pad = self.origin.pad
        if pad is None:
            return None
        return PadChanged(
            bank=self.origin.bank,
            pad=pad.key,
            port=pad.port,
            channel=pad.channel,
            note=pad.note,
            state=self.state.on_pad,
            colour=pad.colour,
            time=now,
            job=self.number,
            text=self.text,
            boundary=self.boundary,
            fallback=self.instead_of is not None,
        )


@dataclass(slots=True, kw_only=True)
class RenderJob(Job):
    """A press or a typed prompt that an engine renders, or has rendered."""

    model: str
    preset: Preset
    render: Render
    options: FragmentOptions
    #: What it begins from; while that is being read, the number by which it was asked for, and since when.
    begin: Begin | None = None
    reading: int | None = None
    reading_since: float = 0.0
    step: int = 0
    of: int = 0
    spare: bool = False
    retried: bool = False
    cancelling: bool = False
    #: Whether its engine shows no progress.
    stalled: bool = False
    #: The model that it was meant for, where another one stands in.
    stands_in_for: str | None = None
    #: What the engine has to say of the take, and what really made it.
    notes: tuple[str, ...] = ()
    used: Mapping[str, RecordedValue] = field(default_factory=dict)
    engine_seconds: float | None = None

    @property
    def pending(self) -> bool:
        """Whether an engine still has something to do for it."""
        return self.state in (JobState.QUEUED, JobState.RENDERING) and not self.writing

    @property
    def on_lost(self) -> OnLost:
        """What becomes of it when its engine dies."""
        return self.origin.pad.on_lost if self.origin.pad else "queue"

    def changed(self) -> JobChanged:
        """What watchers are told of it."""
        return dataclasses.replace(
            Job.changed(self),
            step=self.step,
            of=self.of,
            spare=self.spare,
            used=self.used,
            engine_seconds=self.engine_seconds,
            model=self.model,
            text=self._told(),
        )

    def _told(self) -> str:
        """What it says, and as long as it is on its way, who plays it in place of its own engine."""
        if self.stands_in_for is None or self.state.ended:
            return self.text
        stands_in = f"{self.model} stands in for {self.stands_in_for}"
        return self.text if stands_in in self.text else "; ".join(filter(None, (self.text, stands_in)))

    def pad_changed(self, now: float) -> PadChanged | None:
        """What its pad shows; None for a typed prompt."""
        changed = Job.pad_changed(self, now)
        if changed is None:
            return None
        changed = dataclasses.replace(changed, text=self._told())
        if self.stalled and self.pending:
            return dataclasses.replace(changed, state=PadState.STALLED)
        if self.state is not JobState.RENDERING or not self.of:
            return changed
        return dataclasses.replace(changed, progress=self.step / self.of)


def request(
    preset: Preset,
    job: int,
    seed: int,
    *,
    spare: bool = False,
    bpm: float | None = None,
    begin: Begin | None = None,
) -> Render:
    """What an engine is asked for ``preset``, at a tempo in quarter notes a minute, and from what it begins."""
    said = values_of(preset, RequestParameters) | {"seed": seed}
    sound, fill = (None, None) if begin is None else (begin.sound, begin.fill)
    return Render(job=job, prompt=preset.prompt, spare=spare, bpm=bpm, sound=sound, fill=fill, **said)
