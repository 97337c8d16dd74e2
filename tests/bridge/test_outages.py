"""Whatever becomes of an engine, each press on it has one outcome, and a performer sees why it waits."""

from __future__ import annotations

import dataclasses
import math

import pytest

from midifrag.bridge import outages
from midifrag.bridge.absences import PATIENCE
from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Died,
    Failed,
    Progress,
    Ready,
    Render,
    Resumed,
    Stalled,
    Started,
    Warm,
    Warming,
)
from midifrag.events import PadChanged
from midifrag.fragment.writer_commands import ArchiveOnly
from midifrag.intents import CancelPad, Panic
from tests.support.bridges import INFO, PAD, Rig, with_spares
from tests.support.shows import bank, loaded, one_pad


def pocket(*banks, **engine):
    """A rig whose pads ask for pocket, which is ready."""
    rig = Rig(loaded(*banks, model="pocket", engine={"spares": {"enabled": False}, **engine}))
    rig.ready("pocket")
    return rig


def killed(rig, *jobs, model="pocket"):
    rig.say(Died("killed", jobs, restarting=True), model)


def wait(rig, seconds):
    rig.clock.time += seconds
    rig.bridge.housekeeping()


def renders(rig):
    """What was asked of whom, by model."""
    return [(model, command.job) for model, command in rig.engines.sent if isinstance(command, Render)]


# --- an engine that stalls -------------------------------------------------------------------------------------------


def test_pads_of_a_stalled_engine_say_so_until_it_goes_on():
    rig = pocket()
    rig.press(36)
    rig.press(37)
    rig.say(Started(1), "pocket")
    rig.say(Progress(1, 1, 4), "pocket")
    rig.say(Stalled(5.0), "pocket")
    assert rig.pad_states(PAD)[-1] == "stalled"
    assert [(job.job, job.state, job.text) for job in rig.jobs()[-2:]] == [
        (1, "rendering", "pocket shows no progress"),
        (2, "queued", "pocket shows no progress"),
    ]
    rig.press(36)
    assert rig.pad_states(PAD)[-1] == "stalled"
    rig.say(Resumed(), "pocket")
    last = {job.job: (job.state, job.text) for job in rig.jobs()}
    assert last == {1: ("rendering", ""), 2: ("queued", ""), 3: ("queued", "")}
    rig.say(Cancelled(3), "pocket")
    assert rig.pad_states(PAD)[-1] == "rendering"


def test_pads_of_other_engines_do_not_stall():
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain", "model": "pocket"}, 37: {"prompt": "kick"}})))
    rig.press(36)
    rig.press(37)
    before = len(rig.changes)
    rig.say(Stalled(5.0), "sketch")
    assert [change.pad.note for change in rig.changes[before:] if hasattr(change, "pad") and change.pad] == [37, 37]


def test_a_stalled_press_that_lands_is_a_landed_one():
    rig = pocket()
    rig.press()
    rig.say(Started(1), "pocket")
    rig.say(Stalled(5.0), "pocket")
    rig.bridge.handle(rig.rendered_by("pocket", rig.engines.renders()[0]))
    assert rig.pad_states()[-1] == "stalled"
    rig.landed(1)
    assert rig.pad_states()[-1] == "landed"


def test_what_was_being_cancelled_is_over_when_its_engine_stalls():
    rig = pocket()
    rig.press()
    rig.bridge.handle(CancelPad(PAD))
    assert rig.pad_states() == ["queued"]
    rig.say(Stalled(5.0), "pocket")
    assert rig.pad_states()[-1] == "idle"
    assert rig.jobs()[-1].state == "cancelled"


def test_what_was_being_cancelled_is_over_when_its_engine_dies():
    rig = pocket()
    rig.press()
    rig.bridge.handle(CancelPad(PAD))
    assert rig.jobs()[-1].state == "queued"
    killed(rig, 1)
    assert (rig.jobs()[-1].state, rig.jobs()[-1].text) == ("cancelled", "cancelled")
    assert list(rig.bridge.renders.jobs) == []
    assert renders(rig) == [("pocket", 1)]
    rig.say(Cancelled(1), "pocket")
    assert rig.jobs()[-1].text == "cancelled"


