"""Writes docs/settings.md: every key of presets.yaml and of banks, from the models that read them.

``python -m tools.settings_reference`` writes it; a test says when it is no longer current.
"""

from __future__ import annotations

import io
import math
import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, Lt, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from midifrag.config.banks import Bank
from midifrag.config.parameters import Parameter
from midifrag.config.serving import Range
from midifrag.config.settings import Settings
from midifrag.config.value_types import Written
from midifrag.timeline import Signature

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"

_INTRODUCTION = """\
# Settings

Every key of `presets.yaml` and of the banks beside it. All but the required ones may be left out; a key without a
default says nothing until it is there. `midifrag check` tells what is wrong, with its line.

A key of `presets.yaml` can also be a variable, `MIDIFRAG_MODEL=open` or `MIDIFRAG_FRAGMENTS__COUNT=16`, and some are
flags (`midifrag run --help`). Flags win over variables, variables over the file.

This page is made by `python -m tools.settings_reference`.
"""
#: What plain types are called.
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Section:
    """A model's keys, under the name of the place where it first stands."""

    title: str
    model: type[BaseModel]
    #: The title of what it is a part of.
    within: str = ""

    @property
    def anchor(self) -> str:
        """What a link to it says, as Markdown's readers make it of a title."""
        return "".join(c for c in self.title.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def page() -> str:
    """The page as it should be."""
    sections = [*sections_of("presets.yaml", Settings), *sections_of("A bank, presets/NAME.yaml", Bank)]
    known: dict[type[BaseModel], Section] = {}
    titles: set[str] = set()
    for section in sections:
        if section.model not in known:
            title = f"{section.title} of {section.within}" if section.title in titles else section.title
            known[section.model] = replace(section, title=title)
            titles.add(title)
    return "\n".join([_INTRODUCTION, *(_table(section, known) for section in known.values())])


def sections_of(title: str, model: type[BaseModel], within: str = "") -> Iterator[Section]:
    """A model's section and those of all models within it, in the order of their keys."""
    yield Section(title, model, within)
    for name, field in _keys(model):
        for inner in models_in(field.annotation):
            several = get_origin(field.annotation) in (dict, tuple)
            yield from sections_of(f"Each of {name}" if several else name.capitalize(), inner, title.lower())


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models of a type, unless something says how its values are written."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if any(isinstance(argument, Written) for argument in get_args(annotation)):
        return []
    return [model for argument in get_args(annotation) for model in models_in(argument)]


def _keys(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(field.alias or name, field) for name, field in model.model_fields.items() if not field.exclude]


def _table(section: Section, known: dict[type[BaseModel], Section]) -> str:
    lines = [
        f"## {section.title}",
        "",
        "| key | type | default | limits | what it says |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, field in _keys(section.model):
        cells = (f"`{name}`", type_of(field, known), default_of(field), limits_of(field), description_of(field))
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join([*lines, ""])


def description_of(field: FieldInfo) -> str:
    """The one line of a key."""
    of_parameter = next((one.line for one in field.metadata if isinstance(one, Parameter)), "")
    return field.description or of_parameter


def default_of(field: FieldInfo) -> str:
    """A key's default as a file would say it."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value in (None, (), {}) or isinstance(value, BaseModel):
        return ""
    text = io.StringIO()
    yaml = YAML(typ="safe")
    yaml.default_flow_style = True
    yaml.width = 1000
    yaml.dump(_plain(value), text)
    return f"`{text.getvalue().removesuffix('...' + chr(10)).strip()}`"


def _plain(value: Any) -> Any:
    if isinstance(value, Signature):
        return str(value)
    if isinstance(value, Range):
        return value.written
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True, exclude_unset=True)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def type_of(field: FieldInfo, known: dict[type[BaseModel], Section]) -> str:
    """What a key's value is, in words; what it has keys of its own for, behind a link."""
    written = next((one.written for one in field.metadata if isinstance(one, Parameter)), "")
    if written:
        return written
    return _words(_whole(field), known)


def _words(annotation: Any, known: dict[type[BaseModel], Section]) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        written = next((one.text for one in arguments[1:] if isinstance(one, Written)), None)
        return written or _words(arguments[0], known)
    if origin in (Union, types.UnionType):
        return " or ".join(_words(part, known) for part in arguments if part is not type(None))
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}" if len(arguments) > 1 else str(arguments[0])
    if origin is dict:
        return f"names with {_words(arguments[1], known)}"
    if origin is tuple:
        return f"list of {_words(arguments[0], known)}"
    if annotation in known:
        return f"[keys](#{known[annotation].anchor})"
    return _PLAIN[annotation]


def limits_of(field: FieldInfo) -> str:
    """What a key's value is bounded by."""
    low = high = unit = ""
    for bound in _bounds(_whole(field)):
        match bound:
            case Parameter(limits=(least, most), unit=of) if math.isfinite(least):
                low, high, unit = str(least), str(most), f" {of}" if of else ""
            case Ge(ge=least):
                low = f"{least:g}"
            case Le(le=most):
                high = f"{most:g}"
            case Lt(lt=end):
                high = f"below {end:g}"
            case MinLen():
                return "not empty"
    return f"{low} to {high}{unit}" if low else ""


def _bounds(annotation: Any) -> Iterator[Any]:
    for argument in get_args(annotation):
        match argument:
            case FieldInfo():
                yield from argument.metadata
            case Ge() | Le() | Lt() | MinLen() | Parameter():
                yield argument
            case _:
                yield from _bounds(argument)


def _whole(field: FieldInfo) -> Any:
    """A key's type with all that stands at it."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
