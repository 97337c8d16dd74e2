"""The audio outputs of this machine, as PortAudio knows them, and which of them a set means.

Run as a program, it prints them as JSON: PortAudio may print, hang or crash over what it finds, and then does so alone.
"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from midifrag.errors import PlaybackError

#: What a set calls the output that the system prefers.
DEFAULT = "default"
#: Seconds for PortAudio to look at all devices.
PATIENCE = 15.0
#: The same device has a name in several systems: the one that is nearest to it first.
_HOSTS = ("JACK", "Core Audio", "ASIO", "WASAPI", "ALSA", "WDM-KS", "DirectSound", "MME", "OSS")
NO_PORTAUDIO = (
    "PortAudio is missing, so nothing sounds here; fragments land as files all the same "
    "(Debian: apt install libportaudio2)"
)


@dataclass(frozen=True, slots=True)
class Output:
    """``index`` is PortAudio's number of it, ``host`` the sound system; ``is_default`` that the system prefers it."""

    index: int
    name: str
    host: str
    channels: int
    rate: int
    is_default: bool = False

    @property
    def is_jack(self) -> bool:
        """Whether it is of a JACK server, in whose time all of its programs live."""
        return "JACK" in self.host


def outputs(portaudio: Any) -> list[Output]:
    """All outputs; ``portaudio`` is the module sounddevice."""
    hosts = portaudio.query_hostapis()
    preferred = portaudio.default.device[1]
    if preferred is None or preferred < 0:
        preferred = next((host["default_output_device"] for host in hosts if host["default_output_device"] >= 0), -1)
    return [
        Output(
            index,
            device["name"],
            hosts[device["hostapi"]]["name"],
            device["max_output_channels"],
            round(device["default_samplerate"]),
            index == preferred,
        )
        for index, device in enumerate(portaudio.query_devices())
        if device["max_output_channels"] > 0
    ]


def find_output(there: Sequence[Output], wanted: str) -> Output:
    """The output that a set means: by its name, a part of it, or an expression. Raises `PlaybackError`.

    ``default`` is JACK's where a server runs, else the one that the system prefers.
    """
    if not there:
        raise PlaybackError("there is no audio output; plug one in, or start JACK")
    if wanted == DEFAULT:
        return min(there, key=lambda one: (not one.is_jack, not one.is_default))
    for matches in (
        [one for one in there if one.name == wanted],
        [one for one in there if wanted.lower() in one.name.lower()],
        [one for one in there if _matches(wanted, one.name)],
    ):
        if matches:
            return min(matches, key=_nearness)
    raise PlaybackError(f"there is no audio output {wanted!r}; there is {', '.join(dict.fromkeys(names(there)))}")


def names(there: Iterable[Output]) -> list[str]:
    """What outputs are called."""
    return [one.name for one in there]


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return False


def _nearness(output: Output) -> int:
    return next((at for at, host in enumerate(_HOSTS) if host in output.host), len(_HOSTS))


def list_outputs() -> list[Output]:
    """All outputs, asked for in a process of its own. Raises `PlaybackError`."""
    command = [sys.executable, "-m", "midifrag.playback.outputs"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise PlaybackError("the sound system does not answer") from None
    if asked.returncode != 0:
        told = asked.stderr.strip().splitlines()
        raise PlaybackError(told[-1] if told else "the sound system cannot be asked")
    return [Output(**values) for values in json.loads(asked.stdout.splitlines()[-1])]


def main() -> None:
    """Print all outputs as a line of JSON."""
    try:
        import sounddevice
    except OSError:
        sys.exit(NO_PORTAUDIO)
    print(json.dumps([dataclasses.asdict(one) for one in outputs(sounddevice)]))


if __name__ == "__main__":
    main()
