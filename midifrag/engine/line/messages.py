"""Every message of the line with its fields, their types and limits: the one table that both ends and the docs read.

A job is known by an id that its client makes, 32 hexadecimal digits, unique among those of its token: what is asked
again under the same id is the same job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from midifrag.config.parameters import PARAMETERS, RequestParameters, names_of

#: What a client asks for when it connects, and a server answers: the version of these messages.
SUBPROTOCOL = "midifrag.1"
#: Characters of a prompt, and of a line that is told.
MOST_TEXT, MOST_LINE = 20_000, 2_000
#: Renders in one `Warm`.
MOST_WISHES = 32
#: Bytes of one take: twelve minutes of stereo at 96 kHz.
MOST_AUDIO = 1 << 29
#: The most of a number: what msgpack and records hold alike.
MOST = 2**63 - 1

#: Parameters that are text and travel; numbers do all. One that names files of a machine must not be in here: a server
#: would open, for whoever has a token, what that asks for.
TEXTS = ("negative_prompt", "sampler", "schedule", "guidance", "conditioning", "morph")
#: Those that stay at home, with what is told of a press that has them.
AT_HOME = {"loras": "LoRAs are files of this machine, which do not travel"}

JobId: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="the job's id")]
Name: TypeAlias = Annotated[str, Field(max_length=200)]
Line: TypeAlias = Annotated[str, Field(max_length=MOST_LINE)]
Whole: TypeAlias = Annotated[int, Field(ge=0, le=MOST)]
Real: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Place: TypeAlias = Annotated[
    Name, Field(description="which of the server's engines has it, as `queued` said; or none")
]
_Model: TypeAlias = Annotated[Name, Field(description="the model's name there; empty for the server's first")]


class Part(BaseModel):
    """A piece of a message: it has its keys, and no others, of exactly their types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Message(Part):
    """A message, whose `kind` is the ``is`` of its header."""

    takes_raw: ClassVar[bool] = False

    @classmethod
    def kind(cls) -> str:
        """What its class is called, as the line has it: ``in_small``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


def _wish() -> type[Part]:
    """What `midifrag.engine.messages.Render` has but its number: every parameter that travels, of its type.

    Limits are the engine's to check, which knows what makes a take of the archive again.
    """
    fields: dict[str, Any] = {"prompt": (str, Field(max_length=MOST_TEXT, description=PARAMETERS["prompt"].line))}
    for name in names_of(RequestParameters):
        one = PARAMETERS[name]
        if one.kind is str and name not in TEXTS:
            continue
        bounds: dict[str, Any] = {"max_length": MOST_TEXT} if one.kind is str else {}
        if one.kind is float:
            bounds["allow_inf_nan"] = False
        fields[name] = (one.kind | None, Field(default=None, description=one.line, **bounds))
    fields["negative_prompt"] = (str, Field(default="", max_length=MOST_TEXT, description="what it should not be like"))
    fields["seed"] = (int, Field(ge=0, le=2**32 - 1, description="the seed, drawn already"))
    fields["spare"] = (bool, Field(default=False, description="rendered only while nothing else is to do"))
    fields["recorded"] = (bool, Field(default=False, description="makes a take of the archive again"))
    bpm = Field(default=None, gt=0, allow_inf_nan=False, description="the tempo of its press")
    fields["bpm"] = (float | None, bpm)
    return create_model("Wish", __base__=Part, __doc__="What is to be rendered.", **fields)


Wish = _wish()


# --- from a client ---------------------------------------------------------------------------------------------------


class Ask(Message):
    """Render this; or, where this job is known already, say what becomes of it from here on. Answered in any case."""

    job: JobId
    model: _Model = ""
    wish: Wish = Field(description="what is to be rendered")  # type: ignore[valid-type]
    have: Whole = Field(default=0, description="bytes of its audio that the client has from an earlier connection")
    place: _Place = ""


class Cancel(Message):
    """Drop a job."""

    job: JobId
    model: _Model = ""
    place: _Place = ""


class Promote(Message):
    """A spare became a press: it goes first now."""

    job: JobId
    model: _Model = ""
    place: _Place = ""


class Kept(Message):
    """The client has all of it: the server may forget the job."""

    job: JobId
    model: _Model = ""
    place: _Place = ""


class Warm(Message):
    """Prepare for renders like these."""

    model: _Model = ""
    wishes: Annotated[tuple[Wish, ...], Field(strict=False, max_length=MOST_WISHES)] = ()  # type: ignore[valid-type]


class Received(Message):
    """So many bytes of audio have been taken in on this connection: as many may come beyond them as `welcome` says."""

    total: Whole


class Ping(Message):
    """Is there anybody? Four times a second, while a client is connected."""

    number: Whole = 0


class Look(Message):
    """How does the server stand? Answered with `status`."""


# --- from a server ---------------------------------------------------------------------------------------------------


class Welcome(Message):
    """The first message of each connection."""

    server: Line = Field(description="midifrag's version there")
    models: Annotated[tuple[Name, ...], Field(strict=False, max_length=999, description="the models it plays")]
    window: Whole = Field(description="bytes of audio that it sends before it wants to hear that they were received")
    keeps: Real = Field(description="seconds that it keeps a take, for a client that comes back")
    in_flight: Whole = Field(description="jobs that a token may have at once")
    seconds_a_minute: Real = Field(description="seconds of audio that a token may ask for in a minute")


class Info(Message):
    """A model is loaded, and this is what it is."""

    model: Name
    engine: Line
    name: Line = Field(description="the model, as its engine calls it")
    checksum: Line
    device: Line
    precision: Line
    sample_rate: Annotated[int, Field(ge=1, le=10_000_000)]
    channels: Annotated[int, Field(ge=1, le=64)]
    max_seconds: Annotated[float, Field(gt=0)]
    samplers: Annotated[tuple[Name, ...], Field(strict=False, max_length=999)] = ()
    deterministic: bool = True
    memory: Annotated[dict[str, Whole], Field(max_length=99, description="in bytes, by what it is for")] = {}
    warmed: Line = ""
    min_seconds: Real = 0.0
    remark: Line = ""
    noise: Line = ""
    hears_tempo: bool = False


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
    place: _Place = ""


class Began(Message):
    """A job has begun on the device."""

    job: JobId


class Progress(Message):
    """A job has done ``step`` of ``of`` steps; at most twenty times a second."""

    job: JobId
    step: Whole
    of: Whole


class Audio(Message):
    """A piece of a job's audio: little-endian float32, one channel after the other."""

    takes_raw: ClassVar[bool] = True
    job: JobId
    start: Whole = Field(description="where it begins, in bytes")


