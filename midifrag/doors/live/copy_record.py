"""What is written down of the copies that Live was given: the last number, and what the newest are copies of.

One line a copy, appended before the copy has its name; the last line of a landing counts. A line that is none, as one
that was cut off by a power cut, is left out.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from midifrag.fragment.files import open_regular, replace_file, storage_error, write_whole

#: So many copies are kept in mind: all that lie in slots, and what lay there before.
REMEMBERED = 200
#: Bytes from which on the file is written anew at a start, and of it that are read.
_LONG, _LONGEST = 200_000, 50_000_000


class Facts(BaseModel):
    """How a fragment is to be played: what it is called, in which colour (#RRGGBB), in a loop, its quarter notes."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    colour: str | None = None
    loop: bool = False
    quarters: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class Copy(BaseModel):
    """A copy in its folder: the name of its ``file``, and of what it is one: a slot's ``landing``, so long."""

    model_config = ConfigDict(frozen=True)

    file: str
    slot: int
    landing: int
    seconds: float = Field(ge=0, allow_inf_nan=False)
    facts: Facts


class _Line(BaseModel):
    last: int = Field(ge=0, le=10**9)
    of: Copy


class CopyRecord:
    """The file at ``path``. ``last`` is the highest number, ``copies`` the newest copies by landing, oldest first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = -1
        self.last = 0
        self.copies: dict[int, Copy] = {}

    def look(self) -> None:
        """Take in what others have written. Raises `StorageError`."""
        try:
            size = self._path.stat().st_size
            if size == self._size:
                return
            with open_regular(self._path) as file:
                file.seek(max(0, size - _LONGEST))
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            # Whoever deletes it gets no number back that this one has seen.
            self._size = 0
            return
        except OSError as error:
            raise storage_error("read", self._path, error) from error
        self._size = size
        for line in filter(None, lines):
            try:
                told = _Line.model_validate_json(line)
            except ValidationError:
                continue
            self._take(told)

    def note(self, copy: Copy, last: int | None = None) -> None:
        """Write down that a copy is its slot's now, and up to which number they are given. Raises `StorageError`."""
        told = _Line(last=max(self.last, last or 0), of=copy)
        line = b"\n" + told.model_dump_json().encode()
        try:
            with open_regular(self._path, "ab") as file:
                file.write(line)
        except OSError as error:
            raise storage_error("write", self._path, error) from error
        self._size += len(line)
        self._take(told)

    def shorten(self, aside: Path) -> None:
        """Write a long file anew by way of ``aside``, with what counts of it. Raises `StorageError`."""
        self.look()
        if self._size <= _LONG:
            return
        lines = [_Line(last=self.last, of=copy).model_dump_json() for copy in self.copies.values()]
        content = "\n".join(lines).encode()
        write_whole(aside, content)
        replace_file(aside, self._path)
        self._size = len(content)

    def of_slots(self) -> dict[int, Copy]:
        """The newest copy of each slot."""
        return {copy.slot: copy for copy in self.copies.values()}

    def _take(self, told: _Line) -> None:
        self.last = max(self.last, told.last)
        self.copies.pop(told.of.landing, None)
        self.copies[told.of.landing] = told.of
        while len(self.copies) > REMEMBERED:
            del self.copies[next(iter(self.copies))]
