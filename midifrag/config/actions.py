"""Actions: what a note, CC or program may do instead of pressing a pad. One table; a new action is one row of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from midifrag.boundary import Land
from midifrag.config.banks import Bank
from midifrag.config.names import none_of
from midifrag.config.value_types import Channel, Note, Program, SevenBit, Strict, Written
from midifrag.intents import (
    Again,
    AgainHow,
    CancelPad,
    ClearQueue,
    Intent,
    LockSlot,
    MuteSlot,
    Panic,
    RestoreSlot,
    SelectBank,
    SetLand,
    ShowBanks,
    StopSlot,
    Tap,
    TurnPage,
)
from midifrag.pad_key import PadKey

_Intents: TypeAlias = Callable[["Action", Bank], Sequence[Intent]]


@dataclass(frozen=True, slots=True)
class ActionKind:
    """``needs`` is the key that an action of this kind must have, ``words`` what ``monitor`` says it does."""

    words: str
    intents: _Intents
    needs: str | None = None


def _always(intent: Intent) -> _Intents:
    return lambda _action, _bank: [intent]


def _on_slot(make: Callable[[int], Intent]) -> _Intents:
    return lambda action, _bank: [] if action.slot is None else [make(action.slot)]


def _on_pad(make: Callable[[PadKey], Intent]) -> _Intents:
    return lambda action, bank: [make(key) for key in bank.pads if key.note == action.pad]


def _again(how: AgainHow) -> _Intents:
    return _on_pad(lambda key: Again(key, how))


def _set_land(action: Action, _bank: Bank) -> Sequence[Intent]:
    return [SetLand(None if action.to == "presets" else action.to)]


def _select(action: Action, _bank: Bank) -> Sequence[Intent]:
    if isinstance(action.bank, int):
        return [SelectBank(program=action.bank)]
    return [SelectBank(slug=action.bank)]


ACTIONS: dict[str, ActionKind] = {
    "panic": ActionKind("panic: cancels everything", _always(Panic())),
    "clear_queue": ActionKind("clears the queue", _always(ClearQueue())),
    "cancel_pad": ActionKind("cancels pad {pad}", _on_pad(CancelPad), needs="pad"),
    "next_bank": ActionKind("next bank", _always(SelectBank(offset=1))),
    "previous_bank": ActionKind("previous bank", _always(SelectBank(offset=-1))),
    "next_page": ActionKind("next page of the bank, on grids that are smaller", _always(TurnPage(None, 1))),
    "previous_page": ActionKind("previous page of the bank, on grids that are smaller", _always(TurnPage(None, -1))),
    "side_by_side": ActionKind("shows one bank, or several side by side", _always(ShowBanks(None))),
    "bank": ActionKind("selects bank {bank}", _select, needs="bank"),
    "lock": ActionKind("locks slot {slot}", _on_slot(lambda slot: LockSlot(slot, True)), needs="slot"),
    "unlock": ActionKind("unlocks slot {slot}", _on_slot(lambda slot: LockSlot(slot, False)), needs="slot"),
    "toggle_lock": ActionKind("locks or unlocks slot {slot}", _on_slot(lambda slot: LockSlot(slot, None)), "slot"),
    "tap": ActionKind("taps the tempo of midifrag's own clock", _always(Tap())),
    "stop": ActionKind("stops slot {slot}", _on_slot(StopSlot), needs="slot"),
    "stop_all": ActionKind("stops all slots", _always(StopSlot(None))),
    "mute": ActionKind("mutes slot {slot}", _on_slot(lambda slot: MuteSlot(slot, True)), needs="slot"),
    "unmute": ActionKind("lets slot {slot} be heard", _on_slot(lambda slot: MuteSlot(slot, False)), needs="slot"),
    "toggle_mute": ActionKind("mutes slot {slot}, or not", _on_slot(lambda slot: MuteSlot(slot, None)), needs="slot"),
    "restore": ActionKind("puts the previous fragment back in slot {slot}", _on_slot(RestoreSlot), needs="slot"),
    "repeat": ActionKind("lands again what pad {pad} landed last", _again("repeat"), needs="pad"),
    "same_seed": ActionKind("plays pad {pad} with the seed of its last take", _again("same_seed"), needs="pad"),
    "variation": ActionKind("plays pad {pad} with a new seed", _again("variation"), needs="pad"),
    "land": ActionKind("fragments land: {to}", _set_land, needs="to"),
}


def _known_action(name: str) -> str:
    if name not in ACTIONS:
        raise ValueError(none_of(name, ACTIONS))
    return name


class Action(Strict):
    """A note, CC or program that does something else than trigger."""

    does: Annotated[str, AfterValidator(_known_action), Written(f"one of {', '.join(ACTIONS)}")] = Field(
        description="what it does"
    )
    note: Note | None = Field(default=None, description="the note that does it")
    cc: SevenBit | None = Field(
        default=None, description="the CC that does it, each time it rises to 64; from 120 on at any value"
    )
    program: Program | None = Field(default=None, description="the program change that does it")
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    port: str | None = Field(default=None, description="the only port that counts")
    slot: int | None = Field(
        default=None, ge=1, le=99, description="the slot that lock, restore, stop, mute and the like are about"
    )
    pad: Note | None = Field(
        default=None, description="the pad that cancel_pad, repeat, same_seed and variation are about"
    )
    bank: str | int | None = Field(
        default=None, description="the bank to select: its name in the set list, or its program"
    )
    to: Literal[Land, "presets"] | None = Field(
        default=None, description="what fragments wait for from then on, whatever pads say; presets: what those say"
    )

    @model_validator(mode="after")
    def _complete(self) -> Action:
        if sum(source is not None for source in (self.note, self.cc, self.program)) != 1:
            raise ValueError("an action has exactly one of note, cc or program")
        needed = ACTIONS[self.does].needs
        if needed and getattr(self, needed) is None:
            raise ValueError(f"{self.does} needs {needed}: …")
        return self

    def intents(self, bank: Bank) -> Sequence[Intent]:
        """What it asks for while ``bank`` is active; nothing where the bank does not have its pad."""
        return ACTIONS[self.does].intents(self, bank)

    @property
    def words(self) -> str:
        """What it does, such as ``locks slot 3``."""
        return ACTIONS[self.does].words.format(slot=self.slot, pad=self.pad, bank=self.bank, to=self.to)
