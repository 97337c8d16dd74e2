import dataclasses

import numpy as np

from midifrag.bridge.spares import SpareRack, Wish
from midifrag.config.parameters import Preset
from midifrag.config.settings import SpareSettings
from midifrag.engine.messages import Render, Rendered
from midifrag.fragment.options import FragmentOptions
from midifrag.pad_key import PadKey

KEY = PadKey(36)


def wish(pad=KEY, **preset):
    return Wish("opening", pad, "sketch", Preset(prompt="rain", **preset))


def rendered(job, frames=1000):
    return Rendered(job, np.zeros((2, frames), np.float32), 44100, {}, 0.1)


def render(job, seed=0):
    return Render(job, "rain", 1.0, seed, spare=True)


def rack(**settings):
    return SpareRack(SpareSettings(**settings))


def test_a_spare_is_for_one_press_unless_its_seed_is_fixed():
    one = rack()
    for job, wanted in ((1, wish()), (2, wish(PadKey(37), seed=4))):
        one.expect(render(job), wanted, 0.0)
        assert one.arrived(rendered(job), 1.0).wish == wanted
    assert one.take(wish()) is not None
    assert one.take(wish()) is None
    assert one.take(wish(PadKey(37), seed=4)) is one.take(wish(PadKey(37), seed=4))


def test_what_nobody_expected_is_not_kept():
    assert rack().arrived(rendered(5), 0.0) is None


def test_another_preset_is_no_match_and_goes_stale():
    one = rack()
    one.expect(render(1), wish(), 0.0)
    one.arrived(rendered(1), 0.0)
    changed = wish(steps=3)
    assert one.take(changed) is None
    one.drop_stale([changed])
    assert not one.ready_for(wish())


def test_spares_of_another_bank_stay():
    one = rack()
    one.expect(render(1), wish(), 0.0)
    one.arrived(rendered(1), 0.0)
    other = Wish("second", PadKey(36), "sketch", Preset(prompt="x"))
    one.drop_stale([other])
    assert one.ready_for(wish())


def test_the_first_pads_get_the_spares_that_the_budget_allows():
    one = rack(count=2)
    wishes = [wish(pad) for pad in (PadKey(36), PadKey(37), PadKey(38))]
    for job in (1, 2):
        one.expect(render(job), one.next_of(wishes), 0.0)
        one.arrived(rendered(job), 0.0)
    assert [one.ready_for(wanted) for wanted in wishes] == [True, True, False]
    assert one.next_of(wishes) is None
    # The last one was pressed, and goes first now.
    wishes = [wishes[2], *wishes[:2]]
    assert one.next_of(wishes) == wishes[0]
    one.make_room(wishes)
    assert [one.ready_for(wanted) for wanted in wishes] == [False, True, False]


def test_spares_of_another_bank_give_way():
    one = rack(count=2)
    for job, pad in enumerate((PadKey(36), PadKey(37)), 1):
        one.expect(render(job), wish(pad), 0.0)
        one.arrived(rendered(job), 0.0)
    other = Wish("second", PadKey(36), "sketch", Preset(prompt="x"))
    assert one.next_of([other]) == other
    one.make_room([other])
    assert [one.ready_for(wish(pad)) for pad in (PadKey(36), PadKey(37))] == [False, True]


def test_one_whose_fragment_is_wanted_in_another_way_stays():
    one = rack()
    for job, wanted in ((1, wish()), (2, wish(PadKey(37)))):
        one.expect(render(job), wanted, 0.0)
        one.arrived(rendered(job), 0.0)
    other = dataclasses.replace(wish(PadKey(37)), options=FragmentOptions(loop=True))
    assert [spare.wish.options.loop for spare in one.adopt_options([wish(), other])] == [True]
    assert one.adopt_options([wish(), other]) == []
    assert one.take(other).rendered.job == 2


def test_one_that_is_larger_than_the_budget_is_not_kept_and_not_rendered_again():
    one = rack(megabytes=1)
    one.expect(render(1), wish(), 0.0)
    assert one.arrived(rendered(1, frames=200_000), 0.0) is None
    assert one.next_of([wish()]) is None


def test_one_that_does_not_fit_takes_no_place_of_its_bank_but_those_of_others():
    one = rack(megabytes=5)
    for job, wanted in enumerate((wish(), wish(PadKey(37))), 1):
        one.expect(render(job), wanted, 0.0)
        one.arrived(rendered(job, frames=200_000), 0.0)
    assert one.ready_for(wish())
    assert not one.ready_for(wish(PadKey(37)))
    other = Wish("second", PadKey(36), "sketch", Preset(prompt="x"))
    one.expect(render(3), other, 0.0)
    assert one.arrived(rendered(3, frames=200_000), 0.0) is not None
    assert not one.ready_for(wish())


def test_one_that_failed_is_tried_again_after_a_press_of_its_pad():
    one = rack()
    one.expect(render(1), wish(), 0.0)
    assert one.failed(1).wish == wish()
    assert one.next_of([wish(), wish(PadKey(37))]) == wish(PadKey(37))
    one.encourage(wish().place)
    assert one.next_of([wish(), wish(PadKey(37))]) == wish()