# --- cancelling whatever the engine does -----------------------------------------------------------------------------


@pytest.mark.parametrize("events", [(), (Stalled(5.0),), (Died("killed", (1, 2, 3), restarting=True),)])
def test_panic_gives_every_pad_an_outcome_at_once(events):
    rig = pocket()
    for note in (36, 36, 37):
        rig.press(note)
    rig.say(Started(1), "pocket")
    for event in events:
        rig.say(event, "pocket")
    rig.bridge.handle(Panic())
    assert [job.state for job in rig.jobs()[-3:]] == ["cancelled"] * 3
    assert list(rig.bridge.renders.jobs) == []
    assert rig.pad_states()[-1] == "idle"
    assert rig.engines.cancels() == [1, 2, 3]


def test_panic_ends_what_was_being_cancelled_before():
    rig = pocket()
    rig.press()
    rig.bridge.handle(CancelPad(PAD))
    rig.bridge.handle(Panic())
    assert rig.jobs()[-1].state == "cancelled"
    assert rig.engines.cancels() == [1]


@pytest.mark.parametrize("why", ["loading", "stalled", "away"])
def test_a_cancel_does_not_wait_for_an_engine_that_does_not_answer(why):
    rig = Rig(loaded(model="pocket"))
    if why != "loading":
        rig.ready("pocket")
    rig.press()
    if why == "stalled":
        rig.say(Stalled(5.0), "pocket")
    elif why == "away":
        killed(rig, 1)
    rig.bridge.handle(CancelPad(PAD))
    assert rig.jobs()[-1].state == "cancelled"
    before = len(rig.changes)
    rig.say(Cancelled(1), "pocket")
    assert len(rig.changes) == before


def test_an_engine_that_renders_while_it_warms_up_answers():
    rig = Rig(loaded(model="pocket"))
    rig.press()
    rig.say(Started(1), "pocket")
    rig.bridge.handle(CancelPad(PAD))
    assert rig.jobs()[-1].state == "rendering"


def test_what_is_rendered_though_it_was_cancelled_at_once_is_kept_in_the_archive():
    rig = pocket()
    rig.press()
    rig.bridge.handle(Panic())
    before = len(rig.jobs())
    (render,) = rig.engines.renders()
    for _ in range(2):
        rig.bridge.handle(rig.rendered_by("pocket", render))
    (write,) = rig.writes
    assert isinstance(write, ArchiveOnly)
    assert (write.job, write.reason, write.record.prompt) == (1, "cancelled while rendering", "rain")
    assert len(rig.jobs()) == before


@pytest.mark.parametrize("end", [Cancelled(1), Failed(1, "why"), Died("killed", (1,), restarting=True)])
def test_what_was_cancelled_at_once_is_forgotten_with_what_its_engine_says_of_it(end):
    rig = pocket()
    rig.press()
    rig.bridge.handle(Panic())
    before = len(rig.jobs())
    rig.say(end, "pocket")
    rig.bridge.handle(rig.rendered_by("pocket", rig.engines.renders()[0]))
    assert (rig.writes, len(rig.jobs())) == ([], before)


# --- somebody stands in ----------------------------------------------------------------------------------------------


def test_what_stands_in_is_loaded_once_all_models_of_the_set_are_there():
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain", "model": "small"}}), model="pocket"))
    rig.ready("pocket")
    assert rig.engines.sent == []
    rig.ready("small")
    rig.ready("small")
    assert rig.engines.sent == [("sketch", Warm(()))]


@pytest.mark.parametrize("event", [Stalled(5.0), Died("killed", (), restarting=True)])
def test_what_stands_in_is_loaded_as_soon_as_one_of_them_dies_or_stalls(event):
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain", "model": "small"}}), model="pocket"))
    rig.say(event, "pocket")
    assert rig.engines.sent == [("sketch", Warm(()))]


