"""Takes that found no room where they belong until the end of a show: they are kept wherever there is room.

Nothing here is told to anybody before it is done, and no place is waited for that does not answer.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import platformdirs
import psutil

from midifrag.audio import Audio
from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.files import discard_folder
from midifrag.fragment.hands import Hand, within
from midifrag.fragment.record import TakeRecord

#: The folder that is made for such takes, wherever that is.
FOLDER = "midifrag rescued"
#: The file beside them that says what they are.
NOTE = "READ ME.txt"
#: The file in the archive that they belong to that says where they are, if there is room for that.
POINTER = "rescued takes.txt"
#: Seconds that one take may need in one place.
PATIENCE = 10.0

#: Says in which folders there might be room.
Place: TypeAlias = Callable[[], Sequence[Path]]


@dataclass(frozen=True, slots=True)
class UnarchivedTake:
    """A raw take that is in memory only; ``audio`` is float32 of shape (channels, samples)."""

    audio: Audio
    sample_rate: int
    record: TakeRecord


@dataclass(frozen=True, slots=True)
class Rescued:
    """What came of a rescue: how many takes are in which folders, those that found no room anywhere, and why."""

    kept: tuple[tuple[Path, int], ...] = ()
    lost: tuple[UnarchivedTake, ...] = ()
    reasons: tuple[str, ...] = ()


def rescue(
    takes: Sequence[UnarchivedTake], places: Iterable[Place] | None = None, *, belong: Path | None = None
) -> Rescued:
    """Archive ``takes`` in the first of ``places`` that takes them; what finds no room there goes to the next.

    ``places`` are `PLACES` unless given. ``belong`` is the archive that they were for, as the note beside them says.
    Never raises.
    """
    left, kept, reasons = list(takes), [], []
    for place in PLACES if places is None else places:
        if not left:
            break
        try:
            folders = within("a drive", place, PATIENCE)
        except Exception as error:
            reasons.append(_reason(error))
            continue
        for folder in folders:
            if not left:
                break
            stored = _keep(left, folder / FOLDER, belong, reasons.append)
            left = [take for take in left if id(take) not in stored]
            if stored:
                kept.append((folder / FOLDER, len(stored)))
    if kept and belong is not None:
        # There is no room beside the archive; a line may fit all the same.
        with contextlib.suppress(Exception):
            within(belong, partial(_point, belong / POINTER, [folder for folder, _ in kept]), PATIENCE)
    return Rescued(tuple(kept), tuple(left), tuple(dict.fromkeys(reasons)))


def _keep(
    takes: Sequence[UnarchivedTake], folder: Path, belong: Path | None, complain: Callable[[str], None]
) -> set[int]:
    """Archive what finds room in a folder; return which takes did, by identity."""
    hand, stored = Hand(folder, PATIENCE), set[int]()
    archive: Archive | None = None
    try:
        new = not hand.do(folder.exists)
        archive = hand.do(partial(Archive, folder))
        for take in takes:
            try:
                hand.do(partial(archive.store, take.audio, take.sample_rate, take.record))
                stored.add(id(take))
            except StorageError as error:
                complain(_reason(error))
        hand.do(partial(_finish, archive, len(stored), new, belong))
    except Exception as error:
        # Whatever goes wrong in one place, the next one is tried.
        complain(_reason(error))
        if archive is not None:
            hand.later(archive.close)
    hand.close()
    return stored


def _finish(archive: Archive, count: int, new: bool, belong: Path | None) -> None:
    with contextlib.suppress(StorageError):
        archive.settle()
    archive.close()
    if count:
        with contextlib.suppress(OSError), (archive.folder / NOTE).open("a", encoding="utf-8") as note:
            note.write(_NOTE.format(when=_now(), count=count, belong=belong or "their archive"))
    elif new:
        discard_folder(archive.folder)


def _point(pointer: Path, folders: Sequence[Path]) -> None:
    with pointer.open("a", encoding="utf-8") as file:
        file.writelines(f"{_now()}: raw takes that found no room here are in {folder}\n" for folder in folders)


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, StorageError) else f"unexpected: {error!r}"


def _music() -> list[Path]:
    return [platformdirs.user_music_path()]


def _home() -> list[Path]:
    return [Path.home()]


def _here() -> list[Path]:
    return [Path.cwd()]


def _drives() -> list[Path]:
    """What is mounted and may be written, the one with most room first."""
    found: list[tuple[int, Path]] = []
    for one in psutil.disk_partitions():
        with contextlib.suppress(OSError):
            place = Path(one.mountpoint)
            if "rw" in one.opts.split(",") and place.is_dir() and os.access(place, os.W_OK):
                found.append((psutil.disk_usage(one.mountpoint).free, place))
    return [place for _, place in sorted(found, key=lambda one: -one[0])]


def _temporary() -> list[Path]:
    # On Linux and macOS the first outlives a restart.
    return [place for place in (Path("/var/tmp"), Path(tempfile.gettempdir())) if place.is_dir()]  # noqa: S108 — names are drawn there


#: Where such takes may go, the best first: where their owner would look, other drives, what may be emptied some day.
PLACES: tuple[Place, ...] = (_music, _home, _here, _drives, _temporary)
_NOTE = """{when}: midifrag put {count} raw take(s) here at the end of a show, because they could not be written into
{belong}.
Each file is whole and holds its prompt, its seed and all its parameters. This folder may be moved like any other;
`midifrag clean output001.wav kick.wav` makes a fragment of a take.

"""
