import numpy as np
import pytest

from midifrag.bridge.items import Reload
from midifrag.events import ControlChanged
from midifrag.fragment.writer_events import GivenUp, LandFailed, Made
from midifrag.intents import MuteSlot, Panic, SelectBank, SetParameter, SlotPlaying, StopSlot
from midifrag.midi.messages import NoteOn, ProgramChange
from midifrag.playback.messages import Drop, Load, Meters, Mix, PlaybackChanged, PlaybackState, Sounding, Start, Stop
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded, one_pad, two_banks

AUDIO = np.zeros((2, 100), np.float32)


def rig_of(show, **keys):
    return Rig(loaded(one_pad(**keys), **show))


def test_what_lands_sounds_in_its_slot_once_its_samples_are_known():
    rig = rig_of({})
    rig.press()
    [render] = rig.engines.renders()
    rig.rendered(render)
    rig.bridge.handle(Made(render.job, AUDIO, 44100, False))
    assert rig.played == [Load(render.job, AUDIO, 44100, False)]
    rig.landed(render.job, slot=3)
    assert rig.played[1:] == [Start(render.job, 3)]


@pytest.mark.parametrize(("velocity", "level"), [(127, 1.0), (1, 0.0645), (64, 0.2540)])
def test_velocity_is_a_level_where_the_pad_says_so_and_renders_the_same(velocity, level):
    rig = rig_of({}, velocity={"sets": "gain", "range": [-24, 0]}, choke="drums")
    rig.press(velocity=velocity)
    [render] = rig.engines.renders()
    rig.finish(render)
    [start] = rig.played
    assert start.level == pytest.approx(level, rel=0.02)
    assert start.choke == "drums"


def test_a_fragment_that_will_not_land_is_forgotten():
    rig = rig_of({})
    for event in (LandFailed, GivenUp):
        rig.bridge.handle(event(7, "why"))
    rig.landed(7)
    assert rig.played == [Drop(7), Drop(7), Drop(7)]


def test_panic_stops_all_and_a_slot_can_be_stopped_alone():
    rig = rig_of({"actions": [{"cc": 50, "does": "stop", "slot": 2}, {"cc": 51, "does": "stop_all"}]})
    rig.turn(50, 127)
    rig.turn(51, 127)
    rig.bridge.handle(StopSlot(4))
    rig.bridge.handle(Panic())
    assert rig.played == [Stop(2), Stop(None), Stop(4), Stop(None)]


def test_what_lands_after_a_panic_lands_in_silence_and_the_next_press_sounds():
    rig = rig_of({})
    for number in (1, 2):
        rig.press()
        [*_, render] = rig.engines.renders()
        rig.rendered(render)
        if number == 1:
            rig.bridge.handle(Panic())
        rig.bridge.handle(Made(render.job, AUDIO, 44100, False))
        rig.landed(render.job)
    load = [Load(number, AUDIO, 44100, False) for number in (1, 2)]
    assert rig.played == [Stop(None), load[0], Drop(1), load[1], Start(2, 1)]


def test_controls_set_gain_pan_and_mute_of_slots_and_the_gain_of_all():
    controls = [
        {"cc": 30, "sets": "gain", "slot": 1},
        {"cc": 31, "sets": "pan", "slot": 2},
        {"cc": 32, "sets": "mute", "slot": 2},
        {"cc": 33, "sets": "gain", "range": [-20, 6]},
    ]
    rig = rig_of({"controls": controls, "playback": {"gain": -3}})
    rig.turn(30, 127)
    rig.turn(30, 0)
    rig.turn(31, 0)
    rig.turn(32, 127)
    rig.turn(33, 127)
    assert rig.played == [
        Mix(1, gain=0.0),
        Mix(1, gain=-60.0),
        Mix(2, pan=-1.0),
        Mix(2, muted=True),
        Mix(None, gain=3.0),
    ]
    assert rig.told(ControlChanged)[-1] == ControlChanged("gain", 6.0)
    # What renders is none of their business.
    rig.press()
    assert len(rig.engines.renders()) == 1


