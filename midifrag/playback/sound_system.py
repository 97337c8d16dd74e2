"""Who opens an output: PortAudio, or miniaudio where that is missing, as on a Linux without its package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from midifrag.errors import PlaybackError
from midifrag.playback.outputs import Output

if TYPE_CHECKING:
    # Not for whoever only lists outputs: it takes numpy along.
    from midifrag.playback.memory import Whole

NO_SOUND = (
    "Neither PortAudio nor miniaudio is there, so nothing sounds here; fragments land as files all the same "
    "(Debian: apt install libportaudio2)"
)


class Stream(Protocol):
    """An output that was opened, at ``rate`` frames a second.

    ``blocksize`` is how many frames it asks for at once, 0 where it does not say.
    """

    rate: int
    blocksize: int

    def latency(self, block: int) -> float:
        """What it adds, in seconds, where it asks for blocks of so many frames; none where others share it."""
        ...

    def start(self) -> None:
        """Have it ask for sound. Raises what its system's ``open`` does."""
        ...

    def close(self) -> None:
        """Stop and close it; hangs for ever where its device is gone."""
        ...


class SoundSystem(Protocol):
    """A library that plays; ``error`` is what it raises where an output cannot be opened."""

    error: type[Exception]

    def look(self, client: str) -> list[Output]:
        """All outputs, looked for anew, as a program of this name where a sound system shows programs."""
        ...

    def open(self, output: Output, channels: int, block: int, user_data: Whole) -> Stream:
        """Open an output for `midifrag.playback.native`, whose ``user_data`` this is.

        It is asked for blocks of so many frames, 0 for what the system has. Raises its ``error``.
        """
        ...


def sound_system() -> SoundSystem:
    """The one that there is on this machine. Raises `PlaybackError` if there is none."""
    try:
        from midifrag.playback.portaudio import PortAudio

        return PortAudio()
    except OSError:
        # Its library is missing; the module that speaks with it is there.
        pass
    try:
        from midifrag.playback.miniaudio import Miniaudio

        return Miniaudio()
    except (ImportError, OSError):
        raise PlaybackError(NO_SOUND) from None
