"""stable-audio-tools' continuous transformer, computed from its own weights without what stock does over and over.

Against stock's forward pass: the keys and values of the prompt are computed once per request, the timestep features of
all its steps at once and in fp32, the rotary tables once per length; the unconditional half skips its cross-attention,
which is exactly zero without a negative prompt (the null embedding is zero and no layer on its way has a bias); the 1×1
convolutions at both ends are folded into the projections beside them.

`unsupported` names what of an architecture is not covered here; such a model runs on `StockDenoiser`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from midifrag.engine.blocks import Block, Rotary, Sizes
from midifrag.engine.conditioning import Conditioning
from midifrag.engine.denoiser import Row, combine

#: Lengths whose rotary tables are kept.
_KEPT_LENGTHS = 32


def unsupported(module: Any) -> str | None:
    """The first option of a model's transformer that this module does not compute, or None."""
    dit = module.model.model
    transformer = dit.transformer
    layers = list(transformer.layers)
    attentions = [attention for layer in layers for attention in _attentions(layer)]
    checks = {
        "a timestep that is concatenated to the input": dit.timestep_cond_type != "global",
        "input concatenation": dit.input_concat_dim > 0,
        "a sliding window": transformer.sliding_window is not None,
        "causal attention": transformer.causal,
        "rotary embedding per layer": any(layer.add_rope for layer in layers),
        "conformer blocks": any(layer.conformer is not None for layer in layers),
        "DynamicTanh norms": any(type(layer.pre_norm).__name__ != "LayerNorm" for layer in layers),
        "DynamicTanh on queries and keys": any(attention.qk_norm == "dyt" for attention in attentions),
        "feature scaling": any(attention.feat_scale for attention in attentions),
        "feed-forward without a gate": any(type(layer.ff.ff[0]).__name__ != "GLU" for layer in layers),
        "convolutions in the feed-forward": any(isinstance(layer.ff.ff[2], nn.Conv1d) for layer in layers),
    }
    return next((name for name, present in checks.items() if present), None)


def _attentions(layer: Any) -> list[Any]:
    return [layer.self_attn, layer.cross_attn] if layer.cross_attend else [layer.self_attn]


@dataclass(eq=False, slots=True)
class Prepared:
    """What of a request does not change from step to step.

    ``context`` and ``refused`` hold every layer's keys and values (layers, 2, 1, heads, tokens, width) for the prompt
    and the negative prompt. ``prepend`` is (1, tokens, width). ``moments`` maps a time to its embedding: (6 · width) for
    adaLN models, (width) for those that prepend it.
    """

    context: Tensor | None
    refused: Tensor | None
    prepend: Tensor | None
    summary: Tensor | None
    moments: dict[float, Tensor]
    can_guide: bool


