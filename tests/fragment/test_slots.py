from __future__ import annotations

import errno
import json
import os
import re
import threading

import pytest

from midifrag.errors import NoFreeSlotError, StorageError
from midifrag.fragment import files
from midifrag.fragment import slot_file as module
from midifrag.fragment.audio_files import write_wav
from midifrag.fragment.encoding import encode_fragment
from midifrag.fragment.file_names import MOST_SLOTS
from midifrag.fragment.rotation import Playing
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.wav import read_metadata
from tests.fragment.slot_folders import fragment, holds, land, names, takes
from tests.fragment.sounds import RATE, noise, record


def test_twenty_landings_with_a_restart(open_slots, tmp_path):
    first = open_slots(tmp_path)
    order = [land(first, take).number for take in range(1, 12)]
    first.close()
    second = open_slots(tmp_path)
    order += [land(second, take).number for take in range(12, 21)]

    assert order == [*range(1, 9), *range(1, 9), *range(1, 5)]
    assert takes(second) == [17, 18, 19, 20, 13, 14, 15, 16]
    assert all(holds(second, state.number, state.take) for state in second.states)
    assert names(tmp_path) == [f"output{number:02d}.wav" for number in range(1, 9)]


def test_what_lies_where(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=2, name="frag-{}.wav")

    state = land(slots, 7, bits=24)

    assert (state.number, state.file, state.state, state.take) == (1, "frag-1.wav", "filled", 7)
    assert (state.preset, state.prompt, state.landed_at) == ("pad 7", "prompt 7", 1007.0)
    assert state.seconds == pytest.approx(0.1, abs=0.001)
    assert slots.states[1] == SlotState(2, "frag-2.wav")
    assert (tmp_path / "frag-1.wav").stat().st_size > 0.09 * RATE * 2 * 3


def test_locked_slots_are_skipped_and_survive_a_restart(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=4)
    land(slots, 1)
    slots.set_lock(1, True)
    slots.set_lock(3, True)
    slots.close()

    slots = open_slots(tmp_path, count=4)

    assert [state.state for state in slots.states] == ["locked", "free", "locked", "free"]
    assert [land(slots, take).number for take in (2, 3, 4)] == [2, 4, 2]
    slots.set_lock(1, False)
    assert [land(slots, take).number for take in (5, 6)] == [4, 1]


def test_fixed_slot_does_not_move_the_turn(open_slots, tmp_path):
    slots = open_slots(tmp_path)
    land(slots, 1)

    assert land(slots, 2, slot=5).number == 5
    assert land(slots, 3).number == 2
    slots.close()
    assert open_slots(tmp_path).choose() == 3


def test_no_slot_to_land_in(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=2)
    slots.set_lock(1, True)
    with pytest.raises(NoFreeSlotError, match="slot 1 is locked"):
        slots.choose(1)
    slots.set_lock(2, True)
    with pytest.raises(NoFreeSlotError, match="all 2 slots are locked"):
        slots.choose()
    for number in (0, 3):
        with pytest.raises(NoFreeSlotError, match="1 to 2"):
            slots.choose(number)


