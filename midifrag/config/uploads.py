"""How much `midifrag serve` takes of what shows upload: sounds that their pads begin from, and LoRAs."""

from __future__ import annotations

from pydantic import Field

from midifrag.config.value_types import Strict


class UploadSettings(Strict):
    """Megabytes, of each token and at each engine where nothing else is said; what was used longest ago goes first."""

    sound_mb: int = Field(
        default=160, ge=1, le=500, description="of one sound that a pad begins from; six minutes of stereo take 137"
    )
    lora_mb: int = Field(default=512, ge=1, le=100_000, description="of one LoRA")
    kept_mb: int = Field(default=2_000, ge=1, le=1_000_000, description="of all that are kept, on the disk")
    loras_mb: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000,
        description="of all LoRAs that an engine reads, which then stay in its memory",
    )
    disk_mb: int = Field(
        default=20_000,
        ge=1,
        le=100_000_000,
        description="of all that are kept on a machine, for all tokens, by all of its engines, which share it equally",
    )
