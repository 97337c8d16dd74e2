"""The model's forward pass, for rows of different requests at once.

`Denoiser` is the border: the engine hands over rows and gets back guided outputs in fp32. `StockDenoiser` asks the
stable-audio-tools modules themselves and so covers every architecture; `midifrag.engine.network.transformer` computes
the common ones from the same weights, faster.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol

import torch
from torch import Tensor

from midifrag.engine.loading.device import to_device
from midifrag.engine.network.call_rows import P, Row, is_guided
from midifrag.engine.network.conditioning import Conditioning
from midifrag.engine.network.guidance import combine_guidance, valid_mask

#: No strengths.
NO_LORAS: Mapping[int, float] = MappingProxyType({})


class Denoiser(Protocol[P]):
    """The model at one precision. ``description`` says what runs."""

    description: str

    @property
    def memory(self) -> int:
        """Bytes of its own, beside the module's."""
        ...

    def prepare(
        self, conditioning: Conditioning, times: Sequence[float], frames: int, strengths: Mapping[int, float] = NO_LORAS
    ) -> P:
        """What of a request can be computed before its first step. ``times`` are the ones it will ask for first.

        ``strengths`` are those of LoRAs that are attached, by their index.
        """
        ...

    def bytes_held(self, prepared: P) -> int:
        """Bytes that a request's prepared conditioning takes."""
        ...

    def evaluate(self, rows: Sequence[Row[P]]) -> Tensor:
        """The guided outputs, fp32, shape (rows, channels, frames). All rows have the same number of frames."""
        ...


class StockDenoiser:
    """stable-audio-tools' own ``DiffusionTransformer.forward`` without its checkpointing, in fp32."""

    description = "stable-audio-tools' own forward pass in fp32"
    memory = 0

    def __init__(self, module: Any) -> None:
        self._transformer = module.model.model
        self._objective = module.diffusion_objective
        if any(parameter.dtype != torch.float32 for parameter in self._transformer.parameters()):
            self._transformer = copy.deepcopy(self._transformer).float()
            self.memory = sum(p.numel() * p.element_size() for p in self._transformer.parameters())

    def prepare(
        self,
        conditioning: Conditioning,
        times: Sequence[float],  # noqa: ARG002 — as `Denoiser` has it
        frames: int,  # noqa: ARG002 — the same
        strengths: Mapping[int, float] = NO_LORAS,  # noqa: ARG002 — the same
    ) -> Conditioning:
        """The conditioning as it is: no LoRA is attached to stock's own modules."""
        return conditioning

    def bytes_held(self, prepared: Conditioning) -> int:
        """Nothing of its own: the conditioning is the cache's."""
        del prepared
        return 0

    @torch.inference_mode()
    def evaluate(self, rows: Sequence[Row[Conditioning]]) -> Tensor:
        """See `Denoiser.evaluate`."""
        guided_rows = [index for index, row in enumerate(rows) if is_guided(row)]
        again = [rows[index] for index in guided_rows]
        plain = [row.prepared for row in rows]
        unguided = [_unguided(row.prepared) for row in again]
        everything, frames = [*rows, *again], rows[0].model_input.x.shape[-1]
        output = self._transformer(
            torch.cat([row.model_input.x for row in everything]),
            to_device([row.model_input.t for row in everything], rows[0].model_input.x.device),
            cross_attn_cond=_stack([each.cross for each in plain + unguided]),
            global_embed=_stack([each.global_cond for each in plain + unguided]),
            prepend_cond=_stack([each.prepend for each in plain + unguided]),
            prepend_cond_mask=_mask([each.prepend for each in plain + unguided]),
            input_concat_cond=_stack([each.concat for each in plain + unguided]),
            local_add_cond=_stack([_along(each.local, frames) for each in plain + unguided]),
            padding_mask=valid_mask([each.valid for each in plain + unguided], frames, rows[0].model_input.x.device),
            use_checkpointing=False,
        ).float()
        return combine_guidance(output, rows, guided_rows, self._objective)


def _unguided(conditioning: Conditioning) -> Conditioning:
    """What stock puts on the unconditional side: zeros or the negative prompt, the same numbers."""
    cross = conditioning.negative
    if cross is None and conditioning.cross is not None:
        cross = torch.zeros_like(conditioning.cross)
    prepend = None if conditioning.prepend is None else torch.zeros_like(conditioning.prepend)
    return replace(conditioning, cross=cross, negative=None, prepend=prepend)


def _stack(tensors: Sequence[Tensor | None]) -> Tensor | None:
    present = [tensor for tensor in tensors if tensor is not None]
    return torch.cat(present) if present else None


def _along(tensor: Tensor | None, frames: int) -> Tensor | None:
    """What is the same for all frames, for each of them; what has a frame for each, as it is."""
    return None if tensor is None else tensor.expand(-1, -1, frames)


def _mask(tensors: Sequence[Tensor | None]) -> Tensor | None:
    stacked = _stack(tensors)
    return None if stacked is None else stacked.new_ones(stacked.shape[:2], dtype=torch.bool)
