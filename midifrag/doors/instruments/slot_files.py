"""Follows the slots' files: which one holds another sound than when it was last asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from midifrag.errors import StorageError
from midifrag.events import JobChanged, SlotsChanged, StateChange
from midifrag.fragment.files import Signature, open_regular, signature_of, storage_error
from midifrag.states import JobState


@dataclass(frozen=True, slots=True)
class SlotSound:
    """What a slot's file holds now.

    ``content`` is None where there is no file, ``loop`` where nobody said whether it is a seamless loop, as of what lay
    there before the show.
    """

    slot: int
    name: str
    content: bytes | None = None
    prompt: str = ""
    loop: bool | None = None


class SlotFiles:
    """The files of a folder of slots. Each is read when its time, size or place on the disk has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[int, Signature | None] = {}
        #: Where the file of each slot is that was told of, and its prompt.
        self._places: dict[int, tuple[Path, str]] = {}
        #: What each slot's last landing said of loops, and of which version of its file.
        self._loops: dict[int, tuple[Signature | None, bool]] = {}

    def is_concerned(self, change: StateChange) -> bool:
        """Whether a change may have made another sound of a slot's file."""
        return bool(self._told_of(change))

    def follow(self, change: StateChange, use: Callable[[SlotSound], None]) -> str | None:
        """Hand on each sound that is new with a change; why one could not be, "" if all could, None without any.

        ``use`` may raise `StorageError`: what it was given is new again with the next change.
        """
        places = self._told_of(change)
        self._places |= places
        if isinstance(change, JobChanged):
            self._loops |= {slot: (signature_of(place), change.loop) for slot, (place, _) in places.items()}
        return self._look_at(places, use)

    def forget(self) -> None:
        """All is new again at the next look."""
        self._seen.clear()

    def look_again(self, use: Callable[[SlotSound], None]) -> str | None:
        """`follow` once more for each slot that was told of."""
        return self._look_at(self._places, use)

    def _told_of(self, change: StateChange) -> dict[int, tuple[Path, str]]:
        """The slots that a change tells of: where each one's file is, and the prompt."""
        match change:
            case JobChanged(state=JobState.LANDED, slot=int() as slot, file=str() as file, prompt=prompt):
                return {slot: (self._folder / Path(file).name, prompt)}
            case SlotsChanged(slots):
                return {state.number: (self._folder / state.file, state.prompt) for state in slots}
            case _:
                return {}

    def _look_at(self, places: dict[int, tuple[Path, str]], use: Callable[[SlotSound], None]) -> str | None:
        looked = (self._look(slot, place, prompt, use) for slot, (place, prompt) in places.items())
        return max((said for said in looked if said is not None), key=len, default=None)

    def _look(self, slot: int, place: Path, prompt: str, use: Callable[[SlotSound], None]) -> str | None:
        signature = signature_of(place)
        if slot in self._seen and self._seen[slot] == signature:
            return None
        version, loop = self._loops.get(slot, (None, False))
        try:
            content = None if signature is None else _content(place)
            use(SlotSound(slot, place.name, content, prompt, loop if version == signature else None))
        except StorageError as error:
            self._seen.pop(slot, None)
            return str(error)
        # Of an older version than was read, if it is replaced meanwhile: then it is read again with the next change.
        self._seen[slot] = signature
        return ""


def _content(place: Path) -> bytes | None:
    try:
        with open_regular(place) as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error("read", place, error) from error
