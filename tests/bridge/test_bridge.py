from __future__ import annotations

import random

import pytest

from midifrag.bridge.bridge import Bridge
from midifrag.bridge.items import AbletonHeard, CaughtUp, Introduce, LinkHeard, Reload
from midifrag.bridge.pads import ENDED_SHOWS_FOR
from midifrag.clock import ManualClock
from midifrag.engine.messages import Died
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    Notice,
    PadChanged,
    PortChanged,
    TimeChanged,
)
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.writer_events import Refused, SlotsChanged, TakeChanged
from midifrag.intents import LockSlot, Press, RestoreSlot, SetParameter, Tap
from midifrag.midi.messages import Aftertouch, NoteOff, PitchBend, Tick, TransportChange
from midifrag.pad_key import PadKey
from midifrag.states import EngineState, NoticeLevel, PadState
from midifrag.timeline import Signature, Timeline
from tests.support.bridges import INFO, RecordingEngines, Rig, with_spares
from tests.support.shows import bank, loaded, one_pad, two_banks

# --- what comes in ---------------------------------------------------------------------------------------------------


def test_who_must_not_run_ahead_is_told_in_its_turn():
    rig = Rig()
    rig.bridge.handle(CaughtUp(lambda: rig.happened.append("caught up")))
    rig.press(36)
    assert rig.happened[0] == "caught up"


@pytest.mark.parametrize(
    "change",
    [
        SlotsChanged((SlotState(1, "output01.wav"),)),
        TakeChanged(TakeRecord("rain", number=3, starred=True)),
        PortChanged("pads", "in", "lost", "pads: went away"),
        Notice(NoticeLevel.WARNING, "the page was started again"),
    ],
)
def test_what_others_report_is_passed_on_as_it_is(change):
    rig = Rig()
    rig.bridge.handle(change)
    assert rig.changes == [change]


def test_what_is_passed_on_is_part_of_how_everything_stands():
    rig = Rig()
    for change in (SlotsChanged((SlotState(1, "output01.wav"),)), PortChanged("pads", "in", "open", "")):
        rig.bridge.handle(change)
        assert change in rig.bridge.everything()


def test_a_refusal_of_the_writer_is_told():
    rig = Rig()
    rig.bridge.handle(Refused(LockSlot(9, True), "there is no slot 9"))
    assert rig.notices() == [("warning", "there is no slot 9")]


def test_midi_means_what_the_active_bank_says():
    controls = [
        {"pitch_bend": True, "sets": "steps", "range": [1, 101]},
        {"aftertouch": True, "sets": "cfg_scale", "range": [0, 10]},
    ]
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain"}, 37: {"prompt": "bell"}}, controls=controls)))
    rig.bridge.handle(PitchBend("midifrag", 1, 8191, 0.0))
    rig.bridge.handle(Aftertouch("midifrag", 1, 127, 0.0))
    assert rig.changes == [ControlChanged("steps", 101), ControlChanged("cfg_scale", 10.0)]
    rig.press()
    rig.bridge.handle(NoteOff("midifrag", 1, 36, 0.0))
    rig.press(37)
    assert [render.prompt for render in rig.engines.renders()] == ["rain", "bell"]
    assert rig.pad_states() == ["queued"]


def test_what_waits_for_a_second_press_is_told_before_what_came_later():
    show = bank(pads={36: {"prompt": "rain"}, 37: {"prompt": "bell"}})
    rig = Rig(loaded(show, actions=[{"note": 36, "press": "double", "does": "panic"}]))
    rig.press(36)
    rig.bridge.handle(NoteOff("midifrag", 1, 36, rig.clock.now() + 0.1))
    assert rig.engines.renders() == []
    rig.clock.time += 5
    rig.press(37)
    assert [render.prompt for render in rig.engines.renders()] == ["rain", "bell"]


