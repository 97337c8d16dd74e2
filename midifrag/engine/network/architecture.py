"""What stable-audio-tools' transformers can be, as far as `midifrag.engine.network.transformer` has to know it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from midifrag.config.model_inputs import INPAINT_NAMES


def unsupported(module: Any) -> str | None:
    """The first option of a model's transformer that this module does not compute, or None."""
    dit = module.model.model
    transformer = dit.transformer
    layers = list(transformer.layers)
    attentions = [attention for layer in layers for attention in _attentions(layer)]
    checks = {
        "a timestep that is concatenated to the input": dit.timestep_cond_type != "global",
        "input concatenation": dit.input_concat_dim > 0 and not _is_for_inpainting(module),
        "a sliding window": transformer.sliding_window is not None,
        "causal attention": transformer.causal,
        "rotary embedding per layer": any(layer.add_rope for layer in layers),
        "conformer blocks": any(layer.conformer is not None for layer in layers),
        "DynamicTanh norms": any(type(layer.pre_norm).__name__ not in ("LayerNorm", "RMSNorm") for layer in layers),
        "DynamicTanh on queries and keys": any(attention.qk_norm == "dyt" for attention in attentions),
        "local conditioning": layers[0].to_local_embed is not None and not _is_told_of_a_sound(module),
        "local conditioning of its own layers": any(len(layer.modular_local_embeds) for layer in layers),
        "rotary embedding of prompts": transformer.cross_attn_rotary_pos_emb is not None,
        "timesteps as log-SNR": dit.timestep_features_logsnr,
        "feature scaling": any(attention.feat_scale for attention in attentions),
        "feed-forward without a gate": any(type(layer.ff.ff[0]).__name__ != "GLU" for layer in layers),
        "a feed-forward of sines": any(
            type(getattr(layer.ff.ff[0], "act", None)).__name__ == "Sin" for layer in layers
        ),
        "convolutions in the feed-forward": any(isinstance(layer.ff.ff[2], nn.Conv1d) for layer in layers),
    }
    return next((name for name, present in checks.items() if present), None)


def _is_for_inpainting(module: Any) -> bool:
    """Whether all that is concatenated is the mask and the sound of inpainting: zeros here, which add nothing."""
    is_whole = module.model.model.input_concat_dim == 1 + module.io_channels
    return is_whole and set(module.input_concat_ids) == INPAINT_NAMES


def _is_told_of_a_sound(module: Any) -> bool:
    """Whether all that is local to frames is the mask and the sound of inpainting."""
    return set(module.local_add_cond_ids) == INPAINT_NAMES and module.model.model.patch_size == 1


def _attentions(layer: Any) -> list[Any]:
    return [layer.self_attn, layer.cross_attn] if layer.cross_attend else [layer.self_attn]


def prefix_tokens(dit: Any) -> int:
    """How many tokens stand before the latents, without any that are prepended by conditioning."""
    return int(dit.transformer.num_memory_tokens) + (0 if dit.global_cond_type == "adaLN" else 1)


def projections(dit: Any) -> tuple[Tensor, Tensor]:
    """The input and output projections in fp32, with the residual 1×1 convolutions next to them folded in.

    The input is the latents alone: what else the network takes beside them is zero (see `unsupported`).
    """
    patch, transformer = dit.patch_size, dit.transformer
    before = dit.preprocess_conv.weight[:, :, 0].double()
    after = dit.postprocess_conv.weight[:, :, 0].double()
    before = before + torch.eye(len(before), dtype=torch.float64, device=before.device)
    after = after + torch.eye(len(after), dtype=torch.float64, device=after.device)
    inward = transformer.project_in.weight.double().unflatten(1, (-1, patch))
    outward = transformer.project_out.weight.double().unflatten(0, (-1, patch))
    inward = torch.einsum("dcp,ce->dep", inward, before[:, : len(after)]).flatten(1)
    outward = torch.einsum("ce,epd->cpd", after, outward).flatten(0, 1)
    return inward.float().contiguous(), outward.float().contiguous()


def embedders(dit: Any) -> list[nn.Sequential]:
    """What a transformer makes of a time and of conditioning before its first layer."""
    names = ("to_timestep_embed", "to_cond_embed", "to_global_embed", "to_prepend_embed")
    own = [getattr(dit, name) for name in names if hasattr(dit, name)]
    return own + ([dit.transformer.global_cond_embedder] if dit.global_cond_type == "adaLN" else [])


def mlp_in_fp32(layers: nn.Sequential, x: Tensor) -> Tensor:
    """Linear layers with a SiLU between them, whatever their own number format."""
    for layer in layers:
        x = linear_in_fp32(layer)(x) if isinstance(layer, nn.Linear) else layer(x)
    return x


def linear_in_fp32(layer: nn.Linear) -> Callable[[Tensor], Tensor]:
    """A linear layer whatever its own number format."""
    return lambda x: functional.linear(x, layer.weight.float(), None if layer.bias is None else layer.bias.float())
