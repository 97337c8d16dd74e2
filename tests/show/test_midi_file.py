"""Files as other programs write them; each was refused, or played wrong, by a stricter reading."""

import io
from fractions import Fraction

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.errors import ClipError
from midifrag.show.midi_file import read_midi_file

END = b"\x00\xff\x2f\x00"
#: A note after 96 ticks, let go by running status 96 later.
NOTES = b"\x60\x90\x24\x64\x60\x24\x00"


def chunk(name, content):
    return name + len(content).to_bytes(4) + content


def header(kind=0, tracks=1, division=96, more=b""):
    return chunk(b"MThd", kind.to_bytes(2) + tracks.to_bytes(2) + division.to_bytes(2) + more)


def track(content=NOTES, end=END):
    return chunk(b"MTrk", content + end)


def played(data):
    """What is played of a file: ticks, kinds and notes; tempos as numbers."""
    file = read_midi_file(data)
    events = [event for one in file.tracks for event in one.events]
    return [(tick, what if isinstance(what, int) else (what.type, what.note)) for tick, what in events], file.notes


PLAYED = [(96, ("note_on", 36)), (192, ("note_on", 36))]


@pytest.mark.parametrize(
    "data",
    [
        header() + track(),
        header(more=b"later versions") + track(),
        header(kind=1, tracks=2) + track(b"") + track(),
        header() + track(end=b""),
        header() + track(b"\x00\xff\x58\x02\x04\x02" + NOTES),
        header() + track(b"\x00\xff\x59\x00\x00\xff\x54\x01\x09" + NOTES),
        header() + track(b"\x00\xff\x51\x01\x07\x00\xff\x51\x03\x00\x00\x00" + NOTES),
        header() + track(b"\x00\xf0\x05\x7e\x7f\x09\x01\xf7\x00\xf7\x02\x01\x02" + NOTES),
        header() + track(b"\x00\xf2\x01\x02\x00\xf6" + NOTES),
        header() + track(NOTES[:4] + b"\x00\xff\x01\x02hi" + NOTES[4:]),
        b"RIFF" + (len(track()) + 34).to_bytes(4, "little") + b"RMIDdata"
        + (len(header() + track())).to_bytes(4, "little") + header() + track() + b"DISP\x00\x00\x00\x00",
        header() + track() + b"\x00\x00",
    ],
)  # fmt: skip
def test_what_is_common_is_played_without_a_word(data):
    assert played(data) == (PLAYED, [])


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (header() + chunk(b"XFIH", b"yamaha") + track(), "a part called 'XFIH' means nothing here, and is left out"),
        ((header() + track())[:-1], "track 1 ends 1 bytes early; what is there is played"),
        ((header() + track())[:-4], "track 1 ends 4 bytes early; what is there is played"),
        (b"\x00" * 128 + header() + track(), "128 bytes before its header are left out"),
        (header(kind=1, tracks=3) + track(), "says that it has 3 tracks, and has 1"),
        (header() + track(end=b"\x00\x90\x24"), "track 1 ends in the middle of an event; what is before it is played"),
    ],
)
def test_what_is_odd_is_played_as_far_as_it_goes_and_said(data, note):
    assert played(data) == (PLAYED, [note])


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("byte", [0xF8, 0xFA, 0xFE])
def test_a_real_time_byte_anywhere_is_left_out(at, byte):
    content = NOTES[:at] + bytes([byte]) + NOTES[at:]
    if at in (0, 4):
        # In front of a time it is only told from one as an event.
        content = NOTES[:at] + b"\x00" + bytes([byte]) + NOTES[at:]
    events, (note,) = played(header() + track(content))
    assert events == PLAYED
    assert note == "track 1 holds real-time bytes (1), which mean nothing in a file; left out"


def test_a_clock_that_was_recorded_keeps_the_times_between_it():
    content = b"".join(b"\x04\xf8" for _ in range(24)) + b"\x00" + NOTES[1:]
    events, _ = played(header() + track(content))
    assert events == PLAYED


@pytest.mark.parametrize(
    ("division", "seconds"),
    [
        (0xE728, Fraction(1, 1000)),
        (0xE850, Fraction(1, 1920)),
        (0xE304, Fraction(1001, 120000)),
        (0xE20A, Fraction(1, 300)),
    ],
)
def test_smpte_time(division, seconds):
    file = read_midi_file(header(division=division) + track())
    assert (file.seconds_a_tick, file.ticks_a_quarter) == (seconds, 0)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no MIDI file"),
        (b"ID3 this is music", "no MIDI file"),
        (b"MThd", "no MIDI file"),
        (header()[:12], "ends in its header"),
        (header(), "ends before its first track"),
        (header(division=0) + track(), "has no ticks"),
        (header(division=0xE700) + track(), "has no ticks"),
    ],
)
def test_what_cannot_be_played_is_said_in_our_words(data, words):
    with pytest.raises(ClipError, match=words):
        read_midi_file(data)


def test_a_track_that_begins_with_no_message_is_said():
    events, notes = played(header(kind=1, tracks=2) + track(b"\x00\x24\x64") + track())
    assert events == PLAYED
    assert notes == ["track 1 is damaged from its beginning"]


def test_data_above_127_counts_as_127():
    file = read_midi_file(header() + track(b"\x00\x90\x24\xc8"))
    assert file.tracks[0].events[0].what == mido.Message("note_on", note=36, velocity=127)


@given(data=st.binary(max_size=200), whole=st.booleans())
def test_any_bytes_are_a_file_or_an_error(data, whole):
    data = header() + chunk(b"MTrk", data) if whole else data
    if whole:
        assert len(read_midi_file(data).tracks) == 1
    else:
        with pytest.raises(ClipError, match=r"^is "):
            read_midi_file(data)


@given(st.lists(st.tuples(st.integers(0, 2_000_000), st.integers(0, 127), st.integers(0, 127)), max_size=40))
def test_what_mido_writes_is_read_as_it_is(notes):
    file = mido.MidiFile(type=1, ticks_per_beat=96)
    messages = [mido.Message("note_on", note=note, velocity=velocity, time=time) for time, note, velocity in notes]
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=400_000), *messages]))
    saved = io.BytesIO()
    file.save(file=saved)
    read = read_midi_file(saved.getvalue())
    assert read.notes == []
    assert [event.what for event in read.tracks[0].events] == [400_000, *(one.copy(time=0) for one in messages)]
