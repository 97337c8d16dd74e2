"""The norms of a transformer's blocks, on the weights of stable-audio-tools' own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from midifrag.engine.network.kernels import Kernels


class Norm:
    """A stable-audio-tools ``LayerNorm`` or ``RMSNorm``; torch takes the statistics in fp32 in any case."""

    def __init__(self, norm: Any, dtype: torch.dtype) -> None:
        self._weight, self._eps = norm.gamma.detach().to(dtype), norm.eps
        self._bias = norm.beta.detach().to(dtype) if hasattr(norm, "beta") else None
        self._shape = list(self._weight.shape)

    def __call__(self, x: Tensor) -> Tensor:
        """Norm (…, width)."""
        if self._bias is None:
            return torch.rms_norm(x, self._shape, self._weight, self._eps)
        return torch.layer_norm(x, self._shape, self._weight, self._bias, self._eps)

    def modulated(self, x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
        """Norm (rows, tokens, width) with a ``gain`` and a ``bias`` of each row in place of its own."""
        if self._bias is None:
            return torch.addcmul(bias, torch.rms_norm(x, self._shape, eps=self._eps), gain)
        return torch.addcmul(bias, torch.layer_norm(x, self._shape, eps=self._eps), gain)


class QKNorm:
    """What an attention does to queries and keys before they meet: nothing, l2, RMS or layer norm, head by head.

    torch's layer norm is slow on rows as short as a head. So the mean is taken out of the weights beforehand
    (`centred`), after which only the length of each head's vector is left to divide by.
    """

    def __init__(self, attention: Any, dtype: torch.dtype, kernels: Kernels) -> None:
        self._kernels = kernels
        self._kind = attention.qk_norm
        self._width = attention.dim_heads
        # Stock's 1e-12, but where a zero vector would be multiplied by what fp16 has no number for.
        self._shortest = max(1e-12, 2 / torch.finfo(dtype).max)
        if self._kind in ("ln", "rms"):
            norms = (attention.q_norm, attention.k_norm)
            gains = [norm.weight if self._kind == "ln" else norm.gamma for norm in norms]
            self._gain = torch.stack([gain.detach().to(dtype) for gain in gains])
            biases = [norm.bias.detach().to(dtype) for norm in norms] if self._kind == "ln" else []
            self._bias = torch.stack(biases) if biases else torch.zeros_like(self._gain)
            self._eps = torch.tensor(norms[0].eps, device=self._gain.device)
        self._tables: dict[tuple[int | None, int], tuple[Tensor, Tensor]] = {}

    def centred(self, weight: Tensor) -> Tensor:
        """A query or key projection whose outputs have mean zero over each head, where the norm wants that."""
        if self._kind != "ln":
            return weight
        heads: Tensor = weight.double().unflatten(0, (-1, self._width))
        return (heads - heads.mean(dim=1, keepdim=True)).flatten(0, 1).to(weight.dtype)

    def __call__(self, x: Tensor, which: int | None = None) -> Tensor:
        """Norm (batch, tokens, heads, width): queries (0), keys (1), or the one half and then the other."""
        if self._kind == "none":
            return x
        if self._kind == "l2":
            length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
            unit: Tensor = x * length.clamp_min(self._shortest).reciprocal().to(x.dtype)
            return unit
        key = (which, x.shape[2])
        if key not in self._tables:
            self._tables[key] = self._repeated(self._gain, *key), self._repeated(self._bias, *key)
        return self._kernels.head_norm(x, *self._tables[key], self._eps)

    @staticmethod
    def _repeated(table: Tensor, which: int | None, heads: int) -> Tensor:
        """One head's values for queries and keys as those of all ``heads``, (heads, width)."""
        picked = table if which is None else table[which : which + 1]
        return picked.repeat_interleave(heads // len(picked), dim=0)