def test_of_controls_that_a_controller_shows_the_nearer_one_comes_first_and_a_pads_is_that_in_hand():
    mine = {"cc": 21, "sets": "cfg_scale", "range": [0, 10], "scope": "pad"}
    all_pads = {"cc": 22, "sets": "steps", "range": [1, 101]}
    pads = {36: {"prompt": "rain", "cfg_scale": 5}, 37: {"prompt": "bell", "cfg_scale": 10}}
    rig = Rig(loaded(bank(pads=pads, controls=[mine]), controls=[all_pads]))

    def first():
        control, at = next(rig.bridge.standing("midifrag"))
        return control.value_name, at

    assert first() == ("cfg_scale", None)
    for pad, at in ((36, 0.5), (37, 1.0)):
        rig.press(pad)
        assert first() == ("cfg_scale", at)


def test_all_that_a_message_means_is_done():
    rig = Rig(loaded(actions=[{"cc": 20, "does": "lock", "slot": 1}, {"cc": 20, "does": "restore", "slot": 2}]))
    rig.turn(20, 127)
    assert rig.writes == [LockSlot(1, True), RestoreSlot(2)]


def test_seeds_are_drawn_by_whom_the_bridge_is_given():
    shows = []
    for seeds in (random.Random(1), random.Random(1), None):
        engines = RecordingEngines()
        bridge = Bridge(loaded(), engines, lambda _: None, lambda _: None, ManualClock(), seeds)
        bridge.handle(Press(36, 1, "midifrag", 0.5, 0.0))
        shows.append(engines.renders()[0].seed)
    assert shows[0] == shows[1] != shows[2]


# --- watching --------------------------------------------------------------------------------------------------------


def test_a_newcomer_is_told_how_everything_stands():
    rig = Rig(two_banks())
    rig.ready()
    rig.press()
    rig.bridge.handle(SetParameter("steps", 3))
    slots, port = SlotsChanged((SlotState(1, "output01.wav"),)), PortChanged("pads", "in", "open", "")
    rig.bridge.handle(slots)
    rig.bridge.handle(port)
    before, given = len(rig.changes), []
    rig.bridge.handle(Introduce(given.extend))
    queued = rig.told(PadChanged)[-1]
    idle = PadChanged("one", PadKey(37), None, 1, 37, PadState.IDLE, None, 1000.0)
    assert given == [
        ConfigurationChanged(rig.bridge.loaded),
        BankChanged("one", "One", 0, (queued, idle)),
        TimeChanged(Timeline(120.0, 1000.0)),
        slots,
        EngineChanged("sketch", EngineState.READY, INFO.summary, info=INFO),
        port,
        ControlChanged("steps", 3),
        rig.told(JobChanged)[-1],
    ]
    assert len(rig.changes) == before


def test_the_view_has_the_configuration_and_its_first_bank_from_the_beginning():
    show = two_banks()
    view = Rig(show).bridge.view
    assert (view.configuration, view.bank.slug) == (show, "one")


def test_a_chord_that_is_let_go_with_all_notes_off_lands():
    rig = Rig()
    rig.press(36)
    rig.press(37)
    rig.turn(123, 0)
    rig.turn(120, 0)
    assert rig.engines.cancels() == []


def test_all_sound_off_cancels_where_the_set_wants_it():
    rig = Rig(loaded(panic_on=["cc120"]))
    rig.press(36)
    rig.turn(123, 0)
    assert rig.engines.cancels() == []
    rig.turn(120, 0)
    assert rig.engines.cancels() == [rig.engines.renders()[0].job]


def test_one_stroke_of_a_pedal_toggles_a_lock_once():
    rig = Rig(loaded(actions=[{"cc": 64, "does": "toggle_lock", "slot": 1}]))
    for value in (*range(0, 128, 2), *range(127, -1, -2)):
        rig.turn(64, value)
    assert rig.writes == [LockSlot(1, None)]


