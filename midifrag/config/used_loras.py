"""The LoRAs of a set: which files it names, for which models, and which banks play them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from midifrag.config.banks import Bank
from midifrag.config.loras import Lora, read_loras, strengths_of
from midifrag.config.press_request import press_request
from midifrag.config.settings import Settings


@dataclass(slots=True)
class UsedLora:
    """A LoRA's file, as presses ask for it: the strengths that they begin with, the models and the banks."""

    lora: Lora
    strengths: list[float] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    banks: list[str] = field(default_factory=list)

    def add(self, strength: float, model: str, bank: str) -> None:
        """Another pad plays it."""
        for one, every in ((strength, self.strengths), (model, self.models), (bank, self.banks)):
            known: list[Any] = every
            if one not in known:
                known.append(one)


def used_loras(settings: Settings, banks: tuple[Bank, ...]) -> list[UsedLora]:
    """Those of all pads, each file once under each of its names; and those that only a model's entry names."""
    found: dict[tuple[str, str], UsedLora] = {}
    for bank in banks:
        for pad in bank.pads.values():
            asked = press_request(settings, bank, pad)
            for one in read_loras(asked.preset.loras):
                used = found.setdefault((one.name, one.place), UsedLora(one))
                used.add(one.strength, asked.model, bank.slug)
    for model in settings.models:
        for one in read_loras(settings.loras(model)):
            used = found.setdefault((one.name, one.place), UsedLora(one))
            if model not in used.models:
                used.models.append(model)
                used.strengths += [] if one.strength in used.strengths else [one.strength]
    return [one for one in found.values() if one.lora.place]


def names_in(settings: Settings, bank: Bank) -> Iterator[str]:
    """What the values of the LoRAs are called that pads of a bank play."""
    for pad in bank.pads.values():
        yield from strengths_of(press_request(settings, bank, pad).preset.loras)
