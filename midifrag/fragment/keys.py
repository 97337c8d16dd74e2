"""Musical keys as people write them (``A minor``, ``F#m``, ``Bb``), so that takes can be found by theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from midifrag.notes import STEPS

MAJOR, MINOR = "major", "minor"
#: What modes are called; all else is no key.
MODES: dict[str, str] = {
    **dict.fromkeys(("maj", "major", "dur"), MAJOR),
    **dict.fromkeys(("m", "min", "minor", "moll"), MINOR),
    **{name: name for name in ("ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "locrian")},
}
_SHIFTS = {"": 0, "#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
_TONIC = re.compile(r"(?P<letter>[A-Ga-g])(?P<shift>[#♯b♭]|[ -]?(?:sharp|flat))?[ -]*(?P<mode>[A-Za-z]*)")


@dataclass(frozen=True, slots=True)
class Key:
    """A key: its ``tonic`` in half tones above C (0–11), and its ``mode``; "" where none is said."""

    tonic: int
    mode: str = ""


def spelled(text: str) -> str:
    """A key as prompts have it: ``A minor`` for ``Am``; other text as it is."""
    found, key = _TONIC.fullmatch(text.strip()), read_key(text)
    if found is None or key is None or not key.mode:
        return text
    return f"{found['letter'].upper()}{found['shift'] or ''} {key.mode}"


def read_key(text: str) -> Key | None:
    """The key that a text names; None where it names none that is known here."""
    found = _TONIC.fullmatch(text.strip())
    if found is None:
        return None
    # A capital M is major, whatever becomes of other capitals.
    said = MAJOR if found["mode"] == "M" else found["mode"].casefold()
    if said and said not in MODES:
        return None
    shift = _SHIFTS[(found["shift"] or "").strip(" -").casefold()]
    return Key((STEPS[found["letter"].upper()] + shift) % 12, MODES.get(said, ""))
