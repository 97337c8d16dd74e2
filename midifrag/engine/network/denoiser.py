"""The model's forward pass, for rows of different requests at once.

`Denoiser` is the border: the engine hands over rows and gets back guided outputs in fp32. `StockDenoiser` asks the
stable-audio-tools modules themselves and so covers every architecture; `midifrag.engine.network.transformer` computes
the common ones from the same weights, faster.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

from midifrag.engine.loading.device import to_device
from midifrag.engine.network.conditioning import Conditioning


class ModelInput(NamedTuple):
    """What the model is evaluated on: ``x``, (1, channels, frames), at time ``t`` (0 clean … 1 noise)."""

    x: Tensor
    t: float


class SupportsGuidance(Protocol):
    """What of a request does not change from step to step, in the form that a denoiser wants it."""

    @property
    def can_guide(self) -> bool:
        """Whether classifier-free guidance changes anything."""
        ...


P = TypeVar("P", bound=SupportsGuidance)


@dataclass(frozen=True, slots=True)
class Row(Generic[P]):
    """One request's share of a call: its input, its prepared conditioning (see `Denoiser.prepare`) and its guidance."""

    model_input: ModelInput
    prepared: P
    cfg_scale: float


class Denoiser(Protocol[P]):
    """The model at one precision. ``description`` says what runs; ``memory`` is in bytes, beside the module's own."""

    description: str
    memory: int

    def prepare(self, conditioning: Conditioning, times: Sequence[float], frames: int) -> P:
        """What of a request can be computed before its first step. ``times`` are the ones it will ask for first."""
        ...

    def bytes_held(self, prepared: P) -> int:
        """Bytes that a request's prepared conditioning takes."""
        ...

    def evaluate(self, rows: Sequence[Row[P]]) -> Tensor:
        """The guided outputs, fp32, shape (rows, channels, frames). All rows have the same number of frames."""
        ...


def is_guided(row: Row[P]) -> bool:
    """Whether the row's guidance does anything, and so takes a second, unconditional evaluation."""
    return row.cfg_scale != 1 and row.prepared.can_guide


def apply_guidance(conditional: Tensor, unconditional: Tensor, scales: Sequence[float]) -> Tensor:
    """Classifier-free guidance (arXiv:2207.12598), one scale a row."""
    return torch.lerp(unconditional, conditional, _scales(tuple(scales), conditional.device))


@lru_cache(maxsize=256)
def _scales(scales: tuple[float, ...], device: torch.device) -> Tensor:
    return to_device(scales, device).view(-1, 1, 1)


@lru_cache(maxsize=256)
def index_tensor(guided_rows: tuple[int, ...], device: torch.device) -> Tensor:
    """Rows' numbers on a device."""
    return to_device(guided_rows, device)


class StockDenoiser:
    """stable-audio-tools' own ``DiffusionTransformer.forward`` without its checkpointing, in fp32."""

    description = "stable-audio-tools' own forward pass in fp32"
    memory = 0

    def __init__(self, module: Any) -> None:
        self._transformer = module.model.model
        if any(parameter.dtype != torch.float32 for parameter in self._transformer.parameters()):
            self._transformer = copy.deepcopy(self._transformer).float()
            self.memory = sum(p.numel() * p.element_size() for p in self._transformer.parameters())

    def prepare(self, conditioning: Conditioning, times: Sequence[float], frames: int) -> Conditioning:  # noqa: ARG002
        """The conditioning as it is."""
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
        everything = [*rows, *again]
        output = self._transformer(
            torch.cat([row.model_input.x for row in everything]),
            to_device([row.model_input.t for row in everything], rows[0].model_input.x.device),
            cross_attn_cond=_stack([each.cross for each in plain + unguided]),
            global_embed=_stack([each.global_cond for each in plain + unguided]),
            prepend_cond=_stack([each.prepend for each in plain + unguided]),
            prepend_cond_mask=_mask([each.prepend for each in plain + unguided]),
            input_concat_cond=_stack([each.concat for each in plain + unguided]),
            use_checkpointing=False,
        ).float()
        return combine_guidance(output, rows, guided_rows)


def combine_guidance(output: Tensor, rows: Sequence[Row[P]], guided_rows: Sequence[int]) -> Tensor:
    """Guide a call's outputs: one for every row, then an unconditional one for each of ``guided_rows``."""
    if not guided_rows:
        return output
    conditional, unconditional = output[: len(rows)], output[len(rows) :]
    scales = [rows[index].cfg_scale for index in guided_rows]
    if list(guided_rows) == list(range(len(rows))):
        return apply_guidance(conditional, unconditional, scales)
    where = index_tensor(tuple(guided_rows), output.device)
    return conditional.index_copy(0, where, apply_guidance(conditional[where], unconditional, scales))


def _unguided(conditioning: Conditioning) -> Conditioning:
    """What stock puts on the unconditional side: zeros or the negative prompt, the same numbers."""
    cross = conditioning.negative
    if cross is None and conditioning.cross is not None:
        cross = torch.zeros_like(conditioning.cross)
    prepend = None if conditioning.prepend is None else torch.zeros_like(conditioning.prepend)
    return Conditioning(cross=cross, global_cond=conditioning.global_cond, prepend=prepend, concat=conditioning.concat)


def _stack(tensors: Sequence[Tensor | None]) -> Tensor | None:
    present = [tensor for tensor in tensors if tensor is not None]
    return torch.cat(present) if present else None


def _mask(tensors: Sequence[Tensor | None]) -> Tensor | None:
    stacked = _stack(tensors)
    return None if stacked is None else stacked.new_ones(stacked.shape[:2], dtype=torch.bool)
