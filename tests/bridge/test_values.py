from midifrag.bridge.values import LiveValues
from midifrag.events import ControlChanged
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
