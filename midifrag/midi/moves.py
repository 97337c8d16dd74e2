"""Controls: which messages move which, where they then stand, and which CCs belong together for them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, assert_never

from midifrag.config.actions import Action
from midifrag.config.banks import Bank
from midifrag.config.controls import Control
from midifrag.config.settings import Settings
from midifrag.intents import MoveControl, TurnControl
from midifrag.midi.decoding import FINE_OFFSET, Pair, Parameter
from midifrag.midi.encoders import ENCODERS
from midifrag.midi.messages import Aftertouch, ControlChange, NoteOff, NoteOn, Nrpn, PitchBend
from midifrag.pad_key import PadKey

#: What a control may be moved by.
Moving: TypeAlias = NoteOn | NoteOff | ControlChange | Nrpn | PitchBend | Aftertouch
#: The most that 14 bits hold, and 7.
_FINEST, _COARSEST = 16383, 127


def moves(
    controls: Iterable[Control], event: Moving, pad: PadKey | None = None
) -> tuple[MoveControl | TurnControl, ...]:
    """What ``event`` does to those of ``controls`` that it moves; ``pad`` is the one whose note it is of."""
    made = [_move(control, event, pad) for control in controls if is_moved_by(control, event)]
    return tuple(one for one in made if one is not None)


def is_moved_by(control: Control, event: Moving) -> bool:
    """Whether ``event`` is of what moves ``control``."""
    if control.port not in (None, event.port) or control.channel not in (None, event.channel):
        return False
    match event:
        case ControlChange():
            return control.cc == event.cc
        case Nrpn():
            return control.nrpn == event.number
        case PitchBend():
            return control.pitch_bend
        case Aftertouch():
            kind = "channel" if event.note is None else "poly"
            return control.aftertouch in (True, kind) and control.note in (None, event.note)
        case NoteOn():
            return control.velocity and control.note in (None, event.note)
        case NoteOff():
            return control.release_velocity and control.note in (None, event.note)
        case _:
            assert_never(event)


def _move(control: Control, event: Moving, pad: PadKey | None) -> MoveControl | TurnControl | None:
    if control.relative is not None and isinstance(event, ControlChange | Nrpn):
        clicks = _clicks(event, ENCODERS[control.relative])
        return TurnControl(control.id, clicks) if clicks else None
    position = _position(control, event)
    return None if position is None else MoveControl(control.id, position, pad)


def _clicks(event: ControlChange | Nrpn, read: Callable[[int], int]) -> int:
    """How far an encoder was turned; an NRPN says that by a step, or in one of its halves, whichever says something."""
    if not isinstance(event, Nrpn):
        return read(event.value)
    if event.step:
        return event.step
    coarse = 0 if event.value is None else read(event.value)
    if not event.completes:
        return coarse
    # What the coarse half said was counted when it came.
    return 0 if coarse or event.fine is None else read(event.fine)


def _position(control: Control, event: Moving) -> float | None:
    match event:
        case PitchBend():
            return (event.value + 8192) / _FINEST
        case ControlChange():
            return _of_halves(event.value, event.fine if control.bits == 14 else None)
        case Nrpn():
            return None if event.value is None else _of_halves(event.value, event.fine)
        case Aftertouch():
            return event.value / _COARSEST
        case NoteOn() | NoteOff():
            return event.velocity / _COARSEST
        case _:
            assert_never(event)


def _of_halves(coarse: int, fine: int | None) -> float:
    return coarse / _COARSEST if fine is None else (coarse * 128 + fine) / _FINEST


def nrpns_of(controls: Iterable[Control]) -> Iterator[Parameter]:
    """The non-registered parameters that move something, for decoders."""
    for control in controls:
        if control.nrpn is not None:
            yield control.port, control.channel, control.nrpn


def pairs_of(settings: Settings, bank: Bank) -> Iterator[Pair]:
    """The 14-bit CCs; where another control or an action names a fine CC, it is theirs and no half of a pair."""
    controls = (*settings.all_controls, *bank.all_controls)
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