def test_a_pedal_that_is_held_while_it_changes_banks_changes_them_once():
    rig = Rig(loaded(bank("one"), bank("two"), bank("three"), actions=[{"cc": 64, "does": "next_bank"}]))
    for value in range(0, 128, 2):
        rig.turn(64, value)
    assert rig.bridge.bank.slug == "two"


def test_the_clock_of_the_port_that_the_set_names_is_told():
    rig = Rig(loaded(ports={"pads": {"in": "x"}, "daw": {"in": "y"}}, time={"source": "midi:daw"}))
    for port, bpm in (("pads", 90), ("daw", 140)):
        for index in range(100):
            rig.bridge.handle(Tick(port, index * 60 / bpm / 24))
    assert rig.told(ControlChanged) == [ControlChanged("tempo", 140.0)]


# --- musical time ----------------------------------------------------------------------------------------------------


def test_clocks_and_taps_move_the_shows_time():
    rig = Rig()
    for moment in (1000.0, 1000.4):
        rig.bridge.handle(Tap(moment))
    assert rig.told(TimeChanged)[-1].timeline.bpm == pytest.approx(150)
    assert rig.told(ControlChanged) == [ControlChanged("tempo", 150.0)]
    rig.bridge.handle(LinkHeard(133.0, 1001.0, 4.0, peers=1))
    assert rig.bridge.view.time == Timeline(133.0, 1001.0, 4.0, source="link")
    rig.bridge.handle(TransportChange("midifrag", "start", 1002.0))
    rig.bridge.handle(Tick("midifrag", 1002.0))
    assert rig.bridge.view.time == Timeline(133.0, 1002.0, 0.0, source="midi:midifrag")
    rig.clock.time = 1010.0
    rig.bridge.housekeeping()
    assert rig.bridge.view.time.source == "link"
    given = Timeline(99.0, 1011.0, 3.0, source="midi:elsewhere")
    rig.bridge.handle(TimeChanged(given))
    assert rig.bridge.view.time == given


def test_lives_song_moves_the_shows_time():
    rig = Rig(loaded(time={"source": "ableton"}))
    rig.bridge.handle(AbletonHeard(90.0, rig.clock.now(), 8.0, Signature(3, 4), True))
    (told,) = rig.told(TimeChanged)
    assert (told.timeline.bpm, told.timeline.signature) == (90.0, Signature(3, 4))


def test_another_set_has_another_tempo_from_where_the_time_is():
    rig = Rig()
    rig.clock.time += 3.0
    rig.bridge.handle(Reload(loaded(tempo=60)))
    assert rig.bridge.view.time == Timeline(60.0, 1003.0, 6.0)


def test_it_rests_when_nothing_is_on_its_way_held_or_away():
    rig = Rig()
    rests = [rig.bridge.rests]

    def after(step):
        step()
        rests.append(rig.bridge.rests)

    after(lambda: rig.press(36))
    rig.bridge.handle(NoteOff("midifrag", 1, 36, 0, rig.clock.now()))
    after(lambda: rig.finish(rig.engines.renders()[-1]))
    after(lambda: rig.say(Died("gone", (), restarting=True)))
    after(rig.ready)
    assert rests == [True, False, True, False, True]


def test_it_does_not_rest_while_a_spare_is_made():
    rig = with_spares()
    rig.bridge.housekeeping()
    assert not rig.bridge.rests
    rig.rendered(rig.engines.renders()[-1])
    assert rig.bridge.rests


def test_housekeeping_renders_spares_and_lets_pads_rest():
    rig = with_spares(one_pad(seed=7))
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    rig.landed(rig.lands()[0].job)
    rig.clock.time += ENDED_SHOWS_FOR
    rig.bridge.housekeeping()
    assert rig.pad_states()[-2:] == ["landed", "ready"]
    rig.bridge.handle(SetParameter("steps", 3))
    rig.bridge.housekeeping()
    assert rig.engines.renders()[-1].steps == 3
