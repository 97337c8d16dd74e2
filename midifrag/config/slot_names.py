"""The names of slot files: what a pattern may be, so that every slot has a name that every system can have."""

from __future__ import annotations

import re
import sys
import unicodedata
from string import Formatter

from midifrag.fragment.file_names import alike

#: The longest name of a file, in bytes; what is being prepared has a few characters more in front.
_LONGEST = 255 - len("1000000000-")
#: The widest field: what a number above that would pad names with fills no name, but all memory.
_DIGITS = re.compile(r"\d{3,}")
#: What Windows keeps for itself.
_RESERVED = re.compile(r"[<>:\"|?*]|^(con|prn|aux|nul|com\d|lpt\d)\.", re.IGNORECASE)


def slot_pattern(value: str) -> str:
    """``value`` as it is, if it makes names of slots. Raises ValueError that says what is allowed."""
    try:
        wide = any("{" in (spec or "") or _DIGITS.search(spec or "") for _, _, spec, _ in Formatter().parse(value))
        names = [] if wide else [value.format(number) for number in (1, 2, 99)]
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{value!r} is no name pattern such as output{{:02d}}.wav ({error})") from None
    if wide:
        raise ValueError(f"{value!r} makes names that are too long; output{{:02d}}.wav is enough for 99 slots")
    if len(set(names[:2])) < 2 or not value.lower().endswith(".wav"):
        raise ValueError(f"{value!r} must hold a number and end in .wav, such as output{{:02d}}.wav")
    for name in names:
        problem = _problem(name)
        if problem is not None:
            raise ValueError(f"{value!r} {problem}, such as output{{:02d}}.wav")
    return value


def slots_alike(pattern: str, count: int) -> tuple[int, int] | None:
    """The first two of ``count`` slots whose names some system takes for one; None where all differ."""
    seen: dict[str, int] = {}
    for number in range(1, count + 1):
        name = alike(pattern.format(number))
        if name in seen:
            return seen[name], number
        seen[name] = number
    return None


def _problem(name: str) -> str | None:
    if name.startswith("."):
        return "begins with a dot, which hides files: begin with a letter"
    if "/" in name or "\\" in name:
        return "must be the name of a file and no folder"
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in name):
        return "has characters that cannot be seen: use letters and digits"
    if len(name.encode("utf-8", "replace")) > _LONGEST:
        return f"is too long, {_LONGEST} bytes are the most: use a short name"
    if sys.platform == "win32" and _RESERVED.search(name):
        return "is a name that Windows refuses: use letters and digits"
    return None
