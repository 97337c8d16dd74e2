from midifrag.bridge.items import PowerChanged, Reload
from midifrag.intents import SetParameter
from tests.support.bridges import Rig, with_spares
from tests.support.shows import bank, loaded, one_pad


def test_no_spares_are_rendered_where_they_are_off():
    rig = Rig()
    rig.ready()
    rig.bridge.housekeeping()
    assert rig.engines.sent == []


def test_on_battery_a_set_may_do_without_spares_and_says_so_in_one_line():
    rig = with_spares(bank(), on_battery=False)
    rig.bridge.handle(PowerChanged(on_battery=True))
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.housekeeping()
    # What is ready stays.
    assert (len(rig.engines.renders()), rig.pad_states()) == (1, ["ready"])
    rig.bridge.handle(PowerChanged(on_battery=False))
    rig.bridge.housekeeping()
    assert len(rig.engines.renders()) == 2
    assert rig.notices() == [
        ("info", "on battery: no spares are rendered ahead"),
        ("info", "spares are rendered ahead again"),
    ]


def test_a_set_that_does_not_care_makes_spares_on_battery_and_one_that_comes_to_care_stops():
    rig = with_spares(bank())
    rig.bridge.handle(PowerChanged(on_battery=True))
    rig.rendered(rig.engines.renders()[0])
    assert (len(rig.engines.renders()), rig.notices()) == (2, [])
    rig.bridge.handle(Reload(loaded(bank(), engine={"spares": {"on_battery": False}})))
    assert ("info", "on battery: no spares are rendered ahead") in rig.notices()


def test_a_spare_is_what_the_next_press_would_ask_for():
    rig = with_spares(one_pad(velocity={"sets": "steps", "range": [1, 128]}, fragment={"loop": True}))
    (spare,) = rig.engines.renders()
    assert spare.steps == 101
    rig.bridge.handle(SetParameter("seconds", 3))
    rig.bridge.housekeeping()
    spare = rig.engines.renders()[-1]
    assert (spare.steps, spare.seconds) == (101, 3)
    rig.rendered(spare)
    (prepare,) = rig.writes
    assert prepare.options.loop
    rig.press(velocity=100)
    assert rig.lands()[0].options.loop
