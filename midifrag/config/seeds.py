"""Seeds that are no number: another one for each press."""

from __future__ import annotations

#: In a seed's place: another one for each press.
RANDOM = "random"


def is_random(seed: object) -> bool:
    """Whether a seed asks for another one each time, be it as other programs write that: -1."""
    return seed == RANDOM or (not isinstance(seed, bool) and str(seed).strip() in ("-1", "-1.0"))
