"""What browsers have written to the set, so that it can be undone, and what they have typed and not saved yet."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from nicegui import Client

from midifrag.config.entry_editing import Change, Exchange, FileEdit
from midifrag.config.loading import Loaded
from midifrag.config.pad_versions import says
from midifrag.pad_key import PadKey

#: Edits that can be undone, and browser tabs whose drafts are kept.
MOST_EDITS, MOST_TABS = 100, 64


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that was left without saving.

    ``version`` is what the file said of the pad when it was filled, None for a pad that is new; ``typed`` what was
    changed, by field.
    """

    version: Mapping[str, Any] | None
    typed: Mapping[str, Any]


#: Drafts of one browser tab by bank and pad; None is the pad that is new.
Drafts: TypeAlias = dict[tuple[str, PadKey | None], Draft]


#: What a field of a form may hold, and how much of what a browser has kept is taken for drafts.
_HELD, _MOST_TEXT = (str, int, float, bool, type(None)), 500_000


def tab_of(client: Client) -> str:
    """What a browser's tab is known by, also through a reload; before its browser has come, the page alone."""
    return client.tab_id or client.id


def written_drafts(drafts: Drafts) -> str:
    """Drafts as a browser keeps them; "" for none."""
    kept = [
        {"bank": slug, "pad": None if key is None else str(key), "version": draft.version, "typed": draft.typed}
        for (slug, key), draft in drafts.items()
    ]
    return json.dumps(kept, default=str) if kept else ""


def read_drafts(text: str) -> Drafts:
    """Drafts as a browser has kept them. What cannot be one is left out."""
    drafts: Drafts = {}
    try:
        kept = json.loads(text[:_MOST_TEXT])
    except (ValueError, RecursionError):
        return drafts
    for one in kept if isinstance(kept, list) else ():
        if not isinstance(one, dict) or not isinstance(one.get("bank"), str):
            continue
        version, typed, pad = one.get("version"), one.get("typed"), one.get("pad")
        if not isinstance(typed, dict) or not isinstance(version, dict | None):
            continue
        with suppress(ValueError):
            key = None if pad is None else PadKey.parse(pad)
            held = {str(name): value for name, value in typed.items() if isinstance(value, _HELD)}
            drafts[one["bank"], key] = Draft(None if version is None else says(version), held)
    return drafts


def name_of(change: Change) -> str:
    """What was changed: a pad by its note's name, anything else by its key."""
    if isinstance(change, Exchange):
        return name_of(change.new)
    return change.key if isinstance(change, FileEdit) else change.key.name


def owner_of(change: Change, loaded: Loaded) -> str:
    """Whose file was changed: a bank by its name, or the set's own by its file's."""
    banks = {bank.slug: bank.name for bank in loaded.banks}
    return loaded.path.name if change.slug is None else banks.get(change.slug, change.slug)


class Edits:
    """The edits of all browsers, in order. ``writing`` is held while a file is changed: one edit after another."""

    def __init__(self) -> None:
        self.writing = asyncio.Lock()
        self._done: deque[Change] = deque(maxlen=MOST_EDITS)
        self._undone: list[Change] = []
        self._drafts: dict[str, Drafts] = {}

    @property
    def last(self) -> Change | None:
        """The edit that is undone next."""
        return self._done[-1] if self._done else None

    @property
    def next(self) -> Change | None:
        """The edit that is done again next, as the one that undid it."""
        return self._undone[-1] if self._undone else None

    def add(self, edit: Change) -> None:
        """Take in a new edit. What was undone before cannot be done again then."""
        if edit.before != edit.after:
            self._done.append(edit)
            self._undone.clear()

    def undid(self, back: Change) -> None:
        """`last` was undone by this one."""
        self._done.pop()
        self._undone.append(back)

    def redid(self, again: Change) -> None:
        """`next` was done again by this one."""
        self._undone.pop()
        self._done.append(again)

    def drafts(self, tab: str) -> Drafts:
        """What a browser tab has not saved yet; it outlives a reload."""
        mine = self._drafts.pop(tab, {})
        self._drafts[tab] = mine
        for stale in list(self._drafts)[:-MOST_TABS]:
            del self._drafts[stale]
        return mine
