from midifrag.midi.held import Down, Held
from tests.support.shows import bank

ONE, TWO = bank("one"), bank("two")


def test_a_note_means_what_it_meant_when_it_went_down():
    held = Held()
    assert held.note("p", 1, 36) is None
    held.press("p", 1, 36, Down("press", ONE))
    held.press("p", 2, 36, Down("act", TWO))
    assert held.note("p", 1, 36) == Down("press", ONE)
    assert held.note("p", 2, 36) == Down("act", TWO)
    held.release("p", 1, 36)
    assert held.note("p", 1, 36) is None


def test_what_presses_is_told_from_what_does_not_by_port_and_channel():
    held = Held()
    held.press("p", 1, 36, Down("nothing", ONE))
    held.press("p", 1, 37, Down("act", ONE))
    assert not held.presses("p", None)
    held.press("p", 2, 38, Down("press", ONE))
    assert held.presses("p", None)
    assert held.presses("p", 2)
    assert not held.presses("p", 1)
    assert not held.presses("q", None)


def test_notes_and_buttons_are_down_on_whatever_channel_of_their_port():
    held = Held()
    held.press("p", 5, 36, Down("nothing", ONE))
    held.button("p", 5, 89, is_down=True)
    assert held.has("p", note=36)
    assert held.has("p", cc=89)
    assert not held.has("q", note=36)
    assert not held.has("p", note=89)
    assert not held.has("p", cc=36)
    held.button("p", 5, 89, is_down=False)
    assert not held.has("p", cc=89)


def test_all_of_a_channel_or_a_port_is_let_go():
    held = Held()
    for port, channel in (("p", 1), ("p", 2), ("q", 1)):
        held.press(port, channel, 36, Down("press", ONE))
        held.button(port, channel, 89, is_down=True)
    held.let_go("p", 1)
    assert held.note("p", 1, 36) is None
    assert held.note("p", 2, 36) is not None
    assert held.has("p", cc=89)
    held.let_go("p")
    assert not held.has("p", cc=89)
    assert not held.presses("p", None)
    assert held.note("q", 1, 36) is not None
    assert held.has("q", cc=89)
