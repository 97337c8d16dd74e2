"""A loaded stable-audio-tools model and what the engine needs to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch

from midifrag.config.model_defaults import Defaults, Objective
from midifrag.config.model_inputs import ModelInput, makes_parts, model_inputs
from midifrag.config.variable_length import VariableLength

Precision: TypeAlias = Literal["fp32", "fp16", "bf16", "fp8"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model in memory. ``module`` is the stable-audio-tools ``ConditionedDiffusionModelWrapper``, in eval mode.

    ``sample_size`` is the longest length in samples, ``downsampling`` the samples in one latent frame.
    ``short_latents`` says whether fewer latents than ``sample_size`` may be rendered for a short request, and
    ``min_seconds`` which takes it renders well at least.
    ``checksum`` is the SHA-256 of the checkpoint, in hex; ``remark`` says why a card is not used, and what a performer
    should know of the checkpoint.
    ``variable`` says how many latents a take has where the model renders any length.
    ``encodes`` says whether its autoencoder makes latents of a sound too.
    ``files`` are its checkpoint and that of its autoencoder, if it has its own, where it was read from files.
    ``noise`` is where a seed becomes noise: how a card draws depends on how many processors it has.
    """

    name: str
    module: Any
    config: Mapping[str, Any]
    checksum: str
    device: torch.device
    precision: Precision
    objective: Objective
    sample_rate: int
    channels: int
    sample_size: int
    downsampling: int
    defaults: Defaults
    short_latents: bool
    min_seconds: float = 0.0
    remark: str = ""
    noise: Literal["device", "cpu"] = "device"
    variable: VariableLength | None = None
    files: tuple[Path, Path | None] | None = None
    encodes: bool = False

    @property
    def begins_from(self) -> tuple[Literal["sound", "part"], ...]:
        """What it can make of a sound, see `midifrag.engine.messages.EngineInfo`."""
        if not self.encodes:
            return ()
        return ("sound", "part") if makes_parts(self.config) else ("sound",)

    @property
    def inputs(self) -> tuple[ModelInput, ...]:
        """What it is told of a take."""
        return model_inputs(self.config)

    def valid_frames(self, seconds: float) -> int | None:
        """How many of a take's latents count, the others being padding; None where all do."""
        return None if self.variable is None else self.variable.valid(seconds)

    @property
    def noise_device(self) -> torch.device:
        """Where noise is drawn."""
        return torch.device("cpu") if self.noise == "cpu" else self.device

    @property
    def max_seconds(self) -> float:
        """The longest take in seconds."""
        return self.sample_size / self.sample_rate


def can_encode(module: Any) -> bool:
    """Whether a model's autoencoder has what makes latents of a sound, with weights in it."""
    pretransform = module.pretransform
    autoencoder = getattr(pretransform, "model", None)
    if autoencoder is None:
        return type(pretransform).__name__ in ("PatchedPretransform", "WaveletPretransform")
    encoder = getattr(autoencoder, "encoder", None)
    if encoder is None or getattr(autoencoder.bottleneck, "is_discrete", False):
        return False
    return any(bool(parameter.any()) for parameter in encoder.parameters())
