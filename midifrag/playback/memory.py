"""What a show and its player's process share, in one block of memory: samples, commands, voices, what became of them.

The show writes samples and commands, the callback everything else; neither waits for the other. A command carries its
number and a sum over itself, and so does an event, so that half of one is never taken for a whole: no lock, and no
order in which a processor writes, is relied upon.
"""

from __future__ import annotations

import os
import sys
from enum import IntEnum
from multiprocessing.heap import Arena
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Whole: TypeAlias = npt.NDArray[np.int64]
Single: TypeAlias = npt.NDArray[np.float32]
Double: TypeAlias = npt.NDArray[np.float64]

#: Voices that sound in a slot at once, while one replaces the other, and the place of the one that waits for its frame.
SOUNDING_VOICES, PENDING = 2, 2
#: The ring of commands, of events, and of callbacks' times; a power of two each.
COMMANDS, EVENTS, TIMES = 1024, 1024, 16384
#: Frames that are mixed at once; a device may ask for more.
CHUNK = 1024
#: Samples that the limiter looks ahead.
LOOK_AHEAD = 64
#: Levels are whole numbers of this part in commands.
UNIT = 1 << 24
#: The longest fade, and crossfade, in seconds.
FADE_SECONDS = 0.005
#: Bytes of memory for samples: eight loops of 47 s at 48 kHz take 145 MB. Only what is used is really taken.
SAMPLE_BYTES = 512_000_000


class Head(IntEnum):
    """Where what is in ``State.head``."""

    #: Frames that were given to the device, and how often it asked.
    FRAME = 0
    CALLS = 1
    #: Monotonic nanoseconds of the last callback, and the frames that it was asked for.
    LAST_TIME = 2
    LAST_FRAMES = 3
    #: Callbacks that were late, or before which the device says that it ran out of samples.
    UNDERRUNS = 4
    #: Starts whose frame had gone by when they came.
    BELATED = 5
    COMMANDS_TAKEN = 6
    EVENTS_TOLD = 7
    RATE = 8
    FADE = 9
    SLOTS = 10
    CHANNELS = 11
    #: Frames since the meters were shown, and how often they were.
    METERED = 12
    METERS_SHOWN = 13
    #: Callbacks more than a period late.
    LATE = 14


class Voice(IntEnum):
    """Where what is in a row of ``State.voices``."""

    STATE = 0
    SERIAL = 1
    #: Where its samples begin in ``State.audio``, how many they are, and which comes next.
    OFFSET = 2
    LENGTH = 3
    POSITION = 4
    LOOP = 5
    #: The frame that it begins at; below 0: at once.
    START = 6
    #: The frame from which on it fades out; below 0: none.
    CUT = 7
    #: How many steps of the fade it stands above silence.
    FADE = 8
    CHOKE = 9
    LEVEL = 10
    #: Which fragment it plays, from 1 on; 0: none.
    JOB = 11


class VoiceState(IntEnum):
    """What a voice does."""

    OFF = 0
    WAITING = 1
    SOUNDING = 2
    FALLING = 3


class Command(IntEnum):
    """Where what is in a row of ``State.commands``."""

    KIND = 0
    #: Of a start: the voice's number. Of a stop and of forgetting: the only voice that is meant; 0 for all.
    SERIAL = 1
    OFFSET = 2
    LENGTH = 3
    POSITION = 4
    LOOP = 5
    #: The frame that it is meant for; below 0: at once.
    FRAME = 6
    SLOT = 7
    #: Of a start: what it stops. Of a gain: the levels of left and right, in parts of `UNIT`.
    CHOKE = 8
    LEFT = 9
    RIGHT = 10
    #: Of a start: the fragment, from 1 on (0: none), and 1 where it may begin although that sounds already.
    JOB = 11
    GOES_ON = 12
    NUMBER = 13
    SUM = 14


class Kind(IntEnum):
    """What a command asks for; a slot below 0 is all of them, and the master for `GAIN`."""

    START = 1
    STOP = 2
    GAIN = 3
    #: Forget what has been asked to start in a slot and has not begun.
    FORGET = 4


class Event(IntEnum):
    """Where what is in a row of ``State.events``."""

    KIND = 0
    SLOT = 1
    SERIAL = 2
    FRAME = 3
    #: Which of its samples came first.
    POSITION = 4
    NUMBER = 5
    SUM = 6


class Happened(IntEnum):
    """What an event tells of a voice."""

    BEGAN = 1
    ENDED = 2
    #: It will not begin: it was taken back, another took its place, or its fragment sounds already.
    FORGOTTEN = 3


class State(NamedTuple):
    """Everything that the callback knows, as arrays that it never makes larger. Slots count from 0 here."""

    head: Whole
    commands: Whole
    events: Whole
    #: Frame and monotonic nanoseconds of the last callbacks.
    times: Whole
    #: By slot and voice.
    voices: Whole
    #: By slot, and the master last: left and right as they are to be, and as they are.
    gains: Single
    #: By slot: the channels of left and right; right below 0 for both in one.
    routes: Whole
    #: By slot, and the master last: the peak so far, and the one that is shown.
    peaks: Single
    mix: Single
    #: The limiter's, by channel or pair of channels: samples on their way, the gain that each needs, the gain held.
    delay: Single
    needed: Single
    held: Single
    #: By pair: the sum of the held gains, the lowest needed one, its age, the released one.
    limiter: Double
    #: Samples at the device's rate, left and right.
    audio: Single


