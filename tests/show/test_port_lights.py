"""What the LEDs of a controller show where banks lie by place; `test_lights.py` has what goes by notes."""

import pytest

from midifrag.events import PadChanged, PortChanged, SlotsChanged, Sounding
from midifrag.fragment.slot_state import SlotState
from midifrag.intents import LockSlot, SelectBank, ShowBanks, TurnPage
from midifrag.states import PadState
from midifrag.surface.grid import Button
from tests.support.shows import bank
from tests.support.stage import Stage

PADS = {"pads": {"in": "x", "out": "x", "surface": "launchpad"}}
BANKS = [
    bank(slug, {note: {"prompt": f"{slug} {note}", "colour": colour} for note in range(36, 52)})
    for slug, colour in (("one", "red"), ("two", "green"), ("three", "cyan"))
]


def stage(*banks, ports=PADS, **show):
    return Stage(*(banks or BANKS), ports=ports, **show)


def note(number):
    return Button("note", number)


def cc(number):
    return Button("cc", number)


def test_a_bank_and_the_buttons_beside_it_are_lit_when_the_controller_comes():
    rig = stage()
    sent = rig.bytes_to()
    assert sent[0] == "F0 00 20 29 02 0C 0E 01 F7"
    rows = [10 * row + column for row in range(1, 5) for column in range(1, 5)]
    assert sent[1:17] == [f"90 {number:02X} 05" for number in rows]
    buttons = {text[3:5]: text for text in sent[17:]}
    assert [f"B0 {number:02X}" for number in (89, 79)] == [buttons["59"][:5], buttons["4F"][:5]]
    # The active bank, another, side by side, panic, and no slot.
    assert [buttons[f"{number:02X}"] for number in (69, 59, 29, 19, 91)] == [
        "B0 45 15",
        "B0 3B 03",
        "B0 1D 03",
        "B0 13 05",
        "B0 5B 00",
    ]


def test_a_press_is_answered_where_it_was_pressed():
    rig = stage()
    rig.bytes_to()
    rig.hit(note(22))
    assert rig.told(PadChanged)[-1].pad.note == 41
    assert rig.bytes_to() == ["90 16 0D"]


def test_side_by_side_shows_the_banks_beside_it_and_what_goes_on_in_them():
    rig = stage()
    rig.bytes_to()
    rig.hit(cc(29))
    sent = rig.bytes_to()
    assert [f"90 {number:02X} {code}" in sent for number, code in ((11, "05"), (15, "15"), (51, "25"))] == [True] * 3
    assert "B0 1D 25" in sent
    assert not any(text.startswith("90 37") for text in sent)
    rig.hit(note(15))
    assert rig.bridge.bank.slug == "two"
    assert "90 0F 0D" in rig.bytes_to()
    rig.bridge.handle(SelectBank(slug="three"))
    sent = rig.bytes_to()
    # What waits in the bank beside it is seen on its pad and its button.
    assert "90 0F 0D" in sent
    assert "B2 3B 2D" in sent
    rig.hit(cc(29))
    assert "90 0F 00" in rig.bytes_to()


def test_the_slots_are_seen_and_locked_in_their_row():
    rig = stage()
    rig.bytes_to()
    rig.bridge.handle(SlotsChanged((SlotState(1, "a", "filled"), SlotState(2, "b", "locked"))))
    assert rig.bytes_to() == ["B0 5B 2D", "B0 5C 09"]
    rig.bridge.handle(Sounding(1, 7, True, 0.0))
    assert rig.bytes_to() == ["B2 5B 15"]
    rig.bridge.handle(Sounding(1, 7, False, 0.0))
    assert rig.bytes_to() == ["B0 5B 2D"]
    rig.hit(cc(92))
    assert rig.writes[-1] == LockSlot(2, None)


