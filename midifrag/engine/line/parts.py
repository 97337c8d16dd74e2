"""What messages of the line are made of: their types with the limits of each, and a wish, which is what is rendered.

A job is known by an id that its client makes, 32 hexadecimal digits, unique among those of its token: what is asked
again under the same id is the same job.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, create_model

from midifrag.config.loras import MOST as MOST_LORAS
from midifrag.config.parameters import PARAMETERS, RequestParameters, names_of

#: What a client asks for when it connects, and a server answers: the version of these messages. Within one, `MINOR`
#: counts what was added that an end may leave out of account.
SUBPROTOCOL, MINOR = "midifrag.1", 0
#: Characters of a prompt, and of a line that is told.
MOST_TEXT, MOST_LINE = 20_000, 2_000
#: Renders in one `Warm`, and sounds and files that one job wants.
MOST_WISHES, MOST_PARCELS = 32, MOST_LORAS + 1
#: Bytes of one take: twelve minutes of stereo at 96 kHz.
MOST_AUDIO = 1 << 29
#: The most of a number: what msgpack and records hold alike.
MOST = 2**63 - 1

#: Parameters that are text and travel; numbers do all. One that names files of a machine must not be in here: a server
#: would open, for whoever has a token, what that asks for.
TEXTS = ("negative_prompt", "sampler", "schedule", "guidance", "conditioning", "morph")
#: Those whose files travel, known by their checksums, in a key of a wish that says them otherwise.
FILES = ("loras",)

#: How audio travels: as samples, or packed to half of that and less, at 24 bits.
Coding: TypeAlias = Literal["float32", "flac"]
#: What is uploaded.
ParcelKind: TypeAlias = Literal["sound", "lora"]

JobId: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="the job's id")]
Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name: TypeAlias = Annotated[str, Field(max_length=200)]
Line: TypeAlias = Annotated[str, Field(max_length=MOST_LINE)]
Whole: TypeAlias = Annotated[int, Field(ge=0, le=MOST)]
Real: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Channels: TypeAlias = Annotated[int, Field(ge=1, le=64)]
SampleRate: TypeAlias = Annotated[int, Field(ge=1, le=10_000_000)]
Samples: TypeAlias = Annotated[int, Field(ge=1, le=MOST_AUDIO // 4)]
Place: TypeAlias = Annotated[Name, Field(description="which of the server's engines has it, as `queued` said; or none")]
ModelName: TypeAlias = Annotated[Name, Field(description="the model's name there; empty for the server's first")]


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


class Strange(Message):
    """What a newer minor version says, and this one has no word for."""


class Sound(Part):
    """A sound that a take begins from, whose samples are uploaded: little-endian float32, channel after channel."""

    sha256: Sha256 = Field(description="of its samples")
    channels: Channels
    samples: Samples
    sample_rate: SampleRate

    @property
    def size(self) -> int:
        """Bytes of its samples."""
        return 4 * self.channels * self.samples


class LoraFile(Part):
    """A LoRA, whose file is uploaded: one of safetensors."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = Field(description="what its client calls it")
    strength: Annotated[float, Field(ge=-1e3, le=1e3)]
    sha256: Sha256 = Field(description="of its file")
    size: Annotated[int, Field(ge=1, le=MOST)] = Field(description="bytes of its file")


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
    fields["sound"] = (Sound | None, Field(default=None, description="what it begins from"))
    part = "from and to which second of the take that is made anew, all else stays as it is in the sound"
    fields["fill"] = (_Seconds | None, Field(default=None, description=part))
    loras = Field(default=(), strict=False, max_length=MOST_LORAS, description="LoRAs, in their order")
    fields["loras"] = (tuple[LoraFile, ...], loras)
    return create_model("Wish", __base__=Part, __doc__="What is to be rendered.", **fields)


_Seconds: TypeAlias = Annotated[tuple[Real, Real], Field(strict=False)]

if TYPE_CHECKING:

    class Wish(Part):
        """What is to be rendered: every parameter that travels (`_wish`), and what of it is read on the way."""

        prompt: str
        spare: bool = False
        seconds: float | None = None
        steps: int | None = None
        sound: Sound | None = None
        loras: tuple[LoraFile, ...] = ()

        def __init__(self, **values: Any) -> None: ...

else:
    Wish = _wish()


def parcels_of(wish: Wish) -> tuple[Sound | LoraFile, ...]:
    """What a wish wants that is uploaded, each once."""
    every: tuple[Sound | LoraFile, ...] = (*([wish.sound] if wish.sound is not None else []), *wish.loras)
    return tuple({one.sha256: one for one in every}.values())
