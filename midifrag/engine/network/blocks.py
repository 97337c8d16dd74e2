"""One transformer block and its parts, on the weights of a stable-audio-tools ``TransformerBlock``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from midifrag.engine.network.architecture import mlp_in_fp32
from midifrag.engine.network.kernels import PLAIN, Kernels
from midifrag.engine.network.norms import Norm, QKNorm
from midifrag.engine.network.packing import Layer, copies, pack_linear
from midifrag.engine.network.scaled import ScaledLinear, fits_fp8
from midifrag.engine.network.side_paths import Rows, SidePaths


@dataclass(frozen=True, slots=True)
class Rotary:
    """Rotary position tables for one length, one value for each of a row's tokens · parts · heads · width numbers.

    Of every head, the first dimensions turn in pairs ``half`` apart. ``back`` is the signed sine where the partner
    comes ``half`` before, ``ahead`` where it comes after, and both are zero where nothing turns. So a rotation is three
    passes over whole rows, and where the shifted row reaches into the next head it is multiplied by zero.
    """

    cos: Tensor
    back: Tensor
    ahead: Tensor
    half: int

    @classmethod
    def from_embedding(cls, embedding: Any, tokens: int, attention: Any, dtype: torch.dtype) -> Rotary:
        """The tables of a stable-audio-tools ``RotaryEmbedding`` for its ``Attention``, the angles taken in fp32."""
        angles = embedding.forward_from_seq_len(tokens)[0].float()[:, None, None]
        half, parts = angles.shape[-1] // 2, 4 if attention.differential else 2
        shape = tokens, parts, attention.num_heads, attention.dim_heads
        cos, back, ahead = (angles.new_full(shape, value) for value in (1.0, 0.0, 0.0))
        cos[..., : 2 * half] = angles.cos()
        ahead[..., :half] = -angles[..., :half].sin()
        back[..., half : 2 * half] = angles[..., half:].sin()
        cos, back, ahead = (table.flatten().to(dtype) for table in (cos, back, ahead))
        return cls(cos, back[half:], ahead[:-half], half)

    def rotate(self, qk: Tensor, kernels: Kernels = PLAIN) -> Tensor:
        """Rotated queries and keys, (batch, tokens, heads of all parts, width)."""
        return kernels.rotate(qk.flatten(1), self.cos, self.back, self.ahead, self.half)


class Prompts(NamedTuple):
    """A layer's keys and values of prompts, and what is added to the scores of these, (rows, tokens)."""

    context: Tensor | None
    bias: Tensor | None = None


#: No row has any.
NO_PROMPTS = Prompts(None)
#: A layer's adaLN modulation for a batch, six of (rows, 1, width): norm gain, norm bias and gate of the attention, and
#: the same of the feed-forward.
Modulation: TypeAlias = tuple[Tensor, ...]


class Modulations:
    """Turns conditioning into every layer's modulation in one go."""

    def __init__(self, layers: Any, dtype: torch.dtype) -> None:
        norms = [(layer.pre_norm, layer.ff_norm) for layer in layers]
        self._gamma = torch.stack([torch.stack([norm.gamma for norm in pair]) for pair in norms]).float().unsqueeze(1)
        betas = [torch.stack([getattr(norm, "beta", torch.zeros_like(norm.gamma)) for norm in pair]) for pair in norms]
        self._beta = torch.stack(betas).float().unsqueeze(1)
        shifts = torch.stack([layer.to_scale_shift_gate for layer in layers]).float()
        self._shifts = shifts.unflatten(-1, (2, 3, -1)).unsqueeze(1)
        self._dtype = dtype

    def __call__(self, time_embedding: Tensor) -> list[Modulation]:
        """Every layer's modulation for ``time_embedding`` (rows, 6 · width): stock's embedded scales, shifts, gates."""
        scale, shift, gate = (self._shifts + time_embedding.unflatten(-1, (2, 3, -1))).unbind(3)
        gain = self._gamma * (1 + scale)
        bias = self._beta * (1 + scale) + shift
        every = torch.stack([gain, bias, torch.sigmoid(1 - gate)], dim=3).to(self._dtype)
        return [layer.unbind(1) for layer in every.flatten(2, 3).unsqueeze(3).unbind()]


