"""The model's parts at the precisions in use, and what they make of batches of requests."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor

from midifrag.config.model_inputs import unheard
from midifrag.engine.diffusion.fidelity import denoiser_decibels
from midifrag.engine.diffusion.parameters import ResolvedParameters, resolve_parameters
from midifrag.engine.diffusion.request import Request
from midifrag.engine.diffusion.samplers import model_times
from midifrag.engine.diffusion.shortcuts import NO_SHORTCUTS, Shortcuts
from midifrag.engine.loading.device import (
    first_line,
    fits_in_memory,
    free_bytes,
    is_memory_error,
    reserved_bytes,
)
from midifrag.engine.loading.model import Model, Precision
from midifrag.engine.loading.precision import DTYPES, frozen_text_encoders
from midifrag.engine.loading.prompt_room import cut_sentence
from midifrag.engine.messages import Render
from midifrag.engine.network.architecture import unsupported
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.decoder import LatentDecoder, OobleckDecoder, StockDecoder, Window, module_bytes
from midifrag.engine.network.denoiser import Denoiser, Row, StockDenoiser
from midifrag.engine.network.graphs import GraphShape
from midifrag.engine.network.kernels import PLAIN, Kernels, kernels_for
from midifrag.engine.network.oobleck import NotOobleckError
from midifrag.engine.network.transformer import FastDenoiser
from midifrag.errors import ModelError

_log = logging.getLogger(__name__)


#: What prepares conditioning in its own form, and is given it back.
_Denoiser: TypeAlias = Denoiser[Any]


@dataclass(slots=True)
class Counters:
    """What has happened since loading. After warm-up only the first two grow while known prompts are played."""

    denoiser_calls: int = 0
    decoder_calls: int = 0
    text_encoder_runs: int = 0
    captures: int = 0
    models_built: int = 0


class ModelRunner:
    """Prepares, denoises and decodes for batches of requests of one group (same length, same precision).

    Without ``graphs``, the device's work is not recorded where it could be; without ``kernels``, none are made for it.
    """

    def __init__(
        self, model: Model, *, graphs: bool = True, kernels: bool = True, shortcuts: Shortcuts = NO_SHORTCUTS
    ) -> None:
        self._graphs = graphs
        self._made_kernels = kernels_for(model.device, DTYPES[model.precision], fused=kernels)
        self.shortcuts = shortcuts
        self.model = model
        self.counters = Counters()
        #: Whether warm-up has met a call that a press would notice having to wait for.
        self.is_slow = False
        self._shortages = 0
        self._graph_bytes: dict[GraphShape, int] = {}
        self._lost_graphs: list[GraphShape] = []
        self._conditioner = Conditioner(model)
        self._denoisers: dict[Precision, _Denoiser] = {}
        self._decoders: dict[Precision, LatentDecoder] = {}
        self._denoiser()
        self._decoder()

    def begin(self, request: Request) -> None:
        """Do what a request needs before its first step, and draw its first latent."""
        parameters = request.parameters
        conditioning = self._conditioner.encode(
            parameters.prompt, parameters.negative_prompt, parameters.seconds, parameters.told
        )
        self.counters.text_encoder_runs = self._conditioner.text_runs
        first_times = model_times(parameters.method, request.levels(self.model))
        prepared = self._denoiser(request.precision).prepare(conditioning, first_times, parameters.frames)
        request.begin(self.model, prepared)

    def remarks_on(self, request: Request) -> list[str]:
        """What a performer should know of how a prompt is understood."""
        prompt, negative, inputs = request.parameters.prompt, request.parameters.negative_prompt, self.model.inputs
        cut, cut_negative = self._conditioner.cut(prompt), self._conditioner.cut(negative)
        ignored = self._conditioner.ignored(prompt.removesuffix(cut))
        remarks = [cut_sentence(self.model.name, cut)] if cut else []
        remarks += [cut_sentence(self.model.name, cut_negative, "negative prompt")] if cut_negative else []
        remarks += [f"words without effect: {', '.join(ignored)}"] if ignored else []
        return [*remarks, *unheard(inputs, request.render.conditioning, request.parameters.told)]

    def denoise(self, batch: Sequence[Request]) -> Tensor:
        """The model's guided outputs for what the requests wait for, (requests, channels, frames).

        As far as `shortcuts` say, it is less than that.
        """
        shortcuts = self.shortcuts
        fresh = [request for request in batch if not request.repeats(shortcuts)]
        if fresh:
            rows = [Row(request.model_input, request.prepared, request.guidance(shortcuts)) for request in fresh]
            output = self._denoiser(batch[0].precision).evaluate(rows)
            self.counters.denoiser_calls += 1
        if shortcuts.step_caching == 1:
            return output
        for index, request in enumerate(fresh):
            request.last_output = output[index : index + 1]
        return torch.cat([request.last_output for request in batch if request.last_output is not None])

    def window(self, request: Request, *, alone: bool) -> Window:
        """What of a request is decoded next; more at once when no other waits, or would if it came."""
        parameters = request.parameters
        decoder = self._decoder(request.precision)
        large = alone and not self.is_slow
        return decoder.window_at(request.decoded, parameters.samples, parameters.frames, alone=large)

    def decode(self, batch: Sequence[Request], *, alone: bool) -> Tensor:
        """The next window of requests that are equally far, (requests, channels, samples)."""
        latents = torch.cat([request.state.x for request in batch])
        audio = self._decoder(batch[0].precision).decode(latents, self.window(batch[0], alone=alone))
        self.counters.decoder_calls += 1
        return audio

    def encode(self, parameters: ResolvedParameters) -> None:
        """Put the embeddings of what a request says into the cache."""
        self._conditioner.encode(parameters.prompt, parameters.negative_prompt, parameters.seconds, parameters.told)
        self.counters.text_encoder_runs = self._conditioner.text_runs

    def capture(self, frames: int, batches: Sequence[int], *, guided: bool, has_negative: bool) -> None:
        """Record the device's work for batches of these sizes, where the device can replay it."""
        denoiser = self._denoiser()
        if self._graphs and isinstance(denoiser, FastDenoiser):
            for batch in batches:
                before = reserved_bytes(self.model.device)
                denoiser.capture(frames, (batch,), guided=guided, has_negative=has_negative)
                taken = max(0, reserved_bytes(self.model.device) - before)
                self._graph_bytes[GraphShape(batch, frames, guided, has_negative)] = taken
            self.counters.captures = denoiser.captures

    @property
    def does_without_graphs(self) -> bool:
        """Whether the device could replay recordings, and is not to."""
        denoiser = self._denoiser()
        return not self._graphs and isinstance(denoiser, FastDenoiser) and denoiser.captures_graphs

    @property
    def has_lost_graphs(self) -> bool:
        """Whether a shortage of memory dropped recordings that are worth another try."""
        return bool(self._lost_graphs)

    def recapture_lost(self) -> None:
        """Make one of them again, small ones first; once there is no room for one, larger ones are given up."""
        if self._lost_graphs:
            lost = self._lost_graphs.pop(0)
            guided, has_negative = lost.guided, lost.has_negative
            again = partial(self.capture, lost.frames, (lost.batch,), guided=guided, has_negative=has_negative)
            if not fits_in_memory(self.model.device, again):
                self._lost_graphs = [each for each in self._lost_graphs if each.batch < lost.batch]

    def free_memory(self, tries: int) -> bool:
        """Make room for a request that was tried ``tries`` times again already; False once there is nothing left to do.

        What costs little to be without goes first: copies for others, tables, and windows of full size. Then it is
        recordings, the largest first: those of few requests at once are small, and speed up the most.
        """
        if tries == 0:
            self._shortages += 1
            self._drop_other_precisions()
            for decoder in self._decoders.values():
                decoder.use_smaller_windows()
            if self._shortages > 1:
                # Memory that is short again is no passing matter.
                self._lost_graphs.clear()
        dropped: list[GraphShape] = []
        for denoiser in self._denoisers.values():
            if isinstance(denoiser, FastDenoiser):
                dropped += denoiser.release_largest() if tries else []
                denoiser.release_tables()
                self.counters.captures = denoiser.captures
        for shape in dropped:
            self._graph_bytes.pop(shape, None)
        if self._shortages == 1:
            self._lost_graphs = sorted([*self._lost_graphs, *dropped], key=lambda shape: shape.batch)
        return tries == 0 or bool(dropped)

    def on_idle(self) -> None:
        """With no request left: free what was for requests alone, and decode in windows of full size again, once."""
        self._drop_other_precisions()
        for denoiser in self._denoisers.values():
            if isinstance(denoiser, FastDenoiser):
                denoiser.release_batch()
        if self._shortages == 1:
            for decoder in self._decoders.values():
                decoder.use_usual_windows()

    def _drop_other_precisions(self) -> None:
        """Free the copies that a request needed which the model's own number format could not render."""
        own = self.model.precision
        self._denoisers = {own: self._denoisers[own]}
        self._decoders = {own: self._decoders[own]}

    def has_room_for(self, precision: Precision) -> bool:
        """Whether a copy of what renders fits beside the model, in so far as the device tells."""
        free = free_bytes(self.model.device)
        if free is None or precision in self._denoisers:
            return True
        module = self.model.module
        parts = [module.model.model] if module.pretransform is None else [module.model.model, module.pretransform]
        numbers: int = sum(parameter.numel() for part in parts for parameter in part.parameters())
        return numbers * DTYPES[precision].itemsize < free

    def memory(self) -> dict[str, int]:
        """Bytes by what they are for: the model with its text encoder, the engine's own copies, recordings."""
        denoiser, decoder, module = self._denoiser(), self._decoder(), self.model.module
        parts = [module, *frozen_text_encoders(module.conditioner)]
        recorded = sum(self._graph_bytes.values())
        graphs = {"graphs": recorded} if recorded else {}
        return {"model": sum(map(module_bytes, parts)), "engine": denoiser.memory + decoder.memory, **graphs}

    def bytes_held(self, request: Request) -> int:
        """Bytes that a request holds between two ticks."""
        state = request.state
        latents = (1 + len(state.history)) * state.x.numel() * state.x.element_size()
        return latents + self._denoiser(request.precision).bytes_held(request.prepared)

    @property
    def descriptions(self) -> tuple[str, str]:
        """What denoises and what decodes, in words."""
        return self._denoiser().description, self._decoder().description

    def _denoiser(self, precision: Precision | None = None) -> _Denoiser:
        precision = precision or self.model.precision
        if precision not in self._denoisers:
            self.counters.models_built += 1
            self._denoisers[precision] = self._build_denoiser(precision)
        return self._denoisers[precision]

    def _build_denoiser(self, precision: Precision) -> _Denoiser:
        obstacle = unsupported(self.model.module)
        if obstacle is None:
            dtype, fp8 = DTYPES[precision], precision == "fp8"
            fast = FastDenoiser(self.model.module, dtype, kernels=self._kernels(dtype), fp8=fp8)
            if fp8:
                fast.description += f" ({self._fp8_decibels(fast):.1f} dB signal to noise)"
            return fast
        _log.info("%s has %s: denoised by stable-audio-tools itself, in fp32, slower", self.model.name, obstacle)
        return StockDenoiser(self.model.module)

    def _fp8_decibels(self, rough: FastDenoiser) -> float:
        """The signal to noise of the model's output in fp8, one step's. Raises `ModelError` where there is no fp8."""
        module = self.model.module
        exact = FastDenoiser(module, DTYPES["fp8"])
        asked = resolve_parameters(Render(0, "sound", None, 0), self.model)
        conditioning = self._conditioner.encode(asked.prompt, "", asked.seconds, asked.told)
        try:
            return denoiser_decibels(exact, rough, conditioning, module.io_channels, module.model.model.patch_size)
        except RuntimeError as error:
            if is_memory_error(error):
                raise
            raise ModelError(f"precision: fp8 does not work here: {first_line(error)}. Use precision: auto.") from error

    def _kernels(self, dtype: torch.dtype) -> Kernels:
        """Those made at the start; for another number format, which a press waits for, none are made."""
        return self._made_kernels if dtype == DTYPES[self.model.precision] else PLAIN

    def _decoder(self, precision: Precision | None = None) -> LatentDecoder:
        precision = precision or self.model.precision
        if precision not in self._decoders:
            self.counters.models_built += 1
            self._decoders[precision] = self._build_decoder(DTYPES[precision])
        return self._decoders[precision]

    def _build_decoder(self, dtype: torch.dtype) -> LatentDecoder:
        try:
            return OobleckDecoder(self.model.module, dtype, self.model.device, kernels=self._kernels(dtype))
        except NotOobleckError as obstacle:
            _log.info("%s has %s: decoded by stable-audio-tools itself, whole, in fp32", self.model.name, obstacle)
            return StockDecoder(self.model.module)
