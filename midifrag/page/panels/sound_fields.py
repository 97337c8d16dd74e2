"""What fields hold of a sound that a pad begins from, and what a pad says of that."""

from __future__ import annotations

import re
from typing import Any

from midifrag.config.parameters import shown


def shown_part(value: Any) -> str:
    """What a field holds of ``continue``, a number of seconds, or of ``fill``, two moments."""
    if value is None:
        return ""
    return ", ".join(map(shown, value)) if isinstance(value, list | tuple) else shown(value)


def typed_part(text: Any) -> Any:
    """What a pad says where a field holds this: a number, two of them, or the text itself, which is told as wrong."""
    if not isinstance(text, str):
        return text
    try:
        numbers = [float(one) for one in re.split(r"[;,\s]+", text.strip("[] \t"))]
    except ValueError:
        return text
    return numbers[0] if len(numbers) == 1 else numbers
