"""What a deck knows of a start: that it waits, which voice of the callback it has, and since when it sounds."""

from __future__ import annotations

from dataclasses import dataclass

from midifrag.playback.messages import Sounding, Start
from midifrag.playback.samples import Sample


@dataclass(slots=True)
class Playing:
    """What sounds in a slot, or would: since ``began``, monotonic seconds of its first sample.

    Its voice ``serial`` began at ``frame``, with sample ``position``.
    """

    start: Start
    sample: Sample
    began: float
    serial: int = 0
    frame: int = 0
    position: int = 0

    def told(self) -> Sounding:
        """What watchers hear of it."""
        sample = self.sample
        return Sounding(self.start.slot, self.start.job, True, self.began, sample.seconds, sample.load.loop)


@dataclass(slots=True)
class Cue:
    """A start that has not come, ``due`` at a moment; ``serial`` is its voice, once the callback knows of it."""

    start: Start
    due: float
    serial: int | None = None


@dataclass(slots=True)
class Voice:
    """What a voice of the callback is: its start, and whether it takes over from an earlier one of that.

    ``dropped``: it ends as soon as it can. Its sample stays where it is until the callback has said what became of it.
    """

    start: Start
    sample: Sample
    goes_on: bool = False
    dropped: bool = False
