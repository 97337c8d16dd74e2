"""How a pad takes a press: what it does when it is pressed and let go, and what else than its note presses it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from midifrag.config.controls import Range
from midifrag.config.value_types import Channel, Note, Program, SevenBit, Strict

OnRepress: TypeAlias = Literal["queue", "replace", "ignore", "cancel"]
PressMode: TypeAlias = Literal["trigger", "toggle", "gate"]
#: Seconds of holding that are the whole way of what is no length, where nothing else is said.
USUAL_HOLD = 4.0


class PressKeys(Strict):
    """What a press does; None means: what the level above says."""

    press: PressMode | None = Field(
        default=None,
        description="trigger: each press plays; toggle: a press ends what an earlier one began, on its way or "
        "sounding, and else plays; gate: plays as long as it is held, and letting it go ends it; without one, trigger",
    )
    on_repress: OnRepress | None = Field(
        default=None,
        description="a press while an earlier one of the pad is queued or renders; without one, queue",
    )


class Hold(Range):
    """A parameter that is set by how long a pad is held; it renders when it is let go."""

    over: float | None = Field(
        default=None,
        gt=0,
        le=600,
        description="how many seconds of holding are the whole way; without it, a second held is a second of length, a "
        "bar a bar and a beat a beat, and of anything else 4 seconds are the whole way",
    )

    def held(self, seconds: float, beat: float, bar: float) -> tuple[float, float]:
        """The value, and how much of the way it is (0–1), after so long; ``beat`` and ``bar`` are in seconds."""
        units = {"seconds": 1.0, "beats": beat, "bars": bar}
        unit = units.get(str(self.sets)) if self.over is None else None
        if unit is None:
            way = min(max(seconds, 0.0) / (self.over or USUAL_HOLD), 1.0)
        else:
            way = self.position(max(seconds, 0.0) / unit)
        return self.value(way), way

    @model_validator(mode="after")
    def _of_what_renders(self) -> Hold:
        if not self.sets.renders:
            why = "how the player mixes" if self.sets.mixes else "the show's"
            raise ValueError(f"hold cannot set {self.sets}, which is {why}")
        return self


class PadInput(Strict):
    """Something else that presses a pad: a note, a CC that rises to 64, or a program change."""

    note: Note | None = Field(default=None, description="the note that presses it too")
    cc: SevenBit | None = Field(
        default=None, description="the CC that presses it too when it rises to 64, and lets it go when it falls"
    )
    program: Program | None = Field(default=None, description="the program change that presses it too")
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    port: str | None = Field(default=None, description="the only port that counts")

    @model_validator(mode="after")
    def _one_source(self) -> PadInput:
        if sum(source is not None for source in (self.note, self.cc, self.program)) != 1:
            raise ValueError("an input is exactly one of note, cc or program")
        return self

    def is_meant(self, kind: Literal["note", "cc", "program"], number: int, channel: int, port: str) -> bool:
        """Whether a message of this kind presses the pad."""
        of_kind = {"note": self.note, "cc": self.cc, "program": self.program}[kind] == number
        return of_kind and self.channel in (None, channel) and self.port in (None, port)


def _pad_input(value: Any) -> Any:
    return {"note": value} if isinstance(value, int | str) and not isinstance(value, bool) else value


AlsoPressedBy: TypeAlias = Annotated[
    PadInput,
    BeforeValidator(_pad_input),
]
