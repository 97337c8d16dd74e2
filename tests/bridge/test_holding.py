from midifrag.bridge.holding import HeldPad, Holding
from midifrag.config.press_request import press_rules
from midifrag.events import PadChanged
from midifrag.intents import Hand, LetGo, Press, Release
from midifrag.pad_key import PadKey
from midifrag.states import PadState
from midifrag.timeline import Timeline
from tests.support.shows import loaded, one_pad

#: Something else that presses the pad.
PEDAL = Hand("q", "cc", 64, 1)
HOLD = {"sets": "seconds", "range": [1, 8]}


def holding():
    told = []
    return Holding(told.append, lambda: Timeline(120, 0.0)), told


def held_pad(note=36, port="p", by=None, time=10.0, **pad):
    show = loaded(one_pad(**(pad or {"hold": HOLD})))
    bank = show.banks[0]
    one = bank.pads[PadKey(36)]
    press = Press(note, 1, port, 0.5, time, by=by)
    return HeldPad(press, bank, PadKey(36), one, press_rules(show.settings, bank, one), (note, 1, port))


def test_each_hand_holds_its_own():
    pads, _ = holding()
    one, other = held_pad(), held_pad(by=PEDAL)
    pads.hold(one)
    pads.hold(other)
    assert pads.take(Release(36, 1, "q", 11.0)) is None
    assert pads.take(Release(36, 1, "p", 11.0, by=PEDAL)) is other
    assert pads.take(Release(36, 1, "p", 11.0)) is one
    assert pads.take(Release(36, 1, "p", 11.0)) is None


def test_all_of_a_port_or_all_at_once_are_let_go():
    pads, _ = holding()
    one, other = held_pad(), held_pad(port="q")
    pads.hold(one)
    pads.hold(other)
    assert list(pads.take_all(LetGo("p", 2, 0.0))) == []
    assert list(pads.take_all(LetGo("p", 1, 0.0))) == [one]
    assert list(pads.take_all()) == [other]
    assert list(pads.take_all()) == []


def test_what_pressed_it_says_where_it_is_let_go():
    pads, _ = holding()
    one = held_pad(by=PEDAL)
    pads.hold(one)
    assert list(pads.take_all(LetGo("p", None, 0.0))) == []
    assert list(pads.take_all(LetGo("q", None, 0.0))) == [one]


def test_the_pad_in_hand_is_the_one_pressed_last():
    pads, _ = holding()
    assert pads.in_hand("opening") is None
    pads.hold(held_pad())
    assert pads.in_hand("opening") == PadKey(36)
    assert pads.in_hand("other") is None


def test_a_pad_shows_how_its_length_grows():
    pads, told = holding()
    pads.hold(held_pad())
    for now in (10.0, 12.5, 14.5, 30.0):
        pads.grow(now)
    assert [(one.text, one.progress) for one in told] == [
        ("1 s", 0.0),
        ("2.5 s", 1.5 / 7),
        ("4.5 s", 0.5),
        ("8 s", 1.0),
    ]
    assert {one.state for one in told} == {PadState.GROWING}


def test_what_is_only_held_does_not_grow_and_what_is_dropped_is_at_rest():
    pads, told = holding()
    gate = held_pad(press="gate")
    pads.hold(gate)
    pads.grow(12.0)
    pads.drop(gate, 12.0)
    assert told == []
    pads.drop(held_pad(), 12.0)
    assert [(type(one), one.state) for one in told] == [(PadChanged, PadState.IDLE)]
