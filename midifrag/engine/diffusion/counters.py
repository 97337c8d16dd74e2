"""What an engine counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """What has happened since loading. After warm-up only the first two grow while known prompts are played."""

    denoiser_calls: int = 0
    decoder_calls: int = 0
    text_encoder_runs: int = 0
    models_built: int = 0
