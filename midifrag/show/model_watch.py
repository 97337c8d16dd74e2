"""Whether files that a set's models are made of are replaced while a show runs: who trains copies over the one before.

What is replaced of a LoRA is heard at the next press; a checkpoint is read once, and that its file is another one by
now is told.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from midifrag.bridge.items import LorasReplaced
from midifrag.config.loading import Loaded
from midifrag.config.used_loras import used_loras
from midifrag.engine.loading.lora_versions import LoraVersion, version_of
from midifrag.events import Notice
from midifrag.fragment.files import signature_of
from midifrag.states import NoticeLevel

_log = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_EVERY = 1.0
#: What a folder's checkpoint is called; else it is the only one that ends so (`midifrag.engine.loading.model_files`).
_USUAL, _ENDS = ("model.safetensors", "model.ckpt"), (".safetensors", ".ckpt", ".pt", ".pth")


class ModelWatch:
    """Puts `LorasReplaced` at each change of a LoRA of the set that is ``loaded`` now, also while it is being written.

    It looks on a thread of its own, so that nobody waits for a drive that hangs; nothing of a file is read.
    """

    def __init__(
        self,
        put: Callable[[LorasReplaced | Notice], None],
        loaded: Callable[[], Loaded],
        every: float = LOOK_EVERY,
    ) -> None:
        self._put, self._loaded, self._every = put, loaded, every
        self._set: Loaded | None = None
        #: LoRAs and models, by the places of their files.
        self._loras: dict[str, str] = {}
        self._models: dict[str, str] = {}
        self._seen: dict[str, LoraVersion] = {}
        self._changing: set[str] = set()
        self._closing = threading.Event()

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._run, name="midifrag-models", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()

    def look(self) -> None:
        """Take one look. A file is told of once it stays as it is."""
        loaded = self._loaded()
        if loaded is not self._set:
            self._set = loaded
            every = [one.lora for one in used_loras(loaded.settings, loaded.banks)]
            # What comes from the hub is another file only at another revision.
            self._loras = {one.place: one.name for one in every if one.hub is None}
            self._models = {str(place): model for place, model in _checkpoints(loaded)}
        watched = {*self._loras, *self._models}
        seen = {place: self._version(place) for place in watched}
        changed = {place for place, version in seen.items() if self._seen.get(place, version) != version}
        settled = (self._changing - changed) & watched
        self._seen, self._changing = seen, changed
        loras = frozenset(changed & self._loras.keys())
        if loras:
            self._put(LorasReplaced(loras))
        for place in sorted(settled):
            self._put(self._told(place, is_there=seen[place][0] is not None))

    def _version(self, place: str) -> LoraVersion:
        path = Path(place).expanduser()
        # What lies beside a checkpoint says nothing of it.
        return version_of(path) if place in self._loras else (signature_of(path), None)

    def _told(self, place: str, *, is_there: bool) -> Notice:
        if place not in self._loras:
            became = "is another file now" if is_there else "is gone"
            text = f"{self._models[place]}: {place} {became}; it plays as it was loaded, until the next start"
            return Notice(NoticeLevel.WARNING, text)
        if is_there:
            return Notice(NoticeLevel.INFO, f"LoRA {self._loras[place]}: its file was replaced")
        text = f"LoRA {self._loras[place]}: {place} is gone; until the show ends, it plays as it was"
        return Notice(NoticeLevel.WARNING, text)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.look()
            except Exception:
                # Presses look for themselves.
                _log.exception("the files of models could not be looked at")
            self._closing.wait(self._every)


def _checkpoints(loaded: Loaded) -> Iterator[tuple[Path, str]]:
    """The files of this machine that hold a set's models, and whose each is."""
    for model in loaded.limits:
        source = loaded.source(model)
        if loaded.settings.is_elsewhere(model) or source.get("engine", "stable-audio") != "stable-audio":
            continue
        for key in ("checkpoint", "pretransform"):
            if key in source and (key == "pretransform" or "hub" not in source):
                yield Path(source[key]), model
        if "folder" in source:
            yield from ((place, model) for place in _in_folder(Path(source["folder"])))


def _in_folder(folder: Path) -> list[Path]:
    usual = [folder / name for name in _USUAL if (folder / name).is_file()]
    return usual[:1] or [one for one in folder.glob("*") if one.suffix.lower() in _ENDS]
