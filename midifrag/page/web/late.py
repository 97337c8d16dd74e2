"""Presses that were made while the connection was lost: what comes late from a browser is left out and told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

from nicegui import Client, ui

from midifrag.clock import monotonic
from midifrag.page import texts

#: A press that comes this many seconds after it was made is none that anybody still means.
LATE = 2.0
#: Seconds in which late presses are counted before they are told: they come in bursts.
BURST = 0.5

#: What takes in an event of a browser: its socket, and what it says.
OnEvent: TypeAlias = Callable[[str, dict[str, Any]], None]


class LatePresses:
    """Stands before NiceGUI's own ``on_event``.

    ``page.js`` says with each event that acts at once when it was made, by this process's clock as it last heard it
    (`beat`).
    """

    def __init__(self, on_event: OnEvent, clock: Callable[[], float] = monotonic) -> None:
        self._on_event = on_event
        self._clock = clock
        self._late: Counter[str] = Counter()

    def beat(self, _socket: str, _message: object) -> float:
        """Answer that we are here, and what our clock shows."""
        return self._clock()

    def event(self, socket: str, message: dict[str, Any]) -> None:
        """Hand on an event, unless it is one that acts and comes too late."""
        made = message.pop("at", None)
        # Compared, not subtracted: a browser may say any number.
        if isinstance(made, int | float) and made < self._clock() - LATE:
            self._leave_out(str(message.get("client_id")))
        else:
            self._on_event(socket, message)

    def _leave_out(self, client: str) -> None:
        if client not in self._late:
            asyncio.get_running_loop().call_later(BURST, self._tell, client)
        self._late[client] += 1

    def _tell(self, client: str) -> None:
        count = self._late.pop(client)
        browser = Client.instances.get(client)
        if browser is not None:
            with browser:
                ui.notify(texts.LEFT_OUT.format(count=count), type="warning", timeout=0, close_button=True)
