"""What files and other programs hold, as it can be told to a performer."""

from __future__ import annotations

#: It has at most about this many characters.
_MOST_TOLD = 600


def legible(text: str) -> str:
    """``text`` without line breaks and control characters, and without the middle if it is long."""
    if len(text) > _MOST_TOLD:
        text = f"{text[: _MOST_TOLD * 2 // 3]} … {text[-_MOST_TOLD // 3 :]}"
    return text if text.isprintable() else "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
