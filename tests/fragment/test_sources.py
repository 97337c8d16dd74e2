"""What lands again: from the slot where it lies, or from the archive."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from midifrag.errors import StorageError
from midifrag.fragment import slot_file
from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import CANCELLED
from midifrag.fragment.recorded_length import fields_of
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.writer_commands import ArchiveOnly, Arrival, LandArchived, LandLast
from midifrag.fragment.writer_events import Landed, LandFailed
from midifrag.timeline import Signature
from tests.fragment.sounds import RATE, land, noise, record
from tests.support.landers import LanderRig


@pytest.fixture
def rig(opened, tmp_path):
    return opened(LanderRig, tmp_path)


def kinds(events):
    return [type(event).__name__ for event in events]


def landed(events):
    return [(event.job, event.slot) for event in events if isinstance(event, Landed)]


def full(*_, **__):
    raise StorageError("the disk is full")


def again(job, take, **keys):
    return LandArchived(job, take, FragmentOptions(), **keys)


def test_what_lies_in_its_slot_lands_again_from_there_as_it_is(rig, monkeypatch):
    rig.handle(land(1))
    monkeypatch.setattr(Archive, "read", full)

    told = rig.handle(again(2, 1, source=(1, 1)))

    assert (landed(told), told[-1].take) == ([(2, 2)], 1)
    one, other = (read_wav(rig.folder / f"output0{slot}.wav")[0] for slot in (1, 2))
    assert (one == other).all()
    assert content_of(rig.folder / "output02.wav").prompt == "prompt 1"
    assert len(list((rig.folder / "archive").glob("*.wav"))) == 1


def test_what_is_not_archived_yet_lands_again_from_its_slot(rig, monkeypatch):
    monkeypatch.setattr(Archive, "store_encoded", full)
    rig.handle(land(1))

    told = rig.handle(again(2, None, source=(1, 1), arrival=Arrival(100.5)))

    assert kinds(told) == ["Waits"]
    assert landed(rig.until(100.5)) == [(2, 2)]
    assert [held.job for held in rig.lander.held] == [1]


def test_what_lies_in_its_slot_no_more_lands_again_from_the_archive(rig):
    rig.handle(land(1, slot=1))
    rig.handle(land(2, slot=1))

    told = rig.handle(again(3, 1, source=(1, 1)))

    assert (landed(told), told[-1].take) == ([(3, 1)], 1)
    (failed,) = rig.handle(again(4, None, source=(1, 1)))
    assert failed == LandFailed(4, "its take is not archived yet")


def last(job, preset, **keys):
    return LandLast(job, "opening", preset, FragmentOptions(), **keys)


def test_the_newest_take_of_a_preset_lands(rig):
    for job, preset in ((1, "rain"), (2, "rain"), (3, "kick")):
        rig.handle(land(job, preset=preset, bank="opening"))
    rig.handle(land(4, preset="rain", bank="other"))

    told = rig.handle(last(5, "rain"))

    assert (told[-1].take, landed(told)) == (2, [(5, 2)])


def test_takes_that_nothing_can_be_made_of_are_passed_over(rig):
    rig.handle(land(1, preset="rain", bank="opening"))
    rig.handle(dataclasses.replace(land(2, preset="rain", bank="opening"), audio=noise() * 0))

    assert rig.handle(last(3, "rain"))[-1].take == 1


def test_where_a_preset_has_no_take_that_is_said(rig):
    assert rig.handle(last(1, "rain")) == [LandFailed(1, "there is no earlier take of it in the archive")]
    assert isinstance(rig.handle(land(2))[-1], Landed)


def test_a_slot_that_cannot_be_read_is_no_reason_not_to_ask_the_archive(rig, monkeypatch):
    rig.handle(land(1))
    monkeypatch.setattr(slot_file.SlotFile, "read", full)

    assert landed(rig.handle(again(2, 1, source=(1, 1)))) == [(2, 2)]


def test_what_somebody_recorded_over_is_not_what_landed(rig):
    rig.handle(land(1))
    (rig.folder / "output01.wav").write_bytes(b"my own")

    rig.handle(again(2, 1, source=(1, 1)))

    assert content_of(rig.folder / "output02.wav").take == 1


def test_a_cancelled_take_is_as_good_as_any_other_reason_is_not(rig):
    rig.handle(land(1, preset="rain", bank="opening"))
    for job, reason in ((2, CANCELLED), (3, "out of memory")):
        rig.handle(ArchiveOnly(job, noise(seed=job), RATE, record(job, preset="rain", bank="opening"), reason))

    assert rig.handle(last(4, "rain"))[-1].take == 2


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
