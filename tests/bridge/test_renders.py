from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from midifrag.bridge.jobs import Origin
from midifrag.engine.messages import Cancelled, Died, Failed, Progress, Render, Rendered, Started
from midifrag.events import JobChanged, JobTimes, Notice, PadChanged
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.writer_commands import ArchiveOnly, Arrival, LandArchived
from midifrag.fragment.writer_events import GivenUp, Held, Landed, LandFailed, Refused, TakeArchived
from midifrag.intents import CancelPad, LockSlot, Panic, Prompt, SendTake
from midifrag.midi.messages import NoteOn
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState, NoticeLevel, PadState
from midifrag.timeline import Signature
from tests.support.bridges import Rig
from tests.support.shows import loaded, one_pad

SPARES = {"engine": {"spares": {"enabled": True}}}
KEY = PadKey(36)
AUDIO = np.ones((2, 441), np.float32)


def pressed(rig, note=36):
    """Press a pad; what the engine is asked."""
    rig.press(note)
    return rig.engines.renders()[-1]


# --- from a press to its slot ----------------------------------------------------------------------------------------


def test_every_step_of_a_press_is_told_whole():
    rig = Rig(loaded(one_pad(name="Rain", steps=9, colour="red", slot=3, model="pocket")))
    rig.bridge.handle(NoteOn("pads", 1, 36, 100, 999.5))
    (render,) = rig.engines.renders()
    times = JobTimes(999.5, queued=1000.0)
    job = JobChanged(
        1, JobKind.PAD, JobState.QUEUED, "rain", "opening", KEY, times, slot=3, label="Rain", model="pocket"
    )
    pad = PadChanged("opening", KEY, "pads", 1, 36, PadState.QUEUED, "red", 1000.0, job=1)
    assert rig.changes == [job, pad]

    rig.clock.time = 1001.0
    rig.say(Started(1), "pocket")
    job = replace(job, state=JobState.RENDERING, times=replace(job.times, started=1001.0))
    pad = replace(pad, state=PadState.RENDERING, time=1001.0)
    assert rig.changes[-2:] == [job, pad]

    rig.clock.time = 1002.0
    rig.say(Progress(1, 3, 9), "pocket")
    job, pad = replace(job, step=3, of=9), replace(pad, time=1002.0, progress=1 / 3)
    assert rig.changes[-2:] == [job, pad]

    rig.clock.time = 1003.0
    rig.say(Rendered(1, AUDIO, 44100, {"seed": 5, "steps": 9}, 0.5, ("unknown words: zither",)), "pocket")
    rig.bridge.handle(TakeArchived(1, 7, "output007.wav"))
    assert len(rig.changes) == 6
    job = replace(
        job,
        take=7,
        archived="output007.wav",
        text="writing",
        used={"seed": 5, "steps": 9},
        engine_seconds=0.5,
        times=replace(job.times, rendered=1003.0),
    )
    assert rig.bridge.everything()[-1] == job

    rig.clock.time = 1004.0
    rig.bridge.handle(Landed(1, 3, Path("output03.wav"), None, 1.25, 0.0, 0.01, ("quiet",)))
    text = "unknown words: zither; quiet"
    assert rig.changes[-2:] == [
        replace(
            job,
            state=JobState.LANDED,
            file="output03.wav",
            text=text,
            fragment_seconds=1.25,
            write_seconds=0.01,
            times=replace(job.times, landed=1004.0),
        ),
        replace(pad, state=PadState.LANDED, time=1004.0, progress=None, text=text),
    ]
    assert list(rig.bridge.renders.jobs) == []
    assert (render.steps, render.spare) == (9, False)


