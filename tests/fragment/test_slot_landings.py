"""One slot as the writer knows it."""

from __future__ import annotations

import dataclasses

from midifrag.fragment.hands import Hand
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_file import Found, SlotFile
from midifrag.fragment.slot_landings import Slot
from midifrag.fragment.workspace import Workspace

CONTENT = SlotContent(1, 1, True, 7, 3, "rain", "rain on tin", 1.5, 1000.0)


def test_another_content_leaves_all_else_as_it_was_found(tmp_path):
    path = tmp_path / "output01.wav"
    slot = Slot(SlotFile(1, path, [path], Workspace(tmp_path)), Hand(path))
    assert (slot.content, slot.locked, slot.landing) == (None, False, None)
    slot.found = Found((1, 2, 3), CONTENT, 1.5, has_previous=True)
    slot.content = dataclasses.replace(CONTENT, take=4)
    assert slot.found == Found((1, 2, 3), dataclasses.replace(CONTENT, take=4), 1.5, has_previous=True)
