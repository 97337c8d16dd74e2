"""Loading and warm-up, told as they go: everything that the first press would otherwise wait for."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from midifrag.engine.diffusion.parameters import Settings, settle
from midifrag.engine.diffusion.renderer import Renderer
from midifrag.engine.diffusion.request import Flight, Stage
from midifrag.engine.loading.device import HostCopy, fits
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render, Warming
from midifrag.engine.network.graphs import BATCHES
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import RequestError

_log = logging.getLogger(__name__)

#: Steps of a throw-away render: the second meets what only a step with a history does, the last has no noise.
STEPS = 3
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
    from midifrag.engine.loading.load import load

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


def warm_up(
    renderer: Renderer, renders: Sequence[Render], max_in_flight: int, warm: set[Kind]
) -> Generator[Warming, None, int]:
    """Encode all prompts, and render a little of every kind that is not yet ``warm``.

    Wherever it yields, a press may go first. Renders marked as spares are rehearsed alone, and not at all where a call
    is slow: a press would wait for it longer than it would gain. Returns the bytes that one request holds in flight.
    """
    spares = bool(renders) and all(render.spare for render in renders)
    if spares and renderer.is_slow:
        return 0
    every = [settings for settings in (_settled(render, renderer) for render in renders) if settings is not None]
    prompts = list(dict.fromkeys((each.prompt, each.negative_prompt, each.seconds) for each in every))
    kinds = {kind: each for each in every if (kind := Kind.of(each)) not in warm}
    total, held = len(prompts) + len(kinds), 0
    for done, (prompt, negative_prompt, seconds) in enumerate(prompts):
        yield Warming(done, total, f"prompt: {prompt}")
        fits(renderer.model.device, partial(renderer.encode, prompt, negative_prompt, seconds))
    for done, (kind, settings) in enumerate(kinds.items(), start=len(prompts)):
        if spares and renderer.is_slow:
            break
        told = Warming(done, total, f"{settings.seconds:g} s, {'with' if kind.guided else 'without'} guidance")
        rehearsal = Rehearsal(renderer, settings, kind, 1 if spares else max_in_flight)
        for _ in rehearsal.pieces():
            yield told
        held = max(held, rehearsal.held)
        warm.add(kind)
    renderer.counters.models_built = 0
    yield Warming(total, total, "ready")
    return held


def _settled(render: Render, renderer: Renderer) -> Settings | None:
    try:
        return settle(render, renderer.model)
    except RequestError as error:
        # A control may well reach further than a model.
        _log.log(logging.DEBUG if render.spare else logging.WARNING, "not warmed: %s", error)
        return None


class Rehearsal:
    """A few steps and a window of one kind, alone and with others, recorded where the device can.

    Memory that runs out ends the part that it ran out in: what is not warm is only slower the first time.
    """

    def __init__(self, renderer: Renderer, settings: Settings, kind: Kind, together: int) -> None:
        self._renderer, self._kind, self._together = renderer, kind, together
        short = replace(settings, steps=min(STEPS, settings.steps))
        self._flight = Flight(Render(0, settings.prompt, settings.seconds, settings.seed), short, 0, spare=True)
        #: Bytes that such a request holds.
        self.held = 0

    def pieces(self) -> Iterator[None]:
        """Do it, a short piece each time."""
        renderer, flight = self._renderer, self._flight
        yield
        if not self._fits(lambda: renderer.begin(flight)):
            return
        # Before anything else is in the device's memory: recording gives back what torch keeps there.
        yield from self._growing(self._record, [size for size in BATCHES if size <= self._together])
        yield from self._with_others(renderer.answer)
        while flight.stage is Stage.STEPPING:
            yield
            if not self._fits(lambda: flight.answer(renderer.answer([flight]))):
                return
            self.held = max(self.held, renderer.held_by(flight))
        large = renderer.window(flight, alone=True)
        yield from self._with_others(partial(renderer.decode, alone=True))
        if renderer.window(flight, alone=False) != large:
            yield
            self._fits(lambda: renderer.decode([flight], alone=False))

    def _record(self, count: int) -> None:
        kind = self._kind
        self._renderer.capture(kind.frames, (count,), guided=kind.guided, refusing=kind.refusing)

    def _with_others(self, work: Callable[[Sequence[Flight]], Tensor]) -> Iterator[None]:
        """Do ``work`` for one request, and where that is quick for each greater number: kernels are made for each."""

        def do(count: int) -> None:
            # What has come is done. The host's side of such copies takes time the first time too, and stays taken.
            result = work([self._flight] * count)
            HostCopy(result if count == 1 else result.flatten()[:1]).wait()

        yield
        if not self._fits(lambda: do(1)):
            return
        yield
        began = time.perf_counter()
        do(1)
        is_quick = time.perf_counter() - began < QUICK
        self._renderer.is_slow |= not is_quick
        if is_quick:
            yield from self._growing(do, range(2, self._together + 1))

    def _growing(self, work: Callable[[int], None], counts: Iterable[int]) -> Iterator[None]:
        for count in counts:
            yield
            if not self._fits(partial(work, count)):
                return

    def _fits(self, work: Callable[[], object]) -> bool:
        return fits(self._renderer.model.device, work)
