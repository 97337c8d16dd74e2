"""Takes over changes of presets.yaml and its banks while a show runs; a mistake leaves the last good ones in use."""

from __future__ import annotations

import logging
import time
from operator import attrgetter
from pathlib import Path
from typing import Protocol

from midifrag.config import loading
from midifrag.config.settings import Show
from midifrag.errors import ConfigurationError
from midifrag.events import Notice, Reload

_log = logging.getLogger(__name__)

#: Seconds between two looks at the files.
LOOK_EVERY = 1.0
#: What is only read at the start; a change there is told, not done.
AT_START = (
    "ports",
    "backend",
    "notify",
    "fragments.folder",
    "fragments.count",
    "fragments.name",
    "archive",
    "models",
    "precision",
    "engine.host",
    "engine.device",
    "engine.max_in_flight",
    "engine.fallback",
    "page",
)


class Reloadable(Protocol):
    """What of a running show reading it again needs."""

    loaded: loading.Loaded

    def put(self, item: Reload | Notice) -> None:
        """Hand over to the bridge."""
        ...


class ConfigWatch:
    """Compares the files' times and sizes about once a second, whenever `look` is called."""

    def __init__(self, runtime: Reloadable, interval: float = LOOK_EVERY) -> None:
        self._runtime = runtime
        self._interval = interval
        self._refused: dict[Path, loading.Stamp] | None = None
        self._begun = runtime.loaded.show
        self._due = time.monotonic() + self._interval

    def look(self) -> None:
        """Read again what has changed."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + self._interval
        stamps = _stamps(self._runtime.loaded)
        if stamps not in (self._runtime.loaded.stamps, self._refused):
            self.reload()

    def reload(self) -> None:
        """Read the show again and hand it over, or say what is wrong with it."""
        runtime = self._runtime
        stamps = _stamps(runtime.loaded)
        try:
            if is_emptied(runtime.loaded.path):
                # An editor that is about to write, or a full disk: nobody means to lose a set in the middle of a show.
                return
            loaded = loading.load(runtime.loaded.path, runtime.loaded.flags)
        except ConfigurationError as error:
            self._refused = stamps
            for problem in error.problems:
                runtime.put(Notice("error", f"{problem} (the last good configuration stays)"))
            return
        except Exception as error:
            # A mistake of ours must not end a show either.
            _log.exception("the changed configuration could not be read")
            self._refused = stamps
            runtime.put(Notice("error", f"unexpected: {error!r} (the last good configuration stays)"))
            return
        told = self._waiting(runtime.loaded.show)
        waits = [name for name in self._waiting(loaded.show) if name not in told]
        if waits:
            runtime.put(Notice("warning", f"{', '.join(waits)}: changed, takes effect at the next start"))
        runtime.loaded = loaded
        runtime.put(Reload(loaded))

    def _waiting(self, show: Show) -> list[str]:
        """What of a show differs from how it was begun, and only counts at the next start."""
        return [name for name in AT_START if attrgetter(name)(self._begun) != attrgetter(name)(show)]


def is_emptied(path: Path) -> bool:
    """Whether a file is there and holds nothing."""
    stamp = loading.stamp(path)
    return stamp is not None and stamp[1] == 0


def _stamps(loaded: loading.Loaded) -> dict[Path, loading.Stamp]:
    return {path: loading.stamp(path) for path in loaded.files}
