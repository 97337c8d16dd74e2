import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.midi.thru import Thru


def on(note=60, velocity=100, channel=0):
    return mido.Message("note_on", note=note, velocity=velocity, channel=channel)


def off(note=60, channel=0):
    return mido.Message("note_off", note=note, channel=channel)


def thru(**ways):
    sent = []
    return Thru(ways, lambda port, messages: sent.extend((port, message) for message in messages)), sent


def test_messages_go_on_where_a_set_asks_for_it_and_nowhere_else():
    way, sent = thru(keys=("synth", "daw"), pads=())
    way.pass_on("keys", on())
    way.pass_on("pads", on())
    way.pass_on("other", on())
    assert sent == [("synth", on()), ("daw", on())]


@pytest.mark.parametrize(
    ("message", "goes_on"),
    [
        (mido.Message("control_change", control=1, value=2), True),
        (mido.Message("pitchwheel", pitch=5), True),
        (mido.Message("aftertouch", value=5), True),
        (mido.Message("polytouch", note=5, value=5), True),
        (mido.Message("program_change", program=5), True),
        (mido.Message("clock"), False),
        (mido.Message("start"), False),
        (mido.Message("sysex", data=(1, 2)), False),
        (mido.Message("active_sensing"), False),
    ],
)
def test_only_what_a_channel_says_goes_on(message, goes_on):
    way, sent = thru(keys=("synth",))
    way.pass_on("keys", message)
    assert bool(sent) is goes_on


def test_what_a_lost_port_holds_is_let_go_once():
    way, sent = thru(keys=("synth",), pads=("synth",))
    for message in (on(60), on(61, channel=3), off(60), on(62), on(62, velocity=0)):
        way.pass_on("keys", message)
    way.pass_on("pads", on(70))
    sent.clear()
    way.lost("keys")
    way.lost("keys")
    assert sent == [("synth", off(61, channel=3))]
    way.close()
    assert sent[1:] == [("synth", off(70))]


@given(st.lists(st.tuples(st.booleans(), st.integers(58, 62), st.integers(0, 1)), max_size=40))
def test_no_note_is_left_sounding_whatever_was_played(steps):
    way, sent = thru(keys=("synth",))
    for is_on, note, channel in steps:
        way.pass_on("keys", on(note, channel=channel) if is_on else off(note, channel))
    way.close()
    sounding = set()
    for _, message in sent:
        place = (message.channel, message.note)
        (sounding.add if message.type == "note_on" else sounding.discard)(place)
    assert sounding == set()


def test_a_pedal_that_a_lost_port_held_is_let_go():
    way, sent = thru(keys=("synth",))
    for control, value in ((64, 127), (66, 90), (64, 0), (1, 100)):
        way.pass_on("keys", mido.Message("control_change", control=control, value=value, channel=2))
    sent.clear()
    way.lost("keys")
    way.lost("keys")
    assert sent == [("synth", mido.Message("control_change", control=66, value=0, channel=2))]


def test_a_port_goes_while_another_plays():
    way, sent = thru(keys=("synth",), pads=("synth",))
    way.pass_on("keys", on(60))

    class Noting(set):
        """Notes that come while somebody looks at them are those of another thread."""

        def __iter__(self):
            assert way._lock.locked()
            return super().__iter__()

    way._sounding = Noting(way._sounding)
    sent.clear()
    way.lost("keys")
    assert sent == [("synth", off(60))]
