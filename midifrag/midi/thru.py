"""MIDI thru: what comes in on a port goes on to others, where a set asks for it.

Notes that went on and whose releases cannot come any more are let go. Safe to call from the ports' callbacks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import mido

#: From a port to another, and a note's channel (0–15) and number.
_Note: TypeAlias = tuple[str, str, int, int]
#: What goes on: the messages of channels. Clocks, real time and system exclusive are between two devices.
_GOES_ON = ("note_on", "note_off", "control_change", "program_change", "pitchwheel", "aftertouch", "polytouch")


class Thru:
    """Passes messages on along ``ways``, from each port to others; ``send`` hands them to a port and never blocks."""

    def __init__(
        self, ways: Mapping[str, Iterable[str]], send: Callable[[str, Iterable[mido.Message]], object]
    ) -> None:
        self._ways = {port: tuple(others) for port, others in ways.items()}
        self._send = send
        self._lock = threading.Lock()
        self._sounding: set[_Note] = set()

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
        self._let_go([note for note in self._sounding if note[0] == port])

    def close(self) -> None:
        """Let go what still sounds."""
        self._let_go(list(self._sounding))

    def _let_go(self, notes: Iterable[_Note]) -> None:
        with self._lock:
            for note in notes:
                self._sounding.discard(note)
                _, other, channel, number = note
                self._send(other, [mido.Message("note_off", channel=channel, note=number)])

    def _note(self, port: str, other: str, message: mido.Message) -> None:
        if message.type == "note_on" and message.velocity:
            self._sounding.add((port, other, message.channel, message.note))
        elif message.type in ("note_on", "note_off"):
            self._sounding.discard((port, other, message.channel, message.note))
