"""What a right set says of guidance and a model that hears it will hardly do as meant."""

from __future__ import annotations

from collections.abc import Iterator

from midifrag.config.banks import Bank
from midifrag.config.controls import Control, Range
from midifrag.config.loading import Loaded
from midifrag.config.model_inputs import GUIDANCE_NAME, unheard
from midifrag.config.pads import Pad
from midifrag.config.parameters import Preset, shown
from midifrag.config.press_request import press_request
from midifrag.config.unplayable import FactsOf, ModelFacts


def guidance_hints(loaded: Loaded, facts: FactsOf) -> Iterator[str]:
    """A line for each entry, pad, velocity and control that asks for guidance beyond what its model learned."""
    for name, entry in loaded.settings.models.items():
        if entry.defaults is not None and entry.defaults.cfg_scale is not None:
            for sentence in _beyond(facts(name), entry.defaults.cfg_scale):
                yield f"{loaded.path.name}: models.{name}.defaults: {sentence}"
    for bank in loaded.banks:
        for key, pad in bank.pads.items():
            yield from _of_pad(loaded, bank, pad, f"presets/{bank.slug}.yaml: pads.{key}", facts)
    yield from dict.fromkeys(_of_controls(loaded, facts))


def _of_pad(loaded: Loaded, bank: Bank, pad: Pad, place: str, facts: FactsOf) -> Iterator[str]:
    asked = press_request(loaded.settings, bank, pad)
    about, preset = facts(asked.model), asked.preset
    if not _in_one_pass(about, preset):
        return
    if preset.cfg_scale is not None:
        for sentence in _beyond(about, preset.cfg_scale):
            yield f"{place}: {sentence}"
    if preset.guidance == "apg":
        yield f"{place}: guidance apg does nothing here; {asked.model} has its guidance in one pass"
    if pad.velocity is not None:
        yield from _at_ends(f"{place}.velocity", pad.velocity, about)


def _of_controls(loaded: Loaded, facts: FactsOf) -> Iterator[str]:
    for bank in loaded.banks:
        own = {control.id for control in bank.controls}
        usual = [control for control in loaded.settings.controls if control.id not in own]
        controls: list[tuple[str, Control]] = [(loaded.path.name, control) for control in usual]
        controls += [(f"presets/{bank.slug}.yaml", control) for control in bank.controls]
        for pad in bank.pads.values():
            asked = press_request(loaded.settings, bank, pad)
            if _in_one_pass(facts(asked.model), asked.preset):
                for file, control in controls:
                    yield from _at_ends(f"{file}: {control.id}", control, facts(asked.model))


def _in_one_pass(about: ModelFacts, preset: Preset) -> bool:
    """Whether a model hears the guidance of a press; one with a negative prompt is guided by any, in two passes."""
    return about.hears_guidance is not None and not (preset.negative_prompt and about.hears_negative)


def _at_ends(place: str, one: Range, about: ModelFacts) -> Iterator[str]:
    if str(one.sets) == GUIDANCE_NAME:
        for end in one.range:
            for sentence in _beyond(about, end):
                yield f"{place}: at {shown(end)}: {sentence} ({about.name})"


def _beyond(about: ModelFacts, scale: float) -> list[str]:
    return unheard(about.inputs or (), None, {GUIDANCE_NAME: scale})
