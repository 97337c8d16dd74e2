"""Shrunk Stable Audio 3 models with seeded random weights: all parts of the real ones, as these are known.

Everything but depth, widths, rate and length is as in the published code: the network with its norms, memory tokens and
local conditioning, differential attention in the medium one, the SAME autoencoder of each, and the prompt by T5Gemma, a
tiny one of which is made here. Random weights everywhere, so that each part has a say in the sound.
"""

from __future__ import annotations

import atexit
import functools
import json
import tempfile
from pathlib import Path
from typing import Any, Literal

import torch

from benchmarks.byte_tokenizer import save_byte_tokenizer
from midifrag.engine.loading.model import Model
from midifrag.engine.loading.silence_output import silence_output
from tests.engine.stock import as_model
from tests.engine.tiny_models import module_of, save_checkpoint

Sort = Literal["small", "medium"]

SAMPLE_RATE = 1000
#: Samples of a latent: 16 patches of 4.
DOWNSAMPLING = 64
LATENT_CHANNELS = 8
#: The name of the folder of T5Gemma in the real repositories.
SUBFOLDER = "t5gemma-b-b-ul2"


def sa3_config(
    sort: Sort = "small", objective: str = "rf_denoiser", *, seconds: float = 16.0, gemma: str | None = None
) -> dict[str, Any]:
    """A model_config.json's content; ``gemma`` is the folder of its text encoder, by default a shared one."""
    reading = {"max_length": 96, "padding_mode": "learned", "model_path": gemma or shared_gemma()}
    prompt = {"id": "prompt", "type": "t5gemma", "config": reading}
    width = 768
    length = {"min_val": 0, "max_val": 384, "fourier_features_type": "expo"}
    return {
        "model_type": "diffusion_cond_inpaint",
        "sample_size": int(seconds * SAMPLE_RATE) // (2 * DOWNSAMPLING) * 2 * DOWNSAMPLING,
        "sample_rate": SAMPLE_RATE,
        "audio_channels": 2,
        "model": {
            "pretransform": {
                "type": "autoencoder",
                "iterate_batch": True,
                "chunked": True,
                "config": _autoencoder(sort),
            },
            "conditioning": {
                "configs": [prompt, {"id": "seconds_total", "type": "number", "config": length}],
                "cond_dim": width,
            },
            "diffusion": {
                "type": "dit",
                "diffusion_objective": objective,
                "cross_attention_cond_ids": ["prompt", "seconds_total"],
                "global_cond_ids": ["seconds_total"],
                "local_add_cond_ids": ["inpaint_mask", "inpaint_masked_input"],
                "distribution_shift_options": {"type": "full", "base_shift": 0.5, "max_shift": 1.15},
                "mask_padding_attention": True,
                "use_effective_length_for_schedule": True,
                "config": {
                    "io_channels": LATENT_CHANNELS,
                    "embed_dim": 64,
                    "depth": 2,
                    "num_heads": 2,
                    "cond_token_dim": width,
                    "global_cond_dim": width,
                    "local_add_cond_dim": 1 + LATENT_CHANNELS,
                    "project_cond_tokens": True,
                    "project_global_cond": True,
                    "transformer_type": "continuous_transformer",
                    "global_cond_type": "adaLN",
                    "timestep_features_type": "expo",
                    "timestep_features_dim": 32,
                    "num_memory_tokens": 4,
                    "norm_type": "rms_norm",
                    "norm_kwargs": {"force_fp32": True},
                    "attn_kwargs": {"qk_norm": "rms", "differential": sort == "medium"},
                    "ff_kwargs": {"mult": 2, "no_bias": False},
                },
            },
            "io_channels": LATENT_CHANNELS,
        },
    }


def _autoencoder(sort: Sort) -> dict[str, Any]:
    depth = 4 if sort == "small" else 3
    shared: dict[str, Any] = {
        "channels": 16,
        "c_mults": [4],
        "strides": [16],
        "latent_dim": LATENT_CHANNELS,
        "transformer_depths": [depth],
        "differential": True,
        "dyt": True,
        "dim_heads": 32,
        "variable_stride": True,
        "chunk_size": 32,
    }
    shared |= {"chunk_midpoint_shift": True} if sort == "small" else {"sliding_window": [1, 1]}
    own = {"sinusoidal_blocks": [0 if sort == "small" else 2], "conv_mapping": sort == "small", "mask_noise": 0.01}
    softnorm = {"dim": LATENT_CHANNELS, "noise_augment_dim": 0, "noise_regularize": True, "auto_scale": True}
    return {
        "pretransform": {"type": "patched", "config": {"patch_size": 4, "channels": 2}},
        "encoder": {"type": "same", "config": {"in_channels": 8, "mask_noise": 0.0, **shared}},
        "decoder": {"type": "same", "config": {"out_channels": 8, **shared, **own}},
        "bottleneck": {"type": "softnorm", "config": {**softnorm, "freeze": True}},
        "latent_dim": LATENT_CHANNELS,
        "downsampling_ratio": DOWNSAMPLING,
        "io_channels": 2,
    }


def sa3(
    sort: Sort = "small",
    objective: str = "rf_denoiser",
    *,
    seed: int = 0,
    headroom: float | None = None,
    **config: Any,
) -> Model:
    """A shrunk model as the loader would hand it over, on the CPU in fp32."""
    whole = sa3_config(sort, objective, **config)
    if headroom is not None:
        whole["midifrag"] = {"headroom": headroom}
    with silence_output():
        module = module_of(whole, seed)
    balance(module)
    return as_model(module, whole)


def balance(module: torch.nn.Module) -> None:
    """Have every part heard: norms of the autoencoder about as steep as they begin, and small modulations."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.startswith("pretransform.") and name.endswith("norm.alpha"):
                parameter.copy_(2 * (1 + parameter))
            elif "global_cond_embedder" in name and parameter.dim() == 2:
                parameter.mul_(parameter.shape[1] ** -0.5)


def save_gemma(folder: Path) -> Path:
    """The smallest T5Gemma that stable-audio-tools takes, as transformers saves it, with a tokenizer of bytes."""
    from transformers import T5GemmaConfig, T5GemmaEncoderModel, T5GemmaModuleConfig

    save_byte_tokenizer(folder)
    shape = {
        "vocab_size": 300,
        "hidden_size": 768,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "layer_types": ["full_attention"],
        "pad_token_id": 0,
    }
    torch.manual_seed(5)
    with silence_output():
        encoder = T5GemmaModuleConfig(**shape)
        config = T5GemmaConfig(encoder=encoder, decoder=T5GemmaModuleConfig(**shape), is_encoder_decoder=False)
        T5GemmaEncoderModel(config).save_pretrained(folder)
    return folder


def save_repository(folder: Path, name: str, *, seed: int = 0) -> Path:
    """A folder like the real repositories: the model, and T5Gemma in a folder of its own, which it names."""
    gemma = save_gemma(folder / SUBFOLDER)
    config = sa3_config(gemma=str(gemma))
    save_checkpoint(module_of(config, seed=seed), folder / "model.safetensors", "safetensors")
    reading = config["model"]["conditioning"]["configs"][0]["config"]
    del reading["model_path"]
    reading |= {"repo_id": name, "subfolder": SUBFOLDER}
    (folder / "model_config.json").write_text(json.dumps(config))
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, as a repository of the hub has it."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@functools.cache
def shared_gemma() -> str:
    """The folder of one, for as long as this process lives."""
    folder = tempfile.TemporaryDirectory(prefix="tiny-gemma-")
    atexit.register(folder.cleanup)
    return str(save_gemma(Path(folder.name)))