class Rendered(Message):
    """A job is done; its audio has been sent before, from where the client had it."""

    job: JobId
    channels: Annotated[int, Field(ge=1, le=64)]
    samples: Annotated[int, Field(ge=1, le=MOST_AUDIO // 4)]
    sample_rate: Annotated[int, Field(ge=1, le=10_000_000)]
    used: Annotated[dict[str, Annotated[str, Field(max_length=MOST_TEXT)] | int | float | None], Field(max_length=999)]
    engine_seconds: Real
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="of all bytes of its audio")]
    notes: Annotated[tuple[Line, ...], Field(strict=False, max_length=99)] = ()

    @property
    def size(self) -> int:
        """Bytes of its audio."""
        return 4 * self.channels * self.samples


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
    """The server ends: it takes no new jobs, finishes those in flight and closes with 1012."""


class Pong(Message):
    """The answer to a ping."""

    number: Whole = 0


class ModelStatus(Part):
    """How one model stands."""

    model: Name
    state: Literal["loading", "ready", "away"]
    replicas: Whole
    queued: Whole
    rendering: Whole
    rendered: Whole = Field(description="takes since the start")
    failed: Whole
    text: Line = ""
    step_ms: Real | None = Field(default=None, description="milliseconds of a step, the median of the last")
    audio_ms: Real | None = Field(default=None, description="milliseconds from the request to its audio, likewise")


class Status(Message):
    """How the server stands."""

    connections: Whole
    draining: bool
    models: Annotated[tuple[ModelStatus, ...], Field(strict=False, max_length=999)]


FROM_CLIENTS: tuple[type[Message], ...] = (Ask, Cancel, Promote, Kept, Warm, Received, Ping, Look)
FROM_SERVERS: tuple[type[Message], ...] = (
    Welcome, Info, Loading, Away, Queued, Began, Progress, Audio, Rendered, Failed, Cancelled, Refused, Moving, Pong,
    Status,
)  # fmt: skip
CLIENT_KINDS: Mapping[str, TypeAdapter[Any]] = {one.kind(): TypeAdapter(one) for one in FROM_CLIENTS}
SERVER_KINDS: Mapping[str, TypeAdapter[Any]] = {one.kind(): TypeAdapter(one) for one in FROM_SERVERS}
#: Kinds that raw bytes belong to.
RAW = frozenset(one.kind() for one in (*FROM_CLIENTS, *FROM_SERVERS) if one.takes_raw)
