"""Words of a YAML file that YAML takes for something else: ``C# pad # dark`` is a prompt of two words and a comment.

That is no mistake of YAML's, and what is left is a set as good as any other; only the words are gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    MappingStartEvent,
    ScalarEvent,
)

from midifrag.config.regular_files import read_regular
from midifrag.config.yaml_files import MAX_BYTES
from midifrag.errors import Problem

#: Keys whose text is a performer's own words; elsewhere a comment behind a value is a comment.
WORDS = frozenset({"prompt", "negative_prompt", "name"})
#: Characters of a text that are repeated.
LONGEST = 100

#: Where a line ends for ruamel.yaml.
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
#: What stands in a line behind a value, or behind a key without one; the colon of the key before it.
_BEHIND = re.compile(r":?(?P<comment>[ \t]+#.*)")


def lost_words_in(files: Iterable[Path]) -> Iterator[Problem]:
    """What `lost_words` says of a show's files: of its presets.yaml, which comes first, and its banks."""
    folder: Path | None = None
    for path in files:
        folder = folder or path.parent
        # A file that has changed since it was read has its say with the next reading.
        with suppress(OSError, ValueError):
            text = read_regular(path, MAX_BYTES).decode("utf-8")
            yield from lost_words(text, path.relative_to(folder).as_posix())


def lost_words(text: str, file: str) -> Iterator[Problem]:
    """A note for each value in the text of ``file`` that lost words; none if it cannot be read as YAML."""
    try:
        events = list(YAML(typ="safe", pure=True).parse(text))
    except (YAMLError, ValueError, TypeError, OverflowError):
        return
    used = {event.anchor for event in events if isinstance(event, AliasEvent)}
    lines = _BREAK.split(text)
    for keys, key, value in _values(events):
        if value.style is not None:
            continue
        # Where there is no value, its mark stands at what comes next.
        mark = (value if value.value else key).end_mark
        behind = _BEHIND.match(lines[mark.line][mark.column :]) if mark.line < len(lines) else None
        comment = behind["comment"].rstrip() if behind is not None else ""
        sentence = _sentence(key.value, value, comment, is_used=value.anchor in used)
        if sentence:
            yield Problem(file, mark.line + 1, ".".join(keys), sentence)


def _sentence(key: str, value: ScalarEvent, comment: str, *, is_used: bool) -> str:
    # A sharp sign that touches a word is hardly meant for a comment.
    if key not in WORDS and (value.value or not re.match(r"\s*#\w", comment)):
        return ""
    anchor = f"&{value.anchor} " if value.anchor is not None and not is_used else ""
    lost = " and ".join(filter(None, (anchor.strip(), comment.strip()[:LONGEST])))
    if not lost:
        return ""
    return f"YAML does not take {lost} for text; if it is, write {_quoted(f'{anchor}{value.value}{comment}'.strip())}"


def _quoted(text: str) -> str:
    """Text as YAML takes it whole."""
    return json.dumps(text if len(text) <= LONGEST else f"{text[:LONGEST]}…", ensure_ascii=False)


def _values(events: list[Any]) -> Iterator[tuple[list[str], ScalarEvent, ScalarEvent]]:
    """Every scalar that is the value of a key: the keys on the way there, and the events of the last key and of it."""
    #: What is open: the number of the next item of a list, or the key that waits for a value, if one does.
    way: list[int | ScalarEvent | AliasEvent | None] = []
    for event in events:
        if isinstance(event, CollectionEndEvent):
            way.pop()
        elif isinstance(event, CollectionStartEvent):
            way.append(None if isinstance(event, MappingStartEvent) else 0)
            continue
        elif not isinstance(event, ScalarEvent | AliasEvent):
            continue
        elif way and way[-1] is None:
            way[-1] = event
            continue
        elif isinstance(event, ScalarEvent) and way and isinstance(way[-1], ScalarEvent):
            yield [_written(one) for one in way], way[-1], event
        if way:
            way[-1] = way[-1] + 1 if isinstance(way[-1], int) else None


def _written(key: int | ScalarEvent | AliasEvent | None) -> str:
    return str(key.value if isinstance(key, ScalarEvent) else f"*{key.anchor}" if isinstance(key, AliasEvent) else key)
