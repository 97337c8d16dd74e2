"""Where fragments sound by themselves, and how slots are mixed there."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from midifrag.config.targets import GAIN_LIMITS
from midifrag.config.value_types import NotBlank, Strict, Written
from midifrag.fragment.file_names import MOST_SLOTS

#: The most channels of an output.
MOST_CHANNELS = 64
#: What a set calls the output that the system prefers, and none at all.
DEFAULT, OFF = "default", "off"

_Slot = Annotated[int, Field(ge=1, le=MOST_SLOTS)]
_Channel = Annotated[int, Field(ge=1, le=MOST_CHANNELS)]


def _one_or_two(value: tuple[int, ...]) -> tuple[int, ...]:
    if len(value) not in (1, 2) or len(set(value)) != len(value):
        raise ValueError("one channel, or two different ones for left and right, such as [3, 4]")
    return value


_Channels = Annotated[tuple[_Channel, ...], AfterValidator(_one_or_two), Written("one or two channels, such as [3, 4]")]


class PlaybackSettings(Strict):
    """What lands sounds from this machine too, beside the files."""

    device: NotBlank = Field(
        default=DEFAULT,
        min_length=1,
        description="default, off, or the output's name or a part of it, as `midifrag ports` lists them",
    )
    outputs: dict[_Slot, _Channels] = Field(
        default_factory=dict,
        description="channels of slots that do not play on the first two, for those who mix outside: {2: [3, 4]}",
    )
    gain: float = Field(
        default=0.0,
        ge=GAIN_LIMITS[0],
        le=GAIN_LIMITS[1],
        description="how loud all of it is, in dB; nothing exceeds −1 dBFS",
    )

    @property
    def is_on(self) -> bool:
        """Whether there shall be sound."""
        return self.device != OFF
