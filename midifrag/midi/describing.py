"""MIDI events, and what a bank makes of them, in a performer's words, for ``midifrag monitor`` and the page."""

from __future__ import annotations

from typing import TypeAlias, assert_never

from midifrag.config.banks import Bank
from midifrag.intents import LetGo, MoveControl, Press, Release, SelectBank, TurnControl
from midifrag.midi.messages import (
    UNMEASURED,
    Aftertouch,
    ControlChange,
    MidiEvent,
    NoteOff,
    NoteOn,
    Nrpn,
    PitchBend,
    ProgramChange,
    Tick,
    TransportChange,
)
from midifrag.notes import note_name

#: What events mean by themselves; what actions and buttons make of them is said by their own tables.
PlayedIntent: TypeAlias = Press | Release | MoveControl | TurnControl | SelectBank | LetGo


def describe_event(event: MidiEvent) -> str:
    """What arrived, such as ``pads: note 36 (C1) velocity 100, channel 1``."""
    channel = getattr(event, "channel", None)
    return f"{event.port}: {_what(event)}" + ("" if channel is None else f", channel {channel}")


def _what(event: MidiEvent) -> str:
    match event:
        case NoteOn():
            return f"note {event.note} ({note_name(event.note)}) velocity {event.velocity}"
        case NoteOff():
            measured = "" if event.velocity == UNMEASURED else f" velocity {event.velocity}"
            return f"release {event.note} ({note_name(event.note)}){measured}"
        case ControlChange():
            return f"cc {event.cc} = {event.value}" + ("" if event.fine is None else f" fine {event.fine}")
        case Nrpn():
            moved = {0: "", 1: " up", -1: " down"}.get(event.step, "")
            stands = "" if event.value is None else f" = {event.value}"
            return f"nrpn {event.number}{moved}{stands}" + ("" if event.fine is None else f" fine {event.fine}")
        case PitchBend():
            return f"pitch bend {event.value:+d}"
        case Aftertouch():
            return f"aftertouch {event.value}" + ("" if event.note is None else f" on note {event.note}")
        case ProgramChange():
            return f"program {event.program}" + ("" if event.bank is None else f" bank {event.bank}")
        case TransportChange():
            return event.kind if event.sixteenths is None else f"position {event.sixteenths} sixteenths"
        case Tick():
            return "clock tick"
        case _:
            assert_never(event)


def describe_intent(intent: PlayedIntent, bank: Bank) -> str:
    """What an intent does while ``bank`` is active, such as ``presses pad 36 “rain on a tin roof”``."""
    match intent:
        case Press() | Release():
            found = bank.find(intent.note, intent.channel, intent.port)
            verb = "presses" if isinstance(intent, Press) else "releases"
            return f"{verb} pad {found[0]} “{found[1].label}”" if found else f"{verb} no pad"
        case MoveControl():
            return f"{intent.control}, at {intent.position:.0%}"
        case TurnControl():
            return f"{intent.control}, {intent.clicks:+d}"
        case LetGo():
            return "lets go what is held"
        case SelectBank():
            what = f"the bank with program {intent.program}" if intent.slug is None else f"bank {intent.slug}"
            return f"selects {what}"
        case _:
            assert_never(intent)
