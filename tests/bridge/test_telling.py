"""What is told of a job, and what its pad shows."""

from __future__ import annotations

import pytest

from midifrag.bridge.job_table import JobTable
from midifrag.bridge.jobs import Origin, PressedPad, RenderJob, request
from midifrag.bridge.telling import Telling
from midifrag.clock import ManualClock
from midifrag.config.parameters import Preset
from midifrag.events import JobChanged, JobTimes, Notice
from midifrag.fragment.options import FragmentOptions
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState, NoticeLevel, PadState

KEY = PadKey(36, 10)
PRESSED = Origin(JobKind.PAD, "opening", "Rain", PressedPad(KEY, 36, 10, "pads"))
TYPED = Origin(JobKind.PROMPT, "opening", "rain")
PRESET = Preset(prompt="rain", steps=9, seconds=2.0, seed=4)


class Rig:
    def __init__(self):
        self.jobs, self.told, self.clock = JobTable(), [], ManualClock()
        self.telling = Telling(self.jobs, self.told.append, self.clock)

    def job(self, state=JobState.QUEUED, origin=PRESSED):
        number = self.jobs.next_number()
        made = RenderJob(
            number=number,
            origin=origin,
            prompt="rain",
            times=JobTimes(1.0),
            state=state,
            model="pocket",
            preset=PRESET,
            render=request(PRESET, number, 4),
            options=FragmentOptions(),
        )
        self.jobs.add(made)
        return made

    def news(self):
        """What was told: of jobs and pads the job, the state and the text."""
        told, self.told[:] = list(self.told), []
        return [(type(one) is JobChanged, one.job, one.state, one.text) for one in told]


@pytest.fixture
def rig():
    return Rig()


def test_a_job_that_moves_on_is_told_to_all_and_then_on_its_pad(rig):
    rig.clock.time = 5.0
    rig.telling.tell(rig.job())
    assert rig.told[1].time == 5.0
    assert rig.news() == [(True, 1, JobState.QUEUED, ""), (False, 1, PadState.QUEUED, "")]


def test_a_typed_prompt_shows_on_no_pad(rig):
    job = rig.job(origin=TYPED)
    rig.telling.show(job)
    assert rig.news() == []
    rig.telling.tell(job)
    assert rig.news() == [(True, 1, JobState.QUEUED, "")]


def test_a_job_that_ends_is_told_and_forgotten(rig):
    job = rig.job()
    rig.telling.end(job, JobState.FAILED, "no slot is free")
    text = "no slot is free"
    assert rig.news() == [(True, 1, JobState.FAILED, text), (False, 1, PadState.FAILED, text)]
    assert (job.state, job.text, rig.jobs.get(1)) == (JobState.FAILED, text, None)


def test_a_pad_whose_press_is_cancelled_shows_its_other_one(rig):
    first, second = rig.job(), rig.job(JobState.RENDERING)
    rig.telling.end(first, JobState.CANCELLED, "cancelled")
    assert rig.news() == [(True, 1, JobState.CANCELLED, "cancelled"), (False, 2, PadState.RENDERING, "")]
    rig.telling.end(second, JobState.CANCELLED, "cancelled")
    assert rig.news()[1][1] == 2


def test_a_pad_whose_press_landed_shows_that(rig):
    first, _ = rig.job(), rig.job()
    rig.telling.end(first, JobState.LANDED, "")
    assert rig.news()[1] == (False, 1, PadState.LANDED, "")


def test_a_job_that_is_let_go_is_over_and_remembered(rig):
    job = rig.job()
    rig.telling.let_go(job)
    assert rig.news()[0] == (True, 1, JobState.CANCELLED, "cancelled")
    assert rig.jobs.get(1) is None
    assert rig.jobs.recall(1) is job


def test_a_press_that_is_not_taken_is_told_with_the_reason(rig):
    rig.job()
    rig.telling.refuse(PRESSED, "rain", "too many wait", 3.0)
    assert (rig.told[0].times, rig.told[0].prompt) == (JobTimes(3.0), "rain")
    assert rig.news() == [(True, 2, JobState.REFUSED, "too many wait"), (False, 2, PadState.REFUSED, "too many wait")]
    assert rig.jobs.get(2) is None


def test_a_pad_is_busy_with_what_renders_else_with_what_waits_first(rig):
    assert rig.telling.busy_with("opening", KEY) is None
    first, second = rig.job(), rig.job()
    assert rig.telling.busy_with("opening", KEY) is first
    second.state = JobState.RENDERING
    assert rig.telling.busy_with("opening", KEY) is second
    assert rig.telling.busy_with("other", KEY) is None
    rig.job(origin=TYPED)
    assert rig.telling.busy_with("opening", None) is None


def test_a_notice_is_told_as_it_is(rig):
    rig.telling.notice(NoticeLevel.WARNING, "mind the gap")
    assert rig.told == [Notice(NoticeLevel.WARNING, "mind the gap")]
