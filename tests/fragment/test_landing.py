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
from midifrag.fragment.source_sounds import SourceSounds
from midifrag.fragment.waiting import CANCELLED, PATIENCE
from midifrag.fragment.writer_commands import (
    ArchiveOnly,
    Arrival,
    LandArchived,
    LandTake,
    LockSlot,
    Recut,
    SlotPlaying,
)
from midifrag.fragment.writer_events import Held, LandCancelled, Landed, LandFailed, SlotsChanged, TakeArchived
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


def test_nothing_is_prepared_and_no_sound_is_read_beyond_the_end(rig, monkeypatch):
    ended = []
    for kind in (Preparer, SourceSounds):
        monkeypatch.setattr(kind, "close", lambda self: ended.append(self))
    rig.lander.finish()
    assert ended == [rig.lander._preparer, rig.lander.sounds]


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


def test_a_take_with_a_length_in_music_lands_so_long_and_is_archived_as_it_was_rendered(rig):
    length = MusicalLength(1, "beats", 128)
    command = dataclasses.replace(land(1, seconds=0.9), length=length, record=record(1, **fields_of(length)))

    _, landed = rig.handle(command)

    assert read_wav(landed.file)[0].shape[1] == round(60 / 128 * RATE)
    assert landed.seconds == round(60 / 128 * RATE) / RATE
    kept = rig.archive.get(1)
    assert (kept.beats, kept.bars, kept.bpm, kept.signature) == (1, None, 128, "4/4")
    assert rig.archive.read(1)[0].shape[1] == round(0.9 * RATE)


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
    reason = f"{rig.folder / 'archive'} does not answer: check its drive or its network; it is tried again"
    assert rig.handle(again) == [Held(2, reason, "slot")]
    # It is said once.
    assert rig.tick() == []
    rig.lander.cancel(2)
    assert rig.tick() == [LandCancelled(2, CANCELLED, 1)]
    assert not rig.lander.punctual.is_cancelled(2)
    free.set()
    # The archive is back when it has done what it was at.
    rig.lander._hand._hand.later(lambda: None).result(300)
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


def test_an_archive_that_is_behind_is_indexed_as_time_goes_by(rig):
    rig.archive._catching_up.behind = True
    for _ in range(20):
        rig.tick(INDEXING)
        rig.lander._hand.do(lambda _: None)
    assert not rig.archive.behind


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
