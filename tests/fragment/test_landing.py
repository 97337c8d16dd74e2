"""What the writer does, command by command, with a clock of the test's own."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from midifrag.errors import StorageError
from midifrag.fragment import hands, slot_file
from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.holding import FIRST_RETRY, LONGEST_RETRY
from midifrag.fragment.landing import REFRESH, Lander
from midifrag.fragment.length import MusicalLength, SecondsLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.preparing import Preparer
from midifrag.fragment.recorded_length import fields_of
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.slot_landings import SlotLandings
from midifrag.fragment.slots import Slots
from midifrag.fragment.writer_commands import (
    AnnotateTake,
    ArchiveOnly,
    Arrival,
    LandArchived,
    LandTake,
    LockSlot,
    Prepare,
    RestoreSlot,
    StarTake,
)
from midifrag.fragment.writer_events import (
    GivenUp,
    Held,
    Landed,
    LandFailed,
    Refused,
    SlotsChanged,
    TakeArchived,
    TakeChanged,
)
from midifrag.timeline import Signature
from tests.fragment.sounds import RATE, land, noise, record
from tests.support import PATIENCE
from tests.support.landers import LanderRig


@pytest.fixture
def rig(opened, tmp_path):
    return opened(LanderRig, tmp_path)


def kinds(events):
    return [type(event).__name__ for event in events]


def full(*_, **__):
    raise StorageError("the disk is full")


def break_archive(monkeypatch):
    monkeypatch.setattr(Archive, "store_encoded", full)


def break_slots(monkeypatch):
    monkeypatch.setattr(SlotLandings, "land", full)


def test_take_is_archived_and_then_lands(rig):
    events = rig.handle(land(7, rendered_at=4.0))

    archived, landed = events
    assert archived == TakeArchived(7, 1, "output001.wav")
    assert landed == Landed(
        job=7,
        slot=1,
        file=rig.folder / "output01.wav",
        take=1,
        seconds=landed.seconds,
        landed_at=5000.0,
        write_seconds=0.0,
    )
    assert landed.seconds == pytest.approx(0.1, abs=0.001)
    kept = rig.archive.get(1)
    assert (kept.slot, kept.landed_at, kept.job, kept.prompt, kept.reason) == (1, 5000.0, 7, "prompt 7", "")
    assert rig.told[-1] == SlotsChanged(rig.slots.states)
    written = json.loads((rig.folder / ".midifrag" / "slots.json").read_text())
    assert (written["next"], written["slots"]["1"]["content"]["take"]) == (2, 1)


def test_what_a_record_says_of_an_earlier_life_does_not_count(rig):
    earlier = record(70, number=70, slot=3, landed_at=1.0)
    rig.handle(LandTake(7, noise(), RATE, earlier, FragmentOptions()))
    rig.handle(ArchiveOnly(8, noise(), RATE, earlier, "x"))
    rig.handle(land(9, reason="told before"))

    kept = [rig.archive.get(number) for number in (1, 2)]
    assert [(take.job, take.slot, take.landed_at) for take in kept] == [(7, 1, 5000.0), (8, None, None)]
    assert [take.reason for take in rig.archive.find()] == ["told before", "x", ""]


def test_notes_of_a_fragment_are_told(rig):
    options = FragmentOptions(normalise="loudness")

    landed = rig.handle(dataclasses.replace(land(7), options=options))[-1]

    assert len(landed.notes) == 1
    assert "LUFS" in landed.notes[0]


def test_a_disk_that_does_not_force_a_take_holds_nothing_up(rig, monkeypatch, caplog):
    def refused(_archive):
        raise StorageError("the disk does not answer")

    monkeypatch.setattr(Archive, "settle", refused)

    assert kinds(rig.handle(land(7))) == ["TakeArchived", "Landed"]
    assert caplog.messages == ["the disk does not answer"]


def test_a_take_is_forced_to_the_disk_once_it_has_landed(rig, monkeypatch):
    forced = []
    monkeypatch.setattr("midifrag.fragment.archive.force_to_disk", lambda path: forced.append((path.name, rig.takes())))

    rig.handle(land(7))

    assert forced == [("output001.wav", [1, None, None])]


def test_nothing_is_prepared_beyond_the_end(rig, monkeypatch):
    ended = []
    monkeypatch.setattr(Preparer, "close", lambda self: ended.append(self))
    rig.lander.finish()
    assert ended == [rig.lander._preparer]


def test_take_that_was_prepared_lands_as_if_it_had_not_been(rig, opened, tmp_path, monkeypatch):
    plain = opened(LanderRig, tmp_path / "plain")
    plain.handle(land(7))
    command = land(7)
    rig.prepare(command.audio, command.options)
    monkeypatch.setattr("midifrag.fragment.sources.encode_fragment", None)
    monkeypatch.setattr("midifrag.fragment.archive_hand.encode_take", None)

    assert kinds(rig.handle(command)) == ["TakeArchived", "Landed"]

    for name in ("output01.wav", "archive/output001.wav"):
        assert (rig.folder / name).read_bytes() == (plain.folder / name).read_bytes()


def test_what_was_prepared_is_not_kept_for_a_take_that_is_held(rig, monkeypatch):
    command = land(7)
    rig.prepare(command.audio, command.options)
    break_archive(monkeypatch)

    assert kinds(rig.handle(command)) == ["Landed", "Held"]

    assert rig.lander._preparer.find(command.audio, command.options) is None
    assert [take.encoded for take in rig.lander._held] == [None]
    monkeypatch.undo()
    assert kinds(rig.tick(FIRST_RETRY)) == ["TakeArchived"]


def test_take_that_was_prepared_with_other_options_is_cut_anew(rig):
    command = dataclasses.replace(land(7), options=FragmentOptions(bits=24))
    rig.prepare(command.audio, FragmentOptions())

    rig.handle(command)

    assert soundfile.info(rig.folder / "output01.wav").subtype == "PCM_24"


def test_landed_is_told_when_the_file_is_in_place(opened, tmp_path):
    seen = []
    slots, archive = opened(Slots, tmp_path), opened(Archive, tmp_path / "archive")

    def listen(event):
        if isinstance(event, TakeArchived):
            seen.append(read_wav(tmp_path / "archive" / event.file)[0].shape)
        elif isinstance(event, Landed):
            seen.append(read_wav(event.file)[0].shape[1] / RATE == pytest.approx(event.seconds))

    Lander(slots, archive, listen).handle(land(1))

    assert seen == [(2, RATE // 10), True]


@pytest.mark.parametrize("bits", [16, 24])
def test_samples_are_told_as_the_file_will_hold_them_where_somebody_plays_them(opened, tmp_path, bits):
    rig = opened(LanderRig, tmp_path, plays=True)
    told = rig.handle(dataclasses.replace(land(1), options=FragmentOptions(bits=bits, loop=True)))
    assert kinds(told) == ["Made", "TakeArchived", "Landed"]
    made, _, landed = told
    audio, rate = read_wav(landed.file)
    assert (made.job, made.sample_rate, made.loop) == (1, rate, True)
    np.testing.assert_array_equal(made.audio, audio)
    assert kinds(rig.handle(LandArchived(2, 1, FragmentOptions()))) == ["Made", "Landed"]
    silent = dataclasses.replace(land(3), audio=np.zeros((2, 1000), np.float32))
    assert kinds(rig.handle(silent)) == ["TakeArchived", "LandFailed"]
    assert kinds(rig.handle(ArchiveOnly(4, noise(0.1), RATE, record(4), "cancelled"))) == ["TakeArchived"]


def test_nobody_is_told_samples_that_are_not_played(rig):
    assert kinds(rig.handle(land(1))) == ["TakeArchived", "Landed"]


def test_fixed_slot(rig):
    landed = rig.handle(land(1, slot=3))[-1]

    assert landed.slot == 3
    assert json.loads((rig.folder / ".midifrag" / "slots.json").read_text())["next"] == 1
    assert content_of(landed.file).turn is False
    assert rig.handle(land(2))[-1].slot == 1


@pytest.mark.parametrize(
    ("audio", "reason"), [(np.zeros((2, 900), np.float32), "silent"), (np.full((2, 900), np.nan, np.float32), "not")]
)
def test_take_that_must_not_land_is_archived_with_its_reason(rig, audio, reason):
    rig.handle(land(1))

    archived, failed = rig.handle(LandTake(2, audio, RATE, record(2), FragmentOptions()))

    assert archived == TakeArchived(2, 2, "output002.wav")
    assert isinstance(failed, LandFailed)
    assert (failed.job, failed.take) == (2, 2)
    assert reason in failed.reason
    assert rig.archive.get(2).reason == failed.reason
    assert rig.takes() == [1, None, None]
    np.testing.assert_array_equal(rig.archive.read(2)[0], audio)


def test_archive_only(rig):
    events = rig.handle(ArchiveOnly(5, noise(), RATE, record(5), "cancelled"))

    assert events == [TakeArchived(5, 1, "output001.wav")]
    assert rig.archive.get(1).reason == "cancelled"
    assert rig.takes() == [None] * 3


def test_mistake_of_ours_does_not_lose_the_take(rig, monkeypatch, caplog):
    def broken(*_):
        raise KeyError("a mistake")

    monkeypatch.setattr("midifrag.fragment.sources.make_fragment", broken)

    archived, failed = rig.handle(land(1))

    assert (archived.number, failed.take) == (1, 1)
    assert failed.reason == "unexpected: KeyError('a mistake')"
    assert caplog.messages == ["no fragment could be made of job 1"]
    assert "a mistake" in caplog.text


def test_mistake_with_a_held_take_is_not_repeated_without_a_pause(rig, monkeypatch):
    break_archive(monkeypatch)
    rig.handle(land(1))
    monkeypatch.setattr(Archive, "store_encoded", lambda *_: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        rig.tick(FIRST_RETRY)

    assert rig.lander.due > rig.now
    monkeypatch.undo()
    assert kinds(rig.tick(LONGEST_RETRY)) == ["TakeArchived"]


def test_every_slot_locked(rig):
    for slot in (1, 2, 3):
        rig.handle(LockSlot(slot, True))

    archived, failed = rig.handle(land(1))

    assert archived.number == 1
    assert failed == LandFailed(1, "all 3 slots are locked: unlock one", 1)
    assert rig.lander.held == ()


def test_archived_take_lands_again(rig):
    rig.handle(land(1))
    rig.handle(land(2))

    landed = rig.handle(LandArchived(9, 1, FragmentOptions(fade_ms=0), slot=3))

    assert kinds(landed) == ["Landed"]
    assert (landed[0].job, landed[0].take, landed[0].slot) == (9, 1, 3)
    assert content_of(landed[0].file).job == 9
    whole = noise(seed=1) / np.abs(noise(seed=1)).max()
    np.testing.assert_allclose(read_wav(landed[0].file)[0], whole, atol=1e-4)
    assert rig.takes() == [1, 2, 1]
    assert rig.archive.get(1).slot == 3
    assert rig.archive.count() == 2


def test_a_take_with_a_length_in_music_lands_so_long_and_is_archived_as_it_was_rendered(rig):
    length = MusicalLength(1, "beats", 128)
    command = dataclasses.replace(land(1, seconds=0.9), length=length, record=record(1, **fields_of(length)))

    _, landed = rig.handle(command)

    assert read_wav(landed.file)[0].shape[1] == round(60 / 128 * RATE)
    assert landed.seconds == round(60 / 128 * RATE) / RATE
    kept = rig.archive.get(1)
    assert (kept.beats, kept.bars, kept.bpm, kept.signature) == (1, None, 128, "4/4")
    assert rig.archive.read(1)[0].shape[1] == round(0.9 * RATE)


def test_an_archived_take_with_a_length_in_music_is_cut_to_the_tempo_that_is_now(rig):
    length = MusicalLength(1, "bars", 240, Signature(3, 4))
    rig.handle(dataclasses.replace(land(1, seconds=1.2), length=length, record=record(1, **fields_of(length))))

    for bpm, signature, samples, notes in (
        (250.0, Signature(3, 4), round(3 * 60 / 250 * RATE), 1),
        (240.0, Signature(2, 4), round(2 * 60 / 240 * RATE), 0),
        (None, None, round(3 * 60 / 240 * RATE), 0),
    ):
        (landed,) = rig.handle(LandArchived(9, 1, FragmentOptions(), None, Arrival(bpm=bpm, signature=signature)))
        assert read_wav(landed.file)[0].shape[1] == samples
        assert len(landed.notes) == notes
    assert rig.archive.get(1).bpm == 240


def test_a_take_that_was_rendered_longer_than_asked_lands_as_long_as_asked_also_from_the_archive(rig):
    length = SecondsLength(0.25)
    rig.handle(dataclasses.replace(land(1, seconds=1.0), length=length, record=record(1, **fields_of(length))))

    (again,) = rig.handle(LandArchived(9, 1, FragmentOptions(), None, Arrival(bpm=90.0, signature=Signature())))

    assert again.seconds == 0.25


def test_what_was_prepared_for_another_tempo_is_cut_anew(rig):
    command = dataclasses.replace(land(1, seconds=0.9), length=MusicalLength(1, "beats", 128))
    rig.lander.prepare(Prepare(command.audio, RATE, command.options, MusicalLength(1, "beats", 120)))
    rig.lander._preparer._worker.submit(lambda: None).result()

    _, landed = rig.handle(command)

    assert read_wav(landed.file)[0].shape[1] == round(60 / 128 * RATE)


def test_a_length_without_end_fails_and_its_take_stays(rig):
    archived, failed = rig.handle(dataclasses.replace(land(1), length=MusicalLength(1e6, "bars", 120)))

    assert archived.number == 1
    assert "and a fragment has 1200 s at most: ask for less" in failed.reason


def test_archived_take_without_a_fragment_fails_and_its_record_stays(rig):
    rig.handle(ArchiveOnly(5, np.zeros((2, 900), np.float32), RATE, record(5), "cancelled"))

    (failed,) = rig.handle(LandArchived(9, 1, FragmentOptions()))

    assert (failed.job, failed.take) == (9, 1)
    assert "silent" in failed.reason
    assert (rig.archive.get(1).reason, rig.archive.count()) == ("cancelled", 1)
    assert rig.lander.held == ()


def test_archived_take_that_is_not_there(rig):
    rig.handle(land(1))
    (rig.folder / "archive" / "output001.wav").unlink()

    (removed,) = rig.handle(LandArchived(2, 1, FragmentOptions()))
    (unknown,) = rig.handle(LandArchived(3, 44, FragmentOptions()))

    assert (removed.job, removed.take, unknown.job, unknown.take) == (2, 1, 3, 44)
    assert "gone" in removed.reason
    assert "no take 44" in unknown.reason
    assert rig.takes() == [1, None, None]


def test_locks_stars_and_notes(rig):
    for job in (1, 2):
        rig.handle(land(job))

    for _ in range(2):
        rig.handle(LockSlot(2, True))
        assert rig.told[-1].slots[1].state == "locked"
    (starred,) = rig.handle(StarTake(2, True))
    (noted,) = rig.handle(AnnotateTake(1, "keep"))
    (again,) = rig.handle(StarTake(2, False))

    assert isinstance(starred, TakeChanged)
    assert (starred.record.number, starred.record.starred, again.record.starred) == (2, True, False)
    assert (noted.record.number, noted.record.note) == (1, "keep")


NO_SLOT = "there is no slot {}: slots are numbered 1 to 3"
NO_TAKE = "there is no take 3 in {folder}: list them with `midifrag takes`"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (LockSlot(9, True), NO_SLOT.format(9)),
        (RestoreSlot(1), "slot 1 has no previous fragment to put back"),
        (RestoreSlot(0), NO_SLOT.format(0)),
        (StarTake(3, True), NO_TAKE),
        (AnnotateTake(3, "x"), NO_TAKE),
    ],
)
def test_what_cannot_be_done_is_refused(rig, command, reason):
    (refused,) = rig.handle(command)

    assert refused == Refused(command, reason.format(folder=rig.folder / "archive"))


def test_restore(rig):
    for job in (1, 2, 3, 4):
        rig.handle(land(job))

    rig.handle(RestoreSlot(1))

    assert rig.told[-1].slots[0].take == 1
    assert rig.told[-1].slots[0].has_previous


def test_the_archive_keeps_what_the_engine_made_whatever_is_cut(rig):
    """An offset, a click and silence: taken out of the fragment, and nothing of that out of the take."""
    audio = np.zeros((2, 2 * RATE), np.float32)
    audio[:, :RATE] = noise(1.0, level=0.1)
    audio += np.float32(0.0625)
    audio[0, RATE + 77] = 0.75
    before = audio.copy()

    rig.handle(LandTake(1, audio, RATE, record(1), FragmentOptions()))

    np.testing.assert_array_equal(audio, before)
    np.testing.assert_allclose(rig.archive.read(1)[0], before, rtol=0, atol=0.5 / 2**23)
    assert rig.slots.states[0].seconds < 1.5


def test_slot_that_cannot_be_written_is_tried_again(rig, monkeypatch):
    rig.handle(land(1))
    break_slots(monkeypatch)

    events = rig.handle(land(2))

    assert kinds(events) == ["TakeArchived", "Held"]
    assert events[-1] == Held(2, "the disk is full", "slot")
    assert rig.lander.held == (events[-1],)
    assert rig.tick(FIRST_RETRY) == []
    monkeypatch.undo()
    assert rig.tick(FIRST_RETRY) == []
    (landed,) = rig.tick(FIRST_RETRY)
    assert (landed.job, landed.slot, landed.take) == (2, 2, 2)
    assert landed.write_seconds == pytest.approx(3 * FIRST_RETRY)
    assert rig.lander.held == ()
    assert rig.tick(100.0) == []


def test_pauses_grow_up_to_a_bound(rig, monkeypatch):
    break_slots(monkeypatch)
    rig.handle(land(1))

    pauses = []
    for _ in range(8):
        pauses.append(rig.lander.due - rig.now)
        rig.tick(pauses[-1])

    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, LONGEST_RETRY, LONGEST_RETRY, LONGEST_RETRY]


def test_take_lands_although_the_archive_cannot_be_written(rig, monkeypatch):
    break_archive(monkeypatch)

    landed, held = rig.handle(land(1))

    assert (landed.take, landed.slot) == (None, 1)
    assert held == Held(1, "the disk is full", "archive")
    assert rig.takes() == [None] * 3
    assert not rig.slots.states[0].foreign
    monkeypatch.undo()
    assert rig.tick(FIRST_RETRY) == [TakeArchived(1, 1, "output001.wav")]
    assert rig.told[-1].slots[0].take == 1
    assert (rig.archive.get(1).slot, rig.archive.get(1).landed_at) == (1, 5000.0)
    np.testing.assert_allclose(rig.archive.read(1)[0], noise(seed=1), atol=1e-6)


def test_nothing_can_be_written(rig, monkeypatch):
    break_archive(monkeypatch)
    break_slots(monkeypatch)

    assert rig.handle(land(1)) == [Held(1, "the disk is full", "archive and slot")]
    monkeypatch.undo()
    break_archive(monkeypatch)
    landed, held = rig.tick(FIRST_RETRY)
    monkeypatch.undo()

    assert (landed.take, held.waits_for) == (None, "archive")
    assert kinds(rig.tick(10.0)) == ["TakeArchived"]


def test_all_that_is_in_the_way_is_told_once_each(rig, monkeypatch):
    def refused(text):
        def refuse(*_, **__):
            raise StorageError(text)

        return refuse

    monkeypatch.setattr(Archive, "store_encoded", refused("the archive is full"))
    monkeypatch.setattr(SlotLandings, "land", refused("the slot is held open"))

    assert rig.handle(land(1)) == [Held(1, "the archive is full; the slot is held open", "archive and slot")]
    assert rig.tick(FIRST_RETRY) == []
    (kept,) = rig.lander.unarchived
    assert (kept.record.job, kept.sample_rate) == (1, RATE)
    np.testing.assert_array_equal(kept.audio, noise(seed=1))
    monkeypatch.setattr(Archive, "store_encoded", refused("the slot is held open"))
    assert rig.tick(LONGEST_RETRY) == [Held(1, "the slot is held open", "archive and slot")]


def test_an_archived_take_that_waits_for_its_slot_is_no_unarchived_one(rig, monkeypatch):
    break_slots(monkeypatch)
    rig.handle(land(1))

    assert [held.job for held in rig.lander.held] == [1]
    assert rig.lander.unarchived == []


def test_silent_take_waits_for_the_archive_too(rig, monkeypatch):
    break_archive(monkeypatch)
    silent = LandTake(1, np.zeros((1, 9), np.float32), RATE, record(1), FragmentOptions())

    assert kinds(rig.handle(silent)) == ["Held", "LandFailed"]
    monkeypatch.undo()

    assert kinds(rig.tick(FIRST_RETRY)) == ["TakeArchived"]
    assert "silent" in rig.archive.get(1).reason


def test_order_within_a_slot_is_kept(rig, monkeypatch):
    """Take 1 waits for slot 1; takes 2 and 3 land beside it; take 4 must come after take 1."""
    real, held_open = SlotLandings.land, {1}

    def land_unless_open(self, number, *arguments, **options):
        if number in held_open:
            raise StorageError("held open")
        return real(self, number, *arguments, **options)

    monkeypatch.setattr(SlotLandings, "land", land_unless_open)
    told = [kinds(rig.handle(land(job)))[-1] for job in (1, 2, 3, 4)]
    assert told == ["Held", "Landed", "Landed", "Held"]
    assert rig.lander.held[1] == Held(4, "slot 1 still waits for the take of an earlier press", "slot")
    assert rig.takes() == [None, 2, 3]
    held_open.clear()

    landed = [event for event in rig.handle(land(5, slot=1)) if isinstance(event, Landed)]

    assert [(event.job, event.slot) for event in landed] == [(1, 1), (4, 1), (5, 1)]
    assert rig.takes() == [5, 2, 3]
    assert rig.lander.held == ()


def test_held_take_finds_another_slot_when_its_own_is_locked(rig, monkeypatch):
    break_slots(monkeypatch)
    rig.handle(land(1))
    rig.handle(land(2, slot=3))
    monkeypatch.undo()
    rig.handle(LockSlot(1, True))
    rig.handle(LockSlot(3, True))

    landed, failed = rig.tick(FIRST_RETRY)

    assert (landed.job, landed.slot) == (1, 2)
    assert isinstance(failed, LandFailed)
    assert "slot 3 is locked" in failed.reason
    assert rig.lander.held == ()


def test_too_many_held_takes(opened, tmp_path, monkeypatch):
    one = noise().nbytes
    rig = opened(LanderRig, tmp_path, held_bytes=5 * one)
    break_archive(monkeypatch)
    told = [event for job in (1, 2, 3, 4, 5) for event in rig.handle(land(job, spare=job == 3))]
    assert not [event for event in told if isinstance(event, GivenUp)]
    monkeypatch.undo()
    break_slots(monkeypatch)

    given_up = [event for event in rig.handle(land(6)) if isinstance(event, GivenUp)]
    monkeypatch.undo()
    break_archive(monkeypatch)
    given_up += [event for job in (7, 8) for event in rig.handle(land(job)) if isinstance(event, GivenUp)]

    assert [(event.job, event.take) for event in given_up] == [(6, 1), (3, None), (1, None)]
    assert {event.reason for event in given_up} == {"too many takes wait for the disk: make room"}
    assert [held.job for held in rig.lander.held] == [2, 4, 5, 7, 8]


def test_the_last_held_take_is_kept_whatever_its_size(opened, tmp_path, monkeypatch):
    rig = opened(LanderRig, tmp_path, held_bytes=1)
    break_archive(monkeypatch)

    assert kinds(rig.handle(land(1))) == ["Landed", "Held"]
    assert kinds(rig.handle(land(2))) == ["Landed", "Held", "GivenUp"]
    assert [held.job for held in rig.lander.held] == [2]


def test_finish_tries_everything_once_more(rig, monkeypatch):
    break_slots(monkeypatch)
    rig.handle(land(1))
    rig.handle(land(2))
    monkeypatch.undo()

    rig.lander.finish()

    assert rig.takes() == [1, 2, None]
    assert rig.lander.held == ()


def test_slot_files_changed_by_others_are_told(rig):
    rig.handle(land(1))
    (rig.folder / "output01.wav").unlink()
    before = len(rig.told)

    rig.tick(REFRESH / 2)
    assert len(rig.told) == before
    rig.tick(REFRESH / 2)

    assert rig.told[-1].slots[0].state == "free"
    assert len(rig.told) == before + 1

    rig.handle(land(2))
    (rig.folder / "output02.wav").unlink()
    rig.tick(REFRESH / 2)
    assert rig.takes() == [None, 2, None]
    rig.tick(REFRESH / 2)
    assert rig.takes() == [None, None, None]
    assert rig.lander.due == rig.now + REFRESH


def test_folder_pulled_and_back(rig, tmp_path):
    rig.handle(land(1))
    shutil.move(rig.folder, tmp_path.with_name("pulled"))

    (held,) = rig.handle(land(2))
    assert held.waits_for == "archive and slot"
    assert "gone" in held.reason

    shutil.move(tmp_path.with_name("pulled"), rig.folder)
    assert kinds(rig.tick(FIRST_RETRY)) == ["TakeArchived", "Landed"]
    assert rig.takes() == [1, 2, None]


def test_slot_file_held_open_as_on_windows(rig, monkeypatch):
    for job in (1, 2, 3):
        rig.handle(land(job))
    real = Path.replace

    def held_open(self, target):
        if Path(target).name == "output01.wav":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", held_open)
    monkeypatch.setattr("midifrag.fragment.files.PAUSE", 0.0)

    archived, held = rig.handle(land(4))

    assert archived.number == 4
    assert (held.waits_for, rig.takes()) == ("slot", [1, 2, 3])
    assert "it may not be written" in held.reason
    monkeypatch.undo()
    assert kinds(rig.tick(FIRST_RETRY)) == ["Landed"]
    assert rig.takes() == [4, 2, 3]


def test_a_disk_that_is_really_full(opened, tmp_path):
    """On a file system of 1 MB, where this is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.name != "posix" or os.system(f"mount -t tmpfs -o size=1m tmpfs '{disk}' 2>/dev/null") != 0:
        pytest.skip("no file system of a test's own here")
    try:
        rig = LanderRig(disk)
        rig.handle(land(1))
        (disk / "ballast").write_bytes(b"x" * 850_000)

        (held,) = rig.handle(land(2, seconds=1.0))

        assert "the disk is full" in held.reason
        assert sorted(path.name for path in disk.glob("*.wav")) == ["output01.wav"]
        assert [path.name for path in (disk / "archive").glob("*.wav")] == ["output001.wav"]
        (disk / "ballast").unlink()
        assert kinds(rig.tick(FIRST_RETRY)) == ["TakeArchived", "Landed"]
        assert rig.takes() == [1, 2, None]
        rig.close()
    finally:
        os.system(f"umount '{disk}'")


