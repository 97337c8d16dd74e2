"""A model's denoiser and decoder, at its own number format and as copies at the others that requests needed."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any, TypeAlias

import torch

from midifrag.engine.diffusion.counters import Counters
from midifrag.engine.diffusion.fidelity import denoiser_decibels
from midifrag.engine.diffusion.parameters import ResolvedParameters, resolve_parameters
from midifrag.engine.loading.device import first_line, free_bytes, is_memory_error
from midifrag.engine.loading.model import Model, Precision
from midifrag.engine.loading.precision import DTYPES
from midifrag.engine.messages import Render
from midifrag.engine.network.architecture import unsupported
from midifrag.engine.network.conditioning import Conditioning
from midifrag.engine.network.decoder import LatentDecoder, OobleckDecoder, StockDecoder, stock_decoder_on
from midifrag.engine.network.denoiser import Denoiser, StockDenoiser
from midifrag.engine.network.kernels import PLAIN, Kernels, kernels_for
from midifrag.engine.network.oobleck import NotOobleckError
from midifrag.engine.network.same_decoder import NotSameError, SameDecoder
from midifrag.engine.network.transformer import FastDenoiser
from midifrag.engine.network.windows import MOST_LATENTS
from midifrag.errors import ModelError

_log = logging.getLogger(__name__)

#: What prepares conditioning in its own form, and is given it back.
AnyDenoiser: TypeAlias = Denoiser[Any]


class ModelParts:
    """What denoises and what decodes, by precision; each is built when it is asked for first.

    ``encode`` embeds what a request says, with which a denoiser in fp8 is compared. Without ``kernels``, none are made.
    """

    def __init__(
        self, model: Model, counters: Counters, encode: Callable[[ResolvedParameters], Conditioning], *, kernels: bool
    ) -> None:
        self._made_kernels = kernels_for(model.device, DTYPES[model.precision], fused=kernels)
        self._model = model
        self._counters = counters
        self._encode = encode
        self._latents = MOST_LATENTS * 2
        self._denoisers: dict[Precision, AnyDenoiser] = {}
        self._decoders: dict[Precision, LatentDecoder] = {}

    def denoiser(self, precision: Precision | None = None) -> AnyDenoiser:
        """What denoises in a number format; None: the model's own."""
        precision = precision or self._model.precision
        if precision not in self._denoisers:
            self._counters.models_built += 1
            self._denoisers[precision] = self.build_denoiser(self._model.module, precision)
        return self._denoisers[precision]

    def decoder(self, precision: Precision | None = None) -> LatentDecoder:
        """What decodes in a number format; None: the model's own."""
        precision = precision or self._model.precision
        if precision not in self._decoders:
            self._counters.models_built += 1
            self._decoders[precision] = self._build_decoder(DTYPES[precision])
            # One in fp32 takes twice as much for each.
            self._decoders[precision].bound(max(1, self._latents // 2))
        return self._decoders[precision]

    def bound(self, latents: int) -> None:
        """Decode at most so many latents in one call from now on, of all its requests, where that is possible."""
        self._latents = latents
        self.decoder().bound(latents)

    def use_smaller_windows(self) -> None:
        """Decode less at once: memory is short."""
        for decoder in self._decoders.values():
            decoder.use_smaller_windows()

    def use_usual_windows(self) -> None:
        """Decode as much at once as ever."""
        for decoder in self._decoders.values():
            decoder.use_usual_windows()

    def release_tables(self) -> None:
        """Free what denoisers look up, and what they gathered for the last batch."""
        for denoiser in self._denoisers.values():
            if isinstance(denoiser, FastDenoiser):
                denoiser.release_tables()

    def release_batch(self) -> None:
        """Free what denoisers gathered for the last batch."""
        for denoiser in self._denoisers.values():
            if isinstance(denoiser, FastDenoiser):
                denoiser.release_batch()

    def drop_others(self) -> None:
        """Free the copies that a request needed which the model's own number format could not render."""
        own = self._model.precision
        self._denoisers = {own: self._denoisers[own]}
        self._decoders = {own: self._decoders[own]}

    def has_room_for(self, precision: Precision) -> bool:
        """Whether a copy of what renders fits beside the model, in so far as the device tells."""
        free = free_bytes(self._model.device)
        if free is None or precision in self._denoisers:
            return True
        module = self._model.module
        parts = [module.model.model] if module.pretransform is None else [module.model.model, module.pretransform]
        numbers: int = sum(parameter.numel() for part in parts for parameter in part.parameters())
        return numbers * DTYPES[precision].itemsize < free

    @property
    def memory(self) -> int:
        """Bytes of the parts in the model's own number format, beside the model."""
        return self.denoiser().memory + self.decoder().memory

    @property
    def descriptions(self) -> tuple[str, str]:
        """What denoises and what decodes, in words."""
        return self.denoiser().description, self.decoder().description

    def build_denoiser(self, module: Any, precision: Precision) -> AnyDenoiser:
        """What denoises with a module of these weights."""
        obstacle = unsupported(module)
        if obstacle is None:
            dtype, fp8 = DTYPES[precision], precision == "fp8"
            fast = FastDenoiser(module, dtype, kernels=self._kernels(dtype), fp8=fp8)
            if fp8 and module is self._model.module:
                fast.description += f" ({self._fp8_decibels(fast):.1f} dB signal to noise)"
            return fast
        _log.info("%s has %s: denoised by stable-audio-tools itself, in fp32, slower", self._model.name, obstacle)
        return StockDenoiser(module)

    def _fp8_decibels(self, rough: FastDenoiser) -> float:
        """The signal to noise of the model's output in fp8, one step's. Raises `ModelError` where there is no fp8."""
        module = self._model.module
        exact = FastDenoiser(module, DTYPES["fp8"])
        asked = resolve_parameters(Render(0, "sound", None, 0), self._model)
        conditioning = self._encode(asked)
        try:
            return denoiser_decibels(exact, rough, conditioning, module.io_channels, module.model.model.patch_size)
        except RuntimeError as error:
            if is_memory_error(error):
                raise
            raise ModelError(f"precision: fp8 does not work here: {first_line(error)}. Use precision: auto.") from error

    def _kernels(self, dtype: torch.dtype) -> Kernels:
        """Those made at the start; for another number format, which a press waits for, none are made."""
        return self._made_kernels if dtype == DTYPES[self._model.precision] else PLAIN

    def _build_decoder(self, dtype: torch.dtype) -> LatentDecoder:
        module, device = self._model.module, self._model.device
        try:
            with contextlib.suppress(NotSameError):
                return SameDecoder(module, dtype, device)
            with stock_decoder_on(module, device):
                return OobleckDecoder(module, dtype, device, kernels=self._kernels(dtype))
        except NotOobleckError as obstacle:
            _log.info("%s has %s: decoded by stable-audio-tools itself, whole, in fp32", self._model.name, obstacle)
            return StockDecoder(self._model.module)
