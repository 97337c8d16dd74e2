import dataclasses

import numpy as np
import pytest

from midifrag.bridge.spares import Coming, SpareRack, Wish
from midifrag.config.engines import SpareSettings
from midifrag.config.parameters import Preset
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
    assert [one.take(wish(PadKey(37), seed=4)).rendered.job for _ in range(2)] == [2, 2]


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
    one.encourage(wish().place)
    one.expect(render(1), wish(), 0.0)
    assert one.failed(1).wish == wish()
    assert one.next_of([wish(), wish(PadKey(37))]) == wish(PadKey(37))
    one.encourage(wish().place)
    assert one.next_of([wish(), wish(PadKey(37))]) == wish()


def filled(*pads, **settings):
    """A rack with a spare for each of these pads, in this order."""
    one = rack(**settings)
    for job, pad in enumerate(pads, 1):
        one.expect(render(job), wish(PadKey(pad)), 0.0)
        one.arrived(rendered(job), 0.0)
    return one


def ready(one, *pads):
    return [pad for pad in pads if one.ready_for(wish(PadKey(pad)))]


ELSEWHERE = Wish("second", PadKey(36), "sketch", Preset(prompt="x"))


def test_a_spare_on_its_way_knows_since_when_and_when_it_began():
    one = rack()
    one.expect(render(1), wish(), 5.0)
    one.expect(render(2), wish(PadKey(37)), 6.0)
    one.began(2, 7.0)
    one.began(99, 8.0)
    assert one.coming == (Coming(wish(), render(1), 5.0), Coming(wish(PadKey(37)), render(2), 6.0, 7.0))
    since, began = one.arrived(rendered(1), 9.0), one.arrived(rendered(2), 10.0)
    assert (since.started, since.rendered_at) == (5.0, 9.0)
    assert (began.started, began.rendered_at) == (7.0, 10.0)
    assert one.coming == ()


def test_one_that_will_not_come_is_forgotten():
    one = rack()
    one.expect(render(1), wish(), 0.0)
    assert one.forget(1) == Coming(wish(), render(1), 0.0)
    assert (one.forget(1), one.failed(1), one.coming) == (None, None, ())
    assert one.arrived(rendered(1), 0.0) is None


def test_a_press_takes_over_only_what_it_would_have_asked_for():
    one = rack()
    for job, pad in ((1, KEY), (2, PadKey(37))):
        one.expect(render(job), wish(pad), 0.0)
    assert one.take_over(wish(steps=3)) is None
    assert one.take_over(wish(PadKey(37))).render == render(2)
    assert one.take_over(wish(PadKey(37))) is None
    assert [coming.wish for coming in one.coming] == [wish()]


def test_the_oldest_spares_of_another_bank_give_way_first():
    one = filled(36, 37, 36, count=2)
    one.expect(render(9), ELSEWHERE, 0.0)
    assert one.arrived(rendered(9), 0.0) is not None
    assert (ready(one, 36, 37), one.ready_for(ELSEWHERE)) == ([36], True)


def test_a_spare_that_was_just_played_again_gives_way_last():
    one = rack(count=2)
    for job, pad in enumerate((36, 37), 1):
        one.expect(render(job), wish(PadKey(pad), seed=4), 0.0)
        one.arrived(rendered(job), 0.0)
    one.take(wish(PadKey(36), seed=4))
    one.make_room([ELSEWHERE])
    assert [one.ready_for(wish(PadKey(pad), seed=4)) for pad in (36, 37)] == [True, False]


@pytest.mark.parametrize(("count", "left"), [(4, [36, 37, 38]), (3, [36, 37]), (2, [36]), (1, [])])
def test_room_is_made_for_one_more_and_the_first_pads_keep_theirs(count, left):
    one = filled(36, 37, 38, count=4)
    one.settings = SpareSettings(count=count)
    one.make_room([wish(PadKey(pad)) for pad in (36, 37, 38, 39)])
    assert ready(one, 36, 37, 38) == left


def test_a_budget_that_is_just_met_is_kept():
    for frames, fits in ((1_000_000, True), (1_000_001, False)):
        one = rack(megabytes=22)
        one.expect(render(1), wish(), 0.0)
        assert (one.arrived(rendered(1, frames), 0.0) is not None) is fits
        assert one.ready_for(wish()) is fits


def test_as_many_as_the_budget_counts_are_kept():
    one = filled(36, 37, 38, count=2)
    assert ready(one, 36, 37, 38) == [36, 37]
    assert one.next_of([wish(PadKey(38))]) is None


@pytest.mark.parametrize("leaves", ["taken", "stale", "cleared"])
def test_what_found_no_room_is_rendered_again_once_another_one_is_gone(leaves):
    one = filled(36, 37, count=1)
    late = wish(PadKey(37))
    assert one.next_of([late]) is None
    match leaves:
        case "taken":
            one.take(wish())
        case "stale":
            one.drop_stale([wish(steps=3)])
        case "cleared":
            one.clear()
    assert one.next_of([late]) == late


def test_a_cleared_rack_has_nothing_and_tries_everything_again():
    one = filled(36)
    one.expect(render(2), wish(PadKey(37)), 0.0)
    one.failed(2)
    one.clear()
    assert ready(one, 36) == []
    assert one.next_of([wish(PadKey(37))]) == wish(PadKey(37))


def test_what_failed_is_tried_again_when_its_pad_asks_for_something_else():
    one = rack()
    one.expect(render(1), wish(), 0.0)
    one.failed(1)
    assert one.next_of([wish()]) is None
    assert one.next_of([wish(steps=3)]) == wish(steps=3)


def test_what_a_pad_of_the_bank_no_longer_asks_for_goes_and_the_rest_stays():
    one = filled(36, 37, 38)
    one.drop_stale([wish(PadKey(36)), wish(PadKey(37), steps=3)])
    assert ready(one, 36, 37, 38) == [36]


def test_what_a_press_asks_for_now_is_what_it_wants_of_the_take_and_not_of_its_fragment():
    assert wish() == dataclasses.replace(wish(), options=FragmentOptions(loop=True))
    assert wish().place == ("opening", KEY)
    others = {"bank": "second", "pad": PadKey(37), "model": "pocket", "preset": Preset(prompt="x")}
    assert all(wish() != dataclasses.replace(wish(), **{name: value}) for name, value in others.items())


def test_a_spare_of_another_strength_serves_nobody():
    dusty = "dusty=0.5 from /dusty.safetensors"
    mine = wish(loras=dusty)
    assert mine.serves(wish(loras=dusty))
    assert not mine.serves(wish(loras=dusty.replace("0.5", "0.6")))
    assert not mine.serves(wish())


def test_another_share_of_another_prompt_is_another_take():
    one = rack()
    one.expect(render(1), wish(morph="0.5 to glass"), 0.0)
    one.arrived(rendered(1), 0.0)
    assert one.take(wish(morph="0.6 to glass")) is None
    assert one.take(wish()) is None
    assert one.take(wish(morph="0.5 to glass")) is not None
