import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.bridge.values import LiveValues
from midifrag.events import ControlChanged
from midifrag.pad_key import PadKey
from tests.support.shows import bank, loaded


def live(**control):
    show = loaded(controls=[{"cc": 21, "sets": "cfg_scale", "range": [0, 10], **control}]).settings
    return LiveValues(show, bank()), show.controls[0].id


def test_an_untouched_control_sets_nothing():
    values, _ = live()
    assert values.effective == {}


def test_a_jumping_control_sets_its_value_at_once_and_says_it_once():
    values, key = live()
    assert values.move(key, 0.5).value == 5
    assert values.move(key, 0.5) is None
    assert values.effective == {"cfg_scale": 5}


def test_a_control_of_another_show_is_ignored():
    values, _ = live()
    assert values.move("cc 99 sets steps", 0.5) is None


def test_pickup_waits_and_then_takes_over():
    values, key = live(takeover="pickup")
    values.set("cfg_scale", 8.0)
    assert values.move(key, 0.1).waiting
    assert values.effective == {"cfg_scale": 8.0}
    assert values.move(key, 0.9).value == 9
    assert values.effective == {"cfg_scale": 9}


def test_a_first_move_is_picked_up_where_the_defaults_stand():
    controls = [{"cc": 21, "sets": "cfg_scale", "range": [0, 10], "takeover": "pickup"}]
    show = loaded(controls=controls, defaults={"cfg_scale": 2}).settings
    values, key = LiveValues(show, bank(defaults={"cfg_scale": 6})), show.controls[0].id
    waits = values.move(key, 1.0)
    assert (waits.waiting, waits.value, values.effective) == (True, None, {})
    assert values.move(key, 0.5).value == 5
    # In a bank that says nothing of its own, the set's count.
    values = LiveValues(show, bank())
    assert values.move(key, 0.6).waiting
    assert values.move(key, 0.1).value == 1


def test_values_of_a_banks_own_control_rest_with_the_bank():
    show = loaded().settings
    one = bank("one", controls=[{"cc": 1, "sets": "steps", "range": [1, 100]}])
    values = LiveValues(show, one)
    values.move(one.controls[0].id, 1.0)
    values.configure(show, bank("two"))
    assert values.effective == {}
    values.configure(show, one)
    assert values.effective == {"steps": 100}


def test_values_go_with_the_control_that_set_them_and_others_stay():
    values, key = live()
    values.move(key, 0.5)
    values.set("steps", 7)
    values.configure(loaded().settings, bank())
    assert values.effective == {"steps": 7}


def test_a_value_that_is_set_after_its_control_went_stays():
    values, key = live()
    values.move(key, 0.5)
    values.configure(loaded().settings, bank())
    values.set("cfg_scale", 8.0)
    values.configure(loaded().settings, bank())
    assert values.effective == {"cfg_scale": 8.0}


def test_a_control_goes_whose_value_was_given_back():
    values, key = live()
    values.move(key, 0.5)
    values.set("cfg_scale", None)
    values.configure(loaded().settings, bank())
    assert values.effective == {}


def test_what_was_set_in_a_banks_own_controls_place_counts_while_there_is_one():
    show = loaded().settings
    one = bank(controls=[{"cc": 1, "sets": "steps", "range": [1, 100]}])
    values = LiveValues(show, one)
    values.set("steps", 7)
    values.configure(show, bank())
    assert values.effective == {}
    values.configure(show, one)
    assert values.effective == {"steps": 7}


def test_values_stay_while_another_control_sets_the_same():
    values, key = live()
    values.move(key, 0.5)
    values.configure(loaded(controls=[{"cc": 22, "sets": "cfg_scale", "range": [0, 10]}]).settings, bank())
    assert values.effective == {"cfg_scale": 5}


def test_values_of_a_banks_own_control_go_with_it_too():
    own = bank(controls=[{"cc": 1, "sets": "steps", "range": [1, 100]}])
    show = loaded(controls=[{"cc": 2, "sets": "seconds", "range": [1, 3]}]).settings
    values = LiveValues(show, own)
    values.move("cc 1 sets steps", 1.0)
    values.move("cc 2 sets seconds", 0.5)
    values.configure(show, bank())
    assert values.effective == {"seconds": 2}
    values.configure(show, own)
    assert values.effective == {"seconds": 2}


