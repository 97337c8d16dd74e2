"""The diffusion engine: many presses in flight on one device, advanced together, one denoiser call a tick.

A tick answers one batch of requests that are `aboard` (see `midifrag.engine.scheduler`) and decodes one window of audio
for one that has all its steps. New requests join, and cancelled ones leave, between ticks.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from midifrag.engine.conditioning import Conditioner
from midifrag.engine.decoder import StockDecoder
from midifrag.engine.denoiser import Denoiser, Row, StockDenoiser
from midifrag.engine.flight import Flight, Stage
from midifrag.engine.messages import (
    EngineEvent,
    EngineInfo,
    Progress,
    Render,
    Rendered,
    Started,
    Warming,
)
from midifrag.engine.model import Model
from midifrag.engine.precision import DTYPES
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.samplers import offered, times
from midifrag.engine.scheduler import Rota, aboard
from midifrag.engine.settings import settle
from midifrag.engine.transformer import FastDenoiser, unsupported
from midifrag.errors import EngineError, RequestError

_log = logging.getLogger(__name__)

#: Requests rendered at once, by device kind, unless ``max_in_flight`` says otherwise.
MAX_IN_FLIGHT = {"cpu": 8, "cuda": 16, "mps": 4}


@dataclass(slots=True)
class Counters:
    """What has happened since loading; after warm-up none but ``denoiser_calls`` and ``decoder_calls`` should grow."""

    denoiser_calls: int = 0
    decoder_calls: int = 0
    encoder_runs: int = 0
    captures: int = 0
    compilations: int = 0


class DiffusionWorker:
    """A `Worker` for stable-audio-tools models."""

    def __init__(self, choice: EngineChoice) -> None:
        self._choice = choice
        self._model: Model | None = None
        self._flights: dict[int, Flight] = {}
        self._arrivals = 0
        self._rota = Rota()
        self._batch_limit = 0
        self._counters = Counters()

    @classmethod
    def from_model(cls, model: Model, **options: object) -> DiffusionWorker:
        """A worker on a model that is loaded already; ``options`` as in `EngineChoice.options`."""
        worker = cls(EngineChoice(model.name, options=options))
        worker._adopt(model)
        return worker

    def load(self) -> Iterator[EngineEvent]:
        """See `Worker.load`. The file work runs on a thread of its own so that its progress can be told."""
        if self._model is not None:
            return
        from midifrag.engine.loading import load

        news: queue.SimpleQueue[Warming | None] = queue.SimpleQueue()
        outcome: list[Model | BaseException] = []

        def work() -> None:
            try:
                outcome.append(load(self._choice, lambda *progress: news.put(Warming(*progress))))
            except BaseException as error:
                outcome.append(error)
            news.put(None)

        threading.Thread(target=work, name="midifrag-load", daemon=True).start()
        yield from iter(news.get, None)
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        self._adopt(outcome[0])

    def _adopt(self, model: Model) -> None:
        self._model = model
        self._conditioner = Conditioner(model)
        self._denoiser = _denoiser(model, DTYPES[model.precision])
        self._decoder = StockDecoder(model.module)
        most = self._choice.options.get("max_in_flight", MAX_IN_FLIGHT.get(model.device.type, 4))
        self._batch_limit = self._most = int(most)

    @property
    def model(self) -> Model:
        """The loaded model. Raises `EngineError` before it is loaded."""
        if self._model is None:
            raise EngineError("the model is not loaded yet")
        return self._model

    @property
    def counters(self) -> Counters:
        """What has happened since loading."""
        self._counters.encoder_runs = self._conditioner.text_runs
        return self._counters

    def info(self) -> EngineInfo:
        """See `Worker.info`."""
        model = self.model
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
            memory={"model": sum(p.numel() * p.element_size() for p in model.module.parameters())},
        )

    def warm(self, renders: tuple[Render, ...]) -> Iterator[EngineEvent]:
        """See `Worker.warm`."""
        for done, render in enumerate(renders):
            yield Warming(done, len(renders), render.prompt)
            self._conditioner.encode(render.prompt, render.negative_prompt, render.seconds)

    def submit(self, render: Render) -> None:
        """See `Worker.submit`."""
        if render.job in self._flights:
            raise RequestError(f"job {render.job} is in flight already.")
        settings = settle(render, self.model)
        self._arrivals += 1
        self._flights[render.job] = Flight(render, settings, self._arrivals, render.spare)

    def cancel(self, job: int) -> bool:
        """See `Worker.cancel`."""
        return self._flights.pop(job, None) is not None

    def promote(self, job: int) -> None:
        """See `Worker.promote`."""
        if job in self._flights:
            self._flights[job].spare = False

    @property
    def busy(self) -> bool:
        """See `Worker.busy`."""
        return bool(self._flights)

    def close(self) -> None:
        """See `Worker.close`."""
        self._flights.clear()
        self._model = None

    def tick(self) -> list[EngineEvent]:
        """See `Worker.tick`."""
        events: list[EngineEvent] = []
        flights = aboard(self._flights.values(), self._most)
        batch = self._rota.next_batch(flights, self._batch_limit)
        for flight in batch:
            if flight.stage is Stage.WAITING:
                self._begin(flight)
                events.append(Started(flight.job))
        if batch:
            self._advance(batch, events)
        decoding = self._rota.next_decode(flights, self._batch_limit)
        if decoding:
            self._decode(decoding, events)
        return events

    def _begin(self, flight: Flight) -> None:
        settings = flight.settings
        flight.begin(self.model)
        conditioning = self._conditioner.encode(settings.prompt, settings.negative_prompt, settings.seconds)
        flight.prepared = self._denoiser.prepare(
            conditioning, times(settings.sampler, flight.state.levels), settings.frames
        )

    def _advance(self, batch: Sequence[Flight], events: list[EngineEvent]) -> None:
        rows = [Row(flight.query, flight.prepared, flight.settings.cfg_scale) for flight in batch]
        output = self._denoiser.evaluate(rows)
        self._counters.denoiser_calls += 1
        for index, flight in enumerate(batch):
            if flight.answer(output[index : index + 1]):
                events.append(Progress(flight.job, flight.state.index, flight.settings.steps))

    def _decode(self, batch: Sequence[Flight], events: list[EngineEvent]) -> None:
        first = batch[0]
        windows = self._decoder.windows(first.settings.frames, first.settings.samples)
        latents = torch.cat([flight.state.x for flight in batch])
        audio = self._decoder.decode(latents, windows[len(first.pieces)])
        self._counters.decoder_calls += 1
        for flight, piece in zip(batch, audio.cpu().numpy(), strict=True):
            flight.pieces.append(piece)
            if len(flight.pieces) == len(windows):
                del self._flights[flight.job]
                events.append(self._landed(flight))

    def _landed(self, flight: Flight) -> EngineEvent:
        audio = np.concatenate(flight.pieces, axis=-1)
        rate = self.model.sample_rate
        return Rendered(flight.job, audio, rate, flight.settings.used(), flight.seconds_taken)


def _denoiser(model: Model, dtype: torch.dtype) -> Denoiser:
    obstacle = unsupported(model.module)
    if obstacle is None:
        return FastDenoiser(model.module, dtype)
    _log.info("%s has %s: stable-audio-tools' own forward pass is used, in fp32", model.name, obstacle)
    return StockDenoiser(model.module)
