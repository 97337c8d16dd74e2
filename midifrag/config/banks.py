"""Presets, pads, controls and banks: what a bank file may say, and how a press becomes a preset.

Everything here is frozen data that validates itself; `midifrag.config.loading` reads the files and turns a mistake into
a line.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from midifrag.boundary import Land
from midifrag.config.parameters import (
    NUMBERS,
    PARAMETERS,
    RANDOM,
    Preset,
    PresetParameters,
    is_random,
    layered,
    lengths_in,
    shown,
    values_of,
)
from midifrag.config.targets import MIX, TARGETS, Target, target, value_name
from midifrag.fragment.options import FragmentOptions
from midifrag.notes import note_number
from midifrag.pad_key import PadKey
from midifrag.surface.palette import COLOURS

#: What a prompt may say, and what comes in its place.
PLACEHOLDERS = {
    "{bpm}": "the tempo in whole beats a minute",
    "{bars}": "how many bars are asked for",
    "{key}": "the key of the bank, or of the show",
}
#: The most controls, or actions, of a file.
MOST_CONTROLS = 1000

OnRepress: TypeAlias = Literal["queue", "replace", "ignore", "cancel"]
OnLost: TypeAlias = Literal["queue", "fail", "wait"]
Curve: TypeAlias = Literal["linear", "exponential", "stepped"]
Takeover: TypeAlias = Literal["jump", "pickup", "catch_up"]


@dataclass(frozen=True, slots=True)
class Written:
    """Stands at a type whose name does not tell how its values are written; for the reference of all settings."""

    text: str


Note: TypeAlias = Annotated[int, BeforeValidator(note_number), Written("note: 36 or C1")]
Channel: TypeAlias = Annotated[int, Field(ge=1, le=16)]
SevenBit: TypeAlias = Annotated[int, Field(ge=0, le=127)]
Program: TypeAlias = Annotated[int, Field(ge=1, le=128)]
#: Milliseconds before a boundary.
Lead: TypeAlias = Annotated[float, Field(ge=0, le=2000)]


def _not_blank(value: str) -> str:
    if value and not value.strip():
        raise ValueError("is blank")
    return value


NotBlank: TypeAlias = Annotated[str, AfterValidator(_not_blank)]
#: A musical key in a performer's own words, such as ``A minor``.
Key: TypeAlias = Annotated[NotBlank, Field(min_length=1, max_length=100)]


class Strict(BaseModel):
    """A frozen object of the configuration that knows its keys and refuses others."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Parameters(Strict, PresetParameters):  # type: ignore[misc]  # both are frozen, which mypy sees of one only
    """Generation parameters; None means: what the level above says, and at the top the model's default."""

    @field_validator(*NUMBERS)
    @classmethod
    def _within_limits(cls, value: Any, info: ValidationInfo) -> Any:
        parameter = NUMBERS[str(info.field_name)]
        if isinstance(value, int | float):
            # Errors of pydantic's own, since those remember how the value was written.
            low, high = parameter.limits
            if not value >= low:
                raise PydanticKnownError("greater_than_equal", {"ge": low})
            if value > high:
                raise PydanticKnownError("less_than_equal", {"le": high})
        return value

    @field_validator("seed", mode="before")
    @classmethod
    def _random(cls, value: Any) -> Any:
        return RANDOM if is_random(value) else value

    @model_validator(mode="after")
    def _ordered(self) -> Parameters:
        if self.sigma_min is not None and self.sigma_max is not None and self.sigma_min >= self.sigma_max:
            low, high = shown(self.sigma_min), shown(self.sigma_max)
            raise ValueError(f"sigma_min {low} must be below sigma_max {high}")
        return self

    @model_validator(mode="after")
    def _one_length(self) -> Parameters:
        said = lengths_in(values_of(self))
        if len(said) > 1:
            raise WrongKeyError(said[1], f"stands beside {said[0]}; a length is one of seconds, bars and beats")
        return self


class LandingKeys(Strict):
    """When fragments land; None means: what the level above says."""

    land: Land | None = Field(
        default=None, description="what a fragment waits for before it lands; without one, it lands when it is ready"
    )
    lead_ms: Lead | None = Field(
        default=None,
        description="how long before its boundary a fragment lies in its slot, for DAWs that need to load it; without "
        "one, as the show's fragments",
    )


class PadDefaults(Parameters, LandingKeys):  # type: ignore[misc]  # as above
    """What pads say that do not say it themselves."""


