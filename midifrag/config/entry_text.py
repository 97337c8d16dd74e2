"""Lists of a set's files as text: an entry more, one less, another one, or the same ones in another order.

No other byte changes. Each returns None where a file is written in a way that only an editor can change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

#: What some Windows editors begin a file with.
_MARK = "\ufeff"


def with_entry(content: bytes, section: str, inside: str, alone: str) -> bytes | None:
    """``content`` with an entry more: ``inside`` brackets, or ``alone`` on a line. None where that cannot be done."""
    text = content.decode()
    mark = _MARK if text.startswith(_MARK) else ""
    text = text.removeprefix(_MARK)
    end = "\r\n" if "\r\n" in text else "\n"
    try:
        root = YAML(typ="rt").compose(text)
    except Exception:  # what we have read may still hold what it trips over
        return None
    name = node = None
    if isinstance(root, MappingNode) and not root.flow_style:
        name, node = next(((key, value) for key, value in root.value if key.value == section), (None, None))
    elif root is not None:
        return None
    if node is None:
        changed = _line_after(text, text.count("\n") + 1, f"{section}:{end}  {alone}", end)
    elif name is not None and isinstance(node, ScalarNode) and node.value == "":
        # A list all of whose entries are comments.
        changed = _line_after(text, name.end_mark.line, f"  {alone}", end)
    else:
        found = _with(text, node, inside, alone, end)
        if found is None:
            return None
        changed = found
    return (mark + changed).encode()


def without_entry(content: bytes, section: str, number: int) -> bytes | None:
    """``content`` without an entry of a list; None where that cannot be done."""
    text = content.decode()
    mark = _MARK if text.startswith(_MARK) else ""
    text = text.removeprefix(_MARK)
    try:
        root = YAML(typ="rt").compose(text)
        node = next(value for key, value in root.value if key.value == section)
        items = node.value
        item = items[number]
    except Exception:  # what we have read may still hold what it trips over
        return None
    if node.flow_style:
        start, end = item.start_mark.index, item.end_mark.index
        if number + 1 < len(items):
            end = items[number + 1].start_mark.index
        elif number:
            start = items[number - 1].end_mark.index
        return (mark + text[:start] + text[end:]).encode()
    lines = text.splitlines(keepends=True)
    del lines[item.start_mark.line : _last_line(item) + 1]
    return (mark + "".join(lines)).encode()


def with_other_entry(content: bytes, section: str, number: int, written: str) -> bytes | None:
    """``content`` with an entry of a list ``written`` anew; one of several lines with comments in it is left alone."""
    mark, text, root = _read(content)
    node = _value_of(root, section)
    if not isinstance(node, SequenceNode) or number >= len(node.value):
        return None
    item = node.value[number]
    start, end = item.start_mark.index, item.end_mark.index
    if isinstance(item, CollectionNode) and not item.flow_style:
        lines = text.splitlines(keepends=True)
        end = sum(map(len, lines[: _last_line(item) + 1]))
        if "#" in text[start:end]:
            return None
        end -= len(text[start:end]) - len(text[start:end].rstrip())
    return (mark + text[:start] + written + text[end:]).encode()


def in_order(content: bytes, section: str, order: Sequence[int]) -> bytes | None:
    """``content`` with the entries of a list in another order, by their numbers; comments beside them go with them."""
    mark, text, root = _read(content)
    node = _value_of(root, section)
    if not isinstance(node, SequenceNode) or sorted(order) != list(range(len(node.value))):
        return None
    if node.flow_style:
        places = [(item.start_mark.index, item.end_mark.index) for item in node.value]
    else:
        lines = [0]
        for line in text.splitlines(keepends=True):
            lines.append(lines[-1] + len(line))
        places = [(lines[item.start_mark.line], lines[_last_line(item) + 1]) for item in node.value]
        if not text.endswith("\n"):
            return None
    pieces = [text[start:end] for start, end in places]
    for (start, end), number in reversed(list(zip(places, order, strict=True))):
        text = text[:start] + pieces[number] + text[end:]
    return (mark + text).encode()


def with_value(content: bytes, key: str, written: str) -> bytes | None:
    """``content`` with the plain value of a key ``written`` anew."""
    mark, text, root = _read(content)
    node = _value_of(root, key)
    if not isinstance(node, ScalarNode) or node.style in ("|", ">") or node.value == "":
        return None
    return (mark + text[: node.start_mark.index] + written + text[node.end_mark.index :]).encode()


def _read(content: bytes) -> tuple[str, str, Any]:
    """The mark that a file begins with, its text, and what that is put together of; None where nobody can tell."""
    text = content.decode()
    mark = _MARK if text.startswith(_MARK) else ""
    text = text.removeprefix(_MARK)
    try:
        return mark, text, YAML(typ="rt").compose(text)
    except Exception:  # what we have read may still hold what it trips over
        return mark, text, None


def _value_of(root: Any, key: str) -> Node | None:
    if not isinstance(root, MappingNode):
        return None
    found: Node | None = next((value for name, value in root.value if name.value == key), None)
    return found


def _with(text: str, node: Node, inside: str, alone: str, end: str) -> str | None:
    if not isinstance(node, SequenceNode | MappingNode):
        return None
    if node.flow_style:
        last = node.end_mark.index - 1
        head = text[:last].rstrip()
        return f"{head}{', ' if node.value else ''}{inside}{text[len(head) : last]}{text[last:]}"
    return _line_after(text, _last_line(node), " " * node.start_mark.column + alone, end)


def _last_line(node: Node) -> int:
    """The last line of what a node holds, without the comments behind it."""
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(node, MappingNode) else last)
    return int(node.end_mark.line)


def _line_after(text: str, line: int, added: str, end: str) -> str:
    lines = text.splitlines(keepends=True)
    line = min(line, len(lines) - 1)
    head = "".join(lines[: line + 1])
    head += "" if head.endswith("\n") or not head else end
    return f"{head}{added}{end}{''.join(lines[line + 1 :])}"
