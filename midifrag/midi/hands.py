"""What presses a pad, and lets it go again: a note, a CC, a program change."""

from __future__ import annotations

from typing import assert_never

from midifrag.intents import Hand, Press, Release
from midifrag.midi.messages import UNMEASURED, ControlChange, NoteOff, NoteOn, ProgramChange


def release_of(press: Press, time: float, velocity: float = UNMEASURED / 127) -> Release:
    """How a press is let go."""
    return Release(press.note, press.channel, press.port, time, velocity, press.by)


def hand_of(event: NoteOn | NoteOff | ControlChange | ProgramChange) -> Hand:
    """What presses a pad with a message, and lets it go."""
    match event:
        case NoteOn() | NoteOff():
            return Hand(event.port, "note", event.note, event.channel)
        case ControlChange():
            return Hand(event.port, "cc", event.cc, event.channel)
        case ProgramChange():
            return Hand(event.port, "program", event.program, event.channel)
        case _:
            assert_never(event)