@pytest.fixture
def hangs(monkeypatch):
    """Have what is called ``name`` in ``module`` hang for files that ``stuck`` accepts, until the drive is set free."""
    monkeypatch.setattr(hands, "PATIENCE", 0.2)
    free = threading.Event()

    def hang(module, name, stuck=lambda *_: True):
        real = getattr(module, name)

        def work(*arguments, **options):
            if stuck(*arguments):
                assert free.wait(PATIENCE)
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, work)
        return free

    yield hang
    free.set()


def until(rig, condition):
    """Let time go by until something has come about."""
    told = []
    for _ in range(600):
        told += rig.tick(LONGEST_RETRY)
        if condition(told):
            return told
        time.sleep(0.05)
    raise AssertionError(f"did not come about: {told}")


def landed(told):
    return [(event.job, event.slot) for event in told if isinstance(event, Landed)]


def test_a_slot_whose_drive_hangs_stops_no_other_and_gets_its_take_when_it_is_back(rig, hangs):
    free = hangs(slot_file, "replace_file", lambda _source, target: target.name == "output01.wav")

    archived, held = rig.handle(land(1))
    assert isinstance(archived, TakeArchived)
    reason = f"{rig.folder / 'output01.wav'} does not answer: check its drive or its network; it is tried again"
    assert held == Held(1, reason, "slot")
    assert landed(event for job in range(2, 6) for event in rig.handle(land(job))) == [(2, 2), (3, 3), (4, 2), (5, 3)]
    # Whoever wants this very slot waits behind it.
    assert kinds(rig.handle(land(6, slot=1))) == ["TakeArchived", "Held"]
    assert isinstance(rig.handle(RestoreSlot(1))[0], Refused)
    rig.tick(REFRESH)
    assert rig.takes() == [None, 4, 5]

    free.set()

    assert landed(until(rig, lambda told: len(landed(told)) == 2)) == [(1, 1), (6, 1)]
    assert rig.takes() == [6, 4, 5]
    assert content_of(rig.folder / "output01.wav").job == 6
    assert content_of(rig.folder / ".midifrag" / "previous" / "output01.wav").job == 1
    assert len({content_of(rig.slots.path(slot)).landing for slot in (1, 2, 3)}) == 3
    assert rig.lander.held == ()
    assert [take.slot for take in rig.archive.find()] == [1, 3, 2, 3, 2, 1]


