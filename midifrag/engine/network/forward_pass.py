"""A transformer's forward pass over a batch: from latents, and what each is told, to the outputs of all its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from midifrag.engine.network.architecture import prefix_tokens, projections
from midifrag.engine.network.blocks import NO_PROMPTS, Block, Modulations, Prompts
from midifrag.engine.network.ends import AdaptedEnds, in_patches, out_of_patches
from midifrag.engine.network.graphs import DenoiserInputs
from midifrag.engine.network.guidance import index_tensor
from midifrag.engine.network.kernels import Kernels
from midifrag.engine.network.positions import Position, PositionCache
from midifrag.engine.network.side_paths import SidePaths


class ForwardPass:
    """Blocks in ``dtype`` and both ends of a stable-audio-tools ``DiffusionTransformer``, with LoRAs as ``sides`` says.

    With ``fp8`` the blocks' linear layers are in that.
    """

    def __init__(self, dit: Any, dtype: torch.dtype, sides: SidePaths, kernels: Kernels, *, fp8: bool) -> None:
        self._transformer = dit.transformer
        self._patch = dit.patch_size
        self._adaptive = dit.global_cond_type == "adaLN"
        self._memory_tokens = self._transformer.num_memory_tokens
        self._prefix_tokens = prefix_tokens(dit)
        self.dtype = dtype
        self._sides = sides
        self._project_in, self._project_out = projections(dit)
        self._ends = AdaptedEnds(dit, sides)
        self.blocks = [Block(layer, dtype, kernels, fp8=fp8, sides=sides) for layer in self._transformer.layers]
        self.device = self._project_in.device
        #: A captured graph has no place for what some models prepend.
        self.can_be_captured = self.device.type == "cuda" and not hasattr(dit, "to_prepend_embed")
        self._positions = PositionCache(self._transformer, dtype, keeps_all=self.can_be_captured)
        self.memory = sum(block.memory for block in self.blocks)
        self._modulations = Modulations(self._transformer.layers, dtype) if self._adaptive else None

    def position(self, frames: int, prepend: Tensor | None) -> Position:
        """Where the tokens of a latent of this length stand, with everything that comes before it."""
        return self._positions.for_length(frames // self._patch + self.before(prepend))

    def before(self, prepend: Tensor | None) -> int:
        """How many tokens stand before the latent's."""
        return self._prefix_tokens + (0 if prepend is None else prepend.shape[1])

    def release_tables(self) -> None:
        """Free what says where tokens stand."""
        self._positions.clear()

    def whole(self, inputs: DenoiserInputs, guided: bool) -> Tensor:
        """The outputs of all rows, and if they are ``guided``, once more without their prompts."""
        return self(inputs, range(len(inputs.latents)) if guided else ())

    def __call__(self, inputs: DenoiserInputs, guided_rows: Sequence[int]) -> Tensor:
        """The outputs in fp32, those of ``guided_rows`` once more after them, without their prompts."""
        latents, time_embeddings, prepend = inputs.latents, inputs.time_embeddings, inputs.prepend
        context, bias, heard = inputs.context, inputs.context_bias, inputs.heard
        self._sides.begin(inputs.strengths)
        adapts_ends = inputs.strengths is not None and self._ends.are_adapted
        frames = latents.shape[-1]
        tokens = (self._ends.inward(latents) if adapts_ends else self._inward(latents)).to(self.dtype)
        rows = len(tokens)
        # Both sides of guidance are the same as far as nothing of the prompt has come in.
        split = len(guided_rows) if prepend is None else 0
        if guided_rows and not split:
            tokens = _repeat(tokens, guided_rows)
        x = self._with_prefix(tokens, time_embeddings[: len(tokens)], prepend)
        position = self.position(frames, prepend)
        if position.added is not None:
            x = x + position.added
        rotary, before = position.rotary, self.before(prepend)
        modulations = None if self._modulations is None else self._modulations(time_embeddings)
        contexts = iter(() if context is None else context.unbind())
        for index, block in enumerate(self.blocks):
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
        return functional.linear(in_patches(latents, self._patch), self._project_in)

    def _outward(self, x: Tensor) -> Tensor:
        return out_of_patches(functional.linear(x, self._project_out), self._patch)

    def _with_prefix(self, tokens: Tensor, time_embeddings: Tensor, prepend: Tensor | None) -> Tensor:
        parts = [tokens]
        if not self._adaptive:
            parts.insert(0, time_embeddings.to(self.dtype).unsqueeze(1))
        if prepend is not None:
            parts.insert(0, prepend)
        if self._memory_tokens:
            memory = self._transformer.memory_tokens.to(self.dtype)
            parts.insert(0, memory.expand(len(tokens), -1, -1))
        return torch.cat(parts, dim=1) if len(parts) > 1 else tokens


def _repeat(rows: Tensor, indices: Sequence[int]) -> Tensor:
    """``rows``, and those at ``indices`` once more after them."""
    everyone = list(indices) == list(range(len(rows)))
    return torch.cat([rows, rows if everyone else rows[index_tensor(tuple(indices), rows.device)]])
