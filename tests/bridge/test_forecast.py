"""Predicted landings."""

import dataclasses

import pytest

from midifrag.bridge.forecast import MARGIN, Forecast
from midifrag.events import JobChanged, JobTimes
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState

LANDED = JobChanged(1, JobKind.PAD, JobState.LANDED, "rain", "one", PadKey(36), JobTimes(0.0), engine_seconds=4.0)


KEY = PadKey(36)


def job(number, state, pad=KEY, *, step=0, of=0, started=None, spare=False):
    times = JobTimes(0.0, started=started)
    return JobChanged(number, JobKind.PAD, state, "rain", "one", pad, times, step, of, spare=spare)


@pytest.fixture
def forecast():
    made = Forecast()
    made.learn(LANDED)
    made.learn(dataclasses.replace(LANDED, pad=PadKey(37), engine_seconds=10.0))
    return made


def test_nothing_is_said_before_anything_was_rendered():
    assert Forecast().landings([job(1, JobState.QUEUED)], 0.0) == {}
    assert Forecast().render_seconds("one", PadKey(36)) is None


def test_a_pad_takes_as_long_as_it_took_and_others_as_long_as_usual(forecast):
    assert forecast.render_seconds("one", PadKey(36)) == 4.0
    assert forecast.render_seconds("one", PadKey(50)) == 7.0
    assert forecast.render_seconds("one", None) == 7.0


def test_only_what_landed_teaches(forecast):
    forecast.learn(dataclasses.replace(LANDED, state=JobState.FAILED, engine_seconds=99.0))
    assert forecast.render_seconds("one", PadKey(36)) == 4.0


def test_steps_tell_more_than_the_past(forecast):
    running = job(1, JobState.RENDERING, step=25, of=100, started=10.0)
    assert forecast.landings([running], now=12.0) == {1: 6.0}


def test_before_the_first_step_the_past_counts(forecast):
    assert forecast.landings([job(1, JobState.RENDERING, started=10.0)], now=11.0) == {1: 3.0}
    assert forecast.landings([job(1, JobState.RENDERING, started=10.0)], now=99.0) == {1: 0.0}


def test_what_waits_lands_after_what_is_ahead(forecast):
    jobs = [
        job(3, JobState.QUEUED, PadKey(36)),
        job(1, JobState.RENDERING, step=1, of=2, started=0.0),
        job(2, JobState.QUEUED, PadKey(37)),
    ]
    assert forecast.landings(jobs, now=2.0) == {1: 2.0, 2: 12.0, 3: 16.0}


def test_a_spare_waits_for_nobody(forecast):
    jobs = [job(1, JobState.RENDERING, step=1, of=2, started=0.0), job(2, JobState.QUEUED, spare=True)]
    assert forecast.landings(jobs, now=2.0)[2] == 0.0


def test_files_take_as_long_as_nearly_all_of_them_took():
    forecast = Forecast()
    assert [forecast.write_seconds(others) for others in (0, 3)] == pytest.approx([0.1, 0.4])
    for seconds in (*[0.02] * 38, 0.3, 5.0):
        forecast.learn(dataclasses.replace(LANDED, engine_seconds=None, write_seconds=seconds))
    assert [forecast.write_seconds(others) for others in (0, 3)] == pytest.approx([0.02, 0.08])
    for _ in range(3):
        forecast.learn(dataclasses.replace(LANDED, engine_seconds=None, write_seconds=0.3))
    assert forecast.write_seconds(0) == pytest.approx(0.3)


def test_an_estimate_is_render_queue_and_file(forecast):
    jobs = [job(1, JobState.RENDERING, step=1, of=2, started=0.0), job(2, JobState.QUEUED)]
    assert forecast.estimate(jobs, 2, 2.0, writing=1) == pytest.approx(2.0 + 4.0 + 0.2)
    assert forecast.estimate(jobs, 7, 2.0, writing=0) is None
    assert Forecast().estimate(jobs, 2, 2.0, writing=0) is None


def test_a_promise_leaves_room_for_how_far_estimates_were_off(forecast):
    assert forecast.careful(2.0) == pytest.approx(2.0 + MARGIN)
    for seconds in (1.0, 2.0, 3.0):
        forecast.review(2.0, seconds)
    forecast.review(0.0, 9.0)
    assert forecast.careful(2.0) == pytest.approx(3.0 + MARGIN)


def test_what_came_sooner_makes_no_promise_bolder(forecast):
    forecast.review(2.0, 0.5)
    assert forecast.careful(2.0) == pytest.approx(2.0 + MARGIN)


def test_one_outlier_among_many_counts_little(forecast):
    forecast.review(1.0, 50.0)
    for _ in range(39):
        forecast.review(1.0, 1.5)
    assert forecast.careful(1.0) == pytest.approx(1.5 + MARGIN)


def by(model, seconds, line=0.0, **keys):
    times = JobTimes(0.0, queued=1.0, started=1.0 + line)
    return dataclasses.replace(LANDED, model=model, engine_seconds=seconds, times=times, **keys)


def test_each_model_has_times_of_its_own():
    forecast = Forecast()
    forecast.learn(by("far", 4.0))
    forecast.learn(by("near", 1.0, pad=PadKey(37)))
    assert forecast.render_seconds("one", KEY, "far") == 4.0
    assert forecast.render_seconds("one", KEY, "near") == 1.0
    assert forecast.render_seconds("one", KEY, "other") is None
    # Of a pad at rest, who played it last.
    assert forecast.render_seconds("one", KEY) == 4.0
    forecast.learn(by("near", 2.0))
    assert forecast.render_seconds("one", KEY) == 2.0
    assert forecast.landings([dataclasses.replace(job(1, JobState.QUEUED), model="other")], 0.0) == {}


def test_the_way_to_an_engine_is_the_shortest_of_the_last_ones():
    forecast = Forecast()
    for line in (0.4, 0.1, 3.0):
        forecast.learn(by("far", 4.0, line))
    # One that was there before its press says nothing of the way.
    forecast.learn(by("far", 4.0, -2.0, spare=True))
    assert forecast.begin_seconds("far") == pytest.approx(0.1)
    assert forecast.begin_seconds("near") == 0.0
    queued = dataclasses.replace(job(1, JobState.QUEUED), model="far")
    assert forecast.landings([queued], 0.0) == {1: pytest.approx(4.1)}
