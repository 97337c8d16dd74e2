"""Values that go back to controllers: to rings, motor faders and screens, at each change, bank change and connect.

Never against the hand: what a hand moves is told nothing until it has rested. An encoder does not know where it stands,
so that its ring is told at once. Must be used from one thread (the bridge's).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, assert_never

import mido

from midifrag.config.controls import Control
from midifrag.config.settings import Settings
from midifrag.events import BankChanged, ConfigurationChanged, ControlChanged, PortChanged, StateChange, TimeChanged
from midifrag.midi.messages import (
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
from midifrag.surface.values import Source, ValueLight, touched, value_messages

#: Seconds that a control must have rested before its value is sent to it.
REST = 0.5
#: Messages that may be sent at once, to all ports: the rest follows with the next look.
MOST_AT_ONCE = 256


class Standing(NamedTuple):
    """A control that counts now, and where on its way its value stands (0–1); None where nobody says."""

    control: Control
    position: float | None


@dataclass(slots=True)
class _Hand:
    """What a hand moves: when it did last, and whether it touches it still."""

    moved: float
    touches: bool = False


class FedBack:
    """Keeps what ``settings``' ports show of controls at what ``standing`` says, for the port that is asked for.

    ``send`` hands messages to a port.
    """

    def __init__(
        self,
        settings: Settings,
        send: Callable[[str, Iterable[mido.Message], bool], object],
        standing: Callable[[str], Iterable[Standing]],
    ) -> None:
        self._settings = settings
        self._send = send
        self._standing = standing
        #: Whether something may have changed since the last look.
        self.is_stale = False
        self._open: set[str] = set()
        #: By port and source, the step that it stands at there, and the hand on it.
        self._shown: dict[tuple[str, Source], int] = {}
        self._hands: dict[tuple[str, Source], _Hand] = {}
        #: The channel that a source was heard on last, by port, kind and number.
        self._channels: dict[tuple[str, str, int], int] = {}

    def handle(self, change: StateChange) -> None:
        """A value may stand elsewhere now; a port that comes is told everything, and one that went nothing."""
        self.is_stale |= isinstance(
            change, ControlChanged | TimeChanged | BankChanged | ConfigurationChanged | PortChanged
        )
        if isinstance(change, PortChanged) and change.direction == "out":
            self._shown = {at: step for at, step in self._shown.items() if at[0] != change.port}
            (self._open.add if change.state == "open" else self._open.discard)(change.port)
        if isinstance(change, PortChanged) and change.direction == "in" and change.state != "open":
            # Nobody will say that a fader is touched no more.
            self._hands = {at: hand for at, hand in self._hands.items() if at[0] != change.port}

    def hear(self, event: MidiEvent) -> None:
        """A hand moved, or touched, something."""
        if isinstance(event, NoteOn | NoteOff):
            source = touched(self._surface(event.port), event.note)
            if source is not None:
                self._hands[event.port, source] = _Hand(event.time, isinstance(event, NoteOn))
            return
        found = _moved(event)
        if found is None:
            return
        source, step = found
        hand = self._hands.setdefault((event.port, source), _Hand(event.time))
        hand.moved = event.time
        self._channels[event.port, source[0], source[1]] = source[2]
        self._shown[event.port, source] = step

    def look(self, now: float) -> None:
        """Send what is not shown yet, where no hand is; ``now`` is in monotonic seconds."""
        left, self.is_stale = MOST_AT_ONCE, False
        for port in sorted(self._open):
            for light in self._lights(port):
                at = (port, light.source)
                if self._shown.get(at) == light.steps or not self._may_move(at, light, now):
                    continue
                messages = value_messages(self._surface(port), light)
                left -= len(messages)
                if left < 0:
                    self.is_stale = True
                    return
                self._shown[at] = light.steps
                # The messages of one parameter belong together: none may overtake another.
                self._send(port, messages, light.source[0] != "nrpn")

    def _may_move(self, at: tuple[str, Source], light: ValueLight, now: float) -> bool:
        hand = self._hands.get(at)
        if hand is None or light.relative:
            return True
        return not hand.touches and now - hand.moved >= REST

    def _lights(self, port: str) -> Iterator[ValueLight]:
        """What a port shows, of several controls on one source the one that wins there."""
        seen: set[Source] = set()
        for control, position in self._standing(port):
            source = self._source(control, port)
            if source is None or source in seen:
                continue
            seen.add(source)
            if position is not None and control.feedback:
                parameter = control.sets.parameter
                text = f"{control.value(position):.4g}"
                fine = control.bits == 14 or source[0] != "cc"
                yield ValueLight(source, position, fine, control.relative is not None, parameter.label, text)

    def _source(self, control: Control, port: str) -> Source | None:
        """Where a control lies on a port; None where it does not, or can be shown nothing."""
        if control.port not in (None, port):
            return None
        only = control.channel or self._settings.ports[port].channel
        if control.cc is not None:
            return "cc", control.cc, only or self._channels.get((port, "cc", control.cc), 1)
        if control.nrpn is not None:
            return "nrpn", control.nrpn, only or self._channels.get((port, "nrpn", control.nrpn), 1)
        if control.pitch_bend:
            return "bend", 0, only or self._channels.get((port, "bend", 0), 1)
        return None

    def _surface(self, port: str) -> str:
        settings = self._settings.ports.get(port)
        return "none" if settings is None else settings.surface


def _moved(event: MidiEvent) -> tuple[Source, int] | None:
    """What a message says stands where, in steps."""
    match event:
        case ControlChange(cc=cc, value=value, fine=fine):
            return ("cc", cc, event.channel), value if fine is None else value * 128 + fine
        case Nrpn(number=number, value=stands, fine=fine):
            return None if stands is None else (("nrpn", number, event.channel), stands * 128 + (fine or 0))
        case PitchBend(value=value):
            return ("bend", 0, event.channel), value + 8192
        case NoteOn() | NoteOff() | Aftertouch() | ProgramChange() | TransportChange() | Tick():
            return None
        case _:
            assert_never(event)
