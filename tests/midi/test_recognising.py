"""What was touched, from the messages that came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.config.controls import Control
from midifrag.midi.encoders import ENCODERS
from midifrag.midi.messages import Aftertouch, ControlChange, NoteOff, NoteOn, PitchBend, ProgramChange, Tick
from midifrag.midi.recognising import MOST_CLICKS, recognise, relative_coding, sources_of


def ccs(*pairs, channel=1):
    return [ControlChange("pads", channel, cc, value, 0.0) for cc, value in pairs]


def knob(cc, values):
    return ccs(*((cc, value) for value in values))


@pytest.mark.parametrize(
    ("values", "coding"),
    [
        ([1, 1, 2, 1, 127, 127, 126], "twos"),
        ([127, 127, 127, 1, 1], "twos"),
        ([1, 1, 2, 1, 65, 65, 66], "signed"),
        ([65, 65, 66, 65, 63, 63, 62], "offset"),
        ([1, 1, 1, 1], "unsure"),
        ([65, 65, 65, 65], "unsure"),
        ([1, 2, 3, 4, 5, 6], None),
        ([62, 63, 64, 65, 66, 67], None),
        ([62, 63, 65, 66, 67], None),
        ([120, 121, 123, 127], None),
        ([127, 0, 127, 0, 127, 0], None),
        ([127] * 8, "unsure"),
        ([127] * 8 + [1], "twos"),
        ([1, 127], None),
        ([64, 70, 90, 110, 127, 100, 60, 20, 3], None),
    ],
)
def test_an_encoder_is_told_by_a_few_turns_and_a_knob_is_none(values, coding):
    assert relative_coding(values) == coding


def test_a_mackie_control_is_told_by_what_it_is():
    assert relative_coding([1, 1, 65, 65], "mackie") == "mackie"
    assert relative_coding([1, 1, 127, 127], "mackie") == "twos"


def encoded(coding, clicks):
    return next(byte for byte in range(128) if ENCODERS[coding](byte) == clicks)


@given(
    st.sampled_from(["twos", "signed", "offset"]),
    st.lists(st.integers(1, MOST_CLICKS), min_size=2, max_size=20),
    st.lists(st.integers(-MOST_CLICKS, -1), min_size=2, max_size=20),
)
def test_every_coding_is_found_when_it_was_turned_both_ways_and_back(coding, up, down):
    steady = [up[0]] * len(up) + up + down + [down[0]] * len(down)
    assert relative_coding([encoded(coding, clicks) for clicks in steady]) == coding


@given(st.integers(0, 127), st.lists(st.integers(-12, 12).filter(bool), max_size=60))
def test_no_knob_that_goes_from_value_to_value_is_an_encoder(start, steps):
    values = [start]
    for step in steps:
        values.append(min(127, max(0, values[-1] + step)))
        if values[-1] == values[-2]:
            values.pop()
    assert relative_coding(values) is None


@pytest.mark.parametrize(
    ("events", "keys"),
    [
        (knob(21, [3, 5, 8, 9]), {"cc": 21, "channel": 1}),
        (knob(16, [1, 1, 1, 127, 127]), {"cc": 16, "relative": "twos", "channel": 1}),
        (ccs((2, 10), (34, 5), (2, 10), (34, 70), (2, 11), (34, 3)), {"cc": 2, "bits": 14, "channel": 1}),
        (ccs((34, 5), (2, 10), (34, 70), (2, 10), (34, 99)), {"cc": 2, "bits": 14, "channel": 1}),
        (ccs((99, 2), (98, 44), (6, 5), (38, 9), (6, 6), (38, 1)), {"nrpn": 300, "channel": 1}),
        (ccs((98, 44), (99, 2), (96, 1), (96, 1)), {"nrpn": 300, "relative": "twos", "channel": 1}),
        (ccs((99, 2), (98, 44), (6, 1), (38, 0), (6, 1), (38, 0), (6, 127), (38, 0)),
         {"nrpn": 300, "relative": "twos", "channel": 1}),
        (ccs((99, 2), (99, 5), (99, 9)), {"cc": 99, "channel": 1}),
        (ccs((99, 127), (98, 127), (6, 9), (6, 8), (6, 7)), {"cc": 6, "channel": 1}),
        ([PitchBend("pads", 3, 100, 0.0)], {"pitch_bend": True, "channel": 3}),
        ([Aftertouch("pads", 3, 100, 0.0)], {"aftertouch": "channel", "channel": 3}),
        ([NoteOn("pads", 10, 36, 90, 0.0), Aftertouch("pads", 10, 5, 0.0)], {"note": 36, "channel": 10}),
        ([NoteOn("pads", 1, 104, 127, 0.0), PitchBend("pads", 1, 9, 0.0)], {"pitch_bend": True, "channel": 1}),
        ([*ccs((0, 1), (32, 0)), ProgramChange("pads", 1, 4, 0.0)], {"program": 4, "channel": 1}),
    ],
)  # fmt: skip
def test_what_was_touched_is_written_as_a_set_says_it(events, keys):
    found = recognise(events)
    assert found.keys == keys
    if not {"note", "program"} & set(keys):
        Control.model_validate({"sets": "steps", "range": [1, 9], **keys})


def test_a_button_is_no_knob():
    assert recognise(knob(20, [127, 0])).is_button
    assert not recognise(knob(20, [1, 5, 9])).is_button
    assert recognise(knob(20, [127, 0])).words == "cc 20, channel 1, a button"


def test_a_pedal_that_rises_can_act_and_an_encoder_cannot():
    assert recognise(knob(64, [20, 60, 110, 127])).acts
    assert recognise(knob(20, [127, 0])).acts
    assert not recognise(knob(16, [1, 1, 1, 127, 127])).acts
    assert not recognise(ccs((2, 10), (34, 5), (2, 10), (34, 70))).acts


def test_a_double_press_is_told_and_two_notes_or_a_roll_are_none():
    twice = recognise([NoteOn("pads", 1, 36, 90, 0.0), NoteOff("pads", 1, 36, 0.1), NoteOn("pads", 1, 36, 90, 0.2)])
    assert (twice.is_double, twice.press) == (True, {"press": "double"})
    assert twice.words == "note 36 (C1), pressed twice, channel 1"
    for notes in ([36], [36, 37], [36, 36, 36]):
        assert recognise([NoteOn("pads", 1, note, 90, 0.0) for note in notes]).press == {}


def test_a_parameter_that_was_turned_one_way_asks_for_the_other_too():
    assert recognise(ccs((99, 2), (98, 44), (6, 1), (6, 1), (6, 1))) == "unsure"


def test_what_is_let_go_is_not_touched():
    assert recognise(knob(64, [0])) is None
    assert recognise(ccs((123, 0), (120, 127))) is None


def test_an_encoder_turned_one_way_asks_for_the_other():
    assert recognise(knob(20, [1, 1, 1, 1])) == "unsure"


def test_what_maps_to_nothing_is_nothing():
    assert recognise([]) is None
    assert recognise([NoteOff("pads", 1, 36, 0.0), Tick("pads", 0.0)]) is None


def test_one_knob_is_one_source_whatever_it_says_and_each_parameter_is_another():
    assert sources_of(knob(74, [3, 4])) == sources_of(knob(74, [9]))
    assert sources_of(knob(74, [3])) != sources_of(knob(75, [3]))
    assert sources_of(ccs((99, 2), (98, 44))) != sources_of(ccs((99, 2), (98, 45)))
    turned = [PitchBend("pads", 1, 0.5, 0.0)]
    assert sources_of(turned) != sources_of(knob(74, [3]))