class FastDenoiser:
    """A `Denoiser` for the architectures that `unsupported` passes, with its blocks in ``dtype``."""

    def __init__(self, module: Any, dtype: torch.dtype) -> None:
        dit = module.model.model
        self._dit = dit
        self._transformer = dit.transformer
        self._dtype = dtype
        self._adaptive = dit.global_cond_type == "adaLN"
        self.describes = f"midifrag's own forward pass in {str(dtype).removeprefix('torch.')}"
        self._memory_tokens = self._transformer.num_memory_tokens
        self._project_in, self._project_out = _projections(dit)
        self._blocks = [Block(layer, dtype) for layer in self._transformer.layers]
        attention = self._transformer.layers[0].self_attn
        self._shape = attention.num_heads, attention.dim_heads
        self._tables: dict[int, Rotary | None] = {}
        self._gathered: tuple[tuple[int, ...], Tensor | None] = ((), None)
        self.memory = sum(block.memory for block in self._blocks)
        if self._adaptive:
            shifts = torch.stack([layer.to_scale_shift_gate for layer in self._transformer.layers])
            self._shifts = shifts.float().unflatten(-1, (6, -1))

    def guides(self, row: Row) -> bool:
        """Whether the row's guidance does anything."""
        return bool(row.cfg_scale != 1 and row.prepared.can_guide)

    @torch.inference_mode()
    def prepare(self, conditioning: Conditioning, times: Sequence[float], frames: int) -> Prepared:
        """See `Denoiser.prepare`."""
        dit, dtype = self._dit, self._dtype
        summary = None
        if conditioning.summary is not None:
            summary = _in_fp32(dit.to_global_embed, conditioning.summary)
        prepend = None
        if conditioning.prepend is not None:
            prepend = _in_fp32(dit.to_prepend_embed, conditioning.prepend).to(dtype)
        self._rotary(frames, prepend)
        prepared = Prepared(
            context=self._keys_values(conditioning.cross),
            refused=self._keys_values(conditioning.negative),
            prepend=prepend,
            summary=summary,
            moments={},
            can_guide=conditioning.can_guide,
        )
        self._embed_times(prepared, list(dict.fromkeys(times)))
        return prepared

    def _keys_values(self, cross: Tensor | None) -> Tensor | None:
        crossing = [block for block in self._blocks if block.crosses]
        if cross is None or not crossing:
            return None
        tokens = _in_fp32(self._dit.to_cond_embed, cross).to(self._dtype)
        return torch.stack([block.keys_values(tokens) for block in crossing])

    def _embed_times(self, prepared: Prepared, times: list[float]) -> None:
        if not times:
            return
        device = self._project_in.device
        features = self._dit.timestep_features.float()(torch.tensor(times, device=device).unsqueeze(1))
        embedded = _in_fp32(self._dit.to_timestep_embed, features)
        if prepared.summary is not None:
            embedded = embedded + prepared.summary
        if self._adaptive:
            embedded = _in_fp32(self._transformer.global_cond_embedder, embedded)
        prepared.moments.update(zip(times, embedded, strict=True))

    @torch.inference_mode()
    def evaluate(self, rows: Sequence[Row]) -> Tensor:
        """See `Denoiser.evaluate`."""
        for row in rows:
            if row.query.t not in row.prepared.moments:
                self._embed_times(row.prepared, [row.query.t])
        guided = [index for index, row in enumerate(rows) if self.guides(row)]
        places = sorted(guided, key=lambda index: rows[index].prepared.refused is None)
        everyone = [*range(len(rows)), *places]
        latents = torch.cat([row.query.x for row in rows])
        moments = torch.stack([rows[index].prepared.moments[rows[index].query.t] for index in everyone])
        context = self._context(rows, places)
        prepend = self._prepend(rows, places)
        output = self._forward(latents, places, moments, context, prepend)
        return combine(output, rows, places)

    def _context(self, rows: Sequence[Row], places: Sequence[int]) -> Tensor | None:
        """The keys and values of all rows that have any, kept from call to call while the rows stay the same."""
        parts = [row.prepared.context for row in rows]
        parts += [rows[index].prepared.refused for index in places]
        present = [part for part in parts if part is not None]
        if len(present) < 2:
            return present[0] if present else None
        identity = tuple(id(part) for part in present)
        if identity != self._gathered[0]:
            self._gathered = (identity, torch.cat(present, dim=2))
        return self._gathered[1]

    def _prepend(self, rows: Sequence[Row], places: Sequence[int]) -> Tensor | None:
        parts = [row.prepared.prepend for row in rows if row.prepared.prepend is not None]
        if not parts:
            return None
        return torch.cat([*parts, *(torch.zeros_like(parts[index]) for index in places)])

    def _rotary(self, frames: int, prepend: Tensor | None) -> Rotary | None:
        """The rotary tables for a latent of this length, with everything that stands before it."""
        tokens = frames // self._dit.patch_size + self._before(prepend)
        if tokens not in self._tables:
            embedding = self._transformer.rotary_pos_emb
            if len(self._tables) >= _KEPT_LENGTHS:
                self._tables.pop(next(iter(self._tables)))
            self._tables[tokens] = (
                None if embedding is None else Rotary.of(embedding, tokens, *self._shape, self._dtype)
            )
        return self._tables[tokens]

    def _before(self, prepend: Tensor | None) -> int:
        return self._memory_tokens + (0 if self._adaptive else 1) + (0 if prepend is None else prepend.shape[1])

    def _forward(
        self,
        latents: Tensor,
        places: Sequence[int],
        moments: Tensor,
        context: Tensor | None,
        prepend: Tensor | None,
    ) -> Tensor:
        patch, frames = self._dit.patch_size, latents.shape[-1]
        patches = latents.transpose(1, 2)
        if patch > 1:
            patches = latents.unflatten(-1, (-1, patch)).transpose(1, 2).flatten(2)
        tokens = functional.linear(patches, self._project_in).to(self._dtype)
        if places:
            again = tokens if len(places) == len(tokens) and list(places) == sorted(places) else tokens[list(places)]
            tokens = torch.cat([tokens, again])
        x = self._with_prefix(tokens, moments, prepend)
        rotary = self._rotary(frames, prepend)
        modulations = self._modulations(moments)
        crossing = 0
        for index, block in enumerate(self._blocks):
            keys_values = None
            if block.crosses and context is not None:
                keys_values, crossing = context[crossing], crossing + 1
            x = block(x, rotary, None if modulations is None else modulations[index], keys_values)
        x = functional.linear(x[:, self._before(prepend) :].float(), self._project_out)
        if patch > 1:
            return x.unflatten(-1, (-1, patch)).permute(0, 2, 1, 3).flatten(2)
        return x.transpose(1, 2)

    def _with_prefix(self, tokens: Tensor, moments: Tensor, prepend: Tensor | None) -> Tensor:
        parts = [tokens]
        if not self._adaptive:
            parts.insert(0, moments.to(self._dtype).unsqueeze(1))
        if prepend is not None:
            parts.insert(0, prepend)
        if self._memory_tokens:
            memory = self._transformer.memory_tokens.to(self._dtype)
            parts.insert(0, memory.expand(len(tokens), -1, -1))
        x = torch.cat(parts, dim=1) if len(parts) > 1 else tokens
        if self._transformer.use_sinusoidal_emb or self._transformer.use_abs_pos_emb:
            x = x + self._transformer.pos_emb(x).to(self._dtype)
        return x

    def _modulations(self, moments: Tensor) -> list[Sizes] | None:
        """Every layer's scales, shifts and gates for these rows, in the order of the layers."""
        if not self._adaptive:
            return None
        every = (self._shifts.unsqueeze(1) + moments.unflatten(-1, (6, -1))).unsqueeze(3)
        return [block.sizes(layer) for block, layer in zip(self._blocks, every, strict=True)]


def _projections(dit: Any) -> tuple[Tensor, Tensor]:
    """The input and output projections in fp32, with the residual 1×1 convolutions next to them folded in."""
    patch, transformer = dit.patch_size, dit.transformer
    before = dit.preprocess_conv.weight[:, :, 0].double()
    after = dit.postprocess_conv.weight[:, :, 0].double()
    before = before + torch.eye(len(before), dtype=torch.float64, device=before.device)
    after = after + torch.eye(len(after), dtype=torch.float64, device=after.device)
    inward = transformer.project_in.weight.double().unflatten(1, (-1, patch))
    outward = transformer.project_out.weight.double().unflatten(0, (-1, patch))
    inward = torch.einsum("dcp,ce->dep", inward, before).flatten(1)
    outward = torch.einsum("ce,epd->cpd", after, outward).flatten(0, 1)
    return inward.float().contiguous(), outward.float().contiguous()


def _in_fp32(layers: nn.Sequential, x: Tensor) -> Tensor:
    """Two linear layers with a SiLU between them, whatever their own number format."""
    for layer in layers:
        if isinstance(layer, nn.Linear):
            x = functional.linear(x, layer.weight.float(), None if layer.bias is None else layer.bias.float())
        else:
            x = layer(x)
    return x
