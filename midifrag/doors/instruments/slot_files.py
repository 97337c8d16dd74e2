"""Follows the slots' files: which one holds another sound than when it was last asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from midifrag.errors import StorageError
from midifrag.events import JobChanged, SlotsChanged, StateChange
from midifrag.fragment.files import open_regular, storage_error
from midifrag.fragment.slot_content import Signature, signature_of
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
        #: What each slot's last landing said of loops, and of which version of its file.
        self._loops: dict[int, tuple[Signature | None, bool]] = {}

    def follow(self, change: StateChange, use: Callable[[SlotSound], None]) -> str | None:
        """Hand on each sound that is new with a change; why one could not be, "" if all could, None without any.

        ``use`` may raise `StorageError`: what it was given is new again with the next change.
        """
        match change:
            case JobChanged(state=JobState.LANDED, slot=int() as slot, file=str() as file, loop=loop, prompt=prompt):
                place = self._folder / Path(file).name
                self._loops[slot] = (signature_of(place), loop)
                places = [(slot, place, prompt)]
            case SlotsChanged(slots):
                places = [(state.number, self._folder / state.file, state.prompt) for state in slots]
            case _:
                return None
        told = [said for one in places if (said := self._look(*one, use)) is not None]
        return max(told, key=len, default=None)

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