#: What a state is made of: for each array its type and shape.
_Shapes: TypeAlias = dict[str, tuple[type[Any], tuple[int, ...]]]


def _shapes(slots: int, channels: int, frames: int) -> _Shapes:
    pairs = (channels + 1) // 2
    return {
        "head": (np.int64, (len(Head),)),
        "commands": (np.int64, (COMMANDS, len(Command))),
        "events": (np.int64, (EVENTS, len(Event))),
        "times": (np.int64, (TIMES, 2)),
        "voices": (np.int64, (slots, SOUNDING_VOICES + 1, len(Voice))),
        "gains": (np.float32, (slots + 1, 4)),
        "routes": (np.int64, (slots, 2)),
        "peaks": (np.float32, (slots + 1, 2)),
        "mix": (np.float32, (CHUNK, channels)),
        "delay": (np.float32, (LOOK_AHEAD, channels)),
        "needed": (np.float32, (pairs, LOOK_AHEAD)),
        "held": (np.float32, (pairs, LOOK_AHEAD)),
        "limiter": (np.float64, (pairs, 4)),
        "audio": (np.float32, (frames, 2)),
    }


class Memory:
    """The block and its arrays. It goes to a process that is started with it, and both then see the same.

    ``slots`` and ``channels`` are the most that there can be. Raises OSError where there is not so much memory.
    """

    def __init__(self, slots: int, channels: int, sample_bytes: int = SAMPLE_BYTES) -> None:
        self.slots, self.channels, self.frames = slots, channels, sample_bytes // 8
        self._arena = Arena(self._place(0))
        self._reserve(0, self._place(0) - 8 * self.frames)
        self.state = self._views()

    def __getstate__(self) -> tuple[int, int, int, Arena]:
        return self.slots, self.channels, self.frames, self._arena

    def __setstate__(self, given: tuple[int, int, int, Arena]) -> None:
        self.slots, self.channels, self.frames, self._arena = given
        self.state = self._views()

    def reset(self, rate: int, channels: int) -> None:
        """Begin anew for a device; samples stay. Only while no callback runs."""
        state = self.state
        for array in state[:-1]:
            array[...] = 0
        state.gains[...] = 1.0
        state.needed[...] = 1.0
        state.held[...] = 1.0
        state.limiter[:] = (LOOK_AHEAD, 1.0, 0.0, 1.0)
        state.routes[:] = (0, 1 if channels > 1 else -1)
        state.voices[:, :, Voice.CUT] = -1
        head = state.head
        head[Head.RATE], head[Head.SLOTS], head[Head.CHANNELS] = rate, self.slots, channels
        head[Head.FADE] = round(FADE_SECONDS * rate)

    def write(self, offset: int, samples: Single) -> None:
        """Put samples, of shape (frames, 2), at ``offset``. Raises OSError where the memory is not really there."""
        begin = self._place(0) - 8 * (self.frames - offset)
        self._reserve(begin, samples.nbytes)
        self.state.audio[offset : offset + len(samples)] = samples

    def _reserve(self, begin: int, size: int) -> None:
        """Have the system really give what it promised: else writing there ends the program when memory is short."""
        if sys.platform == "linux":
            os.posix_fallocate(self._arena.fd, begin, size)

    def _place(self, begin: int) -> int:
        """The end of the last array, each of which begins at a multiple of 64."""
        for kind, shape in _shapes(self.slots, self.channels, self.frames).values():
            begin = -(-begin // 64) * 64 + np.dtype(kind).itemsize * int(np.prod(shape))
        return begin

    def _views(self) -> State:
        buffer, begin, arrays = self._arena.buffer, 0, []
        for kind, shape in _shapes(self.slots, self.channels, self.frames).values():
            begin = -(-begin // 64) * 64
            count = int(np.prod(shape))
            arrays.append(np.frombuffer(buffer, kind, count, begin).reshape(shape))
            begin += np.dtype(kind).itemsize * count
        return State(*arrays)


def push(state: State, number: int, row: dict[Command, int]) -> bool:
    """Write command ``number``, counted from 0, for the callback; False where the ring is full."""
    if number - int(state.head[Head.COMMANDS_TAKEN]) >= COMMANDS:
        return False
    place = state.commands[number % COMMANDS]
    values = [row.get(key, 0) for key in Command]
    values[Command.NUMBER] = number + 1
    values[Command.SUM] = sum(values[: Command.SUM])
    place[:] = values
    return True


def events(state: State, told: int) -> list[tuple[int, ...]]:
    """The events after the first ``told``, in order, as far as they are whole."""
    found, last = [], int(state.head[Head.EVENTS_TOLD])
    for number in range(max(told, last - EVENTS), last):
        row = tuple(int(value) for value in state.events[number % EVENTS])
        if row[Event.NUMBER] != number + 1 or row[Event.SUM] != sum(row[: Event.SUM]):
            break
        found.append(row)
    return found


def times(state: State, seen: int) -> tuple[int, Whole]:
    """The frames and nanoseconds of the callbacks after the first ``seen``, and how many there have been by then."""
    # The newest may be half written.
    calls = max(seen, int(state.head[Head.CALLS]) - 1)
    numbers = np.arange(max(seen, calls - TIMES // 2), calls)
    return calls, state.times[numbers % TIMES].copy()
