from midifrag.bridge.press_requests import PressRequests
from midifrag.bridge.set_list import SetList
from midifrag.events import LayoutChanged
from midifrag.intents import SelectBank, ShowBanks, TurnPage
from midifrag.midi.messages import ControlChange, Tick
from midifrag.pad_key import PadKey
from tests.support.shows import bank, loaded

PADS = {36: {"prompt": "rain", "velocity": {"sets": "seconds", "range": [1, 11]}}, 37: {"prompt": "beat at {bpm}"}}


def two(**show):
    return loaded(
        bank("one", PADS, program=1), bank("two", {40: {"prompt": "storm", "model": "open"}}, program=7), **show
    )


def test_banks_are_found_by_distance_slug_and_program():
    banks = SetList(two())
    assert [banks.find(SelectBank(offset=offset)) for offset in (-1, 0, 1, 2)] == [1, 0, 1, 0]
    assert [banks.find(SelectBank(slug=slug)) for slug in ("one", "two", "three")] == [0, 1, None]
    assert [banks.find(SelectBank(program=program)) for program in (1, 7, 3)] == [0, 1, None]


def test_distances_count_from_the_bank_that_is_active():
    banks = SetList(loaded(bank("one"), bank("two"), bank("three")))
    banks.activate(1)
    assert [banks.find(SelectBank(offset=offset)) for offset in (1, 2, -2)] == [2, 0, 2]


def test_reload_keeps_the_bank_where_it_is_still_there():
    banks = SetList(two())
    banks.activate(1)
    changed = loaded(bank("three"), bank("two"), tempo=120)
    assert not banks.reload(changed)
    assert (banks.loaded, banks.index, banks.bank, banks.settings) == (changed, 1, changed.banks[1], changed.settings)
    assert banks.reload(loaded(bank("three"), bank("four"), tempo=77))
    assert (banks.bank.slug, banks.time.bpm) == ("three", 77)


def test_a_set_list_holds_the_pads_of_its_banks():
    banks = SetList(two())
    wanted = [("one", PadKey(36)), ("two", PadKey(40)), ("two", PadKey(36)), ("three", PadKey(36))]
    assert [banks.holds(*place) for place in wanted] == [True, True, False, False]


def test_messages_mean_what_they_mean_in_the_active_bank_and_the_configuration_in_use():
    banks = SetList(two())
    assert (banks.mapper.bank, banks.mapper.settings) == (banks.loaded.banks[0], banks.loaded.settings)
    banks.activate(1)
    assert (banks.mapper.bank, banks.mapper.settings) == (banks.loaded.banks[1], banks.loaded.settings)
    banks.reload(loaded(bank("two"), controls=[{"cc": 1, "sets": "steps", "range": [1, 128]}]))
    assert (banks.mapper.bank, banks.mapper.settings) == (banks.loaded.banks[0], banks.loaded.settings)
    banks.values.move("cc 1 sets steps", 1.0)
    assert banks.values.effective == {"steps": 128}


def test_a_set_list_begins_with_its_first_bank_and_the_shows_tempo():
    banks = SetList(two(tempo=90))
    assert (banks.index, banks.bank.slug, banks.time.bpm) == (0, "one", 90)


def test_a_banks_own_control_counts_in_that_bank_alone():
    own = {"controls": [{"cc": 1, "sets": "steps", "range": [1, 128]}]}
    banks = SetList(loaded(bank("one", **own), bank("two")))
    banks.values.move("cc 1 sets steps", 1.0)
    steps = []
    for index in (1, 0):
        banks.activate(index)
        steps.append(PressRequests(banks).next_of(PadKey(36)).preset.steps)
    assert steps == [None, 128]


def with_clock_of(port):
    return two(ports={"pads": {"in": "pads"}, "daw": {"in": "daw"}}, time={"source": f"midi:{port}"})


def feed_clock(banks, port, begin):
    for number in range(24 * 8):
        banks.time.feed(Tick(port, begin + number * 60 / 150 / 24))


def test_the_tempo_is_that_of_the_port_which_the_set_names():
    banks = SetList(with_clock_of("daw"))
    feed_clock(banks, "pads", 0.0)
    assert banks.time.bpm == 120
    feed_clock(banks, "daw", 0.0)
    assert banks.time.bpm == 150


def test_another_set_may_name_another_port():
    banks = SetList(with_clock_of("daw"))
    banks.reload(with_clock_of("pads"))
    feed_clock(banks, "daw", 0.0)
    assert banks.time.bpm == 120
    feed_clock(banks, "pads", 0.0)
    assert banks.time.bpm == 150


def test_a_pedal_that_is_held_through_a_change_of_banks_does_not_act_again():
    banks = SetList(two(actions=[{"cc": 64, "does": "next_bank"}]))

    def pedal(value, time):
        return list(banks.mapper.intents(ControlChange("midifrag", 1, 64, value, time)))

    assert pedal(100, 1.0) == [SelectBank(offset=1)]
    banks.activate(1)
    assert pedal(110, 2.0) == []
    banks.reload(two(actions=[{"cc": 64, "does": "next_bank"}]))
    assert pedal(120, 3.0) == []
    assert pedal(0, 4.0) == []
    assert pedal(100, 5.0) == [SelectBank(offset=1)]


