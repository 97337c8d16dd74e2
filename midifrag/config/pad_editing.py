"""Writes pads back to a bank's file: comments and order stay, and what ``check`` would refuse is never written."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from ruamel.yaml.comments import CommentedMap

from midifrag.config import loading
from midifrag.config.loading import Loaded, bank_name, bank_path
from midifrag.config.pad_versions import refuse_conflict, says
from midifrag.config.regular_files import read_regular
from midifrag.config.yaml_files import MAX_BYTES, plain, read_content
from midifrag.config.yaml_writing import dump, in_one_line, load_editable, set_values
from midifrag.errors import ConfigurationError, EditConflictError, Problem, StorageError
from midifrag.fragment.files import discard, replace_file, storage_error, write_whole
from midifrag.pad_key import PadKey

#: What some Windows editors begin a file with.
_MARK = "\ufeff"
#: The bits of a file's mode of which none is set where it is read-only.
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Edit:
    """What became of a pad in the file of bank ``slug``: the whole file before and after."""

    slug: str
    key: PadKey
    before: bytes
    after: bytes


#: What a pad becomes, from what the file says of it; None is no pad. It may raise `EditConflictError`.
_Change: TypeAlias = Callable[[dict[str, Any] | None], dict[str, Any] | None]
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
    _refuse_half_characters(slug, key, values)

    def change(now: dict[str, Any] | None) -> dict[str, Any]:
        if version is not ANY_VERSION:
            refuse_conflict(key, version, None if now is None else says(now), values)
        kept = {} if now is None or whole else {name: value for name, value in now.items() if name not in values}
        return kept | {name: value for name, value in values.items() if value is not None}

    return _edit(loaded, slug, key, change)


def changed_elsewhere(edit: Edit, version: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a pad's file said when an edit was written, where others had changed it since ``version``; else None."""
    found = _pad_in(_pads(edit.slug, edit.before), edit.key)
    now = None if found is None else says(found)
    return None if version is ANY_VERSION or version is None or now == version else now


def remove_pad(loaded: Loaded, slug: str, key: PadKey, version: Mapping[str, Any] | None = ANY_VERSION) -> Edit:
    """Remove a pad from the file of bank ``slug``. ``version`` and what it raises are as `save_pad` has them."""

    def change(now: dict[str, Any] | None) -> None:
        if now is not None and version is not ANY_VERSION:
            refuse_conflict(key, version, says(now))

    return _edit(loaded, slug, key, change)


def undo(loaded: Loaded, edit: Edit, *, overwrite: bool = False) -> Edit:
    """Take an edit back: the file as it was, or, where it has been changed elsewhere since, that pad alone.

    Returns the edit that this is. Raises as `save_pad` does; `EditConflictError` where the pad itself has been changed
    since, unless it shall be overwritten.
    """
    earlier: dict[str, Any] | None = _pad_in(_pads(edit.slug, edit.before), edit.key)
    later = _pad_in(_pads(edit.slug, edit.after), edit.key)

    def change(now: dict[str, Any] | None) -> dict[str, Any] | None:
        said = None if now is None else says(now)
        if said != (None if later is None else says(later)) and not overwrite:
            raise EditConflictError(edit.key.name, said)
        return earlier

    return _edit(loaded, edit.slug, edit.key, change, known=edit)


def _edit(loaded: Loaded, slug: str, key: PadKey, change: _Change, known: Edit | None = None) -> Edit:
    """Change a pad in a bank's file; where the file is as ``known`` left it, to what it was before."""
    path, before = read_file_of(loaded, slug)
    pads = _pads(slug, before)
    now = _pad_in(pads, key)
    if now is not None and not isinstance(now, dict):
        raise ConfigurationError([Problem(bank_name(slug), None, f"pads.{key}", "must be keys and values")])
    meant = change(now)
    if known is not None and before == known.after:
        after = known.before
    else:
        changed = _changed(before, key, meant, None if known is None else known.before)
        if changed is None or not _is_meant(slug, before, changed, key, meant):
            advice = "is put together with & and *, or in another way that only an editor can change"
            raise ConfigurationError([Problem(bank_name(slug), None, f"pads.{key}", advice)])
        after = changed
    _check(loaded, slug, after)
    if after != before:
        replace_content(path, after)
    return Edit(slug, key, before, after)


def read_file_of(loaded: Loaded, slug: str | None) -> tuple[Path, bytes]:
    """Where a bank's file, or (None) the set's, really is, as a link stays a link, and what it holds.

    Raises `StorageError`.
    """
    path = loaded.path if slug is None else bank_path(loaded.path, slug)
    try:
        path = path.resolve()
        return path, read_regular(path, MAX_BYTES)
    except OSError as error:
        raise storage_error("read", path, error) from error
    except (ValueError, RuntimeError) as error:  # a name that no file can have, links in a circle
        raise StorageError(f"cannot read {path}: {error}") from error


