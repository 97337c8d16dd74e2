"""The show's own time, which always is there."""

from __future__ import annotations

import dataclasses

from midifrag.timeline import Timeline


class InternalTime:
    """A line that begins at ``now`` (monotonic seconds) and keeps its place when the tempo changes."""

    def __init__(self, bpm: float, now: float) -> None:
        self.timeline = Timeline(bpm=bpm, at=now)

    def use(self, bpm: float, now: float) -> None:
        """Go on at another tempo, in quarter notes a minute."""
        if bpm != self.timeline.bpm:
            position = self.timeline.position_at(now)
            self.timeline = dataclasses.replace(self.timeline, bpm=bpm, at=now, position=position)