def test_a_small_controller_turns_its_pages_and_begins_anew_in_another_bank():
    twenty = bank("long", {note: {"prompt": "x", "colour": "red"} for note in range(60, 80)})
    rig = stage(twenty, BANKS[0], ports={"pads": {"in": "x", "out": "x", "surface": "minilab3"}})
    rig.bridge.handle(TurnPage(None, 1))
    assert rig.bridge.view.layouts["pads"].page == 1
    rig.hit(note(36))
    assert rig.told(PadChanged)[-1].pad.note == 76
    rig.bridge.handle(SelectBank(slug="one"))
    assert rig.bridge.view.layouts["pads"].page == 0
    rig.hit(note(36))
    assert rig.told(PadChanged)[-1].pad.note == 36


def test_by_notes_the_controller_s_own_notes_are_lit_and_no_buttons():
    rig = stage(
        bank("raw", {36: {"prompt": "x"}, 39: {"prompt": "y"}}), ports={"pads": PADS["pads"] | {"place": "notes"}}
    )
    assert rig.bytes_to()[1:] == ["90 24 03"]


@pytest.mark.parametrize("side", [1, 4])
def test_two_controllers_show_one_show(side):
    ports = PADS | {"more": {"in": "y", "out": "y", "surface": "apc_mini_mk2"}}
    rig = stage(ports=ports)
    rig.bridge.handle(ShowBanks("pads", side))
    rig.bytes_to(), rig.bytes_to("more")
    rig.hit(note(11))
    assert rig.bytes_to()[-1] == "90 0B 0D"
    rig._tell(PadChanged("one", rig.told(PadChanged)[-1].pad, None, 1, 36, PadState.READY, "red", 9.0))
    assert rig.bytes_to("more")[-1] == "96 00 25"
    assert rig.bytes_to()[-1] == "90 0B 25"


def test_a_controller_that_comes_back_is_lit_again_and_all_is_dark_at_the_end():
    rig = stage()
    first = rig.bytes_to()
    rig._tell(PortChanged("pads", "out", "lost", ""))
    rig._tell(PortChanged("pads", "out", "open", ""))
    assert rig.bytes_to() == first
    rig.lights.close()
    sent = rig.bytes_to()
    assert sent[-1] == "F0 00 20 29 02 0C 0E 00 F7"
    assert {f"90 {number:02X} 00" for number in (11, 44)} | {"B0 13 00", "B0 5B 00"} <= set(sent)


def test_pads_of_any_channel_are_lit_on_the_port_s_or_on_that_of_their_last_press():
    ports = {"pads": {"in": "x", "out": "x", "surface": "pads_4x4", "channel": 10}}
    assert "99 24 00" in stage(ports=ports).bytes_to()
    rig = stage(ports={"pads": {"in": "x", "out": "x", "surface": "pads_4x4"}})
    assert "90 24 00" in rig.bytes_to()
    rig.press(36, channel=10, port="pads")
    assert rig.bytes_to()[-1] == "99 24 0D"


def test_pads_that_send_ccs_are_pressed_and_lit_by_them():
    rig = stage(ports={"pads": {"in": "x", "out": "x", "surface": "midi_fighter_twister"}})
    assert "B1 0C 55" in rig.bytes_to()
    rig.hit(Button("cc", 13, 2))
    assert rig.told(PadChanged)[-1].pad.note == 37
    assert rig.bytes_to() == ["B1 0D 40", "B2 0D 2F"]
    rig.lights.close()
    assert "B2 0D 12" in rig.bytes_to()


def test_each_performer_s_controller_shows_their_own_bank():
    ports = {
        "left": {"in": "x", "out": "x", "surface": "launchpad", "performer": "left"},
        "right": {"in": "y", "out": "y", "surface": "launchpad", "performer": "right"},
    }
    rig = stage(ports=ports)
    rig.bytes_to("left"), rig.bytes_to("right")
    rig.hit(cc(79), "right")
    assert rig.bytes_to("left") == []
    sent = rig.bytes_to("right")
    assert {"90 0B 15", "B0 3B 15", "B0 45 03"} <= set(sent)
    rig.hit(note(11), "right")
    assert (rig.told(PadChanged)[-1].bank, rig.bytes_to("right")[-1]) == ("two", "90 0B 0D")
    rig.hit(note(11), "left")
    assert (rig.told(PadChanged)[-1].bank, rig.bytes_to("left")[-1]) == ("one", "90 0B 0D")