def test_a_lock_that_comes_while_a_drive_hangs_counts_from_the_next_landing_on(rig, hangs):
    free = hangs(slot_file, "replace_file", lambda _source, target: target.name == "output01.wav")
    assert kinds(rig.handle(land(1))) == ["TakeArchived", "Held"]
    rig.handle(LockSlot(1, True))
    rig.tick(LONGEST_RETRY)
    free.set()
    assert landed(until(rig, landed)) == [(1, 1)]
    assert landed(rig.handle(land(2))) == [(2, 2)]
    assert rig.takes()[:2] == [1, 2]
    assert kinds(rig.handle(RestoreSlot(2))) != []


def test_what_comes_of_a_landing_that_nobody_asks_for_any_more_is_seen(rig, hangs):
    free = hangs(slot_file, "replace_file", lambda _source, target: target.name == "output01.wav")
    rig.handle(land(1))
    rig.slots.landings.leave(1)
    assert not rig.slots.refresh()
    free.set()
    deadline = time.monotonic() + PATIENCE
    while not rig.slots.refresh():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert rig.slots.states[0].state == "filled"
    assert not rig.slots.landings.is_landing(1, 1)


def test_a_slot_whose_drive_hangs_when_it_is_looked_at_stops_no_other(rig, hangs):
    for job in (1, 2, 3):
        rig.handle(land(job))
    free = hangs(slot_file, "signature_of", lambda path: path.name == "output02.wav")
    (rig.folder / "output03.wav").unlink()

    rig.tick(REFRESH)

    assert rig.takes() == [1, 2, None]
    assert landed(event for job in (4, 5, 6) for event in rig.handle(land(job))) == [(4, 1), (5, 3), (6, 1)]
    free.set()


