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

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import torch
from torch import Tensor

from midifrag.engine.loading.adapters import Adapters
from midifrag.engine.network.batch_context import BatchContext, PreparedConditioning
from midifrag.engine.network.call_costs import CallCosts, RowKind
from midifrag.engine.network.call_rows import ModelInput, Row, is_guided
from midifrag.engine.network.conditioning import Conditioning
from midifrag.engine.network.denoiser import NO_LORAS
from midifrag.engine.network.embedding import ConditioningEmbedder
from midifrag.engine.network.forward_pass import ForwardPass
from midifrag.engine.network.graphs import DenoiserInputs, GraphCache, GraphShape
from midifrag.engine.network.guidance import combine_guidance, index_tensor, valid_mask
from midifrag.engine.network.kernels import PLAIN, Kernels
from midifrag.engine.network.padding import has_padding, heard_tokens
from midifrag.engine.network.side_paths import SidePaths

_Row: TypeAlias = Row[PreparedConditioning]


class FastDenoiser:
    """A `Denoiser` for the architectures that `unsupported` lets pass, with its blocks in ``dtype``.

    With ``fp8`` their linear layers are in that.
    """

    def __init__(self, module: Any, dtype: torch.dtype, *, kernels: Kernels = PLAIN, fp8: bool = False) -> None:
        dit = module.model.model
        self._objective = module.diffusion_objective
        self.description = f"midifrag's own forward pass in {str(dtype).removeprefix('torch.')}"
        if fp8:
            self.description += " with linear layers in fp8"
        self._channels = len(dit.postprocess_conv.weight)
        self._sides = SidePaths({part: f"model.model.{name}" for name, part in dit.named_modules()})
        self._forward = ForwardPass(dit, dtype, self._sides, kernels, fp8=fp8)
        self._embedder = ConditioningEmbedder(dit, self._forward, self._sides)
        self._batch_context = BatchContext()
        self.captures_graphs = self._forward.can_be_captured
        self._graphs = GraphCache()
        self.costs = CallCosts()

    @property
    def memory(self) -> int:
        """See `Denoiser`."""
        return self._forward.memory + self._sides.memory

    def attach(self, adapters: Adapters) -> int:
        """Add a LoRA of which all is added to weights, and say its index; what was captured does not fit then."""
        return self._sides.attach(adapters, self._forward.device)

    def detach(self, indices: Collection[int]) -> None:
        """Take LoRAs away again that no request in flight wants; what was captured does not fit then."""
        self._sides.detach(indices, self._forward.device)

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
        return self._embedder.prepare(conditioning, times, frames, strengths)

    @torch.inference_mode()
    def evaluate(self, rows: Sequence[_Row]) -> Tensor:
        """See `Denoiser.evaluate`."""
        for row in rows:
            if row.model_input.t not in row.prepared.time_embeddings:
                self._embedder.embed_times(row.prepared, [row.model_input.t])
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
            output = self._graphs.run(shape, inputs, self._forward.whole)
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
                self.costs.drop(self._graphs.capture(self._forward.whole, shape, inputs))
                self.costs.note_recorded(shape)
        finally:
            self.release_batch()

    def _sample_row(self, frames: int, *, guided: bool, has_negative: bool) -> _Row:
        """A row as requests have them, of zeros."""
        conditioning = self._embedder.example(frames, has_negative=has_negative)
        x = torch.zeros(1, self._channels, frames, device=self._forward.device)
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
            self._forward.release_tables()
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
            strengths=self._sides.gathered([row.prepared.strengths for row in everyone], self._forward.device),
        )

    def _heard(self, rows: Sequence[_Row]) -> Tensor | None:
        x, before = rows[0].model_input.x, self._forward.before(rows[0].prepared.prepend)
        mask = valid_mask([row.prepared.valid for row in rows], x.shape[-1], x.device)
        return None if mask is None else heard_tokens(mask, before, self._forward.dtype)

    def _prepend(self, rows: Sequence[_Row], guided_rows: Sequence[int]) -> Tensor | None:
        parts = [row.prepared.prepend for row in rows if row.prepared.prepend is not None]
        if not parts:
            return None
        return torch.cat([*parts, *(torch.zeros_like(parts[index]) for index in guided_rows)])


def _local(rows: Sequence[_Row]) -> Tensor | None:
    """What each frame of a call's rows is told of a sound; None where no row keeps anything of one."""
    known = next((row.prepared.local for row in rows if row.prepared.local is not None), None)
    if known is None:
        return None
    nothing = torch.zeros_like(known)
    return torch.cat([nothing if row.prepared.local is None else row.prepared.local for row in rows])


def _kind_of(row: _Row) -> RowKind:
    guided = is_guided(row)
    return RowKind(guided, guided and row.prepared.negative_context is not None)
