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
        jumped = self._leave_out_before_jump(block / self._rate)
        self._fit()
        return jumped

    def _leave_out_before_jump(self, period: float) -> bool:
        """Forget what came before a jump of over half a block, once it has lasted for a while."""
        if self.line is None:
            return False
        off = self._moments - (self.line.moment + (self._frames - self.line.frame) / self.line.rate)
        last = self._moments >= self._moments[-1] - JUMPED
        if self._moments[-1] - self._moments[0] < JUMPED or last.sum() < 4:
            return False
        if off[last].min() <= period / 2 and off[last].max() >= -period / 2:
            return False
        still = np.flatnonzero(np.abs(off) <= period / 2)
        after = int(still[-1]) + 1 if len(still) else 0
        self._frames, self._moments = self._frames[after:], self._moments[after:]
        return True

    def _fit(self) -> None:
        frame, moment = self._frames[0], self._moments[0]
        frames, moments = self._frames - frame, self._moments - moment
        slope, start = 1.0 / (self.line.rate if self.line else self._rate), 0.0
        kept = np.ones(len(frames), bool)
        for _ in range(_ROUNDS):
            if moments[-1] >= ENOUGH:
                middle = frames[kept].mean()
                away = frames[kept] - middle
                slope = float((away * moments[kept]).sum() / (away * away).sum())
            start = float((moments[kept] - slope * frames[kept]).mean())
            late = moments - start - slope * frames
            kept = late <= np.quantile(late, KEPT)
        last = float(frames[-1])
        self.line = FrameLine(float(frame) + last, float(moment) + start + slope * last, 1.0 / slope)
