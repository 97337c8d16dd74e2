"""Loading and warm-up, told as they go: everything that the first press would otherwise wait for."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from midifrag.engine.flight import Flight, Stage
from midifrag.engine.graphs import BATCHES
from midifrag.engine.messages import Render, Warming
from midifrag.engine.model import Model
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.renderer import Renderer
from midifrag.engine.settings import Settings, settle
from midifrag.errors import RequestError

_log = logging.getLogger(__name__)

#: Steps of a throw-away render: the second meets what only a step with a history does.
_STEPS = 2
#: What takes a single request longer than this many seconds is not rehearsed for several at once.
QUICK = 0.1


@dataclass(frozen=True, slots=True)
class Kind:
    """What makes renders alike to the device."""

    frames: int
    guided: bool
    refusing: bool

    @classmethod
    def of(cls, settings: Settings) -> Kind:
        """The kind of a render."""
        guided = settings.cfg_scale != 1
        return cls(settings.frames, guided, guided and bool(settings.negative_prompt))


def load_in_steps(choice: EngineChoice) -> Generator[Warming, None, Model]:
    """Load a model on a thread of its own, so that its progress can be yielded meanwhile; see `loading.load`."""
    from midifrag.engine.loading import load

    news: queue.SimpleQueue[Warming | Model | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            news.put(load(choice, lambda *progress: news.put(Warming(*progress))))
        except BaseException as error:
            news.put(error)

    threading.Thread(target=work, name="midifrag-load", daemon=True).start()
    while isinstance(item := news.get(), Warming):
        yield item
    if isinstance(item, BaseException):
        raise item
    return item


def warm_up(renderer: Renderer, renders: Sequence[Render], max_in_flight: int) -> Generator[Warming, None, int]:
    """Encode all prompts, render a little of every kind, and record it where the device can.

    Returns the bytes that one request holds while it is in flight.
    """
    every = [settings for settings in (_settled(render, renderer) for render in renders) if settings is not None]
    prompts = list(dict.fromkeys((each.prompt, each.negative_prompt, each.seconds) for each in every))
    kinds = {Kind.of(each): each for each in every}
    total, held = len(prompts) + len(kinds), 0
    for done, (prompt, negative_prompt, seconds) in enumerate(prompts):
        yield Warming(done, total, f"prompt: {prompt}")
        renderer.encode(prompt, negative_prompt, seconds)
    for done, (kind, settings) in enumerate(kinds.items(), start=len(prompts)):
        told = Warming(done, total, f"{settings.seconds:g} s, {'with' if kind.guided else 'without'} guidance")
        yield told
        held = max(held, (yield from _rehearse(renderer, settings, max_in_flight, told)))
        batches = [size for size in BATCHES if size <= max_in_flight]
        renderer.capture(kind.frames, batches, guided=kind.guided, refusing=kind.refusing)
    renderer.counters.models_built = 0
    yield Warming(total, total, "ready")
    return held


def _settled(render: Render, renderer: Renderer) -> Settings | None:
    try:
        return settle(render, renderer.model)
    except RequestError as error:
        _log.warning("not warmed: %s", error)
        return None


def _rehearse(renderer: Renderer, settings: Settings, together: int, told: Warming) -> Generator[Warming, None, int]:
    """Render a few steps and the first window, also of up to ``together`` such requests at once where that is quick.

    ``told`` is yielded wherever a press may go first. Returns how many bytes such a request holds.
    """
    short = replace(settings, steps=min(_STEPS, settings.steps))
    flight = Flight(Render(0, settings.prompt, settings.seconds, settings.seed), short, 0, spare=True)
    renderer.begin(flight)
    yield from _with_others(renderer.answer, flight, together, told)
    while flight.stage is Stage.STEPPING:
        flight.answer(renderer.answer([flight]))
    yield from _with_others(partial(renderer.decode, alone=True), flight, together, told)
    return renderer.held_by(flight)


def _with_others(
    work: Callable[[Sequence[Flight]], object], flight: Flight, together: int, told: Warming
) -> Iterator[Warming]:
    """Do ``work`` for one request, and for each greater number of them: kernels are made for each anew."""
    work([flight])
    began = time.perf_counter()
    work([flight])
    if time.perf_counter() - began < QUICK:
        for count in range(2, together + 1):
            yield told
            work([flight] * count)
