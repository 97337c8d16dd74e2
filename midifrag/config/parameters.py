"""The generation parameters, declared once: banks, requests, records, command line, page and docs read them from here.

A parameter is a field of one of the classes below and the `Parameter` that stands at its type. A new number is one such
field: banks take it, controls may set it, requests carry it and the docs list it, and an engine finds it in what it is
asked. `PARAMETERS` is the table of all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, get_args, get_origin, get_type_hints

from midifrag.config.morphing import WRITTEN

if TYPE_CHECKING:
    from midifrag.config.sound_in import SoundWanted

#: What a parameter's value may be in a record.
Value: TypeAlias = str | int | float | None


def shown(number: float) -> str:
    """A number as a performer writes it: 4 and not 4.0, and never rounded to what it is not."""
    return f"{number:.0f}" if isinstance(number, float) and number.is_integer() and abs(number) < 1e15 else str(number)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What everybody needs to know of one parameter.

    ``label`` stands on the page, ``line`` in the docs and in ``--help``; ``unit`` belongs to ``limits``, the least and
    the most that it may be, and ``slider`` is the useful part of those. A control may set it if it is ``settable``; a
    typed prompt has a field for it if it is ``offered``; models have a default of their own for it if it is
    ``defaulted``. ``flags`` are other names of its option on the command line. Between two multiples of ``step`` a
    control gives multiples of it only. ``written`` says how a set says it, where its kind does not tell that.

    ``name``, ``kind`` and ``words``, which may stand in a number's place or are all that it may be, follow from the
    field that it stands at, and are there in the table.
    """

    label: str
    line: str
    unit: str = ""
    limits: tuple[float, float] = (-math.inf, math.inf)
    slider: tuple[float, float] = (0, 1)
    settable: bool = False
    offered: bool = False
    defaulted: bool = False
    flags: tuple[str, ...] = ()
    step: float = 0.0
    written: str = ""
    name: str = ""
    kind: type = str
    words: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return self.kind is int

    def problem(self, value: float) -> str | None:
        """Why a number cannot be its value, such as ``0 is below 1``; None for one that can."""
        if math.isnan(value):
            return f"{value} is no number"
        low, high = self.limits
        if value < low:
            return f"{shown(value)} is below {shown(low)}"
        return f"{shown(value)} is above {shown(high)}" if value > high else None

    def rounded(self, value: float) -> float:
        """The value as it is meant: a whole number where it must be one."""
        return round(value) if self.whole else value


