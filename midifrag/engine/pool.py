"""The engines of a show, by model: started together, each behind its own host, with one that stands in for the lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from midifrag.engine.hosting.guest import guarded
from midifrag.engine.messages import (
    Cancelled,
    Command,
    Died,
    EngineEvent,
    EngineInfo,
    Failed,
    Progress,
    Ready,
    Render,
    Rendered,
    Resumed,
    Stalled,
    Started,
    Warm,
    Warming,
)
from midifrag.engine.protocol import Engine
from midifrag.errors import ModelError


class EnginePool:
    """Every model of a set list, loaded. ``stand_in`` renders for a model that cannot be loaded or does not come back.

    ``create`` makes an engine for a model's name; ``listener`` gets (model, event) from the engines' own threads, and
    does no more than queue them for the pool's owner. That is the one thread that calls `send`, and `note` for each
    event as it takes it in; nothing else changes what `effective`, `info` and `waiting` say, which any thread may ask.
    """

    def __init__(
        self,
        create: Callable[[str], Engine],
        listener: Callable[[str, EngineEvent], None],
        stand_in: str | None = None,
    ) -> None:
        self._create = create
        self._listener = listener
        self._stand_in = stand_in
        self._engines: dict[str, Engine] = {}
        #: Models that no engine could be made for.
        self._failed: set[str] = set()
        self._infos: dict[str, EngineInfo] = {}
        self._lost: set[str] = set()
        #: What was to be loaded at the start.
        self._awaited: tuple[str, ...] = ()
        self._closed = False

    def start(self, warm: Mapping[str, tuple[Render, ...]]) -> None:
        """Load every model of ``warm`` and prepare it for its renders; before the owner's thread sends anything."""
        self._awaited = tuple(warm)
        for model, renders in warm.items():
            self.send(model, Warm(renders))

    def send(self, model: str, command: Command) -> None:
        """Hand a command to the engine of ``model``, starting it if need be; never blocks. Nothing after `close`."""
        if self._closed:
            return
        if model not in self._engines and model not in self._failed:
            self._start(model)
        if model in self._engines:
            self._engines[model].send(command)
        elif isinstance(command, Render):
            self._listener(model, Died(f"there is no engine for {model}", (command.job,), restarting=False))

    def note(self, model: str, event: EngineEvent) -> None:
        """Take in what the engine of ``model`` told, on the owner's thread."""
        match event:
            case Ready(info):
                self._infos[model] = info
                self._lost.discard(model)
            case Died(restarting=False):
                self._lost.add(model)
            case Died() | Stalled() | Resumed() | Warming():
                pass
            case Started() | Progress() | Rendered() | Failed() | Cancelled():
                pass
            case _:
                assert_never(event)

    def effective(self, model: str) -> str:
        """The model that really renders: itself, or what stands in while it is lost."""
        return self._stand_in if self._stand_in is not None and model in self._lost else model

    def info(self, model: str) -> EngineInfo | None:
        """What is loaded for ``model``, once it is."""
        return self._infos.get(model)

    def waiting(self) -> list[str]:
        """The models of the start that are still being loaded and warmed for the first time."""
        gone = self._lost | self._failed
        return [model for model in self._awaited if model not in self._infos and model not in gone]

    def drop(self, model: str) -> Engine | None:
        """Forget the engine of ``model``, which the next command begins anew; whoever drops it closes it."""
        self._infos.pop(model, None)
        self._lost.discard(model)
        self._failed.discard(model)
        return self._engines.pop(model, None)

    def close(self) -> None:
        """Stop all engines, for good: what is still said of a lost one must not start what stands in for it."""
        self._closed = True
        for engine in self._engines.values():
            engine.close()

    def _start(self, model: str) -> None:
        try:
            engine = guarded(self._create(model), model)
        except Exception as error:  # a plug-in may fail in any way, and the presses on it must hear of it
            self._failed.add(model)
            reason = str(error) if isinstance(error, ModelError) else f"{model} cannot be started: {error!r}"
            self._listener(model, Died(reason, (), restarting=False))
            return
        self._engines[model] = engine
        engine.start(lambda event: self._listener(model, event))
