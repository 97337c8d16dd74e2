"""The model's parts at the precisions in use: what the worker asks to do the arithmetic."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from midifrag.engine.diffusion.request import Flight
from midifrag.engine.diffusion.samplers import times
from midifrag.engine.loading.device import fits, reserved
from midifrag.engine.loading.model import Model
from midifrag.engine.loading.precision import DTYPES, hidden_encoders
from midifrag.engine.network.architecture import unsupported
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.decoder import Decoder, OobleckDecoder, StockDecoder, Window, size_of
from midifrag.engine.network.denoiser import Denoiser, Row, StockDenoiser
from midifrag.engine.network.graphs import Shape
from midifrag.engine.network.oobleck import NotOobleckError
from midifrag.engine.network.transformer import FastDenoiser

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counters:
    """What has happened since loading. After warm-up only the first two grow while known prompts are played."""

    denoiser_calls: int = 0
    decoder_calls: int = 0
    text_encoder_runs: int = 0
    captures: int = 0
    models_built: int = 0


class Renderer:
    """Prepares, denoises and decodes for batches of requests of one group (same length, same precision)."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.counters = Counters()
        #: Whether warm-up has met a call that a press would notice having to wait for.
        self.is_slow = False
        self._graph_memory = self._shortages = 0
        self._lost: list[Shape] = []
        self._conditioner = Conditioner(model)
        self._denoisers: dict[bool, Denoiser] = {}
        self._decoders: dict[bool, Decoder] = {}
        self._denoiser(exact=False)
        self._decoder(exact=False)

    def begin(self, flight: Flight) -> None:
        """Do what a request needs before its first step, and draw its first latent."""
        settings = flight.settings
        conditioning = self._conditioner.encode(settings.prompt, settings.negative_prompt, settings.seconds)
        self.counters.text_encoder_runs = self._conditioner.text_runs
        first_times = times(settings.sampler, flight.levels(self.model))
        flight.prepared = self._denoiser(flight.exact).prepare(conditioning, first_times, settings.frames)
        flight.begin(self.model)

    def remarks(self, flight: Flight) -> list[str]:
        """What a performer should know of how a prompt is understood."""
        ignored = self._conditioner.ignored(flight.settings.prompt)
        return [f"words without effect: {', '.join(ignored)}"] if ignored else []

    def answer(self, batch: Sequence[Flight]) -> Tensor:
        """The model's outputs for what the requests ask, (requests, channels, frames)."""
        rows = [Row(flight.query, flight.prepared, flight.settings.cfg_scale) for flight in batch]
        output = self._denoiser(batch[0].exact).evaluate(rows)
        self.counters.denoiser_calls += 1
        return output

    def window(self, flight: Flight, *, alone: bool) -> Window:
        """What of a request is decoded next; more at once when no other waits, or would if it came."""
        settings = flight.settings
        decoder = self._decoder(flight.exact)
        large = alone and not self.is_slow
        return decoder.window_at(flight.decoded, settings.samples, settings.frames, alone=large)

    def decode(self, batch: Sequence[Flight], *, alone: bool) -> Tensor:
        """The next window of requests that are equally far, (requests, channels, samples)."""
        latents = torch.cat([flight.state.x for flight in batch])
        audio = self._decoder(batch[0].exact).decode(latents, self.window(batch[0], alone=alone))
        self.counters.decoder_calls += 1
        return audio

    def encode(self, prompt: str, negative_prompt: str, seconds: float) -> None:
        """Put a prompt's embeddings into the cache."""
        self._conditioner.encode(prompt, negative_prompt, seconds)
        self.counters.text_encoder_runs = self._conditioner.text_runs

    def capture(self, frames: int, batches: Sequence[int], *, guided: bool, refusing: bool) -> None:
        """Record the device's work for batches of these sizes, where the device can replay it."""
        denoiser = self._denoiser(exact=False)
        if isinstance(denoiser, FastDenoiser):
            before = reserved(self.model.device)
            denoiser.capture(frames, batches, guided=guided, refusing=refusing)
            self._graph_memory += max(0, reserved(self.model.device) - before)
            self.counters.captures = denoiser.captures

    @property
    def has_lost_recordings(self) -> bool:
        """Whether a shortage of memory dropped recordings that are worth another try."""
        return bool(self._lost)

    def record_lost(self) -> None:
        """Make one of them again, small ones first; once there is no room for one, larger ones are given up."""
        if self._lost:
            lost = self._lost.pop(0)
            guided, refusing = lost.guided, lost.refusing
            again = partial(self.capture, lost.frames, (lost.batch,), guided=guided, refusing=refusing)
            if not fits(self.model.device, again):
                self._lost = [each for each in self._lost if each.batch < lost.batch]

    def make_room(self) -> None:
        """Drop what can be made again, and decode in smaller pieces."""
        self._shortages += 1
        self._forget_exact()
        for denoiser in self._denoisers.values():
            if isinstance(denoiser, FastDenoiser):
                self._lost += denoiser.forget()
        self._graph_memory = 0
        if self._shortages > 1:
            # Memory that is short again is no passing matter.
            self._lost.clear()
        for decoder in self._decoders.values():
            decoder.shrink()

    def rest(self) -> None:
        """With no request left: free what was for requests alone, and decode in windows of full size again, once."""
        self._forget_exact()
        for denoiser in self._denoisers.values():
            if isinstance(denoiser, FastDenoiser):
                denoiser.forget_batch()
        if self._shortages == 1:
            for decoder in self._decoders.values():
                decoder.grow()

    def _forget_exact(self) -> None:
        """Free the fp32 copies that a request needed which half precision could not render."""
        self._denoisers.pop(True, None)
        self._decoders.pop(True, None)

    def memory(self) -> dict[str, int]:
        """Bytes by what they are for: the model with its text encoder, the engine's own copies, recordings."""
        denoiser, decoder, module = self._denoiser(exact=False), self._decoder(exact=False), self.model.module
        parts = [module, *hidden_encoders(module.conditioner)]
        graphs = {"graphs": self._graph_memory} if self._graph_memory else {}
        return {"model": sum(map(size_of, parts)), "engine": denoiser.memory + decoder.memory, **graphs}

    def held_by(self, flight: Flight) -> int:
        """Bytes that a request holds between two ticks."""
        state = flight.state
        latents = (1 + len(state.history)) * state.x.numel() * state.x.element_size()
        return latents + self._denoiser(flight.exact).held_by(flight.prepared)

    @property
    def describes(self) -> tuple[str, str]:
        """What denoises and what decodes, in words."""
        return self._denoiser(exact=False).describes, self._decoder(exact=False).describes

    def _denoiser(self, exact: bool) -> Denoiser:
        if exact not in self._denoisers:
            self.counters.models_built += 1
            self._denoisers[exact] = self._build_denoiser(self._dtype(exact))
        return self._denoisers[exact]

    def _build_denoiser(self, dtype: torch.dtype) -> Denoiser:
        obstacle = unsupported(self.model.module)
        if obstacle is None:
            return FastDenoiser(self.model.module, dtype)
        _log.info("%s has %s: denoised by stable-audio-tools itself, in fp32, slower", self.model.name, obstacle)
        return StockDenoiser(self.model.module)

    def _decoder(self, exact: bool) -> Decoder:
        if exact not in self._decoders:
            self.counters.models_built += 1
            self._decoders[exact] = self._build_decoder(self._dtype(exact))
        return self._decoders[exact]

    def _build_decoder(self, dtype: torch.dtype) -> Decoder:
        try:
            return OobleckDecoder(self.model.module, dtype, self.model.device)
        except NotOobleckError as obstacle:
            _log.info("%s has %s: decoded by stable-audio-tools itself, whole, in fp32", self.model.name, obstacle)
            return StockDecoder(self.model.module)

    def _dtype(self, exact: bool) -> torch.dtype:
        return torch.float32 if exact else DTYPES[self.model.precision]
