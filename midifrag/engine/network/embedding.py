"""Embeds what a request is told, once: its prompts as each layer's keys and values, its times, and all the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from midifrag.engine.loading.device import to_device
from midifrag.engine.network.architecture import embedders, linear_in_fp32
from midifrag.engine.network.batch_context import PreparedConditioning
from midifrag.engine.network.blocks import NO_PROMPTS, Prompts
from midifrag.engine.network.conditioning import Conditioning
from midifrag.engine.network.forward_pass import ForwardPass
from midifrag.engine.network.packing import Layer
from midifrag.engine.network.padding import fold_padding
from midifrag.engine.network.side_paths import SidePaths


class ConditioningEmbedder:
    """The embedders of a stable-audio-tools ``DiffusionTransformer``, in fp32, for the blocks of ``forward``.

    It knows what it was given last, and so what requests are like (`example`).
    """

    def __init__(self, dit: Any, forward: ForwardPass, sides: SidePaths) -> None:
        self._dit = dit
        self._adaptive = dit.global_cond_type == "adaLN"
        self._forward = forward
        self._sides = sides
        self._linears: dict[nn.Module, Layer] = {
            layer: sides.beside(layer, linear_in_fp32(layer), torch.float32)
            for layers in embedders(dit)
            for layer in layers
            if isinstance(layer, nn.Linear)
        }
        self._with_cross = [block for block in forward.blocks if block.has_cross_attention]
        self._context_tokens = 0
        self._folds_padding = self._pads_lengths = False

    def prepare(
        self, conditioning: Conditioning, times: Sequence[float], frames: int, strengths: Mapping[int, float]
    ) -> PreparedConditioning:
        """See `Denoiser.prepare`."""
        dit, dtype = self._dit, self._forward.dtype
        row = self._sides.row(strengths, self._forward.device)
        self._sides.begin(row)
        global_cond = None
        if conditioning.global_cond is not None:
            global_cond = self._mlp(dit.to_global_embed, conditioning.global_cond)
        prepend = None
        if conditioning.prepend is not None:
            prepend = self._mlp(dit.to_prepend_embed, conditioning.prepend).to(dtype)
        self._forward.position(frames, prepend)
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
        self.embed_times(prepared, list(dict.fromkeys(times)))
        return prepared

    def embed_times(self, prepared: PreparedConditioning, times: list[float]) -> None:
        """Embed times that a request's steps will ask for."""
        if not times:
            return
        self._sides.begin(prepared.strengths)
        t = to_device(times, self._forward.device)
        features = self._dit.timestep_features.float()(t.unsqueeze(1))
        embedded = self._mlp(self._dit.to_timestep_embed, features)
        if prepared.global_cond is not None:
            embedded = embedded + prepared.global_cond
        if self._adaptive:
            embedded = self._mlp(self._dit.transformer.global_cond_embedder, embedded)
        prepared.time_embeddings.update(zip(times, embedded, strict=True))

    def example(self, frames: int, *, has_negative: bool) -> Conditioning:
        """Conditioning as requests have it, of zeros."""
        device, dit = self._forward.device, self._dit
        cross = None
        if self._with_cross:
            cross = torch.zeros(1, self._context_tokens, dit.cond_token_dim, device=device)
        global_cond = None
        if hasattr(dit, "to_global_embed"):
            global_cond = torch.zeros(1, dit.to_global_embed[0].in_features, device=device)
        padded = (False,) * self._context_tokens if self._folds_padding else None
        return Conditioning(
            cross=cross,
            negative=cross if has_negative else None,
            global_cond=global_cond,
            valid=frames if self._pads_lengths else None,
            padded=padded,
            negative_padded=padded,
        )

    def _keys_values(self, cross: Tensor | None, padded: Sequence[bool] | None) -> Prompts:
        if cross is None or not self._with_cross:
            return NO_PROMPTS
        bias = None
        self._folds_padding = padded is not None
        if padded is not None:
            cross, bias = fold_padding(cross, padded)
            bias = bias.to(self._forward.dtype)
        self._context_tokens = cross.shape[1]
        tokens = self._mlp(self._dit.to_cond_embed, cross).to(self._forward.dtype)
        return Prompts(torch.stack([block.keys_values(tokens) for block in self._with_cross]), bias)

    def _mlp(self, layers: nn.Sequential, x: Tensor) -> Tensor:
        """As `mlp_in_fp32`, with what LoRAs add to it."""
        for layer in layers:
            x = self._linears.get(layer, layer)(x)
        return x


def _of_frames(local: Tensor | None) -> Tensor | None:
    """What each frame is told of a sound, (1, frames, width); None where all are told that there is none."""
    return None if local is None or local.shape[-1] == 1 else local.transpose(1, 2).contiguous()
