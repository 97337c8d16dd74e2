"""Takes that land at a boundary, on a clock of the test's own and over real files."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
import threading
from pathlib import Path

import pytest

from midifrag.errors import StorageError
from midifrag.fragment import slot_file
from midifrag.fragment.appointments import EARLY
from midifrag.fragment.archive import Archive
from midifrag.fragment.hands import Hand
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.slots import Slots
from midifrag.fragment.swap import Swap
from midifrag.fragment.waiting import PATIENCE, SOON
from midifrag.fragment.writer_commands import Arrival, LandTake, LockSlot, SlotPlaying
from midifrag.fragment.writer_events import (
    GivenUp,
    Held,
    LandCancelled,
    Landed,
    LandFailed,
    Missed,
    SlotsChanged,
    TakeArchived,
)
from tests.fragment.sounds import land
from tests.support.landers import LanderRig


@pytest.fixture
def rig(opened, tmp_path):
    return opened(LanderRig, tmp_path)


ENDED = "cancelled: the show ended before its boundary"


def at(job: int, moment: float, **keys: object) -> LandTake:
    """A take that lands at a moment."""
    lead = keys.pop("lead", 0.0)
    protect = keys.pop("protect", True)
    return dataclasses.replace(land(job, **keys), arrival=Arrival(moment, lead, protect))


def kinds(events):
    return [type(event).__name__ for event in events]


def landed(events):
    return [(event.job, event.slot) for event in events if isinstance(event, Landed)]


def work_in_progress(folder: Path) -> list[str]:
    """What lies aside, but for the program's own marks."""
    return sorted(path.name for path in (folder / ".midifrag").glob("work-*/*") if path.name != "alive")


def test_a_take_that_waited_says_how_many_bars_it_is_long(rig):
    rig.handle(at(1, 104.0, bars=2.0, bpm=120.0, signature="4/4"))
    (told,) = [event for event in rig.until(104.0) if isinstance(event, Landed)]
    assert told.bars == 2.0


def test_a_take_waits_whole_beside_its_slot_and_lands_at_its_moment(rig):
    archived, waits = rig.handle(at(1, 104.0))

    assert archived == TakeArchived(1, 1, "output001.wav")
    assert (waits.job, waits.slot, waits.at, waits.take, waits.gives_way) == (1, 1, 104.0, 1, False)
    assert rig.takes() == [None, None, None]
    (aside,) = work_in_progress(rig.folder)
    assert aside.endswith("output01.wav")
    assert rig.until(103.99) == []
    assert rig.takes() == [None, None, None]

    (told,) = rig.until(104.0)

    assert (told.job, told.slot, told.take, told.file) == (1, 1, 1, rig.folder / "output01.wav")
    assert rig.notes == [told]
    assert rig.takes() == [1, None, None]
    assert rig.archive.get(1).slot == 1
    assert work_in_progress(rig.folder) == []
    assert content_of(rig.folder / "output01.wav").job == 1
    assert isinstance(rig.told[-1], SlotsChanged)


@pytest.mark.parametrize("lead", [0.0, 0.05, 1.5])
def test_nothing_lands_earlier_than_its_lead(rig, lead):
    rig.handle(at(1, 104.0, lead=lead))

    assert rig.until(104.0 - lead - EARLY - 1e-4) == []
    assert landed(rig.until(104.0 - lead)) == [(1, 1)]


def test_takes_that_land_at_once_pass_those_that_wait(rig):
    rig.handle(at(1, 104.0))

    told = [event for job in (2, 3, 4) for event in rig.handle(land(job))]

    assert landed(told) == [(2, 2), (3, 3), (4, 2)]
    assert landed(rig.until(105.0)) == [(1, 1)]
    assert rig.takes() == [1, 4, 3]


