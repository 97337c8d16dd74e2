import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag import intents
from midifrag.config.banks import Bank
from midifrag.config.layout import Shown
from midifrag.config.settings import Settings
from midifrag.midi.decoding import MessageDecoder
from midifrag.midi.held import Held
from midifrag.midi.mapping import Mapper
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    NoteOff,
    NoteOn,
    Nrpn,
    PitchBend,
    ProgramChange,
    Tick,
)
from midifrag.midi.switches import Switches
from midifrag.pad_key import PadKey
from midifrag.surface import SURFACES, grids_of


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


def placed(*banks, surface="launchpad", shown=None, held=None, active=0, port=None, **show):
    """A mapper whose port `pads` is a controller where banks lie by place, and `keys` one by notes."""
    ports = {"pads": {"in": "x", "surface": surface, **(port or {})}, "keys": {"in": "y"}}
    banks = banks or (sixteen("one"),)
    settings = Settings.model_validate({"ports": ports, **show})
    return Mapper(settings, banks[active], Switches(), held, banks, shown)


def pressed(note, number, channel=1, came_on=None, kind="note"):
    """A press of a pad by what lies where it is."""
    hand = intents.Hand("pads", kind, number, came_on or channel)
    return intents.Press(note, channel, "pads", 1.0, 1.0, by=hand)


def sixteen(slug, **more):
    pads = {note: {"prompt": f"{slug} {note}"} for note in range(36, 52)}
    return Bank.model_validate({"name": slug, "slug": slug, "pads": pads, **more})


def test_a_press_at_a_place_means_the_pad_that_lies_there():
    mapped = placed()
    assert mapped.intents(on(11)) == (pressed(36, 11),)
    assert mapped.intents(on(44, 3)) == (pressed(51, 44, 3),)
    assert mapped.intents(on(36)) == ()
    assert mapped.intents(on(36, port="keys")) == (intents.Press(36, 1, "keys", 1.0, 1.0),)
    assert "presses pad 36 “one 36”" in mapped.explain(on(11))


def test_place_notes_keeps_the_controller_s_own_notes():
    mapped = placed(port={"place": "notes"})
    assert mapped.intents(on(36)) == (intents.Press(36, 1, "pads", 1.0, 1.0),)
    assert mapped.intents(on(11)) == ()
    assert mapped.intents(cc(19)) == ()


def test_a_place_at_a_port_is_where_the_bank_begins():
    assert placed(port={"place": [5, 5]}).intents(on(55))[0].note == 36


def test_a_pad_whose_note_others_have_on_a_channel_is_pressed_on_another():
    pads = {"36/1": {"prompt": "one"}, 36: {"prompt": "any"}}
    mapped = placed(Bank.model_validate({"name": "x", "slug": "x", "pads": pads}))
    assert mapped.intents(on(11))[0] == pressed(36, 11, 2, came_on=1)
    assert mapped.intents(on(12))[0] == pressed(36, 12)


def test_a_pad_of_a_bank_beside_the_active_one_selects_it_first():
    mapped = placed(sixteen("one"), sixteen("two"), shown={"pads": Shown(side=4)})
    assert mapped.intents(on(15)) == (intents.SelectBank(slug="two"), pressed(36, 15))
    assert mapped.explain(on(15)).endswith("selects bank two; presses pad 36 “two 36”")


def test_a_pad_is_let_go_as_what_was_pressed_whatever_lies_there_by_then():
    held = Held()
    two = (sixteen("one"), Bank.model_validate({"name": "b", "slug": "b", "pads": {60: {"prompt": "x"}}}))
    (press,) = placed(*two, held=held).intents(on(12))
    later = placed(*two, held=held, active=1)
    (release,) = later.intents(NoteOff("pads", 1, 12, 1.5))
    assert (release.note, release.hand) == (37, press.hand)
    assert later.intents(NoteOff("pads", 1, 12, 1.6)) == ()


def test_buttons_beside_the_grid_do_what_their_table_says():
    mapped = placed(sixteen("one"), sixteen("two"))
    assert mapped.intents(cc(89)) == (intents.SelectBank(offset=-1),)
    assert mapped.intents(cc(89, 0)) == ()
    assert mapped.intents(cc(79)) == (intents.SelectBank(offset=1),)
    assert mapped.intents(cc(59)) == (intents.SelectBank(slug="two"),)
    assert mapped.intents(cc(29)) == (intents.ShowBanks("pads"),)
    assert mapped.intents(cc(19)) == (intents.Panic(),)
    assert mapped.intents(cc(93)) == (intents.LockSlot(3, None),)
    assert mapped.explain(cc(94)).endswith("locks or unlocks slot 4")
    assert {("pads", None, cc) for cc in (19, 91, 98)} <= mapped.pads
    assert mapped.switches == set()


