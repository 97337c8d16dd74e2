"""Loading and warm-up, told as they go: everything that the first press would otherwise wait for."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from midifrag.clock import monotonic
from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.parameters import ResolvedParameters, resolve_parameters
from midifrag.engine.diffusion.request import Request, RequestStatus
from midifrag.engine.loading.device import HostCopy, fits_in_memory
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render, Warming
from midifrag.engine.network.convolutions import measuring
from midifrag.engine.network.graphs import CAPTURED_BATCHES
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import RequestError

_log = logging.getLogger(__name__)

#: Steps of a throw-away render: the second meets what only a step with a history does, the last has no noise.
DUMMY_STEPS = 3
#: What takes a single request longer than this many seconds is not tried for several at once.
QUICK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class RenderShape:
    """What makes renders alike to the device."""

    frames: int
    guided: bool
    has_negative: bool

    @classmethod
    def of(cls, parameters: ResolvedParameters) -> RenderShape:
        """The shape of a render."""
        guided = parameters.cfg_scale != 1
        return cls(parameters.frames, guided, guided and bool(parameters.negative_prompt))


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
    runner: ModelRunner, renders: Sequence[Render], max_in_flight: int, warm: set[RenderShape]
) -> Generator[Warming, None, int]:
    """Encode all prompts, and render a little of every shape that is not yet ``warm``.

    Wherever it yields, a press may go first. Renders marked as spares are tried alone, and not at all where a call
    is slow: a press would wait for it longer than it would gain. Returns the bytes that one request holds in flight.
    """
    spares = bool(renders) and all(render.spare for render in renders)
    if spares and runner.is_slow:
        return 0
    every = [parameters for parameters in (_resolved(render, runner) for render in renders) if parameters is not None]
    prompts = {(each.prompt, each.negative_prompt, each.seconds, each.conditioning): each for each in every}
    shapes = {shape: each for each in every if (shape := RenderShape.of(each)) not in warm}
    if runner.shortcuts.guidance_interval != (0.0, 1.0):
        # Steps without guidance are of a shape of their own.
        for shape, each in list(shapes.items()):
            unguided = RenderShape(shape.frames, False, False)
            if unguided not in warm:
                shapes.setdefault(unguided, replace(each, cfg_scale=1.0))
    total, held = len(prompts) + len(shapes), 0
    for done, each in enumerate(prompts.values()):
        yield Warming(done, total, f"prompt: {each.prompt}")
        fits_in_memory(runner.model.device, partial(runner.encode, each))
    for done, (shape, parameters) in enumerate(shapes.items(), start=len(prompts)):
        if spares and runner.is_slow:
            break
        told = Warming(done, total, f"{parameters.seconds:g} s, {'with' if shape.guided else 'without'} guidance")
        dummy_run = DummyRun(runner, parameters, shape, 1 if spares else max_in_flight)
        for _ in dummy_run.run():
            yield told
        held = max(held, dummy_run.held)
        warm.add(shape)
    runner.counters.models_built = 0
    yield Warming(total, total, "ready")
    return held


def _resolved(render: Render, runner: ModelRunner) -> ResolvedParameters | None:
    try:
        return resolve_parameters(render, runner.model)
    except RequestError as error:
        # A control may well reach further than a model.
        _log.log(logging.DEBUG if render.spare else logging.WARNING, "not warmed: %s", error)
        return None


class DummyRun:
    """A few steps and a window of one shape, alone and with others, captured where the device can.

    Memory that runs out ends the part that it ran out in: what is not warm is only slower the first time.
    """

    def __init__(self, runner: ModelRunner, parameters: ResolvedParameters, shape: RenderShape, max_batch: int) -> None:
        self._runner, self._shape, self._max_batch = runner, shape, max_batch
        short = replace(parameters, steps=min(DUMMY_STEPS, parameters.steps))
        self._request = Request(Render(0, parameters.prompt, parameters.seconds, parameters.seed), short, 0, spare=True)
        self._request.rehearsal = True
        #: Bytes that such a request holds.
        self.held = 0

    def run(self) -> Iterator[None]:
        """Do it, a short piece each time."""
        runner, request = self._runner, self._request
        yield
        if not self._fits_in_memory(lambda: runner.begin(request)):
            return
        # Before anything else is in the device's memory: capturing gives back what torch keeps there.
        yield from self._each_size(self._capture, [size for size in CAPTURED_BATCHES if size <= self._max_batch])
        yield from self._in_batches(runner.denoise)
        while request.status is RequestStatus.DENOISING:
            yield
            if not self._fits_in_memory(lambda: request.receive(runner.denoise([request]))):
                return
            self.held = max(self.held, runner.bytes_held(request))
        large = runner.window(request, alone=True)
        yield from self._in_batches(partial(runner.decode, alone=True))
        if runner.window(request, alone=False) != large:
            yield
            self._fits_in_memory(lambda: runner.decode([request], alone=False))

    def _capture(self, count: int) -> None:
        shape = self._shape
        self._runner.capture(shape.frames, (count,), guided=shape.guided, has_negative=shape.has_negative)

    def _in_batches(self, work: Callable[[Sequence[Request]], Tensor]) -> Iterator[None]:
        """Do ``work`` for one request, and where that is quick for each greater number: kernels are made for each."""

        def do(count: int) -> None:
            # What has come is done. The host's side of such copies takes time the first time too, and stays taken.
            result = work([self._request] * count)
            HostCopy(result if count == 1 else result.flatten()[:1]).wait()

        yield
        if not self._fits_in_memory(lambda: do(1)):
            return
        yield
        began = monotonic()
        if not self._fits_in_memory(lambda: do(1)):
            return
        is_quick = monotonic() - began < QUICK_SECONDS
        self._runner.is_slow |= not is_quick
        if is_quick:
            yield from self._each_size(do, range(2, self._max_batch + 1))

    def _each_size(self, work: Callable[[int], None], counts: Iterable[int]) -> Iterator[None]:
        for count in counts:
            yield
            if not self._fits_in_memory(partial(work, count)):
                return

    def _fits_in_memory(self, work: Callable[[], object]) -> bool:
        with measuring():
            return fits_in_memory(self._runner.model.device, work)
