"""What the show and the script in Live say to each other: one JSON object a line, over a socket of this machine.

Both sides are strict: a line that is too long, or no message with just these keys, ends the connection.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from midifrag.config.ableton import AbletonSettings
from midifrag.fragment.file_names import MOST_SLOTS
from midifrag.legible import legible

#: The wire's version, and that of the script that belongs to this midifrag.
WIRE, SCRIPT = 1, 1
#: Bytes of a line, its end included.
LONGEST_LINE = 64 * 1024
#: Seconds between two pings, and of silence after which the other side is gone.
PING_EVERY, GONE_AFTER = 2.0, 10.0
#: Bars that a song may have.
MOST_BARS = 1_000_000

_Slot = Annotated[int, Field(ge=1, le=MOST_SLOTS)]
_Serial = Annotated[int, Field(ge=0, le=2**53)]
_Text = Annotated[str, Field(max_length=2000)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Bpm = Annotated[float, Field(ge=1, le=2000, allow_inf_nan=False)]
#: Characters of why a line is no message: keys are the sender's own words.
_LONGEST_REASON = 200
Kind = TypeVar("Kind")
_Token = Annotated[str, Field(max_length=200)]


class Message(BaseModel):
    """What all of them are."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


# --- from the script, and from commands ------------------------------------------------------------------------------


class Hello(Message):
    """The first line of a script: who it is, and which functions its Live ``has``."""

    type: Literal["hello"] = "hello"
    token: _Token
    script: int
    live: _Text
    has: tuple[_Text, ...] = Field(max_length=100)


class Ask(Message):
    """The first line of a command, which gets one answer (`midifrag.doors.live.answers`)."""

    type: Literal["ask"] = "ask"
    token: _Token
    what: Literal["status", "files"]


class Playing(Message):
    """Whether what stands for a slot sounds."""

    type: Literal["playing"] = "playing"
    slot: _Slot
    on: bool


class SongTime(Message):
    """How Live's song stands; ``beat`` is its position in quarter notes.

    It is in ``bar``, counted from 1, which began at ``bar_began``, in quarter notes; None where Live does not tell.
    """

    type: Literal["time"] = "time"
    bpm: _Bpm
    numerator: int = Field(ge=1, le=99)
    denominator: int = Field(ge=1, le=64)
    playing: bool
    beat: _Number
    bar: int | None = Field(ge=-MOST_BARS, le=MOST_BARS)
    bar_began: _Number | None


class Selected(Message):
    """The name of the track that is selected."""

    type: Literal["selected"] = "selected"
    track: _Text


class Done(Message):
    """A landing is in Live: ``where``, and which ``way``."""

    type: Literal["landed"] = "landed"
    serial: _Serial
    slot: _Slot
    way: Literal["simpler", "clip"]
    where: _Text


class Failed(Message):
    """A landing is not in Live, and why."""

    type: Literal["failed"] = "failed"
    serial: _Serial
    slot: _Slot
    text: _Text


class Waiting(Message):
    """A landing waits, and what for."""

    type: Literal["waiting"] = "waiting"
    serial: _Serial
    slot: _Slot
    text: _Text


class Objects(Message):
    """Which object stands for each slot; a slot without one is not there."""

    type: Literal["objects"] = "objects"
    slots: dict[str, _Text] = Field(max_length=MOST_SLOTS)


class Said(Message):
    """Something that a performer should know."""

    type: Literal["said"] = "said"
    level: Literal["info", "warning", "error"]
    text: _Text


class Files(Message):
    """Audio files that the loaded Set uses, and the Set's own (empty where it has none yet).

    One line holds but some of many; ``more`` is whether another follows. Of ``unread`` devices Live does not tell which
    samples they hold; the last line has all of them.
    """

    type: Literal["files"] = "files"
    paths: tuple[str, ...]
    set: _Text
    more: bool
    unread: int = Field(ge=0)


class Pong(Message):
    """The answer to a `Ping`."""

    type: Literal["pong"] = "pong"
    sent: _Number


First: TypeAlias = Hello | Ask
FromScript: TypeAlias = (
    Playing | SongTime | Selected | Done | Failed | Waiting | Objects | Said | Files | Pong
)  # fmt: skip


# --- to the script ----------------------------------------------------------------------------------


class Target(Message):
    """What stands for a slot, as the set says it."""

    way: Literal["auto", "simpler", "clip"]
    name: str | None
    note: int | None
    track: str | None
    scene: int | None


class Options(Message):
    """What may be done in Live, as the set says it."""

    fire: bool
    start_transport: bool
    occupied: Literal["wait", "next_scene"]


class Welcome(Message):
    """The answer to a good `Hello`, and the table of the set; once more whenever that changes."""

    type: Literal["welcome"] = "welcome"
    version: int = WIRE
    slots: int
    targets: dict[str, Target]
    options: Options


class Refused(Message):
    """The answer to who is not wanted, and why."""

    type: Literal["refused"] = "refused"
    text: str


class Land(Message):
    """A fragment for a slot: the copy at ``path``, its ``seconds``, and how it is to be played.

    ``beats`` are its quarter notes at ``bpm``, where its length is one in music. ``again`` is whether it lay in its
    slot when the script came.
    """

    type: Literal["land"] = "land"
    serial: int
    slot: int
    path: str
    name: str
    colour: str | None
    seconds: float
    loop: bool
    bpm: float | None
    beats: float | None
    again: bool = False


class AskFiles(Message):
    """Asks for the `Files` of the loaded Set."""

    type: Literal["files"] = "files"


class Ping(Message):
    """Asks whether there is anybody."""

    type: Literal["ping"] = "ping"
    sent: float


ToScript: TypeAlias = Welcome | Refused | Land | AskFiles | Ping

_FIRST: TypeAdapter[First] = TypeAdapter(Annotated[First, Field(discriminator="type")])
_FROM_SCRIPT: TypeAdapter[FromScript] = TypeAdapter(Annotated[FromScript, Field(discriminator="type")])


class OddLineError(ValueError):
    """A line that is no message; the text says what is wrong with it, and holds nothing of a token."""


def line_of(message: BaseModel) -> bytes:
    """A message as a line, its end included."""
    return message.model_dump_json().encode() + b"\n"


def first_of(line: bytes) -> First:
    """The first message of a connection. Raises `OddLineError`."""
    return decoded(_FIRST, line)


def message_of(line: bytes) -> FromScript:
    """A later message of a script. Raises `OddLineError`."""
    return decoded(_FROM_SCRIPT, line)


def welcome(settings: AbletonSettings, slots: int) -> Welcome:
    """The table of a set for a script."""
    targets = {str(slot): settings.target(slot) for slot in range(1, slots + 1)}
    return Welcome(
        slots=slots,
        targets={slot: Target(**one.model_dump()) for slot, one in targets.items()},
        options=Options(fire=settings.fire, start_transport=settings.start_transport, occupied=settings.occupied),
    )


def decoded(adapter: TypeAdapter[Kind], line: bytes) -> Kind:
    """What a line says, as one of a family of messages. Raises `OddLineError`."""
    try:
        return adapter.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(one) for one in first["loc"])
        text = legible(f"{place}: {first['msg']}" if place else first["msg"])
        raise OddLineError(text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]} …") from None