@pytest.mark.parametrize("links", [True, False])
def test_previous_fragment_comes_back_and_goes_again(open_slots, tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(files.os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no links")))
    slots = open_slots(tmp_path, count=2)
    for take in (1, 2, 3):
        land(slots, take)
    slots.set_lock(1, True)

    state = slots.restore(1)

    assert (state.take, state.prompt, state.state, state.has_previous) == (1, "prompt 1", "locked", True)
    assert holds(slots, 1, 1)
    slots.close()
    slots = open_slots(tmp_path, count=2)
    assert takes(slots) == [1, 2]
    assert slots.choose() == 2
    assert slots.restore(1).take == 3
    assert holds(slots, 1, 3)


def test_previous_fragment_of_a_removed_one(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=1)
    land(slots, 1)
    land(slots, 2)
    slots.path(1).unlink()
    assert slots.refresh()

    assert slots.restore(1).take == 1
    assert not slots.states[0].has_previous
    with pytest.raises(StorageError, match="slot 1 has no previous fragment"):
        slots.restore(1)
    assert holds(slots, 1, 1)


RUBBISH = [
    None,
    b"",
    b"{",
    b"[]",
    b'{"next": 99, "landings": "many", "slots": [1]}',
    b'{"next": 2, "slots": {"1": 7, "2": {"locked": "yes", "content": {"take": 5}}, "x": {}}}',
]


@pytest.mark.parametrize("content", RUBBISH)
def test_files_are_right_when_the_state_is_damaged(open_slots, tmp_path, content):
    slots = open_slots(tmp_path, count=4)
    for take in range(1, 7):
        land(slots, take)
    land(slots, 7, slot=4)
    slots.restore(2)
    slots.close()
    state = tmp_path / ".midifrag" / "slots.json"
    state.unlink() if content is None else state.write_bytes(content)

    slots = open_slots(tmp_path, count=4)

    assert takes(slots) == [5, 2, 3, 7]
    assert [one.state for one in slots.states] == ["filled"] * 4
    assert land(slots, 8).number == 3


def test_state_that_cannot_be_written_does_not_matter(open_slots, tmp_path, monkeypatch):
    slots = open_slots(tmp_path, count=3)
    real = files.write_whole

    def full(path, content, **options):
        if path.suffix == ".json":
            raise StorageError("full")
        real(path, content, **options)

    monkeypatch.setattr("midifrag.fragment.slots_record.write_whole", full)
    land(slots, 1)
    slots.set_lock(2, True)
    monkeypatch.setattr("midifrag.fragment.slots_record.write_whole", real)
    slots.close()

    assert [state.state for state in open_slots(tmp_path, count=3).states] == ["filled", "locked", "free"]


def test_folder_that_is_gone(open_slots, tmp_path):
    slots = open_slots(tmp_path / "drive", count=2)
    land(slots, 1)
    (tmp_path / "drive").rename(tmp_path / "pulled")

    with pytest.raises(StorageError, match="gone"):
        land(slots, 2)
    assert not (tmp_path / "drive").exists()
    assert slots.refresh()

    (tmp_path / "pulled").rename(tmp_path / "drive")
    assert slots.refresh()
    assert takes(slots) == [1, None]
    assert land(slots, 2, slot=2).take == 2


def test_take_number_learnt_later(open_slots, tmp_path):
    slots = open_slots(tmp_path)
    slots.landings.land(1, encode_fragment(fragment(1), 16), record(1, job=41), now=1.0, turn=True)

    slots.archived(1, 42, 13)
    assert slots.states[0].take is None
    slots.archived(1, 41, 12)
    slots.archived(1, 41, 14)
    slots.close()

    assert open_slots(tmp_path).states[0].take == 12


def told(what, path, why):
    return "^" + re.escape(f"cannot {what} {path}: {why}")


def refuse(code):
    def refused(*_):
        raise OSError(code, os.strerror(code))

    return refused


def test_fragment_that_cannot_be_kept_is_not_replaced(open_slots, tmp_path, monkeypatch):
    slots = open_slots(tmp_path)
    land(slots, 1)
    monkeypatch.setattr(module, "keep_copy", refuse(errno.ENOSPC))

    with pytest.raises(StorageError, match=told("keep a copy of", slots.path(1), "the disk is full")):
        land(slots, 2, slot=1)
    monkeypatch.undo()

    assert holds(slots, 1, 1)
    work = next((tmp_path / ".midifrag").glob("work-*"))
    assert not list(work.glob("*.wav"))


def test_previous_fragment_that_cannot_be_read_is_said(open_slots, tmp_path, monkeypatch):
    slots = open_slots(tmp_path, count=1)
    for take in (1, 2):
        land(slots, take)
    monkeypatch.setattr(module, "keep_copy", refuse(errno.EIO))

    with pytest.raises(StorageError, match=told("read", tmp_path, "the disk does not answer")):
        slots.restore(1)

    assert takes(slots) == [2]


def test_rather_no_previous_fragment_than_a_wrong_one(open_slots, tmp_path, monkeypatch):
    slots = open_slots(tmp_path, count=1)
    for take in (1, 2):
        land(slots, take)
    previous = tmp_path / ".midifrag" / "previous" / "output01.wav"
    assert content_of(previous).take == 1
    real = module.replace_file

    def refused_below_previous(source, target):
        if target.parent.name == "previous":
            raise StorageError("full")
        real(source, target)

    monkeypatch.setattr(module, "replace_file", refused_below_previous)

    assert not land(slots, 3).has_previous
    assert not previous.exists()
    assert holds(slots, 1, 3)


def test_folder_is_made_with_all_above_it(open_slots, tmp_path):
    open_slots(tmp_path / "a" / "b")
    (tmp_path / "file").write_text("x")

    assert (tmp_path / "a" / "b").is_dir()
    with pytest.raises(
        StorageError, match=told("make", tmp_path / "file" / "b", "a folder on the way to it is a file")
    ):
        open_slots(tmp_path / "file" / "b")


def test_fewer_slots_than_before(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=8)
    for take in range(1, 7):
        land(slots, take)
    slots.close()

    slots = open_slots(tmp_path, count=4)

    assert takes(slots) == [1, 2, 3, 4]
    assert slots.choose() in range(1, 5)


def test_locks_above_a_lowered_count_come_back_with_it(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=8)
    for take in range(1, 9):
        land(slots, take)
    for number in (2, 7):
        slots.set_lock(number, True)
    slots.close()
    for count in (4, 6):
        slots = open_slots(tmp_path, count=count)
        slots.set_lock(2, False)
        land(slots, 10 + count)
        slots.close()

    slots = open_slots(tmp_path, count=8)

    assert [state.number for state in slots.states if state.state == "locked"] == [7]
    assert takes(slots)[6] == 7
    with pytest.raises(NoFreeSlotError, match="slot 7 is locked"):
        slots.choose(7)
    slots.set_lock(7, False)
    slots.close()
    open_slots(tmp_path, count=4).close()
    assert {state.state for state in open_slots(tmp_path, count=8).states} == {"filled"}


@pytest.mark.parametrize("name", ["output.wav", "../{}.wav", "a/{}.wav", "a\\{}.wav", "{", "{x}.wav", ".{}.wav"])
def test_pattern_that_gives_no_slot_files(open_slots, tmp_path, name):
    with pytest.raises(ValueError, match=r"write it like 'output\{:02d\}\.wav'"):
        open_slots(tmp_path, name=name)


def test_slots_that_a_disk_may_take_for_one_are_refused(open_slots, tmp_path):
    with pytest.raises(ValueError, match="gives several slots the same file"):
        open_slots(tmp_path, count=97, name="{!s:.1}.wav")


def test_takes_that_a_killed_program_left_beside_the_slots_are_not_swept(open_slots, open_archive, tmp_path):
    """Slots and archive may share a folder if their names never meet; what has no name yet is a take all the same."""
    open_archive(tmp_path).store(noise(), RATE, record(prompt="rain"))
    dead = tmp_path / ".midifrag" / "work-dead"
    dead.mkdir()
    (tmp_path / "output001.wav").rename(dead / "1-take.wav")

    open_slots(tmp_path)
    open_archive(tmp_path)

    assert read_metadata(tmp_path / "output002.wav")["title"] == "rain"
    assert not dead.exists()


def test_there_is_at_least_one_slot(open_slots, tmp_path):
    with pytest.raises(ValueError, match=r"^there must be at least one slot$"):
        open_slots(tmp_path, count=0)
    assert [state.number for state in open_slots(tmp_path, count=1).states] == [1]


def test_state_is_readable_json(open_slots, tmp_path):
    slots = open_slots(tmp_path)
    land(slots, 1)

    text = (tmp_path / ".midifrag" / "slots.json").read_text()
    saved = json.loads(text)

    assert text.startswith('{\n "next": 2,\n "landings": 1,\n "slots": {\n  "1": {')
    assert sorted(saved["slots"], key=int) == [str(number) for number in range(1, 9)]
    assert saved["slots"]["1"]["content"]["prompt"] == "prompt 1"


def written(folder):
    return json.loads((folder / ".midifrag" / "slots.json").read_text())["slots"]["1"]


def test_every_change_is_written_down_at_once(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=1)
    land(slots, 1)
    land(slots, 2)

    slots.set_lock(1, True)
    assert written(tmp_path)["locked"]
    slots.restore(1)
    assert written(tmp_path)["content"]["take"] == 1
    slots.landings.land(1, encode_fragment(fragment(3), 16), record(3, job=41), now=1.0, turn=True)
    slots.archived(1, 41, 12)
    assert written(tmp_path)["content"]["take"] == 12


def test_what_a_killed_program_left_is_swept_at_the_start(open_slots, tmp_path):
    left = tmp_path / ".midifrag" / "work-dead"
    left.mkdir(parents=True)
    (left / "1-output01.wav").write_text("half")

    open_slots(tmp_path)

    assert not left.exists()


def test_another_program_in_the_same_folder_is_noticed(open_slots, tmp_path):
    first, second = open_slots(tmp_path), open_slots(tmp_path)
    assert not first.is_shared()
    assert second.is_shared()
    first.close()
    assert not second.is_shared()
    (tmp_path / "drive").mkdir()
    third = open_slots(tmp_path / "drive")
    (tmp_path / "drive").rename(tmp_path / "pulled")
    assert third.is_shared() is False


def test_work_folders_of_this_programs_own_are_no_other_program(open_slots, tmp_path):
    first, second = open_slots(tmp_path), open_slots(tmp_path)

    assert not first.is_shared()
    assert second.is_shared([])
    assert not second.is_shared([first._workspace.name])


def test_no_more_than_the_most_slots_are_remembered(open_slots, tmp_path):
    open_slots(tmp_path, count=1).close()
    state = tmp_path / ".midifrag" / "slots.json"
    saved = json.loads(state.read_text())
    saved["slots"] |= {str(n): {"locked": True, "content": None} for n in (MOST_SLOTS - 1, MOST_SLOTS, MOST_SLOTS + 1)}
    state.write_text(json.dumps(saved))

    open_slots(tmp_path, count=1).close()

    assert list(json.loads(state.read_text())["slots"]) == ["1", str(MOST_SLOTS - 1), str(MOST_SLOTS)]


def test_a_slot_that_sounds_is_left_out_of_the_turn_unless_that_is_not_asked_for(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=3, monotonic=lambda: 77.0)
    land(slots, 1, slot=2)
    slots.play(2, True)
    slots.play(9, True)

    assert slots.playing(2) == Playing(77.0, slots.states[1].seconds)
    assert slots.playing(1) is None
    assert [state.sounds for state in slots.states] == [False, True, False]
    assert [slots.choose() for _ in range(4)] == [1, 3, 1, 3]
    assert [slots.choose(protect=False) for _ in range(3)] == [1, 2, 3]
    slots.play(2, True, 5.0, 2.5)
    assert slots.playing(2) == Playing(5.0, 2.5)
    slots.play(2, False)
    assert slots.playing(2) is None
    assert [slots.choose() for _ in range(2)] == [1, 2]


def test_slots_have_files_of_their_own_though_one_is_a_link(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=2)
    land(slots, 1)
    slots.path(2).symlink_to(slots.path(1))

    with pytest.raises(StorageError, match=r"is a link to the file of output01\.wav"):
        land(slots, 2, slot=2)
    assert holds(slots, 1, 1)


def test_what_a_hand_does_first_is_done_by_the_hands_of_slots(open_slots, tmp_path):
    begun = []
    slots = open_slots(tmp_path, count=2, begin_hand=lambda: begun.append(threading.current_thread().name))
    assert begun == []
    land(slots, 1)
    land(slots, 2)

    assert begun == [f"midifrag-files {slots.path(number)}" for number in (1, 2)]


def test_what_lies_in_a_slot_is_read_by_its_job_as_long_as_it_lies_there(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=3)
    for take in (1, 2):
        land(slots, take)

    content, whole = slots.read(1, 1)

    assert (content.job, content.take, content.prompt) == (1, 1, "prompt 1")
    assert whole == slots.path(1).read_bytes()
    assert slots.read(1, 2) is None
    assert slots.read(3, 3) is None
    with pytest.raises(NoFreeSlotError):
        slots.read(4, 1)
    # Somebody records over one, and removes the other, and nobody has looked yet.
    write_wav(slots.path(1), noise(0.5), RATE)
    slots.path(2).unlink()
    assert slots.read(1, 1) is None
    with pytest.raises(StorageError, match=told("read", slots.path(2), "")):
        slots.read(2, 2)
    assert slots.refresh()
    assert [slots.read(number, number) for number in (1, 2)] == [None, None]


def test_a_performers_slots_are_chosen_among_alone(open_slots, tmp_path):
    slots = open_slots(tmp_path, count=4)
    assert [slots.choose(among=(3, 4)) for _ in range(3)] == [3, 4, 3]
    slots.set_lock(3, True)
    assert slots.choose(among=(3, 4)) == 4
    slots.set_lock(4, True)
    with pytest.raises(NoFreeSlotError, match="slots 3, 4 are locked"):
        slots.choose(among=(3, 4))
    assert slots.choose() in (1, 2)
