"""How long a fragment is to be, where that is not just how long its take sounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from midifrag.timeline import Signature

#: Seconds by which a sound may be off at its end, and nobody hears it.
SAME = 0.0005
_COMMON = Signature()


@dataclass(frozen=True, slots=True)
class MusicalLength:
    """So many bars or beats at a tempo, in quarter notes a minute.

    ``made_at`` is the tempo that the sound was made for, where that is another one.
    """

    count: float
    unit: Literal["bars", "beats"]
    bpm: float
    signature: Signature = _COMMON
    made_at: float | None = None

    @property
    def quarters(self) -> float:
        """The length in quarter notes."""
        return self.count * (self.signature.bar if self.unit == "bars" else self.signature.beat)

    @property
    def bars(self) -> float:
        """The length in bars of its signature."""
        return self.quarters / self.signature.bar

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return self.quarters * 60 / self.bpm

    def samples(self, sample_rate: int) -> int:
        """The length in samples, to the nearest one."""
        return round(self.quarters * 60 / self.bpm * sample_rate)

    @property
    def as_made(self) -> MusicalLength:
        """The same length at the tempo that the sound was made for."""
        return self if self.made_at is None else replace(self, bpm=self.made_at, made_at=None)

    def at(self, bpm: float, signature: Signature) -> MusicalLength:
        """The same bars or beats, of the same sound, in another time."""
        made_at = self.bpm if self.made_at is None else self.made_at
        return replace(self, bpm=bpm, signature=signature, made_at=None if made_at == bpm else made_at)

    def is_cut_like(self, other: MusicalLength, sample_rate: int) -> bool:
        """Whether a fragment of this length is the same as one of the other, to the sample."""
        mine, its = ((one.samples(sample_rate), one.as_made.samples(sample_rate)) for one in (self, other))
        return mine == its

    def is_near(self, other: MusicalLength) -> bool:
        """Whether nobody hears the difference: what a clock's jitter makes of it."""
        pairs = ((self, other), (self.as_made, other.as_made))
        return all(abs(mine.seconds - its.seconds) <= SAME for mine, its in pairs)

    def __str__(self) -> str:
        return f"{self.count:g} {self.unit.removesuffix('s') if self.count == 1 else self.unit}"


@dataclass(frozen=True, slots=True)
class SecondsLength:
    """So many seconds of a take that was rendered longer, because its model garbles short ones."""

    seconds: float

    def samples(self, sample_rate: int) -> int:
        """The length in samples, to the nearest one."""
        return round(self.seconds * sample_rate)


FragmentLength: TypeAlias = MusicalLength | SecondsLength
