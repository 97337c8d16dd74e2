"""What lies in a slot file, as the file itself says."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from midifrag.fragment.file_names import TAKE_NUMBER
from midifrag.fragment.files import open_regular
from midifrag.fragment.plain_json import is_flag, is_length, is_moment, is_text, is_whole, read_value
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.wav import audio_checksum, read_metadata


@dataclass(frozen=True, slots=True)
class SlotContent:
    """A fragment that midifrag landed.

    ``landing`` counts all landings of a folder; ``turn`` is False if the slot was asked for and not next in turn. Times
    are seconds since 1970, lengths seconds. ``audio`` is the samples' checksum: an editor that saves another sound into
    the file may keep these words. Files of 0.1.0 have none.
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
    audio: int | None = None

    @classmethod
    def read(cls, values: Any) -> SlotContent | None:
        """Return the content in a mapping by field name, None if it is none."""
        try:
            content = cls(**values)
        except TypeError:
            return None
        is_right = (
            all(map(is_whole, (content.landing, content.slot)))
            and all(one is None or is_whole(one) for one in (content.job, content.take, content.audio))
            and all(map(is_text, (content.preset, content.prompt)))
            and is_flag(content.turn)
            and is_length(content.seconds)
            and is_moment(content.landed_at)
        )
        return content if is_right else None

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
    """Return what a file says of itself, None if it is missing or was not made by midifrag as it is."""
    try:
        told = read_value(read_metadata(path).get("comment", "null"))
        content = SlotContent.read(told.get("midifrag")) if isinstance(told, dict) else None
        if content is None or content.audio is None:
            return content
        with open_regular(path) as file:
            return content if audio_checksum(file) == content.audio else None
    except (OSError, ValueError):
        return None


def is_take(path: Path) -> bool:
    """Whether a file is a raw take of an archive, by its name and by what it says of itself."""
    try:
        told = read_metadata(path) if TAKE_NUMBER.fullmatch(path.name) else {}
        TakeRecord.from_json(told.get("comment", "null"))
    except (OSError, ValueError, RecursionError):
        return False
    return told.get("software") == "midifrag"


def seconds_of(path: Path) -> float:
    """Return the length of any audio file, 0 if it is none."""
    import soundfile

    try:
        with open_regular(path) as file:
            return float(soundfile.info(file).duration)
    except (OSError, soundfile.LibsndfileError):
        return 0.0
