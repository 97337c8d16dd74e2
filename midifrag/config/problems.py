"""Turns what pydantic found wrong into sentences: file, line, key, what was found and what is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from midifrag.config.folders import HOME
from midifrag.config.names import closest, none_of
from midifrag.config.parameters import shown
from midifrag.config.plain_yaml import MAX_DEPTH, YamlList, YamlMap
from midifrag.config.settings import Settings
from midifrag.config.targets import found_target
from midifrag.config.value_types import WrongKeyError
from midifrag.errors import Problem
from midifrag.pad_key import PadKey

#: Environment variables that set the configuration begin with this.
ENVIRONMENT_PREFIX = "MIDIFRAG_"
#: So many mistakes of one file are told.
MOST_PROBLEMS = 50
#: Flags that are not called like the key that they set.
_FLAGS = {
    "page.host": "--page-host",
    "page.port": "--page-port",
    "page.enabled": "--no-page",
    "fragments.folder": "--fragments",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a configuration's values came from: a file with its document (`plain_yaml`), and what was set over it."""

    file: str
    data: Any
    flags: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


def problems_in(error: ValidationError, model: type[BaseModel], sources: Sources) -> Iterator[Problem]:
    """One problem per mistake in ``error``, each with its place."""
    seen: set[str] = set()
    for item in error.errors(include_url=False):
        loc = tuple(str(part) for part in item["loc"])
        wrong = item.get("ctx", {}).get("error")
        if isinstance(wrong, WrongKeyError):
            loc = (*loc, *wrong.keys)
        message = _sentence(item, model, loc)
        problem = problem_at(sources, loc, message)
        if str(problem) not in seen:
            seen.add(str(problem))
            yield problem


def first_of(problems: Iterator[Problem]) -> Iterator[Problem]:
    """The first problems of a file, and where more begin: a bank has up to 2,176 pads, and each may be wrong."""
    yield from islice(problems, MOST_PROBLEMS)
    for more in islice(problems, 1):
        yield replace(more, key="", message="more mistakes begin here; mend those above first")


