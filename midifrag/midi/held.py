"""What is down: notes and buttons, and what each meant when it went down; over all banks, so that its release fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from midifrag.config.banks import Bank
from midifrag.intents import Hand, Press

#: What something did when it went down: it pressed (a pad, or what its length tells), or something else, or nothing.
Meant: TypeAlias = Literal["press", "act", "nothing"]


class Down(NamedTuple):
    """What something meant, in the bank that was active then, and the press that it was, if it was one."""

    meant: Meant
    bank: Bank
    press: Press | None = None


class Held:
    """The notes, and the CCs that press pads, that are down; and the CCs that are a shift, from 64 on."""

    def __init__(self) -> None:
        self._down: dict[Hand, Down] = {}
        self._shifts: set[Hand] = set()

    def press(self, hand: Hand, down: Down) -> None:
        """Something went down."""
        self._down[hand] = down

    def release(self, hand: Hand) -> None:
        """It was let go."""
        self._down.pop(hand, None)

    def shift(self, hand: Hand, *, is_down: bool) -> None:
        """A CC that is a shift stands at 64 or above, or below."""
        (self._shifts.add if is_down else self._shifts.discard)(hand)

    def down(self, hand: Hand) -> Down | None:
        """What something that is down meant; None for what is up, as far as was heard."""
        return self._down.get(hand)

    def presses(self, port: str, channel: int | None) -> bool:
        """Whether something that pressed is down on a channel of a port, or (None) on any."""
        return any(down.meant == "press" and _is_on(hand, port, channel) for hand, down in self._down.items())

    def has(self, port: str, kind: Literal["note", "cc"], number: int) -> bool:
        """Whether a note, or a CC that is a shift, of a port is down, on whatever channel."""
        hands = self._down if kind == "note" else self._shifts
        return any((hand.port, hand.kind, hand.number) == (port, kind, number) for hand in hands)

    def let_go(self, port: str, channel: int | None = None) -> None:
        """All that is down on a channel of a port, or on all of them, counts as up."""
        self._down = {hand: down for hand, down in self._down.items() if not _is_on(hand, port, channel)}
        self._shifts = {hand for hand in self._shifts if not _is_on(hand, port, channel)}

    def end_notes(self, port: str, channel: int, shifts: Callable[[int], bool]) -> None:
        """The notes of a channel of a port are over, but those that are ``shifts``: each waits for its own release."""
        self._down = {
            hand: down
            for hand, down in self._down.items()
            if not _is_on(hand, port, channel) or (hand.kind == "note" and shifts(hand.number))
        }


def _is_on(hand: Hand, port: str, channel: int | None) -> bool:
    return hand.port == port and channel in (None, hand.channel)
