"""The borders of engines, all small.

A `Worker` does the rendering. It is driven: whoever hosts it calls `tick` in a loop on one thread, so a worker needs no
locks and no threads of its own. An `Engine` is what the bridge holds: a worker behind a host (a thread or a child
process), or something remote that speaks the same messages. `Engines` are all of a show.

Third parties register one of two things under the entry-point group ``midifrag.engines``. Most register a factory of
workers, a class or a function: it is called with the model's entry of ``presets.yaml`` as an `EngineChoice` and returns
a `Worker`, which midifrag then hosts. It must be importable by name, since it also runs in a child process::

    [project.entry-points."midifrag.engines"]
    bells = "my_package:BellWorker"

What is not driven by ticks, such as a client of a service on another machine, is a whole `Engine` with threads of its
own. Its factory is registered as an `EngineFactory`, and what that makes is used as it is, in midifrag's own process::

    far = EngineFactory(FarEngine)                     # in my_package

    [project.entry-points."midifrag.engines"]
    far = "my_package:far"

`midifrag.engine.conformance` has the tests that either must pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from midifrag.engine.messages import Command, EngineEvent, EngineInfo, Render


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which model to load and how; built from ``presets.yaml``.

    ``source`` holds the model's own entry (``hub``, ``config``, ``checkpoint``, ``short_latents`` …) with paths made
    absolute. ``options`` is everything else an engine may want (``max_in_flight``, ``graphs`` …).
    """

    model: str
    source: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    precision: str = "auto"
    options: Mapping[str, Any] = field(default_factory=dict)


class Worker(Protocol):
    """Renders, one small step a call. Not thread-safe: its host calls everything from one thread.

    One that has ``only_launches``, and that is true, leaves the arithmetic to a card: a process of its own then takes
    no lower place in the queue for a core.
    """

    def load(self) -> Iterable[EngineEvent]:
        """Load the model, yielding `Warming` as it goes. Raises `ModelError`; nothing is then left half-loaded."""
        ...

    def info(self) -> EngineInfo:
        """What is loaded."""
        ...

    def warm(self, renders: tuple[Render, ...]) -> Iterable[EngineEvent]:
        """Make these renders start at once later, yielding `Warming` as it goes.

        Those that presses may ask for come in one call, those that controls may make of them, as spares, in another.
        Once single presses can go, a `Warming` that is ``playable`` may say so: what is left waits for idle moments.
        """
        ...

    def submit(self, render: Render) -> None:
        """Take a job, with which it is `busy` until that has ended. Raises `RequestError` for what is never rendered.

        What no engine renders, `midifrag.engine.limits.check_limits` refuses; the rest is the worker's own to know.
        """
        ...

    def cancel(self, job: int) -> bool:
        """Drop a job, of which nothing is told any more; False if it is not known, or has ended."""
        ...

    def promote(self, job: int) -> None:
        """Treat a spare as a press from now on; an unknown job is ignored."""
        ...

    def tick(self) -> list[EngineEvent]:
        """Advance everything in flight by one step and say what happened; empty when there is nothing to do.

        Must come back: a worker that has something to do and shows no progress for 10 s, or for five times as long as
        a tick took before, counts as hanging and is replaced; its first tick has a minute. What it says is checked as
        `midifrag.engine.border` says: an odd take is a failed press.
        """
        ...

    @property
    def busy(self) -> bool:
        """Whether the next `tick` has work. A job that has not ended when there is none has failed."""
        ...

    def close(self) -> None:
        """Free the device. Nothing is called afterwards."""
        ...


WorkerFactory: TypeAlias = Callable[[EngineChoice], Worker]


class Engine(Protocol):
    """Takes commands and tells events. `send` never blocks; events arrive on ``listener`` from a thread of its own."""

    def start(self, listener: Callable[[EngineEvent], None]) -> None:
        """Begin loading; `Ready` or `Died` follows."""
        ...

    def send(self, command: Command) -> None:
        """Hand over a command; never blocks and never raises for a dead engine (its jobs are reported `Died`)."""
        ...

    def close(self) -> None:
        """Stop within a few seconds, whatever it is doing."""
        ...


@dataclass(frozen=True, slots=True)
class EngineFactory:
    """Says of a factory that it makes whole engines, which need no host; for entry points, see above.

    ``create`` gets the model's entry and returns an engine that is not started yet. It may raise `ModelError`.
    """

    create: Callable[[EngineChoice], Engine]


def missing_from(made: object, protocol: type) -> tuple[str, ...]:
    """What ``protocol`` (`Worker` or `Engine`) asks for and ``made`` does not have, by name."""
    asked = [name for name in vars(protocol) if not name.startswith("_")]
    # A property of the class is there, whatever its value is before loading.
    return tuple(name for name in asked if not (hasattr(type(made), name) or hasattr(made, name)))


class Engines(Protocol):
    """The engines of a show, by model."""

    def send(self, model: str, command: Command) -> None:
        """Hand a command to the engine of ``model``; never blocks."""
        ...

    def note(self, model: str, event: EngineEvent) -> None:
        """Take in what the engine of ``model`` told; before anything else is made of it, by the one who sends."""
        ...

    def effective(self, model: str) -> str:
        """The model that really renders: itself, or what stands in for it while it is lost."""
        ...

    def info(self, model: str) -> EngineInfo | None:
        """What is loaded, once it is."""
        ...