def test_the_turn_goes_on_behind_what_waited_also_after_a_restart(rig, opened):
    rig.handle(at(1, 104.0))
    rig.handle(land(2))
    rig.until(104.0)
    rig.close()

    assert opened(Slots, rig.folder, count=3).choose() == 3


def test_what_landed_at_its_boundary_is_known_after_a_show_that_did_not_end(rig, opened, tmp_path_factory):
    rig.handle(at(1, 104.0))
    rig.until(104.0)
    left = shutil.copytree(rig.folder, tmp_path_factory.mktemp("left") / "fragments")

    assert opened(Slots, left, count=3).choose() == 2


def test_a_moment_that_moves_is_kept(rig):
    rig.handle(at(1, 104.0))
    rig.lander.punctual.move(1, 102.0)
    assert landed(rig.until(102.0)) == [(1, 1)]

    rig.handle(at(2, 104.0))
    rig.lander.punctual.move(2, 108.0)
    assert rig.until(107.9) == []
    assert landed(rig.until(108.0)) == [(2, 2)]
    assert content_of(rig.folder / "output02.wav").landed_at == pytest.approx(5000.0, abs=0.1)


def test_a_moment_that_moves_before_its_take_is_cut_is_kept(rig):
    command = at(1, 104.0)
    rig.lander.announce(command)
    rig.lander.punctual.move(1, 106.0)

    assert rig.handle(command)[-1].at == 106.0
    assert rig.until(105.0) == []
    assert landed(rig.until(106.0)) == [(1, 1)]


@pytest.mark.parametrize("what", ["move", "cancel"])
def test_what_is_said_while_it_comes_beside_its_slot_counts(rig, monkeypatch, what):
    real = Swap.stage

    def stage(self):
        real(self)
        if what == "move":
            rig.lander.punctual.move(1, 106.0)
        else:
            rig.lander.cancel(1)

    monkeypatch.setattr(Swap, "stage", stage)
    command = at(1, 104.0)
    rig.lander.announce(command)

    told = rig.handle(command)

    assert kinds(told) == ["TakeArchived", "Waits" if what == "move" else "LandCancelled"]
    assert rig.until(105.0) == []
    assert landed(rig.until(107.0)) == ([(1, 1)] if what == "move" else [])
    assert work_in_progress(rig.folder) == []
    assert rig.lander.held == ()


def test_a_take_that_is_late_says_so_and_waits_for_another_moment(rig):
    told = rig.handle(at(1, 99.0))

    assert kinds(told) == ["TakeArchived", "Waits", "Missed"]
    assert told[-1] == Missed(1, 99.0)
    assert rig.until(200.0) == []
    rig.lander.punctual.move(1, 202.0)
    assert landed(rig.until(202.0)) == [(1, 1)]


def test_what_waits_can_be_cancelled_and_its_take_is_kept(rig):
    rig.handle(at(1, 104.0))
    before = len(rig.told)

    rig.lander.cancel(1)

    (told,) = rig.since(before)
    assert told == LandCancelled(1, "cancelled while it waited for its boundary", 1)
    assert rig.until(110.0) == []
    assert rig.takes() == [None, None, None]
    assert work_in_progress(rig.folder) == []
    assert rig.archive.get(1).slot is None
    assert landed(rig.handle(land(2))) == [(2, 2)]


def test_what_is_cancelled_before_it_is_cut_does_not_land(rig):
    command = at(1, 104.0)
    rig.lander.announce(command)
    rig.lander.cancel(1)

    assert kinds(rig.handle(command)) == ["TakeArchived", "LandCancelled"]
    assert rig.until(110.0) == []
    assert rig.lander.punctual.expected() == set()


def test_what_landed_is_told_though_its_note_cannot_be_sent(opened, tmp_path, caplog):
    def mistake(_landed):
        raise ValueError("not a note")

    rig = opened(LanderRig, tmp_path, landed=mistake)
    rig.handle(at(1, 104.0))
    assert landed(rig.until(104.0)) == [(1, 1)]
    assert "nothing goes out" in caplog.text