@dataclass(frozen=True, kw_only=True)
class RequestParameters:
    """What an engine may be told beside the prompt. None: what the model says."""

    negative_prompt: Annotated[
        str | None, Parameter("Negative prompt", "what it should not sound like", offered=True)
    ] = None
    steps: Annotated[
        int | None,
        Parameter(
            "Steps",
            "how often the noise is refined; more take longer",
            limits=(1, 1000),
            slider=(1, 150),
            settable=True,
            offered=True,
            defaulted=True,
        ),
    ] = None
    cfg_scale: Annotated[
        float | None,
        Parameter(
            "CFG",
            "how closely the prompt is followed; 1 is without guidance",
            limits=(0, 30),
            slider=(0, 15),
            settable=True,
            offered=True,
            defaulted=True,
            flags=("--cfg",),
        ),
    ] = None
    seconds: Annotated[
        float | None,
        Parameter(
            "Seconds",
            "length of the take",
            unit="s",
            limits=(0.1, 380),
            slider=(0.5, 47),
            settable=True,
            offered=True,
            defaulted=True,
        ),
    ] = None
    seed: Annotated[
        int | Literal["random"] | None,
        Parameter(
            "Seed",
            "the same seed with the same parameters is the same take; without one, or with -1, another for each",
            limits=(0, 2**32 - 1),
            slider=(0, 1000),
            settable=True,
            offered=True,
        ),
    ] = None
    sampler: Annotated[
        str | None,
        Parameter("Sampler", "how each step is made; `midifrag models` lists them", offered=True, defaulted=True),
    ] = None
    sigma_min: Annotated[
        float | None,
        Parameter(
            "σ min",
            "noise that the last step removes, for samplers that do not end at none",
            limits=(0.0001, 100),
            slider=(0.01, 1),
            settable=True,
            defaulted=True,
        ),
    ] = None
    sigma_max: Annotated[
        float | None,
        Parameter(
            "σ max",
            "noise that the first step begins with",
            limits=(0.01, 5000),
            slider=(1, 500),
            settable=True,
            defaulted=True,
        ),
    ] = None
    guidance: Annotated[
        Literal["cfg", "apg"] | None,
        Parameter(
            "Guidance",
            "how CFG works: cfg, or apg, which leaves out what drives a sound louder; without one, as the model is "
            "meant to be played",
            defaulted=True,
        ),
    ] = None
    schedule: Annotated[
        Literal["classic", "model"] | None,
        Parameter(
            "Schedule",
            "noise levels of a flow model's steps: classic, as of Stable Audio Open, or model, as its configuration "
            "says; without one, as the model is meant to be played",
            defaulted=True,
        ),
    ] = None
    strength: Annotated[
        float | None,
        Parameter(
            "Strength",
            "how much a sound that a pad begins from is changed: 0 gives it back, 1 is without it; without one, 0.6, "
            "and 1 with continue or fill",
            limits=(0, 1),
            slider=(0, 1),
            settable=True,
            offered=True,
        ),
    ] = None
    conditioning: Annotated[
        str | None,
        Parameter(
            "Conditioning",
            "what else a model is told, by the names of its inputs, such as bpm=120; a tempo that nothing names is the "
            "clock's",
            written="names with numbers or text",
        ),
    ] = None
    loras: Annotated[
        str | None,
        Parameter(
            "LoRAs",
            "files that change how a model sounds, and how strongly each does (-1 to 2), such as dusty=0.8 from "
            "dusty.safetensors",
            written="a list, such as [{file: dusty.safetensors, strength: 0.8}]",
        ),
    ] = None
    morph: Annotated[
        str | None,
        Parameter(
            "Morph",
            "another prompt that the sound is partly of, and how much of it: a number from 0 to 1, or at a pad what "
            "the velocity or a CC says",
            written=WRITTEN,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class PresetParameters(RequestParameters):
    """What a pad, or a level of defaults, may say beside a prompt. None: what the level above says.

    A length in music becomes seconds when a press knows its tempo: no engine is told of it.
    """

    bars: Annotated[
        float | None,
        Parameter(
            "Bars",
            "length of the fragment in bars, to the sample; in place of seconds",
            limits=(0.0625, 64),
            slider=(1, 16),
            settable=True,
            offered=True,
            step=1,
        ),
    ] = None
    beats: Annotated[
        float | None,
        Parameter(
            "Beats",
            "length of the fragment in beats of the signature, to the sample; in place of seconds",
            limits=(0.0625, 256),
            slider=(1, 32),
            settable=True,
            offered=True,
            step=1,
        ),
    ] = None
    model: Annotated[
        str | None,
        Parameter("Model", "what renders it: a name under models, or one that `midifrag models` lists", offered=True),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Preset(PresetParameters):
    """A prompt and its parameters, every level merged; what a press snapshots. ``sound`` is what it begins from.

    ``key`` and ``bpm`` are those that its prompt was told, "" and None where it asks for none.
    """

    prompt: str
    negative_prompt: str = ""
    seed: int | Literal["random"] = "random"
    sound: SoundWanted | None = None
    key: str = field(default="", compare=False)
    bpm: int | None = field(default=None, compare=False)


def _table(declared: type[PresetParameters]) -> dict[str, Parameter]:
    """The parameters that a class declares, with what follows from their fields."""
    table = {}
    for name, hint in get_type_hints(declared, include_extras=True).items():
        meant, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        parts = get_args(meant)
        [about] = (one for one in extras if isinstance(one, Parameter))
        words = tuple(word for part in parts if get_origin(part) is Literal for word in get_args(part))
        kind = next((part for part in parts if part in (int, float, str)), str)
        table[name] = replace(about, name=name, kind=kind, words=words)
    return table


#: Every parameter by name, in the order in which they are told.
PARAMETERS: Mapping[str, Parameter] = {
    "prompt": Parameter("Prompt", "what it should sound like", name="prompt"),
    **_table(PresetParameters),
}
#: Those that are numbers.
NUMBERS: Mapping[str, Parameter] = {name: one for name, one in PARAMETERS.items() if one.kind is not str}


def names_of(declared: type[RequestParameters]) -> tuple[str, ...]:
    """The parameters that a class declares."""
    return tuple(one.name for one in fields(declared))
