"""The audio outputs of this machine, listed by a process of its own.

A sound system's library may print, hang or crash over what it finds, and then does so alone. Run as a program, this
prints them as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import Any

from midifrag.errors import PlaybackError
from midifrag.playback.outputs import Output
from midifrag.playback.sound_system import sound_system

#: Seconds for a library to look at all devices.
PATIENCE = 15.0


def list_outputs() -> list[Output]:
    """All outputs. Raises `PlaybackError`."""
    return [Output(**values) for values in printed_by("midifrag.playback.output_list")]


def printed_by(module: str) -> list[dict[str, Any]]:
    """The devices that a module prints, run as a program. Raises `PlaybackError`."""
    command = [sys.executable, "-m", module]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise PlaybackError("the sound system does not answer") from None
    if asked.returncode != 0:
        told = asked.stderr.strip().splitlines()
        raise PlaybackError(told[-1] if told else "the sound system cannot be asked")
    devices: list[dict[str, Any]] = json.loads(asked.stdout.splitlines()[-1])
    return devices


def main() -> None:
    """Print all outputs as a line of JSON."""
    try:
        found = sound_system().look("midifrag")
    except PlaybackError as error:
        sys.exit(str(error))
    print(json.dumps([dataclasses.asdict(one) for one in found]))


if __name__ == "__main__":
    main()