def test_a_button_that_an_action_or_a_control_takes_is_theirs():
    show = {"actions": [{"cc": 19, "does": "tap"}], "controls": [{"cc": 91, "sets": "steps", "range": [1, 9]}]}
    mapped = placed(**show)
    assert isinstance(mapped.intents(cc(19))[0], intents.Tap)
    assert isinstance(mapped.intents(cc(91))[0], intents.MoveControl)
    assert placed(port={"buttons": False}).intents(cc(19)) == ()


@given(
    st.sampled_from([name for name in SURFACES if grids_of(name)]),
    st.lists(
        st.tuples(st.booleans(), st.booleans(), st.integers(0, 127), st.integers(1, 16), st.integers(0, 127)),
        max_size=30,
    ),
    st.integers(1, 16),
    st.integers(-3, 3),
)
def test_whatever_a_controller_sends_presses_pads_that_are_there_and_lets_go_what_was_pressed(name, sent, side, page):
    banks = [sixteen("one"), sixteen("two"), sixteen("three")]
    mapped = placed(*banks, surface=name, shown={"pads": Shown(page, side)})
    down = {}
    for is_cc, is_on, number, channel, value in sent:
        if is_cc:
            event = cc(number, value, channel)
        else:
            event = on(number, channel, velocity=max(1, value)) if is_on else NoteOff("pads", channel, number, 1.0)
        mapped.explain(event)
        for wanted in mapped.intents(event):
            if isinstance(wanted, intents.Press):
                assert any(bank.find(wanted.note, wanted.channel, "pads") for bank in banks)
                down[wanted.hand] = (wanted.note, wanted.channel)
            elif isinstance(wanted, intents.Release):
                assert any(bank.find(wanted.note, wanted.channel, "pads") for bank in banks)
                assert down.pop(wanted.hand, None) in (None, (wanted.note, wanted.channel))


def test_a_switch_that_trembles_while_it_is_down_is_pressed_once_and_let_go_once():
    mapped = placed(surface="midi_fighter_twister")
    values = [mapped.intents(cc(12, value, channel=2)) for value in (127, 100, 64, 127, 0, 0)]
    assert [[type(one).__name__ for one in meant] for meant in values] == [["Press"], [], [], [], ["Release"], []]


@given(
    st.sampled_from([name for name in SURFACES if grids_of(name)]),
    st.lists(st.binary(min_size=1, max_size=4), max_size=40),
)
def test_any_bytes_at_any_controller_mean_something_or_nothing(name, sent):
    mapped, decoder = placed(sixteen("one"), sixteen("two"), surface=name), MessageDecoder("pads")
    for data in sent:
        message = decoder.parse(data)
        event = None if message is None else decoder.decode(message, 1.0)
        if event is not None:
            assert mapped.bearing(event) in ("act", "position", "nothing")
            assert all(isinstance(one, intents.Intent) for one in mapped.intents(event))
            assert mapped.explain(event)


# --- shift, second notes, double and long presses --------------------------------------------------------------------


def off(note, channel=1, port="pads", velocity=64):
    return NoteOff(port, channel, note, 1.5, velocity)


def test_a_pad_that_is_pressed_while_a_shift_is_held_does_something_else():
    mapped = mapper(actions=[{"does": "lock", "while_held": 98}, {"does": "star", "while_held": 98, "note": 37}])
    assert mapped.intents(on(36)) == (intents.Press(36, 1, "pads", 1.0, 1.0),)
    mapped.intents(off(36))
    assert mapped.intents(on(98)) == ()
    assert mapped.bearing(on(36)) == "act"
    assert mapped.intents(on(36)) == (intents.DoWithPad(PadKey(36), "lock"),)
    # Its release is no pad's.
    assert mapped.intents(off(36)) == ()
    # One that names its note is for that one, and any pad's is too.
    assert mapped.intents(on(37, 10)) == (
        intents.DoWithPad(PadKey(37, 10), "lock"),
        intents.DoWithPad(PadKey(37, 10), "star"),
    )
    # Another port's shift is another hand's.
    assert isinstance(mapped.intents(on(36, port="keys"))[0], intents.Press)
    mapped.intents(off(98))
    assert isinstance(mapped.intents(on(36))[0], intents.Press)


