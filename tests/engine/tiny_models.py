"""Tiny stable-audio-tools models with seeded random weights, built locally: no network, no downloads, 0.2 s each.

They have every part of a real one: a DiT over the latents of an Oobleck VAE, a text conditioner (`lut`, on a byte-level
tokenizer made here) and two numbers, ``seconds_start`` and ``seconds_total``. Zero-initialised layers get random values
too, so that each part has a say in the output.
"""

from __future__ import annotations

import atexit
import copy
import functools
import json
import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import torch

from benchmarks.byte_tokenizer import save_byte_tokenizer
from midifrag.config.model_defaults import Objective
from midifrag.engine.loading.light_imports import light_imports
from midifrag.engine.loading.silence_output import silence_output
from midifrag.engine.loading.stock import leave_out_compiler

SAMPLE_RATE = 8000
CHANNELS = 2
DOWNSAMPLING = 64
LATENT_CHANNELS = 8
SAMPLE_SIZE = 256 * DOWNSAMPLING

CheckpointKind = Literal["safetensors", "ckpt", "training", "training_ema"]


def tiny_config(
    objective: Objective = "v",
    *,
    tokenizer: str = "tokenizer",
    sample_size: int = SAMPLE_SIZE,
    midifrag: Mapping[str, Any] | None = None,
    **transformer: Any,
) -> dict[str, Any]:
    """A model_config.json's content. ``transformer`` overrides entries of the DiT's own configuration."""
    dit = {
        "io_channels": LATENT_CHANNELS,
        "embed_dim": 64,
        "depth": 2,
        "num_heads": 2,
        "cond_token_dim": 32,
        "global_cond_dim": 64,
        "project_cond_tokens": False,
        "transformer_type": "continuous_transformer",
        **transformer,
    }
    oobleck = {"channels": 8, "c_mults": [1, 2, 4], "strides": [4, 4, 4], "use_snake": True}
    config: dict[str, Any] = {
        "model_type": "diffusion_cond",
        "sample_size": sample_size,
        "sample_rate": SAMPLE_RATE,
        "audio_channels": CHANNELS,
        "model": {
            "pretransform": {
                "type": "autoencoder",
                "iterate_batch": True,
                "config": {
                    "encoder": {
                        "type": "oobleck",
                        "config": {"in_channels": CHANNELS, "latent_dim": 2 * LATENT_CHANNELS, **oobleck},
                    },
                    "decoder": {
                        "type": "oobleck",
                        "config": {
                            "out_channels": CHANNELS,
                            "latent_dim": LATENT_CHANNELS,
                            "final_tanh": False,
                            **oobleck,
                        },
                    },
                    "bottleneck": {"type": "vae"},
                    "latent_dim": LATENT_CHANNELS,
                    "downsampling_ratio": DOWNSAMPLING,
                    "io_channels": CHANNELS,
                },
            },
            "conditioning": {
                "configs": [
                    {"id": "prompt", "type": "lut", "config": {"tokenizer_name": tokenizer, "max_length": 24}},
                    {"id": "seconds_start", "type": "number", "config": {"min_val": 0, "max_val": 512}},
                    {"id": "seconds_total", "type": "number", "config": {"min_val": 0, "max_val": 512}},
                ],
                "cond_dim": 32,
            },
            "diffusion": {
                "cross_attention_cond_ids": ["prompt", "seconds_start", "seconds_total"],
                "global_cond_ids": ["seconds_start", "seconds_total"],
                "diffusion_objective": objective,
                "type": "dit",
                "config": dit,
            },
            "io_channels": LATENT_CHANNELS,
        },
    }
    if objective == "rf_denoiser":
        config["model"]["diffusion"]["distribution_shift_options"] = {"min_length": 64, "max_length": 1024}
    if midifrag is not None:
        config["midifrag"] = dict(midifrag)
    return config


@functools.cache
def shared_tokenizer() -> str:
    folder = tempfile.TemporaryDirectory(prefix="tiny-tokenizer-")
    atexit.register(folder.cleanup)
    return str(save_byte_tokenizer(Path(folder.name)))


def tiny_model(objective: Objective = "v", *, seed: int = 0, **config: Any) -> tuple[Any, dict[str, Any]]:
    """A model in eval mode on the CPU in fp32, and its configuration; ``config`` goes to `tiny_config`."""
    whole = tiny_config(objective, **{"tokenizer": shared_tokenizer(), **config})
    return module_of(whole, seed), whole


