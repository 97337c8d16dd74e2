"""Takes over changes of presets.yaml and its banks while a show runs; a mistake leaves the last good ones in use."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path

from midifrag.bridge.items import Reload
from midifrag.config import loading
from midifrag.config.lost_words import lost_words_in
from midifrag.config.settings import Settings
from midifrag.errors import ConfigurationError
from midifrag.events import Notice
from midifrag.states import NoticeLevel

_log = logging.getLogger(__name__)

#: Seconds between two looks at the files.
LOOK_EVERY = 1.0
#: What is only read at the start; a change there is told, not done. All else of a set counts at once; of what
#: `midifrag.show.doors.DOORS` names, a door is opened, closed or begun anew.
AT_START = (
    "ports",
    "backend",
    "client",
    "notify",
    "playback.device",
    "playback.outputs",
    "input.device",
    "fragments.folder",
    "fragments.count",
    "fragments.name",
    "archive",
    "session_log",
    "models",
    "servers",
    "precision",
    "engine.host",
    "engine.device",
    "engine.max_in_flight",
    "engine.graphs",
    "engine.kernels",
    "engine.fp16_accumulation",
    "engine.guidance_interval",
    "engine.step_caching",
    "engine.noise",
    "engine.stand_in",
    "page",
)


def as_begun(loaded: loading.Loaded, begun: loading.Loaded) -> loading.Loaded:
    """A set as a show goes by it that was begun with another: what is only read at the start is as it was there."""
    settings = loaded.settings
    for name in AT_START:
        group, _, key = name.partition(".")
        value = getattr(begun.settings, group)
        if key:
            value = getattr(settings, group).model_copy(update={key: getattr(value, key)})
        settings = settings.model_copy(update={group: value})
    return replace(loaded, settings=settings)


class ConfigWatch:
    """Compares the files' times and sizes, and hands what it reads to ``put``; one for a running show.

    `start` looks about once a second on a thread of its own, so that nobody waits for a slow disk or a long set.
    """

    def __init__(
        self, loaded: loading.Loaded, put: Callable[[Reload | Notice], None], interval: float = LOOK_EVERY
    ) -> None:
        self._loaded = loaded
        self._put = put
        self._interval = interval
        self._refused: dict[Path, loading.Stamp] | None = None
        self._begun = loaded.settings
        self._empty = False
        self._lost_words: list[str] = []
        self._woken = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="configuration", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def read_again(self) -> None:
        """Look now rather than later: somebody knows that a file has changed. Never blocks."""
        self._woken.set()

    def close(self) -> None:
        """Stop looking; what is being read is left out."""
        self._closing = True
        self._woken.set()

    def look(self) -> None:
        """Read again what has changed."""
        stamps = _stamps(self._loaded)
        if stamps not in (self._loaded.stamps, self._refused):
            self._reload()

    def _reload(self) -> None:
        stamps = _stamps(self._loaded)
        try:
            if self._is_just_emptied(stamps):
                return
            loaded = loading.load(self._loaded.path, self._loaded.flags)
        except ConfigurationError as error:
            self._refused = stamps
            for problem in error.problems:
                self._put(Notice(NoticeLevel.ERROR, f"{problem} (the last good configuration stays)"))
            return
        except Exception as error:
            # A mistake of ours must not end a show either.
            _log.exception("the changed configuration could not be read")
            self._refused = stamps
            self._put(Notice(NoticeLevel.ERROR, f"unexpected: {error!r} (the last good configuration stays)"))
            return
        told = self._waiting(self._loaded.settings)
        waits = [name for name in self._waiting(loaded.settings) if name not in told]
        if waits:
            text = f"{', '.join(waits)}: changed, takes effect at the next start"
            self._put(Notice(NoticeLevel.WARNING, text))
        before, self._loaded = self._loaded, loaded
        self._put(Reload(loaded))
        self._tell_lost_words()
        for notice in unplayable(loaded, before):
            self._put(notice)

    def _tell_lost_words(self) -> None:
        """Tell what YAML left out of the texts of the set, each as long as it stands there once."""
        lost = [str(problem) for problem in lost_words_in(self._loaded.files)]
        for line in lost:
            if line not in self._lost_words:
                self._put(Notice(NoticeLevel.WARNING, line))
        self._lost_words = lost

    def _is_just_emptied(self, stamps: dict[Path, loading.Stamp]) -> bool:
        """Whether to wait for what an editor is about to write. A file that stays empty is refused, and that is told.

        Nobody means to lose a set in the middle of a show, and an empty presets.yaml would be a valid one.
        """
        if not is_emptied(self._loaded.path):
            self._empty = False
            return False
        if not self._empty:
            self._empty = True
            return True
        self._refused = stamps
        name = self._loaded.path.name
        self._put(Notice(NoticeLevel.ERROR, f"{name} is empty (the last good configuration stays)"))
        return True

    def _run(self) -> None:
        self._tell_lost_words()
        while not self._closing:
            self._woken.wait(self._interval)
            self._woken.clear()
            if not self._closing:
                self.look()

    def _waiting(self, settings: Settings) -> list[str]:
        """What of a show differs from how it was begun, and only counts at the next start."""
        return [name for name in AT_START if attrgetter(name)(self._begun) != attrgetter(name)(settings)]


def unplayable(loaded: loading.Loaded, before: loading.Loaded | None = None) -> list[Notice]:
    """What to tell of pads whose model cannot render what they ask for, unless it was so ``before``."""
    told = {(one.file, one.key, one.message) for one in before.unplayable} if before else set()
    new = [one for one in loaded.unplayable if (one.file, one.key, one.message) not in told]
    return [Notice(NoticeLevel.WARNING, f"{problem}; the other pads play") for problem in new]


def is_emptied(path: Path) -> bool:
    """Whether a file is there and holds nothing."""
    stamp = loading.stamp(path)
    return stamp is not None and stamp[1] == 0


def _stamps(loaded: loading.Loaded) -> dict[Path, loading.Stamp]:
    return {path: loading.stamp(path) for path in loaded.files}
