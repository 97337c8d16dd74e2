import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag import intents
from midifrag.config.banks import Bank
from midifrag.config.settings import Settings
from midifrag.midi.mapping import Mapper
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
    Tick,
)
from midifrag.midi.switches import Switches
from midifrag.pad_key import PadKey


def bank(**more):
    pads = {36: {"prompt": "rain"}, "37/10": {"prompt": "drum"}, 38: {"prompt": "bow", "port": "keys"}}
    return Bank.model_validate({"name": "Opening", "pads": pads, **more})


def mapper(bank_more=None, **show):
    ports = {"pads": {"in": "x"}, "keys": {"in": "y"}}
    return Mapper(Settings.model_validate({"ports": ports, **show}), bank(**(bank_more or {})))


def on(note, channel=1, port="pads", velocity=127):
    return NoteOn(port, channel, note, velocity, 1.0)


def cc(number, value=127, channel=1, port="pads", fine=None):
    return ControlChange(port, channel, number, value, 1.0, fine)


def test_pads_are_pressed_and_released():
    mapped = mapper()
    assert mapped.intents(on(36, 5)) == (intents.Press(36, 5, "pads", 1.0, 1.0),)
    assert mapped.intents(NoteOff("pads", 5, 36, 1.5)) == (intents.Release(36, 5, "pads", 1.5),)
    assert mapped.intents(on(37, 10)) != ()
    assert mapped.intents(on(38, port="keys")) != ()
    assert mapped.intents(NoteOff("keys", 1, 38, 1.5)) == (intents.Release(38, 1, "keys", 1.5),)
    assert mapped.intents(NoteOff("pads", 1, 38, 1.5)) == ()


@pytest.mark.parametrize("event", [on(37, 1), on(38), on(35), NoteOff("pads", 1, 35, 0.0), Tick("pads", 0.0), cc(21)])
def test_what_is_not_mapped_does_nothing(event):
    assert mapper().intents(event) == ()
    assert "nothing mapped" in mapper().explain(event)


@given(velocity=st.integers(1, 127))
def test_velocity_is_a_share(velocity):
    (press,) = mapper().intents(on(36, velocity=velocity))
    assert press.velocity == velocity / 127


@pytest.mark.parametrize(
    ("action", "intents"),
    [
        ({"does": "panic"}, (intents.Panic(),)),
        ({"does": "clear_queue"}, (intents.ClearQueue(),)),
        ({"does": "cancel_pad", "pad": 36}, (intents.CancelPad(PadKey(36)),)),
        ({"does": "cancel_pad", "pad": 37}, (intents.CancelPad(PadKey(37, 10)),)),
        ({"does": "cancel_pad", "pad": 90}, ()),
        ({"does": "next_bank"}, (intents.SelectBank(offset=1),)),
        ({"does": "previous_bank"}, (intents.SelectBank(offset=-1),)),
        ({"does": "bank", "bank": 3}, (intents.SelectBank(program=3),)),
        ({"does": "bank", "bank": "drift"}, (intents.SelectBank(slug="drift"),)),
        ({"does": "lock", "slot": 2}, (intents.LockSlot(2, True),)),
        ({"does": "unlock", "slot": 2}, (intents.LockSlot(2, False),)),
        ({"does": "toggle_lock", "slot": 2}, (intents.LockSlot(2, None),)),
        ({"does": "restore", "slot": 2}, (intents.RestoreSlot(2),)),
    ],
)
@pytest.mark.parametrize(("source", "event"), [("note", on(36)), ("cc", cc(36)), ("program", None)])
def test_actions_come_before_everything(action, intents, source, event):
    event = event or ProgramChange("pads", 1, 36, 0.0)
    assert mapper(actions=[{**action, source: 36}]).intents(event) == intents


def test_actions_keep_to_their_channel_and_port():
    mapped = mapper(actions=[{"does": "panic", "note": 36, "channel": 16, "port": "keys"}])
    assert mapped.intents(on(36, 16, "keys")) == (intents.Panic(),)
    assert isinstance(mapped.intents(on(36, 16, "pads"))[0], intents.Press)
    assert isinstance(mapped.intents(on(36, 1, "keys"))[0], intents.Press)