def module_of(whole: Mapping[str, Any], seed: int = 0) -> Any:
    """The model that a configuration describes, in eval mode on the CPU in fp32, with random weights."""
    with silence_output(), light_imports():
        from stable_audio_tools.models.factory import create_model_from_config

        module = create_model_from_config(copy.deepcopy(dict(whole)))
    leave_out_compiler()
    randomise(module, seed)
    return module.eval().requires_grad_(False)


def told_more(config: dict[str, Any], *more: Mapping[str, Any], globally: bool = True) -> dict[str, Any]:
    """A configuration with more conditioners, each in cross-attention and, unless told otherwise, globally."""
    diffusion = config["model"]["diffusion"]
    for entry in more:
        config["model"]["conditioning"]["configs"].append(dict(entry))
        diffusion["cross_attention_cond_ids"].append(entry["id"])
        if globally:
            diffusion["global_cond_ids"].append(entry["id"])
    diffusion["config"]["global_cond_dim"] = 32 * len(diffusion["global_cond_ids"])
    return config


def for_inpainting(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration of a model that is told what it keeps of a sound."""
    config["model_type"] = "diffusion_cond_inpaint"
    config["model"]["diffusion"]["input_concat_ids"] = ["inpaint_mask", "inpaint_masked_input"]
    config["model"]["diffusion"]["config"]["input_concat_dim"] = LATENT_CHANNELS + 1
    return config


def randomise(module: torch.nn.Module, seed: int) -> None:
    """Draw every parameter anew, at scales that keep activations and latents near one."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        drawn = dict((*module.named_parameters(), *_learned_features(module)))
        for name in filter(drawn.__contains__, module.state_dict()):
            parameter = drawn[name]
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith(("weight_g", "original0")):
                parameter.copy_(0.7 + 0.1 * noise)
            elif name.endswith(("gamma", "norm.weight")):
                parameter.copy_(1 + 0.1 * noise)
            elif parameter.dim() < 2 or name.endswith(("alpha", "beta", "bias")):
                parameter.copy_(0.1 * noise)
            elif name.endswith(("project_out.weight", "to_out.weight", "ff.2.weight")):
                parameter.copy_(0.3 * noise / math.sqrt(parameter[0].numel()))
            elif "embed" in name and parameter.dim() == 2 and "to_" not in name:
                parameter.copy_(noise)
            else:
                parameter.copy_(noise / math.sqrt(parameter[0].numel()))


def _learned_features(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """What of timesteps is learned, or drawn once: no parameter, and in checkpoints all the same."""
    return ((name, buffer) for name, buffer in module.named_buffers() if name.endswith("timestep_features.weight"))


def save_checkpoint(module: torch.nn.Module, file: Path, kind: CheckpointKind) -> None:
    """Write the weights as stable-audio-tools exports them, or as its training leaves them (without and with EMA)."""
    state = {key: value.clone() for key, value in module.state_dict().items()}
    if kind == "safetensors":
        from safetensors.torch import save_file

        save_file(state, str(file))
        return
    if kind == "ckpt":
        torch.save({"state_dict": state}, file)
        return
    wrapped = {f"diffusion.{key}": value for key, value in state.items()}
    wrapped["losses.weight"] = torch.ones(1)
    if kind == "training_ema":
        wrapped |= {f"diffusion_ema.ema_{key}": value for key, value in state.items() if key.startswith("model.")}
        for key in [key for key in wrapped if key.startswith("diffusion.model.")]:
            wrapped[key] = wrapped[key] + 1
        wrapped |= {"diffusion_ema.initted": torch.tensor(True), "diffusion_ema.step": torch.tensor(7)}
    torch.save({"epoch": 3, "global_step": 7, "pytorch-lightning_version": "2.1.0", "state_dict": wrapped}, file)


def tiny_model_folder(
    folder: Path,
    objective: Objective = "v",
    *,
    seed: int = 0,
    kind: CheckpointKind = "safetensors",
    **config: Any,
) -> Path:
    """Save a tiny model as a folder with model_config.json, its tokenizer and a checkpoint; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    save_byte_tokenizer(folder / "tokenizer")
    module, _ = tiny_model(objective, seed=seed, **config)
    (folder / "model_config.json").write_text(json.dumps(tiny_config(objective, **config), indent=2))
    save_checkpoint(module, folder / ("model.safetensors" if kind == "safetensors" else "model.ckpt"), kind)
    return folder
