"""What engines say and hear, as messages of the line, and back. Each field is named once, in its class."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from midifrag.audio import Audio
from midifrag.engine.line import messages as line
from midifrag.engine.messages import EngineInfo, Render, Rendered
from midifrag.errors import LineError

#: What of an `EngineInfo` has another name on the line, where ``model`` is what a client asks for.
_RENAMED = {"model": "name"}
#: Samples travel as these, whatever the machines at the ends count in.
_SAMPLES = np.dtype("<f4")


def wish_of(render: Render) -> Any:
    """What a render asks for, without its number, which means something at home alone.

    Raises `LineError` for what stays at home.
    """
    for name, told in line.AT_HOME.items():
        if getattr(render, name) is not None:
            raise LineError(told)
    if render.sound is not None:
        raise LineError("a sound that a pad begins from is of this machine, and does not travel")
    return line.Wish(**{name: getattr(render, name) for name in line.Wish.model_fields})


def render_of(wish: Any, job: int) -> Render:
    """A wish as a job of this machine's own number."""
    return Render(job=job, **{name: getattr(wish, name) for name in type(wish).model_fields})


def told_info(model: str, info: EngineInfo) -> line.Info:
    """What a client hears of a loaded model, which it asks for as ``model``."""
    # Sounds stay at home, so that nothing there begins from one.
    told = [one.name for one in fields(EngineInfo) if one.name != "begins_from"]
    values = {_RENAMED.get(name, name): getattr(info, name) for name in told}
    values["memory"] = {what: round(size) for what, size in info.memory.items()}
    return line.Info(**values | {"model": model})


def heard_info(info: line.Info, model: str, server: str) -> EngineInfo:
    """What the home makes of that: ``model`` is what it is called there, and its device is the server's."""
    renamed = {new: old for old, new in _RENAMED.items()}
    values = {renamed.get(name, name): getattr(info, name) for name in type(info).model_fields if name != "model"}
    return EngineInfo(**values | {"model": model, "device": f"{info.device} of {server}"})


def packed(audio: Audio) -> bytes:
    """Samples as bytes: little-endian float32, one channel after the other."""
    return np.ascontiguousarray(audio, _SAMPLES).tobytes()


def unpacked(data: bytes | bytearray, channels: int) -> Audio:
    """The samples again, of shape (channels, samples)."""
    return np.frombuffer(data, _SAMPLES).astype(np.float32).reshape(channels, -1)


def told_take(job: str, take: Rendered, sha256: str) -> line.Rendered:
    """What a client hears of a take, beside its audio."""
    channels, samples = take.audio.shape
    return line.Rendered(
        job=job,
        channels=channels,
        samples=samples,
        sample_rate=take.sample_rate,
        used={name: value[: line.MOST_TEXT] if isinstance(value, str) else value for name, value in take.used.items()},
        engine_seconds=take.engine_seconds,
        sha256=sha256,
        notes=tuple(note[: line.MOST_LINE] for note in take.notes[:99]),
    )