def test_an_archive_whose_drive_hangs_stops_no_landing_and_gets_each_take_once(rig, hangs):
    free = hangs(Archive, "store_encoded")

    first = [event for job in (1, 2, 3) for event in rig.handle(land(job))]

    assert landed(first) == [(1, 1), (2, 2), (3, 3)]
    assert [event.waits_for for event in first if isinstance(event, Held)] == ["archive"] * 3
    assert "archive does not answer" in rig.lander.held[0].reason
    assert [take.record.job for take in rig.lander.unarchived] == [1, 2, 3]
    (refused,) = rig.handle(StarTake(1, True))
    assert "does not answer" in refused.reason
    assert kinds(rig.handle(LandArchived(9, 1, FragmentOptions(), slot=2))) == ["Held"]

    free.set()

    told = until(rig, lambda told: not rig.lander.held and landed(told))
    assert sorted(event.number for event in told if isinstance(event, TakeArchived)) == [1, 2, 3]
    assert landed(told) == [(9, 2)]
    # What is noted of a landing may wait for a busy disk.
    assert rig.lander._hand._hand.later(lambda: True).result(PATIENCE)
    assert [(take.prompt, take.slot) for take in rig.archive.find()] == [
        ("prompt 3", 3),
        ("prompt 2", 2),
        ("prompt 1", 2),
    ]
    assert len(list((rig.folder / "archive").glob("*.wav"))) == 3


