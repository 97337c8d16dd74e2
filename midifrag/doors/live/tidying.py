"""Which copies nobody refers to any more, and taking them away.

Only what is called as copies are, holds what midifrag wrote into it, lies in no slot and is named nowhere is found; the
rest is somebody's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from midifrag.doors.live.answers import Used
from midifrag.doors.live.copies import copies_in, number_of, remembered
from midifrag.doors.live.sets import alike, names_in, sets_below
from midifrag.errors import StorageError
from midifrag.fragment.files import check_regular, storage_error
from midifrag.fragment.slot_content import content_of

#: What Live writes beside a sound that it has analysed.
ANALYSIS = ".asd"


@dataclass(frozen=True, slots=True)
class Unused:
    """Copies that nothing refers to, of ``looked_at`` in all; ``sets`` is how many of Live's files were read.

    ``asked`` is whether Live has said what its Set uses. ``why_not`` is why they must not be deleted all the same;
    empty where they may be.
    """

    copies: tuple[Path, ...]
    looked_at: int
    sets: int
    asked: bool
    why_not: str = ""

    @property
    def bytes(self) -> int:
        """How much of the disk they and what lies beside them take."""
        return sum(_size(path) for copy in self.copies for path in (copy, _beside(copy)))


def unused(folder: Path, sets: Iterable[Path], ask: Callable[[], Used | None]) -> Unused:
    """The copies in ``folder`` that no slot, none of Live's files below ``sets`` and not the loaded Set refers to.

    ``ask`` asks a running show for that one; None where none runs. Raises `StorageError` where something cannot be read
    that might refer to them, and what ``ask`` raises.
    """
    # First of all: what comes meanwhile is nobody's to delete.
    copies, folders, used = copies_in(folder), list(sets), ask()
    files = list(sets_below(folders))
    loaded = Path(used.set) if used is not None and used.set else None
    if loaded is not None and not any(_is_same(loaded, file) for file in files):
        files.append(loaded)
    kept = {alike(one.file) for one in remembered(folder).values()}
    numbers: set[int] = set()
    for file in files:
        named = names_in(file)
        kept |= named.names
        numbers |= named.numbers
    if used is not None:
        kept |= {alike(name) for name in (*used.in_slots, *(used.files or ()))}
    found = tuple(
        copy
        for copy in copies
        if alike(copy.name) not in kept and number_of(copy.name) not in numbers and _is_ours(copy)
    )
    asked = used is not None and used.files is not None
    return Unused(found, len(copies), len(files), asked, _why_not(folders, len(files), used))


def delete(copies: Collection[Path]) -> list[StorageError]:
    """Delete copies and what Live wrote beside them; what went wrong with some."""
    errors = []
    for copy in copies:
        try:
            for path in (copy, _beside(copy)):
                path.unlink(missing_ok=True)
        except OSError as error:
            errors.append(storage_error("delete", copy, error))
    return errors


def _why_not(folders: Collection[Path], sets: int, used: Used | None) -> str:
    if used is not None and not used.complete:
        return (
            "Live has not told to the end what its Set uses: try again when it is idle, or close Live and name the "
            "folders that your Sets are in with --folder"
        )
    if used is None or used.files is None:
        if sets:
            return ""
        if folders:
            return (
                f"there is no Set, clip, rack or preset of Live's below {', '.join(map(str, folders))}, so nobody says "
                "what is used: name the folders that your Sets are in"
            )
        return (
            "no Live is connected to a running midifrag that could say what its Set uses, and no folder of Sets was "
            "named: load the Set, or name the folders that your Sets are in with --folder"
        )
    if used.unread and not used.set:
        return (
            f"{_devices(used.unread)} in the Set that is loaded may hold copies, which Live does not tell, and it was "
            "never saved: save it first"
        )
    if used.unread and not folders:
        return (
            f"{_devices(used.unread)} in the Set that is loaded may hold copies, which Live does not tell: save the "
            "Set, and name the folders that your Sets are in with --folder"
        )
    return ""


def _devices(count: int) -> str:
    return "a device" if count == 1 else f"{count} devices"


def _is_ours(copy: Path) -> bool:
    """Whether a file holds what midifrag wrote into it: who recorded over it made it theirs."""
    return not copy.is_symlink() and content_of(copy) is not None


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _beside(copy: Path) -> Path:
    return copy.with_name(copy.name + ANALYSIS)


def _size(path: Path) -> int:
    try:
        check_regular(path)
        return path.stat().st_size
    except OSError:
        return 0
