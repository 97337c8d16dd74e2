"""YAML with a few values changed: comments and order stay, and any text is written so that it is read back."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, SingleQuotedScalarString
from ruamel.yaml.tag import Tag

from midifrag.config.plain_scalars import is_number

#: Lines are never folded: a prompt stays on one line, as it was typed.
_WIDTH = 1_000_000
#: Text that needs no quotes, whoever reads it.
_WORD = re.compile(r"[a-z][a-z0-9_-]{2,}")
_NO_WORDS = ("true", "false", "null", "yes", "off")
_TEXT = Tag(suffix="tag:yaml.org,2002:str")
_NOT_TEXT = tuple(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp"))


class _Resolver(VersionedResolver):
    """What `plain_yaml` reads as text is text, such as dates; others would be written in another form."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """See `VersionedResolver.resolve`."""
        tag = super().resolve(kind, value, implicit)
        return _TEXT if str(tag) in _NOT_TEXT and not is_number(value) else tag


def load_editable(text: str) -> Any:
    """The document of a file with all that stands around its values. What it raises is ruamel.yaml's own."""
    return _yaml().load(text)


def dump(document: Any) -> str:
    """The text of a document."""
    text = io.StringIO()
    _yaml().dump(document, text)
    return text.getvalue()


def set_values(mapping: CommentedMap, values: Mapping[str, Any]) -> None:
    """Change keys of a mapping; None removes one. What is there already keeps its form."""
    for name, value in values.items():
        if value is None:
            mapping.pop(name, None)
        elif name not in mapping or type(mapping[name]) is bool or mapping[name] != value:
            mapping[name] = _written(value, mapping.get(name))


def in_one_line(values: Mapping[str, Any]) -> CommentedMap:
    """A mapping on one line, as shipped banks write pads."""
    mapping = CommentedMap({name: _written(value) for name, value in values.items()})
    mapping.fa.set_flow_style()
    return mapping


def _written(value: Any, before: Any = None) -> Any:
    if isinstance(value, Mapping):
        return in_one_line(value)
    if not isinstance(value, str):
        return value
    if isinstance(before, SingleQuotedScalarString) and value.isprintable():
        return SingleQuotedScalarString(value)
    quoted = isinstance(before, DoubleQuotedScalarString) or value in _NO_WORDS or not _WORD.fullmatch(value)
    return DoubleQuotedScalarString(value) if quoted else value


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.Resolver = _Resolver
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
