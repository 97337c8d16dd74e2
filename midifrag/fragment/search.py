"""What somebody types to find takes: words in any order, "phrases", -without, ranges and an order.

    rain "wide hall" -dark tempo:90..120 key:"A minor" length:>2 loudness:-12..-3 sort:longest

Words, phrases and what must not be there are looked for in prompt, preset, bank, model, note and reason, whatever their
case. Ranges are ``low..high``, ``>low``, ``<high``, or a number, which means about that; those of keys go up in half
tones: ``key:A..C``, ``key:Am..Cm``, ``key:Am``, ``key:minor``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from midifrag.errors import MidifragError
from midifrag.fragment.keys import MODES, read_key, spelled

#: Ranges by what they are called: a column of the index, and how far from a number counts as about it.
RANGES: dict[str, tuple[str, float]] = {
    "tempo": ("tempo", 0.5),
    "bpm": ("tempo", 0.5),
    "length": ("seconds", 0.05),
    "seconds": ("seconds", 0.05),
    "loudness": ("peak", 0.5),
    "peak": ("peak", 0.5),
}
#: Orders by what they are called: what the index is sorted by.
ORDERS: dict[str, str] = {
    "newest": "number DESC",
    "oldest": "number",
    "longest": "seconds DESC, number DESC",
    "shortest": "seconds, number DESC",
    "loudest": "peak DESC, number DESC",
    "quietest": "peak, number DESC",
    "fastest": "tempo DESC, number DESC",
    "slowest": "tempo, number DESC",
}
NEWEST = ORDERS["newest"]
_TOKEN = re.compile(r'(?P<not>-?)(?:(?P<key>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))')
_NUMBER = r"[-+]?\d+(?:[.,]\d+)?"
_RANGE = re.compile(
    rf"(?:(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})|>=?(?P<above>{_NUMBER})|<=?(?P<below>{_NUMBER})|(?P<about>{_NUMBER}))"
)


class SearchError(MidifragError):
    """A range or an order that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Within:
    """A column of the index from ``low`` to ``high``, both included."""

    column: str
    low: float
    high: float
    without: bool = False


@dataclass(frozen=True, slots=True)
class InKeys:
    """Takes in one of these keys: ``tonics`` in half tones above C, ``mode`` "" for any.

    A take of which no key is known is one that says ``text``, unless that is "".
    """

    tonics: tuple[int, ...]
    mode: str = ""
    text: str = ""
    without: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked for. ``order`` is as SQLite takes it, one of `ORDERS`."""

    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    ranges: tuple[Within, ...] = ()
    keys: tuple[InKeys, ...] = ()
    order: str = field(default=NEWEST)


class Filters(TypedDict, total=False):
    """Which takes to find; what is left out or None does not matter. ``trashed`` is False where it is left out.

    ``since`` (included) and ``until`` (not included) are seconds since 1970 and compare with the time rendered.
    """

    number: int | None
    bank: str | None
    preset: str | None
    model: str | None
    since: float | None
    until: float | None
    starred: bool | None
    trashed: bool | None


_CLAUSES = {
    "number": "number = ?",
    "bank": "bank = ?",
    "preset": "preset = ?",
    "model": "model = ?",
    "since": "rendered_at >= ?",
    "until": "rendered_at < ?",
    "starred": "starred = ?",
    "trashed": "trashed = ?",
}


def parsed(text: str) -> Search:
    """What somebody means who types this. Raises `SearchError` with what can be typed instead."""
    words: list[str] = []
    without: list[str] = []
    ranges: list[Within] = []
    keys: list[InKeys] = []
    order = NEWEST
    for token in _TOKEN.finditer(text):
        key = (token["key"] or "").lower()
        said = token["phrase"] if token["word"] is None else token["word"]
        if key in RANGES:
            ranges.append(replace(_range(key, said), without=bool(token["not"])))
        elif key == "sort":
            order = _order(said)
        elif key == "key" and (found := _keys(said)) is not None:
            keys.append(replace(found, without=bool(token["not"])))
        elif key == "key":
            # A key of a kind that has no name here; what a prompt says of it is all that is known.
            (without if token["not"] else words).append(said)
        else:
            whole = f"{token['key']}:{said}" if key else said
            (without if token["not"] else words).append(whole)
    return Search(tuple(filter(None, words)), tuple(filter(None, without)), tuple(ranges), tuple(keys), order)


def where(search: Search, filters: Filters) -> tuple[str, list[Any]]:
    """The conditions of a search in the index's table, as SQL, and the values in them."""
    asked = {name: value for name, value in {"trashed": False, **filters}.items() if value is not None}
    clauses = [
        *(_CLAUSES[name] for name in asked),
        *("instr(words, ?)" for _ in search.words),
        *("NOT instr(words, ?)" for _ in search.without),
        # What is not known is in no range.
        *(f"coalesce({one.column} BETWEEN ? AND ?, 0) = ?" for one in search.ranges),
    ]
    words = (word.casefold() for word in (*search.words, *search.without))
    ends = (end for one in search.ranges for end in (one.low, one.high, not one.without))
    values = [*asked.values(), *words, *ends]
    for one in search.keys:
        clause, more = _in_keys(one)
        clauses.append(clause)
        values += more
    return " AND ".join(clauses) or "1", values


def _in_keys(keys: InKeys) -> tuple[str, list[Any]]:
    known = f"tonic IN ({', '.join('?' * len(keys.tonics))})"
    values: list[Any] = list(keys.tonics)
    if keys.mode:
        known += " AND mode = ?"
        values.append(keys.mode)
    if keys.text:
        known = f"CASE WHEN tonic IS NULL THEN instr(words, ?) > 0 ELSE {known} END"
        values.insert(0, keys.text.casefold())
    return f"coalesce({known}, 0) = ?", [*values, not keys.without]


def _keys(said: str) -> InKeys | None:
    """The keys that somebody means: one, a range of them, or a mode; None where that names none."""
    if said.casefold() in MODES:
        return InKeys(tuple(range(12)), MODES[said.casefold()])
    low, divided, high = said.partition("..")
    first, last = read_key(low), read_key(high if divided else low)
    if first is None or last is None:
        return None
    if divided and first.mode and last.mode and first.mode != last.mode:
        raise SearchError(f"key:{said} has two modes: write key:Am..Cm, or key:A..C for all modes")
    tonics = tuple((first.tonic + step) % 12 for step in range((last.tonic - first.tonic) % 12 + 1))
    mode = first.mode or last.mode
    return InKeys(tonics, mode, spelled(said) if mode and not divided else "")


def _range(key: str, said: str) -> Within:
    column, about = RANGES[key]
    found = _RANGE.fullmatch(said)
    if found is None:
        raise SearchError(f"{key}:{said} is no range: write {key}:90..120, {key}:>90, {key}:<120 or {key}:120")
    low, high, above, below, exactly = (
        None if found[name] is None else float(found[name].replace(",", "."))
        for name in ("low", "high", "above", "below", "about")
    )
    if exactly is not None:
        low, high = exactly - about, exactly + about
    elif low is None or high is None:
        low, high = -math.inf if above is None else above, math.inf if below is None else below
    low, high = min(low, high), max(low, high)
    if column == "peak":
        # Told in dBFS, kept as a factor.
        return Within(column, 10 ** (low / 20), 10 ** (high / 20))
    return Within(column, low, high)


def _order(said: str) -> str:
    try:
        return ORDERS[said.lower()]
    except KeyError:
        raise SearchError(f"sort:{said} is no order: write sort: and one of {', '.join(ORDERS)}") from None
