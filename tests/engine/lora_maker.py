"""LoRAs with seeded random numbers for tiny models, as stable-audio-tools and others save them; and the oracle."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from midifrag.engine.loading.adapters import adaptable
from midifrag.engine.loading.model import Model
from midifrag.engine.loading.silence_output import silence_output

#: Rank and alpha of what is made here.
RANK, ALPHA = 3, 6.0


def save_stock_lora(model: Model, file: Path, kind: str = "lora", seed: int = 0, rank: int = RANK) -> Path:
    """What stable-audio-tools saves of a LoRA of this kind in all of a model's layers, heard in each of them."""
    from stable_audio_tools.models.lora import LoRAParametrization, add_lora, get_lora_state_dict, save_lora_safetensors

    options = {"rank": rank, "lora_alpha": ALPHA, "adapter_type": kind}
    made = {
        nn.Linear: {"weight": partial(LoRAParametrization.from_linear, **options)},
        nn.Conv1d: {"weight": partial(LoRAParametrization.from_conv1d, **options)},
    }
    module = fresh(model)
    with silence_output():
        for part in (module.model, module.conditioner):
            add_lora(part, made)
    state = {**get_lora_state_dict(module.model), **get_lora_state_dict(module.conditioner)}
    drawn = torch.Generator().manual_seed(seed)
    for name, value in state.items():
        noise = torch.randn(value.shape, generator=drawn)
        is_length = "magnitude" in name
        state[name] = value * (1 + 0.2 * noise) if is_length else noise * (0.5 / value.shape[-1] ** 0.5)
    save_lora_safetensors(state, {"rank": rank, "alpha": ALPHA, "adapter_type": kind}, str(file))
    return file


def stock_with(model: Model, loras: Sequence[tuple[Path, float]]) -> Model:
    """The model as stable-audio-tools plays it with these files and strengths."""
    from stable_audio_tools.models.lora import load_and_apply_loras, set_lora_strength

    module = fresh(model)
    with silence_output(), contextlib.redirect_stdout(None):
        load_and_apply_loras(module, [str(file) for file, _ in loras], "diffusion_cond")
    for index, (_, strength) in enumerate(loras):
        for part in (module.model, module.conditioner):
            set_lora_strength(part, strength, index)
    return replace(model, module=module)


def fresh(model: Model) -> Any:
    """The model's module once more, with weights of its own in what LoRAs change."""
    module = copy.copy(model.module)
    own = {part: copy.deepcopy(getattr(model.module, part)) for part in ("model", "conditioner")}
    module._modules = {**model.module._modules, **own}
    return module


def products(file: Path) -> dict[str, tuple[Tensor, Tensor]]:
    """The factors of a plain LoRA of stable-audio-tools', down and up, by layer as the model's wrapper names it."""
    with safe_open(str(file), framework="pt") as stream:
        values = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 — it is no mapping
    found = {}
    for name, down in values.items():
        layer, _, role = name.partition(".parametrizations.weight.0.")
        if role == "lora_A":
            whole = f"conditioner.{layer}" if layer.startswith("conditioners.") else f"model.{layer}"
            found[whole] = (down, values[f"{layer}.parametrizations.weight.0.lora_B"])
    return found


def save_loraw(file: Path, found: dict[str, tuple[Tensor, Tensor]]) -> Path:
    """As LoRAW saves them: names like paths, no scale, by ``torch.save``."""
    state = {}
    for name, (down, up) in found.items():
        path = name.replace(".", "/")
        state |= {f"{path}/lora_down.weight": down.contiguous(), f"{path}/lora_up.weight": up.contiguous()}
    torch.save(state, file)
    return file


def save_kohya(file: Path, found: dict[str, tuple[Tensor, Tensor]], alpha: float | None = ALPHA) -> Path:
    """As kohya's scripts save them: names without dots, the scale beside each."""
    state = {}
    for name, (down, up) in found.items():
        flat = "lora_unet_" + name.removeprefix("model.model.").replace(".", "_")
        state |= {f"{flat}.lora_down.weight": down.contiguous(), f"{flat}.lora_up.weight": up.contiguous()}
        state |= {} if alpha is None else {f"{flat}.alpha": torch.tensor(alpha)}
    save_file(state, file)
    return file


def save_peft(file: Path, found: dict[str, tuple[Tensor, Tensor]], config: dict[str, Any] | None = None) -> Path:
    """As peft saves them, with its adapter_config.json beside where there is a ``config``."""
    state = {}
    for name, (down, up) in found.items():
        before = "base_model.model." + name.removeprefix("model.model.")
        state |= {f"{before}.lora_A.weight": down.contiguous(), f"{before}.lora_B.weight": up.contiguous()}
    save_file(state, file)
    if config is not None:
        (file.parent / "adapter_config.json").write_text(json.dumps(config))
    return file


def damaged(file: Path, to: Path, change: Callable[[dict[str, Tensor]], None]) -> Path:
    """A file with its tensors changed, and all that it says of itself."""
    with safe_open(str(file), framework="pt") as stream:
        values = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 — it is no mapping
        metadata = stream.metadata()
    change(values)
    save_file(values, to, metadata=metadata)
    return to


def layers_of(model: Model) -> dict[str, nn.Module]:
    """What a LoRA may change of it."""
    return adaptable(model.module)
