"""Whether files of a set's LoRAs are replaced while a show runs: who trains one copies it over the one before."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from midifrag.bridge.items import LorasReplaced
from midifrag.config.loading import Loaded
from midifrag.config.used_loras import used_loras
from midifrag.engine.loading.lora_versions import LoraVersion, version_of
from midifrag.events import Notice
from midifrag.states import NoticeLevel

_log = logging.getLogger(__name__)

#: Seconds between two looks.
LOOK_EVERY = 1.0


class LoraWatch:
    """Puts `LorasReplaced` at each change of a file of the set that is ``loaded`` now, also while it is being written.

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
        self._names: dict[str, str] = {}
        self._seen: dict[str, LoraVersion] = {}
        self._changing: set[str] = set()
        self._closing = threading.Event()

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._run, name="midifrag-loras", daemon=True).start()

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
            self._names = {one.place: one.name for one in every if one.hub is None}
        seen = {place: version_of(Path(place).expanduser()) for place in self._names}
        changed = {place for place, version in seen.items() if self._seen.get(place, version) != version}
        settled = (self._changing - changed) & seen.keys()
        self._seen, self._changing = seen, changed
        if changed:
            self._put(LorasReplaced(frozenset(changed)))
        for place in sorted(settled):
            self._put(self._told(place, is_there=seen[place][0] is not None))

    def _told(self, place: str, *, is_there: bool) -> Notice:
        if is_there:
            return Notice(NoticeLevel.INFO, f"LoRA {self._names[place]}: its file was replaced")
        text = f"LoRA {self._names[place]}: {place} is gone; until the show ends, it plays as it was"
        return Notice(NoticeLevel.WARNING, text)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.look()
            except Exception:
                # Presses look for themselves.
                _log.exception("the files of LoRAs could not be looked at")
            self._closing.wait(self._every)
