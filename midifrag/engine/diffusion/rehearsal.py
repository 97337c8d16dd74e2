"""A throw-away render of one shape: what is slow the first time is done, and calls are measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from midifrag.clock import monotonic
from midifrag.engine.diffusion.memory import MemoryLimit, fitting
from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.parameters import ResolvedParameters
from midifrag.engine.diffusion.request import Request, RequestStatus
from midifrag.engine.loading.device import HostCopy, fits_in_memory, peak_bytes
from midifrag.engine.messages import Render
from midifrag.engine.network.call_costs import CallTime
from midifrag.engine.network.convolutions import measuring
from midifrag.engine.network.graphs import CAPTURED_BATCHES, GraphShape
from midifrag.engine.network.windows import MOST_LATENTS, Window

#: Steps of a throw-away render: the second meets what only a step with a history does, the last has no noise.
DUMMY_STEPS = 3
#: What takes a single request longer than this many seconds is not tried for several at once.
QUICK_SECONDS = 0.1
#: Calls of which the quickest is taken as what such a call takes, after one that makes what it needs.
TIMED_CALLS = 3


@dataclass(frozen=True, slots=True)
class RenderShape:
    """What makes renders alike to the device."""

    frames: int
    guided: bool
    has_negative: bool

    @classmethod
    def of(cls, parameters: ResolvedParameters) -> RenderShape:
        """The shape of a render."""
        guided = parameters.guided_scale != 1
        return cls(parameters.frames, guided, guided and bool(parameters.negative_prompt))

    def of_batch(self, batch: int) -> GraphShape:
        """What such a batch is recorded as."""
        return GraphShape(batch, self.frames, self.guided, self.has_negative)


class Rehearsal:
    """A few steps and the windows of one shape, alone and with others, for at most ``requests`` at once.

    Each method does it in short pieces, between which presses may go. Memory that runs out ends the part that it ran
    out in: what is not warm is only slower the first time. ``limit`` learns how many requests there is room for.
    """

    def __init__(
        self, runner: ModelRunner, parameters: ResolvedParameters, shape: RenderShape, requests: int, limit: MemoryLimit
    ) -> None:
        self._runner, self._shape, self._requests, self._limit = runner, shape, requests, limit
        self._parameters = replace(parameters, steps=min(DUMMY_STEPS, parameters.steps))
        #: Bytes that such a request holds.
        self.held = 0

    def measure(self) -> Iterator[None]:
        """Time plain calls of every size that could be recorded, up to the first with which the card is busy."""
        request = self._begin()
        if request is None:
            return
        for count in CAPTURED_BATCHES:
            if count > self._limit.most or count > self._requests:
                return
            yield
            time = self._time_of([request] * count)
            if time is None:
                return
            self._runner.recordings.note(self._shape.of_batch(count), time)
            self._bound_requests(time.bytes // count)
            if not time.is_launch_bound:
                return

    def record(self, batch: int) -> Iterator[None]:
        """Record calls of so many, and time them."""
        shape = self._shape.of_batch(batch)
        yield
        request = self._begin()
        if request is None or not self._fits_in_memory(lambda: self._runner.recordings.make(shape)):
            return
        yield
        time = self._time_of([request] * batch)
        if time is not None:
            self._runner.recordings.note_recorded(shape, time.done)

    def rehearse(self) -> Iterator[None]:
        """Render and decode a little, in every shape that presses can meet."""
        runner = self._runner
        yield
        request = self._begin()
        if request is None:
            return
        self.held = runner.bytes_held(request)
        yield from self._in_batches(request, runner.denoise)
        while request.status is RequestStatus.DENOISING:
            yield
            if not self._fits_in_memory(lambda: request.receive(runner.denoise([request]))):
                return
            self.held = max(self.held, runner.bytes_held(request))
        if runner.has_window_sizes:
            yield from self._windows(request)
            return
        large = runner.window(request, alone=True)
        yield from self._in_batches(request, partial(runner.decode, alone=True))
        if runner.window(request, alone=False) != large:
            yield
            self._fits_in_memory(lambda: runner.decode([request], alone=False))

    def together(self) -> Iterator[None]:
        """The same for several at once, after a single request: as many as a press may wait for unnoticed."""
        yield
        request = self._begin()
        if request is None or self._runner.is_slow:
            return
        for work in (self._runner.denoise, partial(self._runner.decode, alone=True)):
            for count in range(2, min(self._requests, self._limit.most) + 1):
                yield
                began = monotonic()
                done = self._fits_in_memory(partial(_finish, partial(work, [request] * count)))
                if not done or monotonic() - began >= QUICK_SECONDS:
                    break

    def once_more(self) -> Iterator[None]:
        """What a single press does, so that what it needs of a card's memory is at hand."""
        runner = self._runner
        request = self._begin()
        if request is not None:
            for work in (runner.denoise, partial(runner.decode, alone=True)):
                yield
                if not self._fits_in_memory(partial(_finish, partial(work, [request]))):
                    return

    def _begin(self) -> Request | None:
        parameters = self._parameters
        render = Render(0, parameters.prompt, parameters.seconds, parameters.seed)
        request = Request(render, parameters, 0, spare=True)
        request.rehearsal = True
        return request if self._fits_in_memory(lambda: self._runner.begin(request)) else None

    def _time_of(self, batch: Sequence[Request]) -> CallTime | None:
        """What a denoiser call takes; None where there is no memory for it."""
        times: list[CallTime] = []

        def call() -> None:
            began = monotonic()
            output = self._runner.denoise(batch)
            host = monotonic() - began
            HostCopy(output.flatten()[:1]).wait()
            times.append(CallTime(host, monotonic() - began, 0))

        def calls() -> None:
            call()
            taken = peak_bytes(self._runner.model.device, call)
            while len(times) <= TIMED_CALLS and times[-1].done < QUICK_SECONDS:
                call()
            times.append(min(times[1:], key=lambda time: time.done)._replace(bytes=taken))

        return times[-1] if self._fits_in_memory(calls) else None

    def _in_batches(self, request: Request, work: Callable[[Sequence[Request]], Tensor]) -> Iterator[None]:
        """Do ``work`` for one request, and where that is quick for each greater number: kernels are made for each."""

        def do(count: int) -> None:
            _finish(partial(work, [request] * count))

        yield
        if not self._fits_in_memory(lambda: do(1)):
            return
        yield
        began = monotonic()
        taken = self._peak_bytes(lambda: do(1))
        if taken is None:
            return
        is_quick = monotonic() - began < QUICK_SECONDS
        self._bound_requests(taken)
        self._runner.is_slow |= not is_quick
        if is_quick:
            yield from self._each_size(do, range(2, min(self._requests, self._limit.most) + 1))

    def _each_size(self, work: Callable[[int], None], counts: Iterable[int]) -> Iterator[None]:
        for count in counts:
            yield
            if not self._fits_in_memory(partial(work, count)):
                return

    def _windows(self, request: Request) -> Iterator[None]:
        """Decode every shape that is new, small ones first: they say how large the others may be."""
        tried: set[tuple[Window, int]] = set()
        while new := [each for each in self._runner.unmet(request, self._requests) if each not in tried]:
            window, batch = new[0]
            tried.add(new[0])
            yield
            if not self._fits_in_memory(partial(self._decode, request, window, batch)):
                self._runner.parts.bound(window.latents * batch // 2)

    def _decode(self, request: Request, window: Window, batch: int) -> None:
        runner, work = self._runner, partial(self._runner.decode_window, [request] * batch, window)
        _finish(work)
        if batch == 1:
            began = monotonic()
            taken = peak_bytes(runner.model.device, partial(_finish, work))
            runner.is_slow |= monotonic() - began >= QUICK_SECONDS
            runner.parts.bound(fitting(runner.room(self._all_held), taken // window.latents, MOST_LATENTS))

    def _bound_requests(self, bytes_of_one: int) -> None:
        self._limit.bound(fitting(self._runner.room(self._all_held), bytes_of_one, self._limit.most))

    @property
    def _all_held(self) -> int:
        """Bytes that as many requests hold, once each by itself and once side by side for a call."""
        return 2 * self.held * self._requests

    def _peak_bytes(self, work: Callable[[], object]) -> int | None:
        """Bytes that ``work`` takes meanwhile; None where there is no memory for it."""
        taken: list[int] = []
        self._fits_in_memory(lambda: taken.append(peak_bytes(self._runner.model.device, work)))
        return taken[0] if taken else None

    def _fits_in_memory(self, work: Callable[[], object]) -> bool:
        with measuring():
            return fits_in_memory(self._runner.model.device, work)


def _finish(work: Callable[[], Tensor]) -> None:
    """Do ``work`` and wait until it is done: when a number of it has come, it is."""
    HostCopy(work().flatten()[:1]).wait()
