"""What a pad says, level by level, and how a press becomes a preset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticKnownError

from midifrag.boundary import Land
from midifrag.config.conditioning import as_conditioning
from midifrag.config.controls import Range
from midifrag.config.lora_lists import as_loras
from midifrag.config.loras import merged as merged_loras
from midifrag.config.loras import with_strengths
from midifrag.config.morphing import as_morph
from midifrag.config.parameter_values import layered, lengths_in, values_of
from midifrag.config.parameters import NUMBERS, PARAMETERS, Preset, PresetParameters, shown
from midifrag.config.press_keys import AlsoPressedBy, Hold, PressKeys
from midifrag.config.seeds import RANDOM, is_random
from midifrag.config.sound_in import SoundKeys
from midifrag.config.value_types import Lead, NotBlank, Strict, Written, WrongKeyError
from midifrag.fragment.options import FragmentOptions
from midifrag.surface.grid import MOST_ROWS, Place
from midifrag.surface.palette import COLOURS

#: What a prompt may say, and what comes in its place.
PLACEHOLDERS = {
    "{bpm}": "the tempo in whole beats a minute",
    "{bars}": "how many bars are asked for",
    "{key}": "the key of the bank, or of the show",
}

#: The most that presses a pad beside its note.
MOST_INPUTS = 32

OnLost: TypeAlias = Literal["queue", "fail", "wait"]


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

    @field_validator("conditioning", mode="before")
    @classmethod
    def _in_one_line(cls, value: Any) -> Any:
        return as_conditioning(value)

    @field_validator("loras", mode="before")
    @classmethod
    def _loras_in_one_line(cls, value: Any) -> Any:
        return as_loras(value)

    @field_validator("morph", mode="before")
    @classmethod
    def _morph_in_one_line(cls, value: Any) -> Any:
        return as_morph(value)

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


class PadDefaults(Parameters, SoundKeys, LandingKeys, PressKeys):  # type: ignore[misc]  # as above
    """What pads say that do not say it themselves."""


def _place(value: Any) -> Any:
    if isinstance(value, Place):
        return value
    is_pair = isinstance(value, list | tuple) and len(value) == 2
    if not is_pair or not all(type(one) is int and 1 <= one <= MOST_ROWS for one in value):
        raise ValueError(f"{value!r} is no place: use [row, column], each from 1 (the lower left) to {MOST_ROWS}")
    return Place(*value)


At: TypeAlias = Annotated[
    Place, PlainValidator(_place), PlainSerializer(list), Written(f"[row, column], each 1 to {MOST_ROWS}")
]


def _known_colour(value: str) -> str:
    if value not in COLOURS:
        raise ValueError(f"{value!r} is none of {', '.join(COLOURS)}")
    return value


class Pad(Parameters, SoundKeys, LandingKeys, PressKeys):  # type: ignore[misc]  # as above
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
    at: At | None = Field(
        default=None,
        description="its place on a controller's grid, from the lower left; without one, pads lie in their order",
    )
    slot: int | None = Field(default=None, ge=1, le=99, description="the slot where it lands, in place of the next one")
    velocity: Range | None = Field(
        default=None,
        description="a parameter that the velocity of a press sets, or gain: how loud its fragment sounds from here",
    )
    release_velocity: Range | None = Field(
        default=None,
        description="a parameter that is set by how fast the pad is let go, or gain; it renders when it is let go",
    )
    hold: Hold | None = Field(
        default=None,
        description="a parameter that is set by how long the pad is held, such as {sets: seconds, range: [1, 8]}; it "
        "renders when it is let go",
    )
    also: tuple[AlsoPressedBy, ...] = Field(
        default=(),
        max_length=MOST_INPUTS,
        description="what else presses it, on any port: a note (48), or one of note, cc and program with channel and "
        "port",
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

    @field_validator("velocity", "release_velocity")
    @classmethod
    def _velocity_of_a_press(cls, value: Range | None) -> Range | None:
        if value is not None and value.sets.mixes and str(value.sets) != "gain":
            raise ValueError(f"velocity cannot set {value.sets}; of the mix it sets gain")
        if value is not None and value.sets.keeps_time:
            raise ValueError(f"a pad's velocity cannot set {value.sets}; a control can (velocity: true, note: …)")
        return value

    @model_validator(mode="after")
    def _one_way_to_render(self) -> Pad:
        if self.renders_on_release and self.press in ("gate", "toggle"):
            key = "hold" if self.hold is not None else "release_velocity"
            raise WrongKeyError(key, f"stands beside press: {self.press}; it renders when the pad is let go")
        return self

    @property
    def renders_on_release(self) -> bool:
        """Whether a press of it begins when it is let go."""
        return self.hold is not None or self.release_velocity is not None

    @property
    def label(self) -> str:
        """What a page or a log calls this pad."""
        return self.name or self.prompt


def told_name(label: str, prompt: str) -> str:
    """What people and other programs are told that something rendered is called: its pad's ``label``.

    One with placeholders says what nobody rendered; in its place stands the ``prompt`` that was.
    """
    return prompt if prompt and any(one in label for one in PLACEHOLDERS) else label or prompt


def resolve(
    pad: Pad,
    *levels: Parameters,
    values: Mapping[str, float] | None = None,
    loras: Callable[[str | None], str | None] = lambda _model: None,
) -> Preset:
    """The preset of a press. Later levels give way to earlier ones; ``values`` (controls, velocity) win over all.

    ``loras`` says which ones a model's own entry names (None is the show's model): the farthest level of them.
    """
    merged: dict[str, Any] = {}
    for level in (*reversed(levels), pad):
        merged = layered(merged, values_of(level))
    over = dict(values or {})
    own = loras(merged.get("model"))
    if own is not None or merged.get("loras") is not None:
        every = merged_loras(own, merged.get("loras"))
        merged["loras"] = with_strengths(every, over)
    return Preset(prompt=pad.prompt, **layered(merged, {name: one for name, one in over.items() if name in PARAMETERS}))
