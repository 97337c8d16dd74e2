"""One slot as the writer knows it: what lies there, whether it is locked, and what is about to land in it."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future
from dataclasses import dataclass, field

from midifrag.fragment.hands import Hand
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_file import Found, SlotFile
from midifrag.fragment.swap import Swap


@dataclass(slots=True)
class SlotLanding:
    """A landing that has begun, and whose turn it is when it has come about."""

    content: SlotContent
    next: int
    done: Future[Found]
    #: Whether nobody asks for it any more.
    left: bool = False


@dataclass(frozen=True, slots=True)
class Staged:
    """A fragment that lies beside its slot, and the slot's hand, which alone touches it; ``next`` as in a landing."""

    swap: Swap
    hand: Hand
    next: int


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
