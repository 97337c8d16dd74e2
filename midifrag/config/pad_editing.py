"""Writes pads back to a bank's file: comments and order stay, and what ``check`` would refuse is never written."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from midifrag.config import loading
from midifrag.config.loading import Loaded, bank_path
from midifrag.errors import ConfigurationError, Problem, StorageError
from midifrag.fragment.files import replace_file, write_whole
from midifrag.pad_key import PadKey

#: Lines are never folded: a prompt stays on one line, as it was typed.
_WIDTH = 1_000_000


def save_pad(loaded: Loaded, slug: str, key: PadKey, values: Mapping[str, Any]) -> None:
    """Set keys of a pad in the file of bank ``slug``; None removes one. A pad that is not there is added.

    Raises `ConfigurationError` with what ``check`` would say, and `StorageError`; the file then stays as it is.
    """

    def change(pads: CommentedMap) -> None:
        found = _find(pads, key)
        if found is None:
            pads[_written(key)] = _flow({name: value for name, value in values.items() if value is not None})
        else:
            _set(pads[found], values)

    _edit(loaded, slug, change)


def remove_pad(loaded: Loaded, slug: str, key: PadKey) -> None:
    """Remove a pad from the file of bank ``slug``. Raises as `save_pad` does."""

    def change(pads: CommentedMap) -> None:
        found = _find(pads, key)
        if found is not None:
            del pads[found]

    _edit(loaded, slug, change)


def _edit(loaded: Loaded, slug: str, change: Any) -> None:
    # A link stays a link: the file that it leads to is replaced.
    path = bank_path(loaded.path, slug).resolve()
    yaml = _yaml()
    try:
        document = yaml.load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise StorageError(f"{path} cannot be read: {error}. Mend it in an editor; `midifrag check` helps.") from error
    if not isinstance(document, CommentedMap) or not isinstance(document.get("pads"), CommentedMap):
        raise ConfigurationError([Problem(f"presets/{path.name}", None, "pads", "must be keys and values")])
    change(document["pads"])
    text = io.StringIO()
    yaml.dump(document, text)
    content = text.getvalue().encode()
    _check(loaded, slug, content)
    aside = path.with_name(f".{path.name}.part")
    aside.unlink(missing_ok=True)
    write_whole(aside, content)
    shutil.copymode(path, aside)
    replace_file(aside, path)


def _check(loaded: Loaded, slug: str, content: bytes) -> None:
    """Read a copy of the show with the new bank as ``check`` reads it. Mistakes in other files are not this one's."""
    with tempfile.TemporaryDirectory(prefix="midifrag-") as folder:
        copy = Path(folder) / loaded.path.name
        for file in loaded.files:
            target = copy.parent / file.relative_to(loaded.folder)
            target.parent.mkdir(exist_ok=True)
            if file.exists():
                shutil.copyfile(file, target)
        candidate = bank_path(copy, slug)
        candidate.write_bytes(content)
        try:
            loading.load(copy, loaded.flags)
        except ConfigurationError as error:
            problems = [problem for problem in error.problems if problem.file == f"presets/{candidate.name}"]
            if problems:
                raise ConfigurationError(problems) from error


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _find(pads: CommentedMap, key: PadKey) -> Any:
    """The key as it is written in the file (36, C1, "36/10", …)."""
    for written in pads:
        try:
            if PadKey.parse(written) == key:
                return written
        except ValueError:
            continue
    return None


def _written(key: PadKey) -> int | str:
    return key.note if key.channel is None else str(key)


def _set(pad: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if value is None:
            pad.pop(name, None)
        elif name not in pad or pad[name] != value:
            pad[name] = _flow(value) if isinstance(value, dict) else value


def _flow(values: Mapping[str, Any]) -> CommentedMap:
    """A mapping on one line, as shipped banks write pads."""
    mapping = CommentedMap({name: _flow(value) if isinstance(value, dict) else value for name, value in values.items()})
    mapping.fa.set_flow_style()
    return mapping