def test_a_take_goes_to_the_writer_with_its_record_and_its_pads_wishes():
    rig = Rig(loaded(one_pad(name="Rain", slot=3, model="pocket", fragment={"loop": True})))
    render = pressed(rig)
    rig.clock.time += 2
    rig.say(Rendered(1, AUDIO, 8000, {"seed": 5}, 0.5), "pocket")
    (land,) = rig.lands()
    assert (land.job, land.sample_rate, land.slot, land.options.loop) == (1, 8000, 3, True)
    assert land.audio is AUDIO
    assert rig.jobs()[-1].loop
    assert land.record == TakeRecord(
        "rain",
        preset="Rain",
        bank="opening",
        model="pocket",
        checksum="abc",
        seed=5,
        parameters={"seed": 5},
        job=1,
        pressed_at=1000.0,
        started_at=1001.5,
        rendered_at=1002.0,
    )
    assert render.job == 1


def test_progress_is_not_told_before_an_engine_has_started():
    rig = Rig()
    render = pressed(rig)
    rig.say(Progress(render.job, 1, 4))
    rig.say(Progress(99, 1, 4))
    assert len(rig.changes) == 2
    rig.say(Started(render.job))
    assert (rig.jobs()[-1].step, rig.jobs()[-1].of) == (1, 4)


def test_a_pad_stays_as_it_is_while_its_take_is_written():
    rig = Rig()
    render = pressed(rig)
    rig.rendered(render)
    assert rig.pad_states() == ["queued"]
    (job,) = rig.bridge.renders.jobs
    assert (job.state, job.writing, job.pending) == (JobState.RENDERING, True, False)
    assert rig.bridge.renders.telling.busy_with("opening", KEY) is job


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_failed_render_turns_the_pad_red_and_its_audio_is_archived_with_the_reason():
    rig = Rig(loaded(one_pad(steps=9, seed=4)))
    pressed(rig)
    rig.say(Failed(1, "NaN at step 3", AUDIO, 44100, not_finite=True))
    assert (rig.pad_states()[-1], rig.jobs()[-1].text) == ("failed", "NaN at step 3")
    (write,) = rig.writes
    assert isinstance(write, ArchiveOnly)
    assert (write.job, write.sample_rate, write.reason) == (1, 44100, "NaN at step 3")
    assert write.audio is AUDIO
    assert (write.record.seed, write.record.parameters["steps"], write.record.job) == (4, 9, 1)


@pytest.mark.parametrize("audio", [(None, None), (AUDIO, None), (None, 44100)])
def test_a_render_that_failed_without_audio_leaves_nothing_to_archive(audio):
    rig = Rig()
    pressed(rig)
    rig.say(Failed(1, "out of memory", *audio))
    assert rig.pad_states() == ["queued", "failed"]
    assert rig.writes == []


def test_what_an_engine_says_of_a_job_that_is_over_changes_nothing():
    rig = Rig()
    render = pressed(rig)
    rig.say(Failed(render.job, "out of memory"))
    before = len(rig.changes)
    for event in (Started(1), Progress(1, 1, 2), Failed(1, "again"), Cancelled(1)):
        rig.say(event)
    rig.rendered(render)
    rig.landed(render.job)
    assert (rig.writes, len(rig.changes)) == ([], before)


@pytest.mark.parametrize(("told", "take"), [(7, 7), (None, 5)])
def test_a_silent_take_turns_the_pad_red(told, take):
    rig = Rig()
    rig.rendered(pressed(rig))
    rig.bridge.handle(TakeArchived(1, 5, "output005.wav"))
    rig.bridge.handle(LandFailed(1, "silent", told))
    assert rig.pad_states()[-1] == "failed"
    assert (rig.jobs()[-1].take, rig.jobs()[-1].text) == (take, "silent")
    assert list(rig.bridge.renders.jobs) == []


def test_a_held_take_says_so_and_lands_later():
    rig = Rig()
    rig.rendered(pressed(rig))
    for _ in range(2):
        rig.bridge.handle(Held(1, "disk full", "slot"))
    assert rig.pad_states() == ["queued", "held"]
    assert (rig.jobs()[-1].state, rig.jobs()[-1].text) == ("held", "disk full")
    assert rig.notices() == [("error", "disk full")] * 2
    rig.landed(1)
    assert rig.pad_states()[-1] == "landed"


