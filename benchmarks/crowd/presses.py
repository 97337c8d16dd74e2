"""When performers press, and for what: as session logs of midifrag have it.

A log's presses are the jobs that its pads began, at the moments of their keys. A simulated performer plays one of the
logs over and over, from a place of their own in it, with prompts of their own: nobody's are warm because of another.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from midifrag.errors import ClipError
from midifrag.show.session_log import read_session

#: Logs that come with this: presses of a clip in three manners, see `benchmarks.crowd.clip`.
RECORDED = Path(__file__).parent / "sessions"


@dataclass(frozen=True, slots=True)
class Press:
    """One press: seconds after its log's first one, and its prompt."""

    at: float
    prompt: str


@dataclass(frozen=True, slots=True)
class Performance:
    """The presses of one log, in order; it begins again ``seconds`` after its first one."""

    presses: tuple[Press, ...]
    seconds: float

    @property
    def a_minute(self) -> float:
        """How many presses there are in a minute."""
        return 60 * len(self.presses) / self.seconds


def read_presses(path: Path) -> Performance:
    """What one session log holds. Raises `ClipError` for one with fewer than two presses."""
    moments: dict[int, Press] = {}
    for line in read_session(path):
        if line.get("event") == "JobChanged" and line.get("state") == "queued" and line.get("pad") is not None:
            moments.setdefault(line["job"], Press(float(line["times"]["pressed"]), str(line["prompt"])))
    found = sorted(moments.values(), key=lambda press: press.at)
    if len(found) < 2:
        raise ClipError(f"{path} holds {len(found)} presses of pads, and two are needed for a gap.")
    first = found[0].at
    gaps = [later.at - earlier.at for earlier, later in pairwise(found)]
    presses = tuple(Press(press.at - first, press.prompt) for press in found)
    return Performance(presses, presses[-1].at + statistics.median(gaps))


def recorded(folder: Path = RECORDED) -> tuple[Performance, ...]:
    """All logs of a folder."""
    return tuple(read_presses(path) for path in sorted(folder.glob("*.jsonl*")))


def played_by(number: int, performances: Sequence[Performance], dice: random.Random) -> Iterator[tuple[float, str]]:
    """The endless presses of a performer: seconds from now to each one, and its prompt."""
    performance = performances[number % len(performances)]
    begins = dice.uniform(0.0, performance.seconds)
    round_ = 0
    while True:
        for press in performance.presses:
            at = round_ * performance.seconds + press.at - begins
            if at >= 0:
                yield at, f"{press.prompt}, {number}"
        round_ += 1
