"""Actions: what a note, CC or program may do instead of pressing a pad. One table; a new action is one row of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from midifrag.boundary import Land
from midifrag.config.banks import Bank
from midifrag.config.names import none_of
from midifrag.config.targets import WRITTEN, Target, target, value_name
from midifrag.config.value_types import Channel, Note, Program, SevenBit, Strict, Written
from midifrag.intents import (
    Again,
    AgainHow,
    CancelPad,
    ClearQueue,
    DoWithPad,
    Intent,
    LockSlot,
    MuteSlot,
    PadDeed,
    Panic,
    ResetValues,
    RestoreSlot,
    SelectBank,
    SetLand,
    ShowBanks,
    StopSlot,
    Tap,
    TurnPage,
)
from midifrag.pad_key import PadKey

_Intents: TypeAlias = Callable[["Action", Bank, PadKey | None], Sequence[Intent]]
#: Which press of a note an action answers to, where it is not just any.
Gesture: TypeAlias = Literal["double", "long"]


@dataclass(frozen=True, slots=True)
class ActionKind:
    """``needs`` is the key that an action of this kind must have, ``words`` what ``monitor`` says it does.

    One that needs a slot may name a pad instead: it is about the slot that the pad filled last.
    """

    words: str
    intents: _Intents
    needs: Literal["slot", "pad", "bank", "to"] | None = None


def _always(intent: Intent) -> _Intents:
    return lambda _action, _bank, _pressed: [intent]


def _on_slot(make: Callable[[int], Intent], deed: PadDeed) -> _Intents:
    def intents(action: Action, bank: Bank, pressed: PadKey | None) -> Sequence[Intent]:
        if action.slot is not None:
            return [make(action.slot)]
        return [DoWithPad(key, deed) for key in _pads(action, bank, pressed)]

    return intents


def _on_pad(make: Callable[[PadKey], Intent]) -> _Intents:
    return lambda action, bank, pressed: [make(key) for key in _pads(action, bank, pressed)]


def _pads(action: Action, bank: Bank, pressed: PadKey | None) -> list[PadKey]:
    """The pads that an action is about: the one that it names, else the one that was pressed for it."""
    if action.pad is not None:
        return [key for key in bank.pads if key.note == action.pad]
    return [] if pressed is None else [pressed]


def _again(how: AgainHow) -> _Intents:
    return _on_pad(lambda key: Again(key, how))


def _set_land(action: Action, _bank: Bank, _pressed: PadKey | None) -> Sequence[Intent]:
    return [SetLand(None if action.to == "presets" else action.to)]


def _select(action: Action, _bank: Bank, _pressed: PadKey | None) -> Sequence[Intent]:
    if isinstance(action.bank, int):
        return [SelectBank(program=action.bank)]
    return [SelectBank(slug=action.bank)]


def _reset(action: Action, _bank: Bank, _pressed: PadKey | None) -> Sequence[Intent]:
    return [ResetValues(None if action.sets is None else value_name(str(action.sets), action.slot))]


ACTIONS: dict[str, ActionKind] = {
    "panic": ActionKind("panic: cancels everything", _always(Panic())),
    "clear_queue": ActionKind("clears the queue", _always(ClearQueue())),
    "cancel_pad": ActionKind("cancels {pad}", _on_pad(CancelPad), needs="pad"),
    "next_bank": ActionKind("next bank", _always(SelectBank(offset=1))),
    "previous_bank": ActionKind("previous bank", _always(SelectBank(offset=-1))),
    "next_page": ActionKind("next page of the bank, on grids that are smaller", _always(TurnPage(None, 1))),
    "previous_page": ActionKind("previous page of the bank, on grids that are smaller", _always(TurnPage(None, -1))),
    "side_by_side": ActionKind("shows one bank, or several side by side", _always(ShowBanks(None))),
    "bank": ActionKind("selects bank {bank}", _select, needs="bank"),
    "lock": ActionKind("locks {slot}", _on_slot(lambda slot: LockSlot(slot, True), "lock"), needs="slot"),
    "unlock": ActionKind("unlocks {slot}", _on_slot(lambda slot: LockSlot(slot, False), "unlock"), needs="slot"),
    "toggle_lock": ActionKind(
        "locks or unlocks {slot}", _on_slot(lambda slot: LockSlot(slot, None), "toggle_lock"), needs="slot"
    ),
    "tap": ActionKind("taps the tempo of midifrag's own clock", _always(Tap())),
    "stop": ActionKind("stops {slot}", _on_slot(StopSlot, "stop"), needs="slot"),
    "stop_all": ActionKind("stops all slots", _always(StopSlot(None))),
    "mute": ActionKind("mutes {slot}", _on_slot(lambda slot: MuteSlot(slot, True), "mute"), needs="slot"),
    "unmute": ActionKind("lets {slot} be heard", _on_slot(lambda slot: MuteSlot(slot, False), "unmute"), needs="slot"),
    "toggle_mute": ActionKind(
        "mutes {slot}, or not", _on_slot(lambda slot: MuteSlot(slot, None), "toggle_mute"), needs="slot"
    ),
    "restore": ActionKind("puts the previous fragment back in {slot}", _on_slot(RestoreSlot, "restore"), needs="slot"),
    "star": ActionKind("stars what {pad} landed last", _on_pad(lambda key: DoWithPad(key, "star")), needs="pad"),
    "repeat": ActionKind("lands again what {pad} landed last", _again("repeat"), needs="pad"),
    "same_seed": ActionKind("plays {pad} with the seed of its last take", _again("same_seed"), needs="pad"),
    "variation": ActionKind("plays {pad} with a new seed", _again("variation"), needs="pad"),
    "land": ActionKind("fragments land: {to}", _set_land, needs="to"),
    "reset": ActionKind("gives {sets} back to the presets", _reset),
}


def _target(written: object) -> Target | None:
    return None if written is None else target(written)


def _known_action(name: str) -> str:
    if name not in ACTIONS:
        raise ValueError(none_of(name, ACTIONS))
    return name


class Action(Strict):
    """A note, CC or program that does something else than trigger; or what a pad does when it is pressed otherwise."""

    does: Annotated[str, AfterValidator(_known_action), Written(f"one of {', '.join(ACTIONS)}")] = Field(
        description="what it does"
    )
    note: Note | None = Field(default=None, description="the note that does it")
    cc: SevenBit | None = Field(
        default=None, description="the CC that does it, each time it rises to 64; from 120 on at any value"
    )
    program: Program | None = Field(default=None, description="the program change that does it")
    press: Gesture | None = Field(
        default=None,
        description="double or long: only such a press of its note does it, or without note, of any pad; lengths as "
        "gestures says",
    )
    while_held: Note | None = Field(
        default=None,
        description="a note of the same port, such as a shift pad, that must be held meanwhile; it presses no pad "
        "then. Without note, cc and program, any pad that is pressed meanwhile does it",
    )
    while_held_cc: SevenBit | None = Field(
        default=None, description="the same for a button that sends a CC, which counts as held from 64 on"
    )
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    port: str | None = Field(default=None, description="the only port that counts")
    slot: int | None = Field(
        default=None,
        ge=1,
        le=99,
        description="the slot that lock, restore, stop, mute and the like are about, or reset with gain, pan or mute",
    )
    pad: Note | None = Field(
        default=None,
        description="the pad that cancel_pad, star, repeat, same_seed and variation are about, or whose slot (the one "
        "that it filled last) lock, restore, stop, mute and the like are about; with press or while_held, the one that "
        "is pressed",
    )
    bank: str | int | None = Field(
        default=None, description="the bank to select: its name in the set list, or its program"
    )
    to: Literal[Land, "presets"] | None = Field(
        default=None, description="what fragments wait for from then on, whatever pads say; presets: what those say"
    )
    sets: Annotated[
        Target | None,
        BeforeValidator(_target),
        PlainSerializer(str, when_used="unless-none"),
        Written(WRITTEN),
    ] = Field(default=None, description="the parameter that reset gives back; without one, all that controls have set")

    @model_validator(mode="after")
    def _complete(self) -> Action:
        named = sum(source is not None for source in (self.note, self.cc, self.program))
        if named > 1 or (named == 0 and not self.is_about_the_pressed):
            raise ValueError("an action has exactly one of note, cc or program")
        if self.press is not None and (self.cc is not None or self.program is not None):
            raise ValueError(f"press: {self.press} is for a note")
        needed = ACTIONS[self.does].needs
        given = [needed, "pad"] if needed == "slot" else [needed]
        of_pressed = (
            self.is_about_the_pressed and needed in ("slot", "pad") and self.cc is None and self.program is None
        )
        if needed and not of_pressed and all(getattr(self, str(name)) is None for name in given):
            raise ValueError(f"{self.does} needs {needed}: …")
        if self.slot is not None and self.pad is not None:
            raise ValueError(f"{self.does} is about a slot or a pad, and not about both")
        return self

    @property
    def is_about_the_pressed(self) -> bool:
        """Whether the pad that is pressed for it is the one that it is about, where it names none."""
        return self.press is not None or self.while_held is not None or self.while_held_cc is not None

    @property
    def needs_shift(self) -> bool:
        """Whether something must be held meanwhile."""
        return self.while_held is not None or self.while_held_cc is not None

    @property
    def takes_presses(self) -> bool:
        """Whether just any press does it, and not only a double or a long one, or with a shift: no pad is played."""
        return self.press is None and not self.needs_shift

    def intents(self, bank: Bank, pressed: PadKey | None = None) -> Sequence[Intent]:
        """What it asks for while ``bank`` is active, where that pad was ``pressed`` for it.

        Nothing where the bank does not have its pad.
        """
        return ACTIONS[self.does].intents(self, bank, pressed)

    @property
    def words(self) -> str:
        """What it does, such as ``locks slot 3``."""
        pad = "the pad" if self.pad is None else f"pad {self.pad}"
        slot = f"the slot that {pad} filled last" if self.slot is None else f"slot {self.slot}"
        sets = "everything" if self.sets is None else value_name(str(self.sets), self.slot)
        return ACTIONS[self.does].words.format(slot=slot, pad=pad, bank=self.bank, to=self.to, sets=sets)
