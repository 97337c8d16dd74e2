"""Whole shows over ports in memory: real bridge, engine, writer and files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partialmethod
from pathlib import Path
from typing import Any
from unittest.mock import patch

import mido
import pytest

from midifrag.config.loading import Loaded
from midifrag.engine.messages import Command, EngineEvent, Ready, Render, Started
from midifrag.events import EngineChanged, JobChanged, StateChange
from midifrag.fragment.writer import FragmentWriter
from midifrag.midi.memory import MemoryBackend
from midifrag.midi.output import OutputThread
from midifrag.show.audio_devices import MakePlayer
from midifrag.show.link import OpenSession
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.show.session_log import SessionLog, read_session
from midifrag.states import EngineState, JobState
from tests.support import PATIENCE
from tests.support.bridges import INFO
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


def landed(count: int) -> Callable[[list[StateChange]], list[JobChanged] | None]:
    """A condition of `Seen`: the landings from the one of this number on."""

    def condition(changes: list[StateChange]) -> list[JobChanged] | None:
        landings = [c for c in changes if isinstance(c, JobChanged) and c.state is JobState.LANDED]
        return landings[count - 1 :] or None

    return condition


class NeverRenders:
    """An engine that is ready at once, begins with the first job, and goes no further."""

    def start(self, listener: Callable[[EngineEvent], None]) -> None:
        self.listener = listener
        listener(Ready(INFO))

    def send(self, command: Command) -> None:
        if isinstance(command, Render) and command.job == 1:
            self.listener(Started(1))

    def close(self) -> None:
        pass


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
def in_its_own_time() -> Iterator[None]:
    """What ends with a show may take long here, on a busy machine; on stage nobody waits for it longer than seconds."""
    with ExitStack() as patches:
        for kind, limit in ((FragmentWriter, "timeout"), (SessionLog, "timeout"), (OutputThread, "seconds")):
            patches.enter_context(patch.object(kind, "close", partialmethod(kind.close, **{limit: PATIENCE})))
        yield


def played_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands play without processes of their own: the engine in a thread, and no player."""
    monkeypatch.setenv("MIDIFRAG_ENGINE__HOST", "thread")
    monkeypatch.setenv("MIDIFRAG_PLAYBACK__DEVICE", "off")


def log_of(folder: Path) -> list[dict[str, Any]]:
    """The lines of the one session log in a folder of fragments."""
    (log,) = (folder / "archive" / "sessions").glob("*.jsonl")
    return list(read_session(log))


@contextmanager
def played_show(
    folder: Path,
    show: Loaded | None = None,
    make_player: MakePlayer | None = None,
    open_link: OpenSession | None = None,
    **settings: Any,
) -> Iterator[PlayedShow]:
    """Run ``show`` with the sketch engine on a thread, its fragments in ``folder``."""
    if show is None:
        settings.setdefault("engine", {"host": "thread", "spares": {"enabled": False}})
        show = loaded(fragments={"folder": str(folder)}, **settings)
    ports = ClipPorts("midifrag")
    runtime = Runtime(show, ports, make_player=make_player, open_link=open_link)
    seen = Seen()
    with in_its_own_time(), closing(runtime):
        runtime.start()
        runtime.watch(seen, "test")
        seen.wait_for_kind(EngineChanged, state=EngineState.READY)
        yield PlayedShow(runtime, ports, seen)
