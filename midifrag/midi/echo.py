"""What of an output comes back on an input: a controller with MIDI thru, or a DAW track that monitors our output.

An echo is told from a press by what no hand does: what went out while nobody played comes back, in order and each
after the same delay. Only where two such messages have come back (or where `midifrag.midi.breaker` has asked) there is
a loop, and only there, and only around its delay, a message like one of ours is an echo: one for each that went out.
"""

from __future__ import annotations

import math
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

import mido

#: No loop that is looked for takes longer than this, in seconds.
HORIZON = 1.0
#: What comes back this soon is an echo, in seconds: in the first moments, while nothing tells yet whether there is a
#: loop, and later where its note was pressed this short a time ago. So soon no hand presses again.
FIRST_SECONDS, AGAIN_SECONDS = 0.012, 0.015
#: When nothing has come back for so long, there is no loop, in seconds.
NOTHING_SECONDS = 0.25
#: After so many that came back when they had to, a loop is told.
SURE = 1
#: So many lights that do not come back, one after the other, end a loop.
MISSED = 3
#: Lights remembered for one loop.
REMEMBERED = 512
#: How alike the delays of one loop are: in seconds, and as a part of the delay.
ALIKE, ALIKE_PART = 0.005, 0.2


class Route(Enum):
    """Whether an output comes back on an input."""

    UNKNOWN = 0
    OPEN = 1
    LOOP = 2


@dataclass(eq=False)
class Sent:
    """A message that went out at ``time``; ``spontaneous`` where nobody had played in the `HORIZON` before."""

    time: float
    data: tuple[int, ...]
    spontaneous: bool

    @property
    def is_quiet(self) -> bool:
        """Whether it presses nothing; not every loop carries those back."""
        return self.data[0] & 0xF0 == 0x90 and self.data[2] == 0


class Streak:
    """Messages that came back one after the other, all after the same delay."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.length = 0
        self._spontaneous: set[tuple[int, ...]] = set()

    def add(self, sent: Sent, delay: float) -> None:
        """One more; it begins anew where the delay is another one."""
        if self.length and not alike(self.delay, delay):
            self.clear()
        self.length += 1
        self.delay += (delay - self.delay) / min(self.length, 8)
        if sent.spontaneous:
            self._spontaneous.add(sent.data)

    def clear(self) -> None:
        """None came back."""
        self.delay, self.length = 0.0, 0
        self._spontaneous.clear()

    @property
    def is_a_loop(self) -> bool:
        """Whether no hand does that."""
        return len(self._spontaneous) > 1


class Echoes:
    """What of one output comes back on one input. ``same_port`` where both are one configured port."""

    def __init__(self, same_port: bool) -> None:
        self.route = Route.UNKNOWN
        self.streak = Streak()
        self._same_port = same_port
        self._missed = self._came = 0
        self._instant: float | None = None
        self._sent: deque[Sent] = deque()
        self._alike: dict[tuple[int, ...], deque[Sent]] = {}

    @property
    def is_a_loop(self) -> bool:
        """Whether the output comes back."""
        return self.route is Route.LOOP

    @property
    def is_sure(self) -> bool:
        """Whether what came back since that was found out came when it had to."""
        return self.is_a_loop and self._came >= SURE

    @property
    def delay(self) -> float:
        """How long it takes to come back, in seconds."""
        return self.streak.delay

    def sent(self, data: tuple[int, ...], time: float, *, spontaneous: bool) -> None:
        """A message goes out at ``time``."""
        self._expire(time)
        sent = Sent(time, data, spontaneous)
        self._sent.append(sent)
        self._alike.setdefault(data, deque()).append(sent)
        if len(self._sent) > REMEMBERED:
            self._forget(self._sent.popleft())

    def learn(self, delay: float) -> None:
        """Somebody has found out that it comes back, after ``delay``."""
        self.route, self._missed, self._came = Route.LOOP, 0, 0
        self.streak.delay = delay

    def is_echo(self, data: tuple[int, ...], time: float, *, can_be_a_press: bool, pressed: float = -math.inf) -> bool:
        """Whether what arrives at ``time`` is one of those that went out. What cannot be a press only helps to tell.

        ``pressed`` is when the same note was pressed last on this input.
        """
        self._expire(time)
        same = self._alike.get(data)
        if not same:
            return False
        if self.is_a_loop:
            return self._is_due(min(same, key=lambda sent: abs(time - sent.time - self.delay)), time) and can_be_a_press
        if can_be_a_press and self._is_instant(same[-1], time, pressed):
            self._forget(same[-1])
            return True
        sent = same[0]
        while self._sent and self._sent[0] is not sent:
            self._lose(self._sent.popleft())
        self._forget(sent)
        self.streak.add(sent, time - sent.time)
        if self.streak.is_a_loop:
            self.learn(self.delay)
        return can_be_a_press and self.is_a_loop

    def _is_instant(self, sent: Sent, time: float, pressed: float) -> bool:
        """Whether ``sent`` comes back sooner than any hand presses again. Two of those are a loop."""
        delay = time - sent.time
        is_too_soon = self.route is Route.UNKNOWN or time - pressed <= AGAIN_SECONDS
        if not self._same_port or delay > FIRST_SECONDS or not is_too_soon:
            return False
        before, self._instant = self._instant, delay
        if before is not None and alike(before, delay):
            self.learn(delay)
        return True

    def _is_due(self, sent: Sent, time: float) -> bool:
        """In a loop: whether ``sent`` comes back now. The delay follows slowly, and is not led away by a press."""
        off = time - sent.time - self.delay
        if abs(off) > tolerance(self.delay):
            return False
        if abs(off) <= ALIKE:
            self.streak.delay += off / 8
        self._missed = 0
        self._came += 1
        self._forget(sent)
        return True

    def _expire(self, now: float) -> None:
        waits = self.route is Route.UNKNOWN and not self.streak.length
        if waits and self._sent and now - self._sent[0].time > NOTHING_SECONDS:
            self.route = Route.OPEN
        limit = self.delay + tolerance(self.delay) if self.route is Route.LOOP else HORIZON
        while self._sent and now - self._sent[0].time > limit:
            self._lose(self._sent.popleft())

    def _lose(self, sent: Sent) -> None:
        """It did not come back, while later ones did or its time is over."""
        self._forget(sent)
        if not sent.is_quiet:
            self._missed += 1
            if self.route is not Route.LOOP or self._missed >= MISSED:
                self.route = Route.OPEN
                self.streak.clear()

    def _forget(self, sent: Sent) -> None:
        same = self._alike.get(sent.data)
        if same is not None:
            same.remove(sent)
            if not same:
                del self._alike[sent.data]
        with suppress(ValueError):
            self._sent.remove(sent)


def alike(one: float, other: float) -> bool:
    """Whether two delays are those of one loop."""
    return abs(one - other) <= max(ALIKE, ALIKE_PART * one)


def tolerance(delay: float) -> float:
    """How far from its delay an echo may arrive, in seconds."""
    return max(2 * ALIKE, ALIKE_PART * delay)


def normal(message: mido.Message) -> tuple[int, ...] | None:
    """The bytes to compare; a release is a note-on of velocity 0. None for what presses, moves and selects nothing."""
    match message.type:
        case "note_off":
            return (0x90 | message.channel, message.note, 0)
        case "note_on" | "control_change" | "program_change":
            return tuple(message.bytes())
        case _:
            return None
