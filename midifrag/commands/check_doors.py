"""Of ``midifrag check``: doors to other programs that this machine cannot open as the set has them."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator
from typing import NamedTuple

import psutil

from midifrag.config import loading
from midifrag.config.loading import Loaded
from midifrag.config.osc import FIRST_FREE, LOOPBACK, comes_back
from midifrag.doors.osc import udp
from midifrag.errors import Problem


class _Refused(NamedTuple):
    """A place of the set whose port this machine does not give, and why."""

    place: tuple[str, str]
    port: int
    error: OSError

    @property
    def is_taken(self) -> bool:
        """Whether another program has it, which may end until the show begins."""
        # The second is what Windows says of some that are.
        return self.error.errno == errno.EADDRINUSE or (self.error.errno == errno.EACCES and self.port >= FIRST_FREE)


def unusable_doors(loaded: Loaded) -> Iterator[Problem]:
    """A problem where a port cannot be listened on here at all, or what is sent out would come in again."""
    for refused in _refused(loaded):
        if not refused.is_taken:
            yield loading.show_problem(loaded, refused.place, _way_out(refused))
    osc = loaded.settings.osc
    own = [address.address for addresses in psutil.net_if_addrs().values() for address in addresses]
    for target in osc.send:
        if osc.listen is not None and comes_back(target, osc.listen, own):
            message = f"{target} is this machine, where midifrag itself listens; another port is another program's"
            yield loading.show_problem(loaded, ("osc", "send"), message)


def taken_ports(loaded: Loaded) -> Iterator[str]:
    """A line for each port that another program has now."""
    for refused in _refused(loaded):
        if refused.is_taken:
            key = ".".join(refused.place)
            yield f"{key}: another program has this port, perhaps a midifrag that runs; run waits for it"


def _refused(loaded: Loaded) -> Iterator[_Refused]:
    osc, live = loaded.settings.osc, loaded.settings.ableton
    if osc.listen is not None:
        try:
            udp.listening(osc.listen).close()
        except OSError as error:
            yield _Refused(("osc", "listen"), osc.listen.port, error)
    if live.enabled and live.port:
        try:
            _listen_for_live(live.port)
        except OSError as error:
            yield _Refused(("ableton", "port"), live.port, error)


def _listen_for_live(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        if sys.platform != "win32":
            # As the door does: a show that has just ended is in nobody's way.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((LOOPBACK, port))
        tried.listen()


def _way_out(refused: _Refused) -> str:
    if refused.error.errno == errno.EACCES:
        return f"the system keeps this port to itself; take one above {FIRST_FREE - 1}"
    other = "an address of its own, or the port alone" if refused.place[0] == "osc" else "another port, or 0"
    return f"nobody can listen there on this machine ({refused.error.strerror or refused.error}); take {other}"