def test_a_program_belongs_to_a_bank_select_or_to_any():
    banks = SetList(
        loaded(
            bank("any", program=1),
            bank("first", program=1, bank_select=[0, 1]),
            bank("far", program=1, bank_select=[2, 0]),
            bank("only", program=2, bank_select=0),
        )
    )
    found = [banks.find(SelectBank(program=1, bank=select)) for select in (None, 0, 1, 256, 9)]
    assert found == [0, 0, 1, 2, 0]
    assert [banks.find(SelectBank(program=2, bank=select)) for select in (None, 0, 1)] == [3, 3, None]


GRID = {"ports": {"pads": {"in": "x", "surface": "launchpad"}, "keys": {"in": "y"}}}


def test_ports_show_several_banks_or_one_where_they_have_room():
    banks = SetList(two(**GRID))
    assert banks.layouts() == []
    assert banks.show(ShowBanks("pads")) == [LayoutChanged("pads", 0, 4)]
    assert banks.mapper.desk.shown("pads").side == 4
    assert banks.show(ShowBanks(None)) == [LayoutChanged("pads", 0, 1)]
    assert banks.show(ShowBanks("pads", 99)) == [LayoutChanged("pads", 0, 4)]
    assert banks.show(ShowBanks("pads", -1)) == [LayoutChanged("pads", 0, 1)]
    assert banks.show(ShowBanks("keys")) == banks.show(ShowBanks("nowhere")) == []
    assert banks.layouts() == [LayoutChanged("pads", 0, 1)]


def test_pages_go_round_and_begin_anew_in_another_bank():
    twenty = {note: {"prompt": "x"} for note in range(60, 80)}
    ports = {"pads": {"in": "x", "surface": "minilab3"}}
    banks = SetList(loaded(bank("one", twenty), bank("two"), ports=ports))
    assert banks.show(TurnPage("pads", 1)) == [LayoutChanged("pads", 1, 1)]
    assert banks.show(TurnPage("pads", 1)) == [LayoutChanged("pads", 0, 1)]
    banks.show(TurnPage("pads", -1))
    banks.activate(1)
    assert banks.layouts() == [LayoutChanged("pads", 0, 1)]


# --- several performers ----------------------------------------------------------------------------------------------

TWO = {"ports": {"a": {"in": "a", "performer": "left"}, "b": {"in": "b", "performer": "right"}}}


def test_each_performer_has_an_active_bank():
    banks = SetList(loaded(bank("one", PADS), bank("two", PADS), **TWO))
    assert banks.performers == ("", "right")
    banks.turn_to("b")
    banks.activate(1)
    banks.turn_to("a")
    assert banks.bank.slug == "one"
    assert [mapper.bank.slug for mapper in banks.mappers] == ["one", "two"]
    assert [one.slug for one in banks.active_banks] == ["one", "two"]
    banks.turn_to("page")
    assert banks.who == ""
    with banks.as_performer("right"):
        assert banks.bank.slug == "two"
    assert banks.bank.slug == "one"


def test_performers_keep_their_banks_when_the_set_is_read_again():
    banks = SetList(loaded(bank("one", PADS), bank("two", PADS), **TWO))
    banks.turn_to("b")
    banks.activate(1)
    banks.reload(loaded(bank("two", PADS), bank("one", PADS), **TWO))
    assert [mapper.bank.slug for mapper in banks.mappers] == ["one", "two"]
    # Alone again.
    banks.reload(loaded(bank("two", PADS), bank("one", PADS)))
    assert banks.performers == ("",)
    assert banks.bank.slug == "one"


def test_values_that_are_everybodys_are_and_a_banks_are_its_own():
    shared = {"cc": 1, "sets": "steps", "range": [1, 100]}
    own = {"cc": 2, "sets": "cfg_scale", "range": [0, 10]}
    one, two = bank("one", PADS, controls=[own]), bank("two", PADS, controls=[own])
    banks = SetList(loaded(one, two, controls=[shared], **TWO))
    banks.turn_to("b")
    banks.activate(1)
    banks.values.move("cc 1 sets steps", 1.0)
    banks.values.move("cc 2 sets cfg_scale", 1.0)
    banks.turn_to("a")
    assert banks.values.effective == {"steps": 100}
    banks.activate(1)
    assert banks.values.effective == {"steps": 100, "cfg_scale": 10}


def test_fragments_take_the_slots_of_who_plays():
    banks = SetList(loaded(bank("one", PADS), performers={"right": {"slots": [7, 8]}}, **TWO))
    pad = banks.bank.pads[PadKey(37)]
    banks.turn_to("b")
    assert PressRequests(banks).of(pad, 1.0).landing.among == banks.landing().among == (7, 8)
    banks.turn_to("a")
    assert PressRequests(banks).of(pad, 1.0).landing.among == (1, 2, 3, 4, 5, 6)
    assert PressRequests(SetList(loaded(bank("one", PADS), **TWO))).of(pad, 1.0).landing.among is None
