"""Takes that found no room where they belong until the end of a show: they are kept elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from midifrag.audio import Audio
from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord


@dataclass(frozen=True, slots=True)
class UnarchivedTake:
    """A raw take that is in memory only; ``audio`` is float32 of shape (channels, samples)."""

    audio: Audio
    sample_rate: int
    record: TakeRecord


def rescue_folder() -> Path:
    """Where such takes go: a folder of its own among the user's music, away from the disk that had no room."""
    return platformdirs.user_music_path() / "midifrag rescued"


def rescue(takes: Sequence[UnarchivedTake], folder: Path) -> list[UnarchivedTake]:
    """Archive ``takes`` in ``folder``; return those that find no room there either.

    Raises `StorageError` where there can be no such folder.
    """
    archive, left = Archive(folder), []
    for take in takes:
        try:
            archive.store(take.audio, take.sample_rate, take.record)
        except StorageError:
            left.append(take)
    with contextlib.suppress(StorageError):
        archive.settle()
    archive.close()
    return left
