"""Which ports there are, and which one a pattern means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from midifrag.errors import PortError
from midifrag.midi.backends import choose_backend


class PortList(NamedTuple):
    """What a MIDI system has: its name and its ports in both directions."""

    backend: str
    inputs: list[str]
    outputs: list[str]


def list_ports(backend: str | None = None) -> PortList:
    """All ports of ``backend`` (a mido name; None: the first system that works). Raises PortError."""
    system = choose_backend(backend)
    try:
        return PortList(system.name, system.names("in"), system.names("out"))
    finally:
        system.close()


def find_port(pattern: str, names: Sequence[str]) -> str | None:
    """The one of ``names`` that is ``pattern`` or that it is found in; None where there is none.

    Raises PortError that lists the candidates where there are several.
    """
    if pattern in names:
        return pattern
    found = sorted({name for name in names if re.search(pattern, name)})
    if len(found) > 1:
        raise PortError(f"{pattern!r} matches several ports: {listed(found)}. Make the pattern say which.")
    return found[0] if found else None


def listed(names: Iterable[str]) -> str:
    """Port names for a message."""
    return ", ".join(repr(name) for name in names) or "none"
