"""Assertions without pytest, and what workers and whole engines promise alike."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TypeVar

import numpy as np

from midifrag.audio import Audio
from midifrag.engine.event_checks import checked
from midifrag.engine.messages import Cancelled, EngineEvent, EngineInfo, Failed, JobEvent, Ready, Render, Rendered
from midifrag.errors import OddEventError, RequestError

E = TypeVar("E", bound=EngineEvent)

_RENDER_FIELDS = tuple(Render.__dataclass_fields__)


def require(condition: bool, otherwise: str) -> None:
    """Assert that also works under ``python -O``."""
    if not condition:
        raise AssertionError(otherwise)


@contextlib.contextmanager
def must_refuse(what: object) -> Iterator[None]:
    """Fail unless the block raises `RequestError`."""
    try:
        yield
    except RequestError:
        return
    raise AssertionError(f"{what} was not refused with RequestError")


def require_kind(kind: type[E], event: EngineEvent) -> E:
    """The event, which must be of this kind."""
    if not isinstance(event, kind):
        raise AssertionError(f"{event} came instead of {kind.__name__}")  # noqa: TRY004 — a failed test
    return event


class Witness:
    """Hears all that an engine says, and that it is what `midifrag.engine.messages` has, of jobs in flight alone.

    On stage, midifrag makes a failure of an odd end and leaves out the rest; here each is told to the engine's author.
    """

    def __init__(self) -> None:
        self._in_flight: set[int] = set()
        self._info: EngineInfo | None = None

    def asked(self, job: int) -> None:
        """A job goes to the engine."""
        self._in_flight.add(job)

    def cancelled(self, job: int) -> None:
        """The engine let go of a job: it says nothing of it any more."""
        self._in_flight.discard(job)

    def knows(self, info: EngineInfo) -> None:
        """What the engine says of itself."""
        self.hear(Ready(info))

    def hear(self, said: EngineEvent) -> None:
        """Raise `AssertionError` if that was odd, or of a job that the engine has not or that has ended."""
        try:
            checked(said, self._info)
        except OddEventError as error:
            raise AssertionError(f"{type(said).__name__}: {error}") from error
        if isinstance(said, Ready):
            self._info = said.info
        if isinstance(said, JobEvent):
            told = f"{type(said).__name__} of job {said.job}, which"
            require(said.job in self._in_flight, f"{told} is not in flight (never asked for, or ended before)")
            if isinstance(said, Rendered | Failed | Cancelled):
                self._in_flight.discard(said.job)


def require_form(take: Rendered, info: EngineInfo, seconds: float) -> None:
    """float32, (channels, samples), the length asked for, finite, not silent, at the rate that was announced."""
    audio = take.audio
    require(take.sample_rate == info.sample_rate, f"{take.sample_rate} Hz and not {info.sample_rate}")
    require(audio.dtype == np.float32, f"the audio is {audio.dtype}")
    wanted = (info.channels, round(seconds * info.sample_rate))
    require(audio.shape == wanted, f"the audio has shape {audio.shape} and not {wanted}")
    require(bool(np.isfinite(audio).all()), "the audio is not finite")
    require(float(np.abs(audio).max()) > 0, "the audio is silent")


def require_same(one: Audio, other: Audio, tolerance: float, how: str) -> None:
    """Two takes whose largest difference, relative to the peak, is within ``tolerance``."""
    require(one.shape == other.shape, f"{how}, the take has another shape: {one.shape} and {other.shape}")
    difference = float(np.abs(one - other).max() / np.abs(one).max())
    require(difference <= tolerance, f"{how}, the take differs by {difference:.2g} of its peak")


def parameters_to_render_again(take: Rendered) -> dict[str, str | int | float]:
    """What a take says that made it, for another `Render`; prompt, seconds and seed must be among it."""
    used = {name: value for name, value in take.used.items() if name in _RENDER_FIELDS and value is not None}
    require({"prompt", "seconds", "seed"} <= set(used), f"used lacks something: {sorted(take.used)}")
    return used
