"""What the buttons beside a controller's grid do: banks, pages, panic at its edge, slots in its row. One table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from midifrag.intents import Intent, LockSlot, Panic, SelectBank, ShowBanks, TurnPage
from midifrag.surface.grid import Button, Grid

Use: TypeAlias = Literal["previous", "next", "bank", "side", "page", "panic", "slot"]


@dataclass(frozen=True, slots=True)
class ButtonUse:
    """What a button does: ``bank`` is the slug of the one that it selects, ``slot`` the number of the one it locks."""

    use: Use
    bank: str = ""
    slot: int = 0

    def intents(self, port: str) -> tuple[Intent, ...]:
        """What a press of it at ``port`` asks for."""
        match self.use:
            case "previous":
                return (SelectBank(offset=-1),)
            case "next":
                return (SelectBank(offset=1),)
            case "bank":
                return (SelectBank(slug=self.bank),)
            case "side":
                return (ShowBanks(port),)
            case "page":
                return (TurnPage(port, 1),)
            case "panic":
                return (Panic(),)
            case "slot":
                return (LockSlot(self.slot, None),)
            case _:
                assert_never(self.use)

    @property
    def words(self) -> str:
        """What it does, such as ``locks or unlocks slot 3``."""
        match self.use:
            case "previous":
                return "previous bank"
            case "next":
                return "next bank"
            case "bank":
                return f"selects bank {self.bank}"
            case "side":
                return "shows one bank, or several side by side"
            case "page":
                return "turns the page"
            case "panic":
                return "panic: cancels everything"
            case "slot":
                return f"locks or unlocks slot {self.slot}"
            case _:
                assert_never(self.use)


def uses_of(grid: Grid, banks: Sequence[str], active: int, slots: int, *, has_room: bool) -> dict[Button, ButtonUse]:
    """What each button of a grid does. ``banks`` are the slugs of the set list; ``has_room``: for two side by side.

    From the top of its edge: previous and next bank, the banks around the active one, side by side (or the next page,
    where there is no room), and panic at the bottom. The row has the slots.
    """
    count = len(grid.side)
    turn = ButtonUse("side" if has_room else "page")
    step, panic = [ButtonUse("previous"), ButtonUse("next")], ButtonUse("panic")
    around = max(0, count - 4)
    first = active // around * around if around else 0
    some = [ButtonUse("bank", bank=slug) for slug in banks[first : first + around]]
    edge: dict[Button, ButtonUse] = {}
    if count > 3:
        edge = dict(zip(grid.side, [*step, *some], strict=False)) | {grid.side[-2]: turn, grid.side[-1]: panic}
    elif count > 0:
        edge = dict(zip(grid.side, [*step, panic] if count == 3 else step if count == 2 else [panic], strict=True))
    row = {button: ButtonUse("slot", slot=number) for number, button in enumerate(grid.row[:slots], 1)}
    return edge | row