def test_a_banks_own_control_sets_over_the_shows():
    show = loaded(controls=[{"cc": 2, "sets": "steps", "range": [1, 100]}]).settings
    values = LiveValues(show, bank(controls=[{"cc": 1, "sets": "steps", "range": [1, 10]}]))
    values.move("cc 2 sets steps", 1.0)
    assert values.move("cc 1 sets steps", 1.0) == ControlChanged("steps", 10)
    assert values.effective == {"steps": 10}
    assert values.changes() == [ControlChanged("steps", 10)]
    assert values.move("cc 2 sets steps", 1.0) == ControlChanged("steps", 100)


def test_what_is_set_outright_belongs_to_who_moves_it():
    show = loaded().settings
    one = bank("one", controls=[{"cc": 1, "sets": "steps", "range": [1, 100]}])
    values = LiveValues(show, one)
    assert values.set("steps", 7) == ControlChanged("steps", 7)
    assert values.set("seconds", 2) == ControlChanged("seconds", 2)
    values.configure(show, bank("two"))
    assert values.effective == {"seconds": 2}
    values.configure(show, one)
    assert values.effective == {"steps": 7, "seconds": 2}


def test_a_parameter_is_given_back_wherever_it_was_set():
    show = loaded(controls=[{"cc": 2, "sets": "steps", "range": [1, 100]}]).settings
    values = LiveValues(show, bank())
    values.move("cc 2 sets steps", 1.0)
    values.configure(show, bank(controls=[{"cc": 1, "sets": "steps", "range": [1, 10]}]))
    values.move("cc 1 sets steps", 1.0)
    assert values.set("steps", None) == ControlChanged("steps", None)
    assert values.effective == {}
    assert values.set("steps", None) == ControlChanged("steps", None)


def test_a_control_that_waits_says_what_counts_meanwhile():
    values, key = live(takeover="pickup")
    values.set("cfg_scale", 8.0)
    assert values.move(key, 0.1) == ControlChanged("cfg_scale", 8.0, waiting=True)


def test_a_control_that_is_picked_up_at_the_very_value_says_that_it_no_longer_waits():
    values, key = live(takeover="pickup")
    values.set("cfg_scale", 8.0)
    assert values.move(key, 0.1).waiting
    assert values.changes() == [ControlChanged("cfg_scale", 8.0, waiting=True)]
    assert values.move(key, 0.8) == ControlChanged("cfg_scale", 8.0)
    assert values.move(key, 0.8) is None
    assert values.changes() == [ControlChanged("cfg_scale", 8.0)]


def test_a_control_that_is_rounded_to_the_very_value_says_so_too():
    show = loaded(controls=[{"cc": 1, "sets": "steps", "range": [1, 4], "takeover": "pickup"}]).settings
    values = LiveValues(show, bank())
    values.set("steps", 2)
    assert values.move("cc 1 sets steps", 1.0).waiting
    # Far from the value's own place, and rounded to it all the same.
    assert values.move("cc 1 sets steps", 0.2) == ControlChanged("steps", 2)


def test_a_control_that_waits_for_a_preset_is_told_until_it_is_set_or_the_bank_goes():
    control = {"cc": 21, "sets": "cfg_scale", "range": [0, 10], "takeover": "pickup"}
    show = loaded(controls=[control], defaults={"cfg_scale": 2}).settings
    values, key = LiveValues(show, bank()), show.controls[0].id
    for end in (lambda: values.set("cfg_scale", None), lambda: values.configure(show, bank())):
        assert values.move(key, 1.0) == ControlChanged("cfg_scale", None, waiting=True)
        assert (values.told, values.changes()) == ({"cfg_scale"}, [ControlChanged("cfg_scale", None, waiting=True)])
        end()
        assert (values.told, values.changes()) == (set(), [])


def test_takeover_starts_over_when_controls_are_used_anew():
    control = {"cc": 21, "sets": "cfg_scale", "range": [0, 10], "takeover": "pickup"}
    show = loaded(controls=[control]).settings
    values = LiveValues(show, bank())
    assert values.move("cc 21 sets cfg_scale", 0.2).value == 2
    assert values.move("cc 21 sets cfg_scale", 0.9).value == 9
    values.configure(show, bank())
    assert values.move("cc 21 sets cfg_scale", 0.2).waiting


def test_a_random_seed_is_nowhere_on_a_knobs_way():
    show = loaded(controls=[{"cc": 1, "sets": "seed", "range": [0, 100], "takeover": "pickup"}]).settings
    values = LiveValues(show, bank(defaults={"seed": "random"}))
    assert values.move("cc 1 sets seed", 1.0) == ControlChanged("seed", 100)


# --- encoders --------------------------------------------------------------------------------------------------------


