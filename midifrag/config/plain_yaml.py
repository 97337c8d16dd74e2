"""Plain YAML: keys, lists and scalars, with the line of each; whatever says more than a set needs is a mistake.

ruamel.yaml parses the text; what it parses is put together here, without recursion and within limits. YAML itself can
name types that build anything (``!!timestamp``, ``!!omap``), and a few lines of it can mean gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from midifrag.config.plain_scalars import CORE, StopReadingError, plain_value, tagged, unknown_tag, whole_characters

#: How deep keys and lists may lie in each other. A set needs six.
MAX_DEPTH = 32
#: How many keys, values and lists there may be, with every ``*name`` counted as all that it stands for. A long text
#: counts once more for every `TEXT` characters.
MAX_NODES = 200_000
TEXT = 100

_MERGE = "<<"


class YamlMap(dict[str, Any]):
    """Keys and values; ``lines`` is the line of each key, from 1 on. Keys are text, as pydantic names them."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


class YamlList(list[Any]):
    """A list; ``lines`` is the line of each item, from 1 on."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


class Mistake(NamedTuple):
    """What is wrong in a text: its line from 1 on, the keys on the way there, and a sentence."""

    line: int
    keys: tuple[str, ...]
    sentence: str


class NotPlainError(Exception):
    """A text that cannot be read any further; ``mistakes`` are those found until then."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__(mistakes[-1].sentence)
        self.mistakes = mistakes


def parse(text: str) -> tuple[Any, list[Mistake]]:
    """What ``text`` holds, None if nothing, and the keys in it that stand there twice. Raises `NotPlainError`."""
    builder = _Builder()
    line = 1
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            line = event.start_mark.line + 1
            builder.take(event, line)
    except StopReadingError as stop:
        builder.mistakes.append(Mistake(line, builder.keys, str(stop)))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(str(error.character)[:1])
        sentence = f"the character U+{code:04X} cannot stand here; remove it"
        builder.mistakes.append(Mistake(line, (), sentence))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = line if mark is None else mark.line + 1
        builder.mistakes.append(Mistake(line, (), f"not valid YAML: {error.problem or error.context}"))
    except (YAMLError, ValueError, TypeError, OverflowError):  # their scanner on escapes such as \UFFFFFFFF
        builder.mistakes.append(Mistake(line, (), "not valid YAML in or below this line"))
    else:
        return builder.document, builder.mistakes
    raise NotPlainError(builder.mistakes)


class _Built(NamedTuple):
    """A value, how many nodes it stands for and how deep it is."""

    value: Any
    nodes: int
    depth: int


@dataclass(slots=True)
class _Open:
    """A mapping or a list that is being read."""

    node: YamlMap | YamlList
    anchor: str | None
    #: Nodes that were there before it.
    before: int
    depth: int = 1
    key: str | None = None
    key_line: int = 0
    #: Each key as it was written, for those that are there twice.
    written: dict[str, Any] = field(default_factory=dict)
    twice: bool = False
    merged: list[YamlMap] = field(default_factory=list)


