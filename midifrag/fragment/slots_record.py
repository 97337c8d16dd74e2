"""``slots.json``: the locks of slots, whose turn is next, and what lay where, as a show left them.

Where it disagrees with the slot files, or is missing, the files are right. Anybody may have written into it: what it
holds is taken only as far as it could be ours, and the rest is kept beside it.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from midifrag.errors import StorageError
from midifrag.fragment.files import copy_regular, read_json, replace_file, write_whole
from midifrag.fragment.plain_json import is_flag, is_whole
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.workspace import Workspace

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SavedSlots:
    """What is written down; of each slot by its number, whether it is locked, and what lay there."""

    next: int = 1
    landings: int = 0
    slots: Mapping[int, tuple[bool, SlotContent | None]] = field(default_factory=dict)


class SlotsRecord:
    """The file of one folder of slots."""

    def __init__(self, workspace: Workspace) -> None:
        self.path = workspace.own / "slots.json"
        self._workspace = workspace

    def read(self) -> SavedSlots:
        """Return what is written down, as far as it could be ours; the rest is told and kept. Never raises."""
        told = read_json(self.path)
        saved, is_whole_record = _saved(told if isinstance(told, dict) else {})
        if not is_whole_record and self.path.exists():
            kept = self.path.with_name("slots.odd.json")
            with suppress(StorageError, OSError):
                copy = self._workspace.aside(kept.name)
                copy_regular(self.path, copy)
                replace_file(copy, kept)
            _log.warning("%s cannot be read: locks may be forgotten. What it held is in %s", self.path, kept)
        return saved

    def write(self, saved: SavedSlots) -> None:
        """Write down how the slots stand. Raises `StorageError`."""
        slots = {
            str(number): {"locked": locked, "content": dataclasses.asdict(content) if content else None}
            for number, (locked, content) in saved.slots.items()
        }
        values = {"next": saved.next, "landings": saved.landings, "slots": slots}
        new = self._workspace.aside(self.path.name)
        write_whole(new, json.dumps(values, indent=1).encode())
        replace_file(new, self.path)


def _saved(told: dict[str, Any]) -> tuple[SavedSlots, bool]:
    """Return what can be meant, and whether that is all there is."""
    turn, landings, entries = told.get("next"), told.get("landings"), told.get("slots")
    is_right = is_whole(turn) and is_whole(landings) and isinstance(entries, dict)
    slots: dict[int, tuple[bool, SlotContent | None]] = {}
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        if not (name.isdecimal() and len(name) < 10 and isinstance(entry, dict) and is_flag(entry.get("locked"))):
            is_right = False
            continue
        content = SlotContent.read(entry.get("content"))
        is_right = is_right and (content is not None or entry.get("content") is None)
        slots[int(name)] = entry["locked"], content
    return SavedSlots(turn if is_whole(turn) else 1, landings if is_whole(landings) else 0, slots), is_right
