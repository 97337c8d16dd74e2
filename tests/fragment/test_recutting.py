"""Fragments of bars and beats that wait while the tempo moves."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import read_wav
from midifrag.fragment.holding import LONGEST_RETRY
from midifrag.fragment.length import MusicalLength, SecondsLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.recorded_length import fields_of
from midifrag.fragment.recutting import EACH, TOO_LATE, Times
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.slot_landings import SlotLandings
from midifrag.fragment.writer_commands import Arrival, CancelLanding, LandArchived, LandLast, LandTake, Recut
from midifrag.fragment.writer_events import Landed, Made, Waits
from midifrag.timeline import Signature
from tests.fragment.breaking import break_archive, full
from tests.fragment.sounds import RATE, land, noise, record
from tests.support.landers import LanderRig

COMMON = Signature()
BAR = MusicalLength(1, "bars", 120.0)


@pytest.fixture
def rig(opened, tmp_path):
    return opened(LanderRig, tmp_path, plays=True)


def a_bar(job: int, at: float | None = 110.0, length=BAR, **keys) -> LandTake:
    """A take of a bar at 120 BPM, with enough sound for slower ones."""
    return LandTake(
        job,
        noise(6.0, seed=job),
        RATE,
        record(job, **fields_of(length)),
        FragmentOptions(),
        arrival=Arrival(at),
        length=length,
        **keys,
    )


def recut(rig, job, bpm, signature=COMMON, seconds=EACH):
    """Have a job land in another time; what was told of it."""
    rig.lander.recut(Recut(job, bpm, signature))
    return rig.tick(seconds)


def samples(rig, slot=1):
    return read_wav(rig.folder / f"output{slot:02d}.wav")[0].shape[1]


@pytest.mark.parametrize(
    ("bpm", "signature", "seconds"), [(100.0, COMMON, 2.4), (240.0, COMMON, 1.0), (120.0, Signature(3, 4), 1.5)]
)
def test_what_waits_is_cut_for_the_time_that_it_lands_in(rig, bpm, signature, seconds):
    rig.handle(a_bar(1))

    made, waits = recut(rig, 1, bpm, signature)

    assert isinstance(made, Made)
    assert (made.job, made.audio.shape[1]) == (1, round(seconds * RATE))
    assert isinstance(waits, Waits)
    assert (waits.job, waits.slot, waits.at, waits.take) == (1, 1, 110.0, 1)
    assert waits.seconds == pytest.approx(seconds, abs=1 / RATE)
    rig.until(109.9)
    assert rig.takes() == [None, None, None]
    (landed,) = rig.until(110.0)
    assert (landed.job, landed.slot, samples(rig)) == (1, 1, round(seconds * RATE))
    assert len(rig.archive.find()) == 1
    assert [path.name for path in (rig.folder / ".midifrag").glob("work-*/*output*")] == []


def test_what_is_to_be_cut_anew_is_due_soon(rig):
    rig.handle(a_bar(1))
    before = rig.lander.due
    rig.lander.recut(Recut(1, 100.0, COMMON))
    assert before > rig.now + EACH == rig.lander.due


def test_a_time_that_was_told_while_a_take_was_on_its_way_counts(rig):
    take = a_bar(1)
    rig.lander.announce(take)
    recut(rig, 1, 100.0)
    made = next(event for event in rig.handle(take) if isinstance(event, Made))
    assert made.audio.shape[1] == round(2.4 * RATE)


def test_a_time_that_was_told_while_a_take_is_held_counts(rig, monkeypatch):
    with monkeypatch.context() as broken:
        break_archive(broken)
        broken.setattr(SlotLandings, "stage", full)
        rig.handle(a_bar(1, at=160.0))
        recut(rig, 1, 100.0)
        rig.tick()
    rig.tick(LONGEST_RETRY)
    rig.tick(EACH)
    rig.until(160.0)
    assert samples(rig) == round(2.4 * RATE)


def test_a_moment_that_moves_with_the_tempo_is_kept(rig):
    rig.handle(a_bar(1))
    rig.lander.punctual.move(1, 108.0)

    recut(rig, 1, 150.0)

    assert [event.job for event in rig.until(108.0) if isinstance(event, Landed)] == [1]
    assert samples(rig) == round(1.6 * RATE)


def test_what_a_clock_s_jitter_makes_of_it_and_lengths_in_seconds_are_left_alone(rig):
    rig.handle(a_bar(1))
    rig.handle(dataclasses.replace(land(2), arrival=Arrival(110.0)))
    rig.handle(a_bar(3, length=SecondsLength(1.5)))

    assert [*recut(rig, 1, 120.01), *recut(rig, 2, 60.0), *recut(rig, 3, 60.0)] == []


def test_what_is_left_as_it_is_keeps_no_other_from_being_cut_anew(rig):
    rig.handle(a_bar(1, length=SecondsLength(1.5)))
    rig.handle(a_bar(2))

    assert [event.job for event in recut(rig, 2, 100.0) if isinstance(event, Made)] == [2]


def test_what_cannot_be_cut_anew_keeps_no_other_from_it(rig):
    for job in (1, 2):
        rig.handle(a_bar(job))
    rig.lander.recut(Recut(1, 0.1, COMMON))

    assert [event.job for event in recut(rig, 2, 100.0) if isinstance(event, Made)] == [2]


def test_writing_took_as_long_as_both_cuts_did_and_not_as_long_as_it_waited(rig, monkeypatch):
    real = SlotLandings.stage

    def slowly(*given, **more):
        rig.now += 0.5
        return real(*given, **more)

    monkeypatch.setattr(SlotLandings, "stage", slowly)
    rig.handle(a_bar(1))
    rig.tick(3.0)
    recut(rig, 1, 100.0)

    (landed,) = rig.until(110.0)

    assert (landed.write_seconds, samples(rig)) == (pytest.approx(1.0), round(2.4 * RATE))


def test_the_time_of_a_job_that_is_over_is_kept_no_longer(rig):
    rig.handle(a_bar(1))
    recut(rig, 1, 100.0)
    rig.tick(EACH)
    assert rig.lander._times._wanted.keys() == {1}
    rig.until(110.0)
    rig.tick()
    assert rig.lander._times._wanted == {}


def test_a_tempo_that_moves_on_asks_for_a_cut_now_and_then_and_the_last_one_counts(rig):
    rig.handle(a_bar(1))

    told = [event for step in range(20) for event in recut(rig, 1, 100.0 + step, seconds=0.05)]
    told += rig.tick(EACH)

    assert 3 <= sum(isinstance(event, Made) for event in told) <= 6
    rig.until(110.0)
    assert samples(rig) == round(4 * 60 / 119 * RATE)


def test_nothing_is_cut_anew_shortly_before_it_lands(rig):
    rig.handle(a_bar(1, at=100.0 + 2 * TOO_LATE))
    rig.tick(1.5 * TOO_LATE)

    assert recut(rig, 1, 100.0, seconds=0.0) == []
    rig.until(100.0 + 2 * TOO_LATE)
    assert samples(rig) == 2 * RATE


def test_what_is_cancelled_while_its_tempo_moves_does_not_land(rig):
    rig.handle(a_bar(1))
    rig.lander.cancel(CancelLanding(1).job)

    assert not any(isinstance(event, Made | Waits) for event in recut(rig, 1, 100.0))
    assert not any(isinstance(event, Landed) for event in rig.until(120.0))
    assert rig.takes() == [None, None, None]


def test_a_fragment_that_came_from_its_slot_is_cut_from_its_take(rig, monkeypatch):
    rig.handle(a_bar(1, at=None))
    rig.handle(LandArchived(2, 1, FragmentOptions(), None, Arrival(110.0, bpm=120.0, signature=COMMON), (1, 1), BAR))
    real = Archive.read

    def gone(self, number):
        raise StorageError("the drive is gone")

    # Where its take cannot be had, it stays as it is, and lands.
    monkeypatch.setattr(Archive, "read", gone)
    assert recut(rig, 2, 150.0) == []
    monkeypatch.setattr(Archive, "read", real)
    made, _waits = recut(rig, 2, 100.0)
    assert made.audio.shape[1] == round(2.4 * RATE)
    rig.until(110.0)
    assert (samples(rig, 1), samples(rig, 2)) == (2 * RATE, round(2.4 * RATE))


def test_what_lies_in_a_slot_at_another_tempo_lands_again_from_the_archive(rig):
    rig.handle(a_bar(1, at=None))
    slower = BAR.at(100.0, COMMON)

    rig.handle(LandArchived(2, 1, FragmentOptions(), None, Arrival(bpm=100.0, signature=COMMON), (1, 1), slower))
    rig.handle(LandArchived(3, 1, FragmentOptions(), None, Arrival(bpm=120.0, signature=COMMON), (1, 1), BAR))

    assert (samples(rig, 2), samples(rig, 3)) == (round(2.4 * RATE), 2 * RATE)
    assert content_of(rig.folder / "output02.wav").take == 1
    one, other = (read_wav(rig.folder / f"output0{slot}.wav")[0] for slot in (1, 3))
    np.testing.assert_array_equal(one, other)


def test_what_is_not_archived_lands_again_as_it_lies_at_any_tempo(rig):
    rig.handle(a_bar(1, at=None))

    rig.handle(LandArchived(2, None, FragmentOptions(), None, Arrival(bpm=100.0), (1, 1), BAR.at(100.0, COMMON)))

    assert samples(rig, 2) == 2 * RATE


def test_a_command_that_waits_for_its_turn_is_done_in_the_time_that_was_said_since():
    times = Times()
    for job in (1, 2, 3):
        times.tell(Recut(job, 100.0, Signature(3, 4)))

    assert times.of(a_bar(1)).length == BAR.at(100.0, Signature(3, 4))
    archived = times.of(LandArchived(2, 1, FragmentOptions(), arrival=Arrival(bpm=120.0)))
    assert (archived.arrival, archived.length) == (Arrival(bpm=100.0, signature=Signature(3, 4)), None)
    assert times.of(LandLast(3, "one", "pad", FragmentOptions())).arrival.bpm == 100.0
    assert times.of(a_bar(4)).length == BAR
    times.keep({2})
    assert times.of(a_bar(1)).length == BAR
