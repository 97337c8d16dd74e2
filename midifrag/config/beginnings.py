"""What may begin from a sound, and how much of it is changed: for the engines' processes, which read no set."""

from __future__ import annotations

from collections.abc import Sequence

#: How much of a sound is changed where nothing says so (see `midifrag.engine.diffusion.strength`).
USUAL_STRENGTH = 0.6


def usual_strength(fill: object) -> float:
    """The strength where none is said: a part that is made anew has nothing of what it was."""
    return USUAL_STRENGTH if fill is None else 1.0


def cannot_begin(model: str, wants: str, able: Sequence[str]) -> str:
    """Why a model cannot make of a sound what is asked for, a ``sound`` or a ``part``, as it is not ``able`` to."""
    if wants == "part" and "sound" in able:
        return (
            f"{model} makes no part of a sound anew (continue, fill), as Stable Audio 3 does; it can change all of it"
        )
    return f"{model} cannot begin from a sound (from); choose another model for it"
