"""Jobs: what became of each press, from the press to the fragment in its slot. Owned by the bridge alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from midifrag.clock import Clock
from midifrag.config.banks import OnLost, Preset
from midifrag.engine.messages import EngineInfo, Render, Rendered
from midifrag.events import JobChanged, PadChanged, PadState
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord

#: States in which an engine still has something to do for a job.
PENDING = frozenset({PadState.QUEUED, PadState.RENDERING})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a press came from: the pad (None for a typed prompt) and the note that feedback goes to."""

    bank: str
    pad: str | None
    label: str
    note: int
    channel: int
    port: str | None
    colour: str | None = None
    choke: str | None = None
    on_lost: OnLost = "queue"


@dataclass(slots=True)
class Job:
    """One press on its way. ``times`` are monotonic seconds by name: pressed, queued, started, rendered, landed."""

    number: int
    origin: Origin
    preset: Preset
    model: str
    render: Render
    options: FragmentOptions
    slot: int | None
    times: dict[str, float]
    state: PadState = PadState.QUEUED
    step: int = 0
    of: int = 0
    spare: bool = False
    retried: bool = False
    cancelling: bool = False
    #: Whether its take is with the writer: nothing is left for an engine, and nothing to cancel.
    writing: bool = False
    take: int | None = None
    archived: str | None = None
    file: str | None = None
    text: str = ""
    #: What the engine has to say of the take.
    notes: tuple[str, ...] = ()
    details: dict[str, object] = field(default_factory=dict)

    @property
    def pending(self) -> bool:
        """Whether an engine still has something to do for it."""
        return self.state in PENDING and not self.writing

    @property
    def done(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in (PadState.LANDED, PadState.FAILED, PadState.REFUSED, PadState.IDLE)

    def changed(self) -> JobChanged:
        """What watchers are told of it."""
        return JobChanged(
            job=self.number,
            state="cancelled" if self.state is PadState.IDLE else self.state,
            prompt=self.preset.prompt,
            bank=self.origin.bank,
            pad=self.origin.pad,
            times=dict(self.times),
            step=self.step,
            of=self.of,
            slot=self.slot,
            file=self.file,
            take=self.take,
            archived=self.archived,
            spare=self.spare,
            text=self.text,
            details=dict(self.details),
        )

    def pad_changed(self, now: float) -> PadChanged | None:
        """What its pad shows; None for a typed prompt."""
        if self.origin.pad is None:
            return None
        rendering = self.state is PadState.RENDERING
        return PadChanged(
            bank=self.origin.bank,
            pad=self.origin.pad,
            port=self.origin.port,
            channel=self.origin.channel,
            note=self.origin.note,
            state=self.state,
            colour=self.origin.colour,
            time=now,
            job=self.number,
            progress=self.step / self.of if rendering and self.of else None,
            text=self.text,
        )


class JobTable:
    """All jobs that are not done, by number, in the order of their presses."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._last = 0

    def next_number(self) -> int:
        """A number that no job of this session has had."""
        self._last += 1
        return self._last

    def add(self, job: Job) -> None:
        """Take a job in."""
        self._jobs[job.number] = job

    def get(self, number: int) -> Job | None:
        """The job, or None if it is done or was never here."""
        return self._jobs.get(number)

    def drop(self, job: Job) -> None:
        """Forget a job that is done."""
        self._jobs.pop(job.number, None)

    def __iter__(self) -> Iterator[Job]:
        return iter(tuple(self._jobs.values()))

    def __len__(self) -> int:
        return len(self._jobs)

    def pending(self, bank: str | None = None, pad: str | None = None) -> list[Job]:
        """The jobs an engine still works for, of one pad or of all."""
        jobs = [job for job in self if job.pending and not job.cancelling]
        if pad is None:
            return jobs
        return [job for job in jobs if (job.origin.bank, job.origin.pad) == (bank, pad)]

    def landing(self) -> bool:
        """Whether a take is being written, and not held back by a disk."""
        return any(job.writing and job.state is not PadState.HELD for job in self)

    def on_pad(self, bank: str, pad: str | None) -> list[Job]:
        """All jobs of one pad, in the order of their presses."""
        return [job for job in self if pad is not None and (job.origin.bank, job.origin.pad) == (bank, pad)]

    def waiting(self) -> int:
        """How many wait for an engine to start on them."""
        return sum(job.state is PadState.QUEUED and not job.cancelling for job in self._jobs.values())


def request(preset: Preset, job: int, seed: int, *, spare: bool = False) -> Render:
    """What an engine is asked for ``preset``."""
    return Render(
        job=job,
        prompt=preset.prompt,
        seconds=preset.seconds,
        seed=seed,
        steps=preset.steps,
        cfg_scale=preset.cfg_scale,
        negative_prompt=preset.negative_prompt,
        sampler=preset.sampler,
        sigma_min=preset.sigma_min,
        sigma_max=preset.sigma_max,
        spare=spare,
    )


def take_record(job: Job, event: Rendered | None, info: EngineInfo | None, clock: Clock) -> TakeRecord:
    """What the archive keeps of how a take was made; ``event`` is None where the engine failed at it."""
    wall = {name: clock.wall(moment) for name, moment in job.times.items()}
    used = dict(event.used) if event else {"steps": job.render.steps, "cfg_scale": job.render.cfg_scale}
    seed = used.get("seed", job.render.seed)
    return TakeRecord(
        prompt=job.preset.prompt,
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
    )
