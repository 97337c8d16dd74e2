"""One transformer block and its parts, on the weights of a stable-audio-tools ``TransformerBlock``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from midifrag.engine.packing import linear


@dataclass(frozen=True, slots=True)
class Rotary:
    """Rotary position tables for one length, (tokens, 1, heads · width) each.

    Of every head, the first dimensions turn in pairs ``half`` apart. ``back`` is the signed sine where the partner
    comes ``half`` before, ``ahead`` where it comes after, and both are zero where nothing turns, so that a rotation is
    three passes over whole rows.
    """

    cos: Tensor
    back: Tensor
    ahead: Tensor
    half: int

    @classmethod
    def of(cls, embedding: Any, tokens: int, heads: int, width: int, dtype: torch.dtype) -> Rotary:
        """The tables of a stable-audio-tools ``RotaryEmbedding``, its angles taken in fp32."""
        angles = embedding.forward_from_seq_len(tokens)[0].float()
        half = angles.shape[-1] // 2
        cos, back, ahead = (angles.new_zeros(tokens, 1, heads, width) for _ in range(3))
        cos += 1
        cos[..., : 2 * half] = angles.cos()[:, None, None]
        ahead[..., :half] = -angles[:, None, None, :half].sin()
        back[..., half : 2 * half] = angles[:, None, None, half:].sin()
        return cls(*(table.flatten(2).to(dtype) for table in (cos, back, ahead)), half)

    def turn(self, qk: Tensor) -> Tensor:
        """Rotated queries and keys, (batch, tokens, 2 or 4, heads · width)."""
        half, turned = self.half, qk * self.cos
        turned[..., half:].addcmul_(qk[..., :-half], self.back[..., half:])
        turned[..., :-half].addcmul_(qk[..., half:], self.ahead[..., :-half])
        return turned


@dataclass(frozen=True, slots=True)
class Sizes:
    """A layer's adaLN modulation for a batch, each (rows, 1, width): norm gain and bias, and gate, twice."""

    attention_gain: Tensor
    attention_bias: Tensor
    attention_gate: Tensor
    forward_gain: Tensor
    forward_bias: Tensor
    forward_gate: Tensor


