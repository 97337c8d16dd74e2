"""Models that render any length: which they are, and how many latents a take of theirs has.

These are Stable Audio 3, as stable-audio-tools 0.0.20 plays it (``inference/generation.py``, ``data/utils.py``): a take
is rendered with some seconds beyond its end, and what is beyond those too is padding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from midifrag.config.model_inputs import INPAINT_NAMES
from midifrag.errors import ModelError

#: Seconds that stable-audio-tools renders beyond a take's end.
HEADROOM = 6.0


@dataclass(frozen=True, slots=True)
class VariableLength:
    """How a model's latents follow a take's length.

    ``headroom`` seconds are rendered beyond its end; the number of latents is a multiple of ``alignment``.
    """

    sample_rate: int
    downsampling: int
    most: int
    headroom: float = HEADROOM
    alignment: int = 1

    def effective(self, seconds: float) -> int:
        """The latents of the take alone."""
        return max(1, math.ceil(int(seconds * self.sample_rate) / self.downsampling))

    def valid(self, seconds: float) -> int:
        """The latents that count, with the headroom; the others of those that are rendered are padding."""
        beyond = int(self.headroom * self.sample_rate / self.downsampling)
        return min(self.effective(seconds) + beyond, self.rendered(seconds))

    def rendered(self, seconds: float) -> int:
        """The latents that are rendered."""
        samples = int((seconds + self.headroom) * self.sample_rate)
        unit = self.downsampling * self.alignment
        whole = max(1, math.ceil(samples / unit)) * self.alignment
        return min(max(whole, self.effective(seconds)), self.most)


def is_variable(config: Mapping[str, Any]) -> bool:
    """Whether a model_config.json describes one that renders any length."""
    diffusion = config["model"].get("diffusion", {})
    if diffusion.get("mask_padding_attention") or diffusion.get("use_effective_length_for_schedule"):
        return True
    return bool(INPAINT_NAMES & set(diffusion.get("local_add_cond_ids", ())))


def variable_length(config: Mapping[str, Any], source: Mapping[str, Any], downsampling: int) -> VariableLength | None:
    """How a model's latents follow its takes' lengths; None where they do not. Raises `ModelError`.

    ``headroom`` is what its entry in presets.yaml says, or it itself in a ``"midifrag"`` block.
    """
    if not is_variable(config):
        return None
    said = source.get("headroom", config.get("midifrag", {}).get("headroom", HEADROOM))
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= 60:
        raise ModelError(f"The model's headroom of {said!r} is no number of seconds from 0 to 60.")
    rate, size = int(config["sample_rate"]), int(config["sample_size"])
    return VariableLength(rate, downsampling, size // downsampling, float(said), _alignment(config))


def _alignment(config: Mapping[str, Any]) -> int:
    """How many latents a chunk of its autoencoder has, whose attention sees no further."""
    autoencoder = config["model"]["pretransform"].get("config", {})
    encoder = autoencoder.get("encoder", {})
    told = encoder.get("config", {})
    if encoder.get("type") != "same" or told.get("sliding_window") is not None:
        return 1
    return max(1, int(told.get("chunk_size", 128)) // int(told.get("strides", (2,))[0]))
