import pytest

from midifrag.bridge.set_list import USUAL_VELOCITY, SetList
from midifrag.intents import Press, SelectBank
from midifrag.pad_key import PadKey
from tests.support.shows import bank, loaded

PADS = {36: {"prompt": "rain", "velocity": {"sets": "seconds", "range": [1, 11]}}, 37: {"prompt": "beat at {bpm}"}}


def press(note, velocity, time):
    return Press(note, 1, "midifrag", velocity, time)


def two(**show):
    return loaded(
        bank("one", PADS, program=1), bank("two", {40: {"prompt": "storm", "model": "open"}}, program=7), **show
    )


def test_banks_are_found_by_distance_slug_and_program():
    banks = SetList(two())
    assert banks.find(SelectBank(offset=-1)) == 1
    assert banks.find(SelectBank(slug="two")) == 1
    assert banks.find(SelectBank(program=7)) == 1
    assert banks.find(SelectBank(program=3)) is None


def test_the_next_press_is_taken_to_be_like_the_last_of_its_pad():
    banks = SetList(two())
    assert banks.next_request(PadKey(36)).preset.seconds == pytest.approx(1 + 10 * USUAL_VELOCITY)
    assert banks.by_last_press() == [PadKey(36), PadKey(37)]
    banks.pressed(PadKey(36), press(36, 0.2, 1.0))
    banks.pressed(PadKey(37), press(37, 1.0, 2.0))
    assert banks.next_request(PadKey(36)).preset.seconds == pytest.approx(3.0)
    assert banks.by_last_press() == [PadKey(37), PadKey(36)]


def test_a_typed_prompt_does_not_follow_the_controls_but_the_tempo():
    banks = SetList(two(tempo=90))
    banks.values.set("steps", 7)
    pad = banks.bank.pads[PadKey(37)]
    assert (banks.request(pad, 1.0).preset.steps, banks.typed_request(pad).preset.steps) == (7, None)
    assert banks.typed_request(pad).preset.prompt == "beat at 90"


def test_a_pads_own_model_comes_before_the_shows():
    banks = SetList(two(model="sketch"))
    assert banks.next_request(PadKey(36)).model == "sketch"
    banks.activate(1)
    assert banks.next_request(PadKey(40)).model == "open"


def test_reload_keeps_the_bank_where_it_is_still_there():
    banks = SetList(two())
    banks.activate(1)
    assert not banks.reload(loaded(bank("two"), bank("three")))
    assert banks.bank.slug == "two"
    assert banks.reload(loaded(bank("three"), tempo=77))
    assert banks.bank.slug == "three"
    assert banks.holds("three", PadKey(36))
    assert not banks.holds("two", PadKey(36))


def test_a_banks_own_control_counts_in_that_bank_alone():
    own = {"controls": [{"cc": 1, "sets": "steps", "range": [1, 128]}]}
    banks = SetList(loaded(bank("one", **own), bank("two")))
    banks.values.move("cc 1 sets steps", 1.0)
    steps = []
    for index in (1, 0):
        banks.activate(index)
        steps.append(banks.next_request(PadKey(36)).preset.steps)
    assert steps == [None, 128]
