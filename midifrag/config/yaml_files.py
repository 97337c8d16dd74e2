"""YAML files as they are read: what cannot be is told, with its file and line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from midifrag.config.plain_yaml import NotPlainError, YamlMap, parse
from midifrag.config.regular_files import read_regular
from midifrag.errors import Problem

#: The largest file that is read, in bytes. A bank with every pad there can be has half of it.
MAX_BYTES = 1_048_576


def read(path: Path, problems: list[Problem], name: str | None = None, named: Problem | None = None) -> Any:
    """What a file holds, with the places of its keys, {} if that is nothing; None after adding to ``problems``.

    ``name`` is what the file is called in them, ``named`` the place that names a file which cannot be read.
    """
    name = name or path.name
    content = _content(path, problems, name, named or Problem(str(path), None, "", ""))
    return None if content is None else read_content(content, problems, name)


def read_content(content: bytes, problems: list[Problem], name: str) -> Any:
    """What the bytes of the file called ``name`` say, as `read` returns it."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.append(
            Problem(name, line, "", f"byte {content[error.start]:#04x} is no UTF-8; save the file as UTF-8")
        )
        return None
    try:
        data, mistakes = parse(text)
    except NotPlainError as error:
        data, mistakes = None, error.mistakes
    problems += (Problem(name, one.line, ".".join(one.keys), one.sentence) for one in mistakes)
    if data is None:
        return None if mistakes else YamlMap()
    if not isinstance(data, YamlMap):
        problems.append(Problem(name, 1, "", "must be keys and values, such as `model: sketch`"))
        return None
    return data


def _content(path: Path, problems: list[Problem], name: str, named: Problem) -> bytes | None:
    """A file's bytes; None after adding to ``problems``."""
    try:
        return read_regular(path, MAX_BYTES)
    except FileNotFoundError:
        problems.append(replace(named, message="no such file; `midifrag init FOLDER` writes a set to start from"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        told = "" if named.file == str(path) else f"{name} "
        problems.append(replace(named, message=f"{told}cannot be read: {reason}"))
    return None


def plain(value: Any) -> Any:
    """The dicts and lists of a document without the places of their keys."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