def test_a_disk_that_hangs_when_a_take_is_forced_to_it_holds_nothing_up(rig, hangs):
    free = hangs(Archive, "settle")

    assert kinds(rig.handle(land(1))) == ["TakeArchived", "Landed"]
    assert kinds(rig.handle(land(2))) == ["Landed", "Held"]
    free.set()
    until(rig, lambda _told: not rig.lander.held)
    assert rig.archive.count() == 2


def test_what_asked_for_an_archived_take_of_a_drive_that_never_came_back_is_told(rig, hangs):
    rig.handle(land(1))
    hangs(Archive, "get")
    rig.handle(LandArchived(9, 1, FragmentOptions()))
    before = len(rig.told)

    rig.lander.finish()

    assert rig.since(before) == [LandFailed(9, f"{rig.folder / 'archive'} does not answer", 1)]


def test_what_is_cancelled_while_the_archive_does_not_answer_has_its_outcome_at_once(rig, hangs):
    rig.handle(land(1))
    free = hangs(Archive, "read")
    again = LandArchived(2, 1, FragmentOptions(), arrival=Arrival(rig.lander._monotonic() + 30))
    rig.lander.announce(again)
    assert kinds(rig.handle(again)) == ["Held"]
    rig.lander.cancel(2)
    rig.told.clear()
    rig.lander.tick()
    assert kinds(rig.told) == ["LandCancelled"]
    free.set()
    rig.told.clear()
    rig.lander.tick()
    assert kinds(rig.told) == []
