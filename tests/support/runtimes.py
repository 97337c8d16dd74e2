"""Whole shows over ports in memory: real bridge, engine, writer and files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mido

from midifrag.config.loading import Loaded
from midifrag.events import EngineChanged, StateChange
from midifrag.midi.memory import MemoryBackend
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.states import EngineState
from tests.support import PATIENCE
from tests.support.shows import loaded


class Seen:
    """Every state change so far, and a way to wait for one."""

    def __init__(self) -> None:
        self.changes: list[StateChange] = []
        self._news = threading.Condition()

    def __call__(self, change: StateChange) -> None:
        with self._news:
            self.changes.append(change)
            self._news.notify_all()

    def wait_for(self, condition: Callable[[list[StateChange]], Any]) -> Any:
        with self._news:
            found = self._news.wait_for(lambda: condition(self.changes), PATIENCE)
        assert found, f"did not come about within {PATIENCE:.0f} s; last: {self.changes[-3:]}"
        return found

    def wait_for_kind(self, kind: type, **fields: Any) -> Any:
        def match(changes: list[StateChange]) -> Any:
            return next(
                (c for c in changes if isinstance(c, kind) and all(getattr(c, k) == v for k, v in fields.items())), None
            )

        return self.wait_for(match)


class PlayedShow:
    """A running show that a test plays."""

    def __init__(self, runtime: Runtime, ports: ClipPorts, seen: Seen) -> None:
        self.runtime, self.ports, self.seen = runtime, ports, seen

    @property
    def backend(self) -> MemoryBackend:
        assert self.ports.backend is not None
        return self.ports.backend

    def note(self, note: int, velocity: int = 100, channel: int = 1) -> None:
        self.ports.send(mido.Message("note_on", note=note, velocity=velocity, channel=channel - 1))


@contextmanager
def played_show(folder: Path, show: Loaded | None = None, **settings: Any) -> Iterator[PlayedShow]:
    """Run ``show`` with the sketch engine on a thread, its fragments in ``folder``."""
    if show is None:
        settings.setdefault("engine", {"host": "thread", "spares": {"enabled": False}})
        show = loaded(fragments={"folder": str(folder)}, **settings)
    ports = ClipPorts("midifrag")
    runtime = Runtime(show, ports)
    seen = Seen()
    runtime.start()
    try:
        runtime.watch(seen, "test")
        seen.wait_for_kind(EngineChanged, state=EngineState.READY)
        yield PlayedShow(runtime, ports, seen)
    finally:
        runtime.close()