def _outside_source(
    loc: tuple[str, ...], flags: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[str, str] | None:
    """Whether the value at ``loc`` came from a flag or a variable, and what that is called."""
    node: Any = flags
    for part in loc:
        if not isinstance(node, Mapping) or part not in node:
            break
        node = node[part]
    else:
        if loc and flags:
            return "command line", _FLAGS.get(".".join(loc), "--" + loc[-1].replace("_", "-"))
    for length in range(len(loc), 0, -1):
        name = ENVIRONMENT_PREFIX + "__".join(loc[:length]).upper()
        if any(given.upper() == name for given in environment):
            return "environment", name
    return None


def unknown_variables(environment: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for every ``MIDIFRAG_…`` variable that sets nothing."""
    for name in environment:
        if name.upper().startswith(ENVIRONMENT_PREFIX) and name != HOME:
            field = name[len(ENVIRONMENT_PREFIX) :].split("__")[0].lower()
            if field not in Settings.model_fields:
                yield Problem("environment", None, name, f"unknown; {_suggest(field, Settings)}")


def deep_variables(environment: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for every variable whose JSON lies deeper than a file's keys may."""
    for name, value in environment.items():
        depths = accumulate({"[": 1, "{": 1, "]": -1, "}": -1}.get(one, 0) for one in value)
        if name.upper().startswith(ENVIRONMENT_PREFIX) and max(depths, default=0) > MAX_DEPTH:
            yield Problem("environment", None, name, f"keys and lists lie more than {MAX_DEPTH} deep in each other")


def problem_at(sources: Sources, loc: tuple[str, ...], message: str) -> Problem:
    """A mistake at ``loc``, placed where its value came from; without pydantic's names for alternatives."""
    outside = _outside_source(loc, sources.flags, sources.environment)
    if outside is not None:
        return Problem(outside[0], None, outside[1], message)
    line, keys, value = _place(sources.data, loc)
    if not isinstance(value, dict):
        # Something within it was given, though it holds nothing: MIDIFRAG_FRAGMENTS__FOLDER__X.
        begin = ENVIRONMENT_PREFIX + "__".join(loc).upper() + "__"
        for given in sources.environment:
            if given.upper().startswith(begin):
                return Problem("environment", None, given, message)
    return Problem(sources.file, line, ".".join(keys), message)


def _place(document: Any, loc: tuple[str, ...]) -> tuple[int | None, list[str], Any]:
    """The line of a file's ``document`` that ``loc`` is at, the keys on the way as they are written, the value there.

    Each as far as it is there. A last key that is missing is named all the same.
    """
    node, keys = document, []
    line = 1 if isinstance(document, YamlMap) else None
    for index, part in enumerate(loc):
        found = _child(node, part)
        if found is not None:
            key, node, line = found[0], found[1], found[2] or line
            keys.append(key)
        elif isinstance(node, dict) and index == len(loc) - 1 and not _is_type_tag(part):
            keys.append(part)
            node = None
    return line, keys, node


def _child(node: Any, part: str) -> tuple[str, Any, int | None] | None:
    """What lies at ``part`` of a mapping or a list, with its key as written and its line; None if nothing does."""
    if isinstance(node, dict):
        key = part if part in node else next((key for key in node if _same_key(key, part)), None)
        return None if key is None else (key, node[key], node.lines.get(key) if isinstance(node, YamlMap) else None)
    if isinstance(node, list) and part.isdecimal() and len(part) < 9 and int(part) < len(node):
        index = int(part)
        return part, node[index], node.lines[index] if isinstance(node, YamlList) else None
    return None


def _same_key(key: Any, part: str) -> bool:
    try:
        return str(PadKey.parse(key)) == part
    except ValueError:
        return False


def _is_type_tag(part: str) -> bool:
    return "[" in part or part[:1].isupper()


def _sentence(item: Any, model: type[BaseModel], loc: tuple[str, ...]) -> str:
    kind, found, context = item["type"], item.get("input"), item.get("ctx", {})
    match kind:
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than" if _is_nan(found):
            return f"{found} is no number"
        case "greater_than_equal":
            return f"{_shown(found)} is below {_shown(context['ge'])}"
        case "less_than_equal":
            return f"{_shown(found)} is above {_shown(context['le'])}"
        case "greater_than":
            return f"{_shown(found)} is not above {_shown(context['gt'])}"
        case "less_than":
            return f"{_shown(found)} is not below {_shown(context['lt'])}"
        case "extra_forbidden":
            return f"unknown key; {_suggest(loc[-1], _model_at(model, loc[:-1]))}"
        case "missing" | "too_long" if isinstance(found, list | tuple) and context.get("max_length", 2) == 2:
            return f"{list(found)} must be two values, such as [1, 12]"
        case "too_long":
            return f"has {context.get('actual_length') or 'more'} entries, and {context.get('max_length')} are the most"
        case "missing":
            return f"is missing{_example(found, loc)}"
        case "literal_error":
            expected = context.get("expected", "").replace("'", "").replace(" or ", ", ")
            return none_of(found, expected.split(", "))
        case "int_parsing" | "int_from_float" | "int_type":
            return f"{found!r} is no whole number"
        case "float_parsing" | "float_type":
            return f"{found!r} is no number"
        case "bool_parsing" | "bool_type":
            return f"{found!r} is neither true nor false"
        case "string_type":
            return f"{found!r} is no text; put it in quotes"
        case "string_too_short" | "too_short":
            return "is empty"
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"{found!r} must be keys and values"
        case "tuple_type" | "list_type":
            return f"{found!r} must be a list, such as [1, 12]"
        case "value_error":
            return _nested(context.get("error")) or str(item["msg"]).removeprefix("Value error, ")
        case _:
            return f"{found!r}: {item['msg']}"


def _example(found: Any, loc: tuple[str, ...]) -> str:
    """What a range that is missing could be, where it is known what it is of."""
    meant = found_target(str(found.get("sets"))) if isinstance(found, dict) and loc[-1:] == ("range",) else None
    if meant is None:
        return ""
    low, high = map(shown, meant.parameter.slider)
    return f": the values at both ends of the way, such as range: [{low}, {high}]"


def _shown(number: Any) -> str:
    """A number as it was written, be it a file's or, as text, a variable's."""
    return shown(number) if isinstance(number, float) else str(number)


def _is_nan(found: Any) -> bool:
    return str(found).strip().lower().lstrip("+-") == "nan"


def _nested(error: Any) -> str | None:
    if isinstance(error, ValidationError):
        return "; ".join(_sentence(item, BaseModel, tuple(map(str, item["loc"]))) for item in error.errors())
    return str(error) if error is not None else None


def _model_at(model: type[BaseModel], loc: tuple[str, ...]) -> type[BaseModel]:
    """The model whose keys stand at ``loc``; the starting one where a way cannot be followed."""

    def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        for argument in get_args(annotation):
            yield from models_in(argument)

    for part in loc:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        field = fields.get(part) or model.model_fields.get(part)
        if field is not None:
            model = next(models_in(field.annotation), model)
    return model


def _suggest(key: str, model: type[BaseModel]) -> str:
    allowed = [field.alias or name for name, field in model.model_fields.items() if not field.exclude]
    close = closest(key, allowed)
    return f"did you mean {close}?" if close else f"allowed: {', '.join(allowed)}"
