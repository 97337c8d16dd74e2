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


def none_of(found: object, known: Collection[str]) -> str:
    """What to say of a value that is none of ``known``."""
    close = closest(found, known)
    meant = f"; did you mean {close}?" if close else ""
    told = [*islice(known, _MOST), *(["…"] if len(known) > _MOST else [])]
    return f"{found!r} is none of {', '.join(told) or 'none that there are'}{meant}"
