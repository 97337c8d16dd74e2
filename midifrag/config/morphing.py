"""What lies between two prompts: a pad's ``morph: {to: "glass", by: velocity}``, and what a request says of it.

A set says it as keys and values; presets, requests, records and the command line carry one line, ``0.35 to glass``: how
much (0 is the prompt itself, 1 the other one), and the other prompt. A pad's line says in place of a number where that
comes from: ``velocity to glass`` or ``cc 25 to glass``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from midifrag.config.conditioning import shown

#: How a set and a line write it.
WRITTEN = "{to: a prompt, by: velocity, cc 25, or a number from 0 to 1}"
_CC = re.compile(r"cc (\d{1,3})")
#: Finer than any knob of 14 bits, and short in a record.
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Morph:
    """The prompt that a sound is partly of, and how much of it: a number from 0 to 1, ``velocity`` or ``cc 25``."""

    to: str
    by: str | float

    def __str__(self) -> str:
        by = self.by if isinstance(self.by, str) else shown(self.by)
        return f"{by} to {self.to}"

    @property
    def cc(self) -> int | None:
        """The CC that says how much, if one does."""
        found = _CC.fullmatch(self.by) if isinstance(self.by, str) else None
        return None if found is None else int(found[1])

    @property
    def amount(self) -> float:
        """How much of the other prompt; raises ValueError where it is a hand that says it."""
        if isinstance(self.by, str):
            raise ValueError(f"{self.by} is a hand's, and there is none here; write a number from 0 to 1")  # noqa: TRY004 — a word where a number can be, and no mistake of ours
        return self.by


def read_morph(line: str) -> Morph:
    """What a line says. Raises ValueError with what is wrong with it."""
    by, divided, to = line.partition(" to ")
    if not divided or not to.strip():
        raise ValueError(f"{line!r} names no other prompt; write it as {WRITTEN}, or as '0.5 to glass'")
    return Morph(to.strip(), _by(by))


def as_morph(said: Any) -> str | None:
    """The line for what a file says, be that keys and values or the line itself. Raises ValueError."""
    if said is None:
        return None
    if isinstance(said, str):
        return str(read_morph(said))
    if not isinstance(said, Mapping) or set(said) != {"to", "by"}:
        raise ValueError(f"must be {WRITTEN}")
    to = said["to"]
    if not isinstance(to, str) or not to.strip():
        raise ValueError(f"to: {to!r} is no prompt")
    return str(Morph(to.strip(), _by(said["by"])))


def at(line: str | None, amount: float | None = None) -> str | None:
    """The line with a number for whatever says how much (None: as it is); None where that is nothing."""
    if line is None:
        return None
    morph = read_morph(line)
    share = morph.amount if amount is None else min(max(amount, 0.0), 1.0)
    return str(Morph(morph.to, round(share, _DIGITS))) if round(share, _DIGITS) > 0 else None


def no_morph(model: str) -> str:
    """Why a model without embeddings of texts cannot play any."""
    return f"{model} reads no prompt as numbers that something could lie between; use a model of stable-audio-tools'"


def _by(said: object) -> str | float:
    text = " ".join(str(said).split()).casefold()
    if text == "velocity":
        return text
    found = _CC.fullmatch(text)
    if found is not None and int(found[1]) <= 127:
        return f"cc {int(found[1])}"
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if isinstance(said, bool) or not 0 <= share <= 1:
        raise ValueError(f"by: {said!r} is none of velocity, cc 0 to cc 127, and a number from 0 to 1")
    return share