def test_what_the_set_has_already_is_not_begun_for_standing_in():
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain", "model": "sketch"}}), model="pocket"))
    for model in ("sketch", "pocket"):
        rig.ready(model)
    assert rig.engines.sent == []


def test_after_two_seconds_the_stand_in_plays_what_waits_and_what_is_pressed_until_the_engine_is_back():
    rig = pocket()
    rig.press(36)
    killed(rig, 1)
    rig.press(37)
    wait(rig, PATIENCE - 0.1)
    assert renders(rig) == [("pocket", 1), ("pocket", 1), ("pocket", 2)]
    wait(rig, 0.1)
    assert renders(rig)[3:] == [("sketch", 1), ("sketch", 2)]
    assert [command for _, command in rig.engines.sent if isinstance(command, Cancel)] == [Cancel(1), Cancel(2)]
    assert rig.jobs()[-1].text == "sketch stands in for pocket"
    rig.press(36)
    assert renders(rig)[5:] == [("sketch", 3)]
    for render in rig.engines.renders()[-3:]:
        rig.say(Started(render.job), "sketch")
        rig.bridge.handle(rig.rendered_by("sketch", render))
        rig.landed(render.job)
    assert rig.jobs()[-1].text == "sketch stood in for pocket"
    assert rig.lands()[-1].record.model == "sketch"
    wait(rig, 30.0)
    rig.say(Warming(1, 2, "weights"), "pocket")
    rig.press(36)
    rig.say(Ready(INFO), "pocket")
    rig.bridge.housekeeping()
    rig.press(36)
    assert renders(rig)[6:] == [("sketch", 4), ("pocket", 5)]
    assert rig.notices() == [
        ("warning", "sketch stands in for pocket until it is back"),
        ("info", "pocket is back and renders again"),
    ]


def test_an_engine_that_hung_has_been_away_since_it_stalled():
    rig = pocket()
    rig.press()
    rig.say(Stalled(5.0), "pocket")
    rig.clock.time += 5.0
    killed(rig, 1)
    assert renders(rig) == [("pocket", 1), ("pocket", 1), ("sketch", 1)]


def test_an_engine_that_is_back_in_time_plays_itself():
    rig = pocket()
    rig.press()
    killed(rig, 1)
    wait(rig, 1.5)
    rig.say(Ready(INFO), "pocket")
    wait(rig, 9.0)
    assert renders(rig) == [("pocket", 1)] * 2
    assert rig.notices() == []


@pytest.mark.parametrize(
    ("rule", "asked", "state"),
    [
        ("queue", [("pocket", 1), ("pocket", 1), ("sketch", 1)], "queued"),
        ("wait", [("pocket", 1), ("pocket", 1)], "queued"),
        ("fail", [("pocket", 1)], "failed"),
    ],
)
def test_a_pad_s_own_rule_wins(rule, asked, state):
    rig = pocket(one_pad(on_lost=rule))
    rig.press()
    killed(rig, 1)
    wait(rig, 9.0)
    assert (renders(rig), rig.jobs()[-1].state) == (asked, state)


def test_a_press_on_a_pad_that_waits_waits():
    rig = pocket(one_pad(on_lost="wait"))
    killed(rig)
    wait(rig, 9.0)
    rig.press()
    assert renders(rig) == [("pocket", 1)]


@pytest.mark.parametrize(
    ("engine", "other"), [({"stand_in": "none"}, None), ({"fallback": "none"}, None), ({"stand_in": "small"}, "small")]
)
def test_the_set_says_who_stands_in(engine, other):
    rig = pocket(**engine)
    rig.press()
    killed(rig, 1)
    wait(rig, 9.0)
    asked = renders(rig)
    assert asked[2:] == ([] if other is None else [(other, 1)])


