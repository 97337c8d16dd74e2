"""One transformer block and its parts, on the weights of a stable-audio-tools ``TransformerBlock``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from midifrag.engine.network.architecture import mlp_in_fp32
from midifrag.engine.network.kernels import PLAIN, Kernels
from midifrag.engine.network.norms import Norm, QKNorm
from midifrag.engine.network.packing import Layer, copies, pack_linear
from midifrag.engine.network.scaled import ScaledLinear, fits_fp8


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

    def __init__(self, layer: Any, dtype: torch.dtype, kernels: Kernels = PLAIN, *, fp8: bool = False) -> None:
        self._kernels = kernels
        attention = layer.self_attn
        self._heads, self._width = attention.num_heads, attention.dim_heads
        self._pairs = 1 + attention.differential
        self._norms = QKNorm(attention, dtype, kernels)
        self._norm = Norm(layer.pre_norm, dtype)
        weights = _Weights(dtype, kernels, fp8=fp8)
        qk_weight, value = _qkv_weights(attention)
        self._qk_heads = len(qk_weight) // self._width
        centred = self._norms.centred(qk_weight)
        is_stock_s = centred is qk_weight and not attention.differential
        joint = attention.to_qkv.weight if is_stock_s else torch.cat([centred, value])
        self._qkv = weights.packed(joint, attention.to_qkv.weight)
        self._out = weights.packed(
            _with_layer_scale(attention.to_out.weight, layer.self_attn_scale), attention.to_out.weight
        )
        self.has_cross_attention = bool(layer.cross_attend)
        if self.has_cross_attention:
            crossing = layer.cross_attn
            self._cross_heads = crossing.num_heads
            self._cross_repeat = crossing.num_heads // crossing.kv_heads
            self._cross_norm = Norm(layer.cross_attend_norm, dtype)
            self._cross_norms = QKNorm(crossing, dtype, kernels)
            self._cross_q = weights.packed(self._cross_norms.centred(crossing.to_q.weight), crossing.to_q.weight)
            # The keys come before the values, whether there is one set of them or two.
            keys, values = crossing.to_kv.weight.tensor_split([-crossing.to_kv.in_features])
            self._cross_k = weights.packed(self._cross_norms.centred(keys), keys, once=True)
            self._cross_v = weights.packed(values, values, once=True)
            self._cross_out = weights.packed(
                _with_layer_scale(crossing.to_out.weight, layer.cross_attn_scale), crossing.to_out.weight
            )
        gate, outward = layer.ff.ff[0].proj, layer.ff.ff[2]
        self._local = _without_local_sound(layer.to_local_embed, dtype)
        self._forward_norm = Norm(layer.ff_norm, dtype)
        self._forward_in = weights.packed(gate.weight, gate.weight, gate.bias)
        bias = None if outward.bias is None else _with_layer_scale(outward.bias, layer.ff_scale)
        self._forward_out = weights.packed(_with_layer_scale(outward.weight, layer.ff_scale), outward.weight, bias)
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
        self, x: Tensor, modulation: Modulation | None, prompts: Prompts = NO_PROMPTS, before: int = 0
    ) -> Tensor:
        """The rest of it, in place where it may; ``prompts`` are the first rows', ``before`` tokens are no latents."""
        if prompts.context is not None:
            prompted = x[: prompts.context.shape[1]]
            prompted += self._attention_to(self._cross_norm(prompted), prompts.context, prompts.bias)
        if self._local is not None:
            latents = x[:, before:]
            latents += self._local
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
    """Packs weights in ``dtype`` or in ``fp8``; ``copied`` counts the bytes of those that are not stock's own."""

    def __init__(self, dtype: torch.dtype, kernels: Kernels, *, fp8: bool) -> None:
        self._dtype, self._kernels, self._fp8 = dtype, kernels, fp8
        self.copied = 0

    def packed(self, weight: Tensor, stock_s: Tensor, bias: Tensor | None = None, *, once: bool = False) -> Layer:
        """A linear layer with a weight that was made of ``stock_s``, or is that.

        What is computed ``once`` a prompt gains nothing from fp8.
        """
        if self._fp8 and not once and fits_fp8(weight):
            layer = ScaledLinear(weight, bias, self._dtype, self._kernels)
            self.copied += layer.memory
            return layer
        if weight is not stock_s or copies(weight, self._dtype):
            self.copied += weight.numel() * self._dtype.itemsize
        return pack_linear(weight.to(self._dtype), bias)


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


def _without_local_sound(layers: Any, dtype: torch.dtype) -> Tensor | None:
    """What a layer adds to every latent where it is told of no other sound; None where it is never told of any."""
    if layers is None:
        return None
    silence = torch.zeros(layers[0].in_features, device=layers[0].weight.device)
    return mlp_in_fp32(layers, silence).detach().to(dtype)


def _qkv_weights(attention: Any) -> tuple[Tensor, Tensor]:
    """The joint projection's weights: queries then keys, twice each for differential attention; and values."""
    weight: Tensor = attention.to_qkv.weight
    if not attention.differential:
        query, key, value = weight.chunk(3)
        return torch.cat([query, key]), value
    query, key, value, second_query, second_key = weight.chunk(5)
    return torch.cat([query, second_query, key, second_key]), value


def _with_layer_scale(weight: Tensor, scale: Any) -> Tensor:
    """A weight or bias, with the ``LayerScale`` that follows its layer folded in."""
    if not hasattr(scale, "scale"):
        return weight
    factors: Tensor = scale.scale
    return weight * (factors.unsqueeze(1) if weight.dim() == 2 else factors)
