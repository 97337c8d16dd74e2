"""Adds controls, actions and ports to the set's files.

No other byte changes, and what ``check`` would refuse is never written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from midifrag.config import loading
from midifrag.config.entry_text import with_entry, with_other_entry, without_entry
from midifrag.config.loading import Loaded, bank_name
from midifrag.config.pad_editing import Edit, read_file_of, replace_content, undo
from midifrag.config.yaml_files import plain, read_content
from midifrag.config.yaml_writing import dump, in_one_line
from midifrag.errors import ConfigurationError, MidifragError, Problem

#: The lists of a file that are added to.
Section: TypeAlias = Literal["controls", "actions"]


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What became of a file: of bank ``slug``, or (None) of the set's own.

    ``key`` is what was added, such as ``controls.3``, and ``line`` where that is now.
    """

    slug: str | None
    key: str
    line: int | None
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """One edit with those that made room for it, in the order in which they were made."""

    new: Edit | FileEdit
    gone: tuple[Edit | FileEdit, ...]

    @property
    def slug(self) -> str | None:
        """The bank, or (None) the set, that the new one is about."""
        return self.new.slug

    @property
    def before(self) -> bytes:
        """The new one's file before it."""
        return self.new.before

    @property
    def after(self) -> bytes:
        """The new one's file after it."""
        return self.new.after


#: What became of files by any edit: of a pad, of what lies beside pads, or of one in the place of others.
Change: TypeAlias = Edit | FileEdit | Exchange


def file_name(loaded: Loaded, slug: str | None) -> str:
    """What the file of a bank, or (None) of the set, is called."""
    return loaded.path.name if slug is None else bank_name(slug)


def add_entry(loaded: Loaded, slug: str | None, section: Section, entry: Mapping[str, Any]) -> FileEdit:
    """Add to a list of the file of bank ``slug``, or (None) of the set; one that stands there word for word is refused.

    Raises `ConfigurationError` with what ``check`` would say, and `StorageError`; the file then stays as it is.
    """
    written = dump(in_one_line(entry)).strip()
    path, before = read_file_of(loaded, slug)
    document = document_of(loaded, slug, before)
    entries = list(document.get(section) or [])
    for number, one in enumerate(entries):
        if _same(one, entry):
            key, message = f"{section}.{number}", "stands there already, word for word"
            raise ConfigurationError([Problem(file_name(loaded, slug), None, key, message)])
    changed = with_entry(before, section, written, f"- {written}")
    meant = document | {section: [*entries, dict(entry)]}
    return write_change(loaded, slug, path, (before, changed), meant, f"{section}.{len(entries)}")


def add_port(loaded: Loaded, name: str, port: Mapping[str, Any]) -> FileEdit:
    """Add a port to the set. Raises as `add_entry` does; a port of this name that is there stays."""
    path, before = read_file_of(loaded, None)
    document = document_of(loaded, None, before)
    ports = dict(document.get("ports") or {})
    if name in ports:
        raise ConfigurationError([Problem(loaded.path.name, None, f"ports.{name}", "is there already")])
    [written] = dump(in_one_line({name: port})).splitlines()
    written = written.strip()[1:-1]
    changed = with_entry(before, "ports", written, written)
    return write_change(
        loaded, None, path, (before, changed), document | {"ports": {**ports, name: dict(port)}}, f"ports.{name}"
    )


def change_entry(
    loaded: Loaded, slug: str | None, section: Section, number: int, entry: Mapping[str, Any], was: Mapping[str, Any]
) -> FileEdit:
    """Make an entry of a list another one. Raises as `add_entry` does, and where it is not what it ``was`` any more."""
    path, before = read_file_of(loaded, slug)
    document = document_of(loaded, slug, before)
    entries = list(document.get(section) or [])
    _refuse_moved(loaded, slug, section, entries[number : number + 1], was)
    after = with_other_entry(before, section, number, dump(in_one_line(entry)).strip())
    meant = document | {section: [*entries[:number], dict(entry), *entries[number + 1 :]]}
    return write_change(loaded, slug, path, (before, after), meant, f"{section}.{number}")


def _refuse_moved(
    loaded: Loaded, slug: str | None, section: Section, found: Sequence[Any], was: Mapping[str, Any] | None
) -> None:
    if not found or (was is not None and not _same(found[0], was)):
        message = "has been changed meanwhile; try again"
        raise ConfigurationError([Problem(file_name(loaded, slug), None, section, message)])


def remove_entry(
    loaded: Loaded, section: Section, number: int, slug: str | None = None, was: Mapping[str, Any] | None = None
) -> FileEdit:
    """Take an entry out of a list of the file of bank ``slug``, or (None) of the set; raises as `change_entry` does."""
    path, before = read_file_of(loaded, slug)
    document = document_of(loaded, slug, before)
    entries = list(document.get(section) or [])
    _refuse_moved(loaded, slug, section, entries[number : number + 1], was)
    after, key = without_entry(before, section, number), f"{section}.{number}"
    left = [*entries[:number], *entries[number + 1 :]]
    if not left and after is not None:
        # What stands there then is an empty list, or nothing.
        meant = document | {section: _empty(loaded, slug, after, section)}
        return write_change(loaded, slug, path, (before, after), meant, key)
    return write_change(loaded, slug, path, (before, after), document | {section: left}, key)


