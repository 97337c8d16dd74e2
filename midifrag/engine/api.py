"""Models and renders from Python, without ports, slots or a bridge."""

from __future__ import annotations

import contextlib
import queue
import secrets
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias, assert_never

from midifrag.audio import Audio, SourceSound
from midifrag.config.catalogue import CATALOGUE, engine_names
from midifrag.config.conditioning import as_conditioning
from midifrag.config.lora_lists import as_loras_from
from midifrag.config.morphing import as_morph
from midifrag.config.parameters import Value
from midifrag.config.seeds import is_random
from midifrag.engine.border import Border, each_event
from midifrag.engine.event_checks import checked_info
from midifrag.engine.hosting.guest import guarded
from midifrag.engine.hosting.worker_loop import make_worker
from midifrag.engine.limits import check_sound
from midifrag.engine.loading.load import load_stable_audio
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Cancel, Died, EngineEvent, EngineInfo, Failed, Ready, Render, Rendered
from midifrag.engine.protocol import Engine, EngineChoice, EngineFactory, Worker
from midifrag.engine.registry import create_engine, factory_for, stable_audio_worker
from midifrag.errors import EngineError, ModelError, NonFiniteError, OddEventError, RequestError


@dataclass(frozen=True, eq=False)
class PluginModel:
    """An engine that is not a stable-audio-tools model (sketch, or a plug-in), where a `Model` is expected.

    ``module`` is None, since there is none.
    """

    name: str
    info: EngineInfo
    module: None = field(default=None, init=False)

    @property
    def checksum(self) -> str:
        """What tells its weights from others, if it has any."""
        return self.info.checksum

    @property
    def sample_rate(self) -> int:
        """Samples per second of what it renders."""
        return self.info.sample_rate

    @property
    def channels(self) -> int:
        """Channels of what it renders."""
        return self.info.channels

    @property
    def max_seconds(self) -> float:
        """The longest take in seconds."""
        return self.info.max_seconds


@dataclass(frozen=True, eq=False)
class WorkerModel(PluginModel):
    """One whose ``worker`` is loaded, on the thread that uses it."""

    worker: Worker


@dataclass(frozen=True, eq=False)
class EngineModel(PluginModel):
    """One whose ``engine`` has threads of its own and is ready; it is closed when nobody holds the model any more."""

    engine: Engine
    events: queue.SimpleQueue[EngineEvent]

    def __post_init__(self) -> None:
        weakref.finalize(self, self.engine.close)


LoadedModel: TypeAlias = Model | WorkerModel | EngineModel


@dataclass(frozen=True, slots=True, eq=False)
class RenderedTake:
    """``audio`` is float32 of shape (channels, samples); ``used`` holds every parameter that really made it."""

    audio: Audio
    sample_rate: int
    used: dict[str, Value]
    notes: tuple[str, ...] = ()


def load_model(name_or_folder: str | Path, device: str = "auto", precision: str = "auto") -> LoadedModel:
    """Load a model by name (``pocket``, ``sketch``, ``small``, ``open``, a plug-in's) or by folder.

    A folder holds model_config.json and its checkpoint, as stable-audio-tools writes them; a folder wins over a name.
    ``device`` is ``auto``, ``cpu``, ``cuda``, ``cuda:1`` … or ``mps``; ``precision`` is ``auto``, ``fp32``, ``fp16``,
    ``bf16`` or ``fp8``. Raises `ModelError` (`CheckpointError` and `HubError` among them).
    """
    name = str(name_or_folder)
    folder = Path(name_or_folder).expanduser()
    if (folder / "model_config.json").is_file():
        source = {"folder": str(folder.resolve())}
        return _load(EngineChoice(folder.resolve().name, source, device, precision))
    choice = EngineChoice(name, device=device, precision=precision)
    names = dict.fromkeys([*(entry.name for entry in CATALOGUE), *engine_names()])
    del names["stable-audio"]
    if name not in names:
        raise ModelError(
            f"There is no model {name!r}: no folder of that name holds a model_config.json, and the names are "
            f"{', '.join(names)}."
        )
    return open_model(choice)


def open_model(choice: EngineChoice) -> LoadedModel:
    """Load what a show's entry chooses. Raises `ModelError` (`CheckpointError` and `HubError` among them)."""
    factory = factory_for(choice)
    if factory is stable_audio_worker:
        return _load(choice)
    if isinstance(factory, EngineFactory):
        return _start(choice)
    worker = make_worker(factory, choice)
    for _ in each_event(worker.load()):
        pass
    try:
        return WorkerModel(choice.model, checked_info(worker.info()), worker)
    except OddEventError as error:
        raise ModelError(f"the engine {choice.model}: {error}; its author has to mend that.") from error


def _load(choice: EngineChoice) -> Model:
    from midifrag.engine.diffusion.cores import OF_THIS_PROCESS

    OF_THIS_PROCESS.begin()
    return load_stable_audio(choice)


def _start(choice: EngineChoice) -> EngineModel:
    engine, events = guarded(create_engine(choice), choice.model), queue.SimpleQueue[EngineEvent]()
    engine.start(events.put)
    while True:
        match events.get():
            case Ready(info):
                return EngineModel(choice.model, info, engine, events)
            case Died(reason, restarting=False):
                engine.close()
                raise ModelError(reason)
            case _:
                pass  # it loads


