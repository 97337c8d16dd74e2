"""The diffusion engine: many presses in flight on one device, advanced together, one denoiser call a tick.

A tick decodes one window of audio for a request that has all its steps, and denoises one batch of those that have not
(see `midifrag.engine.diffusion.scheduler` for who). New requests join, and cancelled ones leave, between ticks. A tick
ends early when there is something that a performer waits for: nobody shall hear of a sound one slow step after it was
ready.

Two things may go wrong on the way, and neither takes anything else down. A request that goes non-finite in half
precision is rendered once more in a wider one (`non_finite`), from copies of the weights that are freed afterwards,
and failed if that does not help or there is no room for them. A call that runs out of memory is repeated with half the
batch; a single request is repeated as long as there is something to be freed for it, and then failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from midifrag.audio import Audio
from midifrag.engine.diffusion.cores import FreeCores
from midifrag.engine.diffusion.counters import Counters
from midifrag.engine.diffusion.info import engine_info
from midifrag.engine.diffusion.memory import MemoryLimit, most_at_once
from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.non_finite import render_wider
from midifrag.engine.diffusion.parameters import resolve_parameters
from midifrag.engine.diffusion.request import Request, RequestStatus
from midifrag.engine.diffusion.scheduler import RoundRobin, admitted, progress_of
from midifrag.engine.diffusion.shortcuts import Shortcuts
from midifrag.engine.diffusion.transfers import HostTransfers, RequestSnapshot
from midifrag.engine.diffusion.warming import load_with_progress
from midifrag.engine.diffusion.warmth import Warmth
from midifrag.engine.loading.device import add_up_in_fp16, free_cached, is_memory_error, set_up_device
from midifrag.engine.loading.model import Model
from midifrag.engine.loading.pinned import keep_small
from midifrag.engine.loading.precision import is_card
from midifrag.engine.messages import EngineEvent, EngineInfo, Failed, Progress, Render, Rendered, Started, Warming
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import EngineError, HubError, LoraError, NonFiniteError, RequestError


def _has_news(events: Sequence[EngineEvent]) -> bool:
    return any(isinstance(event, Started | Rendered | Failed) for event in events)


class DiffusionWorker:
    """A `Worker` for stable-audio-tools models."""

    def __init__(self, choice: EngineChoice, cores: FreeCores | None = None) -> None:
        self._choice = choice
        self._runner: ModelRunner | None = None
        self._requests: dict[int, Request] = {}
        self._arrivals = 0
        self._round_robin = RoundRobin()
        self._limit = MemoryLimit(0)
        self._output_sums, self._audio_windows = HostTransfers(), HostTransfers()
        self._warmth = Warmth()
        self._cores = cores or FreeCores()

    @classmethod
    def from_model(cls, model: Model, cores: FreeCores | None = None, **options: object) -> DiffusionWorker:
        """A worker on a model that is loaded already; ``options`` as in `EngineChoice.options`."""
        worker = cls(EngineChoice(model.name, options=options), cores)
        worker._set_model(model)
        return worker

    @property
    def only_launches(self) -> bool:
        """See `Worker`; known before anything is loaded."""
        return is_card(self._choice.device)

    def load(self) -> Iterator[EngineEvent]:
        """See `Worker.load`."""
        if self._runner is None:
            model = yield from load_with_progress(self._choice)
            if model.device.type == "cuda" and self._choice.options.get("kernels", True):
                yield Warming(0, 1, "kernels for the card; at the first start this takes a while")
            self._set_model(model)
            if self.model.device.type == "cpu":
                self._cores.watch()

    def _set_model(self, model: Model) -> None:
        set_up_device(model.device)
        options = self._choice.options
        add_up_in_fp16(model.device, bool(options.get("fp16_accumulation", False)))
        self._runner = ModelRunner(
            model,
            graphs=bool(options.get("graphs", True)),
            kernels=bool(options.get("kernels", True)),
            shortcuts=Shortcuts.of(options),
        )
        self._limit = MemoryLimit(most_at_once(model.device, options))

    @property
    def runner(self) -> ModelRunner:
        """What does the arithmetic. Raises `EngineError` before the model is loaded."""
        if self._runner is None:
            raise EngineError("the model is not loaded yet")
        return self._runner

    @property
    def model(self) -> Model:
        """The loaded model. Raises `EngineError` before it is loaded."""
        return self.runner.model

    @property
    def counters(self) -> Counters:
        """What has happened since loading."""
        return self.runner.counters

    def info(self) -> EngineInfo:
        """See `Worker.info`."""
        return engine_info(self.runner, self._warmth.words, self._warmth.bytes_of_a_request, self._choice.options)

    def warm(self, renders: tuple[Render, ...]) -> Iterator[Warming]:
        """See `Worker.warm`."""
        yield from self._warmth.rehearse(self.runner, renders, self._limit, self._cores)
        if self.runner.longest_result:
            self._audio_windows.reserve(self.runner.longest_result)
            self._output_sums.reserve(self._limit.wanted * torch.float32.itemsize)
            # Last: what was reserved may be of such a length, and has taken its place.
            keep_small(self.model.device)
        self._warmth.tell(self.runner, self._limit)

    def submit(self, render: Render) -> None:
        """See `Worker.submit`."""
        if render.job in self._requests:
            raise RequestError(f"job {render.job} is in flight already.")
        self._arrivals += 1
        self._requests[render.job] = Request(
            render, resolve_parameters(render, self.model), self._arrivals, render.spare
        )

    def cancel(self, job: int) -> bool:
        """See `Worker.cancel`."""
        was_there = self._requests.pop(job, None) is not None
        self._on_idle()
        return was_there

    def promote(self, job: int) -> None:
        """See `Worker.promote`."""
        if job in self._requests:
            self._requests[job].spare = False

    @property
    def busy(self) -> bool:
        """See `Worker.busy`."""
        return bool(self._requests) or (self._runner is not None and self._runner.recordings.have_been_lost)

    def close(self) -> None:
        """See `Worker.close`."""
        self._cores.close()
        if self._runner is not None:
            device = self.model.device
            self._requests.clear()
            self._output_sums.clear()
            self._audio_windows.clear()
            self._runner.loras.shelf.close()
            self._runner = None
            free_cached(device)

    def tick(self) -> list[EngineEvent]:
        """See `Worker.tick`."""
        self._cores.follow()
        if not self._requests:
            self.runner.recordings.make_lost()
            return []
        events: list[EngineEvent] = []
        self._collect(self._audio_windows.take_arrived(), events)
        requests = admitted(self._requests.values(), self._limit.most)
        for request in [each for each in requests if each.status is RequestStatus.WAITING]:
            self._retry_on_memory_error(self._begin, [request], events)
        if not _has_news(events):
            self._run_calls(requests, events)
        self._on_idle()
        return events

    def _on_idle(self) -> None:
        """With nothing in flight: give back what only requests needed, and try again what memory was too short for."""
        if not self._requests and self._runner is not None:
            self._limit.forget()
            self._output_sums.clear()
            self._audio_windows.clear()
            self.runner.on_idle()

    def _run_calls(self, requests: Sequence[Request], events: list[EngineEvent]) -> None:
        decoding = self._round_robin.next_decode(requests, self._limit.batch, self._decoded_together)
        if decoding:
            self._retry_on_memory_error(self._decode, decoding, events)
        else:
            self._collect(self._audio_windows.take(0), events)
        if _has_news(events):
            return
        batch = self._round_robin.next_batch(requests, self._limit.batch)
        if batch:
            self._retry_on_memory_error(self._denoise, batch, events)

    def _begin(self, batch: Sequence[Request], events: list[EngineEvent]) -> None:
        for request in batch:
            request.start_clock()
            try:
                has_begun = self.runner.begin(request)
            except (LoraError, HubError) as error:
                self._fail(request, RequestError(str(error)), events)
                continue
            if has_begun and not request.announced:
                request.announced = True
                request.notes += self.runner.remarks_on(request)
                events.append(Started(request.job))

    def _retry_on_memory_error(
        self,
        work: Callable[[Sequence[Request], list[EngineEvent]], None],
        batch: Sequence[Request],
        events: list[EngineEvent],
    ) -> None:
        try:
            work(batch, events)
        except (RuntimeError, MemoryError) as error:
            if not is_memory_error(error):
                raise
            reason = self._limit.give_way(batch, error, self.runner)
            if reason is not None:
                self._fail(batch[0], reason, events)

    def _denoise(self, batch: Sequence[Request], events: list[EngineEvent]) -> None:
        output = self.runner.denoise(batch)
        # A sum is finite exactly when all of it is, as fp32 goes; one pass, and one number a request to bring over.
        is_there = self._output_sums.add(batch, output.sum((1, 2)))
        for index, request in enumerate(batch):
            if request.receive(output[index : index + 1]):
                events.append(Progress(request.job, request.state.index, request.parameters.steps))
        # On CUDA one call is left: the device never waits for the host, and the host does not run far ahead.
        for snapshot, total in self._output_sums.take(0 if is_there else 1):
            if not torch.isfinite(total) and self._is_current(snapshot):
                self._handle_non_finite(
                    snapshot.request, f"at step {snapshot.step} of {snapshot.request.parameters.steps}", events
                )

    def _is_current(self, snapshot: RequestSnapshot) -> bool:
        return self._requests.get(snapshot.request.job) is snapshot.request and snapshot.is_current

    def _handle_non_finite(self, request: Request, where: str, events: list[EngineEvent]) -> None:
        reason = render_wider(request, where, self.runner)
        if reason is not None:
            self._fail(request, reason, events)

    def _fail(self, request: Request, reason: EngineError, events: list[EngineEvent]) -> None:
        del self._requests[request.job]
        events.append(Failed(request.job, str(reason), not_finite=isinstance(reason, NonFiniteError)))

    def _decoded_together(self, batch: Sequence[Request]) -> int:
        return self.runner.together(batch, alone=self._is_alone(batch[0]))

    def _is_alone(self, request: Request) -> bool:
        """Whether nobody in flight waits for a step while windows of this one and of those like it are decoded."""
        # A spare has time: a press shall not wait for a large piece of it.
        if request.tries_for_memory or request.spare or len(self._requests) > self._limit.batch:
            return False
        return all(progress_of(each) == progress_of(request) for each in self._requests.values())

    def _decode(self, batch: Sequence[Request], events: list[EngineEvent]) -> None:
        audio = self.runner.decode(batch, alone=self._is_alone(batch[0]))
        is_there = self._audio_windows.add(batch, audio)
        for request in batch:
            request.decoded += audio.shape[-1]
        # On CUDA a window is taken a tick later, as sums are.
        self._collect(self._audio_windows.take(0 if is_there else 1), events)

    def _collect(self, windows: Iterable[tuple[RequestSnapshot, Tensor]], events: list[EngineEvent]) -> None:
        for snapshot, audio in windows:
            if self._is_current(snapshot):
                self._retry_on_memory_error(partial(self._append, audio.numpy()), [snapshot.request], events)

    def _append(self, piece: Audio, batch: Sequence[Request], events: list[EngineEvent]) -> None:
        [request] = batch
        try:
            if not np.isfinite(piece).all():
                self._handle_non_finite(request, "in the decoder", events)
                return
            # Not the piece itself: it lies in memory that copies from the device need, beside those of others.
            request.pieces.append(piece.copy())
            if sum(each.shape[-1] for each in request.pieces) < request.parameters.samples:
                return
            events.append(request.rendered(self.model.sample_rate))
        except MemoryError:
            request.decode_again()
            raise
        del self._requests[request.job]