def test_an_encoder_turns_from_where_its_value_stands():
    values, key = live(relative="twos", clicks=10)
    values.set("cfg_scale", 5.0)
    assert values.turn(key, 2).value == 7
    assert values.turn(key, -1).value == 6
    values.set("cfg_scale", 1.0)
    assert values.turn(key, 1).value == 2


def test_an_encoder_begins_where_the_presets_do_and_else_in_the_middle():
    controls = [{"cc": 21, "sets": "cfg_scale", "range": [0, 10], "relative": "twos", "clicks": 10}]
    show = loaded(controls=controls, defaults={"cfg_scale": 2}).settings
    assert LiveValues(show, bank()).turn(show.controls[0].id, 1).value == pytest.approx(3)
    values, key = live(relative="twos", clicks=10)
    assert values.turn(key, 1).value == 6


def test_clicks_that_are_less_than_a_whole_number_add_up():
    controls = [{"cc": 21, "sets": "steps", "range": [1, 11], "relative": "twos", "clicks": 100}]
    show = loaded(controls=controls, defaults={"steps": 1}).settings
    values, key = LiveValues(show, bank()), show.controls[0].id
    told = [values.turn(key, 1) for _ in range(20)]
    assert values.effective == {"steps": 3}
    assert [one.value for one in told if one is not None] == [1, 2, 3]


@given(st.lists(st.integers(-64, 64), max_size=60), st.sampled_from(["linear", "exponential", "stepped"]))
def test_an_encoder_stays_within_its_range_however_it_is_turned(clicks, curve):
    values, key = live(relative="twos", clicks=20, curve=curve, range=[1, 9])
    for one in clicks:
        values.turn(key, one)
        assert all(1 <= value <= 9 for value in values.effective.values())
    values.turn(key, -1000)
    assert values.effective == {"cfg_scale": 1}


# --- whose value it is -----------------------------------------------------------------------------------------------

P36, P37 = PadKey(36), PadKey(37)


def test_a_pads_own_value_is_that_pads_alone_and_wins():
    values, key = live(scope="pad")
    values.set("cfg_scale", 3.0)
    told = values.move(key, 0.8, P36)
    assert (told.name, told.value, told.bank, told.pad) == ("cfg_scale", 8, "opening", P36)
    assert values.effective == {"cfg_scale": 3}
    assert values.effective_on(P36) == {"cfg_scale": 8}
    assert values.effective_on(P37) == {"cfg_scale": 3}
    assert values.of_pads() == {(P36, "cfg_scale"): 8}


def test_a_control_of_pads_does_nothing_without_one():
    values, key = live(scope="pad")
    assert values.move(key, 0.8) is None
    assert values.move(key, 0.8, PadKey(99)) is None
    assert values.turn(key, 3) is None


def test_a_pads_knob_is_picked_up_where_the_pad_stands():
    show = loaded(controls=[{"cc": 21, "sets": "cfg_scale", "range": [0, 10], "scope": "pad", "takeover": "pickup"}])
    pads = {36: {"prompt": "rain", "cfg_scale": 9}, 37: {"prompt": "kick", "cfg_scale": 1}}
    values, key = LiveValues(show.settings, bank(pads=pads)), show.settings.controls[0].id
    assert values.move(key, 0.1, P36).waiting
    assert values.move(key, 0.1, P37).value == 1
    assert values.move(key, 0.95, P36).value == 9.5


def test_values_of_pads_rest_with_their_bank_and_go_with_their_control():
    show = loaded(controls=[{"cc": 21, "sets": "cfg_scale", "range": [0, 10], "scope": "pad"}]).settings
    one, two = bank("one"), bank("two")
    values, key = LiveValues(show, one), show.controls[0].id
    values.move(key, 0.8, P36)
    values.configure(show, two)
    assert values.effective_on(P36) == {}
    assert values.effective_on(P36, "one") == {"cfg_scale": 8}
    values.configure(show, one)
    assert values.effective_on(P36) == {"cfg_scale": 8}
    values.configure(loaded().settings, one)
    assert values.effective_on(P36) == {}


def test_a_shows_control_may_set_the_active_banks_value_and_a_banks_everybodys():
    wide = {"cc": 1, "sets": "steps", "range": [1, 100], "scope": "global"}
    show = loaded(controls=[{"cc": 21, "sets": "cfg_scale", "range": [0, 10], "scope": "bank"}]).settings
    one, two = bank("one", controls=[wide]), bank("two")
    values = LiveValues(show, one)
    values.move(show.controls[0].id, 0.5)
    values.move(one.controls[0].id, 1.0)
    assert values.effective == {"cfg_scale": 5, "steps": 100}
    values.configure(show, two)
    assert values.effective == {}
    values.configure(show, one)
    assert values.effective == {"cfg_scale": 5}


