"""What an engine's events must hold, field by field: whoever writes one may have made a mistake in any of them."""

from __future__ import annotations

import math
import operator
import reprlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

import numpy as np

from midifrag.audio import Audio
from midifrag.config.parameters import PARAMETERS, Value
from midifrag.engine.messages import (
    Cancelled,
    Died,
    EngineEvent,
    EngineInfo,
    Failed,
    Progress,
    Ready,
    Rendered,
    Resumed,
    Stalled,
    Started,
    Warming,
)
from midifrag.errors import OddEventError

#: The largest whole number that a record of the archive can hold, and the largest seed.
MOST, MOST_SEED = 2**63 - 1, 2**32 - 1
#: Characters of a text that is told in one line.
LINE = 500


def checked(said: object, info: EngineInfo | None = None) -> EngineEvent:
    """The event that was ``said``, its numbers and texts plain ones. Raises `OddEventError` for what is none.

    ``info`` is what the engine says of itself, if that is known: its takes must have its rate and channels.
    """
    if not isinstance(said, EngineEvent):
        raise OddEventError(f"{_short(said)} is no event")
    try:
        return _checked(said, info)
    except OddEventError:
        raise
    except Exception as error:  # a value of a guest's own kind may fail at anything that is asked of it
        raise OddEventError(f"{type(said).__name__} cannot be read: {type(error).__name__}") from error


def _checked(event: EngineEvent, info: EngineInfo | None) -> EngineEvent:
    match event:
        case Started(job) | Cancelled(job):
            return replace(event, job=whole("job", job))
        case Progress(job, step, of):
            step, of = whole("step", step), whole("of", of)
            if step > of:
                raise OddEventError(f"step {step} is more than {of}")
            return Progress(whole("job", job), step, of)
        case Rendered():
            return _rendered(event, info)
        case Failed():
            return _failed(event, info)
        case Warming(done, total, what, playable):
            return Warming(whole("done", done), whole("total", total), text("what", what), bool(playable))
        case Ready(told):
            return Ready(checked_info(told))
        case Stalled(seconds):
            return Stalled(real("seconds", seconds))
        case Died(reason, jobs, restarting, finishing):
            lost = tuple(whole("job", job) for job in jobs)
            return Died(text("reason", reason), lost, bool(restarting), finishing is True)
        case Resumed():
            return event
        case _:
            assert_never(event)


def _rendered(event: Rendered, info: EngineInfo | None) -> Rendered:
    rate = whole("sample_rate", event.sample_rate, 1)
    audio = checked_audio(event.audio)
    if info is not None and len(audio) != info.channels:
        raise OddEventError(f"audio has {len(audio)} channels and not {info.channels}")
    if info is not None and rate != info.sample_rate:
        raise OddEventError(f"sample_rate is {rate} and not {info.sample_rate}")
    if not isinstance(event.notes, tuple | list):
        raise OddEventError(f"notes is {_short(event.notes)} and no tuple of texts")
    return Rendered(
        job=whole("job", event.job),
        audio=audio,
        sample_rate=rate,
        used=_used(event.used),
        engine_seconds=real("engine_seconds", event.engine_seconds),
        notes=tuple(text("notes", note) for note in event.notes),
    )


def _failed(event: Failed, info: EngineInfo | None) -> Failed:
    """A failure stays one, whatever is odd about it but its job."""
    audio, rate = kept_audio(event, info)
    try:
        reason = text("reason", event.reason)
    except OddEventError:
        reason = f"it failed without a reason ({_short(event.reason)})"
    return Failed(whole("job", event.job), reason, audio, rate, not_finite=event.not_finite is True)


def kept_audio(event: Rendered | Failed, info: EngineInfo | None) -> tuple[Audio, int] | tuple[None, None]:
    """Audio and rate of what must not be played but may be kept, in the archive."""
    try:
        audio, rate = checked_audio(event.audio), real("sample_rate", event.sample_rate, 1)
    except Exception:
        return None, None
    if rate != round(rate) or (info is not None and len(audio) != info.channels):
        return None, None
    return audio, round(rate)


