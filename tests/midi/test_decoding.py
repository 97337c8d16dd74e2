import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.midi.decoding import MessageDecoder
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    NoteOff,
    NoteOn,
    Nrpn,
    PitchBend,
    ProgramChange,
    Tick,
    TransportChange,
)


def message(kind, **values):
    return mido.Message(kind, **values)


@pytest.mark.parametrize(
    ("data", "event"),
    [
        ([0x90, 36, 100], NoteOn("p", 1, 36, 100, 2.0)),
        ([0x9F, 36, 0], NoteOff("p", 16, 36, 2.0)),
        ([0x81, 36, 64], NoteOff("p", 2, 36, 2.0)),
        ([0x81, 36, 9], NoteOff("p", 2, 36, 2.0, velocity=9)),
        ([0xB2, 21, 127], ControlChange("p", 3, 21, 127, 2.0)),
        ([0xC0, 0], ProgramChange("p", 1, 1, 2.0)),
        ([0xCF, 127], ProgramChange("p", 16, 128, 2.0)),
        ([0xE0, 0, 64], PitchBend("p", 1, 0, 2.0)),
        ([0xE0, 127, 127], PitchBend("p", 1, 8191, 2.0)),
        ([0xD3, 9], Aftertouch("p", 4, 9, 2.0)),
        ([0xA3, 60, 9], Aftertouch("p", 4, 9, 2.0, note=60)),
        ([0xFA], TransportChange("p", "start", 2.0)),
        ([0xFB], TransportChange("p", "continue", 2.0)),
        ([0xFC], TransportChange("p", "stop", 2.0)),
        ([0xF2, 16, 1], TransportChange("p", "position", 2.0, sixteenths=144)),
        ([0xF8], Tick("p", 2.0)),
    ],
)
def test_each_kind(data, event):
    decoder = MessageDecoder("p")
    assert decoder.decode(decoder.parse(data), 2.0) == event


@given(st.lists(st.integers(-1, 300), max_size=12))
def test_any_bytes_are_an_event_or_counted(data):
    decoder = MessageDecoder("p")
    parsed = decoder.parse(data)
    event = None if parsed is None else decoder.decode(parsed, 0.0)
    assert (event is not None) + decoder.malformed + decoder.ignored == 1


@pytest.mark.parametrize("data", [[0xF0, 1, 2, 0xF7], [0xFE], [0xFF], [0xF1, 3], [0xF3, 1], [0xF6]])
def test_what_nobody_needs_is_ignored_and_counted(data):
    decoder = MessageDecoder("p")
    for ignored in (1, 2):
        assert decoder.decode(decoder.parse(data), 0.0) is None
        assert (decoder.ignored, decoder.malformed) == (ignored, 0)


def test_malformed_bytes_do_not_disturb_what_follows():
    decoder = MessageDecoder("p")
    for data in ([], [0x90], [36, 100], [0x90, 36, 200], [0x90, 36, 100, 5], [0xF0, 1, 2]):
        assert decoder.parse(data) is None
    assert decoder.malformed == 6
    assert decoder.decode(decoder.parse([0x90, 36, 1]), 0.0) == NoteOn("p", 1, 36, 1, 0.0)


def test_one_channel_only_lets_clock_and_its_own_through():
    decoder = MessageDecoder("p", channel=10)
    assert decoder.decode(message("note_on", channel=0, note=1), 0.0) is None
    assert decoder.decode(message("note_on", channel=9, note=1, velocity=1), 0.0) is not None
    assert decoder.decode(message("clock"), 0.0) == Tick("p", 0.0)


@given(coarse=st.integers(0, 127), fine=st.integers(0, 127), cc=st.integers(0, 31), channel=st.integers(1, 16))
def test_a_configured_pair_is_one_control(coarse, fine, cc, channel):
    decoder = MessageDecoder("p", pairs=[(None, None, cc)])
    decoder.decode(message("control_change", channel=channel - 1, control=cc, value=coarse), 0.0)
    event = decoder.decode(message("control_change", channel=channel - 1, control=cc + 32, value=fine), 0.0)
    assert event == ControlChange("p", channel, cc, coarse, 0.0, fine=fine)


