"""Our own feedback where it comes back as input, on all ports: what is left out, what is stopped, what is told.

Safe to call from the ports' callbacks and from the output thread.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

import mido

from midifrag.midi.breaker import Actions, Breaker
from midifrag.midi.echo import HORIZON, Echoes, normal

#: From an output to an input, by the names of their ports.
_Way: TypeAlias = tuple[str, str]


class Feedback(Protocol):
    """What can be done to a port's feedback (`midifrag.midi.output.OutputThread`)."""

    def hold(self, name: str) -> None:
        """Keep what is for the port back."""

    def silence(self, name: str) -> None:
        """Leave notifications out instead of keeping them back."""

    def release(self, name: str) -> None:
        """Let it go out again."""

    def insist(self, name: str, message: mido.Message) -> None:
        """Send one message all the same."""


class Loops:
    """Watches the ways from ``outputs`` to ``inputs``. ``tell(port, text)`` is for the performer."""

    def __init__(
        self,
        outputs: Iterable[str],
        inputs: Iterable[str],
        feedback: Feedback,
        tell: Callable[[str, str], None],
    ) -> None:
        #: Echoes per input port.
        self.counts: Counter[str] = Counter()
        self._outputs = tuple(outputs)
        self._inputs = tuple(inputs)
        self._feedback = feedback
        self._tell = tell
        self._lock = threading.RLock()
        self._echoes = {way: Echoes(way[0] == way[1]) for way in self._ways()}
        self._breakers = {way: Breaker(self._actions(way)) for way in self._ways()}
        self._holders: dict[str, set[_Way]] = {port: set() for port in self._outputs}
        self._told: set[_Way] = set()
        #: Per input, channel and note: the keys that are down, and when each was pressed last.
        self._down: set[tuple[str, int, int]] = set()
        self._keys: dict[tuple[str, int, int], float] = {}
        #: When each input was played last.
        self._pressed: dict[str, float] = {}

    def sent(self, port: str, message: mido.Message, time: float) -> None:
        """``message`` goes out of ``port`` at ``time``. Call before it does."""
        data = normal(message)
        if data is None or port not in self._outputs:
            return
        with self._lock:
            for source in self._inputs:
                spontaneous = time - self._pressed.get(source, -math.inf) > HORIZON
                self._echoes[port, source].sent(data, time, spontaneous=spontaneous)
                if message.type == "note_on" and message.velocity:
                    self._breakers[port, source].lit(message, time)

    def is_echo(self, port: str, message: mido.Message, time: float) -> bool:
        """Whether ``message``, arrived on ``port`` at ``time``, is one of ours coming back, and counts for nothing."""
        data = normal(message)
        if data is None:
            return False
        with self._lock:
            if self._is_release(port, data):
                return False
            is_release = data[0] & 0xF0 == 0x90 and data[2] == 0
            ways = [way for way in self._echoes if way[1] == port]
            pressed = self._keys.get((port, data[0], data[1]), -math.inf)
            for way in ways:
                if self._echoes[way].is_echo(data, time, can_be_a_press=not is_release, pressed=pressed):
                    self._say_once(way)
                    self.counts[port] += 1
                    return True
            if data[0] & 0xF0 != 0x90 or is_release:
                return False
            answers = [self._breakers[way].pressed(message, time) for way in ways]
            if any(answers):
                self.counts[port] += 1
                return True
            self._down.add((port, data[0], data[1]))
            self._pressed[port] = self._keys[port, data[0], data[1]] = time
        return False

    def tick(self, time: float) -> None:
        """Time goes by; call a few times a second."""
        with self._lock:
            for breaker in self._breakers.values():
                breaker.tick(time)

    def forget(self, port: str) -> None:
        """The output of ``port`` is another one now: nothing is known of it."""
        if port not in self._outputs:
            return
        with self._lock:
            for way in self._ways():
                if way[0] == port:
                    self._echoes[way] = Echoes(way[0] == way[1])
                    self._breakers[way] = Breaker(self._actions(way))
            self._holders[port].clear()
            self._feedback.release(port)

    def _ways(self) -> list[_Way]:
        return [(sink, source) for sink in self._outputs for source in self._inputs]

    def _is_release(self, port: str, data: tuple[int, ...]) -> bool:
        """Whether it lets a key go that was pressed, as any hand does; a key that is up is let go by nobody."""
        key = (port, data[0], data[1])
        if data[0] & 0xF0 != 0x90 or data[2] or key not in self._down:
            return False
        self._down.discard(key)
        return True

    def _say_once(self, way: _Way) -> None:
        echoes = self._echoes[way]
        if echoes.is_sure and way not in self._told:
            self._told.add(way)
            where = "" if way[0] == way[1] else f" of {way[0]}"
            self._tell(
                way[1],
                f"{way[1]}: our own feedback{where} comes back {1000 * echoes.delay:.0f} ms later (MIDI thru, or a "
                "track that monitors it) and is left out; ignore_echo: false would let it press pads",
            )

    def _actions(self, way: _Way) -> Actions:
        sink, source = way
        where = "" if sink == source else f" on {source}"

        def hold() -> None:
            self._holders[sink].add(way)
            self._feedback.hold(sink)

        def release() -> None:
            self._holders[sink].discard(way)
            if not self._holders[sink]:
                self._feedback.release(sink)

        return Actions(
            hold=hold,
            silence=lambda: self._feedback.silence(sink),
            release=release,
            exact=lambda delay: self._echoes[way].learn(delay),
            ask=lambda message: self._feedback.insist(sink, message),
            tell=lambda text: self._tell(sink, f"{sink}{where}: {text}"),
        )
