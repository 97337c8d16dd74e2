import pytest

from midifrag.config.controls import Control
from midifrag.config.settings import Settings
from midifrag.events import BankChanged, ControlChanged, Notice, PortChanged, TimeChanged
from midifrag.midi.messages import Aftertouch, ControlChange, NoteOff, NoteOn, Nrpn, PitchBend
from midifrag.show.fed_back import MOST_AT_ONCE, REST, FedBack, Standing
from midifrag.states import NoticeLevel
from midifrag.timeline import Timeline

KNOB = {"cc": 21}
FADER = {"pitch_bend": True, "channel": 1}


class Desk:
    """Controllers that write down what they are shown."""

    def __init__(self, *controls, **ports):
        ports = ports or {"p": {"in": "x", "out": "x"}}
        self.settings = Settings.model_validate({"ports": ports})
        self.standing = [
            Standing(Control.model_validate({"sets": "cfg_scale", "range": [0, 10], **keys}), 0.5) for keys in controls
        ]
        self.sent, self.as_leds = [], []
        self.fed_back = FedBack(self.settings, self._send, lambda _port: self.standing)

    def _send(self, port, messages, led):
        self.sent += [(port, message.bytes()) for message in messages]
        self.as_leds.append(led)

    def open(self, *ports):
        for port in ports or self.settings.ports:
            self.fed_back.handle(PortChanged(port, "out", "open", ""))

    def stand(self, position, index=0):
        self.standing[index] = self.standing[index]._replace(position=position)

    def shown(self, now):
        self.sent.clear()
        self.fed_back.look(now)
        return [bytes_ for _, bytes_ in self.sent]


def cc(value, time, number=21, channel=1, port="p", fine=None):
    return ControlChange(port, channel, number, value, time, fine)


def test_a_port_that_comes_is_shown_where_values_stand_once():
    desk = Desk(KNOB)
    assert desk.shown(1.0) == []
    desk.open()
    assert desk.shown(1.0) == [[0xB0, 21, 64]]
    assert desk.shown(2.0) == []
    desk.fed_back.handle(PortChanged("p", "out", "lost", ""))
    assert desk.shown(3.0) == []
    desk.open()
    assert desk.shown(4.0) == [[0xB0, 21, 64]]


def test_a_value_that_something_else_changed_is_shown():
    desk = Desk(KNOB)
    desk.open()
    desk.fed_back.look(1.0)
    desk.stand(1.0)
    assert desk.shown(2.0) == [[0xB0, 21, 127]]


def test_a_hand_is_never_fought_and_left_alone_where_it_stands_right():
    desk = Desk(FADER)
    desk.open()
    desk.fed_back.look(1.0)
    desk.fed_back.hear(PitchBend("p", 1, 8191, 2.0))
    # The value does not follow: it waits to be picked up, or another hand sets it.
    assert desk.shown(2.0) == []
    assert desk.shown(2.0 + REST / 2) == []
    desk.fed_back.hear(PitchBend("p", 1, 8000, 2.4))
    assert desk.shown(2.0 + REST) == []
    assert desk.shown(2.4 + REST) == [[0xE0, 0, 64]]
    # Where the value has followed, there is nothing to send.
    desk.fed_back.hear(PitchBend("p", 1, 8191, 4.0))
    desk.stand(1.0)
    assert desk.shown(9.0) == []


def test_a_fader_that_is_touched_is_not_moved_until_it_is_let_go():
    desk = Desk(FADER, p={"in": "x", "out": "x", "surface": "mackie"})
    desk.open()
    desk.fed_back.look(1.0)
    desk.fed_back.hear(NoteOn("p", 1, 104, 127, 2.0))
    desk.stand(1.0)
    assert desk.shown(60.0) == []
    desk.fed_back.hear(NoteOff("p", 1, 104, 61.0))
    assert desk.shown(61.0 + REST) == [[0xE0, 127, 127]]


