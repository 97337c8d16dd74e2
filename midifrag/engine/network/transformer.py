"""stable-audio-tools' continuous transformer, computed from its own weights without what stock does over and over.

Against stock's forward pass: the keys and values of the prompt are computed once per request, the timestep features of
all its steps at once and in fp32, the rotary tables once per length; the unconditional half skips its cross-attention,
which is exactly zero without a negative prompt (the null embedding is zero and no layer on its way has a bias); the 1×1
convolutions at both ends are folded into the projections beside them.

`midifrag.engine.network.architecture.unsupported` names what of an architecture is not covered here; such a model runs
on `StockDenoiser`.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from midifrag.engine.diffusion.samplers import Query
from midifrag.engine.loading.device import brought
from midifrag.engine.network.architecture import in_fp32, projections, tokens_before
from midifrag.engine.network.blocks import Block, Modulations
from midifrag.engine.network.conditioning import Conditioning
from midifrag.engine.network.denoiser import Row, combine, indices
from midifrag.engine.network.graphs import Graphs, Inputs, Shape
from midifrag.engine.network.positions import Position, Positions


@dataclass(eq=False, slots=True)
class Prepared:
    """What of a request does not change from step to step.

    ``context`` and ``refused`` hold every layer's keys and values (layers, 2, 1, heads, tokens, width) for the prompt
    and the negative prompt. ``prepend`` is (1, tokens, width). ``moments`` maps a time to its embedding: (6 · width)
    for adaLN models, (width) for those that prepend it.
    """

    context: Tensor | None
    refused: Tensor | None
    prepend: Tensor | None
    summary: Tensor | None
    moments: dict[float, Tensor]
    can_guide: bool


@dataclass(frozen=True, slots=True)
class _Gathered:
    """The keys and values of one batch side by side, and whose they are."""

    members: list[Prepared]
    places: list[int]
    zeros: bool
    context: Tensor

    def holds(self, members: list[Prepared], places: Sequence[int], zeros: bool) -> bool:
        """Whether this is the same batch, looked at by identity."""
        same = len(members) == len(self.members) and all(map(operator.is_, members, self.members))
        return same and self.places == list(places) and self.zeros == zeros


class FastDenoiser:
    """A `Denoiser` for the architectures that `unsupported` lets pass, with its blocks in ``dtype``."""

    def __init__(self, module: Any, dtype: torch.dtype) -> None:
        dit = module.model.model
        self._dit = dit
        self._transformer = dit.transformer
        self._dtype = dtype
        self._adaptive = dit.global_cond_type == "adaLN"
        self.describes = f"midifrag's own forward pass in {str(dtype).removeprefix('torch.')}"
        self._memory_tokens = self._transformer.num_memory_tokens
        self._project_in, self._project_out = projections(dit)
        self._blocks = [Block(layer, dtype) for layer in self._transformer.layers]
        self._gathered: _Gathered | None = None
        self.context_tokens = 0
        # A recording has no place for what some models prepend.
        self.records = self._project_in.device.type == "cuda" and not hasattr(dit, "to_prepend_embed")
        self._positions = Positions(self._transformer, dtype, keeps_all=self.records)
        self._graphs = Graphs(self._forward_whole)
        self.memory = sum(block.memory for block in self._blocks)
        self._modulations = Modulations(self._transformer.layers, dtype) if self._adaptive else None

    def held_by(self, prepared: Prepared) -> int:
        """See `Denoiser.held_by`."""
        tensors = [prepared.context, prepared.refused, prepared.prepend, *prepared.moments.values()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors if tensor is not None)

    def guides(self, row: Row) -> bool:
        """Whether the row's guidance does anything."""
        return bool(row.cfg_scale != 1 and row.prepared.can_guide)

    @torch.inference_mode()
    def prepare(self, conditioning: Conditioning, times: Sequence[float], frames: int) -> Prepared:
        """See `Denoiser.prepare`."""
        dit, dtype = self._dit, self._dtype
        summary = None
        if conditioning.summary is not None:
            summary = in_fp32(dit.to_global_embed, conditioning.summary)
        prepend = None
        if conditioning.prepend is not None:
            prepend = in_fp32(dit.to_prepend_embed, conditioning.prepend).to(dtype)
        self._position(frames, prepend)
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
        self.context_tokens = cross.shape[1]
        tokens = in_fp32(self._dit.to_cond_embed, cross).to(self._dtype)
        return torch.stack([block.keys_values(tokens) for block in crossing])

    def _embed_times(self, prepared: Prepared, times: list[float]) -> None:
        if not times:
            return
        moments = brought(times, self._project_in.device)
        features = self._dit.timestep_features.float()(moments.unsqueeze(1))
        embedded = in_fp32(self._dit.to_timestep_embed, features)
        if prepared.summary is not None:
            embedded = embedded + prepared.summary
        if self._adaptive:
            embedded = in_fp32(self._transformer.global_cond_embedder, embedded)
        prepared.moments.update(zip(times, embedded, strict=True))

    @torch.inference_mode()
    def evaluate(self, rows: Sequence[Row]) -> Tensor:
        """See `Denoiser.evaluate`."""
        for row in rows:
            if row.query.t not in row.prepared.moments:
                self._embed_times(row.prepared, [row.query.t])
        guided = [index for index, row in enumerate(rows) if self.guides(row)]
        refusing = any(rows[index].prepared.refused is not None for index in guided)
        shape = self._graphs.fitting(len(rows), rows[0].query.x.shape[-1], guided=bool(guided), refusing=refusing)
        if shape is None:
            places = sorted(guided, key=lambda index: rows[index].prepared.refused is None)
            output = self._forward(self._inputs(rows, places, against=places), places)
        else:
            places = list(range(len(rows))) if guided else []
            filled = [*rows, *[rows[-1]] * (shape.batch - len(rows))]
            everyone = list(range(shape.batch)) if guided else []
            against = everyone if refusing else []
            output = self._graphs.run(shape, self._inputs(filled, everyone, against=against, zeros=refusing))
            output = torch.cat([output[: len(rows)], output[shape.batch : shape.batch + len(places)]])
        return combine(output, rows, places)

    def capture(self, frames: int, batches: Sequence[int], *, guided: bool, refusing: bool) -> None:
        """Record calls of these sizes, on devices that can; see `midifrag.engine.network.graphs`."""
        if not self.records:
            return
        row = self._sample_row(frames, guided=guided, refusing=refusing)
        try:
            for batch in batches:
                shape = Shape(batch, frames, guided, refusing)
                places = list(range(batch)) if guided else []
                against = places if refusing else []
                self._graphs.record(shape, self._inputs([row] * batch, places, against=against, zeros=refusing))
        finally:
            self.forget_batch()

    def _sample_row(self, frames: int, *, guided: bool, refusing: bool) -> Row:
        """A row as requests have them, of zeros."""
        device, dit = self._project_in.device, self._dit
        cross = None
        if any(block.crosses for block in self._blocks):
            cross = torch.zeros(1, self.context_tokens, dit.cond_token_dim, device=device)
        summary = None
        if hasattr(dit, "to_global_embed"):
            summary = torch.zeros(1, dit.to_global_embed[0].in_features, device=device)
        conditioning = Conditioning(cross=cross, negative=cross if refusing else None, summary=summary)
        x = torch.zeros(1, len(dit.preprocess_conv.weight), frames, device=device)
        return Row(Query(x, 0.5), self.prepare(conditioning, [0.5], frames), 2.0 if guided else 1.0)

    @property
    def captures(self) -> int:
        """How many shapes are recorded."""
        return len(self._graphs)

    def forget(self) -> list[Shape]:
        """Free recordings, tables and what was gathered for the last batch. Returns what was recorded."""
        self._positions.clear()
        self.forget_batch()
        return self._graphs.clear()

    def forget_batch(self) -> None:
        """Free what was gathered for the last batch."""
        self._gathered = None

    def _inputs(
        self, rows: Sequence[Row], places: Sequence[int], *, against: Sequence[int], zeros: bool = False
    ) -> Inputs:
        """The tensors of a call that evaluates the rows at ``places`` once more, unguided.

        Negative prompts count for rows ``against`` them; with ``zeros``, those without one get an empty one.
        """
        moments = [rows[index].prepared.moments[rows[index].query.t] for index in (*range(len(rows)), *places)]
        return Inputs(
            latents=torch.cat([row.query.x for row in rows]),
            moments=torch.stack(moments),
            context=self._context(rows, against, zeros),
            prepend=self._prepend(rows, places),
        )

    def _context(self, rows: Sequence[Row], places: Sequence[int], zeros: bool) -> Tensor | None:
        """The keys and values of all rows that have any, kept from call to call while the rows stay the same."""
        parts = [row.prepared.context for row in rows]
        for index in places:
            own = rows[index].prepared
            parts.append(torch.zeros_like(own.context) if zeros and own.refused is None else own.refused)
        present = [part for part in parts if part is not None]
        if len(present) < 2:
            return present[0] if present else None
        members = [row.prepared for row in rows]
        if self._gathered is None or not self._gathered.holds(members, places, zeros):
            self._gathered = _Gathered(members, list(places), zeros, torch.cat(present, dim=2))
        return self._gathered.context

    def _prepend(self, rows: Sequence[Row], places: Sequence[int]) -> Tensor | None:
        parts = [row.prepared.prepend for row in rows if row.prepared.prepend is not None]
        if not parts:
            return None
        return torch.cat([*parts, *(torch.zeros_like(parts[index]) for index in places)])

    def _position(self, frames: int, prepend: Tensor | None) -> Position:
        """Where the tokens of a latent of this length stand, with everything that comes before it."""
        return self._positions.of(frames // self._dit.patch_size + self._before(prepend))

    def _before(self, prepend: Tensor | None) -> int:
        return tokens_before(self._dit) + (0 if prepend is None else prepend.shape[1])

    def _forward_whole(self, inputs: Inputs, guided: bool) -> Tensor:
        return self._forward(inputs, range(len(inputs.latents)) if guided else ())

    def _forward(self, inputs: Inputs, places: Sequence[int]) -> Tensor:
        latents, moments, context, prepend = inputs.latents, inputs.moments, inputs.context, inputs.prepend
        patch, frames = self._dit.patch_size, latents.shape[-1]
        patches = latents.unflatten(-1, (-1, patch)).transpose(1, 2).flatten(2)
        tokens = functional.linear(patches, self._project_in).to(self._dtype)
        rows = len(tokens)
        # Both sides of guidance are the same as far as nothing of the prompt has come in.
        split = len(places) if prepend is None else 0
        if places and not split:
            tokens = _repeat(tokens, places)
        x = self._with_prefix(tokens, moments[: len(tokens)], prepend)
        position = self._position(frames, prepend)
        if position.added is not None:
            x = x + position.added
        rotary = position.rotary
        modulations = None if self._modulations is None else self._modulations(moments)
        contexts = iter(() if context is None else context.unbind())
        for index, block in enumerate(self._blocks):
            keys_values = next(contexts, None) if block.crosses else None
            modulation = None if modulations is None else modulations[index]
            if split and index == 0:
                alike = None if modulation is None else tuple(part[:rows] for part in modulation[:3])
                x = _repeat(block.attend(x, rotary, alike), places)
            else:
                x = block.attend(x, rotary, modulation)
            x = block.respond(x, modulation, keys_values)
        x = functional.linear(x[:, self._before(prepend) :].float(), self._project_out)
        if patch > 1:
            unpacked: Tensor = x.unflatten(-1, (-1, patch))
            return unpacked.permute(0, 2, 1, 3).flatten(2)
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
        return torch.cat(parts, dim=1) if len(parts) > 1 else tokens


def _repeat(rows: Tensor, places: Sequence[int]) -> Tensor:
    """``rows``, and those at ``places`` once more after them."""
    everyone = list(places) == list(range(len(rows)))
    return torch.cat([rows, rows if everyone else rows[indices(tuple(places), rows.device)]])
