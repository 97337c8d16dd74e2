"""MIDI files as timed messages, for playing a clip as if it were a controller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mido

from midifrag.errors import ClipError


@dataclass(frozen=True)
class Clip:
    """A read MIDI file: ``messages`` with the second, from the clip's start, at which each is due."""

    path: Path
    messages: tuple[tuple[float, mido.Message], ...]
    #: From start to the end of the longest track, in seconds.
    seconds: float

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
    """Read a MIDI file of type 0 or 1, all tracks merged, tempo changes applied.

    Raises ClipError that says what is wrong with the file.
    """
    path = Path(path)
    try:
        # clip=True takes data bytes above 127 for 127, as sequencers do.
        file = mido.MidiFile(path, clip=True)
        if file.type == 2:
            raise ClipError(f"{path}: a type 2 file holds independent patterns; export one of them as type 0 or 1.")
        second, messages = 0.0, []
        for message in file:
            second += message.time
            if not message.is_meta:
                messages.append((second, message.copy(time=0)))
    except FileNotFoundError:
        raise ClipError(f"{path}: there is no such file.") from None
    except (OSError, EOFError) as error:
        raise ClipError(f"{path}: is no whole MIDI file ({str(error) or 'it ends too early'}).") from error
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:
        raise ClipError(f"{path}: is damaged ({error}).") from error
    if not messages:
        raise ClipError(f"{path}: holds no notes, controls or program changes.")
    return Clip(path, tuple(messages), second)
