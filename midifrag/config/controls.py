"""What a knob, a wheel or a press's velocity sets, and how its position becomes a value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from midifrag.config.morphing import read_morph
from midifrag.config.parameters import shown
from midifrag.config.targets import MIX, MORPH, WRITTEN, Target, found_target, morph_value, target, value_name
from midifrag.config.value_types import Channel, Note, SevenBit, Strict, Written

#: The most controls, or actions, of a file.
MOST_CONTROLS = 1000
Curve: TypeAlias = Literal["linear", "exponential", "stepped"]
Takeover: TypeAlias = Literal["jump", "pickup", "catch_up"]
#: How an endless encoder says how far it was turned (`midifrag.midi.encoders`).
Relative: TypeAlias = Literal["twos", "signed", "offset", "mackie"]
#: Whose value a control sets.
Scope: TypeAlias = Literal["global", "bank", "pad"]
#: Which aftertouch: that of a channel, that of single notes, or (true) both.
Pressure: TypeAlias = bool | Literal["channel", "poly"]


class Range(Strict):
    """How a position from 0 to 1 becomes a parameter's value."""

    sets: Annotated[Target, BeforeValidator(target), PlainSerializer(str), Written(WRITTEN)] = Field(
        description="the parameter that it sets"
    )
    range: Annotated[tuple[float, float], Written("two numbers, such as [1, 12]")] = Field(
        description="the parameter's values at both ends of the way; they may fall; gain, pan, mute, tempo and LoRAs, "
        "and what an endless encoder turns, have one of their own where none is named"
    )
    curve: Curve = Field(
        default="linear",
        description="how the way is divided; exponential: equal ratios, stepped: a few fields with one value each",
    )
    fields: int = Field(default=8, ge=2, le=128, description="stepped curve: how many equally wide fields the way has")

    @model_validator(mode="before")
    @classmethod
    def _way_of_its_own(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "range" in value:
            return value
        meant = found_target(str(value.get("sets")))
        if meant is not None and meant.way is not None:
            return {**value, "range": meant.way}
        # An endless encoder has no ends that would mean some.
        return value if meant is None or value.get("relative") is None else {**value, "range": meant.parameter.slider}

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
    """What moves a parameter, or how the player mixes: a CC, an NRPN, pitch bend, aftertouch or notes' velocity."""

    cc: SevenBit | None = Field(default=None, description="the number of the CC that moves it")
    nrpn: int | None = Field(
        default=None,
        ge=0,
        le=16383,
        description="the number of the non-registered parameter that moves it (CC 99 and 98 select it, CC 6 and 38 say "
        "where it stands, CC 96 and 97 move it by one); on its channel these CCs are nothing else then",
    )
    pitch_bend: bool = Field(default=False, description="pitch bend moves it, in place of a CC")
    aftertouch: Pressure = Field(
        default=False, description="aftertouch moves it, in place of a CC; channel or poly: only that kind"
    )
    velocity: bool = Field(default=False, description="how hard notes are pressed moves it, in place of a CC")
    release_velocity: bool = Field(default=False, description="how fast notes are let go moves it, in place of a CC")
    note: Note | None = Field(
        default=None, description="the only note whose aftertouch or velocity counts; without one, every note's does"
    )
    bits: Literal[7, 14] = Field(
        default=7, description="14: the CC 32 above brings the finer half, for CCs from 0 to 31; in either order"
    )
    relative: Relative | None = Field(
        default=None,
        description="the coding of an endless encoder: twos (two's complement), signed (signed bit), offset (from 64) "
        "or mackie; without one, the knob says where it stands",
    )
    clicks: int = Field(default=100, ge=1, le=16384, description="relative: how many clicks are the whole way")
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    port: str | None = Field(default=None, description="the only port that counts")
    slot: int | None = Field(
        default=None, ge=1, le=99, description="the slot whose gain, pan or mute it sets; without one, that of all"
    )
    scope: Scope | None = Field(
        default=None,
        description="whose value it sets; global: every bank's, bank: the active bank's, pad: that of the pad that is "
        "held meanwhile, or was pressed last; without one, global in presets.yaml and bank in a bank",
    )
    takeover: Takeover = Field(
        default="jump",
        description="a knob that stands elsewhere; pickup: waits until it passes the value, catch_up: nears it",
    )
    feedback: bool = Field(
        default=True,
        description="whether its value is sent back to the controllers that have it: to rings, motor faders, screens",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Control:
        sources = (self.cc is not None, self.nrpn is not None, self.pitch_bend, bool(self.aftertouch))
        if sum((*sources, self.velocity, self.release_velocity)) != 1:
            raise ValueError(
                "a control is exactly one of cc: N, pitch_bend: true, aftertouch: true, nrpn: N, velocity: true, "
                "release_velocity: true"
            )
        if self.bits == 14 and self.cc is not None and self.cc > 31:
            raise ValueError(f"a 14-bit CC has a number from 0 to 31 (its fine byte is 32 above), not {self.cc}")
        if self.relative is not None and (self.bits == 14 or (self.cc is None and self.nrpn is None)):
            raise ValueError("relative is for a CC of 7 bits, or an NRPN")
        of_notes = self.velocity or self.release_velocity or self.aftertouch in (True, "poly")
        if self.note is not None and not of_notes:
            raise ValueError("note is for poly aftertouch and velocities")
        return self

    @model_validator(mode="after")
    def _one_aim(self) -> Control:
        if self.slot is not None and not self.sets.mixes:
            raise ValueError(f"{self.sets} is of no slot; {', '.join(MIX)} are")
        if self.slot is None and self.sets.mixes and str(self.sets) != "gain":
            raise ValueError(f"{self.sets} needs slot: …")
        if self.scope in ("bank", "pad") and self.sets.mixes:
            raise ValueError(f"{self.sets} is how the player mixes, and no {self.scope}'s")
        if self.scope in ("bank", "pad") and self.sets.keeps_time:
            raise ValueError(f"{self.sets} is the show's, and no {self.scope}'s")
        return self

    @property
    def value_name(self) -> str:
        """What the value that it sets is called while a show runs."""
        return value_name(str(self.sets), self.slot)

    @property
    def source(self) -> str:
        """What moves it, such as ``cc 21``."""
        kind = "" if self.aftertouch in (True, False) else f"{self.aftertouch} "
        names = {
            f"cc {self.cc}": self.cc is not None,
            f"nrpn {self.nrpn}": self.nrpn is not None,
            "pitch bend": self.pitch_bend,
            f"{kind}aftertouch": bool(self.aftertouch),
            "velocity": self.velocity,
            "release velocity": self.release_velocity,
        }
        named = next(name for name, is_it in names.items() if is_it)
        return named if self.note is None else f"{named} of note {self.note}"

    @property
    def id(self) -> str:
        """Its stable identity, readable in logs: what moves it and what it sets."""
        source = self.source
        if self.channel is not None:
            source += f" channel {self.channel}"
        if self.port is not None:
            source += f" port {self.port}"
        whose = "" if self.scope is None else " of the pad" if self.scope == "pad" else f" ({self.scope})"
        return f"{source} sets {self.value_name}{whose}"


class MorphControl(Control):
    """What a pad's ``morph`` implies: a CC that says how much of another prompt its sound is of."""

    @property
    def value_name(self) -> str:
        """One value for each CC: pads of a bank may go by different ones."""
        return morph_value(self.cc)


def morph_controls(lines: Iterable[str | None]) -> tuple[Control, ...]:
    """The controls that lines of ``morph`` imply, each once."""
    ccs = dict.fromkeys(read_morph(line).cc for line in lines if line is not None)
    return tuple(MorphControl(sets=MORPH, range=(0.0, 1.0), cc=cc) for cc in ccs if cc is not None)