def test_a_master_at_its_end_is_silence_whatever_the_set_adds():
    rig = rig_of({"controls": [{"cc": 33, "sets": "gain"}], "playback": {"gain": 6}})
    rig.turn(33, 0)
    assert rig.played == [Mix(None, gain=-60.0)]


def test_actions_mute():
    actions = [
        {"note": 50, "does": "mute", "slot": 1},
        {"note": 51, "does": "unmute", "slot": 1},
        {"note": 52, "does": "toggle_mute", "slot": 1},
    ]
    rig = rig_of({"actions": actions})
    for note in (51, 50, 50, 52, 52, 51):
        rig.press(note)
    rig.bridge.handle(MuteSlot(2, None))
    muted = [one.muted for one in rig.played if one.slot == 1]
    assert muted == [False, True, True, False, True, False]
    assert [one.muted for one in rig.played if one.slot == 2] == [True]


def test_values_of_the_mix_can_be_set_outright_within_their_limits():
    rig = rig_of({})
    for name, value in (("gain 2", -6.0), ("gain 2", None), ("gain 2", 99.0), ("steps 2", 4.0), ("pan x", 0.0)):
        rig.bridge.handle(SetParameter(name, value))
    assert rig.played == [Mix(2, gain=-6.0), Mix(2, gain=0.0)]
    assert len(rig.notices()) == 3


def test_what_another_performer_mutes_stays_muted_when_the_main_ones_value_gives_way():
    knob = {"cc": 30, "sets": "mute", "slot": 1}
    mute = {"note": 50, "does": "mute", "slot": 1}
    ports = {name: {"in": name, "performer": name} for name in ("left", "right")}
    one, two = bank("one", program=1), bank("two", program=2, controls=[knob])
    rig = Rig(loaded(one, two, ports=ports, actions=[mute]))
    rig.bridge.handle(SetParameter("mute 1", 0.0))
    rig.bridge.handle(ProgramChange("right", 1, 2, 0.0))
    rig.bridge.handle(NoteOn("right", 1, 50, 100, 0.0))
    assert rig.bridge.view.controls["mute 1"].value is None
    assert rig.played[-1] == Mix(1, muted=True)


def test_a_banks_own_controls_let_go_of_the_mix_with_the_bank():
    one = bank("one", controls=[{"cc": 30, "sets": "gain", "slot": 1}])
    rig = Rig(loaded(one, bank("two", program=5)))
    rig.turn(30, 0)
    rig.bridge.handle(SelectBank(slug="two"))
    rig.bridge.handle(SelectBank(slug="one"))
    assert rig.played == [Mix(1, gain=-60.0), Mix(1, gain=0.0), Mix(1, gain=-60.0)]


def test_another_gain_in_the_set_counts_at_once():
    rig = Rig(two_banks(playback={"gain": -3}))
    rig.bridge.handle(Reload(two_banks(playback={"gain": -9})))
    rig.bridge.handle(Reload(two_banks(playback={"gain": -9})))
    assert rig.played == [Mix(None, gain=-9.0)]


def test_what_the_player_says_is_told_and_kept_for_who_comes_later():
    rig = rig_of({})
    playing = PlaybackChanged(PlaybackState.PLAYING, "Desk", 48000, 256, True)
    sounds = Sounding(1, 7, True, 100.0, 2.0)
    said = [playing, sounds, Meters((0.5,), 0.5), Sounding(2, 8, True, 100.0), Sounding(2, 8, False, 101.0)]
    for event in said:
        rig.bridge.handle(event)
    assert [change for change in rig.changes if change in said] == said
    assert [change for change in rig.bridge.everything() if change in said] == [playing, sounds]
    assert rig.bridge.view.meters == Meters((0.5,), 0.5)
    assert SlotPlaying(1, True, 100.0, 2.0, 7) in rig.writes