class Block:
    """A transformer block in ``dtype``, with ``fp8`` in that as far as it meets every token at every step."""

    def __init__(
        self,
        layer: Any,
        dtype: torch.dtype,
        kernels: Kernels = PLAIN,
        *,
        fp8: bool = False,
        sides: SidePaths | None = None,
    ) -> None:
        self._kernels = kernels
        attention = layer.self_attn
        self._heads, self._width = attention.num_heads, attention.dim_heads
        self._pairs = 1 + attention.differential
        self._norms = QKNorm(attention, dtype, kernels)
        self._norm = Norm(layer.pre_norm, dtype)
        weights = _Weights(dtype, kernels, sides or SidePaths(), fp8=fp8)
        self._qk_heads = len(_qkv_rows(attention, attention.to_qkv.weight)[0]) // self._width
        self._qkv = weights.packed(attention.to_qkv, partial(_joint_rows, attention, self._norms))
        self._out = weights.packed(attention.to_out, partial(_with_layer_scale, scale=layer.self_attn_scale))
        self.has_cross_attention = bool(layer.cross_attend)
        if self.has_cross_attention:
            crossing = layer.cross_attn
            self._cross_heads = crossing.num_heads
            self._cross_repeat = crossing.num_heads // crossing.kv_heads
            self._cross_norm = Norm(layer.cross_attend_norm, dtype)
            self._cross_norms = QKNorm(crossing, dtype, kernels)
            self._cross_q = weights.packed(crossing.to_q, self._cross_norms.centred)
            # The keys come before the values, whether there is one set of them or two.
            after_keys = -crossing.to_kv.in_features
            self._cross_k = weights.packed(
                crossing.to_kv, lambda rows: self._cross_norms.centred(rows[:after_keys]), once=True
            )
            self._cross_v = weights.packed(crossing.to_kv, lambda rows: rows[after_keys:], once=True)
            self._cross_out = weights.packed(crossing.to_out, partial(_with_layer_scale, scale=layer.cross_attn_scale))
        self._local = None if layer.to_local_embed is None else _LocalSound(layer.to_local_embed, weights)
        self._forward_norm = Norm(layer.ff_norm, dtype)
        self._forward_in = weights.packed(layer.ff.ff[0].proj)
        self._forward_out = weights.packed(layer.ff.ff[2], partial(_with_layer_scale, scale=layer.ff_scale))
        self.memory = weights.copied + _small_bytes(layer, dtype)

    def self_attend(
        self, x: Tensor, rotary: Rotary | None, modulation: Modulation | None, heard: Tensor | None = None
    ) -> Tensor:
        """The block's first part, attention within (rows, tokens, width): it knows nothing of prompts.

        ``heard`` (rows, tokens, 1, 1) is 0 for tokens whose values are none, and else 1.
        """
        if modulation is None:
            return x + self._attention_within(self._norm(x), rotary, heard)
        within = self._attention_within(self._norm.modulated(x, *modulation[:2]), rotary, heard)
        return torch.addcmul(x, within, modulation[2])

    def cross_attend_and_feed(
        self,
        x: Tensor,
        modulation: Modulation | None,
        prompts: Prompts = NO_PROMPTS,
        before: int = 0,
        local: Tensor | None = None,
    ) -> Tensor:
        """The rest of it, in place where it may; ``prompts`` are the first rows', ``before`` tokens are no latents.

        ``local`` (rows, latents, width) is what each latent is told of a sound that is kept.
        """
        if prompts.context is not None:
            prompted = x[: prompts.context.shape[1]]
            prompted += self._attention_to(self._cross_norm(prompted), prompts.context, prompts.bias)
        if self._local is not None:
            latents = x[:, before:]
            latents += self._local(len(latents)) if local is None else self._local.told(local)
        if modulation is None:
            return x + self._feed_forward(self._forward_norm(x))
        return torch.addcmul(x, self._feed_forward(self._forward_norm.modulated(x, *modulation[3:5])), modulation[5])

    def keys_values(self, tokens: Tensor) -> Tensor:
        """The keys and values of conditioning ``tokens`` (1, tokens, width): (2 or 3, 1, heads, tokens, width)."""
        keys, value = self._cross_k(tokens), self._cross_v(tokens)
        keys = self._cross_norms(keys.unflatten(-1, (-1, self._width)), 1).flatten(2)
        every: Tensor = torch.cat([keys, value], dim=2).unflatten(
            -1, (self._pairs + 1, self._cross_heads // self._cross_repeat, -1)
        )
        return every.repeat_interleave(self._cross_repeat, dim=3).permute(2, 0, 3, 1, 4).contiguous()

    def _attention_within(self, x: Tensor, rotary: Rotary | None, heard: Tensor | None) -> Tensor:
        rows, tokens, _ = x.shape
        qkv = self._qkv(x).view(rows, tokens, -1, self._width)
        qk, value = qkv[:, :, : self._qk_heads], qkv[:, :, self._qk_heads :]
        if heard is not None:
            value = value * heard
        qk = self._norms(qk)
        if rotary is not None:
            qk = rotary.rotate(qk, self._kernels)
        each = qk.view(rows, tokens, -1, self._heads, self._width).permute(2, 0, 3, 1, 4).unbind()
        return self._out(_attention(each[: self._pairs], each[self._pairs :], value.transpose(1, 2)))

    def _attention_to(self, x: Tensor, context: Tensor, bias: Tensor | None) -> Tensor:
        rows, tokens, _ = x.shape
        queries = self._cross_norms(self._cross_q(x).view(rows, tokens, -1, self._width), 0)
        each = queries.view(rows, tokens, self._pairs, self._cross_heads, self._width).permute(2, 0, 3, 1, 4).unbind()
        *keys, value = context.unbind()
        return self._cross_out(_attention(each, keys, value, None if bias is None else bias[:, None, None]))

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self._forward_out(self._kernels.gate(self._forward_in(x)))


class _Weights:
    """Packs weights in ``dtype`` or in ``fp8``, with room for LoRAs beside them.

    ``copied`` counts the bytes of those that are not stock's own.
    """

    def __init__(self, dtype: torch.dtype, kernels: Kernels, sides: SidePaths, *, fp8: bool) -> None:
        self.dtype, self.sides = dtype, sides
        self._kernels, self._fp8 = kernels, fp8
        self.copied = 0

    def packed(self, layer: Any, rows: Rows = lambda rows: rows, *, once: bool = False) -> Layer:
        """A linear layer, with what ``rows`` makes of the rows of its weights and of its bias.

        What is computed ``once`` a prompt gains nothing from fp8.
        """
        weight, bias = rows(layer.weight), None if layer.bias is None else rows(layer.bias)
        return self.sides.beside(layer, self._base(weight, layer.weight, bias, once=once), self.dtype, rows)

    def _base(self, weight: Tensor, stock_s: Tensor, bias: Tensor | None, *, once: bool) -> Layer:
        if self._fp8 and not once and fits_fp8(weight):
            layer = ScaledLinear(weight, bias, self.dtype, self._kernels)
            self.copied += layer.memory
            return layer
        is_stock_s = weight is stock_s or weight._is_view()
        if not is_stock_s or copies(weight, self.dtype):
            self.copied += weight.numel() * self.dtype.itemsize
        return pack_linear(weight.to(self.dtype), bias)


class _LocalSound:
    """What a layer adds to every latent, by what that is told of a sound that is kept; most are told of none."""

    def __init__(self, layers: Any, weights: _Weights) -> None:
        silence = torch.zeros(layers[0].in_features, device=layers[0].weight.device)
        heard = mlp_in_fp32(layers, silence).detach().to(weights.dtype)
        self._inner = mlp_in_fp32(layers[:-1], silence).detach().to(weights.dtype)
        self._outer = weights.sides.beside(layers[-1], lambda _inner: heard, weights.dtype)
        self._inward, self._outward = (
            weights.sides.beside(layer, partial(_in_fp32, layer), torch.float32) for layer in (layers[0], layers[-1])
        )
        self._between, self._dtype = layers[1:-1], weights.dtype

    def __call__(self, rows: int) -> Tensor:
        """For so many rows that are told of none, (rows, 1, width) or what is the same for all of them."""
        return self._outer(self._inner.expand(rows, 1, -1))

    def told(self, local: Tensor) -> Tensor:
        """For rows that are told ``local`` (rows, latents, width), in fp32 as that is."""
        inner = self._between(self._inward(local))
        return self._outward(inner).to(self._dtype)


def _in_fp32(layer: Any, x: Tensor) -> Tensor:
    return functional.linear(x, layer.weight.float(), None if layer.bias is None else layer.bias.float())


def _small_bytes(layer: Any, dtype: torch.dtype) -> int:
    """Bytes of copies of a stock layer's biases, gains and scales."""
    numbers: int = sum(each.numel() for each in layer.parameters() if each.dim() < 2 and each.dtype != dtype)
    return numbers * dtype.itemsize


def _attention(queries: Sequence[Tensor], keys: Sequence[Tensor], value: Tensor, bias: Tensor | None = None) -> Tensor:
    """Attention of (batch, heads, tokens, width), a second one's result taken off: (batch, tokens, heads · width)."""
    out = functional.scaled_dot_product_attention(queries[0], keys[0], value, attn_mask=bias)
    if len(queries) > 1:
        out = out - functional.scaled_dot_product_attention(queries[1], keys[1], value, attn_mask=bias)
    return out.transpose(1, 2).flatten(2)


def _joint_rows(attention: Any, norms: QKNorm, rows: Tensor) -> Tensor:
    """The rows of the joint projection as they are used: queries then keys, twice each for differential attention."""
    qk, value = _qkv_rows(attention, rows)
    centred = norms.centred(qk)
    return rows if centred is qk and not attention.differential else torch.cat([centred, value])


def _qkv_rows(attention: Any, rows: Tensor) -> tuple[Tensor, Tensor]:
    if not attention.differential:
        after = len(rows) // 3 * 2
        return rows[:after], rows[after:]
    query, key, value, second_query, second_key = rows.chunk(5)
    return torch.cat([query, second_query, key, second_key]), value


def _with_layer_scale(weight: Tensor, scale: Any) -> Tensor:
    """A weight or bias, with the ``LayerScale`` that follows its layer folded in."""
    if not hasattr(scale, "scale"):
        return weight
    factors: Tensor = scale.scale
    return weight * (factors.unsqueeze(1) if weight.dim() == 2 else factors)
