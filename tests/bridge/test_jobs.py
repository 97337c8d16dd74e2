"""What is told of a job, and what an engine is asked for."""

from __future__ import annotations

import pytest

from midifrag.bridge.jobs import request
from midifrag.engine.messages import Render
from midifrag.events import JobChanged, JobTimes, PadChanged
from midifrag.states import JobKind, JobState, PadState
from tests.bridge.made_jobs import KEY, PRESET, PRESSED, TIMES, TYPED, render_job, take_job


def test_watchers_are_told_all_of_a_job():
    job = take_job(
        slot=3,
        state=JobState.LANDED,
        take=7,
        archived="output007.wav",
        file="output03.wav",
        text="quiet",
        fragment_seconds=1.5,
        write_seconds=0.25,
        fragment_bars=2.0,
        loop=True,
    )
    job.reached(started=3.0, landed=4.0)
    assert job.changed() == JobChanged(
        1,
        JobKind.TAKE,
        JobState.LANDED,
        "take 7",
        "opening",
        None,
        JobTimes(1.0, queued=2.0, started=3.0, landed=4.0),
        slot=3,
        file="output03.wav",
        take=7,
        archived="output007.wav",
        text="quiet",
        fragment_seconds=1.5,
        write_seconds=0.25,
        label="take 7",
        fragment_bars=2.0,
        loop=True,
    )
    assert job.pad_changed(9.0) is None


def test_watchers_are_told_how_far_a_render_is_and_what_made_it():
    job = render_job(step=2, of=8, spare=True, used={"steps": 8}, engine_seconds=0.5, take=4)
    assert job.changed() == JobChanged(
        1,
        JobKind.PAD,
        JobState.QUEUED,
        "rain",
        "opening",
        KEY,
        TIMES,
        step=2,
        of=8,
        take=4,
        spare=True,
        used={"steps": 8},
        engine_seconds=0.5,
        label="Rain",
        model="pocket",
    )


def test_a_pad_shows_its_job_and_progress_only_while_it_renders():
    job = render_job(number=5, state=JobState.RENDERING, text="writing")
    shown = PadChanged("opening", KEY, "pads", 10, 36, PadState.RENDERING, "red", 9.0, job=5, text="writing")
    assert job.pad_changed(9.0) == shown
    job.step, job.of = 2, 8
    assert job.pad_changed(9.0).progress == 0.25
    job.state = JobState.HELD
    assert (job.pad_changed(9.0).state, job.pad_changed(9.0).progress) == (PadState.HELD, None)
    assert render_job(origin=TYPED, state=JobState.RENDERING, step=1, of=2).pad_changed(9.0) is None


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RENDERING])
def test_a_pad_shows_that_its_engine_stalls_while_it_waits_for_it(state):
    job = render_job(number=5, state=state, stalled=True, text="pocket shows no progress", step=1, of=4)
    shown = PadChanged("opening", KEY, "pads", 10, 36, PadState.STALLED, "red", 9.0, job=5, text=job.text)
    assert job.pad_changed(9.0) == shown
    job.state = JobState.LANDED
    assert job.pad_changed(9.0).state is PadState.LANDED
    assert render_job(origin=TYPED, stalled=True).pad_changed(9.0) is None


def test_the_place_of_a_job_is_its_bank_and_pad():
    assert (PRESSED.place, TYPED.place) == (("opening", KEY), ("opening", None))


def test_a_pads_rule_says_what_becomes_of_a_lost_render_and_a_typed_one_is_queued_again():
    assert (render_job().on_lost, render_job(origin=TYPED).on_lost) == ("fail", "queue")


def test_an_engine_is_asked_for_all_that_a_preset_says():
    assert request(PRESET, 5, 77) == Render(
        5,
        "rain",
        negative_prompt="thunder",
        steps=9,
        cfg_scale=3.0,
        seconds=2.0,
        seed=77,
        sampler="euler",
        sigma_min=0.1,
        sigma_max=50.0,
    )
    assert request(PRESET, 5, 77, spare=True).spare
