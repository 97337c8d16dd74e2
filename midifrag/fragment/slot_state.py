"""What lies in a slot, as it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SlotState:
    """What lies in a slot. ``number`` counts from 1, ``file`` is a name within the fragments folder.

    ``take`` is None for a fragment that midifrag did not make, or whose take is not archived yet; ``foreign`` tells the
    two apart. ``has_previous`` says whether the fragment before this one can be put back. ``moved`` is where in the
    fragments folder a file that midifrag did not make now lies, if this fragment took its place. ``sounds`` is whether
    it is known to sound. ``version`` tells this state of its file from others.
    """

    number: int
    file: str
    state: Literal["free", "filled", "locked"] = "free"
    take: int | None = None
    preset: str = ""
    prompt: str = ""
    seconds: float = 0.0
    landed_at: float | None = None
    has_previous: bool = False
    foreign: bool = False
    moved: str = ""
    sounds: bool = False
    version: tuple[int, int, int] | None = None
