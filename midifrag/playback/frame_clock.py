"""When which frame is: a line through the times at which a device asked for its blocks.

A callback comes late by what the machine was busy with, and hardly ever early; so the latest ones are left out of the
regression. After an underrun all come later than before, by what the device lost: that is a new line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Seconds that the line goes through, that it needs for a slope of its own, and that tell that it has jumped.
WINDOW, ENOUGH, JUMPED = 10.0, 2.0, 0.25
#: The part of callbacks that count: the latest do not.
KEPT = 0.8
#: How often the latest are left out anew.
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class FrameLine:
    """Frame ``frame`` is at ``moment`` (monotonic seconds), and there are ``rate`` frames a second from there."""

    frame: float
    moment: float
    rate: float

    def moment_of(self, frame: float) -> float:
        """When a frame is, in monotonic seconds."""
        return self.moment + (frame - self.frame) / self.rate

    def frame_at(self, moment: float) -> float:
        """The frame at a moment."""
        return self.frame + (moment - self.moment) * self.rate


class FrameClock:
    """Feed it the times of callbacks; ``line`` is None until there are some.

    ``rate`` is what the device calls it; ``measured`` what it was found to be before, as far as that is known.
    """

    def __init__(self, rate: int, measured: float | None = None) -> None:
        self.line: FrameLine | None = None
        self._rate = measured or rate
        self._frames = np.empty(0)
        self._moments = np.empty(0)

    def feed(self, frames: npt.NDArray[np.float64], moments: npt.NDArray[np.float64], block: int) -> bool:
        """Take in callbacks for blocks of about ``block`` frames, in order; True where the line has jumped since."""
        if not len(frames):
            return False
        self._frames = np.concatenate((self._frames, frames))
        self._moments = np.concatenate((self._moments, moments))
        recent = self._moments >= self._moments[-1] - WINDOW
        self._frames, self._moments = self._frames[recent], self._moments[recent]
        near = self._near_the_line(block / self._rate / 2)
        after = int(np.flatnonzero(near)[-1]) + 1 if near.any() else 0
        # That lasts for a while, so that a machine that was held up for a moment is not taken for it.
        jumped = after < len(near) and bool(self._moments[-1] - self._moments[after] >= JUMPED)
        if jumped:
            self._frames, self._moments = self._frames[after:], self._moments[after:]
            near = np.ones(len(self._frames), bool)
        if near.any():
            self._fit(self._frames[near], self._moments[near])
        return jumped

    def _near_the_line(self, most: float) -> npt.NDArray[np.bool_]:
        """Which callbacks came within so many seconds of when they should; all while nobody knows."""
        if self.line is None:
            return np.ones(len(self._frames), bool)
        due = self.line.moment + (self._frames - self.line.frame) / self.line.rate
        return np.asarray(np.abs(self._moments - due) <= most)

    def _fit(self, frames: npt.NDArray[np.float64], moments: npt.NDArray[np.float64]) -> None:
        frame, moment = frames[0], moments[0]
        frames, moments = frames - frame, moments - moment
        slope, start = 1.0 / (self.line.rate if self.line else self._rate), 0.0
        kept = np.ones(len(frames), bool)
        for _ in range(_ROUNDS):
            if moments[-1] >= ENOUGH:
                away = frames[kept] - frames[kept].mean()
                slope = float((away * moments[kept]).sum() / (away * away).sum())
            start = float((moments[kept] - slope * frames[kept]).mean())
            late = moments - start - slope * frames
            kept = late <= np.quantile(late, KEPT)
        last = float(frames[-1])
        self.line = FrameLine(float(frame) + last, float(moment) + start + slope * last, 1.0 / slope)
