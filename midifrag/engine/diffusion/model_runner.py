"""The model's parts at the precisions in use, and what they make of batches of requests."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor

from midifrag.config.model_inputs import unheard
from midifrag.engine.diffusion.encoded_sounds import EncodedSounds
from midifrag.engine.diffusion.fidelity import denoiser_decibels
from midifrag.engine.diffusion.lora_rack import LoraRack
from midifrag.engine.diffusion.parameters import ResolvedParameters, resolve_parameters
from midifrag.engine.diffusion.recordings import Recordings
from midifrag.engine.diffusion.request import Request
from midifrag.engine.diffusion.samplers import model_times
from midifrag.engine.diffusion.shortcuts import NO_SHORTCUTS, Shortcuts
from midifrag.engine.loading.device import (
    first_line,
    free_bytes,
    is_memory_error,
    live_bytes,
)
from midifrag.engine.loading.lora_files import PlayedLoras
from midifrag.engine.loading.model import Model, Precision
from midifrag.engine.loading.precision import DTYPES, frozen_text_encoders
from midifrag.engine.loading.prompt_room import cut_sentence
from midifrag.engine.messages import Render, Warming
from midifrag.engine.network.architecture import unsupported
from midifrag.engine.network.call_rows import Row
from midifrag.engine.network.conditioning import Conditioner, Conditioning, Kept
from midifrag.engine.network.decoder import (
    LatentDecoder,
    OobleckDecoder,
    StockDecoder,
    stock_decoder_on,
)
from midifrag.engine.network.denoiser import Denoiser, StockDenoiser
from midifrag.engine.network.kernels import PLAIN, Kernels, kernels_for
from midifrag.engine.network.oobleck import NotOobleckError
from midifrag.engine.network.same_decoder import NotSameError, SameDecoder
from midifrag.engine.network.transformer import FastDenoiser
from midifrag.engine.network.windowed import module_bytes
from midifrag.engine.network.windows import MOST_LATENTS, Window
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
    models_built: int = 0


class ModelRunner:
    """Prepares, denoises and decodes for batches of requests of one group (same length, same precision).

    Without ``graphs``, the device's work is not recorded where it could be; without ``kernels``, none are made for it.
    """

    def __init__(
        self, model: Model, *, graphs: bool = True, kernels: bool = True, shortcuts: Shortcuts = NO_SHORTCUTS
    ) -> None:
        self._made_kernels = kernels_for(model.device, DTYPES[model.precision], fused=kernels)
        self.shortcuts = shortcuts
        self.model = model
        self.counters = Counters()
        #: Whether warm-up has met a call that a press would notice having to wait for.
        self.is_slow = False
        #: Bytes of the longest result that a card has had to bring to the host at once.
        self.longest_result = 0
        self._latents = MOST_LATENTS * 2
        # What others of this process have on the card.
        self._foreign_bytes = max(0, (live_bytes(model.device) or 0) - self._model_bytes())
        self._shortages = 0
        self._conditioner = Conditioner(model)
        self.sounds = EncodedSounds(model)
        self.loras = LoraRack(model, self._build_denoiser, self._outgrown)
        self._denoisers: dict[Precision, _Denoiser] = {}
        self._decoders: dict[Precision, LatentDecoder] = {}
        self.recordings = Recordings(self._denoiser(), model.device, enabled=graphs)
        self._decoder()

    def begin(self, request: Request) -> bool:
        """Do what a request needs before its first step, and draw its first latent.

        False after a window of the sound that it begins from: there is more of that to do. Raises `LoraError` and
        `HubError` for a LoRA that cannot be played.
        """
        played = self.loras.played(request.parameters.loras)
        parameters = replace(request.parameters, loras=self.loras.recorded(request.parameters.loras, played))
        request.parameters = parameters
        sound, latents, kept = request.render.sound, None, None
        if sound is not None and (parameters.is_changed or parameters.fill is not None):
            latents = self.sounds.advance(sound, parameters.frames)
            if latents is None:
                return False
        if latents is not None and parameters.fill is not None:
            kept = Kept.outside(parameters.fill, parameters.seconds, latents, self.model)
        conditioning = self._encoded(parameters, played, kept)
        self.counters.text_encoder_runs = self._conditioner.text_runs
        first_times = model_times(parameters.method, request.levels(self.model))
        placed = self.loras.place(played, self._denoiser(request.precision), request.precision or self.model.precision)
        # Held by who is rendered with it, however many others come meanwhile.
        request.merged, request.network = placed.merged, placed.network
        prepared = placed.denoiser.prepare(conditioning, first_times, parameters.frames, placed.strengths)
        request.begin(self.model, prepared, latents, None if kept is None else kept.stays)
        return True

    def _encoded(self, parameters: ResolvedParameters, played: PlayedLoras, kept: Kept | None = None) -> Conditioning:
        return self._conditioner.encode(
            parameters.prompt,
            parameters.negative_prompt,
            parameters.seconds,
            parameters.told,
            played,
            parameters.between,
            kept,
        )

    def prepare_loras(self, renders: Sequence[Render]) -> Iterator[Warming]:
        """Read the LoRAs that these name; before the network's work is recorded, which knows those alone."""
        yield from self.loras.prepare(renders, self._denoiser())

    def _outgrown(self, denoiser: _Denoiser) -> None:
        if denoiser is self._denoiser():
            self.recordings.make_anew()

    def remarks_on(self, request: Request) -> list[str]:
        """What a performer should know of how a prompt is understood."""
        prompt, negative, inputs = request.parameters.prompt, request.parameters.negative_prompt, self.model.inputs
        cut, cut_negative = self._conditioner.cut(prompt), self._conditioner.cut(negative)
        ignored = self._conditioner.ignored(prompt.removesuffix(cut))
        remarks = [cut_sentence(self.model.name, cut)] if cut else []
        remarks += [cut_sentence(self.model.name, cut_negative, "negative prompt")] if cut_negative else []
        other = "" if request.parameters.between is None else request.parameters.between.to
        cut_other = self._conditioner.cut(other)
        remarks += [cut_sentence(self.model.name, cut_other, "other prompt")] if cut_other else []
        ignored = (*ignored, *self._conditioner.ignored(other.removesuffix(cut_other)))
        remarks += [f"words without effect: {', '.join(ignored)}"] if ignored else []
        return [*remarks, *unheard(inputs, request.render.conditioning, request.parameters.told)]

    def denoise(self, batch: Sequence[Request]) -> Tensor:
        """The model's guided outputs for what the requests wait for, (requests, channels, frames).

        As far as `shortcuts` say, it is less than that.
        """
        shortcuts = self.shortcuts
        fresh = [request for request in batch if not request.repeats(shortcuts)]
        if fresh:
            rows = [
                Row(request.model_input, request.prepared, request.guidance(shortcuts), request.parameters.guidance)
                for request in fresh
            ]
            output = self._denoiser_of(batch[0]).evaluate(rows)
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

    def together(self, batch: Sequence[Request], *, alone: bool) -> int:
        """How many of these requests, which are equally far, are decoded by one call."""
        window, decoder = self.window(batch[0], alone=alone), self._decoder(batch[0].precision)
        return decoder.together(len(batch), window, alone=alone and not self.is_slow)

    def decode(self, batch: Sequence[Request], *, alone: bool) -> Tensor:
        """The next window of requests that are equally far, (requests, channels, samples)."""
        return self.decode_window(batch, self.window(batch[0], alone=alone))

    def decode_window(self, batch: Sequence[Request], window: Window) -> Tensor:
        """A window of requests, (requests, channels, samples)."""
        latents = torch.cat([request.state.x for request in batch])
        audio = self._decoder(batch[0].precision).decode(latents, window)
        self.counters.decoder_calls += 1
        if audio.device.type == "cuda":
            self.longest_result = max(self.longest_result, audio.numel() * audio.element_size())
        return audio

    @property
    def has_window_sizes(self) -> bool:
        """Whether windows have one of few sizes, all of which can be rehearsed."""
        return self._decoder().has_sizes

    def unmet(self, request: Request, requests: int) -> list[tuple[Window, int]]:
        """The windows that presses like this can need, and for how many of them at once, that never were decoded."""
        return self._decoder().unmet(request.parameters.frames, requests, alone=not self.is_slow)

    def bound_latents(self, latents: int) -> None:
        """Decode at most so many latents in one call from now on, of all its requests, where that is possible."""
        self._latents = latents
        self._decoder().bound(latents)

    def room(self, held: int) -> int | None:
        """Bytes that a call may take beside recordings and ``held`` ones; None where the device does not tell."""
        free = free_bytes(self.model.device)
        return None if free is None else free - self.recordings.bytes - held

    def encode(self, parameters: ResolvedParameters) -> None:
        """Put the embeddings of what a request says into the cache."""
        with contextlib.suppress(ModelError):
            self._encoded(parameters, self.loras.played(parameters.loras))
        self.counters.text_encoder_runs = self._conditioner.text_runs

    def free_memory(self, tries: int) -> bool:
        """Make room for a request that was tried ``tries`` times again already; False once there is nothing left to do.

        What costs little to be without goes first: copies for others, tables, and windows of full size. Then it is
        recordings, the largest first: those of few requests at once are small, and speed up the most.
        """
        if tries == 0:
            self._shortages += 1
            self._drop_other_precisions()
            self.sounds.rest()
            self.loras.drop_merged()
            for decoder in self._decoders.values():
                decoder.use_smaller_windows()
            if self._shortages > 1:
                # Memory that is short again is no passing matter.
                self.recordings.give_up_lost()
        dropped = tries > 0 and self.recordings.drop_largest(for_good=self._shortages > 1)
        for denoiser in self._denoisers.values():
            if isinstance(denoiser, FastDenoiser):
                denoiser.release_tables()
        return tries == 0 or dropped

    def on_idle(self) -> None:
        """With no request left: free what was for requests alone, and decode in windows of full size again, once."""
        self._drop_other_precisions()
        self.sounds.forget_unfinished()
        self.release_batch()
        if self._shortages == 1:
            for decoder in self._decoders.values():
                decoder.use_usual_windows()

    def release_batch(self) -> None:
        """Free what was gathered for the last batch; the next one gathers its own."""
        for denoiser in self._denoisers.values():
            if isinstance(denoiser, FastDenoiser):
                denoiser.release_batch()

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
        """Bytes by what they are for: the model with its text encoder, the engine's own copies, recordings.

        On a card that counts, the engine's are all that is in use beside the others.
        """
        live, model = live_bytes(self.model.device), self._model_bytes()
        if live is None:
            engine = self._denoiser().memory + self._decoder().memory
        else:
            engine = max(0, live - self._foreign_bytes - model - self.recordings.live_bytes)
        recorded = self.recordings.bytes
        return {"model": model, "engine": engine, **({"graphs": recorded} if recorded else {})}

    def _model_bytes(self) -> int:
        module, device = self.model.module, self.model.device
        return sum(module_bytes(part, device) for part in (module, *frozen_text_encoders(module.conditioner)))

    def bytes_held(self, request: Request) -> int:
        """Bytes that a request holds between two ticks."""
        state = request.state
        latents = (1 + len(state.history)) * state.x.numel() * state.x.element_size()
        return latents + self._denoiser_of(request).bytes_held(request.prepared)

    @property
    def descriptions(self) -> tuple[str, str]:
        """What denoises and what decodes, in words."""
        return self._denoiser().description, self._decoder().description

    def _denoiser_of(self, request: Request) -> _Denoiser:
        return request.network or self._denoiser(request.precision)

    def _denoiser(self, precision: Precision | None = None) -> _Denoiser:
        precision = precision or self.model.precision
        if precision not in self._denoisers:
            self.counters.models_built += 1
            self._denoisers[precision] = self._build_denoiser(self.model.module, precision)
        return self._denoisers[precision]

    def _build_denoiser(self, module: Any, precision: Precision) -> _Denoiser:
        obstacle = unsupported(module)
        if obstacle is None:
            dtype, fp8 = DTYPES[precision], precision == "fp8"
            fast = FastDenoiser(module, dtype, kernels=self._kernels(dtype), fp8=fp8)
            if fp8 and module is self.model.module:
                fast.description += f" ({self._fp8_decibels(fast):.1f} dB signal to noise)"
            return fast
        _log.info("%s has %s: denoised by stable-audio-tools itself, in fp32, slower", self.model.name, obstacle)
        return StockDenoiser(module)

    def _fp8_decibels(self, rough: FastDenoiser) -> float:
        """The signal to noise of the model's output in fp8, one step's. Raises `ModelError` where there is no fp8."""
        module = self.model.module
        exact = FastDenoiser(module, DTYPES["fp8"])
        asked = resolve_parameters(Render(0, "sound", None, 0), self.model)
        conditioning = self._encoded(asked, ())
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
            # One in fp32 takes twice as much for each.
            self._decoders[precision].bound(max(1, self._latents // 2))
        return self._decoders[precision]

    def _build_decoder(self, dtype: torch.dtype) -> LatentDecoder:
        module, device = self.model.module, self.model.device
        try:
            with contextlib.suppress(NotSameError):
                return SameDecoder(module, dtype, device)
            with stock_decoder_on(module, device):
                return OobleckDecoder(module, dtype, device, kernels=self._kernels(dtype))
        except NotOobleckError as obstacle:
            _log.info("%s has %s: decoded by stable-audio-tools itself, whole, in fp32", self.model.name, obstacle)
            return StockDecoder(self.model.module)
