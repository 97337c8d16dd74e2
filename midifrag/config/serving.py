"""What `midifrag serve` does with a set's models: how many engines there are, and what each of them has in memory."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer

from midifrag.config.uploads import UploadSettings
from midifrag.config.value_types import Strict, Written

#: The most engines side by side.
MOST_REPLICAS = 256
_RANGE = re.compile(r"(\d{1,4})(?:\s*-\s*(\d{1,4}))?", re.ASCII)


class Range(NamedTuple):
    """From so many to so many."""

    least: int
    most: int

    @property
    def written(self) -> int | str:
        """How one writes it."""
        return self.least if self.least == self.most else f"{self.least}-{self.most}"


def replicas_of(value: Any) -> Range:
    """How many engines side by side: ``2``, or ``1-8`` for as many of these as presses need. Raises `ValueError`."""
    found = _RANGE.fullmatch(str(value).strip()) if not isinstance(value, bool) else None
    if isinstance(value, Range):
        return value
    if found is None:
        raise ValueError(f"{value!r} is no number of engines; write 2, or 1-8 for as many of these as presses need")
    least = int(found[1])
    most = least if found[2] is None else int(found[2])
    if not 1 <= least <= most <= MOST_REPLICAS:
        raise ValueError(f"{value}: from 1 to {MOST_REPLICAS} engines, the smaller number first")
    return Range(least, most)


Replicas: TypeAlias = Annotated[
    Range,
    BeforeValidator(replicas_of),
    PlainSerializer(lambda value: value.written),
    Written("a number, or two: 2, or 1-8"),
]


class ServeSettings(Strict):
    """Counts where `midifrag serve` runs, and nowhere else."""

    replicas: Replicas = Field(
        default=Range(1, 1),
        description="engines side by side, one a GPU; of 1-8, as many run as presses need, and the rest costs nothing",
    )
    in_flight: int = Field(
        default=8,
        ge=1,
        le=1024,
        description="takes that one engine is meant to have on their way; where it is more, another one is begun",
    )
    large_gb: float = Field(
        default=2.0,
        gt=0,
        le=10_000,
        description="a model whose files take more gigabytes has engines of its own; smaller ones share theirs",
    )
    memory_gb: float = Field(
        default=8.0,
        gt=0,
        le=10_000,
        description="gigabytes of smaller models that one engine holds at once; the next one that is played takes the "
        "place of what was played longest ago",
    )
    uploads: UploadSettings = Field(
        default=UploadSettings(), description="how much is taken of sounds that pads begin from, and of LoRAs"
    )
    connections: int = Field(
        default=64,
        ge=1,
        le=1024,
        description="that one token may have at each of the two ways in; a show has one a model that it plays here",
    )
    drain_seconds: float = Field(
        default=120,
        ge=0,
        le=3600,
        description="how long it waits at its end for takes that are being rendered or fetched",
    )