def test_what_was_pressed_before_the_shift_is_let_go_as_what_it_was():
    mapped = mapper(actions=[{"does": "lock", "while_held": 98}])
    mapped.intents(on(36))
    mapped.intents(on(98))
    assert mapped.intents(off(36)) == (intents.Release(36, 1, "pads", 1.5),)
    mapped.intents(on(36))
    mapped.intents(off(98))
    assert mapped.intents(off(36)) == ()


def test_a_button_that_sends_a_cc_may_be_the_shift():
    mapped = mapper(actions=[{"does": "variation", "while_held_cc": 89}])
    assert mapped.switches == {89}
    mapped.intents(cc(89, 127))
    assert mapped.explain(cc(89, 127)).endswith("a shift: what is pressed while it is held does something else")
    assert mapped.intents(on(36)) == (intents.Again(PadKey(36), "variation"),)
    mapped.intents(cc(89, 0))
    assert isinstance(mapped.intents(on(36))[0], intents.Press)


@pytest.mark.parametrize("number", [120, 123])
def test_a_shift_stays_held_when_a_keyboard_ends_its_notes(number):
    mapped = mapper(actions=[{"does": "lock", "while_held": 98}, {"does": "variation", "while_held_cc": 89}])
    mapped.intents(on(98))
    mapped.intents(cc(89, 127))
    mapped.intents(cc(number, 0))
    assert mapped.intents(on(36)) == (
        intents.DoWithPad(PadKey(36), "lock"),
        intents.Again(PadKey(36), "variation"),
    )
    mapped.intents(off(98))
    mapped.intents(cc(89, 0))
    assert isinstance(mapped.intents(on(36))[0], intents.Press)


def test_a_shift_presses_no_pad_and_does_what_else_is_its():
    mapped = mapper(actions=[{"does": "lock", "while_held": 36}])
    assert mapped.intents(on(36)) == ()
    assert mapped.intents(off(36)) == ()
    both = mapper(actions=[{"does": "next_bank", "note": 50}, {"does": "panic", "note": 50, "while_held": 98}])
    both.intents(on(98))
    assert both.intents(on(50)) == (intents.Panic(),)
    both.intents(off(98))
    assert both.intents(on(50)) == (intents.SelectBank(offset=1),)


def test_a_note_that_waits_for_a_double_or_long_press_says_what_each_would_be():
    actions = [{"does": "star", "press": "long"}, {"does": "repeat", "press": "double", "note": 36}]
    mapped = mapper({"slug": "opening"}, actions=actions)
    press = intents.Press(36, 1, "pads", 1.0, 1.0, bank="opening")
    star = intents.DoWithPad(PadKey(36), "star", "opening")
    assert mapped.intents(on(36)) == (
        intents.Touch(
            intents.Hand("pads", "note", 36, 1),
            1.0,
            (press,),
            (intents.Again(PadKey(36), "repeat", bank="opening"),),
            (star,),
        ),
    )
    assert mapped.intents(off(36)) == (intents.Release(36, 1, "pads", 1.5),)
    # A note that is no pad: the plain action is its single press.
    mapped = mapper(actions=[{"does": "tap", "note": 60}, {"does": "panic", "note": 60, "press": "long"}])
    assert mapped.intents(on(60)) == (
        intents.Touch(intents.Hand("pads", "note", 60, 1), 1.0, (intents.Tap(1.0),), (), (intents.Panic(),)),
    )
    assert mapped.intents(off(60)) == (intents.Release(60, 1, "pads", 1.5),)


def test_a_pad_that_is_held_anyway_waits_for_no_gesture():
    actions = [{"does": "star", "press": "long"}]
    for pad in ({"press": "gate"}, {"hold": {"sets": "seconds", "range": [1, 8]}}):
        mapped = mapper({"pads": {36: {"prompt": "rain", **pad}}}, actions=actions)
        assert isinstance(mapped.intents(on(36))[0], intents.Press)


# --- several inputs, one pad -----------------------------------------------------------------------------------------

ALSO = {"pads": {36: {"prompt": "rain", "also": [48, {"cc": 64, "port": "keys"}, {"program": 9}]}}}


def test_another_note_presses_a_pad_and_lets_it_go():
    mapped = mapper(ALSO)
    (press,) = mapped.intents(on(48, 3))
    assert (press.note, press.channel, press.port, press.velocity) == (36, 3, "", 1.0)
    (release,) = mapped.intents(off(48, 3))
    assert (release.note, release.channel, release.port, release.by) == (36, 3, "", press.by)
    assert press.by == intents.Hand("pads", "note", 48, 3)
    assert mapped.explain(on(48)).endswith("presses pad 36 “rain”")


