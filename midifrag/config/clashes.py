"""Bindings that meet: two readings of one CC, CCs that a parameter takes, pads that a shift silences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from midifrag.config.actions import Action
from midifrag.config.banks import Bank
from midifrag.config.controls import Control
from midifrag.config.desk import Desk, plan_of
from midifrag.config.loading import Loaded
from midifrag.config.press_request import press_rules

#: What of a channel belongs to a non-registered parameter that is mapped there: what selects it, and where it stands.
PARAMETER_CCS = {99: "selects", 98: "selects", 6: "is data of", 38: "is data of", 96: "moves", 97: "moves"}
#: Those that select the bank of a program change.
_BANK_CCS = (0, 32)


class _Bound(Protocol):
    """Something that a message does."""

    @property
    def port(self) -> str | None: ...

    @property
    def channel(self) -> int | None: ...


def clashes(loaded: Loaded) -> Iterator[str]:
    """A line for each, with its file and key."""
    file = loaded.path.name
    show = loaded.settings.controls
    yield from _two_readings(show, (), file, file)
    yield from _swallowed(loaded, show, file)
    for bank in loaded.banks:
        name = f"presets/{bank.slug}.yaml"
        yield from _two_readings(bank.controls, show, name, file)
        yield from _swallowed(loaded, bank.controls, name)
        yield from _hidden_by_shifts(loaded, bank, name)
        yield from _never_told(loaded, bank, name)
        yield from _also(loaded, bank, name)


def _two_readings(own: Iterable[Control], others: Iterable[Control], file: str, elsewhere: str) -> Iterator[str]:
    """CCs that one control takes for where a knob stands, and another for how far an encoder was turned."""
    seen: list[tuple[Control, str]] = [(control, elsewhere) for control in others]
    for control in own:
        for other, where in seen:
            same = control.source == other.source and _meet(control, other)
            if same and control.relative != other.relative:
                yield (
                    f"{file}: {control.id}: {control.source} is {_reading(control)} here and {_reading(other)} in "
                    f"{other.id} ({where}); a knob is one of the two"
                )
            elif same and control.bits != other.bits and where == file:
                bits = f"{control.bits} bits here and {other.bits} in {other.id}"
                yield f"{file}: {control.id}: {control.source} has {bits}"
        seen.append((control, file))


def _reading(control: Control) -> str:
    return "where a knob stands" if control.relative is None else f"an encoder ({control.relative})"


def _swallowed(loaded: Loaded, controls: Iterable[Control], file: str) -> Iterator[str]:
    """CCs that are mapped, and belong to a parameter that is mapped too."""
    everywhere = [*loaded.settings.controls, *(control for bank in loaded.banks for control in bank.controls)]
    named: list[tuple[Action | Control, str]] = [
        *((control, f"sets {control.sets}") for control in everywhere if control.cc is not None),
        *((action, f"does {action.does}") for action in loaded.settings.actions if action.cc is not None),
    ]
    for control in controls:
        if control.nrpn is None:
            continue
        for other, what in named:
            if other.cc in PARAMETER_CCS and _meet(control, other):
                yield (
                    f"{file}: {control.id}: cc {other.cc}, which {what}, {PARAMETER_CCS[other.cc]} nrpn "
                    f"{control.nrpn}; on its channel it is nothing else: give one of the two another channel or port"
                )


def _hidden_by_shifts(loaded: Loaded, bank: Bank, file: str) -> Iterator[str]:
    """Pads whose note is a shift: it presses nothing."""
    settings = loaded.settings
    desk = Desk(settings, [plan_of(one) for one in loaded.banks], loaded.banks.index(bank))
    shifts = {(one.while_held, one.port): one for one in settings.actions if one.while_held is not None}
    by_notes = [port for port in settings.ports if not desk.grids(port)]
    for (note, port), action in shifts.items():
        of = f"the shift of {action.does} (actions of {loaded.path.name})"
        for key, pad in bank.pads.items():
            # A set without ports may get some.
            plays = not settings.ports or any(pad.port in (None, one) and port in (None, one) for one in by_notes)
            if key.note == note and port in (None, pad.port) and plays:
                yield f"{file}: pads.{key}: its note is {of}"
        for one in settings.ports:
            if port in (None, one) and note is not None:
                there = {desk.pad(one, "note", note, channel) for channel in range(1, 17)}
                keys = sorted(at[1] for at in there if at is not None and at[0] == bank.slug)
                yield from (f"{file}: pads.{key}: on {one} it lies on {of}" for key in keys)


def _never_told(loaded: Loaded, bank: Bank, file: str) -> Iterator[str]:
    """Actions that wait for a double or long press of a pad that is held for something else."""
    for action in loaded.settings.actions:
        if action.press is None:
            continue
        for key, pad in bank.pads.items():
            if action.note == key.note and press_rules(loaded.settings, bank, pad).is_held:
                yield (
                    f"{file}: pads.{key}: how long it is held has a meaning of its own, so {action.does} on its "
                    f"{action.press} press never comes (actions of {loaded.path.name})"
                )


def _also(loaded: Loaded, bank: Bank, file: str) -> Iterator[str]:
    """What presses a pad too, and something else comes first."""
    controls = (*bank.all_controls, *loaded.settings.all_controls)
    for key, pad in bank.pads.items():
        for one in pad.also:
            place = f"{file}: pads.{key}.also"
            for action in loaded.settings.actions:
                named = (action.note, action.cc, action.program) == (one.note, one.cc, one.program)
                if named and action.press is None and not action.needs_shift and _takes(action, one):
                    yield f"{place}: does {action.does} instead (actions of {loaded.path.name})"
            for control in controls:
                if one.cc is not None and control.cc == one.cc and _takes(control, one):
                    yield f"{place}: cc {one.cc} sets {control.sets} instead ({control.id})"
            if one.note is not None:
                other = bank.find(one.note, one.channel or 1, one.port or pad.port or "")
                if other is not None:
                    yield f"{place}: note {one.note} is pad {other[0]}'s own, and presses that"
            if one.program is not None and any(other.program == one.program for other in loaded.banks):
                yield f"{place}: program {one.program} presses the pad and selects no bank any more"
            if one.cc in _BANK_CCS and loaded.settings.program_changes.enabled:
                yield f"{place}: cc {one.cc} is bank select as well, which comes before program changes"


def _takes(taker: _Bound, one: _Bound) -> bool:
    """Whether everything that ``one`` waits for is the taker's."""
    return taker.port in (None, one.port) and taker.channel in (None, one.channel)


def _meet(one: _Bound, other: _Bound) -> bool:
    """Whether a message can be both's."""
    ports, channels = {one.port, other.port} - {None}, {one.channel, other.channel} - {None}
    return len(ports) <= 1 and len(channels) <= 1
