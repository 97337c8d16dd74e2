"""How much is taken of what clients upload, in bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, assert_never

from midifrag.config.uploads import UploadSettings
from midifrag.engine.line import messages as line

_MEGABYTE = 1_000_000

Parcel: TypeAlias = line.Sound | line.LoraFile


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Bytes of one sound, of one LoRA, and of all that is kept of a token at a replica.

    ``lora_total`` are those of all LoRAs that a token has its engine read, which keeps each; ``disk`` those of all that
    is kept on one machine, of whatever token and by whichever replica.
    """

    sound: int = 160_000_000
    lora: int = 512_000_000
    kept: int = 2_000_000_000
    lora_total: int = 1_000_000_000
    disk: int = 20_000_000_000

    def most(self, parcel: Parcel) -> int:
        """Of one like this."""
        match parcel:
            case line.Sound():
                return self.sound
            case line.LoraFile():
                return self.lora
            case _:
                assert_never(parcel)


USUAL_LIMITS = UploadLimits()


def limits_of(said: UploadSettings) -> UploadLimits:
    """What a set says, in bytes."""
    megabytes = (said.sound_mb, said.lora_mb, said.kept_mb, said.loras_mb, said.disk_mb)
    return UploadLimits(*(_MEGABYTE * one for one in megabytes))
