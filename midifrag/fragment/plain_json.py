"""JSON that anybody may have written, also where it should be ours: read so that nothing in it can do harm."""

from __future__ import annotations

import json
import math
from typing import Any, TypeGuard

#: Whole numbers beyond this fit into no column of a database, and into no other program's either.
LARGEST = 2**63 - 1
#: Bytes of one value; no take's record comes near it.
LONGEST = 10_000_000
#: Seconds since 1970 of the year 9000 and something: what a calendar can still show.
LAST_MOMENT = 222_000_000_000.0


def read_value(text: str | bytes) -> Any:
    """Return the value in a text. Raises ValueError for whatever is none: cut off, too long, nested without end."""
    if len(text) > LONGEST:
        raise ValueError("too long")
    try:
        return json.loads(text if isinstance(text, str) else text.decode("utf-8", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def is_text(value: object) -> bool:
    """Whether this is a text."""
    return isinstance(value, str)


def is_flag(value: object) -> bool:
    """Whether this is true or false."""
    return isinstance(value, bool)


def is_whole(value: object) -> TypeGuard[int]:
    """Whether this is a whole number of a size that can be stored."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def is_number(value: object) -> bool:
    """Whether this is a finite number of a size that can be stored."""
    return is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def is_count(value: object) -> TypeGuard[int]:
    """Whether this is a whole number from 1 on."""
    return isinstance(value, int) and is_whole(value) and value >= 1


def is_length(value: object) -> bool:
    """Whether this is a number from 0 on."""
    return isinstance(value, int | float) and is_number(value) and value >= 0


def is_moment(value: object) -> bool:
    """Whether this is a time in seconds since 1970 that a calendar can show."""
    return isinstance(value, int | float) and is_number(value) and 0 <= value <= LAST_MOMENT