def test_a_pedal_presses_a_pad_once_a_stroke():
    mapped = mapper(ALSO)
    assert mapped.switches == {64}
    done = [intent for value in (0, 40, 70, 127, 90, 30, 0) for intent in mapped.intents(cc(64, value, port="keys"))]
    assert [type(one) for one in done] == [intents.Press, intents.Release]
    assert done[0].velocity == 70 / 127
    assert done[0].by == done[1].by
    assert mapped.intents(cc(64, 127, port="pads")) == ()


def test_a_pedal_lets_go_in_another_bank_what_it_pressed():
    settings = Settings.model_validate({"ports": {"keys": {"in": "x"}}, "actions": [{"does": "panic", "cc": 99}]})
    switches, held = Switches(), Held()
    (press,) = Mapper(settings, bank(**ALSO), switches, held).intents(cc(64, 127, port="keys"))
    (release,) = Mapper(settings, bank(), switches, held).intents(cc(64, 0, port="keys"))
    assert (release.hand, release.note) == (press.hand, 36)
    assert Mapper(settings, bank(), switches, held).intents(cc(64, 0, port="keys")) == ()


def test_a_program_presses_a_pad_and_selects_no_bank():
    press, release = mapper(ALSO).intents(ProgramChange("pads", 1, 9, 1.0))
    assert (type(press), type(release)) == (intents.Press, intents.Release)
    assert mapper(ALSO).intents(ProgramChange("pads", 1, 8, 1.0)) == (intents.SelectBank(program=8),)


# --- controls --------------------------------------------------------------------------------------------------------


def test_each_click_counts_and_is_an_act():
    mapped = mapper(controls=[{**SHOWS, "relative": "twos"}])
    assert mapped.intents(cc(21, 1)) == (intents.TurnControl("cc 21 sets cfg_scale", 1),)
    assert mapped.bearing(cc(21, 127)) == "act"
    assert mapped.bearing(cc(21, 0)) == "nothing"
    assert mapped.switches == {21}
    assert mapped.explain(cc(21, 127)).endswith("→ cc 21 sets cfg_scale, -1")


def test_a_velocity_moves_a_control_before_the_pad_is_pressed():
    mapped = mapper(controls=[{"velocity": True, "sets": "cfg_scale", "range": [0, 10], "scope": "pad"}])
    move, press = mapped.intents(on(36, velocity=64))
    assert move == intents.MoveControl("velocity sets cfg_scale of the pad", 64 / 127, PadKey(36))
    assert isinstance(press, intents.Press)
    released = mapper(controls=[{"release_velocity": True, "sets": "cfg_scale", "range": [0, 10]}])
    move, release = released.intents(off(36, velocity=127))
    assert (move.position, type(release)) == (1.0, intents.Release)


def test_parameters_are_mapped_and_told_to_decoders():
    mapped = mapper(
        {"controls": [{"nrpn": 5, "sets": "steps", "range": [1, 9]}]},
        controls=[{**SHOWS, "cc": None, "nrpn": 300, "channel": 2}],
    )
    assert mapped.nrpns == {(None, 2, 300), (None, None, 5)}
    assert mapped.intents(Nrpn("pads", 2, 300, 127, 1.0, 127))[0].position == 1.0
    assert mapped.explain(Nrpn("pads", 1, 7, 3, 1.0)) == "pads: nrpn 7 = 3, channel 1 → nothing mapped in bank Opening"


@pytest.mark.parametrize("mapped_too", [{}, {"actions": [{"does": "clear_queue", "cc": 123}]}])
def test_all_notes_off_lets_go_what_is_held_there_whatever_else_it_does(mapped_too):
    mapped = mapper(**mapped_too)
    mapped.intents(on(36))
    assert mapped.bearing(cc(123, 0)) == "act"
    assert mapped.intents(cc(123, 0))[0] == intents.LetGo("pads", 1, 1.0)
    assert not any(isinstance(intent, intents.LetGo) for intent in mapped.intents(cc(123, 0)))


