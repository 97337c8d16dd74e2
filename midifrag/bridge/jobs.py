"""Jobs: what became of each press, from the press to the fragment in its slot."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from midifrag.boundary import Boundary
from midifrag.clock import Clock
from midifrag.config.pads import OnLost
from midifrag.config.parameters import Preset, RequestParameters, values_of
from midifrag.config.press_request import WHEN_READY, LandRequest
from midifrag.engine.messages import EngineInfo, Render, Rendered
from midifrag.events import JobChanged, JobTimes, PadChanged
from midifrag.fragment.length import FragmentLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import RecordedValue, TakeRecord
from midifrag.fragment.recorded_length import fields_of
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState, PadState

#: Ended jobs that are remembered, see `JobTable`.
REMEMBERED = 256


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
        )

    def pad_changed(self, now: float) -> PadChanged | None:
        """What its pad shows; None for a typed prompt."""
        changed = Job.pad_changed(self, now)
        if changed is not None and self.stalled and self.pending:
            return dataclasses.replace(changed, state=PadState.STALLED)
        if changed is None or self.state is not JobState.RENDERING or not self.of:
            return changed
        return dataclasses.replace(changed, progress=self.step / self.of)


class JobTable:
    """All jobs that have not ended, by number, in the order of their presses.

    Some have, and are remembered: their engine may not have let go of them yet.
    """

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._remembered: dict[int, RenderJob] = {}
        self._last = 0

    def next_number(self) -> int:
        """A number that no job of this session has had."""
        self._last += 1
        return self._last

    def add(self, job: Job) -> None:
        """Take a job in."""
        self._jobs[job.number] = job

    def get(self, number: int) -> Job | None:
        """The job, or None if it has ended or was never here."""
        return self._jobs.get(number)

    def render_job(self, number: int) -> RenderJob | None:
        """The job, if it is one that an engine renders."""
        job = self._jobs.get(number)
        return job if isinstance(job, RenderJob) else None

    def drop(self, job: Job) -> None:
        """Forget a job that has ended."""
        self._jobs.pop(job.number, None)

    def remember(self, job: RenderJob) -> None:
        """Keep a job that has ended while its engine still works for it; the oldest of many are forgotten."""
        self._remembered[job.number] = job
        for oldest in list(self._remembered)[:-REMEMBERED]:
            del self._remembered[oldest]

    def recall(self, number: int) -> RenderJob | None:
        """The remembered job, once; None if it is not."""
        return self._remembered.pop(number, None)

    def of(self, model: str) -> list[RenderJob]:
        """The jobs that the engine of ``model`` works for, those that are to be cancelled among them."""
        return [job for job in self if isinstance(job, RenderJob) and job.model == model and job.pending]

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    def pending(self, bank: str | None = None, pad: PadKey | None = None) -> list[RenderJob]:
        """The jobs an engine still works for, of one pad or of all."""
        jobs = [job for job in self.unrendered() if not job.cancelling]
        return jobs if pad is None else [job for job in jobs if job.origin.place == (bank, pad)]

    def unrendered(self) -> list[RenderJob]:
        """The jobs that an engine works for, also those that are being cancelled."""
        return [job for job in self if isinstance(job, RenderJob) and job.pending]

    def landing(self) -> bool:
        """Whether a take is being written, and not held back by a disk or a boundary."""
        return any(job.writing and job.state not in (JobState.HELD, JobState.WAITING) for job in self)

    def written(self) -> int:
        """How many takes are with the writer and not ready to land."""
        return sum(job.writing and job.state not in (JobState.HELD, JobState.WAITING) for job in self)

    def awaiting(self, bank: str | None = None, pad: PadKey | None = None) -> list[Job]:
        """The jobs whose takes wait for a boundary, or will, of one pad or of all."""
        jobs = [job for job in self if job.writing and job.boundary is not None]
        return jobs if pad is None else [job for job in jobs if job.origin.place == (bank, pad)]

    def on_pad(self, bank: str, pad: PadKey) -> list[Job]:
        """All jobs of one pad, in the order of their presses."""
        return [job for job in self if job.origin.place == (bank, pad)]

    def waiting(self) -> int:
        """How many wait for an engine to start on them."""
        return sum(job.state is JobState.QUEUED for job in self.pending())


def request(preset: Preset, job: int, seed: int, *, spare: bool = False) -> Render:
    """What an engine is asked for ``preset``."""
    return Render(job=job, prompt=preset.prompt, spare=spare, **values_of(preset, RequestParameters) | {"seed": seed})


def take_record(job: RenderJob, event: Rendered | None, info: EngineInfo | None, clock: Clock) -> TakeRecord:
    """What the archive keeps of how a take was made; ``event`` is None where the engine failed at it."""
    wall = {name: clock.wall(moment) for name, moment in job.times.reached().items()}
    used = dict(event.used) if event else values_of(job.render, RequestParameters)
    seed = used.get("seed", job.render.seed)
    return TakeRecord(
        prompt=job.prompt,
        preset=job.origin.label,
        bank=job.origin.bank,
        model=info.model if info else job.model,
        checksum=info.checksum if info else "",
        seed=int(seed) if seed is not None else None,
        parameters=used,
        job=job.number,
        pressed_at=wall["pressed"],
        started_at=wall.get("started"),
        rendered_at=wall.get("rendered"),
        spare=job.spare,
        **fields_of(job.length),
    )
