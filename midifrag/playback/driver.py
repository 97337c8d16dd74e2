"""One output that is open, from the show's side: commands go into the shared memory, and what happened comes out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from midifrag.playback.frame_clock import FrameClock, FrameLine
from midifrag.playback.levels import Level
from midifrag.playback.memory import (
    LOOK_AHEAD,
    UNIT,
    Command,
    Event,
    Happened,
    Head,
    Kind,
    Memory,
    events,
    push,
    times,
)
from midifrag.playback.messages import Meters, Start
from midifrag.playback.process import Opened
from midifrag.playback.samples import Sample

#: Seconds between two looks at the callbacks' times: the line through them moves slowly.
LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class VoiceEvent:
    """The voice ``serial`` of a slot began, ended or was forgotten at ``frame``, heard at ``moment``.

    ``position`` is which of its samples came first there.
    """

    kind: Happened
    slot: int
    serial: int
    frame: int
    position: int
    moment: float


class Driver:
    """Speaks with the callback of ``opened``, whose memory was begun anew.

    ``measured`` is the device's real rate as it was found before. Slots count from 1; None is all of them, or the
    master.
    """

    def __init__(self, memory: Memory, opened: Opened, measured: float | None) -> None:
        self.opened = opened
        self._state = memory.state
        self._clock = FrameClock(opened.rate, measured)
        self._rows: deque[dict[Command, int]] = deque()
        self._commands = self._events = self._calls = self._meters = 0
        self._serial = 0
        self._looked = 0.0
        self._loud = False
        self._chokes: dict[str, int] = {}

    @property
    def line(self) -> FrameLine | None:
        """When which frame is given to the device; None at the very beginning."""
        return self._clock.line

    @property
    def latency(self) -> float:
        """Seconds from a frame's block to when it is heard: the limiter's, and the device's own."""
        return (LOOK_AHEAD - 1) / self.opened.rate + self.opened.latency

    @property
    def underruns(self) -> int:
        """How many there have been."""
        return int(self._state.head[Head.UNDERRUNS])

    # --- commands ----------------------------------------------------------------------------------------------------

    def start(self, start: Start, sample: Sample, frame: int, position: int = 0, *, goes_on: bool = False) -> int:
        """Have a sample begin at a frame (below 0: at once) with one of its own; the voice's number.

        It takes the place of what waits in the slot. Where its job sounds already, it is forgotten unless it
        ``goes_on``.
        """
        self._serial += 1
        self._push(
            {
                Command.KIND: Kind.START,
                Command.SERIAL: self._serial,
                Command.OFFSET: sample.offset or 0,
                Command.LENGTH: sample.length,
                Command.POSITION: position,
                Command.LOOP: int(sample.load.loop),
                Command.FRAME: frame,
                Command.SLOT: start.slot - 1,
                Command.CHOKE: self._chokes.setdefault(start.choke, len(self._chokes) + 1) if start.choke else 0,
                Command.LEFT: round(start.level * UNIT),
                Command.JOB: start.job + 1,
                Command.GOES_ON: int(goes_on),
            }
        )
        return self._serial

    def stop(self, slot: int | None, frame: int = -1, serial: int = 0) -> None:
        """End what sounds from a frame on (below 0: at once); only the voice ``serial``, unless that is 0."""
        row = {Command.KIND: Kind.STOP, Command.SLOT: (slot or 0) - 1, Command.FRAME: frame, Command.SERIAL: serial}
        self._push(row)

    def forget(self, slot: int, serial: int) -> None:
        """Have a voice of a slot not begin, if it has not."""
        self._push({Command.KIND: Kind.FORGET, Command.SLOT: slot - 1, Command.SERIAL: serial})

    def level(self, slot: int | None, level: Level) -> None:
        """Mix a slot, or the master, like this from now on."""
        left, right = (round(factor * UNIT) for factor in level.factors)
        self._push({Command.KIND: Kind.GAIN, Command.SLOT: (slot or 0) - 1, Command.LEFT: left, Command.RIGHT: right})

    def route(self, slot: int, channels: tuple[int, ...]) -> None:
        """Send a slot to these channels, counted from 1: left and right, or both in one."""
        self._state.routes[slot - 1] = (channels[0] - 1, channels[1] - 1 if len(channels) > 1 else -1)

    def flush(self) -> None:
        """Hand over what found no room in the ring before."""
        while self._rows and push(self._state, self._commands, self._rows[0]):
            self._rows.popleft()
            self._commands += 1

    def _push(self, row: dict[Command, int]) -> None:
        self._rows.append(row)
        self.flush()

    # --- what happened -----------------------------------------------------------------------------------------------

    def read_times(self, now: float) -> bool:
        """Look at the callbacks' times, now and then; True where the device has lost samples since."""
        if self.line is not None and now - self._looked < LOOK_EVERY:
            return False
        self._looked = now
        self._calls, rows = times(self._state, self._calls)
        moments = rows[:, 1] / 1e9
        return self._clock.feed(rows[:, 0].astype(np.float64), moments, self.opened.block)

    def read_events(self, now: float) -> Iterator[VoiceEvent]:
        """What has begun, ended and been forgotten since the last time."""
        for row in events(self._state, self._events):
            self._events = row[Event.NUMBER]
            frame = row[Event.FRAME]
            moment = (self.line.moment_of(frame) if self.line else now) + self.latency
            kind, slot = Happened(row[Event.KIND]), row[Event.SLOT] + 1
            yield VoiceEvent(kind, slot, row[Event.SERIAL], frame, row[Event.POSITION], moment)

    def read_meters(self) -> Meters | None:
        """The newest meters; None where they are no news."""
        shown = int(self._state.head[Head.METERS_SHOWN])
        if shown == self._meters:
            return None
        self._meters = shown
        peaks = [float(peak) for peak in self._state.peaks[:, 1]]
        was_loud, self._loud = self._loud, max(peaks) > 0.0
        return Meters(tuple(peaks[:-1]), peaks[-1]) if self._loud or was_loud else None

    def frame_at(self, moment: float) -> int | None:
        """The frame that is heard at a moment; None where that is not known yet."""
        return max(0, round(self.line.frame_at(moment - self.latency))) if self.line else None
