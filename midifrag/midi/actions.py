"""Which actions an event is for, by what is held meanwhile."""

from __future__ import annotations

from typing import TypeAlias, assert_never

from midifrag.config.actions import Action
from midifrag.config.settings import Settings
from midifrag.midi.held import Held
from midifrag.midi.messages import ControlChange, NoteOff, NoteOn, ProgramChange
from midifrag.pad_key import PadKey

#: What an action may answer to.
Acting: TypeAlias = NoteOn | NoteOff | ControlChange | ProgramChange


class Actions:
    """The actions of ``settings``; what is ``held`` says which shifts are."""

    def __init__(self, settings: Settings, held: Held) -> None:
        self._all = settings.actions
        self._held = held

    def of(self, event: Acting, pad: PadKey | None) -> tuple[Action, ...]:
        """The actions for ``event``, on ``pad`` if it presses one; those of a shift that is held come first."""
        found = [action for action in self._all if _concerns(action, event, pad)]
        shifted = [action for action in found if action.needs_shift and self._is_shifted(action, event.port)]
        return tuple(shifted or [action for action in found if not action.needs_shift])

    def is_shift(self, event: NoteOn | NoteOff) -> bool:
        """Whether a note is a shift, which presses nothing."""
        return self.shifts(event.note, event.port)

    def shifts(self, note: int, port: str) -> bool:
        """Whether a note of a port is a shift."""
        return any(action.while_held == note and action.port in (None, port) for action in self._all)

    def _is_shifted(self, action: Action, port: str) -> bool:
        notes = action.while_held is None or self._held.has(port, "note", action.while_held)
        return notes and (action.while_held_cc is None or self._held.has(port, "cc", action.while_held_cc))


def _concerns(action: Action, event: Acting, pad: PadKey | None) -> bool:
    """Whether ``event`` is an action's, but for its shift; one that names no source is for any pad that is pressed."""
    of_any_pad = action.note is None and action.cc is None and action.program is None
    match event:
        case NoteOn():
            meant = action.note == event.note or (of_any_pad and pad is not None)
        case NoteOff():
            meant = action.note == event.note
        case ControlChange():
            meant = action.cc == event.cc
        case ProgramChange():
            meant = action.program == event.program
        case _:
            assert_never(event)
    return meant and action.port in (None, event.port) and action.channel in (None, event.channel)
