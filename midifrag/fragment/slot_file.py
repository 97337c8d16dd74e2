"""One slot's file on the disk: replaced in one step, the fragment before it kept, and what lies there now.

Everything here may hang with the drive that the file lies on, and touches nothing but files; `midifrag.fragment.slots`
has it done by a hand of the slot's own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from midifrag.errors import StorageError
from midifrag.fragment.files import (
    Signature,
    copy_regular,
    discard,
    keep_copy,
    open_regular,
    replace_file,
    signature_of,
    storage_error,
    write_whole,
)
from midifrag.fragment.slot_content import SlotContent, content_of, seconds_of
from midifrag.fragment.slot_places import beside, keep_own, place_of
from midifrag.fragment.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in a slot's file; ``signature`` is None if there is none.

    ``content`` is None for what midifrag did not make. ``moved`` says where that went when it gave up its place.
    """

    signature: Signature | None = None
    content: SlotContent | None = None
    seconds: float = 0.0
    has_previous: bool = False
    moved: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that only has to replace what lies in a place; ``old`` is a second name of that, None if nothing does.

    ``signature`` is that of what lies there, ``moved`` as in `Found`.
    """

    new: Path
    place: Path
    old: Path | None
    moved: str
    signature: Signature | None


class SlotFile:
    """The file of slot ``number`` at ``path``; ``all_paths`` are those of all slots of its folder."""

    def __init__(self, number: int, path: Path, all_paths: Collection[Path], workspace: Workspace) -> None:
        self.number = number
        self.path = path
        self._all_paths = all_paths
        self._workspace = workspace
        #: Where the fragment before this one is kept.
        self.previous = workspace.own / "previous" / path.name

    def look(self, content: SlotContent | None = None, moved: str = "") -> Found:
        """Look what lies there; ``content`` is what is known to."""
        signature = self.signature()
        if signature is None:
            return Found(has_previous=self.previous.exists(), moved=moved)
        content = content or content_of(self.path)
        seconds = content.seconds if content else seconds_of(self.path)
        return Found(signature, content, seconds, self.previous.exists(), moved)

    def signature(self) -> Signature | None:
        """What tells this version of the file from another."""
        return signature_of(self.path)

    def content_before(self) -> SlotContent | None:
        """The content of the fragment before this one."""
        return content_of(self.previous)

    def read(self) -> tuple[Signature | None, bytes]:
        """The file as it is now, and what tells this version of it. Raises `StorageError`."""
        try:
            with open_regular(self.path) as file:
                return self.signature(), file.read()
        except OSError as error:
            raise storage_error("read", self.path, error) from error

    def put(self, whole: bytes, content: SlotContent) -> Found:
        """Put a fragment in the file's place. Raises `StorageError`; the place then keeps what it has."""
        ready = self._exchange(self.write_aside(whole))
        return self.look(content, ready.moved)

    def write_aside(self, whole: bytes) -> Path:
        """Write what is to come here into the work folder; return where. Raises `StorageError`."""
        new = self._workspace.aside(self.path.name)
        write_whole(new, whole)
        return new

    def put_back(self) -> Found:
        """Swap the fragment with the one before it. Raises `StorageError`."""
        back = self._workspace.aside(self.path.name)
        try:
            if self.content_before() is not None:
                keep_copy(self.previous, back)
            else:
                # No link: who records into the slot again would record into what is kept.
                copy_regular(self.previous, back)
        except FileNotFoundError:
            raise StorageError(f"slot {self.number} has no previous fragment to put back") from None
        except OSError as error:
            raise storage_error("read", self.previous, error) from error
        ready = self._exchange(back)
        if ready.old is None:
            discard(self.previous)
        return self.look(moved=ready.moved)

    def make_ready(self, new: Path) -> Ready:
        """Have all done that comes before ``new`` replaces the file. Raises `StorageError`; ``new`` is then gone.

        What midifrag did not make is moved aside, and what lies there is kept for the folder of previous fragments.
        """
        old = self._workspace.aside(self.path.name)
        try:
            place = self._place()
            moved = keep_own(place, self.path.name, self._workspace)
            if self.path.is_symlink() and new.parent != place.parent:
                new = beside(new, place)
        except StorageError:
            discard(new)
            raise
        signature = signature_of(place)
        try:
            self.previous.parent.mkdir(exist_ok=True)
            keep_copy(place, old)
        except FileNotFoundError:
            return Ready(new, place, None, moved, signature)
        except OSError as error:
            discard(new)
            raise storage_error("keep a copy of", self.path, error) from error
        return Ready(new, place, old, moved, signature)

    def has_changed(self, ready: Ready) -> bool:
        """Whether something else lies there than when it was made ready."""
        return signature_of(ready.place) != ready.signature or self.path.is_symlink() != (ready.place != self.path)

    def replace(self, ready: Ready) -> None:
        """Put it in the place of the file, in one step. Raises `StorageError`; the place then keeps what it has."""
        try:
            replace_file(ready.new, ready.place)
        except StorageError:
            if ready.old is not None:
                discard(ready.old)
            raise

    def keep_before(self, ready: Ready) -> None:
        """Put what was there before into the folder of previous fragments."""
        if ready.old is None:
            return
        try:
            replace_file(ready.old, self.previous)
        except StorageError:
            # The new fragment has landed all the same; rather none to put back than a wrong one.
            discard(self.previous)

    def _exchange(self, new: Path) -> Ready:
        """Put ``new`` in the place of the file and what was there into the folder of previous fragments."""
        ready = self.make_ready(new)
        self.replace(ready)
        self.keep_before(ready)
        return ready

    def _place(self) -> Path:
        """Return the file that is meant, also where a link leads to it. Raises `StorageError`."""
        place = place_of(self.path)
        if self.path.is_symlink():
            for other in self._all_paths:
                if other != self.path and other.resolve() == place:
                    raise StorageError(f"{self.path} is a link to the file of {other.name}: each slot has its own file")
        return place
