"""Which of the ports that are there is meant: by a pattern, or as a controller that the surface knows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress

import mido

from midifrag.errors import PortError
from midifrag.midi.endpoints import Endpoint
from midifrag.midi.port_names import find_port, listed
from midifrag.midi.protocol import Backend, Direction
from midifrag.surface.families import IDENTITY_REQUEST, Models, families, is_identity_reply, model_of, ports_of

#: How long a device may take to say who it is, in seconds, and how many unknown outputs are asked.
REPLY_SECONDS = 0.2
ASKED_AT_MOST = 8


def find(endpoint: Endpoint, names: Sequence[str]) -> str | None:
    """The name of the port that ``endpoint`` means; None where it is not there. Raises PortError for several."""
    if endpoint.wanted is not None:
        return find_port(str(endpoint.wanted), names)
    found = ports_of(endpoint.settings.models, names)
    if len(found) > 1:
        raise PortError(
            f"surface {endpoint.settings.surface} finds several: {listed(found)}. Say which one as in: and out:."
        )
    return found[0] if found else None


def missing(endpoint: Endpoint, names: Iterable[str]) -> str:
    """What is said of a port that is not there."""
    if endpoint.wanted is not None:
        return f"no port matches {str(endpoint.wanted)!r}; there are {listed(names)}"
    return f"{meant(endpoint)} is not there under a name that midifrag knows; there are {listed(names)}"


def meant(endpoint: Endpoint) -> str:
    """What ``endpoint`` waits for, in words."""
    if endpoint.wanted is not None:
        return repr(str(endpoint.wanted))
    return " or ".join(family.model for family in families(endpoint.settings.models))


def identity_request() -> mido.Message:
    """What makes a device say who it is."""
    return mido.Message("sysex", data=IDENTITY_REQUEST)


def ask_around(
    backend: Backend, surface: Models, names: dict[Direction, list[str]], client: str, seconds: float = REPLY_SECONDS
) -> tuple[str, str] | None:
    """Ask the devices among ``names`` who they are; input and output of the one that ``surface`` lights, if any.

    Each output is asked in turn, and what it is answered on is the input that belongs to it.
    """
    answered: list[str] = []
    heard = threading.Event()

    def listening_to(name: str) -> Callable[[Sequence[int]], None]:
        def receive(data: Sequence[int]) -> None:
            if is_identity_reply(data) and model_of(data, surface):
                answered.append(name)
                heard.set()

        return receive

    with ExitStack() as opened:
        for number, name in enumerate(names["in"]):
            with suppress(PortError):
                asks = f"{client}-asks-{number}-in"
                port = backend.open_input(name, virtual=False, client=asks, receive=listening_to(name))
                opened.callback(port.close)
        for number, name in enumerate(names["out"][:ASKED_AT_MOST]):
            with suppress(PortError, OSError), ExitStack() as asking:
                output = backend.open_output(name, virtual=False, client=f"{client}-asks-{number}-out")
                asking.callback(output.close)
                heard.wait(backend.settle_seconds)
                output.send(identity_request())
                if not heard.wait(seconds):
                    continue
                # Once more: what was heard may be the late answer to the output before.
                answered.clear()
                heard.clear()
                output.send(identity_request())
                if heard.wait(seconds):
                    return answered[0], name
    return None
