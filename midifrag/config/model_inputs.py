"""What a model is conditioned on, as its model_config.json says it, and where each value comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from midifrag.config.conditioning import Conditioning, read_conditioning, shown
from midifrag.config.names import meant

InputKind: TypeAlias = Literal["text", "number", "int", "list"]

#: Types of stable-audio-tools' conditioners that read the prompt.
TEXT_TYPES = frozenset({"t5", "t5gemma", "clap_text", "lut", "tokenizer_lut", "phoneme"})
#: What a request says by itself: where the take begins, and how long it is.
LENGTH_NAMES = ("seconds_start", "seconds_total")
#: What distilled models are told of how they are played, by the parameters' own names: the guidance, which one pass
#: then has in it, and how many steps there will be.
GUIDANCE_NAME, STEPS_NAME = "cfg_scale", "steps"
#: What the clock says where nothing else does.
TEMPO_NAMES = frozenset({"bpm", "tempo"})
#: What a model for inpainting is told of the sound that it keeps; without one it makes everything.
INPAINT_NAMES = frozenset({"inpaint_mask", "inpaint_masked_input"})
_KINDS: Mapping[str, InputKind] = {
    **dict.fromkeys(TEXT_TYPES, "text"),
    "number": "number",
    "int": "int",
    "list": "list",
}


@dataclass(frozen=True, slots=True)
class ModelInput:
    """One thing that a model is told; ``low`` and ``high`` are a number's, ``options`` the words of a list."""

    name: str
    kind: InputKind
    low: float = 0.0
    high: float = 1.0
    options: tuple[str, ...] = ()

    @property
    def is_tempo(self) -> bool:
        """Whether the clock says it."""
        return self.kind in ("number", "int") and self.name.casefold() in TEMPO_NAMES

    @property
    def is_parameter(self) -> bool:
        """Whether a parameter of the press says it, which then counts whatever else is said."""
        return self.kind == "number" and self.name in (GUIDANCE_NAME, STEPS_NAME)

    @property
    def is_number(self) -> bool:
        """Whether its value is one."""
        return self.kind in ("number", "int")

    def heard(self, value: float) -> float:
        """What of a number the model hears: it takes what is beyond its range for the nearest end."""
        return min(max(value, self.low), self.high)

    @property
    def range(self) -> str:
        """What it may be, in words."""
        if self.kind == "list":
            return f"one of {', '.join(self.options)}"
        return f"from {self.low:g} to {self.high:g}" if self.is_number else "a text"


def model_inputs(config: Mapping[str, Any]) -> tuple[ModelInput, ...]:
    """What the diffusion network of a model is told, in the order of its configuration; none that is not used."""
    used = _used_ids(config)
    return tuple(
        _input(entry) for entry in _entries(config) if entry.get("type") in _KINDS and (entry["id"] in used or not used)
    )


def unfed_inputs(config: Mapping[str, Any]) -> tuple[str, ...]:
    """What it is told that no preset can give, such as audio; each with its type."""
    used = _used_ids(config)
    others = [entry for entry in _entries(config) if entry.get("type") not in _KINDS]
    wanted = [entry for entry in others if entry["id"] in used or not used]
    known = {entry["id"] for entry in _entries(config)}
    nowhere = [name for name in used if name not in known and name not in INPAINT_NAMES]
    return (*(f"{entry['id']} ({entry.get('type')})" for entry in wanted), *nowhere)


def said_of(inputs: Sequence[ModelInput], text: str | None) -> tuple[Conditioning, list[str]]:
    """The values that a line has for ``inputs``, by their own names, and the names that are none of theirs."""
    known = {one.name.casefold(): one.name for one in inputs}
    said = read_conditioning(text)
    values = {known[name.casefold()]: value for name, value in said.items() if name.casefold() in known}
    return values, [name for name in said if name.casefold() not in known]


def unsaid(inputs: Sequence[ModelInput], text: str | None) -> Iterator[ModelInput]:
    """The numbers that nobody says: not the ``text``, not a request by itself, and not the clock."""
    values, _ = said_of(inputs, text)
    for one in inputs:
        says_itself = one.name in LENGTH_NAMES or one.is_tempo or one.is_parameter
        if one.is_number and one.name not in values and not says_itself:
            yield one


