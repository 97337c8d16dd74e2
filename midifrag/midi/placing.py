"""What is pressed and let go where banks lie by place: the pad that lies there, or the button beside the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from midifrag.config.banks import Bank
from midifrag.config.buttons import ButtonUse
from midifrag.config.desk import Desk, Kind
from midifrag.intents import Intent, Press, Release, SelectBank
from midifrag.midi.messages import ControlChange, MidiEvent, NoteOff, NoteOn
from midifrag.pad_key import PadKey

#: What presses and lets go of pads: a port, a note or CC and its number, a channel.
Source: TypeAlias = tuple[str, Kind, int, int]


class Placing:
    """Reads ``desk`` while ``bank`` is active; ``banks`` are all of the set list, by their slugs.

    ``held`` are the pads that are down, by what pressed them: another bank may lie there when they are let go.
    """

    def __init__(self, desk: Desk, bank: Bank, banks: Mapping[str, Bank], held: dict[Source, Press]) -> None:
        self._desk = desk
        self._bank = bank
        self._banks = banks
        self._held = held

    def rules(self, port: str) -> bool:
        """Whether banks lie by place at a port."""
        return bool(self._desk.grids(port))

    def pressed(self, event: NoteOn | ControlChange) -> tuple[Press | SelectBank, ...]:
        """What a press means: the pad that lies there; where it is another bank's, that is selected first."""
        kind, number = _sent(event)
        found = self._desk.pad(event.port, kind, number, event.channel)
        if found is None:
            return ()
        bank, key = self._banks[found[0]], found[1]
        force = event.velocity if isinstance(event, NoteOn) else event.value
        press = Press(key.note, _channel(bank, key, event.channel), event.port, force / 127, event.time)
        return (press,) if bank is self._bank else (SelectBank(slug=bank.slug), press)

    def let_go(self, event: NoteOff | ControlChange) -> tuple[Release, ...]:
        """What is let go: what was pressed there."""
        source = _source(event)
        press = None if source is None else self._held.get(source)
        return () if press is None else (Release(press.note, press.channel, press.port, event.time),)

    def button(self, event: MidiEvent) -> ButtonUse | None:
        """What the button beside a grid does that sends this, if one does."""
        if not isinstance(event, NoteOn | ControlChange) or not self.rules(event.port):
            return None
        kind, number = _sent(event)
        return self._desk.button(event.port, kind, number, event.channel)

    def hold(self, event: MidiEvent, meant: Sequence[Intent]) -> None:
        """Remember what a press meant until it is let go."""
        source = _source(event)
        if source is None or not self.rules(event.port):
            return
        for intent in meant:
            if isinstance(intent, Press):
                self._held[source] = intent
            elif isinstance(intent, Release):
                self._held.pop(source, None)


def _sent(event: NoteOn | NoteOff | ControlChange) -> tuple[Kind, int]:
    return ("cc", event.cc) if isinstance(event, ControlChange) else ("note", event.note)


def _source(event: MidiEvent) -> Source | None:
    if not isinstance(event, NoteOn | NoteOff | ControlChange):
        return None
    return (event.port, *_sent(event), event.channel)


def _channel(bank: Bank, key: PadKey, came_on: int) -> int:
    """A channel on which the note of ``key`` means that pad: its own, or one that no other pad has to itself."""
    if key.channel is not None:
        return key.channel
    return next((one for one in (came_on, *range(1, 17)) if PadKey(key.note, one) not in bank.pads), came_on)