@pytest.mark.parametrize("event", [GivenUp, LandFailed])
@pytest.mark.parametrize("take", [7, None])
def test_a_take_that_is_lost_after_its_press_was_over_is_told_unless_it_is_in_the_archive(event, take):
    rig = Rig()
    rig.rendered(pressed(rig))
    rig.bridge.handle(Landed(1, 1, Path("output01.wav"), None, 1.0, 0.0, 0.01))
    before = len(rig.changes)
    rig.bridge.handle(TakeArchived(1, 7, "output007.wav"))
    rig.bridge.handle(Held(1, "disk full", "archive"))
    rig.bridge.handle(event(1, "too many takes wait", take))
    told = rig.changes[before:]
    lost = Notice(NoticeLevel.ERROR, "the take of job 1 is lost: too many takes wait")
    assert told == [Notice(NoticeLevel.ERROR, "disk full"), *([lost] if take is None else [])]
    assert rig.pad_states()[-1] == "landed"


def test_what_the_writer_refuses_is_told():
    rig = Rig()
    rig.bridge.handle(Refused(LockSlot(9, True), "there is no slot 9"))
    assert rig.notices() == [("warning", "there is no slot 9")]


def test_a_press_that_is_refused_is_told_whole():
    rig = Rig(loaded(one_pad(colour="red"), queue={"size": 1}))
    rig.press()
    rig.bridge.handle(NoteOn("pads", 1, 36, 100, 999.0))
    full = "the queue is full (1 presses wait); press again when one has landed"
    assert rig.changes[-2:] == [
        JobChanged(2, JobKind.PAD, JobState.REFUSED, "rain", "opening", KEY, JobTimes(999.0), text=full, label="rain"),
        PadChanged("opening", KEY, "pads", 1, 36, PadState.REFUSED, "red", 1000.0, job=2, text=full),
    ]
    assert [job.number for job in rig.bridge.renders.jobs] == [1]


# --- cancelling ------------------------------------------------------------------------------------------------------


def test_a_cancelled_press_goes_dark_only_when_the_engine_let_go():
    rig = Rig()
    rig.ready()
    render = pressed(rig)
    for _ in range(2):
        rig.bridge.handle(CancelPad(KEY))
    assert rig.engines.cancels() == [render.job]
    assert rig.pad_states() == ["queued"]
    rig.say(Cancelled(render.job))
    assert rig.pad_states()[-1] == "idle"
    assert (rig.jobs()[-1].state, rig.jobs()[-1].text) == ("cancelled", "cancelled")


def test_only_what_an_engine_still_works_for_can_be_cancelled():
    rig = Rig()
    rig.rendered(pressed(rig))
    rig.bridge.renders.cancel(rig.bridge.renders.jobs)
    assert rig.engines.cancels() == []


def test_panic_cancels_what_waits_and_what_renders():
    rig = Rig()
    pressed(rig)
    rig.say(Started(pressed(rig, 37).job))
    rig.bridge.renders.panic()
    assert rig.engines.cancels() == [1, 2]


def test_panic_leaves_what_is_with_the_writer_and_drops_what_was_pressed_after_it():
    rig = Rig(loaded(model="pocket"))
    rig.ready("pocket")
    rig.rendered(pressed(rig))
    pressed(rig, 37)
    rig.bridge.renders.panic()
    assert rig.engines.cancels() == [2]
    assert [(job.number, job.state) for job in rig.bridge.renders.jobs] == [(1, JobState.RENDERING)]
    assert (rig.jobs()[-1].job, rig.jobs()[-1].state) == (2, JobState.CANCELLED)