def test_only_configured_pairs_are_joined():
    decoder = MessageDecoder("p", pairs=[("p", 2, 21), ("other", None, 20)])
    for channel, cc in ((1, 53), (2, 52)):
        event = decoder.decode(message("control_change", channel=channel - 1, control=cc, value=5), 0.0)
        assert event == ControlChange("p", channel, cc, 5, 0.0)
    decoder.decode(message("control_change", channel=1, control=21, value=5), 0.0)
    assert decoder.decode(message("control_change", channel=1, control=53, value=5), 0.0).cc == 21


def bank_select(decoder, channel=0, **halves):
    for half, value in halves.items():
        control = {"coarse": 0, "fine": 32}[half]
        decoder.decode(message("control_change", channel=channel, control=control, value=value), 0.0)


def bank_of(decoder, channel=0):
    return decoder.decode(message("program_change", program=4, channel=channel), 0.0).bank


def test_bank_select_is_kept_for_program_changes_of_its_channel():
    decoder = MessageDecoder("p")
    bank_select(decoder, coarse=1)
    bank_select(decoder, fine=2)
    assert bank_of(decoder) == 130
    assert bank_of(decoder, channel=1) is None
    bank_select(decoder, coarse=3)
    assert bank_of(decoder) == 386
    bank_select(decoder, fine=5)
    assert bank_of(decoder) == 389


@pytest.mark.parametrize(("half", "bank"), [({"coarse": 1}, 128), ({"fine": 7}, 7)])
def test_half_a_bank_select_is_one_too(half, bank):
    decoder = MessageDecoder("p")
    bank_select(decoder, coarse=9, channel=3)
    bank_select(decoder, fine=9, channel=3)
    bank_select(decoder, **half)
    assert bank_of(decoder) == bank


def mover(decoder):
    """Moves a CC, at a time, and gives coarse and fine of what comes of it."""

    def move(cc, value, time=0.0, channel=2):
        event = decoder.decode(message("control_change", channel=channel - 1, control=cc, value=value), time)
        return event.cc, event.value, event.fine

    return move


def test_the_coarse_byte_counts_at_once_and_for_its_own_channel():
    move = mover(MessageDecoder("p", pairs=[("p", 2, 21)]))
    assert move(21, 9) == (21, 9, None)
    assert move(21, 7, channel=1) == (21, 7, None)
    assert move(53, 5) == (21, 9, 5)


def test_a_fine_byte_whose_coarse_one_never_came_is_no_position():
    move = mover(MessageDecoder("p", pairs=[(None, None, 21)]))
    assert move(53, 4) == (53, 4, None)
    assert move(21, 9, channel=1) == (21, 9, None)
    assert move(53, 5, time=1.0) == (53, 5, None)