def test_nothing_more_is_expected_of_what_finds_no_slot(rig):
    command = at(1, 104.0)
    rig.lander.announce(command)
    for slot in (1, 2, 3):
        rig.handle(LockSlot(slot, True))

    assert kinds(rig.handle(command)) == ["TakeArchived", "LandFailed"]
    assert rig.lander.punctual.expected() == set()


def test_a_later_press_wins_a_slot_at_one_boundary(rig):
    rig.handle(at(1, 104.0, slot=2))

    told = rig.handle(at(2, 104.0, slot=2))

    assert LandCancelled(1, "a later press lands in slot 2 at the same moment", 1) in told
    assert landed(rig.until(104.0)) == [(2, 2)]
    assert rig.takes() == [None, 2, None]


def test_two_boundaries_of_one_slot_are_both_kept(rig):
    rig.handle(at(1, 108.0, slot=2))
    rig.handle(at(2, 104.0, slot=2))

    assert landed(rig.until(104.0)) == [(2, 2)]
    assert landed(rig.until(108.0)) == [(1, 2)]
    assert rig.slots.states[1].has_previous


def test_more_presses_for_a_boundary_than_slots_leave_the_newest(rig):
    told = [event for job in (1, 2, 3, 4) for event in rig.handle(at(job, 104.0))]

    assert [event.job for event in told if isinstance(event, LandCancelled)] == [1]
    assert sorted(landed(rig.until(104.0))) == [(2, 2), (3, 3), (4, 1)]


def test_a_slot_locked_meanwhile_gives_its_take_to_another(rig):
    rig.handle(at(1, 104.0))

    (waits,) = rig.handle(LockSlot(1, True))

    assert (waits.slot, waits.at) == (2, 104.0)
    assert landed(rig.until(104.0)) == [(1, 2)]
    assert work_in_progress(rig.folder) == []


def test_a_slot_of_its_own_that_is_locked_meanwhile_takes_nothing(rig):
    rig.handle(at(1, 104.0, slot=2))
    rig.handle(LockSlot(2, True))

    (failed,) = rig.until(104.0)

    assert isinstance(failed, LandFailed)
    assert (failed.take, "slot 2 is locked" in failed.reason) == (1, True)
    assert rig.takes() == [None, None, None]
    assert rig.lander.held == ()


def play(rig, slot, on=True, **keys):
    rig.lander.play(SlotPlaying(slot, on, **keys))
    return rig.tick()


def test_slots_that_sound_are_left_out_of_the_turn(rig):
    play(rig, 1)
    assert [slot.sounds for slot in rig.slots.states] == [True, False, False]
    assert landed(event for job in (1, 2, 3) for event in rig.handle(land(job))) == [(1, 2), (2, 3), (3, 2)]
    play(rig, 1, on=False)
    assert landed([*rig.handle(land(4)), *rig.handle(land(5))]) == [(4, 3), (5, 1)]


def test_a_slot_of_its_own_is_replaced_though_it_sounds(rig):
    play(rig, 2)
    assert landed(rig.handle(land(1, slot=2))) == [(1, 2)]


def test_without_protection_a_slot_that_sounds_has_its_turn(rig):
    play(rig, 1)
    assert landed(rig.handle(dataclasses.replace(land(1), arrival=Arrival(protect=False)))) == [(1, 1)]


def test_where_all_sound_the_one_that_began_first_gives_way_at_the_end_of_its_turn(rig):
    play(rig, 1, at=99.0, seconds=4.0)
    play(rig, 2, at=95.0, seconds=2.0)
    play(rig, 3, at=98.0, seconds=8.0)

    waits = rig.handle(land(1))[-1]

    assert (waits.slot, waits.at, waits.gives_way) == (2, 101.0, True)
    assert waits.notes == ("all slots sound: slot 2, which began first, gives way at the end of its turn",)
    assert landed(rig.until(101.0)) == [(1, 2)]


