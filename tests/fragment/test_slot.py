"""One slot as the writer knows it: what lies there, whoever put it there, and its lock."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from midifrag.errors import NoFreeSlotError
from midifrag.fragment.audio_files import write_wav
from midifrag.fragment.hands import Hand
from midifrag.fragment.slot import Slot
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_file import Found, SlotFile
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.workspace import Workspace
from tests.fragment.slot_folders import land
from tests.fragment.sounds import RATE, noise

CONTENT = SlotContent(1, 1, True, 7, 3, "rain", "rain on tin", 1.5, 1000.0)


def test_another_content_leaves_all_else_as_it_was_found(tmp_path):
    path = tmp_path / "output01.wav"
    slot = Slot(SlotFile(1, path, [path], Workspace(tmp_path)), Hand(path))
    assert (slot.content, slot.locked, slot.landing) == (None, False, None)
    slot.found = Found((1, 2, 3), CONTENT, 1.5, has_previous=True)
    slot.content = dataclasses.replace(CONTENT, take=4)
    assert slot.found == Found((1, 2, 3), dataclasses.replace(CONTENT, take=4), 1.5, has_previous=True)


def test_what_others_did_to_the_files_is_noticed(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=3)
    for take in (1, 2, 3):
        land(slots, take)
    assert not slots.refresh()

    slots.path(1).unlink()
    write_wav(slots.path(2), noise(0.5), RATE)
    shutil.copyfile(slots.path(3), tmp_path / "copy")
    (tmp_path / "copy").replace(slots.path(3))

    assert slots.refresh()
    one, two, three = (dataclasses.replace(state, version=None) for state in slots.states)
    assert one == SlotState(1, "output01.wav")
    assert two == SlotState(2, "output02.wav", "filled", seconds=0.5, foreign=True)
    assert (three.state, three.take, three.foreign) == ("filled", 3, False)


def test_what_lies_there_has_another_version_once_it_is_another_file(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=1)
    seen = [slots.states[0].version]
    for take in (1, 2):
        land(slots, take)
        seen.append(slots.states[0].version)
    slots.path(1).unlink()
    slots.refresh()
    seen.append(slots.states[0].version)
    assert (seen[0], seen[-1]) == (None, None)
    assert len({*seen}) == 3


@pytest.mark.parametrize("content", [b"not audio", b"", b"RIFF\x04\0\0\0WAVE"])
def test_any_rubbish_under_a_slot_name_is_foreign(open_slots, tmp_path, content):
    (tmp_path / "output01.wav").write_bytes(content)

    slots = open_slots(tmp_path)

    assert slots.states[0].foreign
    assert land(slots, 1).take == 1


def test_a_slot_that_is_not_there_has_no_file(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=2)
    assert slots.path(2) == tmp_path / "output02.wav"
    with pytest.raises(NoFreeSlotError, match="there is no slot 3: slots are numbered 1 to 2"):
        slots.path(3)


def test_a_lock_can_be_turned_over(open_slots, tmp_path):
    slots = open_slots(tmp_path)
    assert [slots.set_lock(1, None).state for _ in range(3)] == ["locked", "free", "locked"]
    assert [slots.set_lock(1, True).state for _ in range(2)] == ["locked"] * 2
    assert slots.locked(1)
    assert [slots.set_lock(1, False).state for _ in range(2)] == ["free"] * 2
    assert not slots.locked(1)
    with pytest.raises(NoFreeSlotError):
        slots.locked(9)
