"""Note numbers and names, in Ableton's convention: C1 is 36, C-2 is 0."""

from __future__ import annotations

import re

#: Half tones of each letter above C.
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NAME = re.compile(r"([A-Ga-g])([#b♯♭]?)(-?\d)")
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def note_number(text: str | int) -> int:
    """The note number 0–127 of ``36``, ``"36"``, ``"C1"`` or ``"F#2"``; raises ValueError with what is allowed."""
    plain = str(text).strip()
    if plain.lstrip("-").isdigit():
        number = int(plain)
    else:
        match = _NAME.fullmatch(plain)
        if match is None:
            raise ValueError(f"{text!r} is no note: use 0–127 or a name such as C1 (36) or F#2")
        letter, accidental, octave = match.groups()
        shift = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[accidental]
        number = (int(octave) + 2) * 12 + STEPS[letter.upper()] + shift
    if not 0 <= number <= 127:
        raise ValueError(f"note {text} is outside 0–127 (C-2 to G8)")
    return number


def note_name(number: int) -> str:
    """The name of note ``number`` with sharps, such as ``C1`` for 36."""
    return f"{_SHARPS[number % 12]}{number // 12 - 2}"
