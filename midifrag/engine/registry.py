"""From a model's name and entry to an engine that plays it: built in, or a plug-in.

Plug-ins register a worker factory (see `midifrag.engine.protocol`) under the entry-point group ``midifrag.engines``;
an entry of presets.yaml chooses one with ``engine: NAME``. A plug-in's name also works as a model's name.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from midifrag.config.catalogue import plugins
from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.protocol import Engine, EngineChoice, Worker, WorkerFactory
from midifrag.errors import ModelError

HostKind: TypeAlias = Literal["process", "thread"]


def sketch_worker(choice: EngineChoice) -> Worker:
    """The built-in synthesiser."""
    from midifrag.engine.sketch.worker import SketchWorker

    return SketchWorker(choice)


def stable_audio_worker(choice: EngineChoice) -> Worker:
    """Models of stable-audio-tools."""
    from midifrag.engine.diffusion.worker import DiffusionWorker

    return DiffusionWorker(choice)


#: The engines that need no plug-in.
BUILT_IN: dict[str, WorkerFactory] = {"sketch": sketch_worker, "stable-audio": stable_audio_worker}


def engines() -> tuple[str, ...]:
    """Names of all engines there are, built in first."""
    return (*BUILT_IN, *sorted(set(plugins()) - set(BUILT_IN)))


def factory_for(choice: EngineChoice) -> WorkerFactory:
    """The worker factory of the chosen engine.

    That is the one the entry names with ``engine``, else the one called like the model, else stable-audio. Raises
    `ModelError` for an engine that is not there or cannot be imported.
    """
    others = plugins()
    name = choice.source.get("engine")
    if name is None:
        name = choice.model if not choice.source and choice.model in {*BUILT_IN, *others} else "stable-audio"
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name not in others:
        raise ModelError(f"There is no engine {name!r}. There are {', '.join(engines())}; others come as plug-ins.")
    try:
        factory: WorkerFactory = others[name].load()
    except Exception as error:  # a plug-in may fail to import in any way
        raise ModelError(
            f"The engine {name!r} ({others[name].value}) cannot be imported: {type(error).__name__}: {error}. "
            "Install its package again or choose another model."
        ) from error
    return factory


def create_engine(choice: EngineChoice, host: HostKind = "process") -> Engine:
    """The chosen engine, not started yet: in a child process, or in a thread of this one. Raises `ModelError`."""
    factory = factory_for(choice)
    return ProcessHost(factory, choice) if host == "process" else ThreadHost(factory, choice)
