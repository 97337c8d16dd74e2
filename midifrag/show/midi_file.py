"""Standard MIDI files as other programs write them: what is there is read, and what is odd is said.

Our own reading, as mido's ends at the first thing that the standard does not have and knows no SMPTE time: files of
sequencers, phones and archives are full of both. Its messages are mido's. After the MIDI Association's RP-001 (the
file) and RP-029 (RIFF around it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import mido

from midifrag.errors import ClipError

#: Data bytes behind each kind of channel message, by the upper half of its status byte.
_CHANNEL_DATA = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
#: The same of system common messages, which no file should hold and some do; those that are not here have none.
_COMMON_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_SYSEX, _ESCAPE, _META = 0xF0, 0xF7, 0xFF
_TEMPO, _END_OF_TRACK = 0x51, 0x2F
#: Real-time bytes (clock, start, …) may stand anywhere on a cable; in a file they mean nothing.
_REAL_TIME = range(0xF8, 0xFF)
#: Frames a second that a SMPTE division names; 29 is what television calls 30 drop frame.
_FRAMES = {29: Fraction(30000, 1001)}


class Event(NamedTuple):
    """A message, or a tempo in microseconds a quarter note, at a tick from the track's beginning."""

    tick: int
    what: mido.Message | int


@dataclass
class Track:
    """A track's events in their order, and the tick at which it ends.

    ``strays`` counts real-time bytes, ``trouble`` says what makes no sense, and ``whole`` whether its end comes last.
    """

    events: list[Event] = field(default_factory=list)
    end: int = 0
    strays: int = 0
    trouble: str = ""
    whole: bool = False


@dataclass
class MidiFile:
    """A read file. ``seconds_a_tick`` is None where ticks are parts of a quarter note, ``ticks_a_quarter`` of them."""

    kind: int = 1
    ticks_a_quarter: int = 0
    seconds_a_tick: Fraction | None = None
    tracks: list[Track] = field(default_factory=list)
    #: What was odd, a sentence each.
    notes: list[str] = field(default_factory=list)


class _CutOffError(Exception):
    """The bytes of a track end in the middle of something."""


class _Bytes:
    """A track's bytes, read from the front."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int = 1) -> bytes:
        taken = self.data[self.at : self.at + count]
        self.at += count
        if len(taken) < count:
            raise _CutOffError
        return taken

    def number(self) -> int:
        """A number of variable length: seven bits a byte, four bytes at most."""
        value = 0
        for _ in range(4):
            (byte,) = self.take()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                break
        return value


def read_midi_file(data: bytes) -> MidiFile:
    """Read a file of type 0, 1 or 2. Raises ClipError that says what is wrong with it, without its name."""
    file = MidiFile()
    data = _unwrapped(data, file.notes)
    header = data[8 : 8 + int.from_bytes(data[4:8])]
    if len(header) < 6:
        raise ClipError("is no whole MIDI file: it ends in its header")
    file.kind, division = int.from_bytes(header[:2]), int.from_bytes(header[4:6])
    _set_division(file, division)
    for name, content, missing in _chunks(data, 8 + int.from_bytes(data[4:8])):
        if name == b"MTrk":
            _add_track(file, content, missing)
        else:
            file.notes.append(f"a part called {name.decode('ascii', 'replace')!r} means nothing here, and is left out")
    said = int.from_bytes(header[2:4])
    if len(file.tracks) < said:
        file.notes.append(f"says that it has {said} tracks, and has {len(file.tracks)}")
    if not file.tracks:
        raise ClipError("is no whole MIDI file: it ends before its first track")
    return file


def _unwrapped(data: bytes, notes: list[str]) -> bytes:
    """The file from its header on, out of a RIFF (.rmi) or of what else lies before it."""
    at = data.find(b"MThd")
    if at < 0 or len(data) < at + 8:
        raise ClipError("is no MIDI file: it has no header")
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        size = int.from_bytes(data[at - 4 : at], "little") if at >= 20 else len(data)
        return data[at : at + size]
    if at > 0:
        notes.append(f"{at} bytes before its header are left out")
    return data[at:]


def _set_division(file: MidiFile, division: int) -> None:
    if division & 0x8000:
        frames, ticks = 256 - (division >> 8), division & 0xFF
        if ticks:
            file.seconds_a_tick = 1 / (_FRAMES.get(frames, Fraction(frames)) * ticks)
    else:
        file.ticks_a_quarter = division
    if not file.ticks_a_quarter and file.seconds_a_tick is None:
        raise ClipError("is damaged: it says that a quarter note, or a frame, has no ticks")


def _chunks(data: bytes, at: int) -> Iterator[tuple[bytes, bytes, int]]:
    """Each part's name and content, and how many bytes of it are missing."""
    while at + 8 <= len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8])
        content = data[at + 8 : at + 8 + length]
        yield name, content, length - len(content)
        at += 8 + length


def _add_track(file: MidiFile, content: bytes, missing: int) -> None:
    track = _read_track(content, timed=True)
    if track.strays and not track.whole:
        # One that was put in front of a message takes its status for a time: then nothing fits any more.
        other = _read_track(content, timed=False)
        track = max(track, other, key=lambda one: (one.whole, not one.trouble, len(one.events)))
    file.tracks.append(track)
    name = f"track {len(file.tracks)}"
    if missing:
        file.notes.append(f"{name} ends {missing} bytes early; what is there is played")
    elif track.trouble:
        file.notes.append(f"{name} {track.trouble}")
    if track.strays:
        file.notes.append(f"{name} holds real-time bytes ({track.strays}), which mean nothing in a file; left out")


def _read_track(content: bytes, *, timed: bool) -> Track:
    """A track; ``timed`` says whether real-time bytes in it are events, each with its time, or bytes between others."""
    source, track, running = _Bytes(content), Track(), 0
    try:
        while source.at < len(content) and not track.whole:
            track.end += source.number()
            (status,) = source.take()
            while status in _REAL_TIME and not timed:
                track.strays += 1
                (status,) = source.take()
            if status in _REAL_TIME:
                track.strays += 1
            elif status == _META:
                track.whole = _meta(source, track)
            elif status in (_SYSEX, _ESCAPE):
                # Nobody here listens to system exclusive.
                source.take(source.number())
            elif status > _SYSEX:
                source.take(_COMMON_DATA.get(status, 0))
            elif status < 0x80 and not running:
                track.trouble = "is damaged from its beginning"
                break
            else:
                running = status if status >= 0x80 else running
                source.at -= status < 0x80
                track.events.append(Event(track.end, _channel_message(source, running, track)))
    except _CutOffError:
        track.trouble = "ends in the middle of an event; what is before it is played"
    track.whole = track.whole and source.at == len(content)
    return track


def _meta(source: _Bytes, track: Track) -> bool:
    """Take in a tempo; whether the track ends. All others tell nothing that is played, however they look."""
    (kind,) = source.take()
    content = source.take(source.number())
    if kind == _TEMPO and len(content) >= 3 and int.from_bytes(content[:3]):
        track.events.append(Event(track.end, int.from_bytes(content[:3])))
    return kind == _END_OF_TRACK


def _channel_message(source: _Bytes, status: int, track: Track) -> mido.Message:
    data = [status]
    while len(data) <= _CHANNEL_DATA[status >> 4]:
        (byte,) = source.take()
        if byte in _REAL_TIME:
            track.strays += 1
        else:
            # As sequencers do with data bytes above 127.
            data.append(min(byte, 127))
    return mido.Message.from_bytes(data)
