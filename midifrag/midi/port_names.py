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
    """The one of ``names`` that ``pattern`` means; None where there is none.

    It may be a name, as it is or with another number behind (systems number ports anew at each plug), a part of one, or
    a regular expression that is found in one, in this order: a name in brackets is no expression as long as it is
    there. Raises PortError that lists the candidates where several are alike.
    """
    for alike in (_is_name, _is_name_but_for_its_number, _is_part, _is_expression):
        found = sorted({name for name in names if alike(pattern, name)})
        if len(found) > 1:
            raise PortError(f"{pattern!r} matches several ports: {listed(found)}. Make the pattern say which.")
        if found:
            return found[0]
    return None


def device_of(name: str) -> str:
    """What the ports of one device have in common, as far as their names tell: the client, or all but their numbers."""
    windows = re.fullmatch(r"MIDI(?:IN|OUT)\d+ \((.*)\)(?: \d+)?", name)
    bare = windows[1] if windows else name.partition(":")[0]
    return re.sub(r"(?: (?:MIDI|Port))?(?: \d+)?$", "", bare)


def _bare(name: str) -> str:
    """A name without the address that ALSA puts behind it."""
    return re.sub(r" \d+:\d+$", "", name)


def _is_name(pattern: str, name: str) -> bool:
    return pattern == name


def _is_name_but_for_its_number(pattern: str, name: str) -> bool:
    # Windows puts an index behind.
    return _bare(pattern) == _bare(name) or re.fullmatch(rf"{re.escape(pattern)} \d+", name) is not None


def _is_part(pattern: str, name: str) -> bool:
    return pattern in name


def _is_expression(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return False


def listed(names: Iterable[str]) -> str:
    """Port names for a message."""
    return ", ".join(repr(name) for name in names) or "none"
