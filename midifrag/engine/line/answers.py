"""What a server says to a client."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from midifrag.engine.line.parts import (
    MOST_AUDIO,
    MOST_PARCELS,
    MOST_TEXT,
    Channels,
    Coding,
    JobId,
    Line,
    Message,
    Name,
    Part,
    Place,
    Real,
    SampleRate,
    Samples,
    Sha256,
    Whole,
)


class Welcome(Message):
    """The first message of each connection."""

    server: Line = Field(description="midifrag's version there")
    models: Annotated[tuple[Name, ...], Field(strict=False, max_length=999, description="the models it plays")]
    window: Whole = Field(description="bytes of audio that it sends before it wants to hear that they were received")
    keeps: Real = Field(description="seconds that it keeps a take, for a client that comes back")
    in_flight: Whole = Field(description="jobs that a token may have at once")
    seconds_a_minute: Real = Field(description="seconds of audio that a token may ask for in a minute")
    warm_a_minute: Whole = Field(default=0, description="renders that a token may have prepared for in a minute")
    upload_window: Whole = Field(
        default=0, description="bytes of uploads that may come before `taken` has told of them"
    )
    drains: Real = Field(default=0.0, description="seconds that it waits, at its end, for takes to be fetched")
    minor: Whole = Field(default=0, description="the minor version of these messages that it speaks")


class Info(Message):
    """A model is loaded, and this is what it is."""

    model: Name
    engine: Line
    name: Line = Field(description="the model, as its engine calls it")
    checksum: Line
    device: Line
    precision: Line
    sample_rate: SampleRate
    channels: Channels
    max_seconds: Annotated[float, Field(gt=0)]
    samplers: Annotated[tuple[Name, ...], Field(strict=False, max_length=999)] = ()
    deterministic: bool = True
    memory: dict[str, Whole] = Field(default={}, max_length=99, description="in bytes, by what it is for")
    warmed: Line = ""
    min_seconds: Real = 0.0
    remark: Line = ""
    noise: Line = ""
    hears_tempo: bool = False
    begins_from: Annotated[tuple[Literal["sound", "part"], ...], Field(strict=False, max_length=2)] = ()
    sound_bytes: Whole = Field(default=0, description="the most of a sound that is uploaded; 0: it takes none")
    lora_bytes: Whole = Field(default=0, description="the most of a LoRA's file that is uploaded")
    upload_bytes: Whole = Field(default=0, description="of all uploads of a token that are kept at once")


class Loading(Message):
    """A model is being loaded or warmed up."""

    model: Name
    done: Whole
    total: Whole
    what: Line = ""
    playable: bool = False


class Away(Message):
    """A model's engine is gone there; `info` follows when it is back."""

    model: Name
    reason: Line
    returns: bool = True


class Queued(Message):
    """A job waits, behind so many others; said at once, and every two seconds while it waits."""

    job: JobId
    ahead: Whole | None = Field(default=None, description="none where all engines are busy and it has no place yet")
    place: Place = ""


class Wanted(Part):
    """An upload that a server lacks: it is asked for anew, with another ticket, where it came otherwise or was lost."""

    sha256: Sha256
    ticket: Whole = Field(description="what its pieces name it by")
    have: Whole = Field(default=0, description="bytes of it that are there, where it goes on")


class Lacking(Message):
    """A job, or what was offered, waits for uploads."""

    job: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = Field(
        description="the job's id; empty: what was offered"
    )
    place: Place = ""
    uploads: Annotated[tuple[Wanted, ...], Field(strict=False, max_length=MOST_PARCELS)]


class Taken(Message):
    """So many bytes of uploads have been taken in on this connection."""

    total: Whole


class Began(Message):
    """A job has begun on the device."""

    job: JobId


class Progress(Message):
    """A job has done ``step`` of ``of`` steps; at most twenty times a second."""

    job: JobId
    step: Whole
    of: Whole


class Audio(Message):
    """A piece of a job's audio, in the coding that `rendered` names."""

    takes_raw: ClassVar[bool] = True
    job: JobId
    start: Whole = Field(description="where it begins, in bytes")


class Rendered(Message):
    """A job is done; its audio has been sent before, from where the client had it."""

    job: JobId
    channels: Channels
    samples: Samples
    sample_rate: SampleRate
    used: Annotated[dict[str, Annotated[str, Field(max_length=MOST_TEXT)] | int | float | None], Field(max_length=999)]
    engine_seconds: Real
    sha256: Sha256 = Field(description="of all bytes of its audio, as they travel")
    notes: Annotated[tuple[Line, ...], Field(strict=False, max_length=99)] = ()
    coding: Coding = "float32"
    packed: Annotated[int, Field(ge=0, le=MOST_AUDIO)] = Field(default=0, description="bytes of its audio as FLAC")
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        default=1.0, description="what samples of FLAC are multiplied with: the peak of the take"
    )

    @property
    def size(self) -> int:
        """Bytes of its audio, as they travel."""
        return 4 * self.channels * self.samples if self.coding == "float32" else self.packed


class Failed(Message):
    """A job ended without audio."""

    job: JobId
    reason: Line
    not_finite: bool = False


class Cancelled(Message):
    """A job was dropped on request."""

    job: JobId


class Refused(Message):
    """A job that was asked for is not taken; ``why`` is for programs."""

    job: JobId
    reason: Line
    why: Literal["quota", "moving", "model", "differs", "request"]


class Moving(Message):
    """The server ends: it takes no new jobs, finishes those in flight, and closes with 1012."""


class Pong(Message):
    """The answer to a ping."""

    number: Whole = 0


class ModelStatus(Part):
    """How one model stands."""

    model: Name
    state: Literal["loading", "ready", "away"]
    replicas: Whole
    queued: Whole = Field(description="jobs that wait for an engine")
    uploading: Whole = Field(default=0, description="jobs that wait for uploads")
    rendering: Whole
    rendered: Whole = Field(description="takes since the start")
    failed: Whole
    unfetched: Whole = Field(default=0, description="takes that their clients have not got yet")
    text: Line = ""
    step_ms: Real | None = Field(default=None, description="milliseconds of a step, the median of the last")
    audio_ms: Real | None = Field(default=None, description="milliseconds from the request to its audio, likewise")


class Status(Message):
    """How the server stands."""

    connections: Whole
    draining: bool
    models: Annotated[tuple[ModelStatus, ...], Field(strict=False, max_length=999)]