class _Builder:
    """Puts events together; ``document`` is what they make."""

    def __init__(self) -> None:
        self.document: Any = None
        self.mistakes: list[Mistake] = []
        self._documents = 0
        self._open: list[_Open] = []
        #: What each anchor stands for; None while that is still being read.
        self._anchors: dict[str, _Built | None] = {}
        self._nodes = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys on the way to where the reading is."""
        keys = (str(len(one.node)) if isinstance(one.node, YamlList) else one.key for one in self._open)
        return tuple(key for key in keys if key is not None)

    def take(self, event: Any, line: int) -> None:
        """Take in the next event, which begins in ``line``."""
        match event:
            case ScalarEvent():
                self._scalar(event, line)
            case MappingStartEvent() | SequenceStartEvent():
                self._begin(event, line)
            case AliasEvent():
                self._alias(event.anchor, line)
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise StopReadingError("a second document begins here; remove the --- line, and what is below it")
            case _ if self._open and not isinstance(event, NodeEvent):
                self._end(line)

    def _scalar(self, event: ScalarEvent, line: int) -> None:
        text = whole_characters(event.value)
        plain = event.implicit[0] and event.tag is None
        value = plain_value(text) if plain else tagged(text, event.tag)
        built = _Built(value, 1 + len(text) // TEXT, 0)
        self._count(built.nodes)
        self._remember(event.anchor, built)
        if self._wants_key():
            if plain and text == _MERGE:
                self._open[-1].key, self._open[-1].key_line = _MERGE, -1
            else:
                self._key(text if type(value) is not int else str(value), text, value, line)
        else:
            self._add(built, line)

    def _begin(self, event: MappingStartEvent | SequenceStartEvent, line: int) -> None:
        if self._wants_key():
            raise StopReadingError("a key is a word or a number, and no list and no mapping")
        kind, tag = (YamlMap, "map") if isinstance(event, MappingStartEvent) else (YamlList, "seq")
        if event.tag not in (None, "!", CORE + tag):
            raise StopReadingError(unknown_tag(event.tag))
        if len(self._open) >= MAX_DEPTH:
            raise StopReadingError(f"keys and lists lie more than {MAX_DEPTH} deep in each other here")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        opened = _Open(kind(), event.anchor, self._nodes)
        self._count(1)
        if self._open and isinstance(self._open[-1].node, YamlList):
            self._open[-1].node.lines.append(line)
        self._open.append(opened)

    def _end(self, line: int) -> None:
        done = self._open.pop()
        if isinstance(done.node, YamlMap):
            _merge(done.node, done.merged)
        built = _Built(done.node, self._nodes - done.before, done.depth)
        self._remember(done.anchor, built)
        self._add(built, line, has_line=True)

    def _alias(self, name: str, line: int) -> None:
        if name not in self._anchors:
            raise StopReadingError(f"*{name} refers to nothing; &{name} must stand above it")
        built = self._anchors[name]
        if built is None:
            raise StopReadingError(f"*{name} stands within what it refers to")
        self._count(built.nodes)
        if len(self._open) + built.depth > MAX_DEPTH:
            raise StopReadingError(f"keys and lists lie more than {MAX_DEPTH} deep in each other here")
        if not self._wants_key():
            self._add(built, line)
        elif built.depth:
            raise StopReadingError("a key is a word or a number, and no list and no mapping")
        else:
            self._key(str(built.value), built.value, built.value, line)

    def _wants_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].node, YamlMap) and self._open[-1].key is None

    def _key(self, text: str, written: Any, value: Any, line: int) -> None:
        """A key of the mapping that is open; ``written`` and ``value`` tell keys with quotes from those without."""
        top = self._open[-1]
        top.key, top.key_line = text, line
        top.twice = text in top.written
        if top.twice:
            same = top.written[text] == (written, type(value))
            how = "" if same else ", with and without quotes"
            self.mistakes.append(Mistake(line, self.keys, f"stands here twice{how}; remove one of the two"))
        top.written.setdefault(text, (written, type(value)))

    def _add(self, built: _Built, line: int, *, has_line: bool = False) -> None:
        """Put a value where it belongs: as the document, into the list, or at the key that waits for it."""
        if not self._open:
            self.document = built.value
            return
        top = self._open[-1]
        top.depth = max(top.depth, built.depth + 1)
        if isinstance(top.node, YamlList):
            top.node.append(built.value)
            if not has_line:
                top.node.lines.append(line)
            return
        key, top.key = top.key, None
        if key == _MERGE and top.key_line < 0:
            top.merged += _mergeable(built.value)
        elif key is not None and not top.twice:
            top.node[key] = built.value
            top.node.lines[key] = top.key_line

    def _remember(self, anchor: str | None, built: _Built) -> None:
        if anchor is not None:
            self._anchors[anchor] = built

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise StopReadingError(f"more than {MAX_NODES:,} keys and values; a *name counts as all that it stands for")


def _mergeable(value: Any) -> Iterator[YamlMap]:
    for one in value if isinstance(value, YamlList) else [value]:
        if not isinstance(one, YamlMap):
            raise StopReadingError(f"{_MERGE} takes in keys and values, such as *name, or a list of those")
        yield one


def _merge(node: YamlMap, merged: list[YamlMap]) -> None:
    """Take in what ``<<`` names; a mapping's own keys win, then the first that has one."""
    for one in merged:
        for key, value in one.items():
            if key not in node:
                node[key] = value
                node.lines[key] = one.lines[key]
