"""What one model's engine makes of LoRAs: side paths of its network, and networks that have some of them merged in."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from midifrag.config.loras import Lora, read_loras, write_loras
from midifrag.engine.diffusion.lora_shelf import LoraShelf
from midifrag.engine.loading.device import fits_in_memory
from midifrag.engine.loading.lora_files import LoraFile, PlayedLora, PlayedLoras
from midifrag.engine.loading.model import Model, Precision
from midifrag.engine.messages import Render, Warming
from midifrag.engine.network.denoiser import Denoiser
from midifrag.engine.network.merging import merged_module
from midifrag.engine.network.transformer import FastDenoiser
from midifrag.errors import ModelError

#: Networks with LoRAs merged into them that are kept: each has copies of the weights that it changes.
KEPT = 2

_Denoiser: TypeAlias = Denoiser[Any]
#: Builds what denoises with a module of these weights.
Build: TypeAlias = Callable[[Any, Precision], _Denoiser]


@dataclass(frozen=True, slots=True)
class Placed:
    """The LoRAs of a request, where they count: ``merged`` in the weights of ``network``, where it has one of its own.

    ``denoiser`` is what denoises, ``strengths`` those of the LoRAs beside its layers, by their index there.
    """

    merged: PlayedLoras
    network: Denoiser[Any] | None
    denoiser: Denoiser[Any]
    strengths: dict[int, float]


class LoraRack:
    """What is made of the LoRAs of a ``shelf``: side paths, and networks that have some of them merged in."""

    def __init__(self, model: Model, build: Build, outgrown: Callable[[_Denoiser], None]) -> None:
        self._model, self._build, self._outgrown = model, build, outgrown
        self.shelf = LoraShelf(model)
        self._merged: OrderedDict[tuple[Precision, PlayedLoras], _Denoiser] = OrderedDict()
        #: Which of each denoiser's side paths is which file's.
        self._attached: WeakKeyDictionary[_Denoiser, dict[LoraFile, int]] = WeakKeyDictionary()

    def played(self, line: str | None) -> PlayedLoras:
        """The LoRAs of a request that do anything. Raises `LoraError` and `HubError` for what cannot be played."""
        return tuple(
            PlayedLora(one.name, self.shelf.file(one), one.strength) for one in read_loras(line) if one.strength != 0
        )

    def recorded(self, line: str | None, played: PlayedLoras) -> str | None:
        """What a record says of the LoRAs of a request: also which file each was."""
        by_name = {one.name: one.file.checksum for one in played}
        every = (one for one in read_loras(line) if one.name in by_name)
        return write_loras([Lora(one.name, one.strength, one.place, by_name[one.name]) for one in every])

    def place(self, played: PlayedLoras, own: _Denoiser, precision: Precision) -> Placed:
        """Put them where they count; ``own`` denoises in this precision with none in its weights.

        Merged is what is more than added to weights, and what changes them before that does.
        """
        last = max((index for index, one in enumerate(played) if not one.file.is_added), default=-1)
        after = last + 1 if isinstance(own, FastDenoiser) else len(played)
        network = self._network(precision, played[:after])
        denoiser = network or own
        return Placed(played[:after], network, denoiser, self._strengths(denoiser, played[after:]))

    def _network(self, precision: Precision, loras: PlayedLoras) -> _Denoiser | None:
        if not loras:
            return None
        key = precision, loras
        if key not in self._merged:
            while len(self._merged) >= KEPT:
                self._merged.popitem(last=False)
            self._merged[key] = self._build(merged_module(self._model.module, loras), precision)
        self._merged.move_to_end(key)
        return self._merged[key]

    def drop_replaced(self) -> None:
        """Free what was made of files that were replaced; only with no request in flight."""
        for key in [key for key in self._merged if not all(self.shelf.has(one.file) for one in key[1])]:
            del self._merged[key]
        for denoiser, known in self._attached.items():
            gone = [file for file in known if not self.shelf.has(file)]
            if not gone or not isinstance(denoiser, FastDenoiser):
                continue
            indices = [known[file] for file in gone]
            # Without room for what remains, it is tried again the next time.
            if fits_in_memory(self._model.device, partial(denoiser.detach, indices)):
                for file in gone:
                    del known[file]
                self._outgrown(denoiser)

    def drop_merged(self) -> None:
        """Free all networks with LoRAs merged into them."""
        self._merged.clear()

    def _strengths(self, denoiser: _Denoiser, beside: PlayedLoras) -> dict[int, float]:
        """How strong these are, by their index in a denoiser, to which they are attached if they were not."""
        known = self._attached.setdefault(denoiser, {})
        new = [one.file for one in beside if one.file not in known]
        if isinstance(denoiser, FastDenoiser):
            known |= {file: denoiser.attach(file.adapters) for file in dict.fromkeys(new)}
        if new:
            self._outgrown(denoiser)
        strengths: dict[int, float] = {}
        for one in beside:
            index = known[one.file]
            strengths[index] = strengths.get(index, 0.0) + one.strength
        return strengths

    def prepare(self, renders: Sequence[Render], own: _Denoiser) -> Iterator[Warming]:
        """Read what these renders name, and attach what stands beside a network's layers; before that is recorded.

        Also what does nothing yet: a knob may begin at 0.
        """
        yield from self.shelf.load([self._model.defaults.loras, *(render.loras for render in renders)])
        for line in dict.fromkeys(render.loras for render in renders):
            with contextlib.suppress(ValueError):
                named = tuple(self._named(line))
                heard = tuple(one for one in named if one.strength != 0)
                if not all(one.file.is_added for one in heard):
                    continue
                if isinstance(own, FastDenoiser):
                    self._strengths(own, tuple(one for one in named if one.file.is_added))
                else:
                    self.place(heard, own, self._model.precision)

    def _named(self, line: str | None) -> Iterator[PlayedLora]:
        """The LoRAs of a line that can be played, however strong they are."""
        for one in read_loras(line):
            with contextlib.suppress(ModelError):
                yield PlayedLora(one.name, self.shelf.file(one), one.strength)
