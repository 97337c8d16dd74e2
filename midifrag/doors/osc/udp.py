"""Sockets of UDP for an endpoint; a name is looked up where they are made, which may take seconds."""

from __future__ import annotations

import contextlib
import socket
import sys
from typing import Any

from midifrag.config.osc import Endpoint

#: Of linux/asm-generic/socket.h and linux/sock_diag.h.
_SO_MEMINFO, _SK_MEMINFO_VARS = 55, 9


def listening(where: Endpoint) -> socket.socket:
    """A socket that receives what is sent there. Raises OSError."""
    made, address = _found(where)
    try:
        made.bind(address)
    except BaseException:
        made.close()
        raise
    return made


def left_out(hearing: socket.socket) -> int | None:
    """How many packets the system has left out since a socket was made, as more came than it holds.

    None where it does not say. Linux: SO_MEMINFO, of which the last number is how many were dropped.
    """
    if not sys.platform.startswith("linux"):
        return None
    try:
        numbers = hearing.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4 * _SK_MEMINFO_VARS)
    except OSError:
        return None
    return int.from_bytes(numbers[-4:], sys.byteorder) if len(numbers) == 4 * _SK_MEMINFO_VARS else None


def sending(where: Endpoint) -> tuple[socket.socket, Any]:
    """A socket that never blocks, and the address to send to with it. Raises OSError."""
    made, address = _found(where)
    made.setblocking(False)
    with contextlib.suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return made, address


def send_once(where: Endpoint, packet: bytes) -> None:
    """Send a packet to who listens on ``where`` on this machine. Raises OSError."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(where.host, where.host)  # noqa: S104 — nothing is bound here
    made, address = _found(Endpoint(host, where.port))
    with made:
        made.sendto(packet, address)


def _found(where: Endpoint) -> tuple[socket.socket, Any]:
    found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_DGRAM)
    # A name such as localhost may mean both kinds of addresses; most programs of OSC know the older one only.
    family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return socket.socket(family, kind, protocol), address
