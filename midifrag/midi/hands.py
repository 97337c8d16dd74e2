"""What presses and lets go with a message, and which actions a message is for."""

from __future__ import annotations

from typing import assert_never

from midifrag.config.actions import Action
from midifrag.intents import Hand, Press, Release
from midifrag.midi.messages import ControlChange, NoteOff, NoteOn, ProgramChange
from midifrag.pad_key import PadKey


def release_of(press: Press, time: float, velocity: float = 64 / 127) -> Release:
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


def concerns(action: Action, event: NoteOn | NoteOff | ControlChange | ProgramChange, pad: PadKey | None) -> bool:
    """Whether ``event`` is an action's, but for its shift; one that names no source is for any pad that is pressed."""
    of_any_pad = action.note is None and action.cc is None and action.program is None
    match event:
        case NoteOn():
            meant = action.note == event.note or (of_any_pad and pad is not None)
        case NoteOff():
            meant = action.note == event.note
        case ControlChange():
            meant = action.cc == event.cc
        case ProgramChange():
            meant = action.program == event.program
        case _:
            assert_never(event)
    return meant and action.port in (None, event.port) and action.channel in (None, event.channel)
