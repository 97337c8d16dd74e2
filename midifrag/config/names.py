"""What to say of a name that stands for nothing."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


def none_of(found: object, known: Collection[str]) -> str:
    """What to say of a value that is none of ``known``."""
    close = get_close_matches(str(found), known, n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"{found!r} is none of {', '.join(known) or 'none that there are'}{meant}"
