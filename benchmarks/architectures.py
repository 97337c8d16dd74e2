"""Models of a real architecture with random weights: how long they take does not depend on the values.

``stable-audio-open-1.0`` follows the published description; ``stable-audio-open-small`` is assembled from published
descriptions and may differ from the released file in details that do not change the amount of work; ``pocket`` and
``pocket-1`` are the built-in models' shapes; the engine's rows time those models themselves. ``stable-audio-3-small``
and ``-medium`` are put together from public code.

Text encoders are replaced by a lookup table of the same token count and width, since a prompt is encoded once and
kept, and since there may be no hub to fetch them from.
"""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any, cast

import torch

from benchmarks.byte_tokenizer import save_byte_tokenizer
from midifrag.config.catalogue import EARLIER_POCKET_FOLDER, POCKET_FOLDER
from midifrag.config.model_defaults import defaults_of, objective_of
from midifrag.config.variable_length import variable_length
from midifrag.engine.loading.load import leave_out_decoding_noise
from midifrag.engine.loading.model import Model, Precision
from midifrag.engine.loading.precision import move_model
from midifrag.engine.loading.silence_output import silence_output
from midifrag.engine.loading.stock import leave_out_compiler, leave_out_training

FOLDER = Path(__file__).parent / "architectures"
SHIPPED = {"pocket": POCKET_FOLDER, "pocket-1": EARLIER_POCKET_FOLDER}


def random_model(
    name: str,
    *,
    precision: Precision = "fp32",
    device: str = "cpu",
    short_latents: bool | None = None,
    smaller: int = 1,
    narrower: int = 1,
) -> Model:
    """A built-in model's architecture, or ``architectures/<name>.json``, with random weights.

    ``smaller`` divides depth and length.

    ``narrower`` divides widths, which nothing real is like any more.
    """
    file = SHIPPED[name] / "model_config.json" if name in SHIPPED else FOLDER / f"{name}.json"
    config = narrowed(shrunk(json.loads(file.read_text(encoding="utf-8")), smaller), narrower)
    with tempfile.TemporaryDirectory() as folder, silence_output():
        tokenizer = str(save_byte_tokenizer(Path(folder)))
        for entry in config["model"]["conditioning"]["configs"]:
            if entry["type"] in ("t5", "t5gemma", "lut"):
                entry.update(
                    type="lut", config={"tokenizer_name": tokenizer, "max_length": entry["config"]["max_length"]}
                )
        leave_out_training()
        from stable_audio_tools.models.factory import create_model_from_config

        torch.manual_seed(0)
        module = create_model_from_config(config).eval().requires_grad_(False)
    _randomise(module)
    leave_out_decoding_noise(module)
    leave_out_compiler()
    where = torch.device(device)
    move_model(module, where, precision)
    rate, size = config["sample_rate"], config["sample_size"]
    defaults, short = defaults_of(config, {}, size / rate)
    return Model(
        name=name,
        module=module,
        config=config,
        checksum="random weights",
        device=where,
        precision=precision,
        objective=objective_of(config),
        sample_rate=rate,
        channels=config["audio_channels"],
        sample_size=size,
        downsampling=module.pretransform.downsampling_ratio,
        defaults=defaults,
        short_latents=short if short_latents is None else short_latents,
        variable=variable_length(config, {}, module.pretransform.downsampling_ratio),
    )


def timed_model(name: str, **options: Any) -> Model:
    """What is timed: the shipped model itself where that is whole, else an architecture; see `random_model`."""
    if name in SHIPPED and options.get("smaller", 1) == 1 and options.get("narrower", 1) == 1:
        from midifrag.engine import api

        return cast(Model, api.load_model(name, options.get("device", "cpu"), options.get("precision", "fp32")))
    return random_model(name, **options)


def shrunk(config: dict[str, Any], divisor: int) -> dict[str, Any]:
    """The same architecture with depth and longest length divided, for a dry run on a small machine."""
    smaller = copy.deepcopy(config)
    transformer = smaller["model"]["diffusion"]["config"]
    transformer["depth"] = max(1, transformer["depth"] // divisor)
    autoencoder = smaller["model"]["pretransform"]["config"]
    for part in ("encoder", "decoder"):
        layers = autoencoder[part]["config"]
        # Those that are transformers themselves.
        layers |= {
            name: [depth and max(1, depth // divisor) for depth in layers[name]]
            for name in ("transformer_depths", "sinusoidal_blocks")
            if name in layers
        }
    ratio = autoencoder["downsampling_ratio"]
    smaller["sample_size"] = max(1, smaller["sample_size"] // ratio // divisor) * ratio
    defaults = smaller.get("midifrag", {}).get("defaults", {})
    if "seconds" in defaults:
        defaults["seconds"] = min(defaults["seconds"], smaller["sample_size"] / smaller["sample_rate"])
    return smaller


def narrowed(config: dict[str, Any], divisor: int) -> dict[str, Any]:
    """The same architecture with fewer heads and channels, for tests of what times it."""
    if divisor == 1:
        return config
    narrower = copy.deepcopy(config)
    transformer = narrower["model"]["diffusion"]["config"]
    width = transformer["embed_dim"] // transformer["num_heads"]
    transformer["num_heads"] = max(1, transformer["num_heads"] // divisor)
    wide = transformer["embed_dim"] = width * transformer["num_heads"]
    # Prompts are as wide as what reads them: some models have as many heads of the one as of the other.
    narrower["model"]["conditioning"]["cond_dim"] = transformer["cond_token_dim"] = wide
    transformer["global_cond_dim"] = wide * len(narrower["model"]["diffusion"]["global_cond_ids"])
    autoencoder = narrower["model"]["pretransform"]["config"]
    for part in ("encoder", "decoder"):
        layers = autoencoder[part]["config"]
        if autoencoder[part]["type"] == "same":
            # One head is the least.
            layers |= {"channels": layers["dim_heads"] // 4, "c_mults": [4]}
        else:
            layers["channels"] = max(4, layers["channels"] // divisor)
    return narrower


def _randomise(module: torch.nn.Module) -> None:
    """Fill the layers that start at zero, so that a signal really passes through everything."""
    for parameter in module.parameters():
        if parameter.dim() > 1 and parameter.numel() and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.5 / parameter[0].numel() ** 0.5)
