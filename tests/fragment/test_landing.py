"""What the writer does, command by command, with a clock of the test's own."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest
import soundfile

from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.holding import FIRST_RETRY, LONGEST_RETRY
from midifrag.fragment.landing import GIVE_WAY, INDEXING, REFRESH
from midifrag.fragment.length import MusicalLength, SecondsLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.preparing import Preparer
from midifrag.fragment.recorded_length import fields_of
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.waiting import PATIENCE
from midifrag.fragment.writer_commands import (
    AnnotateTake,
    ArchiveOnly,
    Arrival,
    LandArchived,
    LandTake,
    LockSlot,
    Recut,
    RestoreSlot,
    SlotPlaying,
    StarTake,
    TrashTake,
)
from midifrag.fragment.writer_events import Landed, LandFailed, Refused, SlotsChanged, TakeArchived, TakeChanged
from midifrag.timeline import Signature
from tests.fragment.breaking import break_archive, break_slots, kinds
from tests.fragment.sounds import RATE, land, noise, record
from tests.support.landers import LanderRig


@pytest.fixture
def rig(opened, tmp_path):
    return opened(LanderRig, tmp_path)


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


def test_what_is_told_of_a_landing_says_how_many_bars_it_is_long(rig):
    in_beats = fields_of(MusicalLength(6, "beats", 120.0, Signature(3, 4)))
    (_, landed) = rig.handle(land(7, **in_beats))
    assert landed.bars == 2.0


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


def test_take_that_was_prepared_with_other_options_is_cut_anew(rig):
    command = dataclasses.replace(land(7), options=FragmentOptions(bits=24))
    rig.prepare(command.audio, FragmentOptions())

    rig.handle(command)

    assert soundfile.info(rig.folder / "output01.wav").subtype == "PCM_24"


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


def test_what_was_prepared_for_this_tempo_lands_as_it_was_prepared(rig, monkeypatch):
    command = dataclasses.replace(land(1, seconds=0.9), length=MusicalLength(1, "beats", 128))
    rig.prepare(command.audio, command.options, command.length)
    monkeypatch.setattr("midifrag.fragment.sources.encode_fragment", None)

    _, landed = rig.handle(command)

    assert read_wav(landed.file)[0].shape[1] == round(60 / 128 * RATE)


def test_what_was_prepared_for_another_tempo_is_cut_anew(rig):
    command = dataclasses.replace(land(1, seconds=0.9), length=MusicalLength(1, "beats", 128))
    rig.prepare(command.audio, command.options, MusicalLength(1, "beats", 120))

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


def test_takes_are_deleted_and_put_back_and_what_lies_in_a_slot_stays(rig):
    rig.handle(land(1))
    (deleted,) = rig.handle(TrashTake(1, True))
    assert (deleted.record.file, rig.archive.count(), rig.takes()[0]) == ("trash/output001.wav", 0, 1)
    # Whoever still means it has it.
    landed = rig.handle(LandArchived(2, 1, FragmentOptions()))
    assert rig.takes() == [1, 1, None], landed
    (back,) = rig.handle(TrashTake(1, False))
    assert (back.record.file, rig.archive.count()) == ("output001.wav", 1)


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
        (TrashTake(3, True), NO_TAKE),
        (TrashTake(3, False), NO_TAKE),
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


def test_a_look_for_what_others_changed_gives_way_once_to_a_moment_that_is_near(rig, monkeypatch):
    rig.handle(land(1))
    (rig.folder / "output01.wav").unlink()
    rig.archive._catching_up.behind = True
    indexed: list[float] = []
    looked: list[float] = []
    monkeypatch.setattr(rig.lander._hand, "index_on", lambda: indexed.append(rig.now))
    monkeypatch.setattr(rig.lander.punctual, "is_near", lambda: True)
    monkeypatch.setattr(rig.lander.shared, "look", lambda: looked.append(rig.now))

    rig.tick(REFRESH)
    assert looked == []
    assert rig.takes() == [1, None, None]
    assert indexed == []
    rig.tick(GIVE_WAY)
    assert rig.takes() == [None, None, None]
    assert looked == [rig.now]

    monkeypatch.undo()
    rig.handle(land(2))
    (rig.folder / "output02.wav").unlink()
    rig.tick(REFRESH)
    assert rig.takes() == [None, None, None]


def test_folder_pulled_and_back(rig, tmp_path):
    rig.handle(land(1))
    shutil.move(rig.folder, tmp_path.with_name("pulled"))

    (held,) = rig.handle(land(2))
    assert held.waits_for == "archive and slot"
    assert "gone" in held.reason

    shutil.move(tmp_path.with_name("pulled"), rig.folder)
    assert kinds(rig.tick(FIRST_RETRY)) == ["TakeArchived", "Landed"]
    assert rig.takes() == [1, 2, None]


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
    # It is said once.
    assert rig.tick() == []
    rig.lander.cancel(2)
    assert kinds(rig.tick()) == ["LandCancelled"]
    assert not rig.lander.punctual.is_cancelled(2)
    free.set()
    rig.told.clear()
    rig.lander.tick()
    assert kinds(rig.told) == []


def test_what_cannot_land_is_expected_no_more(rig):
    gone = LandArchived(3, 77, FragmentOptions(), arrival=Arrival(rig.now + 30))
    silent = dataclasses.replace(land(4), audio=noise(0.1) * 0, arrival=Arrival(rig.now + 30))
    for one in (gone, silent):
        rig.lander.announce(one)
        assert "LandFailed" in kinds(rig.handle(one))
    assert rig.lander.punctual.expected() == set()


def test_an_archive_that_is_behind_is_looked_at_soon(rig):
    assert rig.lander.due == rig.now + REFRESH
    rig.archive._catching_up.behind = True
    assert rig.lander.due == rig.now + INDEXING


def test_a_cancel_wakes_the_writer_also_for_a_job_that_it_has_not_seen(opened, tmp_path):
    woken = []
    rig = opened(LanderRig, tmp_path, wake=lambda: woken.append(rig.now))
    rig.lander.cancel(1)
    assert len(woken) == 1


@pytest.mark.parametrize("news", [Recut(1, 100.0, Signature(4, 4)), SlotPlaying(1, True)])
def test_what_the_writer_is_to_take_in_wakes_it(opened, tmp_path, news):
    woken = []
    rig = opened(LanderRig, tmp_path, wake=lambda: woken.append(rig.now))
    match news:
        case Recut():
            rig.lander.recut(news)
        case SlotPlaying():
            rig.lander.play(news)
    assert len(woken) == 1


def test_slots_are_told_once_when_one_begins_to_sound(rig):
    rig.handle(land(1))
    rig.lander.play(SlotPlaying(1, True))
    before = len(rig.told)
    rig.tick()
    rig.tick()
    assert [type(one) for one in rig.told[before:]] == [SlotsChanged]


def test_what_should_have_landed_is_looked_for_when_its_drive_has_had_its_time(rig):
    moment = rig.now + 0.5
    rig.handle(dataclasses.replace(land(1), arrival=Arrival(moment)))
    rig.tick(REFRESH)
    assert rig.lander.due == moment + PATIENCE
