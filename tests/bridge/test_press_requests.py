import pytest

from midifrag.bridge import press_requests
from midifrag.bridge.press_requests import USUAL_VELOCITY, PressRequests
from midifrag.bridge.set_list import SetList
from midifrag.config.press_request import press_request
from midifrag.intents import Press
from midifrag.midi.messages import Tick
from midifrag.pad_key import PadKey
from tests.support.shows import bank, loaded

PADS = {36: {"prompt": "rain", "velocity": {"sets": "seconds", "range": [1, 11]}}, 37: {"prompt": "beat at {bpm}"}}
#: A knob that sets a value of the pad in hand alone.
OF_A_PAD = {"cc": 21, "sets": "cfg_scale", "range": [0, 10], "scope": "pad"}


def press(note, velocity, time):
    return Press(note, 1, "midifrag", velocity, time)


def two(**show):
    return loaded(
        bank("one", PADS, program=1), bank("two", {40: {"prompt": "storm", "model": "open"}}, program=7), **show
    )


def keys(requests):
    """The active bank's pads, the one pressed last first."""
    return [key for _, key in requests.by_last_press()]


def test_the_next_press_is_taken_to_be_like_the_last_of_its_pad():
    banks = SetList(two())
    requests = PressRequests(banks)
    assert requests.next_of(PadKey(36)).preset.seconds == pytest.approx(1 + 10 * USUAL_VELOCITY)
    assert keys(requests) == [PadKey(36), PadKey(37)]
    requests.pressed(PadKey(36), press(36, 0.2, 1.0))
    requests.pressed(PadKey(37), press(37, 1.0, 2.0))
    assert requests.next_of(PadKey(36)).preset.seconds == pytest.approx(3.0)
    assert keys(requests) == [PadKey(37), PadKey(36)]
    banks.activate(1)
    requests.pressed(PadKey(40), press(40, 1.0, 3.0))
    banks.activate(0)
    assert keys(requests) == [PadKey(37), PadKey(36)]


def test_what_a_press_would_ask_for_is_worked_out_again_only_when_something_of_it_has_changed(monkeypatch):
    worked_out = []
    monkeypatch.setattr(
        press_requests,
        "press_request",
        lambda *given, **more: worked_out.append(given) or press_request(*given, **more),
    )
    banks = SetList(two(controls=[OF_A_PAD]))
    requests = PressRequests(banks)
    rain, beat = PadKey(36), PadKey(37)

    def again() -> int:
        """How many of both pads' requests are worked out when they are asked for; what they are is right."""
        worked_out.clear()
        asked = [requests.next_of(key) for key in (rain, beat)]
        count = len(worked_out)
        assert asked == [requests.of(banks.bank.pads[key], requests._last(key, "one")[1], key) for key in (rain, beat)]
        return count

    assert [again(), again()] == [2, 0]
    requests.pressed(rain, press(36, 0.2, 1.0))
    assert [again(), again()] == [1, 0]
    banks.values.set("steps", 40)
    assert [again(), again()] == [2, 0]
    banks.values.move(banks.settings.controls[0].id, 0.5, rain)
    assert [again(), again()] == [1, 0]
    banks.time.turn(97.0, 2.0)
    assert [again(), again()] == [2, 0]
    banks.land = "now"
    assert [again(), again()] == [2, 0]
    banks.reload(two(model="sketch"))
    assert [again(), again()] == [2, 0]


def test_pads_stand_in_the_order_of_their_presses_however_hard_and_early_those_were():
    banks = SetList(two())
    requests = PressRequests(banks)
    requests.pressed(PadKey(37), press(37, 1.0, 0.25))
    assert keys(requests) == [PadKey(37), PadKey(36)]
    requests.pressed(PadKey(36), press(36, 0.2, 0.5))
    assert keys(requests) == [PadKey(36), PadKey(37)]


