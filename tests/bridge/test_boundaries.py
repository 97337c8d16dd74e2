"""Which boundary a press makes, as the bridge promises and keeps it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from midifrag.bridge.boundaries import NEAR, SURE
from midifrag.bridge.items import Reload
from midifrag.config.banks import Bank
from midifrag.engine.messages import Died, Failed, Progress, Stalled, Started
from midifrag.events import JobChanged, Notice, PadChanged, TimeChanged
from midifrag.fragment.writer_commands import CancelLanding, LandArchived, LandLast, LandTake, Recut, Retime
from midifrag.fragment.writer_events import Held, LandCancelled, Landed, LandFailed, Missed, TakeArchived, Waits
from midifrag.intents import Again, CancelJob, CancelPad, ClearQueue, Panic, SendTake, SetLand, SlotPlaying
from midifrag.pad_key import PadKey
from midifrag.states import JobState, PadState
from midifrag.timeline import Signature, Timeline
from tests.support.bridges import PAD, Rig, with_spares
from tests.support.shows import bank, loaded, one_pad

#: Where a rig's clock stands at first; its line begins there, at two seconds a bar.
BEGAN = 1000.0


def on_the_bar(*banks: Bank, land="bar", **show):
    """A rig whose pads land on the bar."""
    rig = Rig(loaded(*(banks or (one_pad(),)), defaults={"land": land}, **show))
    rig.ready()
    return rig


def teach(rig, seconds=0.5, writing=0.1):
    """Have a press be rendered in so many seconds and written in others, so that the next one can be forecast."""
    rig.press()
    render = rig.engines.renders()[-1]
    rig.say(Started(render.job))
    rig.clock.time += seconds
    rig.rendered(render)
    waits(rig, render.job, writing)
    rig.clock.time = rig.lands()[-1].arrival.at
    rig.bridge.handle(Landed(render.job, 1, Path("output01.wav"), render.job, 1.0, 0.0, writing))


def waits(rig, job, writing=0.1, slot=1, **keys):
    """The writer has put a fragment beside its slot."""
    rig.bridge.handle(TakeArchived(job, job, f"output{job:03d}.wav"))
    rig.bridge.handle(Waits(job, slot, keys.pop("at", 0.0), job, 1.0, writing, **keys))


def last(rig) -> JobChanged:
    return rig.jobs()[-1]


def commands(rig, kind):
    return [command for command in rig.writes if isinstance(command, kind)]


def warnings(rig):
    return [text for level, text in rig.notices() if level == "warning"]


def turn_time(rig, **line):
    """Let the line of time change."""
    rig.bridge.handle(TimeChanged(dataclasses.replace(rig.bridge._set_list.time.timeline, **line)))
    rig.bridge.housekeeping()


def test_what_has_no_boundary_lands_when_it_is_ready():
    rig = Rig()
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    assert rig.lands()[0].arrival.at is None
    assert {change.boundary for change in rig.jobs()} == {None}


def test_nothing_is_promised_before_anything_was_rendered():
    rig = on_the_bar()
    rig.press()
    assert (last(rig).state, last(rig).boundary) == (JobState.QUEUED, None)
    rig.clock.time += 0.3
    rig.rendered(rig.engines.renders()[0])
    assert rig.lands()[0].arrival.at == BEGAN + 2.0
    waits(rig, 1)
    assert (last(rig).state, last(rig).text) == (JobState.WAITING, "lands at bar 2")


def test_the_first_step_tells_enough_for_a_promise():
    rig = on_the_bar()
    rig.press()
    rig.say(Started(1))
    rig.clock.time += 1.0
    rig.say(Progress(1, 1, 3))
    assert last(rig).bar == 3


def test_a_press_says_which_bar_it_will_make_and_makes_it():
    rig = on_the_bar()
    teach(rig)
    rig.clock.time = BEGAN + 10.1
    rig.press()
    queued = last(rig)
    assert (queued.state, queued.bar, queued.lands_at) == (JobState.QUEUED, 7, BEGAN + 12.0)
    assert rig.told(PadChanged)[-1].boundary == queued.boundary
    rig.clock.time += 0.5
    rig.rendered(rig.engines.renders()[-1])
    waits(rig, 2)
    assert last(rig).boundary == queued.boundary
    assert rig.pad_states()[-1] == "waiting"
    rig.clock.time = BEGAN + 12.0
    rig.landed(2, 1, 2)
    assert (last(rig).state, last(rig).bar, last(rig).missed) == (JobState.LANDED, 7, 0)
    assert commands(rig, Retime) == []


def test_the_player_begins_at_the_bar_and_anew_where_that_is_another_one():
    rig = on_the_bar()
    rig.press()
    rig.clock.time += 0.3
    rig.rendered(rig.engines.renders()[0])
    waits(rig, 1, slot=3)
    assert [(one.job, one.slot, one.at) for one in rig.played] == [(1, 3, BEGAN + 2.0)]
    turn_time(rig, bpm=60, at=BEGAN + 1.0, position=2.0)
    assert [(one.job, one.slot, one.at) for one in rig.played[1:]] == [(1, 3, last(rig).lands_at)]
    assert last(rig).lands_at > BEGAN + 2.0
    rig.landed(1, 3)
    assert len(rig.played) == 2


def test_a_boundary_moves_with_its_line_at_once():
    rig = on_the_bar()
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    waits(rig, 1)
    line = dataclasses.replace(rig.bridge._set_list.time.timeline, bpm=60, at=BEGAN, position=0.0)
    rig.bridge.handle(TimeChanged(line))
    assert last(rig).lands_at == BEGAN + 4.0
    assert len(commands(rig, Retime)) == 1


def test_what_is_known_by_the_time_a_render_begins_is_enough_for_a_promise():
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain"}, 37: {"prompt": "fog", "land": "bar"}})))
    rig.ready()
    rig.press(36)
    rig.press(37)
    first, second = rig.engines.renders()
    assert last(rig).boundary is None
    rig.finish(first)
    rig.say(Started(second.job))
    assert (last(rig).job, last(rig).state) == (second.job, "rendering")
    assert last(rig).boundary is not None


def test_a_press_that_cannot_make_the_next_bar_is_promised_the_one_after():
    rig = on_the_bar()
    teach(rig)
    rig.clock.time = BEGAN + 11.6
    rig.press()
    assert last(rig).bar == 8


@pytest.mark.parametrize(
    ("land", "at"), [("beat", 10.5), ("bar", 12.0), ("2 bars", 12.0), ("4 bars", 16.0), ("now", None)]
)
def test_every_boundary_there_is(land, at):
    rig = on_the_bar(one_pad(land=land))
    rig.clock.time = BEGAN + 10.2
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    assert rig.lands()[0].arrival.at == (None if at is None else pytest.approx(BEGAN + at))


def test_a_lead_is_part_of_the_promise():
    rig = on_the_bar(one_pad(lead_ms=1800))
    rig.clock.time = BEGAN + 0.2
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    assert (rig.lands()[0].arrival.at, rig.lands()[0].arrival.lead) == (BEGAN + 4.0, 1.8)


def test_an_action_sets_the_boundary_over_what_pads_say():
    rig = on_the_bar(one_pad(land="4 bars"))
    for land, at in (("beat", 0.5), ("now", None), (None, 8.0)):
        rig.bridge.handle(SetLand(land))
        rig.clock.time = BEGAN + 0.1
        rig.press()
        rig.rendered(rig.engines.renders()[-1])
        assert rig.lands()[-1].arrival.at == (None if at is None else BEGAN + at)
    assert [text for _, text in rig.notices()] == [
        "fragments land on the beat",
        "fragments land when they are ready",
        "fragments land as the presets say",
    ]


def test_a_spare_makes_the_next_boundary_sure():
    rig = with_spares(one_pad(land="bar", seed=3))
    spare = rig.engines.renders()[-1]
    rig.rendered(spare)
    rig.clock.time = BEGAN + 1.5
    rig.press()
    assert rig.lands()[0].arrival.at == BEGAN + 2.0
    assert last(rig).bar == 2


def test_takes_that_are_written_before_it_count():
    rig = on_the_bar(bank(pads={note: {"prompt": "kick"} for note in range(36, 44)}))
    teach(rig, writing=0.2)
    rig.clock.time = BEGAN + 10.1
    for note in range(36, 44):
        rig.press(note)
    for render in rig.engines.renders()[-8:]:
        rig.rendered(render)
    rig.press(36)
    rig.clock.time = BEGAN + 11.0
    rig.rendered(rig.engines.renders()[-1])
    assert [land.arrival.at - BEGAN for land in rig.lands()[-1:]] == [14.0]


# --- missing ---------------------------------------------------------------------------------------------------------


def late(rig):
    """A press that was promised bar 7, at 12 s, and is not rendered then."""
    teach(rig)
    rig.clock.time = BEGAN + 10.1
    rig.press()
    assert last(rig).bar == 7
    rig.clock.time = BEGAN + 12.0
    rig.bridge.housekeeping()


def test_a_press_that_is_not_rendered_in_time_takes_the_next_bar_and_says_so():
    rig = on_the_bar()
    late(rig)
    assert (last(rig).bar, last(rig).missed, last(rig).text) == (8, 1, "missed bar 7, lands at bar 8")
    assert warnings(rig) == ["rain: missed bar 7, lands at bar 8"]
    rig.rendered(rig.engines.renders()[-1])
    assert rig.lands()[-1].arrival.at == BEGAN + 14.0
    waits(rig, 2)
    rig.landed(2, 1, 2)
    assert (last(rig).text, last(rig).missed) == ("missed 1 before", 1)


def test_a_take_that_comes_too_late_is_handed_over_for_the_next_bar():
    rig = on_the_bar()
    teach(rig)
    rig.clock.time = BEGAN + 10.1
    rig.press()
    rig.clock.time = BEGAN + 12.0 - SURE / 2
    rig.rendered(rig.engines.renders()[-1])
    assert rig.lands()[-1].arrival.at == BEGAN + 14.0
    assert warnings(rig) == ["rain: missed bar 7, lands at bar 8"]


def test_a_fragment_that_was_written_too_late_is_moved_to_the_next_bar():
    rig = on_the_bar()
    teach(rig)
    rig.clock.time = BEGAN + 10.1
    rig.press()
    rig.rendered(rig.engines.renders()[-1])
    rig.clock.time = BEGAN + 12.5
    waits(rig, 2)
    rig.bridge.handle(Missed(2, BEGAN + 12.0))
    assert commands(rig, Retime) == [Retime(2, BEGAN + 14.0)]
    assert (last(rig).state, last(rig).bar) == (JobState.WAITING, 8)


def test_a_miss_of_a_moment_that_was_moved_since_is_none():
    rig = on_the_bar()
    rig.press()
    rig.rendered(rig.engines.renders()[-1])
    rig.bridge.handle(Missed(1, BEGAN - 1.0))
    assert commands(rig, Retime) == [Retime(1, BEGAN + 2.0)]
    assert last(rig).missed == 0


def test_what_nobody_waits_for_any_more_is_called_off():
    rig = on_the_bar()
    rig.bridge.handle(Missed(9, BEGAN))
    rig.bridge.handle(Waits(9, 1, BEGAN, None, 1.0, 0.1))
    assert commands(rig, CancelLanding) == [CancelLanding(9)] * 2


def test_promises_leave_room_for_how_far_estimates_were_off():
    rig = on_the_bar()
    teach(rig, seconds=0.5)
    # Renders take three times as long as they did: the first press misses, later promises allow for that.
    for _ in range(3):
        rig.clock.time = 2.0 * round(rig.clock.time / 2) + 2.9
        rig.press()
        promised = last(rig).bar
        render = rig.engines.renders()[-1]
        rig.say(Started(render.job))
        rig.clock.time += 1.7
        rig.bridge.handle(rig.rendered_by("sketch", render))
        waits(rig, render.job)
        kept = last(rig).bar == promised
        rig.clock.time = rig.lands()[-1].arrival.at
        rig.landed(render.job)
    assert kept
    assert last(rig).missed == 0
    assert sum(change.state is JobState.LANDED and change.missed for change in rig.jobs()) == 1


# --- time that changes -----------------------------------------------------------------------------------------------


@pytest.fixture
def waiting():
    """A rig in which a fragment waits for bar 2, two seconds after the beginning."""
    rig = on_the_bar()
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    waits(rig, 1)
    return rig


def test_a_boundary_keeps_its_place_while_the_tempo_changes(waiting):
    waiting.clock.time = BEGAN + 1.0
    turn_time(waiting, bpm=60, at=BEGAN + 1.0, position=2.0)
    assert commands(waiting, Retime) == [Retime(1, BEGAN + 3.0)]
    assert (last(waiting).bar, last(waiting).lands_at) == (2, BEGAN + 3.0)
    turn_time(waiting, bpm=240, at=BEGAN + 1.0, position=2.0)
    assert commands(waiting, Retime)[-1] == Retime(1, BEGAN + 1.5)


def test_a_clock_s_small_corrections_move_what_waits_and_tell_nobody(waiting):
    def told_of_jobs():
        return len([one for one in waiting.changes if not isinstance(one, TimeChanged)])

    told = told_of_jobs()
    turn_time(waiting, position=0.02)
    assert commands(waiting, Retime) == [Retime(1, pytest.approx(BEGAN + 1.99))]
    assert told_of_jobs() == told
    for step in range(1, 6):
        turn_time(waiting, position=0.02 + 0.03 * step)
    # Together they are worth telling.
    assert told_of_jobs() > told


def test_many_steps_that_nobody_notices_move_it_together(waiting):
    for step in range(1, 41):
        turn_time(waiting, position=0.0002 * step)
    at = commands(waiting, Retime)[-1].at
    assert at == pytest.approx(BEGAN + 2.0 - 0.004, abs=0.0006)


def test_a_fragment_of_bars_that_waits_is_cut_for_the_time_that_is_now():
    rig = on_the_bar(one_pad(bars=1))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    waits(rig, 1)
    turn_time(rig, bpm=100, signature=Signature(3, 4))
    assert commands(rig, Recut)[-1] == Recut(1, 100, Signature(3, 4))
    assert commands(rig, Retime)[-1].job == 1


def test_a_fragment_of_seconds_is_not(waiting):
    turn_time(waiting, bpm=100)
    assert commands(waiting, Recut) == []


def test_what_lands_again_is_as_many_bars_as_it_was_at_the_tempo_that_is_now():
    rig = on_the_bar(one_pad(bars=2))
    teach(rig)
    turn_time(rig, bpm=100)
    for number in (2, 3):
        rig.bridge.handle(Again(PAD, "repeat"))
        (*_, command) = commands(rig, LandArchived)
        assert (command.length.count, command.length.unit, command.length.bpm) == (2, "bars", 100)
        waits(rig, number)
        turn_time(rig, bpm=90 - number)
        assert commands(rig, Recut)[-1] == Recut(number, 90 - number, Signature())
        rig.bridge.handle(Landed(number, 1, Path("output01.wav"), 1, 1.0, 0.0, 0.1))
        turn_time(rig, bpm=100)


def test_a_line_that_says_the_same_moves_nothing(waiting):
    turn_time(waiting, source="midi")
    assert commands(waiting, Retime) == []


def test_a_jump_has_what_waits_land_at_the_next_boundary_of_the_new_place(waiting):
    waiting.clock.time = BEGAN + 1.0
    turn_time(waiting, at=BEGAN + 1.0, position=40.5)
    assert commands(waiting, Retime) == [Retime(1, BEGAN + 2.75)]
    assert (last(waiting).bar, last(waiting).text) == (12, "time jumped from bar 2")
    assert last(waiting).missed == 0


def test_a_jump_back_to_the_beginning_does_not_keep_it_waiting_for_the_old_bar():
    rig = on_the_bar()
    rig.clock.time = BEGAN + 100.1
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    waits(rig, 1)
    turn_time(rig, at=rig.clock.time, position=0.0)
    assert (last(rig).bar, commands(rig, Retime)[-1].at) == (2, rig.clock.time + 2.0)


def test_a_jump_at_the_boundary_itself_does_not_take_it_away(waiting):
    waiting.clock.time = BEGAN + 2.0 - NEAR / 2
    turn_time(waiting, at=waiting.clock.time, position=0.0)
    assert commands(waiting, Retime) == []
    # Nor does what the clock corrects after it.
    turn_time(waiting, position=0.01)
    assert commands(waiting, Retime) == [Retime(1, pytest.approx(BEGAN + 1.995))]


def test_another_signature_has_other_bars(waiting):
    turn_time(waiting, signature=Signature(3, 4))
    assert commands(waiting, Retime) == [Retime(1, BEGAN + 1.5)]


def test_a_press_that_renders_is_promised_a_boundary_of_the_new_place():
    rig = on_the_bar()
    teach(rig)
    rig.clock.time = BEGAN + 10.1
    rig.press()
    turn_time(rig, at=rig.clock.time, position=102.0)
    # Half a bar is enough, as it was before.
    assert (last(rig).bar, last(rig).lands_at) == (27, pytest.approx(BEGAN + 11.1))
    assert commands(rig, Retime) == []


def test_the_show_s_own_time_follows_its_tempo_and_stays_where_it_is():
    rig = on_the_bar()
    rig.clock.time = BEGAN + 1.0
    settings = loaded(one_pad(), defaults={"land": "bar"}, tempo=60)
    rig.bridge.handle(Reload(settings))
    line = rig.bridge._set_list.time.timeline
    assert isinstance(line, Timeline)
    assert (line.bpm, line.position_at(BEGAN + 2.0)) == (60, pytest.approx(3.0))


def test_who_plays_hears_when_and_where_a_fragment_that_is_ready_begins():
    rig, heard = on_the_bar(), []
    rig.bridge.renders.boundaries.settled = lambda job: heard.append((job.number, job.slot, job.boundary.at - BEGAN))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    assert heard == []
    waits(rig, 1, slot=4)
    turn_time(rig, bpm=60)
    waits(rig, 1, slot=5)
    rig.clock.time = BEGAN + 4.5
    rig.bridge.handle(Missed(1, BEGAN + 4.0))
    assert heard == [(1, 4, 2.0), (1, 4, 4.0), (1, 5, 4.0), (1, 5, 8.0)]


# --- wrong ways ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("intent", [CancelPad(PAD), CancelJob(1), Panic()])
def test_what_waits_is_cancelled_and_ends_when_that_is_true(waiting, intent):
    waiting.bridge.handle(intent)
    assert commands(waiting, CancelLanding) == [CancelLanding(1)]
    assert last(waiting).state is JobState.WAITING
    waiting.bridge.handle(LandCancelled(1, "cancelled while it waited for its boundary", 1))
    assert (last(waiting).state, last(waiting).text) == (
        JobState.CANCELLED,
        "cancelled while it waited for its boundary; take 1 is in the archive",
    )
    assert waiting.pad_states()[-1] == "idle"


def test_what_lands_in_the_moment_of_its_cancelling_has_landed(waiting):
    waiting.bridge.handle(Panic())
    assert waiting.notices()[-1][1] == "panic: everything is cancelled"
    waiting.landed(1)
    assert last(waiting).state is JobState.LANDED


def test_what_was_called_off_in_an_unlucky_moment_is_called_off_again(waiting):
    waiting.bridge.handle(Panic())
    waiting.bridge.handle(Missed(1, BEGAN + 2.0))
    assert commands(waiting, CancelLanding) == [CancelLanding(1)] * 2
    assert commands(waiting, Retime) == []


@pytest.mark.parametrize("intent", [ClearQueue(), CancelJob(7), CancelPad(PadKey(99))])
def test_what_concerns_something_else_lets_it_wait(waiting, intent):
    waiting.bridge.handle(intent)
    assert commands(waiting, CancelLanding) == []


@pytest.mark.parametrize(
    ("rule", "cancels", "renders"), [("queue", 0, 2), ("replace", 1, 2), ("cancel", 1, 1), ("ignore", 0, 1)]
)
def test_a_second_press_while_the_first_waits(rule, cancels, renders):
    rig = on_the_bar(one_pad(on_repress=rule))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    waits(rig, 1)
    rig.press()
    assert (len(commands(rig, CancelLanding)), len(rig.engines.renders())) == (cancels, renders)


def test_a_press_chokes_what_waits():
    pads = {36: {"prompt": "rain", "choke": "a"}, 37: {"prompt": "wind", "choke": "a"}, 38: {"prompt": "sun"}}
    rig = on_the_bar(bank(pads=pads))
    for note in (36, 38):
        rig.press(note)
    for render in rig.engines.renders():
        rig.rendered(render)
        waits(rig, render.job)
    rig.press(37)
    assert commands(rig, CancelLanding) == [CancelLanding(1)]


def test_another_bank_lets_it_land():
    rig = on_the_bar(bank("one"), bank("two", program=2))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    waits(rig, 1)
    rig.program(2)
    rig.landed(1)
    assert last(rig).state is JobState.LANDED
    assert commands(rig, CancelLanding) == []


def test_a_held_take_takes_the_next_boundary_without_hiding_why_it_is_held():
    rig = on_the_bar()
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(Held(1, "the disk is full", "slot"))
    rig.clock.time = BEGAN + 3.0
    rig.bridge.handle(Missed(1, BEGAN + 2.0))
    assert (last(rig).state, last(rig).text, last(rig).bar) == (JobState.HELD, "the disk is full", 3)


def test_spares_are_rendered_while_something_waits():
    rig = with_spares(bank(pads={36: {"prompt": "rain"}, 37: {"prompt": "wind"}}), show={"defaults": {"land": "bar"}})
    rig.rendered(rig.engines.renders()[-1])
    rig.press()
    assert rig.lands()
    renders = len(rig.engines.renders())
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == renders
    waits(rig, 1)
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) > renders or rig.engines.renders()[-1].prompt == "wind"


# --- sounding slots --------------------------------------------------------------------------------------------------


def test_what_gives_way_at_the_end_of_its_turn_is_told_and_stays_there_whatever_time_does():
    rig = Rig()
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    notes = ("all slots sound: slot 3, which began first, gives way at the end of its turn",)
    waits(rig, 1, slot=3, at=BEGAN + 1.25, notes=notes, gives_way=True)
    assert (last(rig).state, last(rig).slot, last(rig).lands_at) == (JobState.WAITING, 3, BEGAN + 1.25)
    assert last(rig).text == f"lands at bar 1 beat 3; {notes[0]}"
    turn_time(rig, bpm=60)
    assert commands(rig, Retime) == []


@pytest.mark.parametrize("protect", [True, False])
def test_whether_slots_that_sound_are_protected_goes_with_the_take(protect):
    rig = Rig(loaded(fragments={"protect_playing": protect}))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(SendTake(4))
    assert [rig.lands()[0].arrival.protect, commands(rig, LandArchived)[0].arrival.protect] == [protect, protect]


def test_a_pad_whose_fragment_sounds_says_so_until_it_ends():
    rig = Rig(loaded(bank()))
    rig.ready()
    rig.press()
    rig.finish(rig.engines.renders()[0], slot=2)
    rig.bridge.handle(SlotPlaying(2, True))
    assert commands(rig, SlotPlaying) == [SlotPlaying(2, True)]
    assert rig.pad_states()[-1] == "landed"
    rig.clock.time += 2.0
    rig.bridge.housekeeping()
    assert rig.pad_states()[-1] == "sounding"
    rig.bridge.handle(SlotPlaying(2, False))
    assert rig.pad_states()[-1] == "idle"
    rig.bridge.handle(SlotPlaying(1, True))
    assert rig.pad_states()[-1] == "idle"


def test_a_slot_that_another_pad_took_over_is_that_pad_s():
    rig = Rig(loaded(bank()))
    rig.ready()
    for note in (36, 37):
        rig.press(note)
        rig.finish(rig.engines.renders()[-1], slot=1)
    rig.clock.time += 2.0
    rig.bridge.handle(SlotPlaying(1, True))
    assert rig.pad_states(PadKey(37))[-1] == "sounding"
    assert "sounding" not in rig.pad_states()


# --- never silent ----------------------------------------------------------------------------------------------------


def with_fallback(**keys):
    return on_the_bar(one_pad(fallback="last", **keys.pop("pad", {})), **keys)


def test_a_press_that_fails_lands_an_earlier_take():
    rig = with_fallback(land="now", pad={"slot": 3})
    rig.press()
    rig.say(Failed(1, "out of memory"))
    (asked,) = commands(rig, LandLast)
    assert (asked.job, asked.bank, asked.preset, asked.slot, asked.arrival.at) == (2, "opening", "rain", 3, None)
    rig.bridge.handle(Landed(2, 3, Path("output03.wav"), 7, 1.0, 0.0, 0.01))
    ends = [(change.job, str(change.state), change.text) for change in rig.jobs() if change.state.ended]
    assert ends == [
        (1, "failed", "out of memory"),
        (2, "landed", "an earlier take instead: out of memory"),
    ]
    shown = rig.told(PadChanged)[-1]
    assert (shown.state, shown.fallback, shown.text) == (
        PadState.LANDED,
        True,
        "an earlier take instead: out of memory",
    )


def test_an_earlier_take_lands_at_the_boundary_too():
    rig = with_fallback()
    rig.press()
    rig.say(Failed(1, "out of memory"))
    (asked,) = commands(rig, LandLast)
    assert asked.arrival.at == BEGAN + 2.0
    waits(rig, 2)
    assert last(rig).text == "an earlier take instead: out of memory; lands at bar 2"


def test_a_press_that_is_refused_lands_an_earlier_take():
    rig = with_fallback(land="now", queue={"size": 1})
    for _ in range(2):
        rig.press()
    (asked,) = commands(rig, LandLast)
    assert asked.preset == "rain"
    assert [str(change.state) for change in rig.jobs() if change.job == 2] == ["refused"]


def test_where_there_is_no_earlier_take_the_pad_says_both():
    rig = with_fallback(land="now")
    rig.press()
    rig.say(Failed(1, "out of memory"))
    rig.bridge.handle(LandFailed(2, "there is no earlier take of it in the archive"))
    assert (last(rig).state, last(rig).text) == (
        JobState.FAILED,
        "an earlier take instead: out of memory; there is no earlier take of it in the archive",
    )
    assert len(commands(rig, LandLast)) == 1


def test_without_it_a_press_that_fails_has_failed():
    rig = on_the_bar()
    rig.press()
    rig.say(Failed(1, "out of memory"))
    assert commands(rig, LandLast) == []


def test_a_cancelled_press_is_not_replaced():
    rig = with_fallback()
    rig.press()
    rig.bridge.handle(Panic())
    assert commands(rig, LandLast) == []


def test_a_press_that_is_late_by_a_bar_is_replaced():
    rig = with_fallback()
    late(rig)
    assert commands(rig, LandLast) == []
    rig.clock.time = BEGAN + 14.0
    rig.bridge.housekeeping()
    rig.bridge.housekeeping()
    (asked,) = commands(rig, LandLast)
    assert asked.arrival.at == BEGAN + 16.0
    waits(rig, asked.job)
    ended = next(change for change in rig.jobs() if change.job == 2 and change.state.ended)
    assert ended.state is JobState.FAILED
    assert "it is late by a bar" in ended.text
    assert "an earlier take lands instead" in ended.text
    rig.landed(asked.job)
    # Its own take is kept, and does not land.
    lands = len(rig.lands())
    rig.rendered(rig.engines.renders()[-1])
    assert len(rig.lands()) == lands
    assert rig.writes[-1].reason == "cancelled while rendering"


def test_a_press_that_nothing_was_promised_to_is_late_by_the_bar_after_it():
    rig = with_fallback()
    rig.press()
    rig.clock.time = BEGAN + 3.9
    rig.bridge.housekeeping()
    assert commands(rig, LandLast) == []
    rig.clock.time = BEGAN + 4.1
    rig.bridge.housekeeping()
    assert len(commands(rig, LandLast)) == 1


def test_a_late_press_whose_take_comes_first_lands_itself():
    rig = with_fallback()
    late(rig)
    rig.clock.time = BEGAN + 14.0
    rig.bridge.housekeeping()
    (asked,) = commands(rig, LandLast)
    rig.rendered(rig.engines.renders()[-1])
    assert CancelLanding(asked.job) in rig.writes
    assert rig.lands()[-1].job == 2
    rig.bridge.handle(LandCancelled(asked.job, "cancelled", 1))
    waits(rig, 2)
    rig.landed(2)
    assert last(rig).state is JobState.LANDED


def test_a_late_press_without_an_earlier_take_goes_on():
    rig = with_fallback()
    late(rig)
    rig.clock.time = BEGAN + 14.0
    rig.bridge.housekeeping()
    (asked,) = commands(rig, LandLast)
    rig.bridge.handle(LandFailed(asked.job, "there is no earlier take of it in the archive"))
    rig.rendered(rig.engines.renders()[-1])
    assert rig.lands()[-1].job == 2


# --- again -----------------------------------------------------------------------------------------------------------


def played(**keys):
    """A rig whose pad has landed take 5 in slot 2."""
    rig = Rig(loaded(one_pad(**keys)))
    rig.ready()
    rig.press(channel=3)
    rig.finish(rig.engines.renders()[0], slot=2, take=5)
    return rig


def test_repeat_lands_what_the_pad_landed_last_without_a_render():
    rig = played()
    rig.bridge.handle(Again(PAD, "repeat"))
    (asked,) = commands(rig, LandArchived)
    assert (asked.take, asked.source, asked.slot, asked.arrival.at) == (5, (2, 1), None, None)
    assert len(rig.engines.renders()) == 1
    rig.landed(asked.job, 3, 5)
    assert (last(rig).state, last(rig).slot, last(rig).pad) == (JobState.LANDED, 3, PAD)
    assert rig.told(PadChanged)[-1].channel == 3
    rig.bridge.handle(Again(PAD, "repeat"))
    assert commands(rig, LandArchived)[-1].source == (3, asked.job)


def test_repeat_waits_for_its_boundary_and_takes_its_own_slot():
    rig = played(land="bar", slot=2)
    rig.bridge.handle(Again(PAD, "repeat"))
    (asked,) = commands(rig, LandArchived)
    assert (asked.slot, asked.arrival.at) == (2, BEGAN + 2.0)


def test_repeat_of_what_is_not_archived_yet_learns_its_number_later():
    rig = Rig(loaded(one_pad()))
    rig.ready()
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(Landed(1, 2, Path("output02.wav"), None, 1.0, 0.0, 0.01))
    rig.bridge.handle(Again(PAD, "repeat"))
    rig.bridge.handle(TakeArchived(1, 9, "output009.wav"))
    rig.bridge.handle(Again(PAD, "repeat"))
    assert [asked.take for asked in commands(rig, LandArchived)] == [None, 9]


def test_repeat_of_a_pad_that_landed_nothing_in_this_show_takes_the_archive_s_newest():
    rig = Rig(loaded(one_pad(name="Rain")))
    rig.bridge.handle(Again(PAD, "repeat"))
    (asked,) = commands(rig, LandLast)
    assert (asked.bank, asked.preset) == ("opening", "Rain")


def test_the_same_seed_is_rendered_with_the_present_controls():
    rig = Rig(loaded(one_pad(), controls=[{"cc": 22, "sets": "steps", "range": [1, 128]}]))
    rig.ready()
    rig.press()
    rig.finish(rig.engines.renders()[0])
    rig.turn(22, 63)
    rig.bridge.handle(Again(PAD, "same_seed"))
    first, second = rig.engines.renders()
    assert (second.seed, first.steps, second.steps) == (first.seed, None, 64)
    rig.finish(second)
    rig.bridge.handle(Again(PAD, "repeat"))
    rig.landed(commands(rig, LandArchived)[-1].job)
    rig.bridge.handle(Again(PAD, "same_seed"))
    assert rig.engines.renders()[-1].seed == first.seed


def test_a_variation_has_another_seed_though_the_pad_has_its_own():
    rig = Rig(loaded(one_pad(seed=7)))
    rig.ready()
    rig.press()
    rig.bridge.handle(Again(PAD, "variation"))
    first, second = rig.engines.renders()
    assert first.seed == 7 != second.seed


def test_the_same_seed_where_there_is_none_is_a_new_one_and_says_so():
    rig = Rig(loaded(one_pad()))
    rig.bridge.handle(Again(PAD, "same_seed"))
    assert len(rig.engines.renders()) == 1
    assert rig.notices() == [("info", "rain: there is no earlier seed; it gets a new one")]


def test_again_on_a_pad_that_is_not_there_does_nothing():
    rig = Rig(loaded(one_pad()))
    rig.bridge.handle(Again(PadKey(99), "repeat"))
    assert rig.writes == []


def test_again_obeys_the_pad_s_rules():
    rig = Rig(loaded(one_pad(on_repress="ignore")))
    rig.press()
    rig.bridge.handle(Again(PAD, "variation"))
    assert len(rig.engines.renders()) == 1


def test_a_take_that_is_sent_lands_on_the_show_s_boundary():
    rig = on_the_bar()
    rig.bridge.handle(SendTake(4, 2))
    (asked,) = commands(rig, LandArchived)
    assert (asked.take, asked.slot, asked.arrival.at, asked.source) == (4, 2, BEGAN + 2.0, None)


def test_what_is_told_of_a_boundary_in_one_notice_has_its_pad_s_name():
    rig = on_the_bar(one_pad(name="Rain"))
    late(rig)
    assert [notice.text for notice in rig.told(Notice)] == ["Rain: missed bar 7, lands at bar 8"]
    assert isinstance(rig.lands()[0], LandTake)


def test_a_press_that_is_cancelled_lands_no_earlier_take_however_slow_its_engine():
    rig = with_fallback()
    late(rig)
    rig.bridge.handle(CancelPad(PAD))
    rig.clock.time = BEGAN + 14.0
    rig.bridge.housekeeping()
    assert commands(rig, LandLast) == []


def test_after_a_jump_a_press_is_late_by_what_was_promised_on_the_new_line():
    rig = with_fallback(land="4 bars")
    teach(rig)
    rig.press()
    rig.say(Started(2))
    first = last(rig).boundary
    rig.clock.time = first.at - 0.5
    turn_time(rig, at=rig.clock.time, position=0.0)
    rig.clock.time = first.at + 2.1
    rig.bridge.housekeeping()
    assert commands(rig, LandLast) == []
    rig.clock.time = last(rig).boundary.at + 2.1
    rig.bridge.housekeeping()
    assert len(commands(rig, LandLast)) == 1


def test_a_late_press_whose_own_take_is_silent_lands_an_earlier_one_after_all():
    rig = with_fallback()
    late(rig)
    rig.clock.time = BEGAN + 14.0
    rig.bridge.housekeeping()
    (first,) = commands(rig, LandLast)
    rig.rendered(rig.engines.renders()[-1])
    rig.bridge.handle(LandCancelled(first.job, "cancelled", 1))
    rig.bridge.handle(LandFailed(2, "silent"))
    assert len(commands(rig, LandLast)) == 2


def test_an_engine_that_is_silent_has_each_press_warn_once():
    rig = on_the_bar(tempo=300, land="beat")
    teach(rig)
    for _ in range(8):
        rig.press()
    rig.say(Started(2))
    before = len(warnings(rig))
    for _ in range(150):
        rig.clock.time += 0.2
        rig.bridge.housekeeping()
    assert 0 < len(warnings(rig)) - before <= 8
    assert last(rig).missed > 8


def test_of_what_has_landed_nothing_is_remembered():
    rig = on_the_bar()
    teach(rig)
    for _ in range(20):
        rig.press()
        job = last(rig).job
        rig.say(Started(job))
        now = rig.clock.now()
        turn_time(rig, position=rig.bridge._set_list.time.timeline.position_at(now) + 0.001, at=now)
        rig.rendered(rig.engines.renders()[-1])
        rig.landed(job)
        rig.clock.time += 3
        rig.bridge.housekeeping()
    assert rig.bridge.renders.boundaries._told == {}


def bars(rig, count):
    """So many bars go by."""
    for _ in range(10 * count):
        rig.clock.time += 0.2
        rig.bridge.housekeeping()


SILENCES = {
    "is loading": (),
    "shows no progress": (Stalled(5.0),),
    "is being replaced": (Died("killed", (2,), restarting=True),),
}


@pytest.mark.parametrize("why", SILENCES)
def test_a_press_whose_engine_does_not_answer_misses_its_bar_once_and_is_promised_one_when_it_does(why):
    rig = Rig(loaded(one_pad(), defaults={"land": "bar"}))
    if why != "is loading":
        rig.ready()
        teach(rig)
        rig.press()
        assert last(rig).bar is not None
        for event in SILENCES[why]:
            rig.say(event)
        bars(rig, 3)
        missed = [job for job in rig.jobs() if job.missed]
        assert [(job.missed, job.boundary) for job in missed] == [(1, None)]
        assert missed[0].text.startswith("missed bar ")
        assert missed[0].text.endswith(f"; waits for sketch, which {why}")
        assert warnings(rig) == [f"rain: {missed[0].text}"]
        assert rig.told(PadChanged)[-1].boundary is None
    else:
        rig.press()
        assert last(rig).text == "waits for sketch, which is loading"
    before = len(rig.jobs())
    bars(rig, 5)
    assert rig.jobs()[before:] == []
    rig.ready()
    rig.bridge.housekeeping()
    told = last(rig)
    assert "waits" not in told.text
    if why == "is loading":
        # Nothing is known yet of how long it takes.
        assert told.boundary is None
        rig.say(Started(told.job))
        rig.clock.time += 1.0
        rig.say(Progress(told.job, 1, 2))
    assert last(rig).boundary is not None
    assert last(rig).lands_at > rig.clock.now()
    rig.rendered(rig.engines.renders()[-1])
    assert rig.lands()[-1].arrival.at == last(rig).lands_at


def test_what_a_press_says_beside_that_it_waits_is_said_on():
    rig = Rig(loaded(one_pad(), defaults={"land": "bar"}))
    rig.press()
    job = rig.bridge.renders.jobs.get(1)
    job.text = f"shorter than asked; {job.text}"
    bars(rig, 2)
    assert last(rig).text.count("waits for") == 1
    rig.ready()
    rig.bridge.housekeeping()
    assert last(rig).text == "shorter than asked"


def test_what_is_pressed_while_its_engine_is_away_waits_for_it_and_who_stands_in_promises():
    rig = Rig(loaded(one_pad(), model="pocket", defaults={"land": "bar"}, engine={"fallback": "sketch"}))
    rig.ready("pocket")
    rig.say(Died("killed", (), restarting=True), "pocket")
    rig.press()
    assert (last(rig).text, last(rig).boundary) == ("waits for pocket, which is being replaced", None)
    bars(rig, 2)
    assert last(rig).text == "sketch stands in for pocket"
    rig.say(Started(1), "sketch")
    rig.clock.time += 0.1
    rig.say(Progress(1, 1, 2), "sketch")
    assert last(rig).boundary is not None
    assert last(rig).missed == 0


def test_a_press_that_is_late_for_reasons_unknown_is_told_of_once():
    rig = on_the_bar()
    rig.press()
    rig.say(Started(1))
    rig.clock.time += 1.0
    rig.say(Progress(1, 1, 3))
    assert last(rig).boundary is not None
    # Its engine has begun anew, and nobody knows how long it takes.
    rig.say(Died("killed", (1,), restarting=True))
    rig.ready()
    bars(rig, 8)
    assert [(job.missed, job.boundary, job.text) for job in rig.jobs() if job.missed] == [(1, None, "missed bar 3")]
