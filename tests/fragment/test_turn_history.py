"""Whose turn it is after a restart, whatever was written down and whatever became of the files."""

from __future__ import annotations

import json

import pytest

from midifrag.fragment.encoding import encode_fragment
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.slots import Slots
from tests.fragment.slot_folders import fragment, land, takes
from tests.fragment.sounds import record


def test_slot_chosen_but_not_filled_is_next_after_a_restart(open_slots, tmp_path):
    slots = open_slots(tmp_path)
    land(slots, 1)
    assert [slots.choose(), slots.choose()] == [2, 3]
    slots.close()

    slots = open_slots(tmp_path)
    assert [slots.choose(), slots.choose()] == [2, 3]
    slots.landings.land(3, encode_fragment(fragment(2), 16), record(2), now=1.0, turn=True)
    slots.close()
    assert open_slots(tmp_path).choose() == 4


def test_killed_between_file_and_state(open_slots, tmp_path, monkeypatch):
    """The file is replaced, the state not yet written: the landing counts, and the turn goes on."""
    slots = open_slots(tmp_path, count=3)
    for take in (1, 2, 3, 4):
        land(slots, take)
    monkeypatch.setattr(Slots, "save", lambda _: None)
    land(slots, 5)
    monkeypatch.undo()

    slots = open_slots(tmp_path, count=3)

    assert takes(slots) == [4, 5, 3]
    assert [land(slots, take).number for take in (6, 7)] == [3, 1]


def test_landings_are_counted_over_restarts_and_removed_files(open_slots, tmp_path):
    slots = open_slots(tmp_path)
    numbers = []
    for take in (1, 2, 3):
        land(slots, take)
        numbers.append(content_of(slots.path(take)).landing)
    slots.close()
    for path in tmp_path.rglob("*.wav"):
        path.unlink()

    slots = open_slots(tmp_path)
    land(slots, 4)

    assert numbers == [1, 2, 3]
    assert content_of(slots.path(4)).landing == 4


def test_turn_of_the_last_slot_is_remembered_whatever_is_written_later(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=3)
    for take in (1, 2):
        land(slots, take)
    slots.close()
    for _ in range(2):
        slots = open_slots(tmp_path, count=3)
        slots.set_lock(1, True)
        slots.close()

    assert open_slots(tmp_path, count=3).choose() == 3


def test_turn_is_read_from_a_previous_fragment_whose_slot_is_empty(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=2)
    for take in (1, 2, 3):
        land(slots, take)
    slots.restore(1)
    slots.close()
    slots.path(1).unlink()
    (tmp_path / ".midifrag" / "slots.json").unlink()

    slots = open_slots(tmp_path, count=2)

    assert slots.choose() == 2
    land(slots, 4, slot=2)
    assert content_of(slots.path(2)).landing == 4


@pytest.mark.parametrize(("written", "first"), [(0, 1), (1, 1), (2, 2), (3, 3), (4, 1), (-1, 1)])
def test_a_turn_that_no_slot_has_begins_at_the_first(open_slots, tmp_path, written, first):
    open_slots(tmp_path, count=3).close()
    state = tmp_path / ".midifrag" / "slots.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"next": written}))

    assert open_slots(tmp_path, count=3).choose() == first


def test_a_turn_whose_fragment_is_gone_is_not_taken_again(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=3)
    for take in (1, 2):
        land(slots, take)
    slots.close()
    slots.path(2).unlink()

    assert open_slots(tmp_path, count=3).choose() == 3


def test_a_fixed_slot_does_not_remember_a_turn_that_nothing_came_of(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=3)
    land(slots, 1)
    assert slots.choose() == 2
    land(slots, 2, slot=1)
    slots.close()

    assert open_slots(tmp_path, count=3).choose() == 2


def test_a_turn_among_slots_of_its_own_moves_no_other_turn_over_a_restart(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=4)
    number = slots.choose(among=(3, 4))
    slots.landings.land(number, encode_fragment(fragment(1), 16), record(1), now=1.0, turn=True)
    slots.save()
    slots.close()

    assert number == 3
    assert open_slots(tmp_path, count=4).choose() == 1
