"""What the player is told: what was made, what landed, and how it is mixed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import assert_never

from midifrag.bridge.jobs import Job
from midifrag.config.settings import Settings
from midifrag.config.targets import GAIN_LIMITS, named
from midifrag.events import ControlChanged
from midifrag.fragment.writer_events import (
    GivenUp,
    Held,
    LandCancelled,
    Landed,
    LandFailed,
    LandingEvent,
    Made,
    Missed,
    Refused,
    TakeArchived,
    Waits,
)
from midifrag.playback.levels import linear
from midifrag.playback.messages import Drop, Load, Mix, PlayerCommand, Start, Stop


class Sounds:
    """Tells the player by ``play``, which never blocks; without a player it does nothing."""

    def __init__(self, settings: Settings, play: Callable[[PlayerCommand], None]) -> None:
        self._play = play
        self._gain = settings.playback.gain
        self._master = 0.0
        #: The jobs whose boundary the player knows.
        self._awaited: set[int] = set()
        #: The jobs that land for the files alone: after a panic, or when their pad was let go.
        self._silent: set[int] = set()

    def made(self, made: Made) -> None:
        """A fragment's samples are final, and will land soon."""
        self._play(Load(made.job, made.audio, made.sample_rate, made.loop))

    def await_boundary(self, job: Job) -> None:
        """A fragment sounds in its slot from its boundary on; the same job once more has another one."""
        if job.number in self._silent:
            return
        if job.slot is not None and job.boundary is not None:
            self._awaited.add(job.number)
            self._start(job, job.slot, job.boundary.at)

    def hear(self, event: LandingEvent, find: Callable[[int], Job | None]) -> None:
        """Let what lands sound, and what does not land go; ``find`` knows the jobs that have not ended."""
        match event:
            case Landed(number, slot):
                job = find(number)
                if job is not None:
                    self.landed(job, slot)
                else:
                    self.drop(number)
            case LandFailed(number) | GivenUp(number) | LandCancelled(number):
                self.drop(number)
            case TakeArchived() | Waits() | Missed() | Held() | Refused():
                pass
            case _:
                assert_never(event)

    def landed(self, job: Job, slot: int) -> None:
        """A fragment lies in its slot: it sounds now, unless the player knows when."""
        if job.number in self._silent:
            self.drop(job.number)
        elif job.number in self._awaited:
            self._awaited.discard(job.number)
        else:
            self._start(job, slot, None)

    def _start(self, job: Job, slot: int, at: float | None) -> None:
        pad = job.origin.pad
        level, choke = (linear(pad.gain), pad.choke) if pad else (1.0, None)
        self._play(Start(job.number, slot, at, level, choke))

    def drop(self, job: int) -> None:
        """A fragment will not land."""
        self._awaited.discard(job)
        self._silent.discard(job)
        self._play(Drop(job))

    def panic(self, landing: Collection[int]) -> None:
        """End all that sounds; the jobs that are ``landing`` all the same will not sound."""
        self._silent.update(landing)
        self._play(Stop())

    def hush(self, job: int) -> None:
        """A fragment lands for its file alone."""
        self._silent.add(job)

    def is_hushed(self, job: int) -> bool:
        """Whether a fragment that is on its way will not be heard."""
        return job in self._silent

    def stop(self, slot: int | None) -> None:
        """End what sounds in a slot, or everywhere."""
        self._play(Stop(slot))

    def use(self, settings: Settings) -> None:
        """Another configuration is in use."""
        if settings.playback.gain != self._gain:
            self._gain = settings.playback.gain
            self._mix_master()

    def follow(self, change: ControlChanged) -> None:
        """Mix as a live value says, if it is one of the mix; without a value, as a set begins."""
        found = named(change.name)
        if found is None or not found[0].mixes:
            return
        (target, slot), value = found, change.value or 0.0
        if str(target) == "pan":
            self._play(Mix(slot, pan=value))
        elif str(target) == "mute":
            self._play(Mix(slot, muted=value >= 0.5))
        elif slot is not None:
            self._play(Mix(slot, gain=value))
        else:
            self._master = value
            self._mix_master()

    def _mix_master(self) -> None:
        silent, most = GAIN_LIMITS
        gain = silent if self._master <= silent else min(max(self._gain + self._master, silent), most)
        self._play(Mix(None, gain=gain))