def test_who_stands_in_is_asked_for_the_sound_and_makes_it_in_its_own_way():
    preset = {"steps": 80, "cfg_scale": 9, "sampler": "dpmpp", "sigma_min": 0.1, "seed": 7, "negative_prompt": "hiss"}
    rig = pocket(one_pad(seconds=180, **preset))
    rig.press()
    killed(rig, 1)
    wait(rig, 9.0)
    asked = rig.engines.renders()[-1]
    assert (asked.prompt, asked.seed, asked.negative_prompt, asked.seconds) == ("rain", 7, "hiss", 180)
    assert (asked.steps, asked.cfg_scale, asked.sampler, asked.sigma_min) == (None, None, None, None)


def test_a_take_is_no_longer_than_who_stands_in_can_make_it():
    rig = pocket(one_pad(seconds=180))
    rig.engines.longest["sketch"] = 11.0
    rig.press()
    killed(rig, 1)
    wait(rig, 9.0)
    assert rig.engines.renders()[-1].seconds == 11.0


def test_who_stands_in_and_dies_gives_the_press_back():
    rig = pocket()
    killed(rig)
    wait(rig, 9.0)
    rig.press()
    killed(rig, 1, model="sketch")
    assert renders(rig) == [("sketch", 1), ("pocket", 1)]
    rig.say(Ready(INFO), "pocket")
    rig.bridge.handle(rig.rendered_by("pocket", rig.engines.renders()[-1]))
    rig.landed(1)
    assert (rig.jobs()[-1].state, rig.jobs()[-1].text) == ("landed", "")
    assert rig.lands()[-1].record.model == "pocket"


def test_who_is_given_its_press_back_makes_it_in_its_own_way_and_under_its_seed():
    rig = pocket(one_pad(steps=80, cfg_scale=9))
    killed(rig)
    wait(rig, 9.0)
    rig.press()
    killed(rig, 1, model="sketch")
    meanwhile, back = rig.engines.renders()
    assert (meanwhile.steps, meanwhile.cfg_scale) == (None, None)
    assert (back.steps, back.cfg_scale, back.seed) == (80, 9, meanwhile.seed)


def test_who_is_away_too_long_is_told_that_its_press_was_handed_over():
    rig = pocket()
    rig.press()
    killed(rig, 1)
    wait(rig, 9.0)
    assert [(model, command) for model, command in rig.engines.sent if isinstance(command, Cancel)] == [
        ("pocket", Cancel(1))
    ]
    first, again, meanwhile = rig.engines.renders()
    assert first.seed == again.seed == meanwhile.seed


def test_who_is_lost_or_away_itself_stands_in_for_nobody():
    for restarting in (True, False):
        rig = pocket()
        rig.say(Died("killed", (), restarting=restarting), "sketch")
        killed(rig)
        wait(rig, 9.0)
        rig.press()
        assert renders(rig) == [("pocket", 1)]


def test_what_the_first_engine_still_says_of_a_press_that_was_handed_over_is_left_out():
    rig = pocket()
    rig.press()
    killed(rig, 1)
    wait(rig, 9.0)
    before = len(rig.changes)
    for event in (Started(1), Progress(1, 1, 2), Cancelled(1)):
        rig.say(event, "pocket")
    killed(rig, 1)
    assert [change for change in rig.changes[before:] if change in rig.jobs()] == []
    assert [job.state for job in rig.bridge.renders.jobs] == ["queued"]


def test_ready_spares_of_an_engine_that_is_away_stay_and_land():
    rig = with_spares(one_pad(model="pocket"))
    rig.ready("pocket")
    (spare,) = rig.engines.renders()
    rig.bridge.handle(rig.rendered_by("pocket", spare))
    killed(rig)
    wait(rig, 9.0)
    assert rig.pad_states()[-1] == "ready"
    rig.press()
    assert len(rig.lands()) == 1
    assert renders(rig) == [("pocket", spare.job)]


