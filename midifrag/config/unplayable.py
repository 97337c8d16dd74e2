"""What a press would meet: pads whose model can never render what they ask for, as far as that is known here.

A set with such pads is read all the same, since its other pads play. `midifrag check` refuses it; a show tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from midifrag.config.agreement import BankSource
from midifrag.config.banks import Bank
from midifrag.config.beginnings import cannot_begin
from midifrag.config.catalogue import (
    BUILT_IN_ENGINES,
    CATALOGUE,
    known,
    longest_of,
    model_config,
    plugins,
    too_long,
)
from midifrag.config.conditioning import merged
from midifrag.config.lengths import Limits
from midifrag.config.loras import read_loras
from midifrag.config.model_defaults import (
    OBJECTIVES,
    VARIABLE,
    Defaults,
    Objective,
    defaults_of,
    min_seconds_of,
    objective_of,
    overridden,
)
from midifrag.config.model_inputs import (
    GUIDANCE_NAME,
    ModelInput,
    begins_from,
    guides,
    hears_negative,
    missing_sentence,
    model_inputs,
    said_of,
    unsaid,
    wrong_values,
)
from midifrag.config.morphing import no_morph
from midifrag.config.pads import Pad
from midifrag.config.parameters import Preset, shown
from midifrag.config.press_request import press_request
from midifrag.config.problems import Sources, problem_at
from midifrag.config.samplers import SAMPLER_KINDS, SamplerKind, no_sampler, samplers_for
from midifrag.config.servers import ENGINE as SERVERS
from midifrag.config.settings import Settings
from midifrag.config.sound_in import too_far
from midifrag.errors import ModelError, Problem
from midifrag.fragment.length import MusicalLength
from midifrag.pad_key import PadKey


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model that is not loaded; ``samplers`` is None for engines that tell theirs when they run.

    ``inputs`` are what it is told; None where its configuration does not lie here. ``guides`` and ``hears_negative``
    say whether cfg_scale and a negative prompt do anything, ``plays_loras`` whether there can be LoRAs for it, and
    ``morphs`` whether there is anything between two prompts. ``begins_from`` is what it can make of a sound, a
    ``sound`` or also a ``part`` of one; None where that is only known when it runs.
    """

    name: str
    longest: float | None
    samplers: tuple[str, ...] | None
    defaults: Defaults | None
    shortest: float = 0.0
    inputs: tuple[ModelInput, ...] | None = None
    guides: bool = True
    hears_negative: bool = True
    begins_from: tuple[str, ...] | None = None
    plays_loras: bool = True
    morphs: bool = True

    def told(self, preset: Preset) -> str | None:
        """What a press tells it beside the prompt, with what its entry says."""
        return merged(None if self.defaults is None else self.defaults.conditioning, preset.conditioning)

    @property
    def hears_guidance(self) -> ModelInput | None:
        """The input by which it hears its guidance, which it then has in one pass; None where it has none."""
        return next((one for one in self.inputs or () if one.is_parameter and one.name == GUIDANCE_NAME), None)

    @property
    def limits(self) -> Limits:
        """How short and how long its takes may be."""
        return Limits(self.shortest, self.longest)


class Trouble(NamedTuple):
    """Why a model cannot render a request: the parameter that is wrong, and a sentence."""

    parameter: str
    sentence: str