def render(
    model: LoadedModel,
    prompt: str,
    seconds: float | None = None,
    steps: int | None = None,
    cfg_scale: float | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    sigma_min: float | None = None,
    sigma_max: float | None = None,
    negative_prompt: str = "",
    guidance: Literal["cfg", "apg"] | None = None,
    schedule: Literal["classic", "model"] | None = None,
    conditioning: Mapping[str, float | str] | str | None = None,
    loras: Sequence[Mapping[str, Any]] | str | None = None,
    morph: Mapping[str, float | str] | str | None = None,
    strength: float | None = None,
    sound: tuple[Audio, int] | None = None,
    fill: tuple[float, float] | None = None,
) -> RenderedTake:
    """Render one take on the calling thread; ``None`` means the model's default, and a random ``seed``; so does -1.

    ``conditioning`` is what else the model is told, by the names of its inputs, such as ``{"bpm": 120}``,
    ``loras`` are LoRAs as a bank names them, such as ``[{"file": "dusty.safetensors", "strength": 0.8}]``, and
    ``morph`` is another prompt that it shall partly be of, and how much, such as ``{"to": "glass", "by": 0.5}``.
    ``sound`` is what it begins from, float32 of shape (channels, samples) with its rate; ``strength`` says how much of
    it is changed, from 0 to 1, and ``fill`` which part, from and to a second, is made anew while all else stays.
    The same parameters and seed give the same audio. Raises `RequestError` for what is beyond a parameter's limits (see
    `midifrag.config.parameters`) or what the model can never render,
    `NonFiniteError` for a render that went to NaN, and `EngineError` for any other failure.
    """
    return perform(
        model,
        request(
            prompt,
            seconds=seconds,
            steps=steps,
            cfg_scale=cfg_scale,
            seed=seed,
            sampler=sampler,
            sigma_min=sigma_min,
            sigma_max=sigma_max,
            negative_prompt=negative_prompt,
            guidance=guidance,
            schedule=schedule,
            conditioning=_in_one_line("conditioning", as_conditioning, conditioning),
            loras=_in_one_line("loras", partial(as_loras_from, Path.cwd()), loras),
            morph=_in_one_line("morph", as_morph, morph),
            strength=strength,
            sound=None if sound is None else SourceSound.of(*sound),
            fill=fill,
        ),
    )


def _in_one_line(name: str, read: Callable[[Any], Any], said: object) -> str | None:
    try:
        line: str | None = read(said)
    except ValueError as error:
        raise RequestError(f"{name}: {error}.") from error
    return line


def request(
    prompt: str, seconds: float | None = None, seed: int | None = None, *, recorded: bool = False, **parameters: Any
) -> Render:
    """A request for one take, to be performed alone; ``parameters`` as in `render`, ``recorded`` as in `Render`."""
    job = secrets.randbits(62)
    seed = secrets.randbelow(2**32) if seed is None or is_random(seed) else seed
    return Render(job, prompt, seconds, seed, recorded=recorded, **parameters)


def perform(model: LoadedModel, asked: Render) -> RenderedTake:
    """Render one request on the calling thread. Raises as `render` does."""
    match model:
        case WorkerModel():
            return _run_worker(model.worker, asked, model.name, model.info)
        case EngineModel():
            return _ask_engine(model, asked)
        case Model():
            return _run_model(model, asked)
        case _:
            assert_never(model)


def _run_model(model: Model, asked: Render) -> RenderedTake:
    from midifrag.engine.diffusion.cores import OF_THIS_PROCESS
    from midifrag.engine.diffusion.worker import DiffusionWorker

    # To make kernels takes longer than a take.
    worker = DiffusionWorker.from_model(model, OF_THIS_PROCESS, kernels=False)
    with OF_THIS_PROCESS.while_rendering() if model.device.type == "cpu" else contextlib.nullcontext():
        return _run_worker(worker, asked, model.name)


def _run_worker(worker: Worker, render: Render, name: str, info: EngineInfo | None = None) -> RenderedTake:
    told: list[EngineEvent] = []
    border = Border(name, told.append, info)
    if info is not None:
        check_sound(render, info)
    worker.submit(render)
    border.asked(render)
    try:
        while worker.busy and border.jobs:
            for event in each_event(worker.tick()):
                border.take(event)
    finally:
        worker.cancel(render.job)
    border.settle()
    return next(take for event in told if (take := _outcome(event, render)) is not None)


def _ask_engine(model: EngineModel, render: Render) -> RenderedTake:
    check_sound(render, model.info)
    model.engine.send(render)
    try:
        while True:
            take = _outcome(model.events.get(), render)
            if take is not None:
                return take
    finally:
        model.engine.send(Cancel(render.job))


def _outcome(event: EngineEvent, render: Render) -> RenderedTake | None:
    match event:
        case Rendered(job=render.job, audio=audio, sample_rate=rate, used=used, notes=notes):
            return RenderedTake(audio, rate, used, notes)
        case Failed(job=render.job, reason=reason, not_finite=not_finite):
            raise NonFiniteError(reason) if not_finite else EngineError(reason)
        case Died(reason, jobs, _) if render.job in jobs:
            raise EngineError(reason)
        case _:
            return None  # it goes on, or is about another render