def test_an_engine_that_is_lost_after_all_is_replaced_for_good():
    rig = pocket()
    killed(rig)
    wait(rig, 9.0)
    rig.engines.fallback["pocket"] = "sketch"
    rig.say(Died("it died 5 times", (), restarting=False), "pocket")
    rig.press()
    rig.bridge.housekeeping()
    assert renders(rig) == [("sketch", 1)]
    assert rig.notices() == [
        ("warning", "sketch stands in for pocket until it is back"),
        ("warning", "sketch renders for pocket from now on"),
    ]


# --- an engine elsewhere ---------------------------------------------------------------------------------------------

FAR = "studio/open"


def elsewhere(*banks):
    """A rig whose pads ask for a model of a server, which is ready, and so is what stands in."""
    servers = {"studio": {"url": "ws://127.0.0.1:8770"}}
    rig = Rig(loaded(*banks, model=FAR, servers=servers, engine={"spares": {"enabled": False}}))
    rig.ready(FAR)
    rig.ready("sketch")
    return rig


def test_who_stands_in_for_a_server_takes_its_presses_at_once():
    rig = elsewhere()
    rig.press(36)
    killed(rig, 1, model=FAR)
    rig.press(37)
    assert renders(rig)[-2:] == [("sketch", 1), ("sketch", 2)]
    rig.ready(FAR)
    rig.press(36)
    assert renders(rig)[-1][0] == FAR


def test_a_press_that_waits_for_a_server_outlasts_every_break_of_the_line():
    rig = elsewhere(one_pad(on_lost="wait"))
    rig.press(36)
    for _ in range(3):
        killed(rig, 1, model=FAR)
        rig.ready(FAR)
    assert renders(rig) == [(FAR, 1)] * 4
    assert rig.jobs()[-1].state.value == "queued"


def test_a_press_that_stood_in_is_rendered_once_more_where_that_engine_dies():
    rig = elsewhere()
    rig.press(36)
    killed(rig, 1, model=FAR)
    killed(rig, 1, model="sketch")
    rig.ready("sketch")
    wait(rig, 1.0)
    assert renders(rig)[-1] == ("sketch", 1)
    killed(rig, 1, model="sketch")
    assert rig.jobs()[-1].state.value == "failed"


# --- an engine elsewhere that is too slow for the bar ----------------------------------------------------------------


def on_the_bar(*banks, model=FAR, **defaults):
    """A rig whose pads land on bars of two seconds; one has just begun. All its engines are ready."""
    rig = Rig(
        loaded(
            *banks,
            model=model,
            servers={"studio": {"url": "ws://127.0.0.1:8770"}},
            engine={"spares": {"enabled": False}},
            defaults={"land": "bar", **defaults},
        )
    )
    rig.ready(model)
    rig.ready("sketch")
    return rig


def taught(rig, seconds, line=0.0):
    """A press is begun after ``line`` seconds and rendered in so many; afterwards a bar has just begun."""
    rig.press()
    [job] = rig.bridge.renders.jobs.pending()
    rig.clock.time += line
    rig.say(Started(job.number), job.model)
    rig.clock.time += seconds
    take = rig.rendered_by(job.model, job.render).event
    rig.say(dataclasses.replace(take, engine_seconds=seconds), job.model)
    rig.landed(job.number)
    rig.clock.time = 2 * math.ceil(rig.clock.time / 2)
    return job.number


def pressed(rig, after):
    """Who is asked for a press that comes so many seconds after a bar has begun."""
    rig.clock.time += after
    rig.press()
    return renders(rig)[-1][0]


def test_what_a_server_renders_in_time_for_its_bar_is_its_own():
    rig = on_the_bar()
    taught(rig, 0.5)
    bar = rig.clock.time
    assert pressed(rig, 1.0) == FAR
    assert rig.jobs()[-1].lands_at == bar + 2.0


