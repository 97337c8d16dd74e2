"""From events to intents: what a message means in this show, with this bank. Pure; rebuilt when either changes.

In this order, and the first that fits wins: actions, controls (the bank's before the show's), CC 120 (all sound off:
panic) and CC 123 (all notes off: clear the queue), program changes, pads.
"""

from __future__ import annotations

from typing import assert_never

from midifrag.config.actions import ACTIONS, Action
from midifrag.config.banks import Bank, Control
from midifrag.config.settings import Settings
from midifrag.intents import ClearQueue, Intent, MoveControl, Panic, Press, Release, SelectBank
from midifrag.midi.decoding import Pair
from midifrag.midi.describing import PlayedIntent, describe_event, describe_intent
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    MidiEvent,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
    Tick,
    TransportChange,
)

#: Channel mode messages that do something where nothing is mapped to them: all sound off, all notes off.
CHANNEL_MODE: dict[int, tuple[Intent, str]] = {
    120: (Panic(), ACTIONS["panic"].words),
    123: (ClearQueue(), ACTIONS["clear_queue"].words),
}
#: CCs from here on are channel mode messages; they act at any value.
FIRST_CHANNEL_MODE = 120
#: A CC acts as a pressed switch from this value on.
SWITCH_ON = 64


class Mapper:
    """The meaning of messages while ``bank`` is active in ``show``.

    ``pairs`` has the 14-bit CCs for the decoders, ``switches`` the CC numbers that act as buttons, for the inbox.
    """

    def __init__(self, settings: Settings, bank: Bank) -> None:
        self.settings = settings
        self.bank = bank
        self.pairs: frozenset[Pair] = frozenset(
            (control.port, control.channel, control.cc)
            for control in (*settings.controls, *bank.controls)
            if control.bits == 14 and control.cc is not None
        )
        self.switches: frozenset[int] = frozenset(action.cc for action in settings.actions if action.cc is not None)

    def intents(self, event: MidiEvent) -> tuple[Intent, ...]:
        """What the performer wants with ``event``; empty where nothing is mapped."""
        actions = self._actions(event)
        if actions:
            return tuple(intent for a in actions if _is_pressed(event) for intent in a.intents(self.bank))
        played = self._played(event)
        return played or tuple(intent for intent, _ in _channel_mode(event))

    def explain(self, event: MidiEvent) -> str:
        """One line: what arrived, and what it does or why it does nothing."""
        return (
            f"{describe_event(event)} → {'; '.join(self._effects(event)) or f'nothing mapped in bank {self.bank.name}'}"
        )

    def _effects(self, event: MidiEvent) -> list[str]:
        actions = self._actions(event)
        if actions and not _is_pressed(event):
            return [f"nothing: it acts when pressed, a CC from {SWITCH_ON} on"]
        if actions:
            return [action.words for action in actions if action.intents(self.bank)]
        played = [describe_intent(intent, self.bank) for intent in self._played(event)]
        return played or [words for _, words in _channel_mode(event)]

    def _played(self, event: MidiEvent) -> tuple[PlayedIntent, ...]:
        """What an event means that no action takes."""
        match event:
            case NoteOn(port, channel, note, velocity, time):
                found = self.bank.find(note, channel, port)
                return (Press(note, channel, port, velocity / 127, time),) if found else ()
            case NoteOff(port, channel, note):
                found = self.bank.find(note, channel, port)
                return (Release(note, channel, port, event.time),) if found else ()
            case ControlChange() | PitchBend() | Aftertouch():
                return self._moves(event)
            case ProgramChange():
                return (SelectBank(program=event.program),)
            case Tick() | TransportChange():
                return ()
            case _:
                assert_never(event)

    def _actions(self, event: MidiEvent) -> list[Action]:
        return [action for action in self.settings.actions if _concerns(action, event)]

    def _moves(self, event: ControlChange | PitchBend | Aftertouch) -> tuple[MoveControl, ...]:
        for controls in (self.bank.controls, self.settings.controls):
            moved = [control for control in controls if _moved_by(control, event)]
            if moved:
                return tuple(MoveControl(c.id, _position(c, event)) for c in moved)
        return ()


def _channel_mode(event: MidiEvent) -> list[tuple[Intent, str]]:
    found = CHANNEL_MODE.get(event.cc) if isinstance(event, ControlChange) else None
    return [] if found is None else [found]


def _is_pressed(event: MidiEvent) -> bool:
    """Whether an action acts on ``event``: not on a release, nor on a CC's lower half."""
    if isinstance(event, ControlChange):
        return event.cc >= FIRST_CHANNEL_MODE or event.value >= SWITCH_ON
    return not isinstance(event, NoteOff)


def _concerns(action: Action, event: MidiEvent) -> bool:
    match event:
        case NoteOn() | NoteOff():
            meant = action.note == event.note
        case ControlChange():
            meant = action.cc == event.cc
        case ProgramChange():
            meant = action.program == event.program
        case PitchBend() | Aftertouch() | Tick() | TransportChange():
            return False
        case _:
            assert_never(event)
    return meant and action.port in (None, event.port) and action.channel in (None, event.channel)


def _moved_by(control: Control, event: ControlChange | PitchBend | Aftertouch) -> bool:
    if control.port not in (None, event.port) or control.channel not in (None, event.channel):
        return False
    match event:
        case ControlChange():
            return control.cc == event.cc
        case PitchBend():
            return control.pitch_bend
        case Aftertouch():
            return control.aftertouch
        case _:
            assert_never(event)


def _position(control: Control, event: ControlChange | PitchBend | Aftertouch) -> float:
    if isinstance(event, PitchBend):
        return (event.value + 8192) / 16383
    if isinstance(event, ControlChange) and control.bits == 14 and event.fine is not None:
        return (event.value * 128 + event.fine) / 16383
    return event.value / 127
