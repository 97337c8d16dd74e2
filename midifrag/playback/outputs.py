"""The audio outputs of this machine, and which of them a set means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from midifrag.errors import PlaybackError

#: What a set calls the output that the system prefers.
DEFAULT = "default"
#: The same device has a name in several systems: the one that is nearest to it first.
_HOSTS = ("JACK", "Core Audio", "ASIO", "WASAPI", "ALSA", "WDM-KS", "DirectSound", "MME", "OSS")


@dataclass(frozen=True, slots=True)
class Output:
    """``index`` is its system's number of it, ``host`` the sound system; ``is_default`` that the system prefers it."""

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
