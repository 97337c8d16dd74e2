"""From a model's name and entry to an engine that plays it: built in, or a plug-in.

Plug-ins register a factory of workers or of whole engines under the entry-point group ``midifrag.engines``, see
`midifrag.engine.protocol`. An entry of presets.yaml chooses one with ``engine: NAME``. A plug-in's name also works as a
model's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from midifrag.config.catalogue import engine_names, plugins
from midifrag.config.engines import EngineSettings
from midifrag.config.names import meant
from midifrag.config.servers import ENGINE as SERVER
from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.protocol import Engine, EngineChoice, EngineFactory, Worker, WorkerFactory, missing_from
from midifrag.errors import ModelError

if TYPE_CHECKING:
    from midifrag.config.loading import Loaded

HostKind: TypeAlias = Literal["process", "thread"]


def sketch_worker(choice: EngineChoice) -> Worker:
    """The built-in synthesiser."""
    from midifrag.engine.sketch.worker import SketchWorker

    return SketchWorker(choice)


def stable_audio_worker(choice: EngineChoice) -> Worker:
    """Models of stable-audio-tools."""
    from midifrag.engine.diffusion.worker import DiffusionWorker

    return DiffusionWorker(choice)


def remote_engine(choice: EngineChoice) -> Engine:
    """A model of a server."""
    from midifrag.engine.remote.engine import RemoteEngine

    return RemoteEngine(choice)


#: How each engine that needs no plug-in is made, by its name in the catalogue.
BUILT_IN: dict[str, WorkerFactory] = {"sketch": sketch_worker, "stable-audio": stable_audio_worker}


#: Settings that engines are told of where they are not as usual.
_TOLD_IF_CHANGED = ("graphs", "kernels", "noise", "fp16_accumulation", "guidance_interval", "step_caching")


def engine_choice(loaded: Loaded, model: str) -> EngineChoice:
    """What an engine is told to load for ``model`` of a show."""
    engine = loaded.settings.engine
    options: dict[str, Any] = {"max_in_flight": engine.max_in_flight} if engine.max_in_flight else {}
    usual = EngineSettings()
    for name in _TOLD_IF_CHANGED:
        if getattr(engine, name) != getattr(usual, name):
            options[name] = getattr(engine, name)
    return EngineChoice(model, loaded.source(model), engine.device, loaded.settings.precision, options)


def factory_for(choice: EngineChoice) -> WorkerFactory | EngineFactory:
    """The factory of the chosen engine, or of its workers.

    That is the one the entry names with ``engine``, else the one called like the model, else stable-audio. Raises
    `ModelError` for an engine that is not there, cannot be imported or is no factory.
    """
    others = plugins()
    name = choice.source.get("engine")
    if name is None:
        name = choice.model if not choice.source and choice.model in {*BUILT_IN, *others} else "stable-audio"
    if name == SERVER:
        return EngineFactory(remote_engine)
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name not in others:
        there = engine_names()
        raise ModelError(
            f"There is no engine {name!r}. There are {', '.join(there)}; others come as plug-ins"
            f"{meant(str(name), there) or '.'} "
            "Name one of these with engine:, or install the package of the one that is meant."
        )
    try:
        factory: object = others[name].load()
    except Exception as error:  # a plug-in may fail to import in any way
        raise ModelError(
            f"The engine {name!r} ({others[name].value}) cannot be imported: {type(error).__name__}: {error}. "
            "Install its package again or choose another model."
        ) from error
    if not isinstance(factory, EngineFactory) and not callable(factory):
        raise ModelError(
            f"The engine {name!r} ({others[name].value}) is a {type(factory).__name__}, and neither a factory of "
            "workers nor an EngineFactory. Its author finds in midifrag.engine.protocol what to register."
        )
    return factory


def create_engine(choice: EngineChoice, host: HostKind = "process") -> Engine:
    """The chosen engine, not started yet. Raises `ModelError`.

    A worker is hosted in a child process, or in a thread of this one; what an `EngineFactory` makes needs no ``host``.
    """
    factory = factory_for(choice)
    if isinstance(factory, EngineFactory):
        return _whole_engine(factory, choice)
    return ProcessHost(factory, choice) if host == "process" else ThreadHost(factory, choice)


def _whole_engine(factory: EngineFactory, choice: EngineChoice) -> Engine:
    engine = factory.create(choice)
    missing = missing_from(engine, Engine)
    if missing:
        raise ModelError(
            f"The plug-in of {choice.model!r} made a {type(engine).__name__} that is no engine: it lacks "
            f"{', '.join(missing)}. See Engine in midifrag.engine.protocol."
        )
    return engine
