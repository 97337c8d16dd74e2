from midifrag.bridge.items import PowerChanged, Reload
from midifrag.intents import SelectBank, SetParameter
from midifrag.midi.messages import ProgramChange
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


def test_a_spare_that_comes_after_its_bank_was_left_is_kept_and_shown_on_no_pad():
    rig = with_spares(bank("one", {36: {"prompt": "rain"}}), bank("two", {37: {"prompt": "wind"}}))
    (spare,) = rig.engines.renders()
    rig.bridge.handle(SelectBank(slug="two"))
    rig.rendered(spare)
    assert rig.pad_states() == []
    rig.bridge.handle(SelectBank(slug="one"))
    rig.press()
    assert rig.lands()[0].record.spare


def test_each_performer_has_spares_of_the_bank_that_is_theirs():
    ports = {"a": {"in": "a", "performer": "left"}, "b": {"in": "b", "performer": "right"}}
    banks = (bank("one", {36: {"prompt": "rain"}}), bank("two", {36: {"prompt": "wind"}}, program=5))
    rig = with_spares(*banks, show={"ports": ports})
    rig.bridge.handle(ProgramChange("b", 1, 5, rig.clock.now()))
    rig.rendered(rig.engines.renders()[0])
    rig.rendered(rig.engines.renders()[1])
    assert [render.prompt for render in rig.engines.renders()] == ["rain", "wind"]
    rig.press(port="b")
    assert [land.record.prompt for land in rig.lands()] == ["wind"]


def test_a_pad_that_begins_from_what_nobody_knows_takes_no_other_pad_s_room():
    rig = with_spares(bank(pads={36: {"prompt": "rain", "from": "input"}, 37: {"prompt": "wind"}}), count=1)
    assert [render.prompt for render in rig.engines.renders()] == ["wind"]
