"""From events to intents: what a message means in this show, with this bank. Pure; rebuilt when either changes.

In this order, and the first that fits wins: actions, controls (the bank's before the show's), what `panic_on` names,
program changes, pads and the buttons beside them. Where banks lie by place (`midifrag.config.desk`), a press means the
pad that lies there, and says that pad's note; one of a bank beside the active one selects its bank first. CC 120 and
CC 123 end held notes by themselves, and cancel nothing: keyboards send them at each last key up, DAWs whenever they
stop.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias, assert_never

from midifrag.config.actions import ACTIONS, Action
from midifrag.config.banks import Bank
from midifrag.config.buttons import ButtonUse
from midifrag.config.controls import Control
from midifrag.config.desk import Desk, plan_of
from midifrag.config.layout import Shown
from midifrag.config.settings import Settings
from midifrag.intents import Intent, MoveControl, Panic, Press, Release, SelectBank, Tap
from midifrag.midi.decoding import FINE_OFFSET, Pair
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
from midifrag.midi.placing import Placing, Source
from midifrag.midi.switches import SWITCH_ON, Switches

#: What a channel mode message does by itself, where nothing is mapped to it, and its name in `panic_on`.
ENDS_NOTES = {120: "all sound off", 123: "all notes off"}
#: CCs from here on are channel mode messages; they act at any value.
FIRST_CHANNEL_MODE = 120


#: What a message is for (`Mapper.bearing`).
Bearing: TypeAlias = Literal["act", "position", "nothing"]


class Mapper:
    """The meaning of messages while ``bank`` is active in ``show``.

    ``banks`` are all of the set list (the active one is among them), and ``shown`` what ports show of them. ``held``
    are the pads that are down, by what pressed them: another bank may lie there when they are let go.
    ``pairs`` has the 14-bit CCs for the decoders, ``switches`` the CC numbers that act as buttons and ``pads`` the CCs
    that pads send, for the inbox.
    """

    def __init__(
        self,
        settings: Settings,
        bank: Bank,
        switches: Switches | None = None,
        banks: Sequence[Bank] = (),
        shown: Mapping[str, Shown] | None = None,
        held: dict[Source, Press] | None = None,
    ) -> None:
        self.settings = settings
        self.bank = bank
        self._banks = {one.slug: one for one in (*banks, bank)}
        plans = [plan_of(one) for one in banks or (bank,)]
        active = next(number for number, plan in enumerate(plans) if plan.slug == bank.slug)
        self.desk = Desk(settings, plans, active, shown)
        self._placing = Placing(self.desk, bank, self._banks, {} if held is None else held)
        self._switches = Switches() if switches is None else switches
        self._panics = frozenset(int(name.removeprefix("cc")) for name in settings.panic_on)
        self.pairs: frozenset[Pair] = frozenset(_pairs(settings, bank))
        self.switches: frozenset[int] = frozenset(action.cc for action in settings.actions if action.cc is not None)
        self.pads = self.desk.ccs

    def intents(self, event: MidiEvent) -> tuple[Intent, ...]:
        """What the performer wants with ``event``; empty where nothing is mapped. Takes in how a switch stands."""
        actions = self._actions(event)
        if actions:
            acts = self.acts(event)
            if isinstance(event, ControlChange):
                self._switches.feed(event)
            return (
                tuple(_at(event.time, one) for action in actions for one in action.intents(self.bank)) if acts else ()
            )
        use = self._button(event) if self.acts(event) else None
        played: tuple[Intent, ...] = self._played(event) if use is None else use.intents(event.port)
        if not played and self._is_panic(event):
            played = (Panic(),)
        self._placing.hold(event, played)
        if isinstance(event, ControlChange) and self._placing.rules(event.port):
            self._switches.feed(event)
        return played

    def acts(self, event: MidiEvent) -> bool:
        """Whether an action on ``event`` would act now: not on a release, nor on a switch that is on already."""
        if isinstance(event, ControlChange) and event.cc < FIRST_CHANNEL_MODE:
            return self._switches.goes_on(event)
        return not isinstance(event, NoteOff)

    def _lets_go(self, event: ControlChange) -> bool:
        return event.cc < FIRST_CHANNEL_MODE and self._switches.goes_off(event)

    def bearing(self, event: MidiEvent) -> Bearing:
        """What ``event`` is for: an act, one of the positions that a control passes through, or nothing."""
        if self._actions(event):
            goes_off = isinstance(event, ControlChange) and self._switches.goes_off(event)
            return "act" if goes_off or self.acts(event) else "nothing"
        played = self._played(event)
        if any(isinstance(intent, MoveControl) for intent in played):
            return "position"
        is_button = self._button(event) is not None and self.acts(event)
        return "act" if played or is_button or self._is_panic(event) else "nothing"

    def explain(self, event: MidiEvent, acts: bool | None = None) -> str:
        """One line: what arrived, and what it does or why it does nothing.

        ``acts`` is what `acts` said of it, for an event that `intents` has taken in since.
        """
        acts = self.acts(event) if acts is None else acts
        effects = "; ".join(self._effects(event, acts)) or f"nothing mapped in bank {self.bank.name}"
        return f"{describe_event(event)} → {effects}"

    def _effects(self, event: MidiEvent, acts: bool) -> list[str]:
        actions = self._actions(event)
        if actions and not acts:
            return [f"nothing: it acts when pressed, a CC when it rises to {SWITCH_ON}"]
        if actions:
            return [action.words for action in actions if action.intents(self.bank)]
        use = self._button(event) if acts else None
        if use is not None:
            return [use.words]
        bank, told = self.bank, []
        for intent in self._played(event, acts):
            if isinstance(intent, SelectBank) and intent.slug is not None:
                bank = self._banks[intent.slug]
            told.append(describe_intent(intent, bank))
        return told or self._by_itself(event)

    def _by_itself(self, event: MidiEvent) -> list[str]:
        """What a channel mode message does that nothing is mapped to."""
        if self._is_panic(event):
            return [ACTIONS["panic"].words]
        if isinstance(event, ProgramChange):
            return ["nothing: program_changes leaves it out"]
        if not isinstance(event, ControlChange):
            return []
        coarse = event.cc - FINE_OFFSET
        if any(
            (port, channel, coarse) in self.pairs for port in (None, event.port) for channel in (None, event.channel)
        ):
            return [f"nothing yet: the fine half of cc {coarse}, whose coarse half has not come"]
        name = ENDS_NOTES.get(event.cc)
        return [] if name is None else [f"{name}: ends held notes, cancels nothing"]

    def _bank_of(self, event: ProgramChange) -> SelectBank:
        """The bank that a program selects; what was latched before it says more only where a bank names one."""
        names = any(bank.bank_select is not None for bank in self._banks.values())
        return SelectBank(program=event.program, bank=event.bank if names else None)

    def _selects(self, event: ProgramChange) -> bool:
        wanted = self.settings.program_changes
        return wanted.enabled and wanted.channel in (None, event.channel) and wanted.port in (None, event.port)

    def _is_panic(self, event: MidiEvent) -> bool:
        return isinstance(event, ControlChange) and event.cc in self._panics

    def _played(self, event: MidiEvent, acts: bool | None = None) -> tuple[PlayedIntent, ...]:
        """What an event means that no action and no button takes.

        ``acts`` is what `acts` said of it before it was taken in.
        """
        match event:
            case NoteOn(port, channel, note, velocity, time):
                if self._placing.rules(port):
                    return self._placing.pressed(event)
                found = self.bank.find(note, channel, port)
                return (Press(note, channel, port, velocity / 127, time),) if found else ()
            case NoteOff(port, channel, note):
                if self._placing.rules(port):
                    return self._placing.let_go(event)
                found = self.bank.find(note, channel, port)
                return (Release(note, channel, port, event.time),) if found else ()
            case ControlChange(port):
                moves = self._moves(event)
                if moves or not self._placing.rules(port):
                    return moves
                if self.acts(event) if acts is None else acts:
                    return self._placing.pressed(event)
                return self._placing.let_go(event) if self._lets_go(event) else ()
            case PitchBend() | Aftertouch():
                return self._moves(event)
            case ProgramChange():
                return (self._bank_of(event),) if self._selects(event) else ()
            case Tick() | TransportChange():
                return ()
            case _:
                assert_never(event)

    def _button(self, event: MidiEvent) -> ButtonUse | None:
        """What the button beside a grid does that sends this, unless a control takes it."""
        if isinstance(event, ControlChange) and self._moves(event):
            return None
        return self._placing.button(event)

    def _actions(self, event: MidiEvent) -> list[Action]:
        return [action for action in self.settings.actions if _concerns(action, event)]

    def _moves(self, event: ControlChange | PitchBend | Aftertouch) -> tuple[MoveControl, ...]:
        is_own = isinstance(event, ControlChange) and self.desk.is_own(event.port, "cc", event.cc, event.channel)
        for controls in (self.bank.controls, self.settings.controls):
            moved = [one for one in controls if _moved_by(one, event) and not (is_own and one.channel is None)]
            if moved:
                return tuple(MoveControl(c.id, _position(c, event)) for c in moved)
        return ()


def _at(time: float, intent: Intent) -> Intent:
    """An action's intent, at the moment of its message where that matters."""
    return replace(intent, time=time) if isinstance(intent, Tap) else intent


def _pairs(settings: Settings, bank: Bank) -> Iterator[Pair]:
    """The 14-bit CCs; where another control or an action names a fine CC, it is theirs and no half of a pair."""
    controls = (*settings.controls, *bank.controls)
    named: list[Action | Control] = [*settings.actions, *controls]
    for control in controls:
        if control.bits != 14 or control.cc is None:
            continue
        others = [one for one in named if one.cc == control.cc + FINE_OFFSET]
        if not others:
            yield control.port, control.channel, control.cc
            continue
        ports = settings.ports if control.port is None else [control.port]
        channels = range(1, 17) if control.channel is None else [control.channel]
        for port, channel in itertools.product(ports, channels):
            if not any(one.port in (None, port) and one.channel in (None, channel) for one in others):
                yield port, channel, control.cc


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
