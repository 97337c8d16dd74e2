"""The LoRAs of one model's engine: files that were read, and networks that have some of them merged in."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from torch import Tensor

from midifrag.config.loras import SENT, Lora, read_loras, write_loras
from midifrag.engine.loading import hub
from midifrag.engine.loading.adapters import adaptable
from midifrag.engine.loading.checkpoint import weights_of
from midifrag.engine.loading.lora_files import LoraFile, PlayedLora, PlayedLoras, read_lora
from midifrag.engine.loading.model import Model, Precision
from midifrag.engine.messages import Render, Warming
from midifrag.engine.network.denoiser import Denoiser
from midifrag.engine.network.merging import merged_module
from midifrag.engine.network.transformer import FastDenoiser
from midifrag.errors import LoraError, ModelError

_log = logging.getLogger(__name__)

#: Networks with LoRAs merged into them that are kept: each has copies of the weights that it changes.
KEPT = 2
#: Seconds between two signs of life while a file is read.
_SIGN = 0.5

_Denoiser: TypeAlias = Denoiser[Any]
#: Builds what denoises with a module of these weights.
Build: TypeAlias = Callable[[Any, Precision], _Denoiser]


class _Originals:
    """The weights of a model's layers as its checkpoint has them; its own may be in a format that rounds them."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._read: dict[str, Tensor] = {}

    def __call__(self, layer: str) -> Tensor:
        """Those of a layer, in fp32."""
        module, name = self._model.module, f"{layer}.weight"
        if self._model.precision == "fp32" or self._model.files is None:
            own: Tensor = module.get_parameter(name)
            return own.detach().float()
        if not self._read:
            self._read = weights_of(module, self._model.files[0], [f"{each}.weight" for each in adaptable(module)])
        return self._read[name].float()


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
    """LoRAs by where they lie. One that was read stays as it was, whatever becomes of its file."""

    def __init__(self, model: Model, build: Build, outgrown: Callable[[_Denoiser], None]) -> None:
        self._model, self._build, self._outgrown = model, build, outgrown
        self._files: dict[str, LoraFile] = {}
        self._merged: OrderedDict[tuple[Precision, PlayedLoras], _Denoiser] = OrderedDict()
        #: Which of each denoiser's side paths is which file's.
        self._attached: WeakKeyDictionary[_Denoiser, dict[LoraFile, int]] = WeakKeyDictionary()
        #: Why files cannot be played, and what is to be told of others, by where they lie.
        self.told: dict[str, str] = {}

    def played(self, line: str | None) -> PlayedLoras:
        """The LoRAs of a request that do anything. Raises `LoraError` and `HubError` for what cannot be played."""
        return tuple(
            PlayedLora(one.name, self._file(one), one.strength) for one in read_loras(line) if one.strength != 0
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

    # --- files -------------------------------------------------------------------------------------------------------

    def prepare(self, renders: Sequence[Render], own: _Denoiser) -> Iterator[Warming]:
        """Read what these renders name, and attach what stands beside a network's layers; before that is recorded."""
        yield from self._load(renders)
        for line in dict.fromkeys(render.loras for render in renders):
            with contextlib.suppress(ModelError, ValueError):
                played = self.played(line)
                if all(one.file.is_added for one in played):
                    self.place(played, own, self._model.precision)

    def _load(self, renders: Iterable[Render]) -> Iterator[Warming]:
        """Fetch and read what these renders name, on a thread of its own; what cannot be played is told, and left."""
        lines = [self._model.defaults.loras, *(render.loras for render in renders)]
        wanted: dict[str, Lora] = {}
        for line in lines:
            try:
                wanted |= {one.place: one for one in read_loras(line) if one.place and one.place not in self._files}
            except ValueError as error:
                _log.warning("LoRAs: %s", error)
        for number, one in enumerate(wanted.values()):
            ended: queue.SimpleQueue[LoraFile | BaseException] = queue.SimpleQueue()
            threading.Thread(target=self._try, args=(one, ended), name="midifrag-lora", daemon=True).start()
            while True:
                yield Warming(number, len(wanted), f"LoRA {one.name}")
                try:
                    end = ended.get(timeout=_SIGN)
                    break
                except queue.Empty:
                    continue
            if isinstance(end, LoraFile):
                self._keep(one, end)
            elif isinstance(end, ModelError):
                self.told[one.place] = str(end)
                _log.warning("%s", end)
            else:
                raise end

    def _try(self, lora: Lora, ended: queue.SimpleQueue[LoraFile | BaseException]) -> None:
        try:
            ended.put(self._read(lora, may_fetch=True))
        except BaseException as error:
            ended.put(error)

    def _file(self, lora: Lora) -> LoraFile:
        if not lora.place:
            raise LoraError(f"The LoRA {lora.name!r} has no file. Name it with loras: [{{file: …}}].")
        if lora.place not in self._files:
            self._keep(lora, self._read(lora, may_fetch=False))
        found = self._files[lora.place]
        if lora.checksum and found.checksum != lora.checksum:
            raise LoraError(
                f"{found.file} is another LoRA than the one that is meant: its checksum begins with "
                f"{found.checksum[:12]}, and not with {lora.checksum[:12]}. Put that one in its place."
            )
        return found

    def _read(self, lora: Lora, *, may_fetch: bool) -> LoraFile:
        where = lora.hub
        path = Path(lora.place).expanduser() if where is None else hub.lora_file(*where, may_fetch=may_fetch)
        return read_lora(path, adaptable(self._model.module), _Originals(self._model))

    def _keep(self, lora: Lora, read: LoraFile) -> None:
        # Brought to the device once, so that no press waits for that.
        there = {name: adapter.on(self._model.device) for name, adapter in read.adapters.items()}
        self._files[lora.place] = replace(read, adapters=there)
        how = "" if read.is_added else f"a {read.kind}, merged: each new strength of it takes a press a moment longer"
        self.told[lora.place] = "; ".join(filter(None, (how, read.note)))

    @property
    def remarks(self) -> Sequence[str]:
        """What a performer should know of the files, but for those that one of many sent here."""
        every = ((Path(place).name, told) for place, told in self.told.items() if told)
        return [f"LoRA {name}: {told}" for name, told in every if not name.startswith(SENT)]
