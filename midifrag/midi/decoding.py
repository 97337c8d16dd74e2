"""From bytes on a port to `midifrag.midi.messages`: nothing that a cable can carry raises here.

Channels become 1–16 and programs 1–128, a note-on with velocity 0 becomes a release, CC pairs that the configuration
calls 14 bit become one control change, and bank select (CC 0 and CC 32) is kept for the next program change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import mido

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

#: A 14-bit control's source: port and channel (None for any) and the number of its coarse CC (0–31).
Pair: TypeAlias = tuple[str | None, int | None, int]

#: A pair's fine CC is so many above its coarse one.
FINE_OFFSET = 32
#: A fine byte belongs to the coarse one that comes within this many seconds after it: some senders begin with the fine
#: one. More than a pair takes on a DIN cable, less than lies between two moves of a knob.
PAIR_SECONDS = 0.02
_BANK_COARSE, _BANK_FINE = 0, 32


class _Fine(NamedTuple):
    """A fine byte: its value, its time, and how many seconds before it a coarse one came that waited for it, if any."""

    value: int
    time: float
    after: float | None

    def belongs_to_coarse_at(self, time: float) -> bool:
        """Whether it begins a pair whose coarse byte comes at ``time``: it is clearly nearer than the one before."""
        before = time - self.time
        return 0 <= before <= PAIR_SECONDS and (self.after is None or before < self.after / 2)


class MessageDecoder:
    """What one port's messages mean. Holds what spans messages: coarse CC bytes and the latched bank select.

    ``channel`` lets only one channel (1–16) through. ``malformed`` counts messages that are no MIDI, ``ignored`` those
    that midifrag has no use for (system exclusive, time code, other channels).
    """

    def __init__(self, port: str, channel: int | None = None, pairs: Iterable[Pair] = ()) -> None:
        self.port = port
        self.channel = channel
        self.malformed = 0
        self.ignored = 0
        #: By channel and coarse CC: the last coarse byte, when one came that waits for its fine byte, and the last fine
        #: byte, which may be the next coarse one's.
        self._coarse: dict[tuple[int, int], int] = {}
        self._open: dict[tuple[int, int], float] = {}
        self._fine: dict[tuple[int, int], _Fine] = {}
        self._bank: dict[int, tuple[int, int]] = {}
        self.pair(pairs)

    def pair(self, pairs: Iterable[Pair]) -> None:
        """Take ``pairs`` for the CCs that are 14 bit from now on."""
        self._pairs: frozenset[tuple[int | None, int]] = frozenset(
            (channel, cc) for port, channel, cc in pairs if port in (None, self.port)
        )

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
        return NoteOff(self.port, message.channel + 1, message.note, time)

    def _control_change(self, message: Any, time: float) -> MidiEvent:
        channel, cc, value = message.channel + 1, message.control, message.value
        if cc == _BANK_COARSE:
            self._bank[channel] = (value, self._bank.get(channel, (0, 0))[1])
        elif cc == _BANK_FINE:
            self._bank[channel] = (self._bank.get(channel, (0, 0))[0], value)
        if cc < FINE_OFFSET:
            return self._coarse_half(channel, cc, value, time)
        if self._is_pair(channel, cc - FINE_OFFSET):
            return self._fine_half(channel, cc - FINE_OFFSET, value, time)
        return ControlChange(self.port, channel, cc, value, time)

    def _coarse_half(self, channel: int, cc: int, value: int, time: float) -> MidiEvent:
        # Kept for every CC: a bank where it is no pair may come between its moves and the next fine byte.
        place = (channel, cc)
        self._coarse[place] = value
        fine = self._fine.pop(place, None)
        if fine is not None and self._is_pair(channel, cc) and fine.belongs_to_coarse_at(time):
            self._open.pop(place, None)
            return ControlChange(self.port, channel, cc, value, time, fine=fine.value)
        # It counts at once, so that a controller which never sends the fine one works too.
        self._open[place] = time
        return ControlChange(self.port, channel, cc, value, time)

    def _fine_half(self, channel: int, cc: int, value: int, time: float) -> MidiEvent:
        place = (channel, cc)
        since = self._open.pop(place, None)
        self._fine[place] = _Fine(value, time, None if since is None else time - since)
        if place not in self._coarse:
            # Where the control stands is not known before its coarse byte.
            return ControlChange(self.port, channel, cc + FINE_OFFSET, value, time)
        return ControlChange(self.port, channel, cc, self._coarse[place], time, fine=value)

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
_HANDLERS: dict[str, Callable[[MessageDecoder, Any, float], MidiEvent]] = {
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