def test_where_all_sound_a_boundary_is_the_end_of_a_turn_after_it(rig):
    for slot in (1, 2, 3):
        play(rig, slot, at=90.0 + slot, seconds=4.0)
    waits = rig.handle(at(1, 104.0))[-1]
    assert (waits.slot, waits.at) == (1, 107.0)
    # Nor is it taken back because that slot sounds: all do.
    assert play(rig, 1, at=91.0, seconds=4.0) == []
    assert landed(rig.until(107.0)) == [(1, 1)]


def test_a_slot_that_begins_to_sound_gives_its_take_to_another(rig):
    rig.handle(at(1, 104.0))

    (waits,) = play(rig, 1)

    assert (waits.slot, waits.at) == (2, 104.0)
    assert landed(rig.until(104.0)) == [(1, 2)]


def test_a_take_whose_own_sound_has_begun_before_its_file_is_in_place_lands_there(rig):
    rig.handle(at(1, 104.0))
    rig.handle(at(2, 104.0))

    (waits,) = play(rig, 1, job=2)
    assert (waits.job, waits.slot) == (1, 3)
    assert play(rig, 2, at=104.0, seconds=1.0, job=2) == []

    assert sorted(landed(rig.until(104.0))) == [(1, 3), (2, 2)]


def test_a_turn_of_unknown_length_ends_soon(rig):
    for slot in (1, 2, 3):
        play(rig, slot)
    waits = rig.handle(land(1))[-1]
    assert (waits.slot, waits.at) == (1, rig.now + SOON)
    assert landed(rig.until(101.0)) == [(1, 1)]


def full(*_, **__):
    raise StorageError("the disk is full")


def test_a_disk_that_is_full_when_it_is_to_be_put_beside_its_slot(rig, monkeypatch):
    monkeypatch.setattr(Swap, "stage", full)
    command = at(1, 104.0)
    rig.lander.announce(command)

    assert kinds(rig.handle(command)) == ["TakeArchived", "Held"]
    assert rig.until(106.0) == []
    monkeypatch.undo()
    told = rig.tick(1.0)

    assert kinds(told) == ["Waits", "Missed"]
    rig.lander.punctual.move(1, 110.0)
    assert landed(rig.until(110.0)) == [(1, 1)]
    assert rig.lander.held == ()


def test_a_disk_that_is_full_in_mid_wait_keeps_the_old_fragment_and_the_take(rig, monkeypatch):
    rig.handle(land(1, slot=2))
    rig.handle(at(2, 104.0, slot=2))
    monkeypatch.setattr(slot_file, "replace_file", full)

    told = rig.until(104.0)

    assert told == [Missed(2, 104.0), Held(2, "the disk is full", "slot")]
    assert rig.takes() == [None, 1, None]
    monkeypatch.undo()
    assert kinds(rig.tick(1.0)) == ["Waits"]
    rig.lander.punctual.move(2, 108.0)
    assert landed(rig.until(108.0)) == [(2, 2)]
    assert rig.takes() == [None, 2, None]


def test_a_held_take_can_be_cancelled(rig, monkeypatch):
    monkeypatch.setattr(Swap, "stage", full)
    command = at(1, 104.0)
    rig.lander.announce(command)
    rig.handle(command)

    rig.lander.cancel(1)

    assert kinds(rig.tick()) == ["LandCancelled"]
    assert rig.lander.held == ()


def test_a_folder_pulled_in_mid_wait_and_back(rig, tmp_path):
    rig.handle(at(1, 104.0))
    pulled = tmp_path.with_name(tmp_path.name + " pulled")
    shutil.move(rig.folder, pulled)

    told = rig.until(104.0)

    assert kinds(told) == ["Missed", "Held"]
    shutil.move(pulled, rig.folder)
    rig.lander.punctual.move(1, 108.0)
    rig.tick(1.0)
    assert landed(rig.until(108.0)) == [(1, 1)]
    assert rig.takes() == [1, None, None]


