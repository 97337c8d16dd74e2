"""Why a checkpoint is not its model's: one sentence for each kind of misfit, with the way out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from midifrag.engine.loading.file_kinds import LORA, LORA_NAME
from midifrag.engine.loading.layouts import ENCODER, PARTS
from midifrag.engine.loading.stored import Stored

#: How many mismatching keys an error names.
SHOWN_KEYS = 3
#: Names that other models have as well are no part of this one.
CHANCE = 0.05

#: What those who save LoRA say of it.
_LORA_METADATA = ("lora_config", "ss_network_module", "lora_adapter_metadata")
_OPTIMISER = re.compile(r"(^|\.)(exp_avg|exp_avg_sq|momentum_buffer|param_groups|shadow_params)(\.|$)")
_TEXT_ENCODER = re.compile(r"(^|\.)(encoder\.block\.\d+\.layer|shared\.weight$|encoder\.embed_tokens)")
#: What models of other kinds are known by.
_STRANGERS: Mapping[str, re.Pattern[str]] = {
    "Stable Diffusion, which makes pictures": re.compile(r"(^|\.)(input_blocks|down_blocks|double_blocks)\.\d+\."),
    "MusicGen or another language model": re.compile(r"(^|\.)(transformer\.layers\.\d+\.linear1|lm_head)"),
    "CLAP": re.compile(r"(^|\.)(audio_branch|text_branch)\."),
    "a codec (EnCodec or DAC)": re.compile(r"(^|\.)quantizer\."),
}
_ITS_CONFIG = "Use the model_config.json that this checkpoint was trained with."


@dataclass(frozen=True, slots=True)
class Misfit:
    """What a checkpoint lacks and has that its model does not; names are the model's own, but for ``unused``.

    ``found`` are those that it has, in whatever shape; ``absent`` and ``reshaped`` are those that are missed.
    """

    stored: Stored
    expected: Mapping[str, torch.Tensor]
    found: Mapping[str, torch.Tensor]
    absent: Sequence[str]
    reshaped: Sequence[str]
    unused: Sequence[str]

    def share(self, part: str) -> float:
        """How much of a part of the model is there, from 0 to 1; its encoder does not count."""
        names = [name for name in self.expected if name.partition(".")[0] == part and not name.startswith(ENCODER)]
        share = sum(name in self.found for name in names) / len(names) if names else 1.0
        return share if share > CHANCE else 0.0


def lora_trouble(stored: Stored, has_model: bool) -> str | None:
    """Why a file with a LoRA is not played; None for one without."""
    names = [name for name in stored.tensors if LORA_NAME.search(name)]
    if not names and not any(key in stored.metadata for key in _LORA_METADATA):
        return None
    if has_model or any("base_layer" in name for name in names):
        return (
            f"holds a model with a LoRA beside it ({len(names)} weights, such as {names[0] if names else 'none'}), "
            "which is not merged into it. Merge it, with merge_and_unload of peft or what trained it, and save the "
            "model again: without it, another sound would play."
        )
    return f"{LORA.what}. {LORA.way_out}"


def why(misfit: Misfit) -> str:
    """What is wrong, as it goes on behind the file's name, and the way out."""
    parts = {name.partition(".")[0] for name in misfit.expected}
    shares = {part: misfit.share(part) for part in PARTS if part in parts}
    if not any(shares.values()):
        return _stranger(misfit)
    missing = [part for part, share in shares.items() if share == 0]
    if missing and all(share > 0.5 for part, share in shares.items() if part not in missing):
        return _partial(misfit, missing)
    if misfit.reshaped and not misfit.absent:
        return "\n".join(
            [
                "holds a model of the same kind in other sizes than its model_config.json describes.",
                *_listed("of another shape", _shapes(misfit)),
                _ITS_CONFIG,
            ]
        )
    return "\n".join(
        [
            "is a checkpoint of another architecture than its model_config.json describes.",
            *_listed("of another shape", _shapes(misfit)),
            *_listed("missing from the file", [f"{key} {shape(misfit.expected[key])}" for key in misfit.absent]),
            *_listed("unknown to the model", [f"{key} {shape(misfit.stored.tensors[key])}" for key in misfit.unused]),
            _ITS_CONFIG,
        ]
    )


def _partial(misfit: Misfit, missing: list[str]) -> str:
    if missing == ["pretransform"]:
        return (
            "holds no autoencoder, without which nothing can be heard. Name the checkpoint of its autoencoder with "
            "pretransform: beside checkpoint: in presets.yaml."
        )
    if missing == ["model", "conditioner"]:
        return (
            "holds an autoencoder alone. Name the diffusion model's checkpoint with checkpoint:, and this file beside "
            "it with pretransform:."
        )
    if missing == ["conditioner", "pretransform"]:
        return (
            "holds the diffusion network alone, without the model's conditioners and its autoencoder. Name the whole "
            "checkpoint; stable-audio-tools' unwrap_model.py exports it from the training's own."
        )
    if missing == ["conditioner"]:
        wanted = sorted({name.split(".")[2] for name in misfit.absent if name.startswith("conditioner.")})
        return f"lacks the weights of the model's conditioners ({', '.join(wanted)}). {_ITS_CONFIG}"
    told = " and ".join(f"no {PARTS[part]}" for part in missing)
    return f"holds {told}. Name the checkpoint of the whole model."


def _stranger(misfit: Misfit) -> str:
    names = list(misfit.stored.tensors)
    if any(_OPTIMISER.search(name) for name in names) or {"param_groups", "shadow_params"} & misfit.stored.beside:
        return "holds the state of a training's optimiser, and no model. Name the checkpoint that was saved beside it."
    for what, pattern in _STRANGERS.items():
        if any(pattern.search(name) for name in names):
            return f"holds weights of {what}. midifrag plays models of stable-audio-tools: name one of those."
    if any(_TEXT_ENCODER.search(name) for name in names):
        return (
            "holds a text encoder (T5) alone, which midifrag takes from the hub's cache by itself. "
            "Name the checkpoint of the diffusion model."
        )
    first = "; ".join(f"{name} {shape(misfit.stored.tensors[name])}" for name in names[:SHOWN_KEYS])
    return (
        f"is a checkpoint of another architecture than its model_config.json describes: none of its {len(names)} "
        f"weights is the model's ({first}). {_ITS_CONFIG}"
    )


def is_of_a_text_encoder(name: str) -> bool:
    """Whether a weight is one of T5's."""
    return _TEXT_ENCODER.search(name) is not None or re.search(r"(^|\.)final_layer_norm\.weight$", name) is not None


def listed(entries: Sequence[str]) -> str:
    """The first of some entries, and how many more there are."""
    more = f" and {len(entries) - SHOWN_KEYS} more" if len(entries) > SHOWN_KEYS else ""
    return f"{'; '.join(entries[:SHOWN_KEYS])}{more}"


def _listed(what: str, entries: list[str]) -> list[str]:
    return [f"{len(entries)} {what}: {listed(entries)}."] if entries else []


def _shapes(misfit: Misfit) -> list[str]:
    return [
        f"{key} is {shape(misfit.found[key])} in the file and {shape(misfit.expected[key])} in the model"
        for key in misfit.reshaped
    ]


def shape(tensor: torch.Tensor) -> str:
    """A tensor's shape in words."""
    return "×".join(map(str, tensor.shape)) or "scalar"