def test_a_fine_byte_that_comes_first_belongs_to_the_coarse_one_behind_it():
    move = mover(MessageDecoder("p", pairs=[(None, None, 21)]))
    moved = []
    for step, position in enumerate((1000, 1001, 1030, 1280, 1279, 0, 16383)):
        move(53, position % 128, step * 0.005)
        _, coarse, fine = move(21, position // 128, step * 0.005 + 0.001)
        moved.append(coarse * 128 + fine)
    assert moved == [1000, 1001, 1030, 1280, 1279, 0, 16383]


def test_a_sender_that_begins_with_the_fine_byte_is_understood_from_its_middle_on():
    move = mover(MessageDecoder("p", pairs=[(None, None, 21)]))
    move(21, 7)
    for step in (1, 2):
        move(53, step, step * 0.005)
        assert move(21, 8, step * 0.005 + 0.001) == (21, 8, step)


@pytest.mark.parametrize("pace", [0.0, 0.001, 0.005, 1.0])
def test_a_coarse_byte_after_a_whole_pair_does_not_keep_the_old_fine_one(pace):
    move = mover(MessageDecoder("p", pairs=[(None, None, 21)]))
    for step in range(5):
        assert move(21, step, step * 2 * pace) == (21, step, None)
        assert move(53, 100, (step * 2 + 1) * pace) == (21, step, 100)
    assert move(53, 101, 9.5 * pace + 1) == (21, 4, 101)
    assert move(21, 5, 9.5 * pace + 2) == (21, 5, None)


def test_the_coarse_byte_is_the_last_one_that_came_whatever_the_bank_made_of_it():
    decoder = MessageDecoder("p", pairs=[(None, None, 21)])
    move = mover(decoder)
    assert move(21, 100) == (21, 100, None)
    decoder.pair([])
    assert move(21, 5, 1.0) == (21, 5, None)
    assert move(53, 9, 1.0) == (53, 9, None)
    decoder.pair([(None, None, 21)])
    assert move(53, 7, 2.0) == (21, 5, 7)


# --- non-registered parameters ---------------------------------------------------------------------------------------


def parameters(channel=None, port=None):
    decoder = MessageDecoder("p")
    decoder.pair([], [(port, channel, 300)])
    return decoder


def feed(decoder, *pairs, channel=0, at=1.0):
    """What the CCs mean, each a millisecond after the one before."""
    times = [at + step / 1000 for step in range(len(pairs))]
    messages = [mido.Message("control_change", channel=channel, control=cc, value=value) for cc, value in pairs]
    return [decoder.decode(one, time) for one, time in zip(messages, times, strict=True)]


SELECT = [(99, 2), (98, 44)]


def test_a_parameter_is_selected_and_stands_at_a_value():
    decoder = parameters()
    *selecting, coarse, fine = feed(decoder, *SELECT, (6, 64), (38, 5))
    assert selecting == [None, None]
    assert (coarse, fine) == (Nrpn("p", 1, 300, 64, 1.002), Nrpn("p", 1, 300, 64, 1.003, fine=5, completes=True))
    # It stays selected.
    assert feed(decoder, (6, 65), at=2.0) == [Nrpn("p", 1, 300, 65, 2.0)]


def test_the_fine_half_of_a_parameter_may_come_first_and_its_number_in_either_order():
    decoder = parameters()
    assert feed(decoder, (98, 44), (99, 2), (38, 5), (6, 64))[2:] == [None, Nrpn("p", 1, 300, 64, 1.003, fine=5)]


def test_a_parameter_is_moved_by_one():
    decoder = parameters()
    assert feed(decoder, *SELECT, (96, 127))[2] == Nrpn("p", 1, 300, None, 1.002, step=1)
    feed(decoder, (6, 1), (38, 0), at=2.0)
    up, down, lower = feed(decoder, (96, 0), (97, 0), (97, 0), at=3.0)
    assert (up.value, up.fine, up.step) == (1, 1, 1)
    assert (down.value, down.fine, down.step) == (1, 0, -1)
    assert (lower.value, lower.fine) == (0, 127)


@pytest.mark.parametrize("other", [(101, 0), (100, 0)])
def test_a_registered_parameter_or_none_ends_what_was_selected(other):
    for ended in ([*SELECT, other], [*SELECT, (99, 127), (98, 127)]):
        decoder = parameters()
        assert feed(decoder, *ended, (6, 12))[-1].cc == 6


def test_parameters_of_channels_lie_apart_and_only_mapped_channels_have_them():
    decoder = parameters(channel=3)
    assert [event.cc for event in feed(decoder, *SELECT, (6, 64))] == [99, 98, 6]
    assert feed(decoder, *SELECT, channel=2) == [None, None]
    assert feed(decoder, (6, 64), channel=2, at=2.0) == [Nrpn("p", 3, 300, 64, 2.0)]
    elsewhere = parameters(port="other")
    assert [event.cc for event in feed(elsewhere, *SELECT, (6, 64))] == [99, 98, 6]


def test_data_without_a_selected_parameter_is_a_cc():
    assert [event.cc for event in feed(parameters(), (6, 1), (38, 1), (96, 1), (97, 1))] == [6, 38, 96, 97]
    # Half a number is none.
    assert feed(parameters(), (99, 2), (6, 1))[-1].cc == 6


@given(st.lists(st.tuples(st.integers(0, 127), st.integers(0, 127)), max_size=60))
def test_any_ccs_keep_values_within_their_limits(pairs):
    decoder = parameters()
    decoder.pair([(None, None, 6), (None, None, 1)], [(None, None, 300)])
    for event in feed(decoder, *pairs):
        assert event is None or event.value is None or 0 <= event.value <= 127
        assert event is None or event.fine is None or 0 <= event.fine <= 127
