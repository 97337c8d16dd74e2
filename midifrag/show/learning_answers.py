"""What typed answers mean while learning: names cut short, numbers, notes. What is refused is refused in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from midifrag.boundary import LANDS
from midifrag.config.loading import Loaded
from midifrag.config.model_inputs import GUIDANCE_NAME
from midifrag.config.names import none_of
from midifrag.config.parameters import shown
from midifrag.config.targets import Target
from midifrag.config.unplayable import FactsOf
from midifrag.notes import note_number

#: What a fragment may wait for, as an action says it.
LAND_CHOICES = (*LANDS, "presets")
#: The most digits of a number that is read: `int` raises far above, and no value of a set has more.
_MOST_DIGITS = 9
#: The most characters of an answer that are repeated.
_MOST_SHOWN = 40


class AnswerError(ValueError):
    """An answer that cannot be taken; its text says why, and what can."""


def short(text: str) -> str:
    """A text as it is repeated to who typed it."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def completed(text: str, names: Sequence[str]) -> str:
    """The name that a text is, or is the beginning of. Raises `AnswerError` for one of none, or of several."""
    if text in names:
        return text
    found = [name for name in names if text and name.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise AnswerError(f"{short(text)!r} may be {', '.join(found[:-1])} or {found[-1]}; type more of it")
    raise AnswerError(none_of(short(text), names))


def slot_of(text: str, count: int) -> int:
    """A slot's number, from 1 to ``count``. Raises `AnswerError`."""
    number = _whole(text)
    if number is None:
        raise AnswerError(f"{short(text)!r} is no slot's number")
    if not 1 <= number <= count:
        raise AnswerError(f"There is no slot {number}; there are 1 to {count}")
    return number


def usual_way(loaded: Loaded, target: Target) -> tuple[float, float]:
    """Both ends of a control's way that are offered: of guidance what the show's model hears, else the slider's."""
    if str(target) == GUIDANCE_NAME:
        heard = FactsOf(loaded.source)(loaded.settings.model).hears_guidance
        if heard is not None:
            return heard.low, heard.high
    return target.parameter.slider


def range_of(text: str, target: Target, usual: tuple[float, float]) -> list[float | int]:
    """Both ends of a control's way; the ``usual`` ones for no text. Raises `AnswerError`."""
    low, high = map(shown, usual)
    written = text.replace(",", " ").strip("[] ").split() or [low, high]
    try:
        start, end = map(_number, written)
    except ValueError:
        raise AnswerError(f"{short(text)!r} is no range: two numbers, such as {low} {high}") from None
    for value in (start, end):
        problem = target.parameter.problem(value)
        if problem is not None:
            raise AnswerError(f"{problem}; {target} goes from {' to '.join(map(shown, target.parameter.limits))}")
    return [start, end]


def needed_of(loaded: Loaded, needed: str, text: str) -> Any:
    """The bank, pad or boundary that an action is about. Raises `AnswerError` with what there is."""
    if needed == "pad":
        return _pad_of(loaded, text)
    if needed == "bank":
        programs = {bank.program for bank in loaded.banks}
        number = _whole(text)
        slugs = [bank.slug for bank in loaded.banks]
        return number if number is not None and number in programs and text not in slugs else completed(text, slugs)
    return completed(text, LAND_CHOICES)


def _pad_of(loaded: Loaded, text: str) -> int:
    notes = sorted({key.note for bank in loaded.banks for key in bank.pads})
    try:
        note = note_number(text if len(text) <= _MOST_DIGITS else "")
    except ValueError:
        raise AnswerError(f"{short(text)!r} is no note: use 0 to 127 or a name such as C1 (36)") from None
    if note not in notes:
        raise AnswerError(f"No bank has pad {note}; there are {', '.join(map(str, notes)) or 'none'}")
    return note


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def _number(text: str) -> float | int:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return int(value) if value.is_integer() else value
