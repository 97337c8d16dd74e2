"""Banks, live values and configurations that take the place of others; what else happens is in test_bridge.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.bridge.items import LinkHeard, LorasReplaced, Reload
from midifrag.config.performers import MAIN
from midifrag.engine.messages import Cancel, Cancelled, Failed, Warm
from midifrag.events import BankChanged, ConfigurationChanged, ControlChanged, Notice, PadChanged, TimeChanged
from midifrag.intents import MoveControl, ResetValues, SelectBank, SetLand, SetParameter
from midifrag.midi.decoding import MessageDecoder
from midifrag.midi.messages import ControlChange, NoteOn, ProgramChange, Tick
from midifrag.pad_key import PadKey
from midifrag.states import NoticeLevel, PadState
from tests.support.bridges import Rig, with_spares
from tests.support.shows import bank, loaded, one_pad, two_banks

# --- banks and controls ----------------------------------------------------------------------------------------------


def test_a_program_change_selects_a_bank_and_repeating_it_does_nothing():
    rig = Rig(two_banks())
    rig.program(5)
    rig.press()
    rig.program(5)
    assert rig.engines.renders()[0].prompt == "wind"
    (selected,) = rig.told(BankChanged)
    pad = PadChanged("two", PadKey(36), None, 1, 36, PadState.IDLE, None, 1000.0)
    assert selected == BankChanged("two", "Two", 1, (pad,))
    assert (rig.bridge.bank.slug, rig.bridge.mappers[0].bank.slug) == ("two", "two")


@pytest.mark.parametrize(
    ("select", "wanted"), [(SelectBank(program=9), "program 9"), (SelectBank(slug="drift"), "drift")]
)
def test_a_bank_that_is_not_there_keeps_the_one_that_is_and_says_so(select, wanted):
    rig = Rig(two_banks())
    rig.bridge.handle(select)
    assert rig.bridge.bank.slug == "one"
    assert rig.changes == [Notice(NoticeLevel.WARNING, f"no bank for {wanted}; One stays")]


def test_next_bank_goes_round_the_set_list():
    rig = Rig(two_banks())
    for slug in ("two", "one"):
        rig.bridge.handle(SelectBank(offset=1))
        assert rig.bridge.bank.slug == slug


def test_pickup_waits_for_the_value_that_the_page_set():
    rig = Rig(loaded(controls=[{"cc": 21, "sets": "cfg_scale", "range": [0, 12.7], "takeover": "pickup"}]))
    rig.bridge.handle(SetParameter("cfg_scale", 10.0))
    rig.turn(21, 10)
    rig.turn(21, 110)
    assert rig.changes == [
        ControlChanged("cfg_scale", 10.0),
        ControlChanged("cfg_scale", 10.0, waiting=True),
        ControlChanged("cfg_scale", pytest.approx(11.0)),
    ]


def test_another_bank_ends_the_waiting_of_a_knob():
    control = {"cc": 21, "sets": "cfg_scale", "range": [0, 12.7], "takeover": "pickup"}
    rig = Rig(two_banks(controls=[control], defaults={"cfg_scale": 10}))
    rig.turn(21, 10)
    rig.program(5)
    waits, over = rig.told(ControlChanged)
    assert (waits, over) == (ControlChanged("cfg_scale", None, waiting=True), ControlChanged("cfg_scale", None))


def test_giving_a_parameter_back_to_the_presets():
    rig = Rig()
    for value in (33.4, None):
        rig.bridge.handle(SetParameter("steps", value))
        rig.press()
    assert rig.told(ControlChanged) == [ControlChanged("steps", 33), ControlChanged("steps", None)]
    assert [render.steps for render in rig.engines.renders()] == [33, None]


@pytest.mark.parametrize(
    ("name", "value"), [("volume", 3), ("steps", 0), ("cfg_scale", float("nan")), ("volume", None)]
)
def test_a_parameter_that_cannot_be_set_says_so_and_harms_no_press(name, value):
    rig = Rig()
    rig.bridge.handle(SetParameter(name, value))
    assert rig.changes == [Notice(NoticeLevel.WARNING, f"{name} cannot be set to {value}; nothing was changed")]
    rig.press()
    assert len(rig.engines.renders()) == 1


def test_a_banks_own_controls_are_taken_back_where_they_no_longer_count():
    own = {
        "controls": [
            {"cc": 1, "sets": "steps", "range": [1, 128]},
            {"cc": 2, "sets": "seconds", "range": [1, 3]},
            {"cc": 3, "sets": "cfg_scale", "range": [1, 3]},
        ]
    }
    rig = Rig(loaded(bank("one", program=1, **own), bank("two", program=2)))
    rig.bridge.handle(SetParameter("seed", 7))
    for cc in (1, 2, 3):
        rig.turn(cc, 127)
    rig.changes.clear()
    rig.program(2)
    back = [ControlChanged(name, None) for name in ("cfg_scale", "seconds", "steps")]
    assert rig.changes[1:] == [*back, ControlChanged("seed", 7)]
    rig.changes.clear()
    rig.program(1)
    set_again = {(change.name, change.value) for change in rig.changes[1:]}
    assert set_again == {("seed", 7), ("steps", 128), ("seconds", 3), ("cfg_scale", 3)}


def test_a_press_is_told_the_tempo_of_the_clock():
    rig = Rig(loaded(bank(pads={36: {"prompt": "beat, {bpm} bpm"}})))
    rig.press()
    for index in range(30):
        rig.bridge.handle(Tick("midifrag", index * 60 / 90 / 24))
    rig.press()
    assert [render.prompt for render in rig.engines.renders()] == ["beat, 120 bpm", "beat, 90 bpm"]
    assert rig.jobs()[-1].prompt == "beat, 90 bpm"
    assert rig.told(ControlChanged) == [ControlChanged("tempo", 90.0)]


def test_a_value_that_goes_with_another_performers_bank_stays_the_main_performers():
    knob = {"cc": 22, "sets": "cfg_scale", "range": [0, 10]}
    ports = {name: {"in": name, "performer": name} for name in ("left", "right")}
    rig = Rig(loaded(bank("one", program=1), bank("two", program=5, controls=[knob]), ports=ports))
    for name in ports:
        rig.bridge.handle(ProgramChange(name, 1, 5, 0.0))
        rig.bridge.handle(ControlChange(name, 1, 22, 127, 0.0))
    rig.changes.clear()
    rig.bridge.handle(ProgramChange("right", 1, 1, 0.0))
    assert rig.told(ControlChanged) == [ControlChanged("cfg_scale", None, performer="right")]
    assert rig.bridge.view.controls["cfg_scale"].value == 10


@pytest.fixture
def two_hands():
    """Two performers who begin in the same bank of two; in both a knob sets steps of the pad in hand."""
    knob = {"cc": 22, "sets": "steps", "range": [1, 128], "scope": "pad"}
    ports = {name: {"in": name, "performer": name} for name in ("left", "right")}
    banks = [bank(name, program=number, controls=[knob]) for number, name in enumerate(("one", "two"), start=1)]
    return Rig(loaded(*banks, ports=ports))


def turn_on_pad(rig, port, value):
    rig.bridge.handle(NoteOn(port, 1, 36, 100, 0.0))
    rig.bridge.handle(ControlChange(port, 1, 22, value, 0.0))


def in_sight(rig):
    return {place: change.value for place, change in rig.bridge.view.pad_values.items()}


def test_a_pads_value_that_another_performer_sets_is_in_sight_where_it_counts(two_hands):
    turn_on_pad(two_hands, "right", 127)
    assert in_sight(two_hands) == {("one", PadKey(36), "steps"): 128}
    two_hands.bridge.handle(ProgramChange("right", 1, 2, 0.0))
    turn_on_pad(two_hands, "right", 0)
    assert list(in_sight(two_hands)) == [("one", PadKey(36), "steps")], "of a bank that the main performer does not see"


def test_a_pads_value_that_another_performer_takes_away_is_out_of_sight(two_hands):
    turn_on_pad(two_hands, "left", 127)
    with two_hands.bridge._set_list.as_performer("right"):
        two_hands.bridge._switching.reset("steps")
    assert in_sight(two_hands) == {}


def test_a_pads_value_that_goes_while_another_bank_is_in_sight_is_gone_on_the_return(two_hands):
    turn_on_pad(two_hands, "left", 127)
    two_hands.bridge.handle(ProgramChange("left", 1, 2, 0.0))
    assert in_sight(two_hands) == {}
    with two_hands.bridge._set_list.as_performer("right"):
        two_hands.bridge._switching.reset(None)
    two_hands.bridge.handle(ProgramChange("left", 1, 1, 0.0))
    assert in_sight(two_hands) == {}


@pytest.mark.parametrize("port", ["left", "right"])
def test_a_pads_value_goes_out_of_sight_with_the_knob_that_set_it(two_hands, port):
    turn_on_pad(two_hands, port, 127)
    ports = {name: {"in": name, "performer": name} for name in ("left", "right")}
    two_hands.bridge.handle(Reload(loaded(bank("one", program=1), ports=ports)))
    assert in_sight(two_hands) == {}


def test_what_another_performers_value_takes_from_the_main_one_is_told():
    knob = {"cc": 22, "sets": "cfg_scale", "range": [0, 10]}
    ports = {name: {"in": name, "performer": name} for name in ("left", "right")}
    rig = Rig(loaded(bank("one", program=1), bank("two", program=2, controls=[knob]), ports=ports))
    rig.bridge.handle(SetParameter("cfg_scale", 5))
    assert rig.bridge.view.controls["cfg_scale"].value == 5
    rig.bridge.handle(ProgramChange("right", 1, 2, 0.0))
    with rig.bridge._set_list.as_performer("right"):
        rig.bridge._switching.set_value("cfg_scale", 7)
    assert rig.bridge.view.controls["cfg_scale"].value is None


def of_two(*, has_knob=True):
    scopes = {22: ("steps", "pad"), 23: ("cfg_scale", "bank")} if has_knob else {}
    knobs = [{"cc": cc, "sets": name, "range": [1, 15], "scope": scope} for cc, (name, scope) in scopes.items()]
    ports = {name: {"in": name, "performer": name} for name in ("left", "right")}
    return loaded(bank("one", program=1, controls=knobs), bank("two", program=2, controls=knobs), ports=ports)


@given(st.data())
def test_what_is_in_sight_is_what_counts_whoever_does_what(data):
    rig = Rig(of_two())
    for _ in range(data.draw(st.integers(1, 12))):
        port = data.draw(st.sampled_from(["left", "right"]))
        doing = data.draw(st.sampled_from(["press", "turn", "switch", "set", "reset", "reload"]))
        if doing == "press":
            rig.bridge.handle(NoteOn(port, 1, data.draw(st.sampled_from([36, 37])), 100, 0.0))
        elif doing == "turn":
            knob, value = data.draw(st.sampled_from([22, 23])), data.draw(st.sampled_from([0, 60, 127]))
            rig.bridge.handle(ControlChange(port, 1, knob, value, 0.0))
        elif doing == "switch":
            rig.bridge.handle(ProgramChange(port, 1, data.draw(st.sampled_from([1, 2])), 0.0))
        elif doing == "reload":
            rig.bridge.handle(Reload(of_two(has_knob=data.draw(st.booleans()))))
        else:
            with rig.bridge._set_list.as_performer(MAIN if port == "left" else port):
                name = data.draw(st.sampled_from(["steps", "cfg_scale"]))
                rig.bridge._switching.set_value(name, 10 if doing == "set" else None)
        with rig.bridge._set_list.as_performer(MAIN):
            counts = {(one.bank, one.pad, one.name): one.value for one in rig.bridge._set_list.values.changes()}
        seen = {(one.bank, one.pad, one.name): one.value for one in rig.bridge.view.pad_values.values()}
        seen |= {("", None, name): one.value for name, one in rig.bridge.view.controls.items() if one.value is not None}
        assert seen == counts


def test_a_knob_of_the_main_performer_still_waits_when_another_sets_its_value():
    knob = {"cc": 22, "sets": "cfg_scale", "range": [0, 10], "takeover": "pickup"}
    ports = {name: {"in": name, "performer": name} for name in ("left", "right")}
    rig = Rig(loaded(bank("one", program=1), controls=[knob], ports=ports))
    rig.bridge.handle(SetParameter("cfg_scale", 5))
    rig.bridge.handle(ControlChange("left", 1, 22, 0, 0.0))
    assert rig.bridge.view.controls["cfg_scale"].waiting
    for value in (0, 127):
        rig.bridge.handle(ControlChange("right", 1, 22, value, 0.0))
    assert rig.bridge.view.controls["cfg_scale"] == ControlChanged("cfg_scale", 10, waiting=True)


@pytest.mark.parametrize(("land", "said"), [("2 bars", "on every second bar"), (None, "as the presets say")])
def test_where_fragments_land_from_now_on_is_said(land, said):
    rig = Rig()
    rig.bridge.handle(SetLand(land))
    assert rig.changes == [Notice(NoticeLevel.INFO, f"fragments land {said}")]


#: A knob that sets a value of the pad in hand alone.
OF_A_PAD = {"cc": 21, "sets": "cfg_scale", "range": [0, 10], "scope": "pad"}


@pytest.mark.parametrize(("more", "turned", "value"), [({}, 127, 10), ({"relative": "twos", "clicks": 10}, 1, 6)])
def test_what_is_turned_sets_the_value_of_the_pad_in_hand(more, turned, value):
    rig = Rig(loaded(controls=[{**OF_A_PAD, **more}]))
    rig.press(37)
    rig.turn(21, turned)
    assert rig.told(ControlChanged) == [ControlChanged("cfg_scale", value, bank="opening", pad=PadKey(37))]


def test_a_reset_of_one_value_leaves_the_others():
    rig = Rig()
    for name in ("steps", "cfg_scale"):
        rig.bridge.handle(SetParameter(name, 7))
    rig.changes.clear()
    rig.bridge.handle(ResetValues("steps"))
    assert rig.changes == [ControlChanged("steps", None)]
    rig.press()
    assert [(render.steps, render.cfg_scale) for render in rig.engines.renders()] == [(None, 7)]


def test_a_reset_of_all_tells_each_and_those_of_single_pads():
    rig = Rig(loaded(controls=[OF_A_PAD]))
    rig.bridge.handle(SetParameter("steps", 7))
    rig.press()
    rig.turn(21, 127)
    rig.changes.clear()
    rig.bridge.handle(ResetValues())
    assert rig.changes == [
        ControlChanged("cfg_scale", None),
        ControlChanged("steps", None),
        ControlChanged("cfg_scale", None, bank="opening", pad=PadKey(36)),
    ]


def test_a_length_that_is_set_takes_back_the_others_also_those_of_single_pads():
    rig = Rig(loaded(controls=[{"cc": 21, "sets": "beats", "range": [1, 8], "scope": "pad"}]))
    rig.bridge.handle(SetParameter("bars", 2))
    rig.press()
    rig.turn(21, 127)
    rig.changes.clear()
    rig.bridge.handle(SetParameter("seconds", 5))
    assert rig.changes == [
        ControlChanged("seconds", 5),
        ControlChanged("bars", None),
        ControlChanged("beats", None, bank="opening", pad=PadKey(36)),
    ]


# --- another configuration -------------------------------------------------------------------------------------------


def test_another_configuration_is_told_with_the_bank_that_is_still_there():
    rig = Rig(two_banks())
    rig.program(5)
    rig.bridge.handle(SetParameter("steps", 3))
    rig.changes.clear()
    changed = loaded(bank("zero"), bank("two", {36: {"prompt": "storm"}}, program=5))
    rig.bridge.handle(Reload(changed))
    kinds = [ConfigurationChanged, BankChanged, ControlChanged, Notice]
    assert [type(change) for change in rig.changes] == kinds
    assert (rig.changes[0].loaded, rig.changes[1].slug, rig.changes[1].index) == (changed, "two", 1)
    assert rig.changes[2:] == [
        ControlChanged("steps", 3),
        Notice(NoticeLevel.INFO, "the changed configuration is in use"),
    ]
    assert rig.bridge.loaded is rig.bridge.view.configuration is changed
    rig.press()
    assert rig.engines.renders()[0].prompt == "storm"


def test_values_go_with_the_controls_that_are_no_longer_configured():
    rig = Rig(loaded(controls=[{"cc": 1, "sets": "steps", "range": [1, 128]}]))
    rig.turn(1, 127)
    rig.bridge.handle(Reload(loaded()))
    assert rig.told(ControlChanged)[-1] == ControlChanged("steps", None)


def test_a_tempo_that_is_configured_anew_is_told():
    pads = {36: {"prompt": "beat at {bpm}"}}
    rig = Rig(loaded(bank(pads=pads)))
    rig.bridge.handle(Reload(loaded(bank(pads=pads))))
    assert rig.told(ControlChanged) == []
    rig.bridge.handle(Reload(loaded(bank(pads=pads), tempo=90)))
    assert rig.told(ControlChanged) == [ControlChanged("tempo", 90.0)]
    rig.press()
    assert rig.engines.renders()[0].prompt == "beat at 90"


def test_a_reload_warms_what_is_new_and_only_that():
    pads = {36: {"prompt": "rain"}, 37: {"prompt": "bell"}, 38: {"prompt": "hum", "model": "small"}}
    rig = Rig(loaded(bank(pads=pads)))
    changed = {36: {"prompt": "storm"}, 37: {"prompt": "bell"}, 38: {"prompt": "hum", "model": "small"}}
    rig.bridge.handle(Reload(loaded(bank(pads={**changed, 39: {"prompt": "fog", "model": "pocket"}}))))
    warmed = {model: [render.prompt for render in warm.renders] for model, warm in rig.engines.sent}
    assert warmed == {"sketch": ["storm"], "pocket": ["fog"]}
    assert all(isinstance(command, Warm) for _, command in rig.engines.sent)


def test_a_press_of_a_pad_that_is_no_longer_there_lands_without_a_light():
    rig = Rig()
    rig.press(37)
    (render,) = rig.engines.renders()
    rig.bridge.handle(Reload(loaded(one_pad())))
    rig.finish(render)
    assert rig.pad_states(PadKey(37)) == ["queued"]
    assert ("opening", PadKey(37)) not in rig.bridge.view.pads
    assert rig.jobs()[-1].state == "landed"


def test_another_configuration_is_told_with_everybodys_bank():
    knob = {"cc": 22, "sets": "cfg_scale", "range": [0, 10]}
    banks = bank("one", program=1), bank("two", program=5, controls=[knob]), bank("three", program=6, controls=[knob])
    ports = {name: {"in": name, "performer": name} for name in ("left", "middle", "right")}
    rig = Rig(loaded(*banks, ports=ports))
    for name, program in (("middle", 5), ("right", 6)):
        rig.bridge.handle(ProgramChange(name, 1, program, 0.0))
        rig.bridge.handle(ControlChange(name, 1, 22, 127 if name == "right" else 0, 0.0))
    rig.changes.clear()
    rig.bridge.handle(Reload(loaded(*banks, ports=ports)))
    assert [(told.slug, told.performer) for told in rig.told(BankChanged)] == [
        ("one", ""),
        ("two", "middle"),
        ("three", "right"),
    ]
    assert rig.told(ControlChanged) == [
        ControlChanged("cfg_scale", 0, performer="middle"),
        ControlChanged("cfg_scale", 10, performer="right"),
    ]


def test_spares_that_are_turned_off_while_the_show_runs_are_gone():
    rig = with_spares(bank())
    rig.rendered(rig.engines.renders()[0])
    coming = rig.engines.renders()[1]
    rig.bridge.handle(Reload(loaded()))
    rig.bridge.housekeeping()
    assert rig.engines.sent[2:] == [("sketch", Cancel(coming.job))]
    assert rig.bridge.view.pads["opening", PadKey(36)].state is PadState.IDLE
    rig.press()
    assert not rig.engines.renders()[-1].spare


def test_spares_stay_through_a_reload_that_keeps_them_on_and_follow_its_settings():
    rig = with_spares(bank())
    rig.rendered(rig.engines.renders()[0])
    rig.say(Cancelled(rig.engines.renders()[1].job))
    rig.bridge.handle(Reload(loaded(engine={"spares": {"enabled": True, "count": 1}})))
    rig.bridge.housekeeping()
    assert [render.prompt for render in rig.engines.renders()] == ["rain", "short kick"]
    assert rig.engines.cancels() == []
    assert rig.bridge.renders.spares.settings.count == 1
    rig.press()
    assert len(rig.lands()) == 1


def test_a_song_full_of_program_changes_is_a_few_lines():
    rig = Rig(two_banks())
    for program in range(6, 76):
        rig.program(program)
    assert len(rig.notices()) == 3
    rig.clock.time += 60
    rig.bridge.housekeeping()
    assert rig.notices()[-1] == (
        "warning",
        "67 more program changes have no bank; program_changes: {channel: N} limits which of them count",
    )
    assert len(rig.notices()) == 4


def test_a_control_that_is_moved_by_name_is_told_once():
    rig = Rig(loaded(controls=[{"cc": 21, "sets": "steps", "range": [1, 101]}]))
    for position in (1.0, 1.0):
        rig.bridge.handle(MoveControl("cc 21 sets steps", position))
    assert rig.changes == [ControlChanged("steps", 101)]


def told_by(rig, port, decoders, *messages):
    """What comes in at a port as bytes is taken in as its own decoder reads it."""
    decoder = decoders.setdefault(port, MessageDecoder(port))
    for message in messages:
        event = decoder.decode(decoder.parse(message), rig.clock.now())
        if event is not None:
            rig.bridge.handle(event)


def test_a_bank_select_is_latched_per_port_and_counts_with_the_program_change_alone():
    banks = [bank("one", program=1), bank("two", program=2, bank_select=[0, 1]), bank("three", program=2)]
    rig, decoders = Rig(loaded(*banks, ports={"a": {"in": "x"}, "b": {"in": "y"}})), {}
    told_by(rig, "a", decoders, [0xB0, 0, 0], [0xB0, 32, 1])
    assert rig.bridge.bank.slug == "one"
    told_by(rig, "b", decoders, [0xC0, 1])
    assert rig.bridge.bank.slug == "three"
    told_by(rig, "a", decoders, [0xC0, 1])
    assert rig.bridge.bank.slug == "two"
    changes = len(rig.changes)
    told_by(rig, "a", decoders, [0xC0, 1], [0xB0, 0, 0], [0xB0, 32, 1], [0xC0, 1])
    assert len(rig.changes) == changes
    # Another channel has a latch of its own.
    told_by(rig, "a", decoders, [0xC5, 1])
    assert rig.bridge.bank.slug == "three"


def test_program_changes_count_on_one_channel_only_where_the_set_says_so():
    rig, decoders = Rig(two_banks(program_changes={"channel": 10})), {}
    told_by(rig, "midifrag", decoders, [0xC0, 4])
    assert rig.bridge.bank.slug == "one"
    told_by(rig, "midifrag", decoders, [0xC9, 4])
    assert rig.bridge.bank.slug == "two"


def tempos(rig):
    return [change.timeline.bpm for change in rig.told(TimeChanged)]


def test_a_knob_sets_the_tempo_from_its_own_range_and_reset_gives_it_back():
    rig = Rig(
        loaded(
            tempo=100,
            controls=[{"cc": 23, "sets": "tempo"}],
            actions=[{"cc": 24, "does": "reset", "sets": "tempo"}],
        )
    )
    rig.turn(23, 127)
    assert tempos(rig) == [240]
    rig.turn(23, 0)
    assert tempos(rig) == [240, 40]
    assert rig.bridge.view.time.bpm == 40
    # It is no value of a press's.
    rig.press()
    assert "tempo" not in rig.bridge._set_list.values.effective
    rig.turn(24, 127)
    assert tempos(rig) == [240, 40, 100]


def test_a_tempo_knob_is_picked_up_where_the_tempo_is_by_now():
    knob = {"cc": 23, "sets": "tempo", "range": [20, 147], "takeover": "pickup"}
    rig = Rig(loaded(tempo=80, controls=[knob]))
    rig.bridge.handle(SetParameter("tempo", 100.0))
    assert tempos(rig) == [100]
    rig.turn(23, 60)
    assert tempos(rig) == [100]
    rig.turn(23, 90)
    assert tempos(rig) == [100, 110]
    ((control, position),) = rig.bridge.standing("midifrag")
    assert (control.value_name, control.value(position)) == ("tempo", pytest.approx(110))


def test_an_encoder_turns_the_tempo_from_where_it_is_and_a_tempo_that_cannot_be_is_told():
    rig = Rig(loaded(tempo=100, controls=[{"cc": 16, "relative": "twos", "sets": "tempo", "clicks": 200}]))
    rig.turn(16, 3)
    assert tempos(rig) == [pytest.approx(103)]
    rig.turn(16, 126)
    assert tempos(rig)[-1] == pytest.approx(101)
    rig.bridge.handle(SetParameter("tempo", 1000.0))
    assert rig.notices()[-1] == ("warning", "tempo cannot be set to 1000.0; nothing was changed")
    assert tempos(rig)[-1] == pytest.approx(101)


def test_a_tempo_that_is_a_clocks_is_left_alone():
    rig = Rig(loaded(controls=[{"cc": 23, "sets": "tempo"}], time={"source": "link"}))
    rig.bridge.handle(LinkHeard(90.0, rig.clock.now(), 0.0, peers=1))
    for value in range(128):
        rig.turn(23, value)
    assert rig.bridge.view.time.bpm == 90
    assert rig.told(ControlChanged) == [ControlChanged("tempo", 90.0)]
    assert [text for _, text in rig.notices()] == [
        "the tempo is that of link; controls set it where midifrag's own clock keeps the time"
    ]


# --- files of LoRAs --------------------------------------------------------------------------------------------------


def test_spares_made_with_a_lora_go_when_its_file_is_replaced_and_engines_read_that_at_once():
    pads = {36: {"prompt": "rain", "loras": [{"file": "/dusty.safetensors"}]}, 37: {"prompt": "wind"}}
    rig = with_spares(bank(pads=pads))
    made = []
    for _ in pads:
        made.append(rig.engines.renders()[-1])
        assert made[-1].spare
        rig.rendered(made[-1])
    assert [render.loras for render in made] == ["dusty=1 from /dusty.safetensors", None]
    rig.bridge.handle(LorasReplaced(frozenset({"/other.safetensors"})))
    rig.bridge.housekeeping()
    assert rig.engines.renders()[-1] is made[-1]

    rig.bridge.handle(LorasReplaced(frozenset({"/dusty.safetensors"})))
    [(model, warm)] = [one for one in rig.engines.sent if isinstance(one[1], Warm)]
    assert (model, [render.prompt for render in warm.renders]) == ("sketch", ["rain"])
    rig.press(37)
    assert len(rig.lands()) == 1
    rig.press(36)
    assert len(rig.lands()) == 1
    again = rig.engines.renders()[-1]
    assert (again.prompt, again.spare) == ("rain", False)


def test_a_spare_on_its_way_is_called_off_when_the_file_of_its_lora_is_replaced():
    rig = with_spares(one_pad(loras=[{"file": "/dusty.safetensors"}]))
    coming = rig.engines.renders()[-1]
    rig.bridge.handle(LorasReplaced(frozenset({"/dusty.safetensors"})))
    assert Cancel(coming.job) in [command for _, command in rig.engines.sent]
    rig.bridge.housekeeping()
    anew = rig.engines.renders()[-1]
    assert (anew.spare, anew.job != coming.job) == (True, True)


def test_a_spare_that_failed_is_tried_again_with_another_file_of_its_lora():
    rig = with_spares(one_pad(loras=[{"file": "/dusty.safetensors"}]))
    rig.say(Failed(rig.engines.renders()[-1].job, "dusty.safetensors is damaged"))
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 1
    rig.bridge.handle(LorasReplaced(frozenset({"/dusty.safetensors"})))
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 2
