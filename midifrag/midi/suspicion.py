"""Ports that look open and may be dead, where the system does not tell (CoreMIDI, Windows).

They are taken anew when another port of the device went, failed to send, or is heard while this one is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from midifrag.midi.endpoints import Endpoint
from midifrag.midi.port_names import device_of

#: An input that is silent for so long while another one of its device is heard is taken anew, in seconds.
SILENT_SECONDS = 30.0


def suspect_the_rest(endpoint: Endpoint, endpoints: Sequence[Endpoint]) -> None:
    """Suspect the others of ``endpoint``'s device, which went or failed."""
    for other in _siblings(endpoint, endpoints):
        other.suspect = _cannot_tell(other)


def suspect_the_silent(endpoints: Sequence[Endpoint], now: float) -> None:
    """Suspect inputs that are silent while another one of their device is heard; ``now`` in monotonic seconds."""
    for endpoint in endpoints:
        if endpoint.direction != "in" or not _cannot_tell(endpoint) or now - endpoint.heard < endpoint.patience:
            continue
        siblings = _siblings(endpoint, endpoints)
        if any(other.direction == "in" and now - other.heard < SILENT_SECONDS for other in siblings):
            endpoint.patience *= 2
            endpoint.suspect = True


def rest_is_back(endpoint: Endpoint, endpoints: Sequence[Endpoint]) -> bool:
    """Whether all directions of the port that ``endpoint`` is of are open."""
    return all(other.name is not None for other in endpoints if other.port == endpoint.port)


def _siblings(endpoint: Endpoint, endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """The other endpoints at the same device."""
    device = device_of(endpoint.name or "")
    return [
        other
        for other in endpoints
        if other is not endpoint
        and other.virtual is None
        and (other.port == endpoint.port or (device and device_of(other.name or "") == device))
    ]


def _cannot_tell(endpoint: Endpoint) -> bool:
    """Whether it is open, and nobody knows whether it still reaches its device."""
    return endpoint.open is not None and endpoint.open.connected is None
