"""What a knob, a wheel or a press's velocity sets, and how its position becomes a value."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from midifrag.config.parameters import shown
from midifrag.config.targets import MIX, TARGETS, Target, target, value_name
from midifrag.config.value_types import Channel, SevenBit, Strict, Written

#: The most controls, or actions, of a file.
MOST_CONTROLS = 1000
Curve: TypeAlias = Literal["linear", "exponential", "stepped"]
Takeover: TypeAlias = Literal["jump", "pickup", "catch_up"]


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