def test_a_file_of_the_performers_own_is_moved_aside_before(rig):
    rig.handle(at(1, 104.0))
    (rig.folder / "output01.wav").write_bytes(b"my own")

    (told,) = rig.until(104.0)

    assert told.notes == ("the output01.wav before was yours: moved-aside/output01.wav",)
    assert (rig.folder / "moved-aside" / "output01.wav").read_bytes() == b"my own"


def test_a_file_that_comes_in_the_last_moment_is_moved_aside_too(rig, monkeypatch):
    rig.handle(land(7, slot=1))
    rig.handle(at(1, 104.0, slot=1))
    real = Swap.swap

    def record_over(self):
        (rig.folder / "output01.wav").write_bytes(b"recorded just now")
        real(self)

    monkeypatch.setattr(Swap, "swap", record_over)

    (told,) = rig.until(104.0)

    assert told.notes == ("the output01.wav before was yours: moved-aside/output01.wav",)
    assert (rig.folder / "moved-aside" / "output01.wav").read_bytes() == b"recorded just now"
    assert rig.takes() == [2, None, None]
    assert work_in_progress(rig.folder) == []


def test_a_slot_file_held_open_as_on_windows_lands_at_a_later_moment(rig, monkeypatch):
    rig.handle(land(7, slot=1))
    rig.handle(at(1, 104.0, slot=1))
    real = Path.replace

    def held_open(self, target):
        if Path(target).name == "output01.wav":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", held_open)
    monkeypatch.setattr("midifrag.fragment.files.PAUSE", 0.0)

    assert kinds(rig.until(104.0)) == ["Missed", "Held"]
    assert rig.takes() == [1, None, None]
    monkeypatch.undo()
    rig.lander.punctual.move(1, 106.0)
    rig.tick(1.0)
    assert landed(rig.until(106.0)) == [(1, 1)]


def test_a_slot_whose_drive_hangs_at_its_moment_stops_no_other(rig, monkeypatch):
    free, real = threading.Event(), slot_file.replace_file

    def hang(source, target, **options):
        if target.name == "output01.wav":
            assert free.wait(300)
        return real(source, target, **options)

    monkeypatch.setattr(slot_file, "replace_file", hang)
    monkeypatch.setattr("midifrag.fragment.hands.PATIENCE", 0.1)
    for job in (1, 2):
        rig.handle(at(job, 104.0))

    assert landed(rig.until(104.0)) == [(2, 2)]
    (held,) = rig.tick(PATIENCE)
    assert (held.job, held.waits_for, "does not answer" in held.reason) == (1, "slot", True)
    free.set()
    hand = rig.slots._slots[1].hand
    hand.later(lambda: None).result(300)
    rig.tick()

    assert rig.takes() == [1, 2, None]
    assert landed(rig.told) == [(2, 2), (1, 1)]


def test_a_mistake_of_ours_at_the_moment_itself_is_told(rig, monkeypatch):
    rig.handle(at(1, 104.0))
    monkeypatch.setattr(Swap, "swap", lambda _self: 1 / 0)

    (failed,) = rig.until(104.0)

    assert failed == LandFailed(1, "unexpected: ZeroDivisionError('division by zero')", 1)
    assert rig.lander.held == ()
    assert work_in_progress(rig.folder) == []


def test_a_slot_locked_in_the_last_moment_gives_its_take_to_another_at_the_next_boundary(rig, monkeypatch):
    rig.handle(at(1, 104.0))
    real = Swap.swap

    def lock(self):
        rig.slots.set_lock(1, True)
        real(self)

    monkeypatch.setattr(Swap, "swap", lock)
    told = rig.until(104.0)
    monkeypatch.undo()

    assert kinds(told) == ["Missed", "Waits"]
    assert told[-1].slot == 2
    rig.lander.punctual.move(1, 106.0)
    assert landed(rig.until(106.0)) == [(1, 2)]