def checked_info(info: object) -> EngineInfo:
    """``info``, if it is one. Raises `OddEventError`."""
    if not isinstance(info, EngineInfo):
        raise OddEventError(f"info is {_short(info)} and no EngineInfo")
    for name in ("engine", "model", "checksum", "device", "precision", "warmed", "remark", "noise"):
        text(name, getattr(info, name))
    whole("sample_rate", info.sample_rate, 1)
    whole("channels", info.channels, 1)
    if math.isnan(float(info.max_seconds)) or info.max_seconds <= 0:
        raise OddEventError(f"max_seconds is {_short(info.max_seconds)}")
    real("min_seconds", info.min_seconds)
    if not isinstance(info.samplers, tuple | list) or not isinstance(info.memory, Mapping):
        raise OddEventError(f"samplers is {_short(info.samplers)}, memory {_short(info.memory)}")
    for sampler in info.samplers:
        text("samplers", sampler)
    if not isinstance(info.begins_from, tuple | list) or not set(info.begins_from) <= {"sound", "part"}:
        raise OddEventError(f"begins_from is {_short(info.begins_from)}")
    for what, size in info.memory.items():
        real(text("memory", what), size)
    return info


def checked_audio(audio: object) -> Audio:
    """``audio``, if it is float32 of shape (channels, samples), with some of both. Raises `OddEventError`."""
    if not isinstance(audio, np.ndarray):
        raise OddEventError(f"audio is {_kind(audio)} and no array")
    if audio.ndim != 2 or 0 in audio.shape:
        raise OddEventError(f"audio has shape {audio.shape} and not (channels, samples)")
    if audio.dtype != np.float32:
        raise OddEventError(f"audio is {audio.dtype} and not float32")
    return audio


def _used(used: object) -> dict[str, Value]:
    if not isinstance(used, Mapping):
        raise OddEventError(f"used is {_short(used)} and no mapping of parameters")
    return {_name(name): _value(f"used[{name!r}]", name, value) for name, value in used.items()}


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise OddEventError(f"used has {_short(name)} for a name")
    return _writable(name)


def _value(what: str, name: str, value: Any) -> Value:
    """A parameter's value, of the kind that the parameters' table has for it, if it is in there."""
    value = value.item() if isinstance(value, np.generic) else value
    parameter = PARAMETERS.get(name)
    if value is None:
        return None
    if name == "seed":
        return whole(what, value, most=MOST_SEED)
    is_number = isinstance(value, int | float)
    if not (is_number or isinstance(value, str)) or (parameter is not None and is_number is (parameter.kind is str)):
        raise OddEventError(f"{what} is {_short(value)}")
    if isinstance(value, str):
        return _writable(value)
    number: int | float = value
    if not math.isfinite(number) or abs(number) > MOST:
        raise OddEventError(f"{what} is {_short(value)}")
    return number


def whole(what: str, value: Any, least: int = 0, most: int = MOST) -> int:
    """A whole number from ``least`` to ``most``, of Python's or of numpy's. Raises `OddEventError`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise OddEventError(f"{what} is {_short(value)} and no whole number") from None
    if isinstance(value, bool) or not least <= number <= most:
        raise OddEventError(f"{what} is {_short(value)}")
    return number


def real(what: str, value: Any, least: float = 0.0) -> float:
    """A finite number from ``least`` on, of Python's or of numpy's. Raises `OddEventError`."""
    if not isinstance(value, int | float | np.number) or isinstance(value, bool):
        raise OddEventError(f"{what} is {_short(value)} and no number")
    number = float(value)
    if not math.isfinite(number) or number < least:
        raise OddEventError(f"{what} is {_short(value)}")
    return number


def text(what: str, value: object) -> str:
    """A text in one line that can be written anywhere. Raises `OddEventError` for what is none."""
    if not isinstance(value, str):
        raise OddEventError(f"{what} is {_short(value)} and no text")
    line = " ".join(_writable(value).split())
    return line if len(line) <= LINE else f"{line[: LINE - 1]}…"


def _writable(value: str) -> str:
    """Half a surrogate pair is in no encoding."""
    return value.encode("utf-8", "replace").decode()


def _kind(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _short(value: object) -> str:
    return " ".join(reprlib.repr(value).split())
