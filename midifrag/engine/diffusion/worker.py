"""The diffusion engine: many presses in flight on one device, advanced together, one denoiser call a tick.

A tick decodes one window of audio for a request that has all its steps, and answers one batch of those that have not
(see `midifrag.engine.diffusion.scheduler` for who). New requests join, and cancelled ones leave, between ticks. A tick
ends early when there is something that a performer waits for: nobody shall hear of a sound one slow step after it was
ready.

Two things may go wrong on the way, and neither takes anything else down. A request that goes non-finite in half
precision is rendered once more in fp32, from copies of the weights that are freed afterwards, and failed if that does
not help. A call that runs out of memory is repeated with half the batch; a single request is repeated once after
everything that can be spared is freed, and then failed.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from midifrag.audio import Audio
from midifrag.engine.diffusion.cores import FreeCores
from midifrag.engine.diffusion.parameters import settle
from midifrag.engine.diffusion.pending import Mark, Pending
from midifrag.engine.diffusion.renderer import Counters, Renderer
from midifrag.engine.diffusion.request import Flight, Stage
from midifrag.engine.diffusion.samplers import offered
from midifrag.engine.diffusion.scheduler import Rota, aboard
from midifrag.engine.diffusion.warming import Kind, load_in_steps, warm_up
from midifrag.engine.loading.device import first_line, free_cached, is_memory_error, set_up
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import (
    EngineEvent,
    EngineInfo,
    Failed,
    Progress,
    Render,
    Rendered,
    Started,
    Warming,
)
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import EngineError, MemoryShortError, NonFiniteError, RequestError

_log = logging.getLogger(__name__)

#: Requests rendered at once, by device kind, unless ``max_in_flight`` says otherwise.
MAX_IN_FLIGHT = {"cpu": 8, "cuda": 16, "mps": 4}


def _urgent(events: Sequence[EngineEvent]) -> bool:
    return any(isinstance(event, Started | Rendered | Failed) for event in events)


class DiffusionWorker:
    """A `Worker` for stable-audio-tools models."""

    def __init__(self, choice: EngineChoice) -> None:
        self._choice = choice
        self._renderer: Renderer | None = None
        self._flights: dict[int, Flight] = {}
        self._arrivals = 0
        self._rota = Rota()
        self._most = self._batch_limit = 0
        self._verdicts, self._windows = Pending(), Pending()
        self._request_memory = 0
        self._warm: set[Kind] = set()
        self._warm_seconds: float | None = None
        self._warmed = ""
        self._cores = FreeCores()

    @classmethod
    def from_model(cls, model: Model, **options: object) -> DiffusionWorker:
        """A worker on a model that is loaded already; ``options`` as in `EngineChoice.options`."""
        worker = cls(EngineChoice(model.name, options=options))
        worker._adopt(model)
        return worker

    def load(self) -> Iterator[EngineEvent]:
        """See `Worker.load`."""
        if self._renderer is None:
            self._adopt((yield from load_in_steps(self._choice)))
            if self.model.device.type == "cpu":
                self._cores.watch()

    def _adopt(self, model: Model) -> None:
        set_up(model.device)
        self._renderer = Renderer(model)
        most = self._choice.options.get("max_in_flight", MAX_IN_FLIGHT.get(model.device.type, 4))
        self._most = self._batch_limit = max(1, int(most))

    @property
    def renderer(self) -> Renderer:
        """What does the arithmetic. Raises `EngineError` before the model is loaded."""
        if self._renderer is None:
            raise EngineError("the model is not loaded yet")
        return self._renderer

    @property
    def model(self) -> Model:
        """The loaded model. Raises `EngineError` before it is loaded."""
        return self.renderer.model

    @property
    def counters(self) -> Counters:
        """What has happened since loading."""
        return self.renderer.counters

    def info(self) -> EngineInfo:
        """See `Worker.info`."""
        model, memory = self.model, self.renderer.memory()
        if self._request_memory:
            memory["one request in flight"] = self._request_memory
        return EngineInfo(
            engine="stable-audio",
            model=model.name,
            checksum=model.checksum,
            device=str(model.device),
            precision=model.precision,
            sample_rate=model.sample_rate,
            channels=model.channels,
            max_seconds=model.max_seconds,
            samplers=offered(model.objective),
            memory=memory,
            warmed=self._warmed,
        )

    def warm(self, renders: tuple[Render, ...]) -> Iterator[Warming]:
        """See `Worker.warm`."""
        began = time.monotonic()
        held = yield from self._cores.during(warm_up(self.renderer, renders, self._most, self._warm))
        self._request_memory = max(self._request_memory, held)
        if self._warm_seconds is None:
            self._warm_seconds = time.monotonic() - began
        denoiser, decoder = self.renderer.describes
        graphs = f", {self.counters.captures} graphs" if self.counters.captures else ""
        self._warmed = f"warm in {self._warm_seconds:.1f} s{graphs}: {denoiser}; {decoder}"

    def submit(self, render: Render) -> None:
        """See `Worker.submit`."""
        if render.job in self._flights:
            raise RequestError(f"job {render.job} is in flight already.")
        self._arrivals += 1
        self._flights[render.job] = Flight(render, settle(render, self.model), self._arrivals, render.spare)

    def cancel(self, job: int) -> bool:
        """See `Worker.cancel`."""
        was_there = self._flights.pop(job, None) is not None
        self._rest()
        return was_there

    def promote(self, job: int) -> None:
        """See `Worker.promote`."""
        if job in self._flights:
            self._flights[job].spare = False

    @property
    def busy(self) -> bool:
        """See `Worker.busy`."""
        return bool(self._flights) or (self._renderer is not None and self._renderer.has_lost_recordings)

    def close(self) -> None:
        """See `Worker.close`."""
        self._cores.close()
        if self._renderer is not None:
            device = self.model.device
            self._flights.clear()
            self._verdicts.clear()
            self._windows.clear()
            self._renderer = None
            free_cached(device)

    def tick(self) -> list[EngineEvent]:
        """See `Worker.tick`."""
        self._cores.follow()
        if not self._flights:
            self.renderer.record_lost()
            return []
        events: list[EngineEvent] = []
        self._read(self._windows.take_arrived(), events)
        flights = aboard(self._flights.values(), self._most)
        waiting = [flight for flight in flights if flight.stage is Stage.WAITING]
        for flight in waiting:
            self._attempt(self._begin, [flight], events)
        if not _urgent(events):
            self._work(flights, events)
        self._rest()
        return events

    def _rest(self) -> None:
        """With nothing in flight: give back what only requests needed, and try again what memory was too short for."""
        if not self._flights and self._renderer is not None:
            self._batch_limit = self._most
            self._verdicts.clear()
            self._windows.clear()
            self.renderer.rest()

    def _work(self, flights: Sequence[Flight], events: list[EngineEvent]) -> None:
        decoding = self._rota.next_decode(flights, self._batch_limit)
        if decoding:
            self._attempt(self._decode, decoding, events)
        else:
            self._read(self._windows.take(0), events)
        if _urgent(events):
            return
        batch = self._rota.next_batch(flights, self._batch_limit)
        if batch:
            self._attempt(self._advance, batch, events)

    def _begin(self, batch: Sequence[Flight], events: list[EngineEvent]) -> None:
        for flight in batch:
            flight.start_clock()
            self.renderer.begin(flight)
            if not flight.announced:
                flight.announced = True
                flight.notes += self.renderer.remarks(flight)
                events.append(Started(flight.job))

    def _attempt(
        self,
        work: Callable[[Sequence[Flight], list[EngineEvent]], None],
        batch: Sequence[Flight],
        events: list[EngineEvent],
    ) -> None:
        try:
            work(batch, events)
        except (RuntimeError, MemoryError) as error:
            if not is_memory_error(error):
                raise
            self._make_room(batch, error, events)

    def _make_room(self, batch: Sequence[Flight], error: BaseException, events: list[EngineEvent]) -> None:
        """After a call that ran out of memory: arrange that the next one is smaller, or give up on a single request."""
        if len(batch) > 1:
            self._batch_limit = len(batch) // 2
            _log.warning("out of memory with %d requests at once; going on with %d", len(batch), self._batch_limit)
        elif not batch[0].squeezed:
            batch[0].squeezed = True
            _log.warning("out of memory with a single request; trying once more with what can be freed")
            self.renderer.make_room()
        else:
            reason = MemoryShortError(
                f"{self.model.device} is out of memory even for one request of {batch[0].settings.seconds:g} s. "
                f"Ask for fewer seconds, or close what else uses the device. ({first_line(error)})"
            )
            self._fail(batch[0], reason, events)
        # What the error remembers of the call would stay in memory.
        traceback.clear_frames(error.__traceback__)
        free_cached(self.model.device)

    def _advance(self, batch: Sequence[Flight], events: list[EngineEvent]) -> None:
        output = self.renderer.answer(batch)
        # A sum is finite exactly when all of it is, as fp32 goes; one pass, and one number a request to bring over.
        is_there = self._verdicts.add(batch, output.sum((1, 2)))
        for index, flight in enumerate(batch):
            if flight.answer(output[index : index + 1]):
                events.append(Progress(flight.job, flight.state.index, flight.settings.steps))
        # On CUDA one call is left: the device never waits for the host, and the host does not run far ahead.
        for mark, verdict in self._verdicts.take(0 if is_there else 1):
            if not torch.isfinite(verdict) and self._stands(mark):
                self._not_finite(mark.flight, f"at step {mark.step} of {mark.flight.settings.steps}", events)

    def _stands(self, mark: Mark) -> bool:
        return self._flights.get(mark.flight.job) is mark.flight and mark.stands

    def _not_finite(self, flight: Flight, where: str, events: list[EngineEvent]) -> None:
        precision = "fp32" if flight.exact else self.model.precision
        _log.warning("job %d went to NaN or infinity %s in %s", flight.job, where, precision)
        if precision == "fp32":
            reason = NonFiniteError(f"The sound went to NaN or infinity {where}, in fp32. Try a lower cfg_scale.")
            self._fail(flight, reason, events)
            return
        flight.exact, flight.stage = True, Stage.WAITING
        flight.decode_again()
        flight.notes.append(f"NaN or infinity {where} in {precision}; rendered again in fp32")

    def _fail(self, flight: Flight, reason: EngineError, events: list[EngineEvent]) -> None:
        del self._flights[flight.job]
        events.append(Failed(flight.job, str(reason), not_finite=isinstance(reason, NonFiniteError)))

    def _decode(self, batch: Sequence[Flight], events: list[EngineEvent]) -> None:
        # A spare has time: a press shall not wait for a large piece of it.
        alone = len(batch) == len(self._flights) and not (batch[0].squeezed or batch[0].spare)
        audio = self.renderer.decode(batch, alone=alone)
        is_there = self._windows.add(batch, audio)
        for flight in batch:
            flight.decoded += audio.shape[-1]
        # On CUDA a window is taken a tick later, as with verdicts.
        self._read(self._windows.take(0 if is_there else 1), events)

    def _read(self, windows: Iterable[tuple[Mark, Tensor]], events: list[EngineEvent]) -> None:
        for mark, audio in windows:
            if self._stands(mark):
                self._attempt(partial(self._take, audio.numpy()), [mark.flight], events)

    def _take(self, piece: Audio, batch: Sequence[Flight], events: list[EngineEvent]) -> None:
        [flight] = batch
        try:
            if not np.isfinite(piece).all():
                self._not_finite(flight, "in the decoder", events)
                return
            # Not the piece itself: it lies in memory that copies from the device need, beside those of others.
            flight.pieces.append(piece.copy())
            if sum(each.shape[-1] for each in flight.pieces) < flight.settings.samples:
                return
            events.append(flight.rendered(self.model.sample_rate))
        except MemoryError:
            flight.decode_again()
            raise
        del self._flights[flight.job]