@pytest.mark.parametrize(("seconds", "line"), [(0.5, 0.0), (0.1, 0.5), (5.0, 0.0)])
def test_who_stands_in_plays_what_a_server_would_render_too_late_for_its_bar(seconds, line):
    rig = on_the_bar()
    job = taught(rig, seconds, line) + 1
    bar = rig.clock.time
    assert pressed(rig, 1.6) == "sketch"
    stands_in = f"sketch stands in for {FAR}"
    assert rig.told(PadChanged)[-1].text == stands_in
    rig.say(Started(job))
    assert rig.told(PadChanged)[-1].text == stands_in
    rig.rendered(rig.engines.renders()[-1])
    assert rig.lands()[-1].arrival.at == bar + 2.0
    rig.landed(job)
    assert rig.told(PadChanged)[-1].text == f"sketch stood in for {FAR}"


def test_the_next_press_that_a_server_renders_in_time_is_its_own_again():
    rig = on_the_bar()
    taught(rig, 0.5)
    assert pressed(rig, 1.6) == "sketch"
    rig.rendered(rig.engines.renders()[-1])
    rig.landed(2)
    assert pressed(rig, 0.6) == FAR


def test_a_server_that_was_too_slow_once_is_tried_again_after_a_while():
    rig = on_the_bar()
    taught(rig, 5.0)

    def played_by():
        rig.clock.time = 2 * math.ceil((rig.clock.time + 0.1) / 2)
        model = pressed(rig, 0.6)
        job = rig.bridge.renders.jobs.pending()[-1]
        take = rig.rendered_by(model, job.render).event
        rig.say(dataclasses.replace(take, engine_seconds=0.5), model)
        rig.landed(job.number)
        return model

    assert [played_by(), played_by()] == ["sketch", "sketch"]
    rig.clock.time += outages.AGAIN
    assert [played_by(), played_by()] == [FAR, FAR]


def test_a_server_that_is_still_too_slow_is_left_alone_for_as_long_again():
    rig = on_the_bar()
    taught(rig, 5.0)
    assert pressed(rig, 0.6) == "sketch"
    rig.rendered(rig.engines.renders()[-1])
    rig.landed(2)
    rig.clock.time = 2 * math.ceil((rig.clock.time + outages.AGAIN) / 2)
    assert taught(rig, 5.0) == 3
    assert renders(rig)[-1][0] == FAR
    assert [pressed(rig, 0.6), pressed(rig, 0.1)] == ["sketch", "sketch"]


def test_what_a_server_renders_side_by_side_waits_for_nobody():
    rig = on_the_bar()
    taught(rig, 0.8)
    rig.press(37)
    assert [pressed(rig, 0.3), pressed(rig, 0.3)] == [FAR, FAR]


def test_who_would_be_too_late_as_well_does_not_stand_in():
    rig = on_the_bar()
    taught(rig, 3.0)
    assert pressed(rig, 1.0) == "sketch"
    rig.say(Started(2))
    rig.clock.time += 1.8
    take = rig.rendered_by("sketch", rig.engines.renders()[-1]).event
    rig.say(dataclasses.replace(take, engine_seconds=1.8))
    rig.landed(2)
    rig.clock.time = 2 * math.ceil(rig.clock.time / 2)
    assert pressed(rig, 1.0) == FAR


def two_pads(other="sketch"):
    return bank("one", {36: {"prompt": "rain"}, 37: {"prompt": "bell", "model": other, "land": "now"}})


def taught_here(rig, seconds, model="sketch"):
    """What a pad has rendered here took so many seconds; afterwards a bar has just begun."""
    rig.press(37)
    [job] = rig.bridge.renders.jobs.pending()
    rig.say(Started(job.number), model)
    rig.clock.time += seconds
    take = rig.rendered_by(model, job.render).event
    rig.say(dataclasses.replace(take, engine_seconds=seconds), model)
    rig.landed(job.number)
    rig.clock.time = 2 * math.ceil(rig.clock.time / 2)