def test_pads_of_one_name_in_two_banks_are_pressed_apart():
    banks = SetList(loaded(bank("one", PADS), bank("two", PADS)))
    requests = PressRequests(banks)
    requests.pressed(PadKey(37), press(37, 1.0, 2.0))
    banks.activate(1)
    assert keys(requests) == [PadKey(36), PadKey(37)]


def test_a_press_follows_velocity_live_values_and_the_clock():
    banks = SetList(two(tempo=90))
    requests = PressRequests(banks)
    pads = banks.bank.pads
    assert requests.of(pads[PadKey(36)], 0.5).preset.seconds == 6
    for index in range(25):
        banks.time.feed(Tick("daw", index * 60 / 140 / 24))
    assert requests.of(pads[PadKey(37)], 0.5).preset.prompt == "beat at 140"
    assert requests.typed(pads[PadKey(37)]).preset.prompt == "beat at 140"


def test_a_press_follows_the_values_of_its_own_pad_in_its_own_bank_while_another_is_played():
    show = loaded(bank("one", PADS), bank("two", PADS), controls=[OF_A_PAD])
    banks, here = SetList(show), PadKey(36)
    requests, one = PressRequests(banks), banks.bank

    def asked_elsewhere() -> list[float | None]:
        """What bank one's pad asks for while bank two is played, at once and with its next press."""
        banks.activate(1)
        asked = [requests.of(one.pads[here], 0.5, here, one), requests.next_of(here, one)]
        banks.activate(0)
        return [request.preset.cfg_scale for request in asked]

    assert asked_elsewhere() == [None, None]
    banks.values.move(banks.settings.controls[0].id, 0.5, here)
    assert asked_elsewhere() == [5.0, 5.0]
    assert requests.next_of(PadKey(37)).preset.cfg_scale is None
    banks.activate(1)
    assert requests.next_of(here).preset.cfg_scale is None
    assert requests.of(one.pads[here], 0.5, here).preset.cfg_scale is None


def test_a_typed_prompt_does_not_follow_the_controls_but_the_tempo():
    banks = SetList(two(tempo=90))
    requests = PressRequests(banks)
    banks.values.set("steps", 7)
    pad = banks.bank.pads[PadKey(37)]
    assert (requests.of(pad, 1.0).preset.steps, requests.typed(pad).preset.steps) == (7, None)
    assert requests.typed(pad).preset.prompt == "beat at 90"


def test_a_pads_own_model_comes_before_the_shows():
    banks = SetList(two(model="sketch"))
    requests = PressRequests(banks)
    assert requests.next_of(PadKey(36)).model == "sketch"
    banks.activate(1)
    assert requests.next_of(PadKey(40)).model == "open"


def test_the_pad_that_was_pressed_last_is_that_of_the_bank_that_is_played_if_it_still_has_it():
    banks = SetList(two())
    requests = PressRequests(banks)
    assert requests.last_pressed() is None
    requests.pressed(PadKey(36), press(36, 0.2, 1.0))
    requests.pressed(PadKey(37), press(37, 0.2, 2.0))
    requests.pressed(PadKey(40), press(40, 0.2, 3.0), "two")
    assert requests.last_pressed() == PadKey(37)
    banks.activate(1)
    assert requests.last_pressed() == PadKey(40)
    banks.activate(0)
    banks.reload(loaded(bank("one", {36: {"prompt": "rain"}}, program=1)))
    assert requests.last_pressed() is None


def test_presses_and_typed_prompts_land_as_an_action_says_in_the_slots_of_who_plays():
    ports = {"a": {"in": "a", "performer": "left"}, "b": {"in": "b", "performer": "right"}}
    banks = SetList(two(ports=ports, performers={"right": {"slots": [7, 8]}}))
    banks.land = "bar"
    requests, pad = PressRequests(banks), banks.bank.pads[PadKey(36)]
    for who, among in ((banks.who, (1, 2, 3, 4, 5, 6)), ("right", (7, 8))):
        with banks.as_performer(who):
            for asked in (requests.of(pad, 1.0), requests.typed(pad)):
                assert (asked.landing.land, asked.landing.among) == ("bar", among)