class Range(Strict):
    """How a position from 0 to 1 becomes a parameter's value."""

    sets: Annotated[Target, BeforeValidator(target), PlainSerializer(str), Written(f"one of {', '.join(TARGETS)}")] = (
        Field(description="the parameter that it sets")
    )
    range: Annotated[tuple[float, float], Written("two numbers, such as [1, 12]")] = Field(
        description="the parameter's values at both ends of the way; they may fall; gain, pan and mute have one of "
        "their own where none is named"
    )
    curve: Curve = Field(
        default="linear",
        description="how the way is divided; exponential: equal ratios, stepped: a few fields with one value each",
    )
    fields: int = Field(default=8, ge=2, le=128, description="stepped curve: how many equally wide fields the way has")

    @model_validator(mode="before")
    @classmethod
    def _way_of_the_mix(cls, value: Any) -> Any:
        meant = MIX.get(str(value.get("sets"))) if isinstance(value, dict) else None
        return value if meant is None or "range" in value else {**value, "range": meant.way}

    @model_validator(mode="after")
    def _possible(self) -> Range:
        parameter = self.sets.parameter
        written = f"[{', '.join(map(shown, self.range))}]"
        if any(parameter.problem(value) for value in self.range):
            low, high = map(shown, parameter.limits)
            raise ValueError(f"range {written} for {self.sets} is outside {low} to {high}")
        if self.curve == "exponential" and min(self.range) <= 0:
            raise ValueError(f"an exponential curve needs a range above 0, not {written}")
        return self

    def value(self, position: float) -> float:
        """The parameter's value at ``position`` 0–1; whole for parameters that are."""
        position = min(max(position, 0.0), 1.0)
        start, end = self.range
        if self.curve == "stepped":
            position = min(int(position * self.fields), self.fields - 1) / (self.fields - 1)
        value = start * (end / start) ** position if self.curve == "exponential" else start + (end - start) * position
        parameter = self.sets.parameter
        if parameter.step and all(one % parameter.step == 0 for one in self.range):
            value = round(value / parameter.step) * parameter.step
        return parameter.rounded(value)

    def position(self, value: float) -> float:
        """Where on the way, 0–1, ``value`` lies: the inverse of `value`, for soft takeover."""
        start, end = self.range
        if start == end:
            return 0.0
        if self.curve == "exponential":
            way = math.log(max(value, 1e-9) / start) / math.log(end / start)
        else:
            way = (value - start) / (end - start)
        return min(max(way, 0.0), 1.0)


def _known_colour(value: str) -> str:
    if value not in COLOURS:
        raise ValueError(f"{value!r} is none of {', '.join(COLOURS)}")
    return value


class Pad(Parameters, LandingKeys):  # type: ignore[misc]  # as above
    """What one note triggers, and its press rules."""

    prompt: NotBlank = Field(
        min_length=1,
        description=f"{PARAMETERS['prompt'].line}; "
        + ", ".join(f"`{name}` becomes {what}" for name, what in PLACEHOLDERS.items()),
    )
    name: str | None = Field(default=None, description="what page and log call the pad, in place of its prompt")
    colour: Annotated[str, AfterValidator(_known_colour), Written(f"one of {', '.join(COLOURS)}")] | None = Field(
        default=None, description="the pad's light while nothing happens"
    )
    port: str | None = Field(default=None, description="the only port that presses it")
    slot: int | None = Field(default=None, ge=1, le=99, description="the slot where it lands, in place of the next one")
    velocity: Range | None = Field(
        default=None,
        description="a parameter that the velocity of a press sets, or gain: how loud its fragment sounds from here",
    )
    on_repress: OnRepress = Field(
        default="queue", description="a press while an earlier one of the pad is queued or renders"
    )
    choke: str | None = Field(
        default=None, description="a group of pads; a press cancels what the others of it have queued or are rendering"
    )
    on_lost: OnLost = Field(
        default="queue",
        description="a render that died with its engine; queue: rendered once more, by what stands in if need be, "
        "wait: by its own engine only, fail: given up",
    )
    fallback: Literal["last"] | None = Field(
        default=None,
        description="last: where a press fails, is refused or misses its boundary by a bar, the pad's newest take of "
        "the archive lands instead",
    )
    fragment: FragmentOptions = Field(
        default=FragmentOptions(), description="options of its own; what is not named is as the show's"
    )

    @field_validator("velocity")
    @classmethod
    def _velocity_of_a_press(cls, value: Range | None) -> Range | None:
        if value is not None and value.sets.mixes and str(value.sets) != "gain":
            raise ValueError(f"velocity cannot set {value.sets}; of the mix it sets gain")
        return value

    @property
    def label(self) -> str:
        """What a page or a log calls this pad."""
        return self.name or self.prompt


class WrongKeyError(ValueError):
    """A key that cannot stand where it does; ``key`` as it was written."""

    def __init__(self, key: Any, reason: str) -> None:
        super().__init__(reason)
        self.key = str(key)


