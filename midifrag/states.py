"""The states that are told everywhere in the same words: on lights, the page, the terminal and in the log."""

from __future__ import annotations

from enum import StrEnum


class PadState(StrEnum):
    """What a pad shows."""

    IDLE = "idle"
    READY = "ready"
    #: It is held down, and what it will ask for grows as long as it is.
    GROWING = "growing"
    QUEUED = "queued"
    RENDERING = "rendering"
    #: Its engine shows no progress.
    STALLED = "stalled"
    #: Its fragment lies beside its slot until its boundary.
    WAITING = "waiting"
    LANDED = "landed"
    #: What it landed last sounds.
    SOUNDING = "sounding"
    HELD = "held"
    REFUSED = "refused"
    FAILED = "failed"


#: The states of a pad that a performer is told the reason of.
TROUBLES = frozenset({PadState.STALLED, PadState.HELD, PadState.REFUSED, PadState.FAILED})
#: The states of a pad that is on its way to a boundary.
COUNTS_DOWN = frozenset({PadState.QUEUED, PadState.RENDERING, PadState.WAITING})


#: The states of a pad that something is on its way for.
UNDER_WAY = frozenset({PadState.QUEUED, PadState.RENDERING, PadState.STALLED, PadState.WAITING, PadState.HELD})


class JobState(StrEnum):
    """How far a job has come, or how it ended."""

    QUEUED = "queued"
    RENDERING = "rendering"
    #: It is made, and waits for its boundary.
    WAITING = "waiting"
    HELD = "held"
    LANDED = "landed"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether a job changes no more after it."""
        return self in (JobState.LANDED, JobState.REFUSED, JobState.FAILED, JobState.CANCELLED)

    @property
    def on_pad(self) -> PadState:
        """What the pad of such a job shows; a cancelled one leaves it idle."""
        return PadState.IDLE if self is JobState.CANCELLED else PadState(self.value)


class JobKind(StrEnum):
    """What began a job."""

    PAD = "pad"
    PROMPT = "prompt"
    #: An archived take that lands again: nothing is rendered.
    TAKE = "take"


class EngineState(StrEnum):
    """How an engine stands; one that was never heard of is starting."""

    WARMING = "warming"
    READY = "ready"
    #: No progress; it goes on, or is replaced.
    STALLED = "stalled"
    RESTARTING = "restarting"
    LOST = "lost"


class NoticeLevel(StrEnum):
    """How much a notice matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
