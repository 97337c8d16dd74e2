import numpy as np

from midifrag.banks import Preset
from midifrag.engine.messages import Rendered
from midifrag.settings import SpareSettings
from midifrag.spares import SpareRack, Wish


def wish(pad="36", **preset):
    return Wish("opening", pad, "sketch", Preset(prompt="rain", **preset))


def rendered(job, frames=1000):
    return Rendered(job, np.zeros((2, frames), np.float32), 44100, {}, 0.1)


def rack(**settings):
    return SpareRack(SpareSettings(**settings))


def test_a_spare_is_for_one_press_unless_its_seed_is_fixed():
    one = rack()
    for job, wanted in ((1, wish()), (2, wish("37", seed=4))):
        one.expect(job, wanted, 0.0)
        assert one.arrived(rendered(job), 1.0).wish == wanted
    assert one.take(wish()) is not None
    assert one.take(wish()) is None
    assert one.take(wish("37", seed=4)) is one.take(wish("37", seed=4))


def test_what_nobody_expected_is_not_kept():
    assert rack().arrived(rendered(5), 0.0) is None


def test_another_preset_is_no_match_and_goes_stale():
    one = rack()
    one.expect(1, wish(), 0.0)
    one.arrived(rendered(1), 0.0)
    changed = wish(steps=3)
    assert one.take(changed) is None
    assert one.drop_stale({changed.place: changed}) == [wish()]
    assert not one.ready_for(wish())


def test_spares_of_another_bank_stay():
    one = rack()
    one.expect(1, wish(), 0.0)
    one.arrived(rendered(1), 0.0)
    other = Wish("second", "36", "sketch", Preset(prompt="x"))
    assert one.drop_stale({other.place: other}) == []
    assert one.ready_for(wish())


def test_the_least_recently_made_goes_when_the_budget_is_full():
    one = rack(count=2)
    for job, pad in enumerate(("36", "37", "38"), 1):
        one.expect(job, wish(pad), 0.0)
        one.arrived(rendered(job), 0.0)
    assert [one.ready_for(wish(pad)) for pad in ("36", "37", "38")] == [False, True, True]
    assert not one.has_room()


def test_one_that_is_larger_than_the_budget_is_not_kept():
    one = rack(megabytes=1)
    one.expect(1, wish(), 0.0)
    assert one.arrived(rendered(1, frames=200_000), 0.0) is None
