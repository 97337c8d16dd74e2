"""What to say of a name that stands for nothing."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from itertools import islice

#: Names longer than this are like no other, and take long to compare.
_LONGEST = 100
#: So many names are told.
_MOST = 40


def closest(found: object, known: Collection[str], likeness: float = 0.6) -> str | None:
    """The one of ``known`` that was probably meant; ``likeness`` is 1 for the same name only."""
    text = str(found)
    return next(iter(get_close_matches(text, known, 1, likeness)), None) if len(text) <= _LONGEST else None


def meant(found: object, known: Collection[str]) -> str:
    """What to say behind a list of names of the one that was probably meant; nothing where none is near."""
    close = closest(str(found).casefold(), {name.casefold(): name for name in known})
    return f"; did you mean {next(name for name in known if name.casefold() == close)}?" if close else ""


def none_of(found: object, known: Collection[str]) -> str:
    """What to say of a value that is none of ``known``."""
    told = [*islice(known, _MOST), *(["…"] if len(known) > _MOST else [])]
    return f"{found!r} is none of {', '.join(told) or 'none that there are'}{meant(found, known)}"