def test_a_reset_gives_back_every_value_of_every_scope():
    values, key = live(scope="pad")
    values.move(key, 0.8, P36)
    values.set("steps", 7.0)
    assert [(one.name, one.value) for one in values.reset()] == [("cfg_scale", None), ("steps", None)]
    assert (values.effective, values.effective_on(P36), values.of_pads()) == ({}, {}, {})


def test_who_starts_watching_is_told_of_pads_too():
    values, key = live(scope="pad")
    values.move(key, 0.8, P36)
    assert values.changes() == [ControlChanged("cfg_scale", 8, bank="opening", pad=P36)]


def test_where_a_control_stands_is_told_for_those_who_show_it():
    values, key = live()
    ((control, scope),) = values.controls()
    assert values.position(control, scope, None) is None
    values.move(key, 0.25)
    assert values.position(control, scope, P36) == 0.25
    values, key = live(scope="pad")
    ((control, scope),) = values.controls()
    values.move(key, 0.75, P36)
    assert values.position(control, scope, P36) == 0.75
    assert values.position(control, scope, None) is None


MOVES = st.one_of(
    st.tuples(st.just("move"), st.floats(0, 1), st.sampled_from([None, P36, P37])),
    st.tuples(st.just("turn"), st.integers(-64, 64), st.sampled_from([None, P36, P37])),
    st.tuples(st.just("set"), st.one_of(st.none(), st.floats(0, 30)), st.none()),
    st.tuples(st.just("bank"), st.sampled_from(["one", "two"]), st.none()),
)


@given(
    st.lists(MOVES, max_size=40),
    st.sampled_from(["jump", "pickup", "catch_up"]),
    st.sampled_from([None, "global", "bank", "pad"]),
)
def test_any_moves_in_any_order_leave_values_within_their_limits(moves, takeover, scope):
    values, key = live(takeover=takeover, scope=scope)
    show = values_show(takeover, scope)
    for what, how, pad in moves:
        match what:
            case "move":
                values.move(key, how, pad)
            case "turn":
                values.turn(key, how, pad)
            case "set":
                values.set("cfg_scale", how)
            case _:
                values.configure(show, bank(how))
        for shown in (values.effective, values.effective_on(P36), values.effective_on(P37)):
            assert all(0 <= value <= 30 for value in shown.values())
        for control, of in values.controls():
            at = values.position(control, of, P36)
            assert at is None or 0 <= at <= 1


def values_show(takeover, scope):
    control = {"cc": 21, "sets": "cfg_scale", "range": [0, 10], "takeover": takeover, "scope": scope}
    return loaded(controls=[control]).settings


def test_a_knob_on_a_lora_begins_where_its_list_says_and_rests_with_other_pads_values():
    lists = {
        "models": {"mine": {"hub": "me/mine", "loras": "dusty=0.5 from /dusty.safetensors"}},
        "model": "mine",
        "controls": [{"cc": 24, "sets": "lora.dusty", "takeover": "pickup"}],
    }
    show = loaded(**lists).settings
    values, key = LiveValues(show, bank()), show.controls[0].id
    # -1 to 2: half of the way is 0.5.
    assert values.move(key, 0.1).waiting
    assert values.move(key, 0.6).value == pytest.approx(0.8)
    assert values.effective == {"lora.dusty": pytest.approx(0.8)}
    assert [change.name for change in values.reset()] == ["lora.dusty"]
    assert values.effective == {}
    nearer = LiveValues(show, bank(defaults={"loras": [{"name": "dusty", "strength": 2}]}))
    assert nearer.move(key, 0.9).waiting
    assert nearer.move(key, 1.0).value == 2.0


def test_each_cc_that_pads_go_by_between_two_prompts_has_a_value_of_its_own():
    pads = {note: {"prompt": "rain", "morph": {"to": "glass", "by": f"cc {cc}"}} for note, cc in ((36, 25), (37, 26))}
    one = bank(pads=pads)
    values = LiveValues(loaded().settings, one)
    first, second = one.all_controls
    assert values.move(first.id, 0.25) == ControlChanged("morph cc 25", 0.25)
    values.move(second.id, 1.0)
    assert values.effective_on(PadKey(36)) == {"morph cc 25": 0.25, "morph cc 26": 1.0}
