"""MIDI thru: what comes in on a port goes on to others, where a set asks for it.

Notes and pedals that went on and whose releases cannot come any more are let go. Safe to call from the ports'
callbacks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import mido

#: From a port to another, and a note's or a pedal's channel (0–15) and number.
_Note: TypeAlias = tuple[str, str, int, int]
#: What goes on: the messages of channels. Clocks, real time and system exclusive are between two devices.
_GOES_ON = ("note_on", "note_off", "control_change", "program_change", "pitchwheel", "aftertouch", "polytouch")

#: The CCs that hold notes: sustain and sostenuto.
_PEDALS = (64, 66)


class Thru:
    """Passes messages on along ``ways``, from each port to others; ``send`` hands them to a port and never blocks."""

    def __init__(
        self, ways: Mapping[str, Iterable[str]], send: Callable[[str, Iterable[mido.Message]], object]
    ) -> None:
        self._ways = {port: tuple(others) for port, others in ways.items()}
        self._send = send
        self._lock = threading.Lock()
        self._sounding: set[_Note] = set()
        self._pedals: set[_Note] = set()

    def pass_on(self, port: str, message: mido.Message) -> None:
        """A message came in on a port."""
        if message.type not in _GOES_ON:
            return
        for other in self._ways.get(port, ()):
            with self._lock:
                self._note(port, other, message)
                self._send(other, [message])

    def lost(self, port: str) -> None:
        """A port is gone: what it holds on others is let go."""
        self._let_go(lambda one: one[0] == port)

    def close(self) -> None:
        """Let go what still sounds."""
        self._let_go(lambda _one: True)

    def _let_go(self, is_meant: Callable[[_Note], bool]) -> None:
        with self._lock:
            for one in sorted(filter(is_meant, self._sounding)):
                self._sounding.discard(one)
                _, other, channel, number = one
                self._send(other, [mido.Message("note_off", channel=channel, note=number)])
            for one in sorted(filter(is_meant, self._pedals)):
                self._pedals.discard(one)
                _, other, channel, number = one
                self._send(other, [mido.Message("control_change", channel=channel, control=number, value=0)])

    def _note(self, port: str, other: str, message: mido.Message) -> None:
        if message.type == "note_on" and message.velocity:
            self._sounding.add((port, other, message.channel, message.note))
        elif message.type in ("note_on", "note_off"):
            self._sounding.discard((port, other, message.channel, message.note))
        elif message.type == "control_change" and message.control in _PEDALS:
            stands = self._pedals.add if message.value else self._pedals.discard
            stands((port, other, message.channel, message.control))