BYTES = st.integers(0, 127)
EVENTS = st.one_of(
    st.builds(NoteOn, st.just("pads"), st.integers(1, 2), st.integers(34, 50), st.integers(1, 127), st.just(1.0)),
    st.builds(NoteOff, st.just("pads"), st.integers(1, 2), st.integers(34, 50), st.just(1.0), BYTES),
    st.builds(ControlChange, st.just("pads"), st.integers(1, 2), BYTES, BYTES, st.just(1.0)),
    st.builds(Nrpn, st.just("pads"), st.integers(1, 2), BYTES, st.none() | BYTES, st.just(1.0)),
    st.builds(PitchBend, st.just("pads"), st.just(1), st.integers(-8192, 8191), st.just(1.0)),
    st.builds(Aftertouch, st.just("pads"), st.just(1), BYTES, st.just(1.0), st.none() | BYTES),
    st.builds(ProgramChange, st.just("pads"), st.just(1), st.integers(1, 128), st.just(1.0)),
)
EVERYTHING = {
    "actions": [
        {"does": "lock", "while_held": 40},
        {"does": "star", "press": "long"},
        {"does": "repeat", "press": "double"},
        {"does": "panic", "cc": 123},
        {"does": "variation", "while_held_cc": 89, "note": 36},
    ],
    "controls": [
        {"cc": 21, "sets": "cfg_scale", "range": [0, 10], "relative": "mackie"},
        {"nrpn": 3, "sets": "steps", "range": [1, 9]},
        {"cc": 5, "bits": 14, "sets": "steps", "range": [1, 9]},
        {"velocity": True, "sets": "steps", "range": [1, 9], "scope": "pad"},
        {"aftertouch": "poly", "sets": "steps", "range": [1, 9], "scope": "pad"},
        {"pitch_bend": True, "sets": "cfg_scale", "range": [0, 9]},
    ],
}


@given(st.lists(EVENTS, max_size=50))
def test_any_events_in_any_order_mean_something_sane(events):
    mapped = mapper(
        {"pads": {36: {"prompt": "a", "also": [48, {"cc": 64}]}, 38: {"prompt": "b", "press": "gate"}}}, **EVERYTHING
    )
    for event in events:
        reading = mapped.read(event)
        meant = mapped.intents(event)
        assert mapped.explain(event, reading) == reading.explain()
        assert (reading.bearing != "nothing") or meant == ()
        for intent in meant:
            match intent:
                case intents.MoveControl(_, position):
                    assert 0 <= position <= 1
                case intents.Press(velocity=velocity):
                    assert 0 < velocity <= 1
                case intents.Release(velocity=velocity):
                    assert 0 <= velocity <= 1


def test_a_note_that_comes_again_lets_go_what_it_presses_no_more():
    held = Held()
    settings = Settings.model_validate({"ports": {"pads": {"in": "x"}}})
    first, other = bank(), Bank.model_validate({"name": "Other", "pads": {40: {"prompt": "x"}}})
    (press,) = Mapper(settings, first, held=held).intents(on(36))
    after = Mapper(settings, other, held=held)
    assert after.intents(on(36)) == (intents.Release(36, 1, "pads", 1.0, by=press.by),)
    assert after.intents(NoteOff("pads", 1, 36, 2.0)) == ()


def test_a_note_that_comes_again_under_a_shift_lets_its_pad_go():
    mapped = mapper(actions=[{"while_held": 90, "note": 36, "does": "panic"}])
    assert mapped.intents(on(36)) == (intents.Press(36, 1, "pads", 1.0, 1.0),)
    mapped.intents(on(90))
    assert mapped.intents(on(36)) == (intents.Release(36, 1, "pads", 1.0), intents.Panic())


@pytest.mark.parametrize(("more", "is_gesture"), [({}, True), ({"press": "gate"}, False)])
def test_a_pad_of_the_bank_beside_keeps_its_bank_and_its_rules_under_gestures(more, is_gesture):
    first = Bank.model_validate({"name": "One", "slug": "one", "pads": {36: {"prompt": "rain"}}})
    second = Bank.model_validate({"name": "Two", "slug": "two", "pads": {36: {"prompt": "wind", **more}}})
    ports = {"pads": {"in": "x", "out": "x", "surface": "launchpad", "banks": 2}}
    actions = [{"press": "long", "note": 15, "does": "panic"}]
    settings = Settings.model_validate({"ports": ports, "actions": actions})
    meant = Mapper(settings, first, banks=(first, second)).intents(on(15))
    single = meant[0].single if is_gesture else meant
    assert isinstance(meant[0], intents.Touch) is is_gesture
    select, press = single
    assert select == intents.SelectBank(slug=second.slug)
    assert (press.note, press.bank or second.slug) == (36, second.slug)
