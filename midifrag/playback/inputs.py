"""The audio inputs of this machine, which of them a set means, and what they are as a list.

They are listed by a process of its own, as outputs are. Run as a program, this prints them as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from midifrag.errors import PlaybackError
from midifrag.playback.output_list import printed_by

#: What a set calls the input that the system prefers.
DEFAULT = "default"
NO_PORTAUDIO = "PortAudio is not there, so no audio input is heard (Debian: apt install libportaudio2)"


@dataclass(frozen=True, slots=True)
class Input:
    """``index`` is its system's number of it, ``host`` the sound system; ``is_default`` that the system prefers it."""

    index: int
    name: str
    host: str
    channels: int
    rate: int
    is_default: bool = False

    @property
    def is_jack(self) -> bool:
        """Whether it is a program on a JACK server."""
        return "JACK" in self.host


def find_input(there: Sequence[Input], wanted: str) -> Input:
    """The input that a set means, by its name or a part of it. Raises `PlaybackError`.

    ``default`` is JACK's where a server runs, else the one that the system prefers.
    """
    if not there:
        raise PlaybackError("there is no audio input; plug one in, or start JACK")
    if wanted == DEFAULT:
        return min(there, key=lambda one: (not one.is_jack, not one.is_default))
    for found in (
        [one for one in there if one.name == wanted],
        [one for one in there if wanted.lower() in one.name.lower()],
    ):
        if found:
            return found[0]
    names = ", ".join(dict.fromkeys(one.name for one in there))
    raise PlaybackError(f"there is no audio input {wanted!r}; there is {names}")


def look(library: Any) -> list[Input]:
    """All inputs that a sounddevice module sees."""
    hosts = library.query_hostapis()
    preferred = library.default.device[0]
    if preferred is None or preferred < 0:
        preferred = next((host["default_input_device"] for host in hosts if host["default_input_device"] >= 0), -1)
    return [
        Input(
            index,
            device["name"],
            hosts[device["hostapi"]]["name"],
            device["max_input_channels"],
            round(device["default_samplerate"]),
            index == preferred,
        )
        for index, device in enumerate(library.query_devices())
        if device["max_input_channels"] > 0
    ]


def list_inputs() -> list[Input]:
    """All inputs. Raises `PlaybackError`."""
    return [Input(**values) for values in printed_by("midifrag.playback.inputs")]


def main() -> None:
    """Print all inputs as a line of JSON."""
    try:
        import sounddevice
    except OSError:
        sys.exit(NO_PORTAUDIO)
    print(json.dumps([dataclasses.asdict(one) for one in look(sounddevice)]))


if __name__ == "__main__":
    main()
