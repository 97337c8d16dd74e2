import mido
import pytest

from midifrag.config.controls import Control
from midifrag.intents import MoveControl, TurnControl
from midifrag.midi.decoding import MessageDecoder
from midifrag.midi.messages import Aftertouch, ControlChange, NoteOff, NoteOn, Nrpn, PitchBend
from midifrag.midi.moves import is_moved_by, moves, nrpns_of
from midifrag.pad_key import PadKey

EVENTS = {
    "cc": ControlChange("p", 1, 21, 64, 0.0),
    "nrpn": Nrpn("p", 1, 300, 64, 0.0),
    "bend": PitchBend("p", 1, 0, 0.0),
    "channel": Aftertouch("p", 1, 64, 0.0),
    "poly": Aftertouch("p", 1, 64, 0.0, note=36),
    "on": NoteOn("p", 1, 36, 64, 0.0),
    "off": NoteOff("p", 1, 36, 0.0, 64),
}


def control(**keys):
    return Control.model_validate({"sets": "cfg_scale", "range": [0, 10], **keys})


@pytest.mark.parametrize(
    ("keys", "moving"),
    [
        ({"cc": 21}, {"cc"}),
        ({"cc": 22}, set()),
        ({"nrpn": 300}, {"nrpn"}),
        ({"nrpn": 21}, set()),
        ({"pitch_bend": True}, {"bend"}),
        ({"aftertouch": True}, {"channel", "poly"}),
        ({"aftertouch": "channel"}, {"channel"}),
        ({"aftertouch": "poly"}, {"poly"}),
        ({"aftertouch": "poly", "note": 36}, {"poly"}),
        ({"aftertouch": "poly", "note": 37}, set()),
        ({"aftertouch": True, "note": 36}, {"poly"}),
        ({"velocity": True}, {"on"}),
        ({"velocity": True, "note": 37}, set()),
        ({"release_velocity": True}, {"off"}),
        ({"release_velocity": True, "note": 36}, {"off"}),
        ({"cc": 21, "channel": 2}, set()),
        ({"cc": 21, "port": "q"}, set()),
    ],
)
def test_a_control_is_moved_by_what_it_names(keys, moving):
    assert {name for name, event in EVENTS.items() if is_moved_by(control(**keys), event)} == moving


@pytest.mark.parametrize("name", ["cc", "nrpn", "channel", "poly", "on", "off"])
def test_every_message_of_seven_bits_is_the_same_way(name):
    source = {
        "cc": {"cc": 21},
        "nrpn": {"nrpn": 300},
        "channel": {"aftertouch": True},
        "poly": {"aftertouch": True},
        "on": {"velocity": True},
        "off": {"release_velocity": True},
    }
    (moved,) = moves([control(**source[name])], EVENTS[name], PadKey(36))
    assert isinstance(moved, MoveControl)
    assert (moved.position, moved.pad) == (64 / 127, PadKey(36))


def test_a_parameter_of_fourteen_bits_is_finer_and_one_that_nobody_knows_moves_nothing():
    one = control(nrpn=300)
    (moved,) = moves([one], Nrpn("p", 1, 300, 127, 0.0, fine=127))
    assert moved.position == 1.0
    assert moves([one], Nrpn("p", 1, 300, None, 0.0, step=1)) == ()


def test_an_encoder_is_turned_by_its_clicks():
    one = control(cc=21, relative="twos")
    assert moves([one], ControlChange("p", 1, 21, 127, 0.0)) == (TurnControl(one.id, -1),)
    assert moves([one], ControlChange("p", 1, 21, 0, 0.0)) == ()


def test_an_encoder_of_a_parameter_counts_steps_and_coded_bytes():
    one = control(nrpn=300, relative="offset")
    assert moves([one], Nrpn("p", 1, 300, None, 0.0, step=-1)) == (TurnControl(one.id, -1),)
    assert moves([one], Nrpn("p", 1, 300, 66, 0.0)) == (TurnControl(one.id, 2),)


def test_the_mapped_parameters_are_told_to_decoders():
    controls = [control(nrpn=300, port="p"), control(nrpn=5, channel=2), control(cc=3)]
    assert list(nrpns_of(controls)) == [("p", None, 300), (None, 2, 5)]


@pytest.mark.parametrize(
    ("coding", "sent", "clicks"),
    [
        ("twos", [(6, 1), (38, 0)], 1),
        ("twos", [(6, 127), (38, 127)], -1),
        ("twos", [(6, 0), (38, 1)], 1),
        ("twos", [(6, 3), (38, 3)], 3),
        ("signed", [(6, 65), (38, 0)], -1),
        ("offset", [(6, 66), (38, 66)], 2),
        ("twos", [(38, 0), (6, 1)], 1),
        ("twos", [(6, 1)], 1),
    ],
)
def test_a_turn_of_a_parameter_whose_halves_both_come_counts_once(coding, sent, clicks):
    decoder = MessageDecoder("p")
    decoder.pair([], [(None, None, 300)])
    one, turned = control(nrpn=300, relative=coding), []
    for turn in range(2):
        for number, (cc, value) in enumerate([(99, 2), (98, 44), *sent]):
            message = mido.Message("control_change", control=cc, value=value)
            event = decoder.decode(message, turn + number / 1000)
            turned += [] if event is None else [move.clicks for move in moves([one], event)]
    assert sum(turned) == 2 * clicks
