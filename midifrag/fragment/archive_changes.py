"""``changes.jsonl``: what happened to takes after they were stored, a line for each change, in order.

It is only ever added to. Anybody may have written into it: a line that cannot be one of ours is left out and told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from midifrag.fragment.files import open_regular
from midifrag.fragment.plain_json import is_count, read_value
from midifrag.fragment.record import is_right

#: What may change about a take.
CHANGEABLE = frozenset({"slot", "landed_at", "starred", "note", "tempo"})
#: The highest number that is taken for one that was given away because something was written down of it.
MOST_TAKES = 10**9
#: Bytes before a place that tell whether it is still the same file.
_SEEN = 32

#: A take's number, and its new values by field of `TakeRecord`.
Change: TypeAlias = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """How far the file has been read: so many bytes, the last of which were these."""

    offset: int = 0
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read: changes, lines that are none, and how far; ``whole`` if that was from the beginning."""

    changes: list[Change] = field(default_factory=list)
    odd: list[bytes] = field(default_factory=list)
    place: Place = field(default_factory=Place)
    whole: bool = True


def line_of(number: int, values: Mapping[str, Any]) -> str:
    """Return the line for a change."""
    return json.dumps({"take": number, **values})


def change_of(line: str | bytes) -> Change | None:
    """Return the change in a line, None if there is none in it that can be meant."""
    with suppress(ValueError):
        values = read_value(line)
        if isinstance(values, dict) and is_count(values.get("take")):
            changed = {name: values[name] for name in CHANGEABLE & values.keys()}
            if all(is_right(name, value) for name, value in changed.items()):
                return values["take"], changed
    return None


def together(changes: Iterable[Change]) -> dict[int, dict[str, Any]]:
    """Return what became of each take in the end, by number."""
    last: dict[int, dict[str, Any]] = {}
    for number, values in changes:
        last.setdefault(number, {}).update(values)
    return last


def highest_given(numbers: Iterable[int]) -> int:
    """The highest of numbers that something was written down of, 0 for none: those have been given away once.

    Higher ones than any archive comes to are slips of somebody's hand: no number would be left after them.
    """
    return max((number for number in numbers if number <= MOST_TAKES), default=0)


class Changes:
    """The file of one archive. Methods raise OSError if it cannot be used; what is missing is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, lines: Iterable[str]) -> None:
        """Add lines to the end."""
        with open_regular(self.path, "ab") as file:
            # The newline comes first: it ends what a killed program may have left unfinished.
            file.write("".join(f"\n{line}" for line in lines).encode())

    def size(self) -> int:
        """How many bytes there are."""
        with suppress(FileNotFoundError):
            return self.path.stat().st_size
        return 0

    def read(self, after: Place | None = None) -> Read:
        """Read what comes after a place, or everything if the file is another by now."""
        after = after or Place()
        try:
            with open_regular(self.path) as file:
                first = max(0, after.offset - _SEEN)
                file.seek(first)
                before = file.read(after.offset - first)
                if before.hex() != after.seen or len(before) < after.offset - first:
                    after, before = Place(), b""
                    file.seek(0)
                content = file.read()
        except FileNotFoundError:
            return Read()
        changes, odd = [], []
        for line in content.split(b"\n"):
            if change := change_of(line):
                changes.append(change)
            elif line.strip():
                odd.append(line)
        seen = (before + content)[-_SEEN:]
        return Read(changes, odd, Place(after.offset + len(content), seen.hex()), after.offset == 0)
