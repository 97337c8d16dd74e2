"""Events and intents in a performer's words, for ``midifrag monitor`` and the log."""

from __future__ import annotations

from midifrag.config.banks import Bank
from midifrag.events import (
    CancelPad,
    ClearQueue,
    Intent,
    LockSlot,
    MoveControl,
    Panic,
    Press,
    Release,
    RestoreSlot,
    SelectBank,
)
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    MidiEvent,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
    Tick,
    Transport,
)
from midifrag.notes import note_name


def describe_event(event: MidiEvent) -> str:
    """What arrived, such as ``pads: note 36 (C1) velocity 100, channel 1``."""
    match event:
        case NoteOn():
            text = f"note {event.note} ({note_name(event.note)}) velocity {event.velocity}"
        case NoteOff():
            text = f"release {event.note} ({note_name(event.note)})"
        case ControlChange():
            text = f"cc {event.cc} = {event.value}" + ("" if event.fine is None else f" fine {event.fine}")
        case PitchBend():
            text = f"pitch bend {event.value:+d}"
        case Aftertouch():
            text = f"aftertouch {event.value}" + ("" if event.note is None else f" on note {event.note}")
        case ProgramChange():
            text = f"program {event.program}" + ("" if event.bank is None else f" bank {event.bank}")
        case Transport():
            text = event.kind if event.sixteenths is None else f"position {event.sixteenths} sixteenths"
        case Tick():
            text = "clock tick"
    channel = getattr(event, "channel", None)
    return f"{event.port}: {text}" + ("" if channel is None else f", channel {channel}")


def describe_intent(intent: Intent, bank: Bank) -> str:
    """What an intent does while ``bank`` is active, such as ``presses pad 36 “rain on a tin roof”``."""
    match intent:
        case Press() | Release():
            found = bank.find(intent.note, intent.channel, intent.port)
            verb = "presses" if isinstance(intent, Press) else "releases"
            return f"{verb} pad {found[0]} “{found[1].label}”" if found else f"{verb} no pad"
        case MoveControl():
            return f"{intent.control}, at {intent.position:.0%}"
        case SelectBank(program=int() as program):
            return f"selects the bank with program {program}"
        case SelectBank(slug=str() as slug):
            return f"selects bank {slug}"
        case SelectBank():
            return "next bank" if intent.offset == 1 else "previous bank"
        case LockSlot():
            verb = {True: "locks", False: "unlocks", None: "locks or unlocks"}[intent.locked]
            return f"{verb} slot {intent.slot}"
        case RestoreSlot():
            return f"puts the previous fragment back in slot {intent.slot}"
        case CancelPad():
            return f"cancels pad {intent.pad}"
        case ClearQueue():
            return "clears the queue"
        case Panic():
            return "panic: cancels everything"
        case _:
            return type(intent).__name__
