"""Presets, pads, controls and banks: what a bank file may say, and how a press becomes a preset.

Everything here is frozen data that validates itself; `midifrag.config.loading` reads the files and turns a mistake into
a line.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    model_validator,
)

from midifrag.fragment.options import FragmentOptions
from midifrag.notes import note_number
from midifrag.pad_key import PadKey
from midifrag.surface.palette import COLOURS

#: What a press or a control may set, with the values each may take. Units: seconds in seconds, the rest plain numbers.
LIMITS: dict[str, tuple[float, float]] = {
    "steps": (1, 1000),
    "cfg_scale": (0, 30),
    "seconds": (0.1, 190),
    "seed": (0, 2**32 - 1),
    "sigma_min": (0.0001, 100),
    "sigma_max": (0.01, 5000),
}
WHOLE = frozenset({"steps", "seed"})

OnRepress: TypeAlias = Literal["queue", "replace", "ignore", "cancel"]
OnLost: TypeAlias = Literal["queue", "fail"]
Curve: TypeAlias = Literal["linear", "exponential", "stepped"]
Takeover: TypeAlias = Literal["jump", "pickup", "catch_up"]
NumericParameter: TypeAlias = Literal["steps", "cfg_scale", "seconds", "seed", "sigma_min", "sigma_max"]
Note: TypeAlias = Annotated[int, BeforeValidator(note_number)]
Channel: TypeAlias = Annotated[int, Field(ge=1, le=16)]
SevenBit: TypeAlias = Annotated[int, Field(ge=0, le=127)]
Program: TypeAlias = Annotated[int, Field(ge=1, le=128)]


class Strict(BaseModel):
    """A frozen object of the configuration that knows its keys and refuses others."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _limited(name: str) -> Any:
    low, high = LIMITS[name]
    return Field(default=None, ge=int(low) if name in WHOLE else low, le=int(high) if name in WHOLE else high)


class Parameters(Strict):
    """Generation parameters; None means: what the level above says, and at the top the model's default."""

    negative_prompt: str | None = None
    steps: int | None = _limited("steps")
    cfg_scale: float | None = _limited("cfg_scale")
    seconds: float | None = _limited("seconds")
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | Literal["random"] | None = None
    sampler: str | None = None
    sigma_min: float | None = _limited("sigma_min")
    sigma_max: float | None = _limited("sigma_max")
    model: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Parameters:
        if self.sigma_min is not None and self.sigma_max is not None and self.sigma_min >= self.sigma_max:
            raise ValueError(f"sigma_min {self.sigma_min} must be below sigma_max {self.sigma_max}")
        return self


class Range(Strict):
    """How a position from 0 to 1 becomes a parameter's value."""

    sets: NumericParameter
    range: tuple[float, float]
    curve: Curve = "linear"
    #: Stepped curve: how many equally wide fields the way has.
    fields: int = Field(default=8, ge=2, le=128)

    @model_validator(mode="after")
    def _possible(self) -> Range:
        low, high = LIMITS[self.sets]
        for value in self.range:
            if not low <= value <= high:
                raise ValueError(f"range {list(self.range)} for {self.sets} is outside {low:g} to {high:g}")
        if self.curve == "exponential" and min(self.range) <= 0:
            raise ValueError(f"an exponential curve needs a range above 0, not {list(self.range)}")
        return self

    def value(self, position: float) -> float:
        """The parameter's value at ``position`` 0–1; whole for parameters that are."""
        position = min(max(position, 0.0), 1.0)
        start, end = self.range
        if self.curve == "stepped":
            position = min(int(position * self.fields), self.fields - 1) / (self.fields - 1)
        value = start * (end / start) ** position if self.curve == "exponential" else start + (end - start) * position
        return round(value) if self.sets in WHOLE else value

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


class Pad(Parameters):
    """What one note triggers, and its press rules."""

    prompt: str = Field(min_length=1)
    name: str | None = None
    colour: Annotated[str, AfterValidator(_known_colour)] | None = None
    port: str | None = None
    slot: int | None = Field(default=None, ge=1, le=99)
    velocity: Range | None = None
    on_repress: OnRepress = "queue"
    choke: str | None = None
    #: What becomes of a render that died with its engine: rendered once more, or given up.
    on_lost: OnLost = "queue"
    #: Only the options that are named here differ from those of the show.
    fragment: FragmentOptions = FragmentOptions()

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


def _no_pad_twice(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    written: dict[PadKey, Any] = {}
    for text in value:
        try:
            key = _pad_key(text)
        except ValueError:
            # Told with all the other mistakes, key by key.
            continue
        if key in written:
            raise WrongKeyError(text, f"is the same pad as {written[key]}; remove one of the two")
        written[key] = text
    return value


class Control(Range):
    """A CC (7 or 14 bit), pitch bend or aftertouch bound to a parameter."""

    cc: SevenBit | None = None
    pitch_bend: bool = False
    aftertouch: bool = False
    bits: Literal[7, 14] = 7
    channel: Channel | None = None
    port: str | None = None
    takeover: Takeover = "jump"

    @model_validator(mode="after")
    def _one_source(self) -> Control:
        if (self.cc is not None) + self.pitch_bend + self.aftertouch != 1:
            raise ValueError("a control is exactly one of cc: N, pitch_bend: true, aftertouch: true")
        if self.bits == 14 and self.cc is not None and self.cc > 31:
            raise ValueError(f"a 14-bit CC has a number from 0 to 31 (its fine byte is 32 above), not {self.cc}")
        return self


class Bank(Strict):
    """One YAML file in ``presets/``: a named set of pads, controls and defaults; a program change selects it."""

    name: str = Field(min_length=1)
    program: Program | None = None
    defaults: Parameters = Parameters()
    pads: Annotated[
        dict[Annotated[PadKey, PlainValidator(_pad_key), PlainSerializer(str)], Pad], BeforeValidator(_no_pad_twice)
    ] = Field(min_length=1)
    controls: tuple[Control, ...] = ()
    #: The bank's file, without folder and ending; its name in the set list.
    slug: str = Field(default="", exclude=True)

    def find(self, note: int, channel: int, port: str) -> tuple[PadKey, Pad] | None:
        """The pad that a note on ``channel`` (1–16) of ``port`` presses; one bound to the channel before one on any."""
        for key in (PadKey(note, channel), PadKey(note)):
            pad = self.pads.get(key)
            if pad is not None and pad.port in (None, port):
                return key, pad
        return None


class Preset(Strict):
    """A prompt and its generation parameters, every level merged; what a press snapshots."""

    prompt: str
    negative_prompt: str = ""
    steps: int | None = None
    cfg_scale: float | None = None
    seconds: float | None = None
    seed: int | Literal["random"] = "random"
    sampler: str | None = None
    sigma_min: float | None = None
    sigma_max: float | None = None
    model: str | None = None


def resolve(pad: Pad, *levels: Parameters, values: dict[str, float] | None = None) -> Preset:
    """The preset of a press. Later levels give way to earlier ones; ``values`` (controls, velocity) win over all."""
    merged: dict[str, Any] = {}
    for name in Parameters.model_fields:
        for level in (pad, *levels):
            value = getattr(level, name)
            if value is not None:
                merged[name] = value
                break
    merged.update(values or {})
    return Preset(prompt=pad.prompt, **merged)
