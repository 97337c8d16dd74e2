"""What lies in a slot file, as the file itself says."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from midifrag.fragment.files import open_regular
from midifrag.fragment.wav import read_metadata

#: What tells one version of a file from another: inode, size in bytes, time of change in nanoseconds.
Signature: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class SlotContent:
    """A fragment that midifrag landed.

    ``landing`` counts all landings of a folder; ``turn`` is False if the slot was asked for and not next in turn. Times
    are seconds since 1970, lengths seconds.
    """

    landing: int
    slot: int
    turn: bool
    job: int | None
    take: int | None
    preset: str
    prompt: str
    seconds: float
    landed_at: float

    @classmethod
    def read(cls, values: Any) -> SlotContent | None:
        """Return the content in a mapping by field name, None if it is none."""
        try:
            content = cls(**values)
        except TypeError:
            return None
        numbers = (content.landing, content.slot, content.seconds, content.landed_at)
        return content if all(isinstance(number, int | float) for number in numbers) else None

    def texts(self) -> dict[str, str]:
        """Return the texts that a fragment carries in its file."""
        return {
            "title": self.prompt,
            "comment": json.dumps({"midifrag": dataclasses.asdict(self)}),
            "software": "midifrag",
        }

    def with_take_of(self, other: SlotContent | None) -> SlotContent:
        """Return this content with the take number that ``other`` learnt after the file was written."""
        return other if other is not None and dataclasses.replace(other, take=self.take) == self else self


def content_of(path: Path) -> SlotContent | None:
    """Return what a file says of itself, None if it is missing or was not made by midifrag."""
    try:
        told = json.loads(read_metadata(path).get("comment", "null"))
    except (OSError, ValueError):
        return None
    return SlotContent.read(told.get("midifrag")) if isinstance(told, dict) else None


def seconds_of(path: Path) -> float:
    """Return the length of any audio file, 0 if it is none."""
    import soundfile

    try:
        with open_regular(path) as file:
            return float(soundfile.info(file).duration)
    except (OSError, soundfile.LibsndfileError):
        return 0.0


def signature_of(path: Path) -> Signature | None:
    """Return what tells this version of a file from another, None if it is missing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
