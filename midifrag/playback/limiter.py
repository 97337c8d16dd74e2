"""The master's gain, and the limiter that nothing gets past.

It is of the look-ahead kind: the gain that each sample needs, its minimum over `LOOK_AHEAD` samples, released within a
tenth of a second, and the mean of that over as many. So no sample exceeds `CEILING`, and no gain jumps. Each pair of
channels has its own: what goes to one loudspeaker leaves the others alone.
"""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from midifrag.playback.memory import LOOK_AHEAD, Head, Single, State

#: −1 dBFS.
CEILING = np.float32(10 ** (-1 / 20))
#: The gain comes back by the same part each sample, most of it within this time.
RELEASE_SECONDS = 0.1
_ZERO, _ONE = np.float32(0), np.float32(1)


@register_jitable
def limit(state: State, out: Single, begun: int, count: int) -> None:
    """Give ``count`` mixed frames to ``out``, from its frame ``begun`` on: a few samples late, and never too loud."""
    head = state.head
    channels = head[Head.CHANNELS]
    for pair in range((channels + 1) // 2):
        _limit_pair(state, out, begun, count, pair)
    master = state.gains[head[Head.SLOTS]]
    master[2] = master[0]


@register_jitable
def _limit_pair(state: State, out: Single, begun: int, count: int, pair: int) -> None:
    """The master's gain and the limiter for two channels, or for the last of an odd number."""
    head = state.head
    first, channels = head[Head.FRAME], head[Head.CHANNELS]
    left, right = 2 * pair, min(2 * pair + 1, channels - 1)
    needed, held, delay, limiter = state.needed[pair], state.held[pair], state.delay, state.limiter[pair]
    master, peak = state.gains[head[Head.SLOTS]], state.peaks[head[Head.SLOTS], 0]
    step, back = (master[0] - master[2]) / np.float32(count), 1.0 / (RELEASE_SECONDS * head[Head.RATE])
    total, lowest, age, released = limiter[0], limiter[1], limiter[2], limiter[3]
    for at in range(count):
        gain = master[2] + step * np.float32(at + 1)
        place = (first + at) % LOOK_AHEAD
        one, other = state.mix[at, left] * gain, state.mix[at, right] * gain
        loudest = max(abs(one), abs(other))
        needed[place] = CEILING / loudest if loudest > CEILING else _ONE
        age += 1
        if needed[place] <= lowest:
            lowest, age = np.float64(needed[place]), 0.0
        elif age >= LOOK_AHEAD:
            lowest = 1.0
            for back_by in range(LOOK_AHEAD):
                seen = needed[(place - back_by) % LOOK_AHEAD]
                if seen < lowest:
                    lowest, age = np.float64(seen), np.float64(back_by)
            if lowest == 1.0:
                age = 0.0
        released = min(lowest, released + (1.0 - released) * back)
        total += np.float32(released) - held[place]
        held[place] = np.float32(released)
        held_gain = np.float32(total / LOOK_AHEAD)
        delay[place, left], delay[place, right] = one, other
        oldest = (place + 1) % LOOK_AHEAD
        for channel in range(left, right + 1):
            sample = _clipped(delay[oldest, channel] * held_gain)
            out[begun + at, channel] = sample
            peak = max(peak, abs(sample))
    limiter[0], limiter[1], limiter[2], limiter[3] = total, lowest, age, released
    state.peaks[head[Head.SLOTS], 0] = peak


@register_jitable
def _clipped(sample: np.float32) -> np.float32:
    """A sample within the ceiling whatever it was; what is no number is silence."""
    if sample > CEILING:
        return CEILING
    if sample < -CEILING:
        return -CEILING
    return sample if sample == sample else _ZERO
