"""The LoRAs that one model's engine has read, each as its file was when it could be read last.

A press looks at its file, and reads it only where that was replaced. One that is gone, half written or no good plays as
it was before, and is told.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from torch import Tensor

from midifrag.config.loras import SENT, Lora, read_loras
from midifrag.engine.loading import hub
from midifrag.engine.loading.adapters import adaptable
from midifrag.engine.loading.checkpoint import weights_of
from midifrag.engine.loading.lora_files import LoraFile, read_lora
from midifrag.engine.loading.lora_versions import LoraVersion, version_of
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Warming
from midifrag.errors import DriveHangsError, LoraError, ModelError
from midifrag.fragment.files import Signature, signature_of
from midifrag.fragment.hands import Hand

_log = logging.getLogger(__name__)

#: Seconds between two signs of life while a file is read.
_SIGN = 0.5
#: Seconds that a press waits for a drive to say whether a file was replaced: once, and not again while that hangs.
_PATIENCE = 2.0
#: What a file becomes when it is looked at for the first time after this: anything.
_UNKNOWN: LoraVersion = ((0, 0, 0), None)
_AS_BEFORE = "it plays as it was before"


class _Originals:
    """The weights of a model's layers as its checkpoint has them; its own may be in a format that rounds them.

    ``checkpoint`` is what that was when the model was loaded.
    """

    def __init__(self, model: Model, checkpoint: Signature | None) -> None:
        self._model, self._checkpoint = model, checkpoint
        self._read: dict[str, Tensor] = {}

    def __call__(self, layer: str) -> Tensor:
        """Those of a layer, in fp32."""
        module, name = self._model.module, f"{layer}.weight"
        if self._model.precision == "fp32" or self._model.files is None:
            own: Tensor = module.get_parameter(name)
            return own.detach().float()
        if not self._read:
            if signature_of(self._model.files[0]) != self._checkpoint:
                raise LoraError(
                    f"It is written in the weights of {self._model.files[0]}, which is another file than the one that "
                    "plays. Start again, or save the LoRA as one of the kinds without -xs."
                )
            self._read = weights_of(module, self._model.files[0], [f"{each}.weight" for each in adaptable(module)])
        return self._read[name].float()


@dataclass(slots=True)
class _Kept:
    """A LoRA, what its file was when it was read and when that was ``tried`` last, and why it is not as that is now."""

    file: LoraFile
    version: LoraVersion
    tried: LoraVersion
    trouble: str = ""


_Read: TypeAlias = tuple[LoraFile, LoraVersion]


class LoraShelf:
    """LoRAs by where they lie."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._checkpoint = None if model.files is None else signature_of(model.files[0])
        self._kept: dict[str, _Kept] = {}
        #: Of each folder of them: it may lie on a drive of its own, which hangs by itself.
        self._drives: dict[Path, Hand] = {}
        #: Why files cannot be played, and what is to be told of others, by where they lie.
        self.told: dict[str, str] = {}

    def file(self, lora: Lora) -> LoraFile:
        """A LoRA as its file is now. Raises `LoraError` and `HubError` for what cannot be played."""
        if not lora.place:
            raise LoraError(f"The LoRA {lora.name!r} has no file. Name it with loras: [{{file: …}}].")
        kept = self._kept.get(lora.place)
        if kept is None:
            self._keep(lora, self._read(lora, may_fetch=False))
        elif lora.hub is None and kept.file.checksum != lora.checksum:
            self._follow(lora, kept)
        found = self._kept[lora.place].file
        if lora.checksum and found.checksum != lora.checksum:
            raise LoraError(
                f"{found.file} is another LoRA than the one that is meant: its checksum begins with "
                f"{found.checksum[:12]}, and not with {lora.checksum[:12]}. Put that one in its place."
            )
        return found

    def close(self) -> None:
        """End the threads that look at files."""
        for drive in self._drives.values():
            drive.close()

    def has(self, file: LoraFile) -> bool:
        """Whether this is what presses play, and not what lay there before."""
        return any(kept.file is file for kept in self._kept.values())

    def notes(self, loras: Iterable[Lora]) -> list[str]:
        """What is told of takes with these: whose files are not as they are played."""
        every = ((one.name, self._kept.get(one.place)) for one in loras)
        return [f"LoRA {name}: {kept.trouble}; {_AS_BEFORE}" for name, kept in every if kept and kept.trouble]

    @property
    def remarks(self) -> Sequence[str]:
        """What a performer should know of the files, but for those that one of many sent here."""
        every = ((Path(place).name, told) for place, told in self.told.items() if told)
        return [f"LoRA {name}: {told}" for name, told in every if not name.startswith(SENT)]

    def load(self, lines: Iterable[str | None]) -> Iterator[Warming]:
        """Fetch and read what these name, on a thread of its own; what cannot be played is told, and left."""
        wanted: dict[str, Lora] = {}
        for line in lines:
            try:
                wanted |= {one.place: one for one in read_loras(line) if one.place and not self._is_read(one)}
            except ValueError as error:
                _log.warning("LoRAs: %s", error)
        for number, one in enumerate(wanted.values()):
            ended: queue.SimpleQueue[_Read | BaseException] = queue.SimpleQueue()
            threading.Thread(target=self._try, args=(one, ended), name="midifrag-lora", daemon=True).start()
            while True:
                yield Warming(number, len(wanted), f"LoRA {one.name}")
                try:
                    end = ended.get(timeout=_SIGN)
                    break
                except queue.Empty:
                    continue
            if isinstance(end, ModelError):
                kept = self._kept.get(one.place)
                self.told[one.place] = str(end) if kept is None else f"{end} {_AS_BEFORE[:1].upper()}{_AS_BEFORE[1:]}"
                _log.warning("%s", end)
            elif isinstance(end, BaseException):
                raise end
            else:
                self._keep(one, end)

    def _try(self, lora: Lora, ended: queue.SimpleQueue[_Read | BaseException]) -> None:
        try:
            ended.put(self._read(lora, may_fetch=True))
        except BaseException as error:
            ended.put(error)

    def _is_read(self, lora: Lora) -> bool:
        kept = self._kept.get(lora.place)
        return kept is not None and (lora.hub is not None or self._version(lora) in (kept.version, None))

    def _version(self, lora: Lora) -> LoraVersion | None:
        """What a file is now; None where its drive does not say."""
        path = Path(lora.place).expanduser()
        try:
            return self._drive(path.parent).do(partial(version_of, path))
        except DriveHangsError:
            return None

    def _drive(self, folder: Path) -> Hand:
        """Who looks at files in a folder."""
        return self._drives.setdefault(folder, Hand("the drive of a LoRA", _PATIENCE))

    def _follow(self, lora: Lora, kept: _Kept) -> None:
        """Read a file anew that is another one by now."""
        now = self._version(lora)
        if now is None:
            kept.tried, kept.trouble = _UNKNOWN, f"the drive of {lora.place} does not answer"
        elif now == kept.version:
            kept.tried, kept.trouble = now, ""
        elif now != kept.tried and now[0] is None:
            kept.tried, kept.trouble = now, f"{lora.place} is there no more"
        elif now != kept.tried:
            try:
                self._keep(lora, self._read(lora, may_fetch=False))
            except LoraError as error:
                kept.tried, kept.trouble = now, str(error).rstrip(".")

    def _read(self, lora: Lora, *, may_fetch: bool) -> _Read:
        where = lora.hub
        path = Path(lora.place).expanduser() if where is None else hub.lora_file(*where, may_fetch=may_fetch)
        before = version_of(path)
        read = read_lora(path, adaptable(self._model.module), _Originals(self._model, self._checkpoint))
        if version_of(path) != before:
            raise LoraError(f"{path} is being written. Press again when it is whole.")
        return read, before

    def _keep(self, lora: Lora, read: _Read) -> None:
        file, version = read
        known = self._kept.get(lora.place)
        if known is not None and known.file.checksum == file.checksum and known.version[1] == version[1]:
            # Touched, and not changed: what is made of it stays.
            file = known.file
        else:
            # Brought to the device once, so that no press waits for that.
            there = {name: adapter.on(self._model.device) for name, adapter in file.adapters.items()}
            file = replace(file, adapters=there)
        self._kept[lora.place] = _Kept(file, version, version)
        how = "" if file.is_added else f"a {file.kind}, merged: each new strength of it takes a press a moment longer"
        self.told[lora.place] = "; ".join(filter(None, (how, file.note)))
