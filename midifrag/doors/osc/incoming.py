"""What a message that comes in asks for: intents, as from a controller or a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from midifrag.bridge.items import Introduce, Item
from midifrag.config.loading import Loaded
from midifrag.config.targets import LORA, TARGETS, named, value_name
from midifrag.doors.osc.packets import Message, OscError, Value, shown
from midifrag.events import StateChange
from midifrag.intents import (
    LockSlot,
    Panic,
    PressPad,
    Prompt,
    RestoreSlot,
    SelectBank,
    SetParameter,
    SlotPlaying,
    StopSlot,
)
from midifrag.pad_key import PadKey

#: Where a press comes from, as logs say it.
SOURCE = "osc"
#: The velocity of a press that names none, of MIDI's 127.
USUAL_VELOCITY = 100.0

_OFFSETS = {"next": 1, "previous": -1}
_OFFSET = re.compile(r"[+-]\d{1,3}")


@dataclass(frozen=True, slots=True)
class Known:
    """A set, and what all pads of it are called: messages come quickly, and its banks may be many."""

    loaded: Loaded
    names: frozenset[str]
    keys: frozenset[PadKey]
    #: Tells everybody how everything stands.
    tell: Callable[[list[StateChange]], None]

    @classmethod
    def of(cls, loaded: Loaded, tell: Callable[[list[StateChange]], None] = lambda _changes: None) -> Known:
        """What a set has."""
        pads = [(key, pad) for bank in loaded.banks for key, pad in bank.pads.items()]
        notes = {PadKey(key.note) for key, _ in pads}
        return cls(loaded, frozenset(pad.label for _, pad in pads), frozenset(key for key, _ in pads) | notes, tell)

    def has_pad(self, name: int | str) -> bool:
        """Whether a pad of any bank is called so (see `midifrag.config.banks.Bank.called`)."""
        if name in self.names:
            return True
        try:
            return PadKey.parse(name) in self.keys
        except ValueError:
            return False


_Make: TypeAlias = Callable[[Known, tuple[Value, ...], float], list[Item]]


def items(message: Message, known: Known, now: float) -> list[Item]:
    """What a message asks for in a set, ``now`` (monotonic seconds). Raises `OscError` for what the set lacks."""
    return _MAKERS[message.path](known, message.values, now)


def _press(known: Known, values: tuple[Any, ...], now: float) -> list[Item]:
    pad, velocity = (*values, USUAL_VELOCITY)[:2]
    if not known.has_pad(pad):
        # A pad of another bank is nothing to tell: a controller's note may have none in this one either.
        raise OscError("no pad", f"no bank of this set has a pad {shown(pad)}")
    return [PressPad(pad, velocity / 127, now, SOURCE)] if velocity > 0 else []


def _prompt(_known: Known, values: tuple[Any, ...], now: float) -> list[Item]:
    prompt, seconds = (*values, None)[:2]
    if not prompt.strip():
        raise OscError("/midifrag/prompt", "/midifrag/prompt: prompt is empty")
    return [Prompt(prompt, {} if seconds is None else {"seconds": seconds}, now)]


def _control(known: Known, values: tuple[Any, ...], _now: float) -> list[Item]:
    name, value = (*values, None)[:2]
    target, slot = named(name) or (None, None)
    if target is None:
        raise OscError("no control", f"/midifrag/control: {shown(name)} is none of {', '.join((*TARGETS, LORA))}")
    if slot is not None:
        _check_slot(known, slot)
    elif target.mixes and str(target) != "gain":
        raise OscError("/midifrag/control", f"/midifrag/control: {name} is of one slot, such as {name} 3")
    problem = None if value is None else target.parameter.problem(value)
    if problem is not None:
        raise OscError("/midifrag/control", f"/midifrag/control: {name} cannot be set: {problem}")
    value_is = name if slot is None else value_name(str(target), slot)
    return [SetParameter(value_is, None if value is None else target.parameter.rounded(value))]


def _bank(known: Known, values: tuple[Any, ...], _now: float) -> list[Item]:
    wanted = values[0]
    if isinstance(wanted, int):
        if wanted < 0:
            return [SelectBank(offset=wanted)]
        if any(bank.program == wanted for bank in known.loaded.banks):
            return [SelectBank(program=wanted)]
        raise OscError("no bank", f"no bank has program {wanted}")
    for found in (lambda bank: bank.slug == wanted, lambda bank: bank.name == wanted):
        for bank in filter(found, known.loaded.banks):
            return [SelectBank(slug=bank.slug)]
    if wanted in _OFFSETS:
        return [SelectBank(offset=_OFFSETS[wanted])]
    if _OFFSET.fullmatch(wanted):
        return [SelectBank(offset=int(wanted))]
    raise OscError("no bank", f"no bank is called {shown(wanted)}")


def _on_slot(make: Callable[..., Item]) -> _Make:
    def of(known: Known, values: tuple[Any, ...], _now: float) -> list[Item]:
        _check_slot(known, values[0])
        return [make(*values)]

    return of


def _stop(known: Known, values: tuple[Any, ...], _now: float) -> list[Item]:
    (slot,) = values or (None,)
    if slot is not None:
        _check_slot(known, slot)
    return [StopSlot(slot)]


def _all(known: Known, _values: tuple[Any, ...], _now: float) -> list[Item]:
    return [Introduce(known.tell)]


def _panic(_known: Known, values: tuple[Any, ...], _now: float) -> list[Item]:
    return [] if values == (0,) else [Panic()]


def _check_slot(known: Known, slot: int) -> None:
    count = known.loaded.settings.fragments.count
    if not 1 <= slot <= count:
        raise OscError("no slot", f"there is no slot {slot}; this set has {count}")


_MAKERS: Mapping[str, _Make] = {
    "/midifrag/press": _press,
    "/midifrag/prompt": _prompt,
    "/midifrag/control": _control,
    "/midifrag/bank": _bank,
    "/midifrag/slot/lock": _on_slot(lambda slot: LockSlot(slot, True)),
    "/midifrag/slot/unlock": _on_slot(lambda slot: LockSlot(slot, False)),
    "/midifrag/slot/restore": _on_slot(RestoreSlot),
    "/midifrag/slot/playing": _on_slot(lambda slot, on: SlotPlaying(slot, bool(on))),
    "/midifrag/slot/stop": _stop,
    "/midifrag/all": _all,
    "/midifrag/panic": _panic,
}
