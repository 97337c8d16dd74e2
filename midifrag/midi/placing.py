"""What is pressed where banks lie by place: the pad that lies there, or the button beside the grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from midifrag.config.banks import Bank
from midifrag.config.buttons import ButtonUse
from midifrag.config.desk import Desk, Kind
from midifrag.intents import Hand, Press, SelectBank
from midifrag.midi.messages import Aftertouch, ControlChange, MidiEvent, NoteOff, NoteOn
from midifrag.pad_key import PadKey


class Placed(NamedTuple):
    """A pad that lies at a place, its bank, and what pressing it asks for."""

    bank: Bank
    key: PadKey
    press: Press

    def intents(self, active: Bank) -> tuple[SelectBank | Press, ...]:
        """The press; where it is another bank's pad, that is selected first."""
        return (self.press,) if self.bank is active else (SelectBank(slug=self.bank.slug), self.press)


class Placing:
    """Reads ``desk``; ``banks`` are all of the set list, by their slugs."""

    def __init__(self, desk: Desk, banks: Mapping[str, Bank]) -> None:
        self._desk = desk
        self._banks = banks

    def rules(self, port: str) -> bool:
        """Whether banks lie by place at a port."""
        return bool(self._desk.grids(port))

    def at(self, event: NoteOn | NoteOff | ControlChange | Aftertouch) -> tuple[Bank, PadKey] | None:
        """The pad, and its bank, that lies where a message comes from."""
        sent = _sent(event)
        found = None if sent is None else self._desk.pad(event.port, *sent, event.channel)
        return None if found is None else (self._banks[found[0]], found[1])

    def pressed(self, event: NoteOn | ControlChange) -> Placed | None:
        """What a press means: the pad that lies there."""
        found = self.at(event)
        if found is None:
            return None
        bank, key = found
        if isinstance(event, NoteOn):
            hand, force = Hand(event.port, "note", event.note, event.channel), event.velocity
        else:
            hand, force = Hand(event.port, "cc", event.cc, event.channel), event.value
        channel = _channel(bank, key, event.channel)
        press = Press(key.note, channel, event.port, force / 127, event.time, by=hand)
        return Placed(bank, key, press)

    def button(self, event: MidiEvent) -> ButtonUse | None:
        """What the button beside a grid does that sends this, if one does."""
        if not isinstance(event, NoteOn | ControlChange) or not self.rules(event.port):
            return None
        sent = _sent(event)
        return None if sent is None else self._desk.button(event.port, *sent, event.channel)

    def is_switch(self, event: ControlChange) -> bool:
        """Whether a CC is a pad's, or a button's beside a grid."""
        return self.rules(event.port) and (self.at(event) is not None or self.button(event) is not None)


def _sent(event: NoteOn | NoteOff | ControlChange | Aftertouch) -> tuple[Kind, int] | None:
    if isinstance(event, ControlChange):
        return "cc", event.cc
    return None if event.note is None else ("note", event.note)


def _channel(bank: Bank, key: PadKey, came_on: int) -> int:
    """A channel on which the note of ``key`` means that pad: its own, or one that no other pad has to itself."""
    if key.channel is not None:
        return key.channel
    return next((one for one in (came_on, *range(1, 17)) if PadKey(key.note, one) not in bank.pads), came_on)
