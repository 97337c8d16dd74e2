"""One slot as the writer knows it: what lies there, whether it is locked, and what is about to land in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from midifrag.errors import DriveHangsError, NoFreeSlotError
from midifrag.fragment.hands import Hand
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_file import Found, SlotFile
from midifrag.fragment.slot_state import SlotState


@dataclass(slots=True)
class SlotLanding:
    """A landing that has begun, and whose turn it is when it has come about."""

    content: SlotContent
    next: int
    done: Future[Found]
    #: Whether nobody asks for it any more.
    left: bool = False


@dataclass(slots=True)
class Slot:
    """A slot, its file and the hand that touches it; ``found`` is what was seen there last."""

    file: SlotFile
    hand: Hand
    found: Found = field(default_factory=Found)
    locked: bool = False
    landing: SlotLanding | None = None

    @property
    def content(self) -> SlotContent | None:
        """The fragment of ours that lies there."""
        return self.found.content

    @content.setter
    def content(self, content: SlotContent | None) -> None:
        self.found = dataclasses.replace(self.found, content=content)

    def state(self, *, sounds: bool) -> SlotState:
        """What lies there, as it is told."""
        filled, content = self.found.signature is not None, self.content
        return SlotState(
            number=self.file.number,
            file=self.file.path.name,
            state="locked" if self.locked else "filled" if filled else "free",
            take=content.take if content else None,
            preset=content.preset if content else "",
            prompt=content.prompt if content else "",
            seconds=self.found.seconds,
            landed_at=content.landed_at if content else None,
            has_previous=self.found.has_previous,
            foreign=filled and content is None,
            moved=self.found.moved,
            sounds=sounds,
            version=self.found.signature,
        )


class SlotsByNumber(dict[int, Slot]):
    """The slots of a folder, in order. `NoFreeSlotError` is raised for one that is not there."""

    def __missing__(self, number: int) -> Slot:
        raise NoFreeSlotError(f"there is no slot {number}: slots are numbered 1 to {len(self)}")


def look_again(slots: Iterable[Slot]) -> bool:
    """Look for files that somebody removed or replaced; True if there is one. Drives are asked side by side."""
    asked = [(slot, slot.hand.begin(slot.file.signature)) for slot in slots]
    Hand.wait_for_all((slot.hand, look) for slot, look in asked)
    changed = [slot for slot, look in asked if look.done() and look.result() != slot.found.signature]
    for slot in changed:
        with suppress(DriveHangsError):
            slot.found = slot.hand.do(slot.file.look)
    return bool(changed)
