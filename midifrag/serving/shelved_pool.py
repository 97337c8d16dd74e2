"""The engines of a replica, not all of which are in memory at once: what is played is loaded, and another one goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import assert_never

from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Command,
    Died,
    EngineEvent,
    Failed,
    Progress,
    Promote,
    Ready,
    Render,
    Rendered,
    Resumed,
    Stalled,
    Started,
    Warm,
    Warming,
)
from midifrag.engine.pool import EnginePool
from midifrag.engine.protocol import Engine
from midifrag.serving.shelf import Shelf


class ShelvedPool:
    """An `EnginePool` of what ``shelf`` has room for; all but ``listener`` is called and calls on its owner's thread.

    ``later`` has something done on that thread, from any; ``rests`` hears which model is not in memory any more.
    """

    def __init__(
        self,
        create: Callable[[str], Engine],
        listener: Callable[[str, EngineEvent], None],
        shelf: Shelf,
        later: Callable[[Callable[[], None]], None],
        rests: Callable[[str], None],
    ) -> None:
        self._pool = EnginePool(create, listener)
        self._listener, self._shelf, self._later, self._rests = listener, shelf, later, rests
        #: Jobs in flight, and models that are being loaded.
        self._jobs: dict[str, set[int]] = {}
        self._loading: set[str] = set()
        #: What is wanted of models that are not in memory, in the order in which they were asked for.
        self._waiting: dict[str, list[Command]] = {}
        self._leaving: set[str] = set()
        self._closing: list[threading.Thread] = []

    @property
    def is_loading(self) -> bool:
        """Whether a model is on its way into memory."""
        return bool(self._loading)

    def start(self, models: Iterable[str]) -> None:
        """Load what there is room for; the others rest."""
        there = self._shelf.fill()
        self._loading |= set(there)
        self._pool.start(dict.fromkeys(there, ()))
        for model in models:
            if model not in there:
                self._rests(model)

    def send(self, model: str, command: Command) -> None:
        """Hand a command to the engine of ``model``, which is loaded first where it rests; never blocks."""
        match command:
            case Render(job=job):
                self._jobs.setdefault(model, set()).add(job)
            case Cancel() | Promote():
                if model not in self._shelf:
                    self._mend(model, command)
                    return
            case Warm():
                pass
            case _:
                assert_never(command)
        if model in self._shelf:
            if isinstance(command, Render | Warm):
                self._shelf.put(model)
            self._pool.send(model, command)
            return
        self._waiting.setdefault(model, []).append(command)
        self._advance()

    def note(self, model: str, event: EngineEvent) -> bool:
        """Take in what an engine told; False for one that is not there any more, and has nothing to say."""
        if model not in self._shelf:
            return isinstance(event, Cancelled)
        self._pool.note(model, event)
        match event:
            case Ready(info):
                self._loading.discard(model)
                if info.memory:
                    self._shelf.weigh(model, sum(info.memory.values()))
                # It may be larger than its files.
                for other in self._shelf.in_the_way("", self._may_go) or ():
                    self._let_go(other)
            case Rendered(job=job) | Failed(job=job) | Cancelled(job=job):
                self._jobs.get(model, set()).discard(job)
            case Died(jobs=jobs, restarting=restarting):
                if not restarting:
                    self._loading.discard(model)
                self._jobs.get(model, set()).difference_update(jobs)
            case Warming() | Started() | Progress() | Stalled() | Resumed():
                pass
            case _:
                assert_never(event)
        self._advance()
        return model in self._shelf

    def close(self) -> None:
        """Stop all engines."""
        self._waiting.clear()
        self._pool.close()
        for thread in self._closing:
            thread.join()

    def _mend(self, model: str, command: Cancel | Promote) -> None:
        """What a job that waits for its model hears."""
        waiting = self._waiting.get(model, [])
        for at, one in enumerate(waiting):
            if not isinstance(one, Render) or one.job != command.job:
                continue
            if isinstance(command, Promote):
                waiting[at] = replace(one, spare=False)
            else:
                del waiting[at]
                if not waiting:
                    del self._waiting[model]
                self._jobs[model].discard(one.job)
                self._listener(model, Cancelled(one.job))
            return

    def _advance(self) -> None:
        """Load what is wanted, as far as there is room; who asked first comes first."""
        while self._waiting and not self._leaving:
            model = next(iter(self._waiting))
            gone = self._shelf.in_the_way(model, self._may_go)
            if gone is None:
                return
            for other in gone:
                self._let_go(other)
            if not gone:
                self._shelf.put(model)
                self._loading.add(model)
                for command in self._waiting.pop(model):
                    self._pool.send(model, command)

    def _may_go(self, model: str) -> bool:
        return model not in self._loading and not self._jobs.get(model)

    def _let_go(self, model: str) -> None:
        """Close an engine, which may take seconds; its memory is free when that is over."""
        self._shelf.remove(model)
        self._rests(model)
        engine = self._pool.drop(model)
        if engine is None:
            return
        self._leaving.add(model)

        def close() -> None:
            try:
                engine.close()
            finally:
                self._later(lambda: self._gone(model))

        self._closing = [one for one in self._closing if one.is_alive()]
        self._closing.append(threading.Thread(target=close, name=f"midifrag-closing {model}", daemon=True))
        self._closing[-1].start()

    def _gone(self, model: str) -> None:
        self._leaving.discard(model)
        self._advance()
