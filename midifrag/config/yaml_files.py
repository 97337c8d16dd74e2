"""YAML files as they are read: what cannot be is told, and no key is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from midifrag.errors import Problem


def read(path: Path, problems: list[Problem], name: str | None = None) -> Any:
    """What a file holds, with the places of its keys, {} if that is nothing; None after adding to ``problems``.

    ``name`` is what the file is called in them.
    """
    name = name or path.name
    try:
        data = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(Problem(str(path), None, "", "no such file; `midifrag init FOLDER` writes a set to start from"))
        return None
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), None, "", f"cannot be read: {error}"))
        return None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        problems.append(Problem(name, line, "", f"not valid YAML: {error.problem or error.context}"))
        return None
    except (YAMLError, TypeError) as error:  # a list within a key is a TypeError of theirs
        problems.append(Problem(name, None, "", f"not valid YAML: {error}"))
        return None
    if data is None:
        return {}
    if not isinstance(data, dict):
        problems.append(Problem(name, 1, "", "must be keys and values, such as `model: sketch`"))
        return None
    problems += _twins(name, data)
    return data


def _twins(name: str, node: Any, path: tuple[str, ...] = ()) -> Iterator[Problem]:
    """Keys that are one key with and without quotes: YAML takes them for two, and one would be lost here."""
    texts: set[str] = set()
    for key in _own_keys(node):
        if str(key) in texts:
            place = ".".join((*path, str(key)))
            message = "stands here twice, with and without quotes; remove one of the two"
            yield Problem(name, node.lc.key(key)[0] + 1, place, message)
        texts.add(str(key))
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from _twins(name, child, (*path, str(key)))


def _own_keys(node: Any) -> list[Any]:
    """The keys of a mapping that are its own, and not merged into it (``<<``)."""
    own = (node.lc.data or {}) if isinstance(node, CommentedMap) else {}
    return [key for key in own if key in node]


def plain(value: Any) -> Any:
    """Ruamel's containers and scalars as plain ones; keys become text, as pydantic and the environment name them."""
    if isinstance(value, dict):
        # What is merged in comes last there, and may be the same key with or without quotes as one that overrides it.
        own = {str(key): value[key] for key in _own_keys(value)}
        return {key: plain(item) for key, item in ({str(key): value[key] for key in value} | own).items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