class Block:
    """A transformer block in ``dtype``."""

    def __init__(self, layer: Any, dtype: torch.dtype) -> None:
        attention = layer.self_attn
        self._dtype = dtype
        self._heads = attention.num_heads
        self._differential = attention.differential
        self._norms = _Norms(attention, dtype)
        self._norm = _LayerNorm(layer.pre_norm, dtype)
        meeting, value = _arranged(attention)
        self._qk = linear(self._norms.centred(meeting).to(dtype))
        self._value = linear(value.to(dtype))
        self._out = linear(_scaled(attention.to_out.weight, layer.self_attn_scale).to(dtype))
        self.crosses = bool(layer.cross_attend)
        if self.crosses:
            crossing = layer.cross_attn
            self._cross_heads = crossing.num_heads
            self._cross_repeat = crossing.num_heads // crossing.kv_heads
            self._cross_norm = _LayerNorm(layer.cross_attend_norm, dtype)
            self._cross_norms = _Norms(crossing, dtype)
            self._cross_q = linear(self._cross_norms.centred(crossing.to_q.weight).to(dtype))
            *keys, values = crossing.to_kv.weight.split(crossing.to_kv.in_features)
            self._cross_k = linear(self._cross_norms.centred(torch.cat(keys)).to(dtype))
            self._cross_v = linear(values.to(dtype))
            self._cross_out = linear(_scaled(crossing.to_out.weight, layer.cross_attn_scale).to(dtype))
        gate, outward = layer.ff.ff[0].proj, layer.ff.ff[2]
        self._forward_norm = _LayerNorm(layer.ff_norm, dtype)
        self._forward_in = linear(gate.weight.to(dtype), gate.bias)
        bias = None if outward.bias is None else _scaled(outward.bias, layer.ff_scale)
        self._forward_out = linear(_scaled(outward.weight, layer.ff_scale).to(dtype), bias)
        self.memory = sum(p.numel() for p in layer.parameters()) * dtype.itemsize

    def __call__(self, x: Tensor, rotary: Rotary | None, sizes: Sizes | None, context: Tensor | None) -> Tensor:
        """Advance (rows, tokens, width); ``context`` holds the keys and values of the first rows' prompts."""
        if sizes is None:
            x = x + self._attend(self._norm(x), rotary)
        else:
            normed = self._norm.modulated(x, sizes.attention_gain, sizes.attention_bias)
            x = torch.addcmul(x, self._attend(normed, rotary), sizes.attention_gate)
        if context is not None:
            prompted = x[: context.shape[1]]
            prompted += self._cross(self._cross_norm(prompted), context)
        if sizes is None:
            return x + self._feed(self._forward_norm(x))
        normed = self._forward_norm.modulated(x, sizes.forward_gain, sizes.forward_bias)
        return torch.addcmul(x, self._feed(normed), sizes.forward_gate)

    def sizes(self, modulation: Tensor) -> Sizes:
        """From stock's scale, shift and gate, twice: (rows, 6, 1, width) in fp32."""
        scale, shift, gate, forward_scale, forward_shift, forward_gate = modulation.unbind(1)
        gain, bias = self._norm.adapted(scale, shift)
        forward_gain, forward_bias = self._forward_norm.adapted(forward_scale, forward_shift)
        gate, forward_gate = torch.sigmoid(1 - gate), torch.sigmoid(1 - forward_gate)
        dtype = self._dtype
        return Sizes(*(each.to(dtype) for each in (gain, bias, gate, forward_gain, forward_bias, forward_gate)))

    def keys_values(self, tokens: Tensor) -> Tensor:
        """The keys and values of conditioning ``tokens`` (1, tokens, width): (2 or 3, 1, heads, tokens, width)."""
        keys, value = self._cross_k(tokens), self._cross_v(tokens)
        keys = self._cross_norms(keys.unflatten(-1, (1 + self._differential, -1)), 1)
        every = torch.cat([keys, value.unsqueeze(2)], dim=2).unflatten(
            -1, (self._cross_heads // self._cross_repeat, -1)
        )
        return every.repeat_interleave(self._cross_repeat, dim=3).permute(2, 0, 3, 1, 4).contiguous()

    def _attend(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        pairs = 1 + self._differential
        qk = self._norms(self._qk(x).unflatten(-1, (2 * pairs, -1)))
        if rotary is not None:
            qk = rotary.turn(qk)
        each = qk.unflatten(-1, (self._heads, -1)).permute(2, 0, 3, 1, 4)
        value = self._value(x).unflatten(-1, (self._heads, -1)).transpose(1, 2)
        return self._out(_attention(each[:pairs], each[pairs:], value))

    def _cross(self, x: Tensor, context: Tensor) -> Tensor:
        queries = self._cross_norms(self._cross_q(x).unflatten(-1, (1 + self._differential, -1)), 0)
        queries = queries.unflatten(-1, (self._cross_heads, -1)).permute(2, 0, 3, 1, 4)
        return self._cross_out(_attention(queries, context[:-1], context[-1]))

    def _feed(self, x: Tensor) -> Tensor:
        value, gate = self._forward_in(x).chunk(2, dim=-1)
        return self._forward_out(value * functional.silu(gate))


class _LayerNorm:
    """A stable-audio-tools ``LayerNorm``; torch takes the statistics in fp32 in any case."""

    def __init__(self, norm: Any, dtype: torch.dtype) -> None:
        self._gamma, self._beta, self._eps = norm.gamma.detach(), norm.beta.detach(), norm.eps
        self._weight, self._bias = self._gamma.to(dtype), self._beta.to(dtype)

    def __call__(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self._weight.shape, self._weight, self._bias, self._eps)

    def adapted(self, scale: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
        """Gain and bias of this norm followed by ``· (1 + scale) + shift``."""
        return self._gamma.float() * (1 + scale), self._beta.float() * (1 + scale) + shift

    def modulated(self, x: Tensor, gain: Tensor, bias: Tensor) -> Tensor:
        return torch.addcmul(bias, functional.layer_norm(x, self._weight.shape, eps=self._eps), gain)


class _Norms:
    """What an attention does to queries and keys before they meet: nothing, l2 or layer norm, head by head.

    torch's layer norm is slow on rows as short as a head. So the mean is taken out of the weights beforehand
    (`centred`), after which only the length of each head's vector is left to divide by.
    """

    def __init__(self, attention: Any, dtype: torch.dtype) -> None:
        self._kind = attention.qk_norm
        self._width = attention.dim_heads
        if self._kind == "ln":
            norms = (attention.q_norm, attention.k_norm)
            self._gain = torch.stack([norm.weight.detach().to(dtype) for norm in norms])
            self._bias = torch.stack([norm.bias.detach().to(dtype) for norm in norms])
            self._eps = norms[0].eps
        self._tables: dict[tuple[int | None, int, int], tuple[Tensor, Tensor]] = {}

    def centred(self, weight: Tensor) -> Tensor:
        """A query or key projection whose outputs have mean zero over each head, where the norm wants that."""
        if self._kind != "ln":
            return weight
        heads = weight.double().unflatten(0, (-1, self._width))
        return (heads - heads.mean(dim=1, keepdim=True)).flatten(0, 1).to(weight.dtype)

    def __call__(self, x: Tensor, which: int | None = None) -> Tensor:
        """Norm (batch, tokens, parts, heads · width): queries (0), keys (1), or the one half and then the other."""
        if self._kind == "none":
            return x
        heads = x.unflatten(-1, (-1, self._width))
        length = torch.linalg.vector_norm(heads, dim=-1, keepdim=True, dtype=torch.float32)
        if self._kind == "l2":
            return (heads * length.clamp_min(1e-12).reciprocal().to(x.dtype)).flatten(3)
        shrink = (length.square() / self._width + self._eps).rsqrt().to(x.dtype)
        normed = (heads * shrink).flatten(3)
        place = (which, x.shape[2], heads.shape[3])
        if place not in self._tables:
            self._tables[place] = self._repeated(self._gain, *place), self._repeated(self._bias, *place)
        gain, bias = self._tables[place]
        return torch.addcmul(bias, normed, gain)

    @staticmethod
    def _repeated(table: Tensor, which: int | None, parts: int, heads: int) -> Tensor:
        """One head's values for queries and keys as those of whole rows, (parts, heads · width)."""
        picked = table if which is None else table[which : which + 1]
        return picked.repeat_interleave(parts // len(picked), dim=0).repeat(1, heads)


def _attention(queries: Tensor, keys: Tensor, value: Tensor) -> Tensor:
    """Attention of (1 or 2, batch, heads, tokens, width), the second one's result taken off: (batch, tokens, width)."""
    out = functional.scaled_dot_product_attention(queries[0], keys[0], value)
    if len(queries) > 1:
        out = out - functional.scaled_dot_product_attention(queries[1], keys[1], value)
    return out.transpose(1, 2).flatten(2)


def _arranged(attention: Any) -> tuple[Tensor, Tensor]:
    """The joint projection's weights: queries then keys, twice each for differential attention; and values."""
    weight: Tensor = attention.to_qkv.weight
    if not attention.differential:
        query, key, value = weight.chunk(3)
        return torch.cat([query, key]), value
    query, key, value, second_query, second_key = weight.chunk(5)
    return torch.cat([query, second_query, key, second_key]), value


def _scaled(weight: Tensor, scale: Any) -> Tensor:
    """A weight or bias, with the ``LayerScale`` that follows its layer folded in."""
    if not hasattr(scale, "scale"):
        return weight
    return weight * (scale.scale.unsqueeze(1) if weight.dim() == 2 else scale.scale)