def model_facts(model: str, source: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> ModelFacts:
    """What is known of ``model``; ``source`` is its entry's, ``config`` its configuration where that is at hand."""
    engine = source.get("engine", model if not source and model in {*BUILT_IN_ENGINES, *plugins()} else None)
    if engine not in (None, "stable-audio"):
        shortest = _shortest(model, source, None)
        if engine == SERVERS:
            return ModelFacts(model, None, None, None, shortest)
        # What plug-ins make of LoRAs, of two prompts and of sounds is theirs.
        own = engine in BUILT_IN_ENGINES
        begins = () if own else None
        return ModelFacts(model, None, None, None, shortest, plays_loras=not own, morphs=not own, begins_from=begins)
    config = model_config(model, source) if config is None else config
    objective, defaults = _trained(config, source)
    samplers = samplers_for(objective) if objective else tuple(SAMPLER_KINDS)
    facts = ModelFacts(model, longest_of(config), samplers, defaults, _shortest(model, source, config))
    if config is None:
        return facts
    try:
        inputs = model_inputs(config)
        return replace(
            facts,
            inputs=inputs,
            guides=guides(config),
            hears_negative=hears_negative(config),
            morphs=any(one.kind == "text" for one in inputs),
            begins_from=begins_from(config),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        # Told when the model is loaded.
        return facts


def wrong_defaults(facts: ModelFacts) -> list[Trouble]:
    """Why a model can render nothing that a press leaves to its defaults."""
    found = [one for one in troubles(Preset(prompt=""), facts) if one.parameter != "conditioning"]
    values, _ = said_of(facts.inputs or (), facts.told(Preset(prompt="")))
    return found + [Trouble("conditioning", sentence) for sentence in wrong_values(facts.inputs or (), values)]


def _shortest(model: str, source: Mapping[str, Any], config: Mapping[str, Any] | None) -> float:
    entry = known(model)
    try:
        return min_seconds_of(config or {}, source, 0.0 if entry is None else entry.min_seconds)
    except (ModelError, AttributeError):
        # Told when the model is loaded.
        return 0.0


def _trained(config: Mapping[str, Any] | None, source: Mapping[str, Any]) -> tuple[Objective | None, Defaults | None]:
    try:
        if config is None:
            hub = source.get("hub")
            entry = next((one for one in CATALOGUE if hub is not None and one.source.get("hub") == hub), None)
            if entry is None or entry.objective is None:
                return None, None
            rows = VARIABLE if entry.variable else OBJECTIVES
            return entry.objective, overridden(rows[entry.objective].defaults, source)
        objective = objective_of(config)
        return objective, defaults_of(config, source, config["sample_size"] / config["sample_rate"])[0]
    except (ModelError, KeyError, TypeError, AttributeError, ArithmeticError):
        # Told when the model is loaded.
        return None, None


def sampler_kind(preset: Preset, facts: ModelFacts) -> SamplerKind | None:
    """The sampler of a press; None where nobody knows it before the model is loaded."""
    usual = None if facts.defaults is None else facts.defaults.sampler
    return SAMPLER_KINDS.get(preset.sampler or usual or "") if facts.samplers is not None else None


def troubles(preset: Preset, facts: ModelFacts, length: MusicalLength | None = None) -> Iterator[Trouble]:
    """Why a model can never render what a press asks for; ``length`` is its length in music."""
    trouble = too_long(preset.seconds, facts.name, facts.longest) if length is None else too_many(length, facts)
    if trouble is not None:
        yield Trouble("seconds" if length is None else length.unit, trouble)
    sampler = preset.sampler or (None if facts.defaults is None else facts.defaults.sampler)
    if facts.samplers is not None and sampler is not None and sampler not in facts.samplers:
        yield Trouble("sampler", no_sampler(facts.name, sampler, facts.samplers))
    values, unknown = said_of(facts.inputs or (), facts.told(preset))
    for one in unsaid(facts.inputs or (), facts.told(preset)):
        yield Trouble("conditioning", missing_sentence(one, facts.name, unknown))
    for sentence in wrong_values(facts.inputs or (), values):
        yield Trouble("conditioning", sentence)
    if preset.sound is not None and facts.begins_from is not None:
        wants = "part" if preset.sound.makes_part else "sound"
        if wants not in facts.begins_from:
            yield Trouble(preset.sound.key, cannot_begin(facts.name, wants, facts.begins_from))
    beyond = None if preset.sound is None else too_far(preset.sound, facts.name, facts.longest)
    if preset.sound is not None and beyond is not None:
        yield Trouble(preset.sound.key, beyond)
    yield from _lora_troubles(preset, facts)
    if preset.morph is not None and not facts.morphs:
        yield Trouble("morph", no_morph(facts.name))
    low, high = _sigmas(preset, facts)
    if low is not None and high is not None and low >= high:
        which = "sigma_min" if preset.sigma_min is not None else "sigma_max"
        yield Trouble(which, f"sigma_min {shown(low)} must be below sigma_max {shown(high)}")


def _lora_troubles(preset: Preset, facts: ModelFacts) -> Iterator[Trouble]:
    loras = read_loras(preset.loras)
    heard = [one.name for one in loras if one.strength != 0]
    if heard and not facts.plays_loras:
        yield Trouble("loras", f"{facts.name} plays no LoRAs ({', '.join(heard)}); they are for models of Stable Audio")
        return
    lost = next((one.name for one in loras if not one.place), None)
    if lost is not None:
        yield Trouble("loras", f"{lost} has no file, here or farther up; write {{file: …, name: {lost}}}")


def too_many(length: MusicalLength, facts: ModelFacts) -> str | None:
    """Why a model cannot render so many bars or beats at their tempo."""
    longest = facts.longest
    if longest is None or length.seconds <= longest:
        return None
    at = f"{length} at {round(length.bpm, 2):g} BPM are {length.seconds:.1f} s"
    return f"{at}, more than {facts.name} renders, {longest:.1f} s"


def _sigmas(preset: Preset, facts: ModelFacts) -> tuple[float | None, float | None]:
    """σ as a press has it; what it does not name is the model's, where the sampler uses that."""
    low, high = preset.sigma_min, preset.sigma_max
    kind = sampler_kind(preset, facts)
    if facts.defaults is not None and kind is not None and kind.uses_sigma_min:
        low = facts.defaults.sigma_min if low is None else low
        high = facts.defaults.sigma_max if high is None else high
    return low, high


class FactsOf:
    """The facts of a show's models, each found out once; ``source`` says where a model comes from.

    ``config`` says what its configuration is, where more is known of that than what lies in files of its own.
    """

    def __init__(
        self,
        source: Callable[[str], Mapping[str, Any]],
        config: Callable[[str], Mapping[str, Any] | None] = lambda _model: None,
    ) -> None:
        self._source, self._config = source, config
        self._known: dict[str, ModelFacts] = {}

    @property
    def models(self) -> tuple[str, ...]:
        """The models that were asked for."""
        return tuple(self._known)

    def __call__(self, model: str) -> ModelFacts:
        """What is known of ``model``."""
        if model not in self._known:
            self._known[model] = model_facts(model, self._source(model), self._config(model))
        return self._known[model]


def unplayable(settings: Settings, banks: Sequence[BankSource], show: Sources, facts: FactsOf) -> Iterator[Problem]:
    """A problem for each parameter that a pad's model cannot render; the values of ``settings`` came from ``show``."""
    told: set[str] = set()
    for bank, sources in banks:
        for key, pad in bank.pads.items():
            asked = press_request(settings, bank, pad, share=0.5)
            for trouble in troubles(asked.preset, facts(asked.model), asked.length):
                own, loc = _origin(trouble.parameter, settings, bank, key, pad)
                problem = problem_at(sources if own else show, loc, trouble.sentence)
                if str(problem) not in told:
                    told.add(str(problem))
                    yield problem


def _origin(name: str, settings: Settings, bank: Bank, key: PadKey, pad: Pad) -> tuple[bool, tuple[str, ...]]:
    """Whether the value of a pad's parameter comes from its bank, and where there, or in the show, it is written."""
    field = {"from": "source", "continue": "onward"}.get(name, name)
    if getattr(pad, field) is not None:
        return True, ("pads", str(key), name)
    if getattr(bank.defaults, field) is not None:
        return True, ("defaults", name)
    entry = place_in_entry(settings, press_request(settings, bank, pad).model, name)
    return False, ("defaults", name) if getattr(settings.defaults, field) is not None or entry is None else entry


def place_in_entry(settings: Settings, model: str, name: str) -> tuple[str, ...] | None:
    """Where a model's entry says a parameter that presses leave to it; None where it does not."""
    entry = settings.models.get(model)
    if entry is None:
        return None
    if name in ("conditioning", "loras"):
        return None if getattr(entry, name) is None else ("models", model, name)
    said = None if entry.defaults is None else getattr(entry.defaults, name, None)
    return None if said is None else ("models", model, "defaults", name)