def test_the_end_of_a_show_is_an_outcome_for_all_that_waits_for_an_engine():
    rig = Rig()
    rig.rendered(pressed(rig))
    pressed(rig, 37)
    rig.bridge.handle(Prompt("fog horn", {}, 1000.0))
    rig.say(Started(3))
    rig.bridge.renders.end()
    assert [(job.job, job.state, job.text) for job in rig.jobs()[-2:]] == [
        (2, JobState.CANCELLED, "cancelled: the show ended"),
        (3, JobState.CANCELLED, "cancelled: the show ended"),
    ]
    assert [job.number for job in rig.bridge.renders.jobs] == [1]


def test_a_press_is_cancelled_where_it_is_rendered():
    rig = Rig(loaded(one_pad(model="pocket")))
    rig.engines.fallback["pocket"] = "sketch"
    pressed(rig)
    rig.bridge.handle(CancelPad(KEY))
    assert [model for model, _ in rig.engines.sent] == ["sketch", "sketch"]


def test_a_replaced_press_leaves_its_pad_to_the_one_that_replaced_it():
    rig = Rig(loaded(one_pad(on_repress="replace")))
    rig.ready()
    first, second = pressed(rig), pressed(rig)
    rig.say(Cancelled(first.job))
    assert rig.pad_states() == ["queued", "queued", "queued"]
    assert [rig.jobs()[-1].state, rig.changes[-1].job] == ["cancelled", second.job]
    rig.bridge.handle(CancelPad(KEY))
    rig.say(Cancelled(second.job))
    assert rig.pad_states()[-1] == "idle"


def test_a_pad_shows_how_a_press_ended_though_another_one_is_on_its_way():
    rig = Rig()
    first = pressed(rig)
    rig.press()
    rig.say(Failed(first.job, "out of memory"))
    assert rig.pad_states()[-1] == "failed"


def test_a_pad_is_busy_with_what_renders_before_what_waits():
    rig = Rig()
    first, second, third = (pressed(rig) for _ in range(3))
    rig.bridge.handle(Prompt("fog horn", {}, 0.0))
    renders = rig.bridge.renders
    assert renders.telling.busy_with("opening", KEY).number == first.job
    for render in (second, third):
        rig.say(Started(render.job))
    assert renders.telling.busy_with("opening", KEY).number == second.job
    assert renders.telling.busy_with("second", KEY) is renders.telling.busy_with("opening", None) is None


def test_a_take_that_was_rendered_while_it_was_cancelled_is_archived_and_does_not_land():
    rig = Rig()
    rig.ready()
    render = pressed(rig)
    rig.bridge.handle(CancelPad(KEY))
    rig.say(Rendered(1, AUDIO, 8000, {"seed": 5}, 0.5))
    (write,) = rig.writes
    assert isinstance(write, ArchiveOnly)
    assert (write.job, write.sample_rate, write.reason) == (1, 8000, "cancelled while rendering")
    assert (write.audio is AUDIO, write.record.seed) == (True, 5)
    assert rig.pad_states()[-1] == "idle"
    last = rig.jobs()[-1]
    assert (last.job, last.state) == (render.job, "cancelled")
    assert last.text == "cancelled after it was rendered; the take is in the archive"


# --- lost engines ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "states"), [("queue", ["queued", "queued"]), ("fail", ["queued", "failed"])])
def test_requests_of_a_dead_engine_follow_the_pads_rule(rule, states):
    rig = Rig(loaded(one_pad(on_lost=rule)))
    render = pressed(rig)
    rig.say(Died("killed", (render.job,), restarting=True))
    assert rig.pad_states() == states
    assert rig.engines.renders() == [render] * (2 if rule == "queue" else 1)
    assert rig.jobs()[-1].text == ("queued again: killed" if rule == "queue" else "killed")


