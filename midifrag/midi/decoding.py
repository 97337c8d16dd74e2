"""From bytes on a port to `midifrag.midi.messages`: nothing that a cable can carry raises here.

Channels become 1–16 and programs 1–128, a note-on with velocity 0 becomes a release, CC pairs that the configuration
calls 14 bit become one control change, what belongs to a non-registered parameter becomes where that stands (MIDI 1.0
Detailed Specification, "Registered and Non-Registered Parameter Numbers"), and bank select (CC 0 and CC 32) is kept for
the next program change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import mido

from midifrag.midi.halves import Halves
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

#: A 14-bit control's source: port and channel (None for any) and the number of its coarse CC (0–31).
Pair: TypeAlias = tuple[str | None, int | None, int]

#: A non-registered parameter that something is mapped to: port and channel (None for any) and its number.
Parameter: TypeAlias = tuple[str | None, int | None, int]

#: A pair's fine CC is so many above its coarse one.
FINE_OFFSET = 32
_BANK_COARSE, _BANK_FINE = 0, 32
#: The CCs that select a non-registered parameter, and a registered one: the fine byte of its number, and the coarse.
NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE = 98, 99, 100, 101
#: The CCs that say where the parameter that is selected stands, or move it by one.
DATA_COARSE, DATA_FINE, DATA_UP, DATA_DOWN = 6, 38, 96, 97
#: What a number's halves are where no parameter is selected.
_NONE = 127
#: What of a channel belongs to non-registered parameters, where one is mapped there.
NRPN_CCS = (DATA_COARSE, DATA_FINE, DATA_UP, DATA_DOWN, NRPN_FINE, NRPN_COARSE)


class MessageDecoder:
    """What one port's messages mean. Holds what spans messages: halves of values, the selected parameter, the bank.

    ``channel`` lets only one channel (1–16) through. ``malformed`` counts messages that are no MIDI, ``ignored`` those
    that midifrag has no use for (system exclusive, time code, other channels).
    """

    def __init__(self, port: str, channel: int | None = None, pairs: Iterable[Pair] = ()) -> None:
        self.port = port
        self.channel = channel
        self.malformed = 0
        self.ignored = 0
        self._halves = Halves()
        #: By channel, the non-registered parameter that is selected: the halves of its number, None for one missing.
        self._selected: dict[int, tuple[int | None, int | None]] = {}
        self._bank: dict[int, tuple[int, int]] = {}
        self.pair(pairs)

    def pair(self, pairs: Iterable[Pair], nrpns: Iterable[Parameter] = ()) -> None:
        """Take ``pairs`` for the CCs that are 14 bit from now on, and ``nrpns`` for the parameters that are mapped.

        Where one is, on its channel, the CCs that select it and say where it stands (`NRPN_CCS`) are no CCs.
        """
        self._pairs: frozenset[tuple[int | None, int]] = frozenset(
            (channel, cc) for port, channel, cc in pairs if port in (None, self.port)
        )
        self._nrpn_channels = frozenset(channel for port, channel, _ in nrpns if port in (None, self.port))

    def parse(self, data: Sequence[int]) -> mido.Message | None:
        """The message in ``data``, or None (and counted) where that is no MIDI."""
        try:
            return mido.Message.from_bytes(data)
        except (ValueError, TypeError, LookupError):
            self.malformed += 1
            return None

    def decode(self, message: mido.Message, time: float) -> MidiEvent | None:
        """The event of a parsed message that arrived at ``time`` (monotonic seconds), or None."""
        handler = _HANDLERS.get(message.type)
        if handler is None or not self._is_for_us(message):
            self.ignored += 1
            return None
        return handler(self, message, time)

    def _is_for_us(self, message: Any) -> bool:
        return self.channel is None or getattr(message, "channel", self.channel - 1) == self.channel - 1

    def _note_on(self, message: Any, time: float) -> MidiEvent:
        if message.velocity == 0:
            return self._note_off(message, time)
        return NoteOn(self.port, message.channel + 1, message.note, message.velocity, time)

    def _note_off(self, message: Any, time: float) -> MidiEvent:
        measured = message.velocity if message.type == "note_off" else UNMEASURED
        return NoteOff(self.port, message.channel + 1, message.note, time, measured)

    def _control_change(self, message: Any, time: float) -> MidiEvent | None:
        channel, cc, value = message.channel + 1, message.control, message.value
        if cc in (NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE):
            self._select(channel, cc, value)
        if cc in NRPN_CCS and self._hears_parameters(channel):
            number = self._parameter(channel)
            if cc in (NRPN_FINE, NRPN_COARSE):
                return None
            if number is not None:
                return self._parameter_moves(channel, number, cc, value, time)
        if cc == _BANK_COARSE:
            self._bank[channel] = (value, self._bank.get(channel, (0, 0))[1])
        elif cc == _BANK_FINE:
            self._bank[channel] = (self._bank.get(channel, (0, 0))[0], value)
        if cc < FINE_OFFSET:
            # Kept for every CC: a bank where it is no pair may come between its moves and the next fine byte.
            fine = self._halves.coarse((channel, cc), value, time, pairs=self._is_pair(channel, cc))
            return ControlChange(self.port, channel, cc, value, time, fine=fine)
        if self._is_pair(channel, cc - FINE_OFFSET):
            coarse = self._halves.fine((channel, cc - FINE_OFFSET), value, time)
            if coarse is not None:
                return ControlChange(self.port, channel, cc - FINE_OFFSET, coarse, time, fine=value)
        return ControlChange(self.port, channel, cc, value, time)

    def _select(self, channel: int, cc: int, value: int) -> None:
        """Part of a parameter's number came; a registered one is none of ours, and ends what was selected."""
        coarse, fine = self._selected.get(channel, (None, None))
        if cc == NRPN_FINE:
            self._selected[channel] = coarse, value
        elif cc == NRPN_COARSE:
            self._selected[channel] = value, fine
        else:
            self._selected.pop(channel, None)

    def _parameter(self, channel: int) -> int | None:
        """The number of the non-registered parameter that is selected, None where none is."""
        coarse, fine = self._selected.get(channel, (None, None))
        return None if coarse is None or fine is None or coarse == fine == _NONE else coarse * 128 + fine

    def _parameter_moves(self, channel: int, number: int, cc: int, value: int, time: float) -> MidiEvent | None:
        place = (channel, "nrpn", number)
        if cc in (DATA_UP, DATA_DOWN):
            step = 1 if cc == DATA_UP else -1
            halves = self._halves.moved(place, step) or (None, None)
            return Nrpn(self.port, channel, number, halves[0], time, halves[1], step)
        if cc == DATA_COARSE:
            return Nrpn(self.port, channel, number, value, time, self._halves.coarse(place, value, time))
        coarse = self._halves.fine(place, value, time)
        return None if coarse is None else Nrpn(self.port, channel, number, coarse, time, value, completes=True)

    def _hears_parameters(self, channel: int) -> bool:
        return None in self._nrpn_channels or channel in self._nrpn_channels

    def _is_pair(self, channel: int, cc: int) -> bool:
        return (None, cc) in self._pairs or (channel, cc) in self._pairs

    def _program_change(self, message: Any, time: float) -> MidiEvent:
        channel = message.channel + 1
        coarse_fine = self._bank.get(channel)
        bank = None if coarse_fine is None else coarse_fine[0] * 128 + coarse_fine[1]
        return ProgramChange(self.port, channel, message.program + 1, time, bank)

    def _pitch_bend(self, message: Any, time: float) -> MidiEvent:
        return PitchBend(self.port, message.channel + 1, message.pitch, time)

    def _aftertouch(self, message: Any, time: float) -> MidiEvent:
        return Aftertouch(self.port, message.channel + 1, message.value, time, getattr(message, "note", None))

    def _transport(self, message: Any, time: float) -> MidiEvent:
        return TransportChange(self.port, message.type, time)

    def _position(self, message: Any, time: float) -> MidiEvent:
        return TransportChange(self.port, "position", time, sixteenths=message.pos)

    def _tick(self, _message: Any, time: float) -> MidiEvent:
        return Tick(self.port, time)


#: mido message type → what becomes of it; types that are not here are ignored.
_HANDLERS: dict[str, Callable[[MessageDecoder, Any, float], MidiEvent | None]] = {
    "note_on": MessageDecoder._note_on,
    "note_off": MessageDecoder._note_off,
    "control_change": MessageDecoder._control_change,
    "program_change": MessageDecoder._program_change,
    "pitchwheel": MessageDecoder._pitch_bend,
    "aftertouch": MessageDecoder._aftertouch,
    "polytouch": MessageDecoder._aftertouch,
    "start": MessageDecoder._transport,
    "stop": MessageDecoder._transport,
    "continue": MessageDecoder._transport,
    "songpos": MessageDecoder._position,
    "clock": MessageDecoder._tick,
}
