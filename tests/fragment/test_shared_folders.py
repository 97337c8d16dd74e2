"""Whether another program lands in the same slots, or archives takes in the same folder."""

from __future__ import annotations

import pytest

from midifrag.fragment.archive_hand import ArchiveHand
from midifrag.fragment.shared_folders import SharedFolders


@pytest.fixture
def shared(open_slots, open_archive, tmp_path):
    def make(slots, archive):
        made = SharedFolders(open_slots(tmp_path / slots), ArchiveHand(open_archive(tmp_path / archive)))
        made.look()
        return made

    return make


@pytest.mark.parametrize("archive", ["slots", "slots/archive"])
def test_a_program_does_not_share_its_folders_with_itself(shared, archive):
    assert shared("slots", archive).folders == ()


def here(opened):
    """Another program, which is in a folder from its first use on."""
    opened.is_shared()
    return opened


def test_another_program_is_seen_in_each_folder_and_until_it_has_left(shared, open_slots, open_archive, tmp_path):
    one = shared("slots", "archive")
    other = here(open_archive(tmp_path / "archive"))
    one.look()
    assert one.folders == (tmp_path / "archive",)
    slots = here(open_slots(tmp_path / "slots"))
    one.look()
    assert one.folders == (tmp_path / "slots", tmp_path / "archive")
    other.close()
    slots.close()
    one.look()
    assert one.folders == ()


def test_one_folder_for_both_is_named_once(shared, open_slots, tmp_path):
    one = shared("both", "both")
    here(open_slots(tmp_path / "both"))
    one.look()
    assert one.folders == (tmp_path / "both",)