def test_an_end_waits_for_no_drive_that_hangs_at_the_moment(rig, monkeypatch):
    free = threading.Event()
    monkeypatch.setattr(Swap, "swap", lambda _self: free.wait(300))
    monkeypatch.setattr("midifrag.fragment.hands.PATIENCE", 0.1)
    rig.handle(at(1, 104.0))
    rig.until(104.0)
    before = len(rig.told)

    rig.lander.finish()

    (failed,) = rig.since(before)
    free.set()
    assert (failed.job, failed.take, "does not answer" in failed.reason) == (1, 1, True)


def test_an_end_waits_for_no_drive_of_what_it_has_called_off(rig, monkeypatch):
    rig.handle(at(1, 104.0))
    hand, waited = rig.slots._slots[1].hand, []
    monkeypatch.setattr(Hand, "wait", lambda self, _: waited.append(self))

    rig.lander.finish()

    assert hand not in waited


def test_an_end_waits_for_what_lands_at_this_moment(rig, monkeypatch):
    begun, free, real = threading.Event(), threading.Event(), Swap.swap

    def slowly(self):
        begun.set()
        assert free.wait(300)
        real(self)

    monkeypatch.setattr(Swap, "swap", slowly)
    rig.handle(at(1, 104.0))
    rig.now = 104.0
    rig.lander.punctual.look()
    assert begun.wait(300)
    before = len(rig.told)
    threading.Timer(0.3, free.set).start()

    rig.lander.finish()

    assert landed(rig.since(before)) == [(1, 1)]
    assert [event for event in rig.since(before) if isinstance(event, (LandFailed, LandCancelled))] == []


def test_an_end_calls_off_what_never_came_beside_its_slot(rig, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(Swap, "stage", full)
        rig.handle(at(1, 104.0))
    before = len(rig.told)

    rig.lander.finish()

    assert rig.since(before) == [LandCancelled(1, ENDED, 1)]
    assert rig.lander.held == ()


def test_an_end_lands_nothing_late_and_loses_nothing(rig, opened):
    rig.handle(at(1, 104.0))
    before = len(rig.told)

    rig.lander.finish()
    rig.close()

    assert rig.since(before) == [LandCancelled(1, ENDED, 1)]
    assert rig.takes() == [None, None, None]
    assert [take.job for take in opened(Archive, rig.folder / "archive").find()] == [1]


def test_an_end_leaves_a_take_that_no_archive_holds_to_whoever_keeps_it(rig, monkeypatch):
    monkeypatch.setattr(Archive, "store_encoded", full)
    rig.handle(at(1, 104.0))

    rig.lander.finish()

    assert [take.record.job for take in rig.lander.unarchived] == [1]
    assert [event.job for event in rig.told if isinstance(event, LandCancelled)] == [1]


def test_a_take_that_lands_before_it_is_archived_is_noted_there_later(rig, monkeypatch):
    monkeypatch.setattr(Archive, "store_encoded", full)
    rig.handle(at(1, 100.1))
    assert landed(rig.until(100.1)) == [(1, 1)]
    monkeypatch.undo()

    rig.tick(1.0)

    assert rig.takes() == [1, None, None]
    assert rig.archive.get(1).slot == 1


def test_a_take_that_is_given_up_for_want_of_memory_does_not_land(opened, tmp_path, monkeypatch):
    rig = opened(LanderRig, tmp_path, held_bytes=1)
    monkeypatch.setattr(Archive, "store_encoded", full)
    rig.handle(at(1, 104.0))

    told = rig.handle(at(2, 104.0))

    assert [event.job for event in told if isinstance(event, GivenUp)] == [1]
    assert landed(rig.until(104.0)) == [(2, 2)]
    assert work_in_progress(rig.folder) == []
