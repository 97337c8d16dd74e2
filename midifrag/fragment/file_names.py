"""Which files midifrag writes by itself, in one table: two that may ever be one file would replace each other.

Whatever else comes to write files of its own gets a row in `writers`.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from midifrag.fragment.files import OWN_FOLDER

DEFAULT_NAME = "output{:02d}.wav"
#: As many slots as there can be: what a set's names become with more of them counts as well.
MOST_SLOTS = 99
#: What takes are called in the archive; a number of more digits makes the name longer.
TAKE_NAME = "output{:03d}.wav"
TAKE_NUMBER = re.compile(r"output(\d{3,})\.wav")
#: Where what lay in a slot's place is kept if midifrag did not make it, within the folder of the slots.
MOVED_ASIDE = "moved-aside"
#: Where what samplers read lies, within the folder of the slots.
SFZ, SFZ_SAMPLES, HYDROGEN = "sfz", "sfz/samples", "hydrogen"
#: Where the sounds lie that takes begin from, within the folder of the archive.
SOURCES = "sources"
#: Where takes lie that were deleted, until the trash is emptied, within the folder of the archive.
TRASH = "trash"
#: What the copies that Live is given are called, by number and prompt; no number is given twice.
COPY_NAME = re.compile(r"(\d{4,}) [^/\\]+\.wav", re.IGNORECASE)
#: What is written of a take before it has a name.
UNNAMED_TAKES = "*-take.wav"

_SFZ_NAME = re.compile(r"slots\.sfz|slot\d\d\.sfz")
_SOURCE_NAME = re.compile(r"[0-9a-f]{64}(\.wav|-[0-9a-f]{12}\.part)")
_KIT_NAME = re.compile(r"drumkit\.xml|slot\d\d\.wav")


@dataclass(frozen=True, slots=True)
class Writer:
    """Something that names files by itself.

    ``names`` are some or all of them, and ``pattern`` stands for every one, both as `alike` makes them. ``key`` is the
    place in the configuration where its folder is chosen.
    """

    key: tuple[str, str]
    what: str
    folder: Path
    names: frozenset[str]
    pattern: re.Pattern[str] | None = None

    def may_write(self, name: str) -> bool:
        """Whether a file of this name, as `alike` makes it, may be one of its own."""
        return name in self.names or (self.pattern is not None and self.pattern.fullmatch(name) is not None)


def alike(name: str) -> str:
    """Return what is the same for all names that a disk may take for one: macOS and Windows do not tell case apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def writers(fragments: Path, name: str, archive: Path, copies: Path | None = None) -> tuple[Writer, ...]:
    """All that write files of their own: slots by the pattern ``name`` in ``fragments``, takes in ``archive``.

    ``copies`` is the folder of those that Live is given, None where it is given none.
    """
    live = () if copies is None else (Writer(("ableton", "folder"), "copies", copies, frozenset(), COPY_NAME),)
    key = ("archive", "folder")
    index = {"index.sqlite", *(f"index.sqlite-{end}" for end in ("wal", "shm", "journal")), "changes.jsonl"}
    slots = frozenset(_possible_names(name))
    return (
        Writer(("fragments", "folder"), "slots", fragments, slots),
        Writer(("fragments", "folder"), "files moved aside", fragments / MOVED_ASIDE, slots),
        Writer(("fragments", "folder"), "SFZ files", fragments / SFZ, frozenset({"slots.sfz"}), _SFZ_NAME),
        Writer(("fragments", "folder"), "SFZ samples", fragments / SFZ_SAMPLES, frozenset(), re.compile(r"\d.*")),
        Writer(("fragments", "folder"), "Hydrogen's kit", fragments / HYDROGEN, frozenset({"slot01.wav"}), _KIT_NAME),
        Writer(key, "sounds that takes begin from", archive / SOURCES, frozenset(), _SOURCE_NAME),
        Writer(key, "deleted takes", archive / TRASH, frozenset({TAKE_NAME.format(1)}), TAKE_NUMBER),
        Writer(key, "raw takes", archive, frozenset(index | {TAKE_NAME.format(1)}), TAKE_NUMBER),
        Writer(key, "session logs", archive / "sessions", frozenset(), re.compile(r".*\.jsonl(\.gz)?")),
        *live,
    )


def clashes(all_writers: tuple[Writer, ...]) -> Iterator[tuple[tuple[str, str], str]]:
    """Who would replace whose files: the place in the configuration, and a sentence with a way out."""
    inside = next((one for one in all_writers if OWN_FOLDER in map(alike, one.folder.parts)), None)
    if inside is not None:
        yield (
            inside.key,
            f"{inside.folder} lies in {OWN_FOLDER}, where work in progress is swept; choose another folder",
        )
    for one, other in itertools.combinations(all_writers, 2):
        shared = next((name for name in sorted(one.names | other.names) if both_may_write(one, other, name)), None)
        if shared is not None and is_one_place(one.folder, other.folder):
            yield (
                other.key,
                f"{other.what} would lie among the {one.what} in {one.folder}, and both may become {shared}: "
                "one would replace the other; choose another folder, or other names for the slots",
            )


def both_may_write(one: Writer, other: Writer, name: str) -> bool:
    """Whether two may write files of the same name."""
    return one.may_write(name) and other.may_write(name)


def is_one_place(one: Path, other: Path) -> bool:
    """Whether two names of folders, which need not be there, stand for one; links are followed."""
    with suppress(OSError, RuntimeError):
        one, other = one.resolve(), other.resolve()
    if os.path.normcase(one) == os.path.normcase(other):
        return True
    with suppress(OSError):
        return one.samefile(other)
    return sys.platform == "darwin" and alike(str(one)) == alike(str(other))


def slot_names(name: str, count: int) -> dict[int, str]:
    """Return the slots' file names by number. Raises ValueError for a ``name`` that gives none, or two alike."""
    try:
        names = {number: name.format(number) for number in range(1, count + 1)}
    except (IndexError, KeyError, ValueError) as error:
        raise ValueError(f"{name!r} is no pattern for file names: write it like {DEFAULT_NAME!r}") from error
    if not names:
        raise ValueError("there must be at least one slot")
    if len(set(map(alike, names.values()))) < count:
        raise ValueError(f"{name!r} gives several slots the same file: write it like {DEFAULT_NAME!r}")
    if any(Path(one).name != one or "\\" in one or one.startswith(".") for one in names.values()):
        raise ValueError(f"{name!r} leads out of the fragments folder: write it like {DEFAULT_NAME!r}")
    return names


def _possible_names(name: str) -> Iterator[str]:
    for number in range(1, MOST_SLOTS + 1):
        with suppress(ValueError, IndexError, KeyError, AttributeError):
            yield alike(name.format(number))
