"""From events to intents, by what they mean (`midifrag.midi.meaning`); what goes down and up is taken in.

Rebuilt when the show or the bank changes.
"""

from __future__ import annotations

from dataclasses import replace

from midifrag.config.actions import Action
from midifrag.intents import (
    Again,
    CancelPad,
    DoWithPad,
    Intent,
    Press,
    Release,
    Tap,
    Touch,
)
from midifrag.midi.hands import hand_of, release_of
from midifrag.midi.held import Down
from midifrag.midi.meaning import ENDS_NOTES, Meaning
from midifrag.midi.messages import (
    ControlChange,
    MidiEvent,
    NoteOff,
    NoteOn,
)
from midifrag.midi.reading import Bearing, Reading, presses
from midifrag.midi.switches import SWITCH_ON


class Mapper(Meaning):
    """The intents of messages while a bank is active in a show."""

    def intents(self, event: MidiEvent) -> tuple[Intent, ...]:
        """What the performer wants with ``event``; empty where nothing is mapped. Takes in what goes down and up."""
        reading = self.read(event)
        return (*self._lost_release(reading), *self._meant(reading))

    def _meant(self, reading: Reading) -> tuple[Intent, ...]:
        event = reading.event
        ends = self._ends(event) if reading.actions else ()
        self._take_in(reading)
        if reading.button is not None:
            return reading.button.intents(event.port)
        if reading.is_gesture and isinstance(event, NoteOn):
            return (self._touch(event, reading),)
        if not reading.actions:
            return reading.played
        return (*ends, *(self._acted(reading.actions, reading) if reading.acts else ()))

    def bearing(self, event: MidiEvent) -> Bearing:
        """What ``event`` is for."""
        return self.read(event).bearing

    def explain(self, event: MidiEvent, reading: Reading | None = None) -> str:
        """One line: what arrived, and what it does or why it does nothing.

        ``reading`` is what `read` made of it, for an event that `intents` has taken in since.
        """
        return (self.read(event) if reading is None else reading).explain()

    def _lost_release(self, reading: Reading) -> tuple[Release, ...]:
        """How a note lets go what it pressed before, where that release was lost and it presses nothing by now.

        A new press of a pad lets the old one go by itself.
        """
        event = reading.event
        down = self._held.down(hand_of(event)) if isinstance(event, NoteOn) else None
        is_press = presses(reading) and not reading.actions and not reading.is_gesture
        return () if down is None or down.press is None or is_press else (release_of(down.press, event.time),)

    def _take_in(self, reading: Reading) -> None:
        event = reading.event
        if isinstance(event, NoteOn):
            self._held.press(hand_of(event), self._down(reading))
        elif isinstance(event, NoteOff):
            self._held.release(hand_of(event))
        elif isinstance(event, ControlChange):
            self._take_in_cc(event, reading)

    def _take_in_cc(self, event: ControlChange, reading: Reading) -> None:
        hand = hand_of(event)
        is_switch = event.cc in self._also or self._placing.is_switch(event)
        if reading.actions or is_switch or self._held.down(hand) is not None:
            self._switches.feed(event)
        if event.cc in self._shifts:
            self._held.shift(hand, is_down=event.value >= SWITCH_ON)
        if event.cc in ENDS_NOTES:
            self._held.end_notes(event.port, event.channel, lambda note: self._actions.shifts(note, event.port))
        if presses(reading):
            self._held.press(hand, self._down(reading))
        elif reading.goes_off:
            self._held.release(hand)

    def _down(self, reading: Reading) -> Down:
        """What something means that goes down, for its release."""
        press = next((one for one in reading.played if isinstance(one, Press)), None)
        if reading.is_gesture or (press is not None and not reading.actions):
            return Down("press", reading.of or self.bank, press)
        return Down("act" if reading.actions else "nothing", self.bank)

    def _touch(self, event: NoteOn, reading: Reading) -> Touch:
        single = self._acted(reading.actions, reading) if reading.actions else reading.played
        double, long = self._acted(reading.double, reading), self._acted(reading.long, reading)
        kinds = (tuple(self._here(one, reading) for one in kind) for kind in (single, double, long))
        press = next((one for one in reading.played if isinstance(one, Press)), None)
        return Touch(hand_of(event) if press is None else press.hand, event.time, *kinds)

    def _here(self, intent: Intent, reading: Reading) -> Intent:
        """What is about a pad is about this bank's, or of the bank beside it, whichever is active when it is done."""
        if isinstance(intent, Press):
            return replace(intent, bank=(reading.of or self.bank).slug)
        if isinstance(intent, Again | CancelPad | DoWithPad):
            return replace(intent, bank=self.bank.slug)
        return intent

    def _acted(self, actions: tuple[Action, ...], reading: Reading) -> tuple[Intent, ...]:
        time = reading.event.time
        return tuple(_at(time, one) for action in actions for one in action.intents(self.bank, reading.pressed))


def _at(time: float, intent: Intent) -> Intent:
    """An action's intent, at the moment of its message where that matters."""
    return replace(intent, time=time) if isinstance(intent, Tap) else intent