def test_a_switch_acts_when_pressed_only():
    actions = [{"does": "next_bank", "cc": 20}, {"does": "panic", "note": 40}, {"does": "clear_queue", "cc": 120}]
    mapped = mapper(actions=actions)
    next_bank = (intents.SelectBank(offset=1),)
    assert [mapped.intents(cc(20, value)) for value in (0, 63, 64, 127)] == [(), (), next_bank, ()]
    assert [mapped.intents(cc(120, value)) for value in (0, 0)] == [(intents.ClearQueue(),)] * 2
    assert mapped.intents(NoteOff("pads", 1, 40, 0.0)) == ()
    assert mapped.switches == {20, 120}


def test_a_pedal_counts_once_a_stroke_and_in_every_bank():
    settings = Settings.model_validate({"ports": {"pads": {"in": "x"}}, "actions": [{"does": "next_bank", "cc": 20}]})
    switches = Switches()
    down, up = range(0, 128, 2), range(127, -1, -2)
    acted = []
    for value in (*down, *up, *down):
        # Each bank has meanings of its own; the pedal is the same.
        acted += Mapper(settings, bank(), switches).intents(cc(20, value))
    assert acted == [intents.SelectBank(offset=1)] * 2


def test_explaining_a_switch_does_not_press_it():
    mapped = mapper(actions=[{"does": "next_bank", "cc": 20}])
    assert mapped.explain(cc(20)) == mapped.explain(cc(20))
    reading = mapped.read(cc(20))
    assert mapped.intents(cc(20)) != ()
    assert mapped.explain(cc(20)).endswith("→ nothing: it acts when pressed, a CC when it rises to 64")
    assert mapped.explain(cc(20), reading).endswith("→ next bank")


def test_a_source_is_a_kind_and_a_number():
    mapped = mapper(actions=[{"does": "panic", "note": 36}])
    assert mapped.intents(cc(36)) == mapped.intents(PitchBend("pads", 1, 36, 0.0)) == ()
    assert mapped.intents(ProgramChange("pads", 1, 36, 0.0)) == (intents.SelectBank(program=36),)
    for source in ("cc", "program"):
        (press,) = mapper(actions=[{"does": "panic", source: 36}]).intents(on(36))
        assert isinstance(press, intents.Press)


def test_all_actions_on_one_source_act():
    mapped = mapper(actions=[{"does": "lock", "slot": 1, "note": 36}, {"does": "unlock", "slot": 2, "note": 36}])
    assert mapped.intents(on(36)) == (intents.LockSlot(1, True), intents.LockSlot(2, False))
    assert mapped.explain(on(36)).endswith("channel 1 → locks slot 1; unlocks slot 2")


@pytest.mark.parametrize("number", [120, 121, 122, 123, 124, 125, 126, 127])
@pytest.mark.parametrize("value", [0, 127])
def test_channel_mode_messages_cancel_nothing_unless_mapped(number, value):
    assert mapper().intents(cc(number, value)) == ()
    action = {"does": "clear_queue", "cc": number}
    assert mapper(actions=[action]).intents(cc(number, value)) == (intents.ClearQueue(),)
    moved = mapper(controls=[{"cc": number, "sets": "steps", "range": [1, 9]}]).intents(cc(number, value))
    assert isinstance(moved[0], intents.MoveControl)


@pytest.mark.parametrize(("number", "other"), [(120, 123), (123, 120)])
def test_what_panic_on_names_is_a_panic_unless_it_is_mapped(number, other):
    mapped = mapper(panic_on=[f"cc{number}"])
    assert mapped.intents(cc(number, 0)) == (intents.Panic(),)
    assert mapped.intents(cc(other, 0)) == ()
    assert mapped.explain(cc(number, 0)).endswith("channel 1 → panic: cancels everything")
    action = {"does": "next_bank", "cc": number}
    assert mapper(panic_on=[f"cc{number}"], actions=[action]).intents(cc(number, 0)) == (intents.SelectBank(offset=1),)


def test_program_change_selects_a_bank():
    assert mapper().intents(ProgramChange("pads", 1, 5, 0.0, bank=3)) == (intents.SelectBank(program=5),)