def test_an_encoder_is_shown_its_value_while_it_is_turned():
    desk = Desk({**KNOB, "relative": "twos"})
    desk.open()
    desk.fed_back.look(1.0)
    desk.fed_back.hear(cc(1, 2.0))
    desk.stand(0.75)
    assert desk.shown(2.0) == [[0xB0, 21, 95]]


def test_all_halves_of_a_hand_count():
    desk = Desk({**KNOB, "bits": 14}, {"nrpn": 300})
    desk.open()
    desk.fed_back.look(1.0)
    desk.fed_back.hear(cc(64, 2.0, fine=0))
    desk.fed_back.hear(Nrpn("p", 1, 300, 64, 2.0, fine=0))
    assert desk.shown(9.0) == []
    desk.fed_back.hear(cc(64, 10.0, fine=1))
    desk.fed_back.hear(Nrpn("p", 1, 300, None, 10.0, step=1))
    desk.fed_back.hear(Aftertouch("p", 1, 3, 10.0))
    assert desk.shown(20.0) == [[0xB0, 21, 64], [0xB0, 53, 0]]


def test_messages_of_a_parameter_stay_together():
    desk = Desk({"nrpn": 300}, KNOB)
    desk.open()
    desk.fed_back.look(1.0)
    assert desk.as_leds == [False, True]


def test_each_port_that_has_the_control_is_shown_it_on_the_channel_where_it_was_heard():
    ports = {
        "p": {"in": "x", "out": "x"},
        "q": {"in": "y", "out": "y", "channel": 5},
        "deaf": {"in": "z", "out": "z", "surface": "none"},
    }
    desk = Desk(KNOB, {"cc": 22, "port": "q", "channel": 7}, **ports)
    desk.open()
    desk.fed_back.hear(cc(1, 0.0, channel=3))
    desk.fed_back.look(9.0)
    assert desk.sent == [("p", [0xB2, 21, 64]), ("q", [0xB4, 21, 64]), ("q", [0xB6, 22, 64])]


def test_of_several_controls_on_one_source_the_first_is_shown_and_some_are_shown_nothing():
    desk = Desk(KNOB, KNOB, {"aftertouch": True}, {"velocity": True}, {"cc": 3, "feedback": False}, {"cc": 4})
    desk.stand(0.0, 1)
    desk.stand(None, 5)
    desk.open()
    assert desk.shown(1.0) == [[0xB0, 21, 64]]


@pytest.mark.parametrize(
    ("change", "is_stale"),
    [
        (ControlChanged("steps", 3), True),
        (TimeChanged(Timeline(120, 0.0)), True),
        (BankChanged("one", "One", 0, ()), True),
        (PortChanged("p", "in", "open", ""), True),
        (Notice(NoticeLevel.INFO, "hello"), False),
    ],
)
def test_what_may_have_moved_a_value_is_looked_at(change, is_stale):
    desk = Desk(KNOB)
    desk.fed_back.handle(change)
    assert desk.fed_back.is_stale is is_stale
    desk.fed_back.look(1.0)
    assert not desk.fed_back.is_stale


def test_many_values_go_out_one_batch_after_the_other():
    desk = Desk(*({"nrpn": number} for number in range(MOST_AT_ONCE)))
    desk.open()
    first = desk.shown(1.0)
    assert len(first) <= MOST_AT_ONCE
    assert desk.fed_back.is_stale
    rest = [bytes_ for _ in range(8) for bytes_ in desk.shown(1.0)]
    assert len(first) + len(rest) == 4 * MOST_AT_ONCE
    assert not desk.fed_back.is_stale


def test_a_fader_that_was_touched_when_its_port_went_moves_again():
    desk = Desk(FADER, p={"in": "x", "out": "x", "surface": "mackie"})
    desk.open()
    desk.shown(1.0)
    desk.fed_back.hear(NoteOn("p", 1, 104, 127, 2.0))
    desk.stand(0.25)
    assert desk.shown(9.0) == []
    for direction in ("in", "out"):
        desk.fed_back.handle(PortChanged("p", direction, "lost", ""))
    desk.open()
    assert len(desk.shown(10.0)) == 1
