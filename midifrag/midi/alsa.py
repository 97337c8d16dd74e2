"""What ALSA's sequencer connects, as the kernel tells it: a device that was pulled and put back keeps its name.

Source of the format: Linux, sound/core/seq/seq_clientmgr.c and seq_info.c, ``/proc/asound/seq/clients``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

CLIENTS = Path("/proc/asound/seq/clients")

_CLIENT = re.compile(r'Client\s+(\d+) : "(.*)" \[')
_ENDS = re.compile(r"\s+Connect(?:ing To|ed From): (.*)")
_ADDRESS = re.compile(r"(\d+):(\d+)")
#: RtMidi ends a port's name with its address.
_NUMBERED = re.compile(r" (\d+:\d+)$")


@dataclass
class Client:
    """A client of the sequencer: its name, and the addresses (``24:0``) that its ports are connected to, either way."""

    name: str
    others: set[str] = field(default_factory=set)


def clients() -> dict[int, Client]:
    """All clients by their numbers; none where the kernel does not tell."""
    try:
        lines = CLIENTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    found: dict[int, Client] = {}
    newest = Client("")
    for line in lines:
        if client := _CLIENT.match(line):
            newest = found[int(client[1])] = Client(client[2])
        elif ends := _ENDS.match(line):
            newest.others.update(f"{number}:{port}" for number, port in _ADDRESS.findall(ends[1]))
    return found


def address_of(name: str) -> str | None:
    """The address that ends the name of a port."""
    found = _NUMBERED.search(name)
    return found[1] if found else None


def is_connected(number: int, address: str) -> bool | None:
    """Whether client ``number`` is connected with ``address``; None where the kernel does not tell."""
    all_clients = clients()
    if not all_clients:
        return None
    return number in all_clients and address in all_clients[number].others
