import pytest

from midifrag.bridge.jobs import REMEMBERED, Job, JobTable, Origin, PressedPad, RenderJob, request, take_record
from midifrag.clock import ManualClock
from midifrag.config.parameters import Preset
from midifrag.engine.messages import Render, Rendered
from midifrag.events import JobChanged, JobTimes, PadChanged
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState, PadState
from tests.support.bridges import INFO, Rig
from tests.support.shows import loaded, one_pad

KEY = PadKey(36, 10)
PAD = PressedPad(KEY, 36, 10, "pads", "red", on_lost="fail")
PRESSED = Origin(JobKind.PAD, "opening", "Rain", PAD)
TYPED = Origin(JobKind.PROMPT, "opening", "fog horn")
TIMES = JobTimes(1.0, queued=2.0)
PRESET = Preset(
    prompt="rain",
    negative_prompt="thunder",
    steps=9,
    cfg_scale=3.0,
    seconds=2.0,
    seed=4,
    sampler="euler",
    sigma_min=0.1,
    sigma_max=50.0,
)


def render_job(number=1, origin=PRESSED, state=JobState.QUEUED, **keys):
    return RenderJob(
        number=number,
        origin=origin,
        prompt="rain",
        times=TIMES,
        state=state,
        model="pocket",
        preset=PRESET,
        render=request(PRESET, number, 4),
        options=FragmentOptions(),
        **keys,
    )


def take_job(number=1, **keys):
    return Job(number=number, origin=Origin(JobKind.TAKE, "opening", "take 7"), prompt="take 7", times=TIMES, **keys)


def table(*jobs):
    made = JobTable()
    for job in jobs:
        made.add(job)
    return made


# --- what is told of a job -------------------------------------------------------------------------------------------


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


# --- the table -------------------------------------------------------------------------------------------------------


def test_numbers_are_given_once_and_jobs_stay_in_the_order_of_their_presses():
    jobs = JobTable()
    assert [jobs.next_number() for _ in range(3)] == [1, 2, 3]
    first, second, taken = render_job(2), render_job(1), take_job(3)
    for job in (first, second, taken):
        jobs.add(job)
    assert list(jobs) == [first, second, taken]
    assert (jobs.get(2), jobs.get(9)) == (first, None)
    assert (jobs.render_job(1), jobs.render_job(3), jobs.render_job(9)) == (second, None, None)
    jobs.drop(first)
    jobs.drop(first)
    assert list(jobs) == [second, taken]


@pytest.mark.parametrize(
    ("keys", "pending", "waiting"),
    [
        ({}, True, True),
        ({"cancelling": True}, False, False),
        ({"state": JobState.RENDERING}, True, False),
        ({"state": JobState.RENDERING, "writing": True}, False, False),
        ({"state": JobState.QUEUED, "writing": True}, False, False),
        ({"state": JobState.HELD}, False, False),
    ],
)
def test_a_job_is_pending_while_an_engine_works_for_it_and_waits_until_it_starts(keys, pending, waiting):
    job = render_job(**keys)
    jobs = table(job)
    assert (jobs.pending(), jobs.waiting()) == ([job] if pending else [], int(waiting))


def test_archived_takes_are_neither_pending_nor_waiting():
    jobs = table(take_job())
    assert (jobs.pending(), jobs.waiting()) == ([], 0)


def test_the_jobs_of_a_pad_are_those_of_its_bank():
    elsewhere = render_job(3, Origin(JobKind.PAD, "second", "Rain", PAD))
    mine, typed, written = render_job(1), render_job(2, TYPED), render_job(4, writing=True)
    jobs = table(mine, typed, elsewhere, written)
    assert jobs.pending("opening", KEY) == [mine]
    assert jobs.pending() == [mine, typed, elsewhere]
    assert jobs.on_pad("opening", KEY) == [mine, written]


def test_a_take_is_landing_while_it_is_written_unless_a_disk_holds_it_back():
    job = render_job()
    jobs = table(render_job(2), job)
    assert not jobs.landing()
    job.writing = True
    assert jobs.landing()
    job.state = JobState.HELD
    assert not jobs.landing()


@pytest.mark.parametrize("rule", ["ignore", "cancel", "replace"])
def test_a_take_that_is_being_written_is_no_longer_in_the_way_of_the_next_press(rule):
    rig = Rig(loaded(one_pad(on_repress=rule)))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    assert len(rig.engines.renders()) == 2
    assert rig.engines.cancels() == []


# --- what is asked of an engine and kept in the archive --------------------------------------------------------------


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


def test_a_record_has_what_really_made_the_take_and_wall_times():
    job = render_job(number=5, spare=True)
    job.reached(started=3.0, rendered=4.0)
    clock = ManualClock()
    clock.wall = lambda moment: moment + 1000
    event = Rendered(5, None, 44100, {"seed": 6, "steps": 8}, 0.5)
    assert take_record(job, event, INFO, clock) == TakeRecord(
        prompt="rain",
        preset="Rain",
        bank="opening",
        model="sketch",
        checksum="abc",
        seed=6,
        parameters={"seed": 6, "steps": 8},
        job=5,
        pressed_at=1001.0,
        started_at=1003.0,
        rendered_at=1004.0,
        spare=True,
    )


def test_a_record_of_a_take_that_failed_has_what_was_asked_for():
    record = take_record(render_job(), None, None, ManualClock())
    assert (record.model, record.checksum, record.seed) == ("pocket", "", 4)
    assert record.parameters == {
        "negative_prompt": "thunder",
        "steps": 9,
        "cfg_scale": 3.0,
        "seconds": 2.0,
        "seed": 4,
        "sampler": "euler",
        "sigma_min": 0.1,
        "sigma_max": 50.0,
    }
    assert (record.pressed_at, record.started_at, record.rendered_at, record.spare) == (1.0, None, None, False)


def test_a_take_of_which_nobody_says_the_seed_has_the_one_that_was_asked_for():
    event = Rendered(1, None, 44100, {"steps": 8}, 0.5)
    assert take_record(render_job(), event, INFO, ManualClock()).seed == 4


def test_a_take_that_no_seed_made_has_none():
    event = Rendered(1, None, 44100, {"seed": None}, 0.5)
    assert take_record(render_job(), event, INFO, ManualClock()).seed is None


def test_jobs_of_a_model_are_those_that_its_engine_still_works_for():
    waits, other, done = render_job(1), render_job(2), render_job(3, state=JobState.LANDED)
    other.model = "small"
    jobs = table(waits, other, done, take_job(4))
    assert jobs.of("pocket") == [waits]
    assert jobs.of("small") == [other]
    assert jobs.of("sketch") == []


def test_a_job_that_is_over_is_recalled_once():
    jobs = JobTable()
    first, second = render_job(1), render_job(2)
    jobs.remember(first)
    jobs.remember(second)
    assert jobs.recall(3) is None
    assert jobs.recall(1) is first
    assert jobs.recall(1) is None
    assert jobs.recall(2) is second
    assert list(jobs) == []


def test_only_the_latest_jobs_are_remembered():
    jobs = JobTable()
    for number in range(1, REMEMBERED + 3):
        jobs.remember(render_job(number))
    recalled = [number for number in range(1, REMEMBERED + 3) if jobs.recall(number) is not None]
    assert recalled == list(range(3, REMEMBERED + 3))
