"""``python -m training.export``: put the trained model together as a folder that stable-audio-tools loads.

Writes ``export/`` in the run: ``model_config.json``, ``model.safetensors`` (fp16) and ``tokenizer/``. Copy the folder
wherever models are kept; the model card is written by ``training.card`` once the model has been evaluated.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from stable_audio_tools.models.diffusion import ConditionedDiffusionModelWrapper
from torch import nn

from training.config import model_config
from training.latents import load_codec
from training.loop import Average, parser
from training.presets import PRESETS, Preset
from training.tokens import PAD, UNKNOWN, save_tokenizer, vocabulary
from training.transformer import build

#: What the model is played with when nothing is said.
DEFAULTS = {"steps": 8, "cfg_scale": 3.0, "seconds": 3.0}


def assemble(run: Path, preset: Preset) -> ConditionedDiffusionModelWrapper:
    """The stock model with the averaged transformer and the autoencoder of unit-size latents."""
    model = build(run, preset)
    trained = nn.ModuleDict({"transformer": model.model, "conditioner": model.conditioner})
    state = torch.load(run / "diffusion.pt", map_location="cpu", weights_only=True)
    trained.load_state_dict(state["trained"])
    average = Average(trained)
    average.load_state_dict(state["average"])
    average.copy_to(trained)
    model.pretransform.model.load_state_dict(load_codec(run, preset).stock.state_dict())
    with torch.no_grad():
        table = model.conditioner.conditioners["prompt"].token_embedder.weight
        table[[vocabulary().index(PAD), vocabulary().index(UNKNOWN)]] = 0
    return model


def exported_config(preset: Preset) -> dict[str, Any]:
    """The ``model_config.json``, with what midifrag needs to know beside it."""
    config = model_config(preset.autoencoder, preset.diffusion)
    return {**config, "midifrag": {"defaults": DEFAULTS, "short_latents": True}}


def main() -> None:
    """Write the folder."""
    arguments = parser(__doc__).parse_args()
    preset, folder = PRESETS[arguments.preset], arguments.run / "export"
    save_tokenizer(folder / "tokenizer")
    (folder / "model_config.json").write_text(json.dumps(exported_config(preset), indent=2))
    state = assemble(arguments.run, preset).state_dict()
    save_file(
        {name: value.half().contiguous() if value.is_floating_point() else value for name, value in state.items()},
        str(folder / "model.safetensors"),
    )
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {size / 1e6:.1f} MB, {sum(value.numel() for value in state.values()) / 1e6:.2f} M numbers")


if __name__ == "__main__":
    main()