def test_a_job_that_is_queued_again_begins_anew():
    rig = Rig()
    render = pressed(rig)
    rig.say(Started(render.job))
    rig.say(Progress(render.job, 3, 4))
    rig.say(Died("killed", (render.job,), restarting=True))
    again = rig.jobs()[-1]
    assert (again.state, again.step, again.times) == ("queued", 0, JobTimes(1000.0, queued=1000.0))
    rig.say(Progress(render.job, 1, 4))
    assert rig.jobs()[-1] is again
    rig.clock.time = 1005.0
    rig.say(Started(render.job))
    assert (rig.jobs()[-1].times.started, rig.jobs()[-1].text) == (1005.0, "")


def test_a_request_that_kills_its_engine_twice_is_given_up():
    rig = Rig()
    job = pressed(rig).job
    for reason in ("killed", "killed again"):
        rig.say(Died(reason, (job, 99), restarting=True))
    assert rig.pad_states() == ["queued", "queued", "failed"]
    assert rig.jobs()[-1].text == "killed again"


def test_a_cancelled_request_of_a_dead_engine_is_not_queued_again():
    rig = Rig()
    job = pressed(rig).job
    rig.bridge.handle(CancelPad(KEY))
    rig.say(Died("killed", (job,), restarting=True))
    assert (rig.jobs()[-1].state, rig.jobs()[-1].text, rig.pad_states()[-1]) == ("cancelled", "cancelled", "idle")
    assert len(rig.engines.renders()) == 1


def test_a_take_that_is_with_the_writer_is_not_lost_with_its_engine():
    rig = Rig()
    render = pressed(rig)
    rig.rendered(render)
    rig.say(Died("killed", (render.job,), restarting=True))
    assert (len(rig.engines.renders()), rig.pad_states()) == (1, ["queued"])


def test_a_lost_engine_is_replaced_by_what_stands_in():
    rig = Rig(loaded(model="pocket"))
    render = pressed(rig)
    rig.engines.fallback["pocket"] = "sketch"
    rig.say(Died("no such model", (render.job,), restarting=False), "pocket")
    assert [(model, command) for model, command in rig.engines.sent if isinstance(command, Render)] == [
        ("pocket", render),
        ("sketch", render),
    ]
    rig.rendered(render)
    assert rig.lands()[0].record.model == "sketch"


def test_a_press_whose_engine_is_lost_is_asked_of_who_stands_in_in_its_own_way():
    rig = Rig(loaded(one_pad(seconds=180, steps=80, sampler="dpmpp"), model="pocket"))
    rig.engines.fallback["pocket"] = "sketch"
    rig.engines.longest["sketch"] = 11.0
    render = pressed(rig)
    assert rig.engines.sent[-1] == ("sketch", render)
    assert (render.steps, render.sampler, render.seconds) == (None, None, 11.0)


# --- archived takes --------------------------------------------------------------------------------------------------


def test_an_archived_take_can_be_sent_to_a_slot():
    rig = Rig(loaded(fragments={"fade_ms": 33, "loop": True}))
    rig.bridge.handle(SendTake(12, 4))
    (command,) = rig.writes
    options = FragmentOptions(fade_ms=33, loop=True)
    assert command == LandArchived(1, 12, options, 4, Arrival(bpm=120, signature=Signature()))
    assert rig.bridge.everything()[-1] == JobChanged(
        1,
        JobKind.TAKE,
        JobState.RENDERING,
        "take 12",
        "opening",
        None,
        JobTimes(1000.0),
        slot=4,
        loop=True,
        label="take 12",
    )
    assert rig.changes == []
    (job,) = rig.bridge.renders.jobs
    assert job.origin == Origin(JobKind.TAKE, "opening", "take 12")
    rig.landed(1, 5, 12)
    (landed,) = rig.jobs()
    assert (landed.state, landed.slot, landed.take, landed.text) == ("landed", 5, 12, "")


def test_a_panic_while_a_take_is_sent_starts_no_engine():
    rig = Rig()
    rig.bridge.handle(SendTake(12, 4))
    rig.bridge.handle(Panic())
    assert rig.engines.sent == []
    rig.landed(1, 4, 12)
    assert rig.jobs()[-1].state == "landed"
