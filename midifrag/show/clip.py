"""MIDI files as timed messages, for playing a clip as if it were a controller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mido

from midifrag.errors import ClipError
from midifrag.show.midi_file import MidiFile, read_midi_file

#: Microseconds a quarter note until a file says otherwise: 120 BPM.
USUAL_TEMPO = 500_000


@dataclass(frozen=True)
class Clip:
    """A read MIDI file: ``messages`` with the second, from the clip's start, at which each is due."""

    path: Path
    messages: tuple[tuple[float, mido.Message], ...]
    #: From start to the end of the longest track, in seconds.
    seconds: float
    #: What was odd about the file, a sentence each.
    notes: tuple[str, ...] = ()

    @property
    def presses(self) -> int:
        """How many notes the clip plays."""
        return sum(message.type == "note_on" and message.velocity > 0 for _, message in self.messages)

    def at_speed(self, speed: float) -> Iterator[tuple[float, mido.Message]]:
        """The messages at ``speed`` times the written tempo. Raises ValueError where speed is not above 0."""
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed:g}")
        return ((second / speed, message) for second, message in self.messages)


def read_clip(path: Path | str) -> Clip:
    """Read a MIDI file of type 0 or 1, all tracks merged, tempo changes or SMPTE time applied.

    Raises ClipError that says what is wrong with the file.
    """
    path = Path(path)
    try:
        file = read_midi_file(path.read_bytes())
    except FileNotFoundError:
        raise ClipError(f"{path}: there is no such file.") from None
    except OSError as error:
        raise ClipError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except ClipError as error:
        raise ClipError(f"{path}: {error}.") from None
    if file.kind == 2 and len(file.tracks) > 1:
        raise ClipError(f"{path}: a type 2 file holds independent patterns; export one of them as type 0 or 1.")
    messages, seconds = _timed(file)
    if not messages:
        raise ClipError(f"{path}: holds no notes, controls or program changes.")
    return Clip(path, tuple(messages), seconds, tuple(file.notes))


def _timed(file: MidiFile) -> tuple[list[tuple[float, mido.Message]], float]:
    """The messages of all tracks in order, each with its second, and the second at which the longest track ends."""
    events = sorted((event for track in file.tracks for event in track.events), key=lambda event: event.tick)
    tempo, since, second = USUAL_TEMPO, 0, 0.0
    timed: list[tuple[float, mido.Message]] = []

    def at(tick: int) -> float:
        if file.seconds_a_tick is not None:
            return float(tick * file.seconds_a_tick)
        return second + (tick - since) * tempo / 1e6 / file.ticks_a_quarter

    for event in events:
        if isinstance(event.what, int):
            second, since, tempo = at(event.tick), event.tick, event.what
        else:
            timed.append((at(event.tick), event.what))
    return timed, at(max(track.end for track in file.tracks))
