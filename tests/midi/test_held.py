from midifrag.intents import Hand, Press
from midifrag.midi.held import Down, Held
from tests.support.shows import bank

ONE, TWO = bank("one"), bank("two")


def note(number=36, channel=1, port="p"):
    return Hand(port, "note", number, channel)


def cc(number=89, channel=1, port="p"):
    return Hand(port, "cc", number, channel)


def test_a_note_means_what_it_meant_when_it_went_down():
    held = Held()
    assert held.down(note()) is None
    pressed = Down("press", ONE, Press(36, 1, "p", 0.5, 0.0))
    held.press(note(), pressed)
    held.press(note(channel=2), Down("act", TWO))
    assert held.down(note()) == pressed
    assert held.down(note(channel=2)) == Down("act", TWO)
    held.release(note())
    assert held.down(note()) is None


def test_what_presses_is_told_from_what_does_not_by_port_and_channel():
    held = Held()
    held.press(note(36), Down("nothing", ONE))
    held.press(note(37), Down("act", ONE))
    assert not held.presses("p", None)
    held.press(note(38, channel=2), Down("press", ONE))
    assert held.presses("p", None)
    assert held.presses("p", 2)
    assert not held.presses("p", 1)
    assert not held.presses("q", None)


def test_notes_and_shifts_are_down_on_whatever_channel_of_their_port():
    held = Held()
    held.press(note(channel=5), Down("nothing", ONE))
    held.shift(cc(channel=5), is_down=True)
    assert held.has("p", "note", 36)
    assert held.has("p", "cc", 89)
    assert not held.has("q", "note", 36)
    assert not held.has("p", "note", 89)
    assert not held.has("p", "cc", 36)
    held.shift(cc(channel=5), is_down=False)
    assert not held.has("p", "cc", 89)


def test_all_of_a_channel_or_a_port_is_let_go():
    held = Held()
    for port, channel in (("p", 1), ("p", 2), ("q", 1)):
        held.press(note(36, channel, port), Down("press", ONE))
        held.shift(cc(89, channel, port), is_down=True)
    held.let_go("p", 1)
    assert held.down(note()) is None
    assert held.down(note(channel=2)) is not None
    assert held.has("p", "cc", 89)
    held.let_go("p")
    assert not held.has("p", "cc", 89)
    assert not held.presses("p", None)
    assert held.down(note(port="q")) is not None
    assert held.has("q", "cc", 89)


def test_notes_that_are_over_are_up_but_a_shift_waits_for_its_own_release():
    held = Held()
    for hand in (note(36), note(98), note(36, channel=2), note(36, port="q"), cc(40)):
        held.press(hand, Down("press", ONE))
    held.shift(cc(89), is_down=True)
    held.end_notes("p", 1, lambda number: number == 98)
    down = [hand for hand in (note(36), note(98), note(36, channel=2), note(36, port="q")) if held.down(hand)]
    assert down == [note(98), note(36, channel=2), note(36, port="q")]
    assert held.down(cc(40)) is None
    assert held.has("p", "cc", 89)
