"""What a performer can choose about fragments and the archive. Each option says what it does; the docs list them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class FragmentOptions(BaseModel):
    """How a take becomes a fragment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trim: bool = Field(default=True, description="remove silence at both ends")
    silence_threshold_db: float = Field(
        default=-40.0,
        ge=-120.0,
        lt=0.0,
        description="silence at the ends: below this level, in dB relative to the loudest 10 ms",
    )
    silent_below_db: float = Field(
        default=-90.0, ge=-200.0, lt=0.0, description="a take whose peak is below this level, in dBFS, counts as silent"
    )
    fade_ms: float = Field(
        default=10.0,
        ge=0.0,
        le=10_000.0,
        description="linear fade in and out, in milliseconds, at most half of the sound each; 0 for none",
    )
    normalise: Literal["peak", "loudness", "none"] = Field(
        default="peak", description="peak: to full scale; loudness: to the loudness target; none: only if it would clip"
    )
    loudness: float = Field(
        default=-14.0, ge=-70.0, le=0.0, description="loudness target in LUFS, for normalise: loudness"
    )
    loop: bool = Field(default=False, description="make a seamless loop: the end is crossfaded into the beginning")
    loop_crossfade_ms: float = Field(
        default=50.0, ge=0.0, le=10_000.0, description="length of a loop's crossfade, in milliseconds"
    )
    loop_align: bool = Field(
        default=False,
        description="cut a loop on its beats, or at zero crossings where it has none, before the crossfade",
    )
    stretch: bool = Field(
        default=False,
        description="a length in bars or beats whose tempo has moved since its take was asked for: the sound is "
        "stretched to the new tempo, and not just cut",
    )
    bits: Literal[16, 24] = Field(default=16, description="bits per sample of the slot files")


class ArchiveOptions(BaseModel):
    """How takes are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bits: Literal[16, 24, 32] = Field(
        default=24, description="bits per sample of archived takes; 32 is floating point and never scaled"
    )
