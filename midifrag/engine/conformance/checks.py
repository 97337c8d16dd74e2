"""Assertions without pytest, and what workers and whole engines promise alike."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TypeVar

import numpy as np

from midifrag.audio import Audio
from midifrag.engine.messages import EngineEvent, EngineInfo, Render, Rendered
from midifrag.errors import RequestError

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


def require_form(take: Rendered, info: EngineInfo, seconds: float) -> None:
    """float32, (channels, samples), the length asked for, finite, not silent, at the rate that was announced."""
    audio = take.audio
    require(take.sample_rate == info.sample_rate, f"{take.sample_rate} Hz and not {info.sample_rate}")
    require(audio.dtype == np.float32, f"the audio is {audio.dtype}")
    wanted = (info.channels, round(seconds * info.sample_rate))
    require(audio.shape == wanted, f"the audio has shape {audio.shape} and not {wanted}")
    require(bool(np.isfinite(audio).all()), "the audio is not finite")
    require(float(np.abs(audio).max()) > 0, "the audio is silent")
    require(take.engine_seconds >= 0, "engine_seconds is negative")


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