@pytest.mark.parametrize(
    ("limits", "counts"),
    [
        ({"channel": 16}, [(16, "pads"), (16, "keys")]),
        ({"port": "keys"}, [(1, "keys"), (16, "keys")]),
        ({"channel": 16, "port": "keys"}, [(16, "keys")]),
        ({"enabled": False}, []),
    ],
)
def test_program_changes_that_select_can_be_limited(limits, counts):
    mapped = mapper(program_changes=limits, actions=[{"does": "panic", "program": 9}])
    for place in [(channel, port) for channel in (1, 16) for port in ("pads", "keys")]:
        change = ProgramChange(place[1], place[0], 5, 0.0)
        assert (mapped.intents(change) == (intents.SelectBank(program=5),)) is (place in counts)
        assert mapped.explain(change).endswith("leaves it out") is (place not in counts)
        assert mapped.intents(ProgramChange(place[1], place[0], 9, 0.0)) == (intents.Panic(),)


SHOWS = {"cc": 21, "sets": "cfg_scale", "range": [1, 9]}


def test_the_bank_s_control_wins_on_the_same_source():
    mapped = mapper({"controls": [{"cc": 21, "sets": "steps", "range": [1, 9]}]}, controls=[SHOWS, {**SHOWS, "cc": 22}])
    assert mapped.intents(cc(21, 0)) == (intents.MoveControl("cc 21 sets steps", 0.0),)
    assert mapped.intents(cc(22, 127)) == (intents.MoveControl("cc 22 sets cfg_scale", 1.0),)


def test_one_knob_may_set_two_parameters():
    mapped = mapper(controls=[SHOWS, {**SHOWS, "sets": "steps"}])
    assert [move.control for move in mapped.intents(cc(21))] == ["cc 21 sets cfg_scale", "cc 21 sets steps"]


@given(value=st.integers(0, 127), fine=st.integers(0, 127))
def test_fourteen_bits_are_finer(value, fine):
    mapped = mapper(controls=[{**SHOWS, "bits": 14}, {**SHOWS, "sets": "steps"}])
    double, single = mapped.intents(cc(21, value, fine=fine))
    assert double.position == (value * 128 + fine) / 16383
    assert single.position == value / 127
    assert mapped.intents(cc(21, value))[0].position == value / 127


def test_the_pairs_of_fourteen_bits_are_those_of_show_and_bank():
    wide = {**SHOWS, "bits": 14}
    bend = {"pitch_bend": True, "sets": "steps", "range": [1, 9], "bits": 14}
    mapped = mapper({"controls": [{**wide, "cc": 2, "channel": 3, "port": "keys"}]}, controls=[wide, SHOWS, bend])
    assert mapped.pairs == {(None, None, 21), ("keys", 3, 2)}


@pytest.mark.parametrize(
    ("other", "pairs"),
    [
        ({"cc": 53}, set()),
        ({"cc": 53, "port": "keys"}, {("pads", channel, 21) for channel in range(1, 17)}),
        (
            {"cc": 53, "channel": 3},
            {(port, channel, 21) for port in ("pads", "keys") for channel in range(1, 17) if channel != 3},
        ),
        ({"cc": 54}, {(None, None, 21)}),
        ({"cc": 21}, {(None, None, 21)}),
    ],
)
def test_a_fine_cc_that_something_else_names_is_no_half_of_a_pair(other, pairs):
    wide = {**SHOWS, "bits": 14}
    assert mapper(controls=[wide, {**other, "sets": "steps", "range": [1, 9]}]).pairs == pairs
    assert mapper({"controls": [{**other, "sets": "steps", "range": [1, 9]}]}, controls=[wide]).pairs == pairs
    assert mapper({"controls": [wide]}, controls=[{**other, "sets": "steps", "range": [1, 9]}]).pairs == pairs
    assert mapper(controls=[wide], actions=[{**other, "does": "panic"}]).pairs == pairs


def test_a_narrow_pair_gives_way_to_what_meets_it_only():
    wide = {**SHOWS, "bits": 14, "channel": 3, "port": "keys"}
    assert mapper(controls=[wide], actions=[{"cc": 53, "channel": 4, "does": "panic"}]).pairs == {("keys", 3, 21)}
    assert mapper(controls=[wide], actions=[{"cc": 53, "port": "keys", "does": "panic"}]).pairs == set()


def test_a_fine_half_without_its_coarse_one_is_explained():
    mapped = mapper(controls=[{**SHOWS, "bits": 14, "channel": 3}])
    assert mapped.explain(cc(53, 4, channel=3)).endswith("the fine half of cc 21, whose coarse half has not come")
    assert mapped.explain(cc(53, 4)).endswith("nothing mapped in bank Opening")


