"""Scalars of plain YAML: the core schema of YAML 1.2, and digits in groups (1_000) as ruamel.yaml reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

#: What the tags of the core schema begin with; ``!!`` in a file.
CORE = "tag:yaml.org,2002:"
#: How many digits a number may have.
MAX_DIGITS = 40
#: So much of a text is told.
_TOLD = 100


class StopReadingError(Exception):
    """Ends the reading of a text, with the sentence to say."""


_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?[0-9][0-9_]*"), int),
    (re.compile(r"[-+]?0o[0-7][0-7_]*"), lambda text: int(text, 8)),
    (re.compile(r"[-+]?0x[0-9a-fA-F][0-9a-fA-F_]*"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?0b[01][01_]*"), lambda text: int(text, 2)),
    (re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}


def whole_characters(text: str) -> str:
    """``text`` with the halves put together that JSON escapes a character beyond U+FFFF as."""
    if text.isascii() or not any("\ud800" <= one <= "\udfff" for one in text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise StopReadingError("half a character (\\uD800 to \\uDFFF) stands here; write the whole one") from None


def is_number(text: str) -> bool:
    """Whether a scalar without quotes is a number."""
    return any(pattern.fullmatch(text) for pattern, _ in _NUMBERS)


def plain_value(text: str) -> Any:
    """What a scalar without quotes and tag means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    for pattern, number in _NUMBERS:
        if pattern.fullmatch(text):
            if len(text) > MAX_DIGITS:
                raise StopReadingError(f"a number of {len(text):,} characters; put it in quotes if it is text")
            return number(text.replace("_", ""))
    return text


def tagged(text: str, tag: str | None) -> Any:
    """What a scalar in quotes or with a tag means."""
    name = "str" if tag in (None, "!") else str(tag).removeprefix(CORE)
    if name == "str":
        return text
    if name not in _KINDS:
        raise StopReadingError(unknown_tag(tag))
    value = plain_value(text)
    if type(value) not in _KINDS[name]:
        raise StopReadingError(f"{text[:_TOLD]!r} is none of what !!{name} means; remove !!{name}")
    return float(value) if name == "float" else value


def unknown_tag(tag: object) -> str:
    """What to say of a tag that is none of the core schema's."""
    return f"{str(tag).replace(CORE, '!!')[:_TOLD]} is no part of a set; remove it, or put the text in quotes"
