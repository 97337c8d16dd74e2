"""What engines say and hear, as messages of the line, and back. Each field is named once, in its class."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from midifrag.audio import Audio, SourceSound
from midifrag.engine.line import messages as line
from midifrag.engine.messages import EngineInfo, Render, Rendered

#: What of an `EngineInfo` has another name on the line, where ``model`` is what a client asks for.
_RENAMED = {"model": "name"}
#: Samples travel as these, whatever the machines at the ends count in.
_SAMPLES = np.dtype("<f4")


#: What of a `Render` a wish says otherwise, or not at all.
_OTHERWISE = ("sound", *line.FILES)


def wish_of(render: Render, sound: line.Sound | None = None, loras: tuple[line.LoraFile, ...] = ()) -> line.Wish:
    """What a render asks for, without its number, which means something at home alone.

    ``sound`` and ``loras`` are what is uploaded of it. Raises `pydantic.ValidationError` for what does not fit.
    """
    said = {name: getattr(render, name) for name in line.Wish.model_fields if name not in _OTHERWISE}
    return line.Wish(**said | {"sound": sound, "loras": loras})


def render_of(wish: line.Wish, job: int, sound: SourceSound | None = None, loras: str | None = None) -> Render:
    """A wish as a job of this machine's own number, with what was uploaded of it."""
    said = {name: getattr(wish, name) for name in type(wish).model_fields if name not in _OTHERWISE}
    return Render(job=job, **said, sound=sound, loras=loras)


def told_info(model: str, info: EngineInfo) -> line.Info:
    """What a client hears of a loaded model, which it asks for as ``model``."""
    values = {_RENAMED.get(one.name, one.name): getattr(info, one.name) for one in fields(EngineInfo)}
    values["memory"] = {what: round(size) for what, size in info.memory.items()}
    return line.Info(**values | {"model": model})


def heard_info(info: line.Info, model: str, server: str) -> EngineInfo:
    """What the home makes of that: ``model`` is what it is called there, and its device is the server's."""
    values = {one.name: getattr(info, _RENAMED.get(one.name, one.name)) for one in fields(EngineInfo)}
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