@pytest.mark.parametrize("queued", [1, 2])
def test_who_stands_in_begins_with_what_it_was_asked_for_later_than_the_press_that_it_would_take_over(queued):
    rig = on_the_bar(two_pads())
    taught(rig, 0.5)
    taught_here(rig, 0.5)
    assert pressed(rig, 0.1) == FAR
    far = rig.bridge.renders.jobs.pending()[-1].number
    rig.say(Started(far), FAR)
    for _ in range(queued):
        rig.press(37)
    wait(rig, 0.4)
    rig.say(Progress(far, 1, 10), FAR)
    wait(rig, 0.1)
    # The bar is in 1.4 s: with one take of half a second before it, it makes that; with two, it does not.
    assert (renders(rig)[-1] == ("sketch", far)) is (queued == 1)


@pytest.mark.parametrize("busy", [False, True])
def test_who_has_rendered_nothing_yet_does_not_stand_in_where_others_are_at_work_here_for_too_long(busy):
    rig = on_the_bar(two_pads("pocket"))
    rig.ready("pocket")
    taught(rig, 5.0)
    taught_here(rig, 3.0, "pocket")
    if busy:
        rig.press(37)
    assert pressed(rig, 0.1) == (FAR if busy else "sketch")


@pytest.mark.parametrize(
    ("show", "model"), [({"land": "now"}, FAR), ({"on_lost": "wait"}, FAR), ({}, "pocket")], ids=["now", "wait", "here"]
)
def test_what_waits_for_no_bar_or_wants_its_own_engine_or_is_rendered_here_has_nobody_stand_in(show, model):
    rig = on_the_bar(one_pad(**show), model=model)
    taught(rig, 5.0)
    assert pressed(rig, 1.9) == model


def test_who_is_not_ready_yet_does_not_stand_in():
    rig = on_the_bar()
    taught(rig, 5.0)
    rig.say(Died("killed", (), restarting=True), "sketch")
    assert pressed(rig, 1.0) == FAR


def test_a_press_on_its_way_that_will_miss_its_bar_is_handed_over_and_lands_once():
    rig = on_the_bar()
    taught(rig, 0.5)
    bar = rig.clock.time
    assert pressed(rig, 0.2) == FAR
    rig.say(Started(2), FAR)
    wait(rig, 0.4)
    rig.say(Progress(2, 1, 10), FAR)
    far = rig.engines.renders()[-1]
    wait(rig, 0.1)
    assert renders(rig)[-1] == ("sketch", 2)
    assert rig.engines.cancels() == [2]
    assert rig.told(PadChanged)[-1].text == f"sketch stands in for {FAR}"
    rig.bridge.handle(rig.rendered_by(FAR, far))
    rig.rendered(rig.engines.renders()[-1])
    assert [land.arrival.at for land in rig.lands()[1:]] == [bar + 2.0]


def test_what_a_press_waited_for_a_server_is_no_time_of_who_stands_in():
    rig = on_the_bar()
    taught(rig, 0.5)
    assert pressed(rig, 0.0) == FAR
    rig.clock.time += 1.5
    killed(rig, 2, model=FAR)
    assert renders(rig)[-1] == ("sketch", 2)
    rig.say(Started(2))
    rig.rendered(rig.engines.renders()[-1])
    rig.landed(2)
    assert rig.bridge.renders.boundaries.forecast.begin_seconds("sketch") == 0.0


def test_a_server_that_ends_finishes_what_it_has_begun_and_who_stands_in_plays_the_rest():
    rig = elsewhere()
    rig.press(36)
    rig.press(37)
    rig.say(Started(1), FAR)
    rig.say(Died("studio ends", (), restarting=True, finishing=True), FAR)
    wait(rig, 1.0)
    rig.press(36)
    # The second had only waited there.
    assert renders(rig) == [(FAR, 1), (FAR, 2), ("sketch", 2), ("sketch", 3)]
    assert (FAR, Cancel(1)) not in rig.engines.sent
    # The line goes before the first has come.
    killed(rig, 1, model=FAR)
    assert renders(rig)[-1] == ("sketch", 1)
