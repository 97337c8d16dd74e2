"""What is long has two forms: a short one that every run plays, and with ``--thorough`` the whole.

What the short form leaves out bears the mark `thorough`, what it plays a part of the mark `shortened`.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

#: Whether all is played. Set before any test is collected (tests/conftest.py).
is_whole = False
#: Examples of a property in the short form.
EXAMPLES = 20


def form(short: T, whole: T) -> T:
    """Of a test that is marked `shortened`, what this run plays."""
    return whole if is_whole else short


def examples(whole: int) -> int:
    """How many examples of a property this run tries."""
    return form(min(EXAMPLES, whole), whole)


def some(short: Sequence[T], whole: Iterable[T]) -> list[Any]:
    """Parameters of a test: those of ``short``, and with ``--thorough`` the others of ``whole`` as well."""
    if not is_whole:
        return list(short)
    return [*short, *(pytest.param(*_values(one), marks=pytest.mark.thorough) for one in whole if one not in short)]


def covering(cases: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Parameters of a test of several: in the short form as many cases as each value of each of them comes up in."""
    every = list(cases)
    short, seen = [], set()
    # In an order of its own: else what comes first would stand beside all.
    for case in random.Random(1).sample(every, len(every)):
        values = {(place, repr(value)) for place, value in enumerate(case)}
        if not values <= seen:
            short.append(case)
            seen |= values
    return some(sorted(short, key=every.index), every)


def combined(*axes: Iterable[Any]) -> list[Any]:
    """The same of all combinations of the values of ``axes``."""
    return covering(itertools.product(*axes))


def _values(one: Any) -> tuple[Any, ...]:
    return one if isinstance(one, tuple) else (one,)
