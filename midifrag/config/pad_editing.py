"""Writes pads back to a bank's file: comments and order stay, and what ``check`` would refuse is never written."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from midifrag.config import loading
from midifrag.config.loading import Loaded, bank_path
from midifrag.config.pad_versions import refuse_conflict, says
from midifrag.errors import ConfigurationError, EditConflictError, Problem, StorageError
from midifrag.fragment.files import replace_file, write_whole
from midifrag.pad_key import PadKey

#: Lines are never folded: a prompt stays on one line, as it was typed.
_WIDTH = 1_000_000


@dataclass(frozen=True, slots=True)
class Edit:
    """What became of a pad in the file of bank ``slug``: the whole file before and after."""

    slug: str
    key: PadKey
    before: bytes
    after: bytes


#: What a change makes of a bank's pads; it may raise `EditConflictError`.
_Change: TypeAlias = Callable[[CommentedMap], None]
#: Stands for "whatever the file says" where a version is asked for.
ANY_VERSION: Mapping[str, Any] = MappingProxyType({})


def save_pad(
    loaded: Loaded,
    slug: str,
    key: PadKey,
    values: Mapping[str, Any],
    version: Mapping[str, Any] | None = ANY_VERSION,
    *,
    whole: bool = False,
) -> Edit:
    """Set keys of a pad in the file of bank ``slug``; None removes one. A pad that is not there is added.

    ``version`` is what the file said of the pad when the edit began, as `midifrag.config.pad_versions.says` has it, or
    None where it had no such pad. What others have changed since is kept, and `EditConflictError` raised where
    ``values`` would overwrite it. With ``whole``, keys that ``values`` does not name are removed.

    Raises `ConfigurationError` with what ``check`` would say, and `StorageError`; the file then stays as it is.
    """

    def change(pads: CommentedMap) -> None:
        found = _find(pads, key)
        if version is not ANY_VERSION:
            refuse_conflict(key, version, None if found is None else says(pads[found]), values)
        if found is None:
            pads[_written(key)] = _flow({name: value for name, value in values.items() if value is not None})
        else:
            _set(pads[found], dict.fromkeys(pads[found]) | dict(values) if whole else values)

    return _edit(loaded, slug, key, change)


def remove_pad(loaded: Loaded, slug: str, key: PadKey, version: Mapping[str, Any] | None = ANY_VERSION) -> Edit:
    """Remove a pad from the file of bank ``slug``. ``version`` and what it raises are as `save_pad` has them."""

    def change(pads: CommentedMap) -> None:
        found = _find(pads, key)
        if found is not None:
            if version is not ANY_VERSION:
                refuse_conflict(key, version, says(pads[found]))
            del pads[found]

    return _edit(loaded, slug, key, change)


def undo(loaded: Loaded, edit: Edit, *, overwrite: bool = False) -> Edit:
    """Take an edit back: the file as it was, or, where it has been changed elsewhere since, that pad alone.

    Returns the edit that this is. Raises as `save_pad` does; `EditConflictError` where the pad itself has been changed
    since, unless it shall be overwritten.
    """
    path = bank_path(loaded.path, edit.slug)
    earlier, later = (_document(_yaml(), content, path)["pads"] for content in (edit.before, edit.after))

    def change(pads: CommentedMap) -> None:
        found, was, had = _find(pads, edit.key), _find(later, edit.key), _find(earlier, edit.key)
        now = None if found is None else says(pads[found])
        if now != (None if was is None else says(later[was])) and not overwrite:
            raise EditConflictError(edit.key.name, now)
        if had is not None:
            pads[_written(edit.key) if found is None else found] = earlier[had]
        elif found is not None:
            del pads[found]

    return _edit(loaded, edit.slug, edit.key, change, known=edit)


def _edit(loaded: Loaded, slug: str, key: PadKey, change: _Change, known: Edit | None = None) -> Edit:
    """Change a bank's file; where it is as ``known`` left it, to what it was before."""
    # A link stays a link: the file that it leads to is replaced.
    path = bank_path(loaded.path, slug).resolve()
    try:
        before = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error}. Mend it in an editor; `midifrag check` helps.") from error
    if known is not None and before == known.after:
        content = known.before
    else:
        yaml = _yaml()
        document = _document(yaml, before, path)
        change(document["pads"])
        text = io.StringIO()
        yaml.dump(document, text)
        # As Windows editors write lines, where they did.
        content = text.getvalue().replace("\n", "\r\n" if b"\r\n" in before else "\n").encode()
    _check(loaded, slug, content)
    if content == before:
        return Edit(slug, key, before, before)
    aside = path.with_name(f".{path.name}.part")
    aside.unlink(missing_ok=True)
    write_whole(aside, content)
    shutil.copymode(path, aside)
    replace_file(aside, path)
    return Edit(slug, key, before, content)


def _document(yaml: YAML, content: bytes, path: Path) -> CommentedMap:
    """A bank's document, with pads in it. Raises `StorageError` and `ConfigurationError`."""
    try:
        document = yaml.load(content.decode().replace("\r\n", "\n"))
    except (UnicodeDecodeError, YAMLError) as error:
        raise StorageError(f"{path} cannot be read: {error}. Mend it in an editor; `midifrag check` helps.") from error
    if not isinstance(document, CommentedMap) or not isinstance(document.get("pads"), CommentedMap):
        raise ConfigurationError([Problem(f"presets/{path.name}", None, "pads", "must be keys and values")])
    return document


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