@given(bend=st.integers(-8192, 8191), pressure=st.integers(0, 127))
def test_positions_cover_the_way(bend, pressure):
    mapped = mapper(controls=[{**SHOWS, "cc": None, "pitch_bend": True}, {**SHOWS, "cc": None, "aftertouch": True}])
    (bent,) = mapped.intents(PitchBend("pads", 1, bend, 0.0))
    (pressed,) = mapped.intents(Aftertouch("pads", 1, pressure, 0.0))
    assert bent == intents.MoveControl("pitch bend sets cfg_scale", pytest.approx((bend + 8192) / 16383))
    assert pressed == intents.MoveControl("aftertouch sets cfg_scale", pressure / 127)
    assert mapped.intents(cc(21)) == ()


def test_controls_keep_to_their_channel_and_port():
    mapped = mapper(controls=[{**SHOWS, "channel": 3, "port": "keys"}])
    assert mapped.intents(cc(21, channel=3, port="keys")) != ()
    assert mapped.intents(cc(21, channel=2, port="keys")) == mapped.intents(cc(21, channel=3)) == ()


def test_explaining_says_what_came_and_what_it_does():
    assert mapper().explain(on(36, 5)) == "pads: note 36 (C1) velocity 127, channel 5 → presses pad 36 “rain”"
    assert mapper().explain(NoteOff("pads", 10, 37, 0.0)).endswith("channel 10 → releases pad 37/10 “drum”")
    explained = mapper(controls=[SHOWS, {**SHOWS, "sets": "steps"}]).explain(cc(21, 0))
    assert explained == "pads: cc 21 = 0, channel 1 → cc 21 sets cfg_scale, at 0%; cc 21 sets steps, at 0%"
    assert mapper().explain(ProgramChange("pads", 1, 2, 0.0)).endswith("selects the bank with program 2")
    assert mapper().explain(cc(120, 0)).endswith("channel 1 → all sound off: ends held notes, cancels nothing")
    assert mapper().explain(cc(123, 0)).endswith("channel 1 → all notes off: ends held notes, cancels nothing")


def test_explaining_says_why_nothing_happens():
    assert mapper().explain(on(99)).endswith("channel 1 → nothing mapped in bank Opening")
    switch = mapper(actions=[{"does": "panic", "cc": 119}, {"does": "cancel_pad", "pad": 90, "note": 40}])
    assert switch.explain(cc(119, 127)).endswith("panic: cancels everything")
    assert switch.explain(cc(119, 0)).endswith("→ nothing: it acts when pressed, a CC when it rises to 64")
    assert switch.explain(on(40)).endswith("→ nothing mapped in bank Opening")


def test_an_event_is_an_act_a_position_or_nothing():
    controls = [{"cc": 1, "sets": "steps", "range": [1, 9]}]
    actions = [{"cc": 30, "does": "panic"}, {"note": 60, "does": "next_bank"}]
    mapped = mapper({"controls": controls}, actions=actions, panic_on=["cc120"])
    expected = {
        on(36): "act",
        NoteOff("pads", 1, 36, 0.0): "act",
        on(35): "nothing",
        cc(1): "position",
        cc(2): "nothing",
        on(60): "act",
        NoteOff("pads", 1, 60, 0.0): "nothing",
        cc(30, 127): "act",
        cc(30, 10): "nothing",
        cc(120): "act",
        cc(121): "nothing",
        Tick("pads", 0.0): "nothing",
    }
    assert {event: mapped.bearing(event) for event in expected} == expected


def test_a_switch_that_is_let_go_is_an_act_since_the_next_stroke_needs_it():
    mapped = mapper(actions=[{"cc": 30, "does": "panic"}])
    mapped.intents(cc(30, 127))
    assert mapped.bearing(cc(30, 100)) == "nothing"
    assert mapped.bearing(cc(30, 0)) == "act"
    mapped.intents(cc(30, 0))
    assert mapped.bearing(cc(30, 0)) == "nothing"


def test_a_tap_has_the_moment_of_its_message_whatever_plays_it():
    mapped = mapper(actions=[{"cc": 20, "does": "tap"}, {"note": 50, "does": "tap"}, {"program": 3, "does": "tap"}])
    for event in (cc(20), on(50), ProgramChange("pads", 1, 3, 1.0)):
        assert mapped.intents(event) == (intents.Tap(1.0),)
    assert mapped.intents(cc(20, 0)) == ()
    assert mapped.explain(on(50)).endswith("→ taps the tempo of midifrag's own clock")
