"""The architecture of ``pocket`` as a ``model_config.json``."""

from __future__ import annotations

from typing import Any

from training.presets import LATENTS, RATIO, SAMPLE_RATE, AutoencoderPreset, DiffusionPreset

#: Octaves split off by the wavelets, and the strides after them; together 1024 samples a frame.
LEVELS, STRIDES = 7, (4, 2)
BANDS = 2 * 2**LEVELS
#: The longest sound: 259 frames, a little over six seconds.
SAMPLE_SIZE = 259 * RATIO
#: Words of a prompt that are read, and the width of their embeddings.
PROMPT_LENGTH, CONDITION_WIDTH = 8, 96


def autoencoder_config(preset: AutoencoderPreset) -> dict[str, Any]:
    """Wavelets, then a small convolutional encoder and decoder around a variational bottleneck."""
    shape = {"c_mults": list(preset.multiples), "strides": list(STRIDES), "use_snake": False}
    encoder = {"in_channels": BANDS, "channels": preset.encoder_channels, "latent_dim": 2 * LATENTS, **shape}
    decoder = {"out_channels": BANDS, "channels": preset.decoder_channels, "latent_dim": LATENTS, **shape}
    wavelet = {"channels": 2, "levels": LEVELS, "wavelet": "bior4.4"}
    return {
        "pretransform": {"type": "wavelet", "config": wavelet},
        "encoder": {"type": "oobleck", "config": encoder},
        "decoder": {"type": "oobleck", "config": decoder | {"final_tanh": False}},
        "bottleneck": {"type": "vae"},
        "latent_dim": LATENTS,
        "downsampling_ratio": RATIO,
        "io_channels": 2,
    }


def model_config(
    autoencoder: AutoencoderPreset, diffusion: DiffusionPreset, tokenizer: str = "tokenizer"
) -> dict[str, Any]:
    """The whole model: the autoencoder, a word table, two numbers and a rectified-flow transformer."""
    numbers = {"min_val": 0, "max_val": SAMPLE_SIZE // SAMPLE_RATE}
    transformer = {
        "io_channels": LATENTS,
        "embed_dim": diffusion.width,
        "depth": diffusion.depth,
        "num_heads": diffusion.heads,
        "cond_token_dim": CONDITION_WIDTH,
        "global_cond_dim": 2 * CONDITION_WIDTH,
        "project_cond_tokens": True,
        "transformer_type": "continuous_transformer",
        "global_cond_type": "adaLN",
        "num_memory_tokens": 4,
        "use_abs_pos_emb": True,
        "abs_pos_emb_max_length": SAMPLE_SIZE // RATIO,
        "attn_kwargs": {"qk_norm": "ln"},
        "ff_kwargs": {"mult": 2},
    }
    return {
        "model_type": "diffusion_cond",
        "sample_size": SAMPLE_SIZE,
        "sample_rate": SAMPLE_RATE,
        "audio_channels": 2,
        "model": {
            "pretransform": {"type": "autoencoder", "iterate_batch": True, "config": autoencoder_config(autoencoder)},
            "conditioning": {
                "configs": [
                    {
                        "id": "prompt",
                        "type": "lut",
                        "config": {"tokenizer_name": tokenizer, "max_length": PROMPT_LENGTH},
                    },
                    {"id": "seconds_start", "type": "number", "config": numbers},
                    {"id": "seconds_total", "type": "number", "config": numbers},
                ],
                "cond_dim": CONDITION_WIDTH,
            },
            "diffusion": {
                "cross_attention_cond_ids": ["prompt", "seconds_start", "seconds_total"],
                "global_cond_ids": ["seconds_start", "seconds_total"],
                "diffusion_objective": "rectified_flow",
                "type": "dit",
                "config": transformer,
            },
            "io_channels": LATENTS,
        },
    }
