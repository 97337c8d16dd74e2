"""Writes midifrag/demo.mid, the clip that `midifrag demo` plays: about ten seconds, all three shipped banks."""

from __future__ import annotations

from pathlib import Path

import mido

#: Beats at 120 a minute, then what happens: ("note", number, velocity), ("cc", number, value), ("program", 1–128).
SCORE: tuple[tuple[float, tuple[str, int, int]], ...] = (
    (0.0, ("program", 1, 0)),
    (0.0, ("cc", 22, 29)),
    (0.5, ("note", 36, 90)),
    (2.0, ("note", 39, 80)),
    (3.0, ("note", 40, 110)),
    (4.0, ("note", 44, 100)),
    (5.0, ("note", 46, 70)),
    (6.0, ("program", 2, 0)),
    (6.5, ("note", 40, 90)),
    (7.0, ("note", 46, 60)),
    (8.0, ("cc", 22, 20)),
    (9.0, ("note", 49, 85)),
    (10.0, ("note", 51, 100)),
    (11.0, ("program", 3, 0)),
    # A chord from a clip: presses at one instant, none of which may be lost.
    (12.0, ("note", 36, 120)),
    (12.0, ("note", 40, 100)),
    (12.0, ("note", 43, 90)),
    (14.0, ("cc", 1, 80)),
    (15.0, ("note", 44, 110)),
    (16.0, ("note", 46, 100)),
    (18.0, ("note", 48, 90)),
)
BEATS_PER_MINUTE = 120
NOTE_BEATS = 0.25


def messages() -> list[tuple[float, mido.Message]]:
    """The score as messages with the beat at which each is due, in order."""
    timed: list[tuple[float, mido.Message]] = []
    for beat, (kind, number, value) in SCORE:
        match kind:
            case "note":
                timed.append((beat, mido.Message("note_on", note=number, velocity=value)))
                timed.append((beat + NOTE_BEATS, mido.Message("note_off", note=number)))
            case "cc":
                timed.append((beat, mido.Message("control_change", control=number, value=value)))
            case "program":
                timed.append((beat, mido.Message("program_change", program=number - 1)))
    return sorted(timed, key=lambda item: item[0])


def main() -> None:
    """Write the clip beside the package's modules."""
    file = mido.MidiFile(type=1)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BEATS_PER_MINUTE)))
    now = 0.0
    for beat, message in messages():
        track.append(message.copy(time=round((beat - now) * file.ticks_per_beat)))
        now = beat
    file.save(Path(__file__).parent.parent / "midifrag" / "demo.mid")


if __name__ == "__main__":
    main()