def _document(slug: str, content: bytes) -> dict[str, Any]:
    """What a bank's file holds, as plain values with pads in it. Raises `ConfigurationError`."""
    problems: list[Problem] = []
    document = plain(read_content(content, problems, bank_name(slug)))
    if not problems and not isinstance(document.get("pads"), dict):
        problems.append(Problem(bank_name(slug), 1, "pads", "must be keys and values"))
    if problems:
        raise ConfigurationError(problems)
    return dict(document)


def _pads(slug: str, content: bytes) -> dict[str, Any]:
    return dict(_document(slug, content)["pads"])


def _pad_in(pads: Mapping[str, Any], key: PadKey) -> Any:
    """What a file says of a pad; None where it has none, {} where it says nothing."""
    found = _find(pads, key)
    return None if found is None else {} if pads[found] is None else pads[found]


def _changed(content: bytes, key: PadKey, meant: Mapping[str, Any] | None, form: bytes | None) -> bytes | None:
    """``content`` with a pad as it is ``meant``; None where ruamel.yaml cannot do that.

    A pad that comes back is written as it was in ``form``.
    """
    try:
        document = load_editable(_text(content))
        _put(document["pads"], key, meant, None if form is None else load_editable(_text(form))["pads"])
        text = dump(document)
    except Exception:  # a file that we have read may still hold what it trips over
        return None
    mark, ends = content.startswith(_MARK.encode()), "\r\n" if b"\r\n" in content else "\n"
    return ((_MARK if mark else "") + text.replace("\n", ends)).encode()


def _text(content: bytes) -> str:
    return content.decode().removeprefix(_MARK).replace("\r\n", "\n")


def _put(pads: CommentedMap, key: PadKey, meant: Mapping[str, Any] | None, form: CommentedMap | None) -> None:
    found = _find(pads, key)
    had = None if form is None else _find(form, key)
    if meant is None:
        if found is not None:
            del pads[found]
    elif found is None:
        written = key.note if key.channel is None else str(key)
        pads[written] = in_one_line(meant) if form is None or had is None else form[had]
    elif pads[found] is None:
        pads[found] = in_one_line(meant)
    else:
        set_values(pads[found], dict.fromkeys(pads[found]) | dict(meant))


def _is_meant(slug: str, before: bytes, after: bytes, key: PadKey, meant: Mapping[str, Any] | None) -> bool:
    """Whether a file says of a pad what is meant, and of all others what it said before."""
    try:
        documents = [_document(slug, content) for content in (before, after)]
    except ConfigurationError:
        return False
    said = _pad_in(documents[1]["pads"], key)
    for document in documents:
        document["pads"] = {name: pad for name, pad in document["pads"].items() if name != _find(document["pads"], key)}
    return _same(said, meant) and _same(*documents)


def _same(one: Any, other: Any) -> bool:
    """Whether two documents are equal, 1 not being 1.0 and not a number being itself."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def replace_content(path: Path, content: bytes) -> None:
    """Make ``content`` what a file holds, at once and as its owner may read it. Raises `StorageError`.

    One that its owner has made read-only is left alone, also where its folder would let it be replaced.
    """
    aside = path.with_name(f".{path.name}.part")
    try:
        if not path.stat().st_mode & _WRITABLE:
            raise StorageError(f"cannot write {path}: the file is read-only; make it writable, and try again.")
        aside.unlink(missing_ok=True)
        write_whole(aside, content)
        shutil.copymode(path, aside)
    except OSError as error:
        discard(aside)
        raise storage_error("write", path, error) from error
    replace_file(aside, path)


def _check(loaded: Loaded, slug: str, content: bytes) -> None:
    """Read the show with the new bank as ``check`` reads it. Mistakes in other files are not this one's."""
    try:
        changed = loading.load(loaded.path, loaded.flags, contents={slug: content})
    except ConfigurationError as error:
        problems = [problem for problem in error.problems if problem.file == bank_name(slug)]
    else:
        known = {(problem.key, problem.message) for problem in loaded.unplayable if problem.file == bank_name(slug)}
        new = (problem for problem in changed.unplayable if problem.file == bank_name(slug))
        problems = [problem for problem in new if (problem.key, problem.message) not in known]
    if problems:
        raise ConfigurationError(problems)


def _refuse_half_characters(slug: str, key: PadKey, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            message = "holds half a character, which no file can; remove it"
            raise ConfigurationError([Problem(bank_name(slug), None, f"pads.{key}.{name}", message)]) from None


def _find(pads: Mapping[Any, Any], key: PadKey) -> Any:
    """The key as it is written in the file (36, C1, "36/10", …)."""
    for written in pads:
        try:
            if PadKey.parse(written) == key:
                return written
        except ValueError:
            continue
    return None
