"""The one name for samples, which everybody may use: importing it does not import numpy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Samples as float32 within about ±1, of shape (channels, samples); (samples) where a function says that it is mono.
Audio: TypeAlias = "npt.NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class SourceSound:
    """A sound that a take begins from. ``checksum`` tells it from others, whatever file it lay in."""

    audio: Audio = field(compare=False, repr=False)
    sample_rate: int
    checksum: str

    @classmethod
    def of(cls, audio: Audio, sample_rate: int) -> SourceSound:
        """A sound, with its checksum: SHA-256 in hex of rate, channels and samples."""
        digest = hashlib.sha256(f"{sample_rate} {len(audio)} ".encode())
        # There is one zero only in a file of whole numbers.
        digest.update((audio + 0.0).tobytes())
        return cls(audio, sample_rate, digest.hexdigest())

    @property
    def seconds(self) -> float:
        """How long it is."""
        return float(self.audio.shape[-1]) / self.sample_rate