def wrong_values(inputs: Sequence[ModelInput], values: Mapping[str, float | str]) -> Iterator[str]:
    """A sentence for each value that its input cannot take, whatever the model does with others."""
    for one in inputs:
        value = values.get(one.name)
        if not one.is_number or value is None:
            continue
        if isinstance(value, str):
            yield f"{one.name} is a number {one.range}, and not {value}"
        elif one.kind == "int" and not 0 <= round(one.heard(value)) <= one.high - one.low:
            # stable-audio-tools looks a number up in a table that has no row for those before ``low``.
            rows = f"its table of {one.high - one.low + 1:g}"
            yield f"{one.name}: the model has no row for {round(one.heard(value))} in {rows}"


def unheard(inputs: Sequence[ModelInput], text: str | None, told: Mapping[str, float | str]) -> list[str]:
    """A sentence for each thing that is said to a model and not heard as it is said."""
    said, unknown = said_of(inputs, text)
    # Whoever is told of a parameter here would say it here, where it counts for nothing.
    others = [one for one in inputs if not one.is_parameter]
    there = ", ".join(one.name for one in others if one.kind != "text")
    known = [one.name for one in others]
    sentences = [
        f"the model has no input {name}; it has {there or 'none but the prompt'}{meant(name, known)}"
        for name in unknown
    ]
    sentences += [
        f"conditioning says {one.name} for nothing: the parameter {one.name} does"
        for one in inputs
        if one.is_parameter and one.name in said
    ]
    for one in inputs:
        value = told.get(one.name)
        if one.is_number and isinstance(value, float | int) and one.heard(value) != value:
            sentences.append(f"{one.name} {value:g} is heard as {one.heard(value):g}: the model knows it {one.range}")
        elif one.kind == "list" and value is not None and shown(value) not in one.options:
            near = meant(shown(value), one.options)
            sentences.append(f"{one.name}: the model does not know {shown(value)}; it is {one.range}{near}")
    return sentences


def missing_sentence(one: ModelInput, model: str, unknown: Sequence[str] = ()) -> str:
    """What to do about a number that nobody says; ``unknown`` are names that are said and are no input's."""
    wanted = f"{model} wants a number for {one.name}, {one.range}: say conditioning: {{{one.name}: {one.low:g}}}"
    misspelt = next((name for name in unknown if meant(name, [one.name])), None)
    return wanted if misspelt is None else f"{wanted}; {misspelt} is none of its inputs{meant(misspelt, [one.name])}"


def guides(config: Mapping[str, Any]) -> bool:
    """Whether cfg_scale does something: a model hears it, or hears anything in the way that guidance goes by."""
    diffusion = config["model"]["diffusion"]
    ways = diffusion.get("cross_attention_cond_ids") or diffusion.get("prepend_cond_ids")
    return bool(ways) or any(one.name == GUIDANCE_NAME and one.is_parameter for one in model_inputs(config))


def makes_parts(config: Mapping[str, Any]) -> bool:
    """Whether a model can make a part of a sound anew, as it is told of what is kept at each frame."""
    return set(config["model"]["diffusion"].get("local_add_cond_ids", ())) >= INPAINT_NAMES


def begins_from(config: Mapping[str, Any]) -> tuple[str, ...]:
    """What a model can make of a sound, as far as its configuration tells: a ``sound``, or also a ``part`` of one.

    Whether its checkpoint has what makes latents of a sound is known when that is loaded.
    """
    pretransform = config["model"].get("pretransform", {})
    described = pretransform.get("type") in ("patched", "wavelet") or "encoder" in pretransform.get("config", {})
    if not described:
        return ()
    return ("sound", "part") if makes_parts(config) else ("sound",)


def hears_negative(config: Mapping[str, Any]) -> bool:
    """Whether a negative prompt does something: it takes the place of what a model hears by cross-attention."""
    texts = {entry["id"] for entry in _entries(config) if entry.get("type") in TEXT_TYPES}
    return bool(texts.intersection(config["model"]["diffusion"].get("cross_attention_cond_ids", ())))


def _input(entry: Mapping[str, Any]) -> ModelInput:
    config, kind = entry.get("config", {}), _KINDS[entry["type"]]
    high = config.get("max_val", 512 if kind == "int" else 1)
    options = tuple(str(one) for one in config.get("options", ()))
    return ModelInput(entry["id"], kind, float(config.get("min_val", 0)), float(high), options)


def _entries(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(config["model"]["conditioning"]["configs"])


def _used_ids(config: Mapping[str, Any]) -> list[str]:
    diffusion = config["model"].get("diffusion", {})
    kinds = (
        *("cross_attention_cond_ids", "global_cond_ids", "input_concat_ids", "prepend_cond_ids"),
        *("local_add_cond_ids", "modular_local_cond_ids"),
    )
    return list(dict.fromkeys(name for kind in kinds for name in diffusion.get(kind, ())))
