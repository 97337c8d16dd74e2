"""Loading and warm-up, told as they go: everything that the first press would otherwise wait for."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from midifrag.engine.diffusion.memory import MemoryLimit
from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.parameters import ResolvedParameters, resolve_parameters
from midifrag.engine.diffusion.rehearsal import Rehearsal, RenderShape
from midifrag.engine.loading.device import fits_in_memory, free_cached
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render, Warming
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import RequestError

_log = logging.getLogger(__name__)


def load_with_progress(choice: EngineChoice) -> Generator[Warming, None, Model]:
    """Load a model on a thread of its own, so that its progress can be yielded meanwhile; see `load_stable_audio`."""
    from midifrag.engine.loading.load import load_stable_audio

    news: queue.SimpleQueue[Warming | Model | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            news.put(load_stable_audio(choice, lambda *progress: news.put(Warming(*progress))))
        except BaseException as error:
            news.put(error)

    threading.Thread(target=work, name="midifrag-load", daemon=True).start()
    while isinstance(item := news.get(), Warming):
        yield item
    if isinstance(item, BaseException):
        raise item
    return item


def warm_up(
    runner: ModelRunner, renders: Sequence[Render], warm: set[RenderShape], limit: MemoryLimit
) -> Generator[Warming, None, int]:
    """Encode all prompts, and render a little of every shape that is not yet ``warm``.

    Wherever it yields, a press may go first. Renders marked as spares are tried alone, and not at all where a call
    is slow: a press would wait for it longer than it would gain. On a CPU, whose memory need not be measured, the first
    shape is enough to play, where calls are quick, and chords come last. Returns the bytes that one request holds in
    flight.
    """
    spares = bool(renders) and all(render.spare for render in renders)
    if spares and runner.is_slow:
        return 0
    yield from runner.prepare_loras(renders)
    every = [parameters for parameters in (_resolved(render, runner) for render in renders) if parameters is not None]
    prompts = {
        (each.prompt, each.negative_prompt, each.seconds, each.conditioning, each.loras, each.morph): each
        for each in every
    }
    # LoRAs change no shape, and a network that has some merged in is not rehearsed.
    shapes = {shape: replace(each, loras=None) for each in every if (shape := RenderShape.of(each)) not in warm}
    if runner.shortcuts.guidance_interval != (0.0, 1.0):
        # Steps without guidance are of a shape of their own.
        for shape, each in list(shapes.items()):
            unguided = RenderShape(shape.frames, False, False)
            if unguided not in warm:
                shapes.setdefault(unguided, replace(each, guided_scale=1.0))
    chords_last = not spares and _has_chords_last(runner)
    requests = 1 if spares or chords_last else limit.most
    rehearsals = {shape: Rehearsal(runner, each, shape, requests, limit) for shape, each in shapes.items()}
    total, last = len(prompts) + len(shapes), None
    for done, each in enumerate(prompts.values()):
        yield Warming(done, total, f"prompt: {each.prompt}")
        fits_in_memory(runner.model.device, partial(runner.encode, each))
    # All of it before anything is rehearsed: recording gives back what torch keeps for the next call.
    for _ in _record(runner, rehearsals):
        yield Warming(len(prompts), total, "recording what the card does")
    for done, (shape, rehearsal) in enumerate(rehearsals.items(), start=len(prompts)):
        if spares and runner.is_slow:
            break
        seconds = shapes[shape].seconds
        is_playable = chords_last and last is not None and not runner.is_slow
        for _ in rehearsal.rehearse():
            so_far = total if is_playable else done
            yield Warming(so_far, total, f"{seconds:g} s, {'with' if shape.guided else 'without'} guidance")
        warm.add(shape)
        if chords_last and last is None and not runner.is_slow:
            yield Warming(total, total, "other lengths and chords, while nothing is pressed", playable=True)
        last = rehearsal
    if last is not None:
        for _ in _give_back(runner, last):
            yield Warming(total if chords_last else total - 1, total, "giving memory back")
    runner.counters.models_built = 0
    if chords_last and shapes:
        if runner.is_slow:
            yield Warming(total, total, "chords, while nothing is pressed", playable=True)
        for shape, each in shapes.items():
            for _ in Rehearsal(runner, each, shape, limit.most, limit).together():
                yield Warming(total, total, f"chords of {each.seconds:g} s")
    yield Warming(total, total, "ready")
    return max((each.held for each in rehearsals.values()), default=0)


def _has_chords_last(runner: ModelRunner) -> bool:
    """Whether a single press can go before it is known how many of them there is memory for, and what is recorded."""
    return runner.model.device.type == "cpu" and runner.room(0) is None and not runner.recordings.are_possible


def _record(runner: ModelRunner, rehearsals: Mapping[RenderShape, Rehearsal]) -> Iterator[None]:
    """Record what of all these shapes is worth it."""
    if runner.recordings.are_possible:
        for rehearsal in rehearsals.values():
            yield from rehearsal.measure()
        for graph in runner.recordings.wanted():
            shape = RenderShape(graph.frames, graph.guided, graph.has_negative)
            # A warm-up that was broken off has measured more.
            if shape in rehearsals:
                yield from rehearsals[shape].record(graph.batch)


def _give_back(runner: ModelRunner, last: Rehearsal) -> Iterator[None]:
    """Leave other programs what a card's memory only chords and trials took; a single press keeps what it needs."""
    if runner.model.device.type == "cuda":
        runner.release_batch()
        free_cached(runner.model.device)
        yield from last.once_more()


def _resolved(render: Render, runner: ModelRunner) -> ResolvedParameters | None:
    try:
        return resolve_parameters(render, runner.model)
    except RequestError as error:
        # A control may well reach further than a model.
        _log.log(logging.DEBUG if render.spare else logging.WARNING, "not warmed: %s", error)
        return None