def take_back(loaded: Loaded, edit: FileEdit) -> FileEdit:
    """Make a file what it was before an edit; the edit that this is. Raises as `add_entry` does.

    A file that has been changed since is left as it is.
    """
    path, now = read_file_of(loaded, edit.slug)
    if now != edit.after:
        message = "the file has been changed elsewhere since; take it out there"
        raise ConfigurationError([Problem(file_name(loaded, edit.slug), edit.line, edit.key, message)])
    _check(loaded, edit.slug, now, edit.before)
    replace_content(path, edit.before)
    return FileEdit(edit.slug, edit.key, None, now, edit.before)


def undone(loaded: Loaded, change: Change, *, overwrite: bool = False) -> Change:
    """Take back what was changed, a pad or anything else: as `take_back` or `midifrag.config.pad_editing.undo` does."""
    if isinstance(change, FileEdit):
        return take_back(loaded, change)
    if isinstance(change, Edit):
        return undo(loaded, change, overwrite=overwrite)
    done: list[Edit | FileEdit] = []
    with _all_or_none(loaded, done):
        for one in (change.new, *reversed(change.gone)):
            back = take_back(loaded, one) if isinstance(one, FileEdit) else undo(loaded, one, overwrite=overwrite)
            done.append(back)
    return Exchange(done[0], tuple(done[1:]))


def exchanged(loaded: Loaded, steps: Sequence[Callable[[], Edit | FileEdit]]) -> Exchange:
    """Make edits as one, the new one first and then those that make room for it. Raises as they do; then none is."""
    done: list[Edit | FileEdit] = []
    with _all_or_none(loaded, done):
        done.extend(step() for step in steps)
    return Exchange(done[0], tuple(done[1:]))


@contextmanager
def _all_or_none(loaded: Loaded, done: Sequence[Edit | FileEdit]) -> Iterator[None]:
    try:
        yield
    except MidifragError:
        for one in reversed(done):
            with suppress(MidifragError):
                undone(loaded, one)
        raise


def document_of(loaded: Loaded, slug: str | None, content: bytes) -> dict[str, Any]:
    """What a file holds, as plain values. Raises `ConfigurationError`."""
    problems: list[Problem] = []
    document = plain(read_content(content, problems, file_name(loaded, slug)))
    if problems:
        raise ConfigurationError(problems)
    return dict(document)


def write_change(
    loaded: Loaded, slug: str | None, path: Path, change: tuple[bytes, bytes | None], meant: Mapping[str, Any], key: str
) -> FileEdit:
    """Write a ``change`` (a file before and after) that makes it say what is ``meant``, after all has been looked at.

    Raises as `add_entry` does; also where ``change`` has no file after it, as an editor alone can change it.
    """
    before, after = change
    name = file_name(loaded, slug)
    try:
        is_meant = after is not None and _same(document_of(loaded, slug, after), meant)
    except ConfigurationError:
        is_meant = False
    if after is None or not is_meant:
        advice = "is written in a way that only an editor can change"
        raise ConfigurationError([Problem(name, None, key.partition(".")[0], advice)])
    _check(loaded, slug, before, after)
    if after != before:
        replace_content(path, after)
    return FileEdit(slug, key, _last_difference(before, after), before, after)


def _empty(loaded: Loaded, slug: str | None, content: bytes, section: Section) -> Any:
    """How a file says that a list has no entries; another value where it says anything else."""
    try:
        found = document_of(loaded, slug, content).get(section)
    except ConfigurationError:
        return None
    return found if found in (None, []) else []


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _last_difference(before: bytes, after: bytes) -> int:
    """The last line, from 1, of what two files do not have in common: that of an entry, below its list's name."""
    lines = (before.splitlines()[::-1], after.splitlines()[::-1])
    same = next((n for n, (one, other) in enumerate(zip(*lines, strict=False)) if one != other), min(map(len, lines)))
    return max(len(lines[1]) - same, 1)


def _check(loaded: Loaded, slug: str | None, before: bytes, after: bytes) -> None:
    """Read the set with the new file as ``check`` reads it; what was wrong before is not this one's."""
    known = {(one.file, one.key, one.message) for one in _problems(loaded, slug, before)}
    new = [one for one in _problems(loaded, slug, after) if (one.file, one.key, one.message) not in known]
    if new:
        raise ConfigurationError(new)


def _problems(loaded: Loaded, slug: str | None, content: bytes) -> Sequence[Problem]:
    try:
        if slug is None:
            return loading.load(loaded.path, loaded.flags, show=content).unplayable
        return loading.load(loaded.path, loaded.flags, contents={slug: content}).unplayable
    except ConfigurationError as error:
        return error.problems
