"""What learning asks for, and how it is written: by the terminal and the page alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, assert_never

from midifrag.config import pad_editing
from midifrag.config.entry_editing import (
    Change,
    Exchange,
    FileEdit,
    Section,
    add_entry,
    add_port,
    exchanged,
    file_name,
    remove_entry,
)
from midifrag.config.loading import Loaded
from midifrag.config.pad_editing import remove_pad, save_pad
from midifrag.pad_key import PadKey
from midifrag.show.learning_taken import Taken, TakenAction


@dataclass(frozen=True, slots=True)
class Device:
    """An input that is heard: the name and the keys that its port would have in the set, and what it is in words."""

    name: str
    port: Mapping[str, Any]
    words: str


@dataclass(frozen=True, slots=True)
class NewPort:
    """A port that the set shall have."""

    name: str
    port: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A control or an action for the set (None) or a bank."""

    slug: str | None
    section: Section
    entry: Mapping[str, Any]
    #: What goes for it.
    instead: Sequence[Taken] = ()


@dataclass(frozen=True, slots=True)
class NewPrompt:
    """A pad of a bank, or its prompt where it is there."""

    slug: str
    key: PadKey
    prompt: str
    #: What goes for it.
    instead: Sequence[Taken] = ()


@dataclass(frozen=True, slots=True)
class Undo:
    """The last edit shall be taken back."""


New: TypeAlias = NewPort | NewEntry | NewPrompt
Edit: TypeAlias = New | Undo
#: What became of one file.
Plain: TypeAlias = pad_editing.Edit | FileEdit


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be said, what is asked then (``choices`` complete an answer), and what is to be written."""

    says: Sequence[str] = ()
    asks: str | None = None
    choices: Sequence[str] = ()
    edit: Edit | None = None


def write(loaded: Loaded, new: New) -> Change:
    """Write what is new into the set's files.

    Raises `ConfigurationError` with what ``check`` would say, and `StorageError`; the files then stay as they are.
    """
    if not isinstance(new, NewPort) and new.instead:
        # Entries go from the last one on, as each moves those behind it.
        going = sorted(new.instead, key=lambda one: one.number if isinstance(one, TakenAction) else -1, reverse=True)
        return exchanged(loaded, [partial(_written, loaded, new), *(partial(_gone, loaded, one) for one in going)])
    return _written(loaded, new)


def _gone(loaded: Loaded, taken: Taken) -> Plain:
    if isinstance(taken, TakenAction):
        return remove_entry(loaded, "actions", taken.number)
    return remove_pad(loaded, taken.slug, taken.key)


def _written(loaded: Loaded, new: New) -> Plain:
    match new:
        case NewPort():
            return add_port(loaded, new.name, new.port)
        case NewEntry():
            return add_entry(loaded, new.slug, new.section, new.entry)
        case NewPrompt():
            return save_pad(loaded, new.slug, new.key, {"prompt": new.prompt})
        case _:
            assert_never(new)


def place_of(loaded: Loaded, change: Change) -> str:
    """Where a change was made, such as ``presets.yaml:24: controls.3``."""
    if isinstance(change, Exchange):
        return place_of(loaded, change.new)
    if isinstance(change, FileEdit):
        line = "" if change.line is None else f":{change.line}"
        return f"{file_name(loaded, change.slug)}{line}: {change.key}"
    return f"{file_name(loaded, change.slug)}: pads.{change.key}"