def _pad_key(text: Any) -> PadKey:
    return text if isinstance(text, PadKey) else PadKey.parse(text)


def repeated_pads(pads: Any) -> Iterator[tuple[Any, str]]:
    """The keys of ``pads``, as they are written, that are pads which stand there before, and what to say of each."""
    written: dict[PadKey, Any] = {}
    for text in pads if isinstance(pads, dict) else ():
        try:
            key = _pad_key(text)
        except ValueError:
            # Told with all the other mistakes, key by key.
            continue
        if key in written:
            yield text, f"is the same pad as {written[key]}; remove one of the two"
        else:
            written[key] = text


def _no_pad_twice(value: Any) -> Any:
    for text, message in repeated_pads(value):
        raise WrongKeyError(text, message)
    return value


class Control(Range):
    """A CC (7 or 14 bit), pitch bend or aftertouch bound to a parameter, or to how the player mixes."""

    cc: SevenBit | None = Field(default=None, description="the number of the CC that moves it")
    pitch_bend: bool = Field(default=False, description="pitch bend moves it, in place of a CC")
    aftertouch: bool = Field(default=False, description="aftertouch moves it, in place of a CC")
    bits: Literal[7, 14] = Field(
        default=7, description="14: the CC 32 above brings the finer half, for CCs from 0 to 31"
    )
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    port: str | None = Field(default=None, description="the only port that counts")
    slot: int | None = Field(
        default=None, ge=1, le=99, description="the slot whose gain, pan or mute it sets; without one, that of all"
    )
    takeover: Takeover = Field(
        default="jump",
        description="a knob that stands elsewhere; pickup: waits until it passes the value, catch_up: nears it",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Control:
        if (self.cc is not None) + self.pitch_bend + self.aftertouch != 1:
            raise ValueError("a control is exactly one of cc: N, pitch_bend: true, aftertouch: true")
        if self.bits == 14 and self.cc is not None and self.cc > 31:
            raise ValueError(f"a 14-bit CC has a number from 0 to 31 (its fine byte is 32 above), not {self.cc}")
        if self.slot is not None and not self.sets.mixes:
            raise ValueError(f"{self.sets} is of no slot; {', '.join(MIX)} are")
        if self.slot is None and self.sets.mixes and str(self.sets) != "gain":
            raise ValueError(f"{self.sets} needs slot: …")
        return self

    @property
    def value_name(self) -> str:
        """What the value that it sets is called while a show runs."""
        return value_name(str(self.sets), self.slot)

    @property
    def id(self) -> str:
        """Its stable identity, readable in logs: what moves it and what it sets."""
        source = "pitch bend" if self.pitch_bend else "aftertouch" if self.aftertouch else f"cc {self.cc}"
        if self.channel is not None:
            source += f" channel {self.channel}"
        if self.port is not None:
            source += f" port {self.port}"
        return f"{source} sets {self.value_name}"


class Bank(Strict):
    """One YAML file in ``presets/``: a named set of pads, controls and defaults; a program change selects it."""

    name: NotBlank = Field(min_length=1, description="what page and terminal call the bank")
    program: Program | None = Field(default=None, description="the program change that selects it")
    key: Key | None = Field(default=None, description="what `{key}` in its prompts becomes; without it, the show's key")
    defaults: PadDefaults = Field(default=PadDefaults(), description="what pads say that do not name it")
    pads: Annotated[
        dict[Annotated[PadKey, PlainValidator(_pad_key), PlainSerializer(str)], Pad], BeforeValidator(_no_pad_twice)
    ] = Field(min_length=1, description="its pads by note (36 or C1), or by note and channel (36/10)")
    controls: tuple[Control, ...] = Field(
        default=(),
        max_length=MOST_CONTROLS,
        description="controls that count while the bank is active; they win over the show's",
    )
    slug: str = Field(
        default="", exclude=True, description="its file, without folder and ending; its name in the set list"
    )

    def find(self, note: int, channel: int, port: str) -> tuple[PadKey, Pad] | None:
        """The pad that a note on ``channel`` (1–16) of ``port`` presses; one bound to the channel before one on any."""
        for key in (PadKey(note, channel), PadKey(note)):
            pad = self.pads.get(key)
            if pad is not None and pad.port in (None, port):
                return key, pad
        return None


def resolve(pad: Pad, *levels: Parameters, values: Mapping[str, float] | None = None) -> Preset:
    """The preset of a press. Later levels give way to earlier ones; ``values`` (controls, velocity) win over all."""
    merged: dict[str, Any] = {}
    for level in (*reversed(levels), pad):
        merged = layered(merged, values_of(level))
    return Preset(prompt=pad.prompt, **layered(merged, values or {}))
