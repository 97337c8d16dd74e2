"""From events to intents: what a message means in this show, with this bank. Pure; rebuilt when either changes.

In this order, and the first that fits wins: actions, controls (the bank's before the show's), CC 120 (all sound off:
panic) and CC 123 (all notes off: clear the queue), program changes, pads.
"""

from __future__ import annotations

from collections.abc import Callable

from midifrag.config.banks import Bank, Control
from midifrag.config.settings import Action, Show
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
from midifrag.midi.decoding import Pair
from midifrag.midi.describing import describe_event, describe_intent
from midifrag.midi.messages import Aftertouch, ControlChange, MidiEvent, NoteOff, NoteOn, PitchBend, ProgramChange

ALL_SOUND_OFF = 120
ALL_NOTES_OFF = 123
#: A CC acts as a pressed switch from this value on; channel mode messages (CC 120–127) act at any value.
SWITCH_ON = 64


def control_id(control: Control) -> str:
    """A control's stable identity, readable in logs: what moves it and what it sets."""
    source = "pitch bend" if control.pitch_bend else "aftertouch" if control.aftertouch else f"cc {control.cc}"
    if control.channel is not None:
        source += f" channel {control.channel}"
    if control.port is not None:
        source += f" port {control.port}"
    return f"{source} sets {control.sets}"


class Mapper:
    """The meaning of messages while ``bank`` is active in ``show``.

    ``controls`` has every control that can move now by its identity, ``pairs`` the 14-bit CCs for the decoders,
    ``switches`` the CC numbers that act as buttons, for the inbox.
    """

    def __init__(self, show: Show, bank: Bank) -> None:
        self.show = show
        self.bank = bank
        self.controls: dict[str, Control] = {control_id(c): c for c in (*show.controls, *bank.controls)}
        self.pairs: frozenset[Pair] = frozenset(
            (c.port, c.channel, c.cc) for c in self.controls.values() if c.bits == 14 and c.cc is not None
        )
        self.switches: frozenset[int] = frozenset(action.cc for action in show.actions if action.cc is not None)

    def intents(self, event: MidiEvent) -> tuple[Intent, ...]:
        """What the performer wants with ``event``; empty where nothing is mapped."""
        match event:
            case NoteOn(channel=channel, note=note, velocity=velocity):
                if self._actions(event):
                    return self._act(event)
                if self.bank.find(note, channel, event.port) is None:
                    return ()
                return (Press(note, channel, event.port, velocity / 127, event.time),)
            case NoteOff(channel=channel, note=note):
                if self._actions(event) or self.bank.find(note, channel, event.port) is None:
                    return ()
                return (Release(note, channel, event.port, event.time),)
            case ControlChange():
                return self._control_change(event)
            case ProgramChange(program=program):
                return self._act(event) if self._actions(event) else (SelectBank(program=program),)
            case PitchBend() | Aftertouch():
                return self._moves(event)
            case _:
                return ()

    def explain(self, event: MidiEvent) -> str:
        """One line: what arrived, and what it does or why it does nothing."""
        effects = [describe_intent(intent, self.bank) for intent in self.intents(event)]
        if isinstance(event, NoteOff | ControlChange) and self._actions(event) and not _is_pressed(event):
            effects = [f"nothing: it acts when pressed, a CC from {SWITCH_ON} on"]
        return f"{describe_event(event)} → {'; '.join(effects) or f'nothing mapped in bank {self.bank.name}'}"

    def _control_change(self, event: ControlChange) -> tuple[Intent, ...]:
        if self._actions(event):
            return self._act(event)
        moves = self._moves(event)
        if moves:
            return moves
        if event.cc == ALL_SOUND_OFF:
            return (Panic(),)
        if event.cc == ALL_NOTES_OFF:
            return (ClearQueue(),)
        return ()

    def _actions(self, event: NoteOn | NoteOff | ControlChange | ProgramChange) -> list[Action]:
        return [action for action in self.show.actions if _concerns(action, event)]

    def _act(self, event: NoteOn | ControlChange | ProgramChange) -> tuple[Intent, ...]:
        if isinstance(event, ControlChange) and not _is_pressed(event):
            return ()
        return tuple(intent for action in self._actions(event) for intent in _DOES[action.does](action, self.bank))

    def _moves(self, event: ControlChange | PitchBend | Aftertouch) -> tuple[Intent, ...]:
        for controls in (self.bank.controls, self.show.controls):
            moved = [control for control in controls if _moved_by(control, event)]
            if moved:
                return tuple(MoveControl(control_id(c), _position(c, event), event.time) for c in moved)
        return ()


def _is_pressed(event: NoteOff | ControlChange) -> bool:
    return isinstance(event, ControlChange) and (event.cc >= ALL_SOUND_OFF or event.value >= SWITCH_ON)


def _concerns(action: Action, event: NoteOn | NoteOff | ControlChange | ProgramChange) -> bool:
    if action.port not in (None, event.port) or action.channel not in (None, event.channel):
        return False
    match event:
        case NoteOn() | NoteOff():
            return action.note == event.note
        case ControlChange():
            return action.cc == event.cc
        case ProgramChange():
            return action.program == event.program


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


def _position(control: Control, event: ControlChange | PitchBend | Aftertouch) -> float:
    if isinstance(event, PitchBend):
        return (event.value + 8192) / 16383
    if isinstance(event, ControlChange) and control.bits == 14 and event.fine is not None:
        return (event.value * 128 + event.fine) / 16383
    return event.value / 127


def _pads_on(note: int, bank: Bank) -> list[str]:
    return [key for key in bank.pads if key.partition("/")[0] == str(note)]


def _select(action: Action, _bank: Bank) -> list[Intent]:
    if isinstance(action.bank, int):
        return [SelectBank(program=action.bank)]
    return [SelectBank(slug=action.bank)]


def _on_slot(make: Callable[[int], Intent]) -> Callable[[Action, Bank], list[Intent]]:
    return lambda action, _bank: [make(action.slot)] if action.slot is not None else []


#: What each action of the configuration asks for.
_DOES: dict[str, Callable[[Action, Bank], list[Intent]]] = {
    "panic": lambda _action, _bank: [Panic()],
    "clear_queue": lambda _action, _bank: [ClearQueue()],
    "cancel_pad": lambda action, bank: [CancelPad(key) for key in _pads_on(action.pad or 0, bank)],
    "next_bank": lambda _action, _bank: [SelectBank(offset=1)],
    "previous_bank": lambda _action, _bank: [SelectBank(offset=-1)],
    "bank": _select,
    "lock": _on_slot(lambda slot: LockSlot(slot, True)),
    "unlock": _on_slot(lambda slot: LockSlot(slot, False)),
    "toggle_lock": _on_slot(lambda slot: LockSlot(slot, None)),
    "restore": _on_slot(RestoreSlot),
}
