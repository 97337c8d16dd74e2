"""A take with the writer, and what becomes of its job."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from midifrag.bridge.boundaries import Boundaries
from midifrag.bridge.job_table import JobTable
from midifrag.bridge.jobs import Origin, RenderJob, request
from midifrag.bridge.landings import Landings
from midifrag.bridge.take_records import take_record
from midifrag.bridge.telling import Telling
from midifrag.clock import ManualClock
from midifrag.config.parameters import Preset
from midifrag.config.press_request import LandRequest
from midifrag.engine.messages import Rendered
from midifrag.events import JobChanged, JobTimes, Notice
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.writer_commands import ArchiveOnly, Arrival, LandArchived, LandTake, LockSlot
from midifrag.fragment.writer_events import GivenUp, Held, Landed, LandFailed, Refused, TakeArchived
from midifrag.states import JobKind, JobState, NoticeLevel
from midifrag.timeline import Signature, Timeline
from tests.support.bridges import INFO

PRESET = Preset(prompt="rain", steps=9, seconds=2.0, seed=4)
AUDIO = np.zeros((2, 4), np.float32)
TAKE = Rendered(1, AUDIO, 44100, {"seed": 6}, 0.5, ("no such word",))
OPTIONS = FragmentOptions()
LINE = Timeline(120, 0.0)
#: When it is ready, in the time of these tests.
ARRIVAL = Arrival(bpm=90.0, signature=Signature(3, 4))


class Rig:
    def __init__(self):
        self.jobs, self.told, self.written, self.clock = JobTable(), [], [], ManualClock()
        self.time = Timeline(90.0, 0.0, signature=Signature(3, 4))
        telling = Telling(self.jobs, self.told.append, self.clock)
        self.boundaries = Boundaries(self.jobs, telling, self.written.append, self.clock, lambda: LINE)
        self.landings = Landings(
            self.jobs,
            telling,
            self.written.append,
            {"pocket": INFO}.get,
            self.clock,
            self.boundaries,
            lambda: self.time,
        )

    def job(self, **keys):
        number = self.jobs.next_number()
        made = RenderJob(
            number=number,
            origin=Origin(JobKind.PROMPT, "opening", "rain"),
            prompt="rain",
            times=JobTimes(1.0),
            model="pocket",
            preset=PRESET,
            render=request(PRESET, number, 4),
            options=OPTIONS,
            **keys,
        )
        self.jobs.add(made)
        return made

    def hears(self, event):
        """What is told of what the writer reports: of jobs state and text, else the notice."""
        self.told.clear()
        self.landings.on_writer(event)
        return [(one.state, one.text) if isinstance(one, JobChanged) else one for one in self.told]


@pytest.fixture
def rig():
    return Rig()


@pytest.mark.parametrize(("spare", "state"), [(False, JobState.RENDERING), (True, JobState.QUEUED)])
def test_a_take_is_handed_over_and_its_job_waits_for_the_writer(rig, spare, state):
    job = rig.job(slot=3, spare=spare, stalled=True, notes=("before",))
    rig.landings.land(job, TAKE)
    assert (job.state, job.writing, job.stalled, job.text) == (state, True, False, "writing")
    assert (job.notes, job.used, job.engine_seconds) == (("before", "no such word"), {"seed": 6}, 0.5)
    record = take_record(job, TAKE, INFO, rig.clock)
    assert rig.written == [LandTake(1, AUDIO, 44100, record, OPTIONS, 3, ARRIVAL)]


@pytest.mark.parametrize("take", [TAKE, None])
def test_what_must_not_land_is_archived_with_the_reason(rig, take):
    job = rig.job()
    rig.landings.archive(job, AUDIO, 44100, "cancelled", take)
    record = take_record(job, take, INFO, rig.clock)
    assert rig.written == [ArchiveOnly(1, AUDIO, 44100, record, "cancelled")]
    assert job.writing is False


def test_an_archived_take_becomes_a_job_of_its_own(rig):
    rig.clock.time = 7.0
    rig.landings.land_archived(12, 3, "opening", OPTIONS, LandRequest())
    job = rig.jobs.get(1)
    assert (job.origin, job.prompt) == (Origin(JobKind.TAKE, "opening", "take 12"), "take 12")
    assert (job.slot, job.times, job.state, job.writing) == (3, JobTimes(7.0), JobState.RENDERING, True)
    assert rig.written == [LandArchived(1, 12, OPTIONS, 3, ARRIVAL)]


def test_a_take_that_is_archived_is_noted_and_not_told(rig):
    job = rig.job()
    assert rig.hears(TakeArchived(1, 12, "output012.wav")) == []
    assert (job.take, job.archived) == (12, "output012.wav")
    assert rig.hears(TakeArchived(99, 13, "output013.wav")) == []


@pytest.mark.parametrize(("told", "take"), [(None, 12), (13, 13)])
def test_a_fragment_that_landed_ends_its_job_with_all_that_is_to_be_said(rig, told, take):
    job = rig.job(take=12, notes=("no such word",))
    rig.clock.time = 9.0
    landed = Landed(1, 2, Path("f") / "output02.wav", told, 1.5, 1000.0, 0.25, ("too quiet",), 2.0)
    assert rig.hears(landed) == [(JobState.LANDED, "no such word; too quiet")]
    assert (job.slot, job.file, job.take) == (2, str(Path("f") / "output02.wav"), take)
    assert (job.times.landed, job.fragment_seconds, job.write_seconds) == (9.0, 1.5, 0.25)
    assert (job.changed().fragment_bars, job.changed().label) == (2.0, job.origin.label)
    assert rig.jobs.get(1) is None
    assert rig.hears(landed) == []


def test_an_archived_take_lands_with_the_writer_s_notes_alone(rig):
    rig.landings.land_archived(12, None, "opening", OPTIONS, LandRequest())
    landed = Landed(1, 2, Path("output02.wav"), 12, 1.5, 1000.0, 0.25, ("too quiet",))
    assert rig.hears(landed) == [(JobState.LANDED, "too quiet")]


@pytest.mark.parametrize("kind", [LandFailed, GivenUp])
@pytest.mark.parametrize(("told", "take"), [(None, 12), (13, 13)])
def test_a_take_that_will_not_land_fails_its_job(rig, kind, told, take):
    job = rig.job(take=12)
    assert rig.hears(kind(1, "no slot is free", told)) == [(JobState.FAILED, "no slot is free")]
    assert (job.take, rig.jobs.get(1)) == (take, None)


@pytest.mark.parametrize("kind", [LandFailed, GivenUp])
def test_of_a_job_that_is_over_only_a_take_that_is_lost_is_told(rig, kind):
    assert rig.hears(kind(9, "too many wait", 13)) == []
    assert rig.hears(kind(9, "too many wait")) == [
        Notice(NoticeLevel.ERROR, "the take of job 9 is lost: too many wait")
    ]


def test_a_take_that_is_held_is_told_each_time_and_its_job_once(rig):
    job = rig.job()
    held = Held(1, "the disk is full", "archive")
    notice = Notice(NoticeLevel.ERROR, "the disk is full")
    assert rig.hears(held) == [notice, (JobState.HELD, "the disk is full")]
    assert rig.hears(dataclasses.replace(held, reason="no drive")) == [Notice(NoticeLevel.ERROR, "no drive")]
    assert (job.state, job.text, rig.jobs.get(1)) == (JobState.HELD, "the disk is full", job)
    assert rig.hears(Held(9, "the disk is full", "slot")) == [notice]


def test_a_command_that_was_refused_is_told(rig):
    refused = Refused(LockSlot(9, True), "there is no slot 9")
    assert rig.hears(refused) == [Notice(NoticeLevel.WARNING, "there is no slot 9")]
