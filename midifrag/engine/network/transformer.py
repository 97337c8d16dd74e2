"""stable-audio-tools' continuous transformer, computed from its own weights without what stock does over and over.

Against stock's forward pass: the keys and values of the prompt are computed once per request, the timestep features of
all its steps at once and in fp32, the rotary tables once per length; the unconditional half skips its cross-attention,
which is exactly zero without a negative prompt (the null embedding is zero and no layer on its way has a bias); the 1×1
convolutions at both ends are folded into the projections beside them. Tokens of a prompt that stand for nothing are
all alike, where a model learnt one for that, and a few count for all of them (`midifrag.engine.network.padding`).

`midifrag.engine.network.architecture.unsupported` names what of an architecture is not covered here; such a model runs
on `StockDenoiser`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from midifrag.engine.loading.adapters import Adapters
from midifrag.engine.loading.device import to_device
from midifrag.engine.network.architecture import embedders, linear_in_fp32, prefix_tokens, projections
from midifrag.engine.network.batch_context import BatchContext, PreparedConditioning
from midifrag.engine.network.blocks import NO_PROMPTS, Block, Modulations, Prompts
from midifrag.engine.network.call_costs import CallCosts, RowKind
from midifrag.engine.network.call_rows import ModelInput, Row, is_guided
from midifrag.engine.network.conditioning import Conditioning
from midifrag.engine.network.denoiser import NO_LORAS
from midifrag.engine.network.ends import AdaptedEnds, in_patches, out_of_patches
from midifrag.engine.network.graphs import DenoiserInputs, GraphCache, GraphShape
from midifrag.engine.network.guidance import combine_guidance, index_tensor, valid_mask
from midifrag.engine.network.kernels import PLAIN, Kernels
from midifrag.engine.network.packing import Layer
from midifrag.engine.network.padding import fold_padding, has_padding, heard_tokens
from midifrag.engine.network.positions import Position, PositionCache
from midifrag.engine.network.side_paths import SidePaths

_Row: TypeAlias = Row[PreparedConditioning]


class FastDenoiser:
    """A `Denoiser` for the architectures that `unsupported` lets pass, with its blocks in ``dtype``.

    With ``fp8`` their linear layers are in that.
    """

    def __init__(self, module: Any, dtype: torch.dtype, *, kernels: Kernels = PLAIN, fp8: bool = False) -> None:
        dit = module.model.model
        self._dit = dit
        self._transformer = dit.transformer
        self._objective = module.diffusion_objective
        self._dtype = dtype
        self._adaptive = dit.global_cond_type == "adaLN"
        self.description = f"midifrag's own forward pass in {str(dtype).removeprefix('torch.')}"
        if fp8:
            self.description += " with linear layers in fp8"
        self._memory_tokens = self._transformer.num_memory_tokens
        self._sides = SidePaths({part: f"model.model.{name}" for name, part in dit.named_modules()})
        self._project_in, self._project_out = projections(dit)
        self._ends = AdaptedEnds(dit, self._sides)
        self._blocks = [Block(layer, dtype, kernels, fp8=fp8, sides=self._sides) for layer in self._transformer.layers]
        self._linears: dict[nn.Module, Layer] = {
            layer: self._sides.beside(layer, linear_in_fp32(layer), torch.float32)
            for layers in embedders(dit)
            for layer in layers
            if isinstance(layer, nn.Linear)
        }
        self._batch_context = BatchContext()
        self.context_tokens = 0
        self._folds_padding = self._pads_lengths = False
        # A captured graph has no place for what some models prepend.
        self.captures_graphs = self._project_in.device.type == "cuda" and not hasattr(dit, "to_prepend_embed")
        self._positions = PositionCache(self._transformer, dtype, keeps_all=self.captures_graphs)
        self._graphs = GraphCache()
        self.costs = CallCosts()
        self._own_memory = sum(block.memory for block in self._blocks)
        self._modulations = Modulations(self._transformer.layers, dtype) if self._adaptive else None

    @property
    def memory(self) -> int:
        """See `Denoiser`."""
        return self._own_memory + self._sides.memory

    def attach(self, adapters: Adapters) -> int:
        """Add a LoRA of which all is added to weights, and say its index; what was captured does not fit then."""
        return self._sides.attach(adapters, self._project_in.device)

    def bytes_held(self, prepared: PreparedConditioning) -> int:
        """See `Denoiser.bytes_held`."""
        tensors = [prepared.context, prepared.negative_context, prepared.prepend, *prepared.time_embeddings.values()]
        tensors += [prepared.context_bias, prepared.negative_bias, prepared.local, prepared.strengths]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors if tensor is not None)

    @torch.inference_mode()
    def prepare(
        self, conditioning: Conditioning, times: Sequence[float], frames: int, strengths: Mapping[int, float] = NO_LORAS
    ) -> PreparedConditioning:
        """See `Denoiser.prepare`."""
        dit, dtype = self._dit, self._dtype
        row = self._sides.row(strengths, self._project_in.device)
        self._sides.begin(row)
        global_cond = None
        if conditioning.global_cond is not None:
            global_cond = self._mlp(dit.to_global_embed, conditioning.global_cond)
        prepend = None
        if conditioning.prepend is not None:
            prepend = self._mlp(dit.to_prepend_embed, conditioning.prepend).to(dtype)
        self._position(frames, prepend)
        self._pads_lengths = conditioning.valid is not None
        context, context_bias = self._keys_values(conditioning.cross, conditioning.padded)
        negative, negative_bias = self._keys_values(conditioning.negative, conditioning.negative_padded)
        prepared = PreparedConditioning(
            context=context,
            negative_context=negative,
            context_bias=context_bias,
            negative_bias=negative_bias,
            prepend=prepend,
            global_cond=global_cond,
            time_embeddings={},
            can_guide=conditioning.can_guide,
            valid=conditioning.valid,
            local=_of_frames(conditioning.local),
            strengths=row,
        )
        self._embed_times(prepared, list(dict.fromkeys(times)))
        return prepared

    def _keys_values(self, cross: Tensor | None, padded: Sequence[bool] | None) -> Prompts:
        with_cross = [block for block in self._blocks if block.has_cross_attention]
        if cross is None or not with_cross:
            return NO_PROMPTS
        bias = None
        self._folds_padding = padded is not None
        if padded is not None:
            cross, bias = fold_padding(cross, padded)
            bias = bias.to(self._dtype)
        self.context_tokens = cross.shape[1]
        tokens = self._mlp(self._dit.to_cond_embed, cross).to(self._dtype)
        return Prompts(torch.stack([block.keys_values(tokens) for block in with_cross]), bias)

    def _embed_times(self, prepared: PreparedConditioning, times: list[float]) -> None:
        if not times:
            return
        self._sides.begin(prepared.strengths)
        t = to_device(times, self._project_in.device)
        features = self._dit.timestep_features.float()(t.unsqueeze(1))
        embedded = self._mlp(self._dit.to_timestep_embed, features)
        if prepared.global_cond is not None:
            embedded = embedded + prepared.global_cond
        if self._adaptive:
            embedded = self._mlp(self._transformer.global_cond_embedder, embedded)
        prepared.time_embeddings.update(zip(times, embedded, strict=True))

    def _mlp(self, layers: nn.Sequential, x: Tensor) -> Tensor:
        """As `mlp_in_fp32`, with what LoRAs add to it."""
        for layer in layers:
            x = self._linears.get(layer, layer)(x)
        return x

    @torch.inference_mode()
    def evaluate(self, rows: Sequence[_Row]) -> Tensor:
        """See `Denoiser.evaluate`."""
        for row in rows:
            if row.model_input.t not in row.prepared.time_embeddings:
                self._embed_times(row.prepared, [row.model_input.t])
        pieces = self.costs.pieces(rows[0].model_input.x.shape[-1], [_kind_of(row) for row in rows])
        if len(pieces) == 1:
            return self._evaluate_piece(rows, pieces[0].shape)
        parts = [self._evaluate_piece([rows[index] for index in piece.rows], piece.shape) for piece in pieces]
        output = torch.cat(parts)
        order = [index for piece in pieces for index in piece.rows]
        if order == sorted(order):
            return output
        return output[index_tensor(tuple(sorted(range(len(rows)), key=order.__getitem__)), output.device)]

    def _evaluate_piece(self, rows: Sequence[_Row], shape: GraphShape | None) -> Tensor:
        """The guided outputs of rows in one call, a plain one or a captured one that has room for them."""
        if shape is None:
            guided = [index for index, row in enumerate(rows) if is_guided(row)]
            guided_rows = sorted(guided, key=lambda index: rows[index].prepared.negative_context is None)
            inputs = self._inputs(rows, guided_rows, negative_rows=guided_rows)
            if not has_padding([row.prepared.valid for row in rows], rows[0].model_input.x.shape[-1]):
                inputs = replace(inputs, heard=None)
            if all(row.prepared.strengths is None for row in rows):
                inputs = replace(inputs, strengths=None)
            output = self._forward(inputs, guided_rows)
        else:
            guided_rows = list(range(len(rows))) if shape.guided else []
            filled = [*rows, *[rows[-1]] * (shape.batch - len(rows))]
            everyone = list(range(shape.batch)) if shape.guided else []
            negative_rows = everyone if shape.has_negative else []
            inputs = self._inputs(filled, everyone, negative_rows=negative_rows, fill=shape.has_negative)
            output = self._graphs.run(shape, inputs, self._forward_whole)
            output = torch.cat([output[: len(rows)], output[shape.batch : shape.batch + len(guided_rows)]])
        return combine_guidance(output, rows, guided_rows, self._objective)

    def capture(self, frames: int, batches: Sequence[int], *, guided: bool, has_negative: bool) -> None:
        """Capture calls of these sizes, on devices that can; see `midifrag.engine.network.graphs`."""
        if not self.captures_graphs:
            return
        row = self._sample_row(frames, guided=guided, has_negative=has_negative)
        try:
            for batch in batches:
                shape = GraphShape(batch, frames, guided, has_negative)
                if shape in self._graphs:
                    continue
                guided_rows = list(range(batch)) if guided else []
                negative_rows = guided_rows if has_negative else []
                inputs = self._inputs([row] * batch, guided_rows, negative_rows=negative_rows, fill=has_negative)
                self.costs.drop(self._graphs.capture(self._forward_whole, shape, inputs))
                self.costs.note_recorded(shape)
        finally:
            self.release_batch()

    def _sample_row(self, frames: int, *, guided: bool, has_negative: bool) -> _Row:
        """A row as requests have them, of zeros."""
        device, dit = self._project_in.device, self._dit
        cross = None
        if any(block.has_cross_attention for block in self._blocks):
            cross = torch.zeros(1, self.context_tokens, dit.cond_token_dim, device=device)
        global_cond = None
        if hasattr(dit, "to_global_embed"):
            global_cond = torch.zeros(1, dit.to_global_embed[0].in_features, device=device)
        padded = (False,) * self.context_tokens if self._folds_padding else None
        conditioning = Conditioning(
            cross=cross,
            negative=cross if has_negative else None,
            global_cond=global_cond,
            valid=frames if self._pads_lengths else None,
            padded=padded,
            negative_padded=padded,
        )
        x = torch.zeros(1, len(dit.postprocess_conv.weight), frames, device=device)
        return Row(ModelInput(x, 0.5), self.prepare(conditioning, [0.5], frames), 2.0 if guided else 1.0)

    @property
    def captures(self) -> int:
        """How many shapes are captured."""
        return len(self._graphs)

    def release_largest(self) -> list[GraphShape]:
        """Free the captured graphs of the greatest batch. Returns what they were of; nothing once none is left."""
        dropped = self._graphs.drop_largest()
        self.costs.drop(dropped)
        return dropped

    def release_all(self) -> list[GraphShape]:
        """Free all captured graphs. Returns what they were of."""
        dropped = self._graphs.drop_all()
        self.costs.drop(dropped)
        return dropped

    def release_tables(self) -> None:
        """Free tables, unless captured graphs read them, and what was gathered for the last batch."""
        if not self._graphs:
            self._positions.clear()
        self.release_batch()

    def release_batch(self) -> None:
        """Free what was gathered for the last batch."""
        self._batch_context.release()

    def _inputs(
        self, rows: Sequence[_Row], guided_rows: Sequence[int], *, negative_rows: Sequence[int], fill: bool = False
    ) -> DenoiserInputs:
        """The tensors of a call that evaluates the rows at ``guided_rows`` once more, unguided.

        Negative prompts count for those of ``negative_rows``; with ``fill``, ones without get an empty one.
        """
        time_embeddings = [
            rows[index].prepared.time_embeddings[rows[index].model_input.t]
            for index in (*range(len(rows)), *guided_rows)
        ]
        prompts = self._batch_context.of([row.prepared for row in rows], negative_rows, fill)
        everyone = [*rows, *(rows[index] for index in guided_rows)]
        return DenoiserInputs(
            latents=torch.cat([row.model_input.x for row in rows]),
            time_embeddings=torch.stack(time_embeddings),
            context=prompts.context,
            prepend=self._prepend(rows, guided_rows),
            context_bias=prompts.bias,
            heard=self._heard(everyone),
            local=_local(everyone),
            strengths=self._sides.gathered([row.prepared.strengths for row in everyone], self._project_in.device),
        )

    def _heard(self, rows: Sequence[_Row]) -> Tensor | None:
        x, before = rows[0].model_input.x, self._before(rows[0].prepared.prepend)
        mask = valid_mask([row.prepared.valid for row in rows], x.shape[-1], x.device)
        return None if mask is None else heard_tokens(mask, before, self._dtype)

    def _prepend(self, rows: Sequence[_Row], guided_rows: Sequence[int]) -> Tensor | None:
        parts = [row.prepared.prepend for row in rows if row.prepared.prepend is not None]
        if not parts:
            return None
        return torch.cat([*parts, *(torch.zeros_like(parts[index]) for index in guided_rows)])

    def _position(self, frames: int, prepend: Tensor | None) -> Position:
        """Where the tokens of a latent of this length stand, with everything that comes before it."""
        return self._positions.for_length(frames // self._dit.patch_size + self._before(prepend))

    def _before(self, prepend: Tensor | None) -> int:
        return prefix_tokens(self._dit) + (0 if prepend is None else prepend.shape[1])

    def _forward_whole(self, inputs: DenoiserInputs, guided: bool) -> Tensor:
        return self._forward(inputs, range(len(inputs.latents)) if guided else ())

    def _forward(self, inputs: DenoiserInputs, guided_rows: Sequence[int]) -> Tensor:
        latents, time_embeddings, prepend = inputs.latents, inputs.time_embeddings, inputs.prepend
        context, bias, heard = inputs.context, inputs.context_bias, inputs.heard
        self._sides.begin(inputs.strengths)
        adapts_ends = inputs.strengths is not None and self._ends.are_adapted
        frames = latents.shape[-1]
        tokens = (self._ends.inward(latents) if adapts_ends else self._inward(latents)).to(self._dtype)
        rows = len(tokens)
        # Both sides of guidance are the same as far as nothing of the prompt has come in.
        split = len(guided_rows) if prepend is None else 0
        if guided_rows and not split:
            tokens = _repeat(tokens, guided_rows)
        x = self._with_prefix(tokens, time_embeddings[: len(tokens)], prepend)
        position = self._position(frames, prepend)
        if position.added is not None:
            x = x + position.added
        rotary, before = position.rotary, self._before(prepend)
        modulations = None if self._modulations is None else self._modulations(time_embeddings)
        contexts = iter(() if context is None else context.unbind())
        for index, block in enumerate(self._blocks):
            prompts = Prompts(next(contexts, None), bias) if block.has_cross_attention else NO_PROMPTS
            modulation = None if modulations is None else modulations[index]
            if split and index == 0:
                alike = None if modulation is None else tuple(part[:rows] for part in modulation[:3])
                those = None if heard is None else heard[:rows]
                x = _repeat(block.self_attend(x, rotary, alike, those), guided_rows)
            else:
                x = block.self_attend(x, rotary, modulation, heard)
            x = block.cross_attend_and_feed(x, modulation, prompts, before, inputs.local)
        x = x[:, before:].float()
        return self._ends.outward(x) if adapts_ends else self._outward(x)

    def _inward(self, latents: Tensor) -> Tensor:
        return functional.linear(in_patches(latents, self._dit.patch_size), self._project_in)

    def _outward(self, x: Tensor) -> Tensor:
        return out_of_patches(functional.linear(x, self._project_out), self._dit.patch_size)

    def _with_prefix(self, tokens: Tensor, time_embeddings: Tensor, prepend: Tensor | None) -> Tensor:
        parts = [tokens]
        if not self._adaptive:
            parts.insert(0, time_embeddings.to(self._dtype).unsqueeze(1))
        if prepend is not None:
            parts.insert(0, prepend)
        if self._memory_tokens:
            memory = self._transformer.memory_tokens.to(self._dtype)
            parts.insert(0, memory.expand(len(tokens), -1, -1))
        return torch.cat(parts, dim=1) if len(parts) > 1 else tokens


def _of_frames(local: Tensor | None) -> Tensor | None:
    """What each frame is told of a sound, (1, frames, width); None where all are told that there is none."""
    return None if local is None or local.shape[-1] == 1 else local.transpose(1, 2).contiguous()


def _local(rows: Sequence[_Row]) -> Tensor | None:
    """The same of a call's rows; None where no row keeps anything of a sound."""
    known = next((row.prepared.local for row in rows if row.prepared.local is not None), None)
    if known is None:
        return None
    nothing = torch.zeros_like(known)
    return torch.cat([nothing if row.prepared.local is None else row.prepared.local for row in rows])


def _kind_of(row: _Row) -> RowKind:
    guided = is_guided(row)
    return RowKind(guided, guided and row.prepared.negative_context is not None)


def _repeat(rows: Tensor, indices: Sequence[int]) -> Tensor:
    """``rows``, and those at ``indices`` once more after them."""
    everyone = list(indices) == list(range(len(rows)))
    return torch.cat([rows, rows if everyone else rows[index_tensor(tuple(indices), rows.device)]])
