"""Browsers without a screen: they load the page, connect, take in everything, and press pads."""

from __future__ import annotations

import contextlib
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import socketio

#: Seconds that a page may take on a busy machine before it counts as not there.
PATIENCE = 60.0
_PAD = re.compile(
    r'"(\d+)":\{"tag":"button"(?:(?!"tag").)*?"data-pad":"([^"]+)","data-state":"(\w+)".*?"listener_id":"([0-9a-f-]+)","type":"pointerdown"'
)
_ERRORS = (OSError, urllib.error.URLError, socketio.exceptions.SocketIOError)


@dataclass(frozen=True)
class PageShown:
    """What a page shows of the active bank: states by pad key; where each pad is pressed; whose page it is."""

    client: str
    states: dict[str, str]
    buttons: dict[str, tuple[int, str]] = field(default_factory=dict)


def load(address: str) -> PageShown | None:
    """Load the page as a browser does; None if there is none."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            text = answer.read().decode()
    except _ERRORS:
        return None
    client = re.search(r"client_id\W+([0-9a-f-]{36})", text)
    if client is None:
        return None
    pads = _PAD.findall(text)
    buttons = {pad: (int(element), listener) for element, pad, _, listener in pads}
    return PageShown(client[1], {pad: state for _, pad, state, _ in pads}, buttons)


class Browser:
    """One that stays. Whatever it cannot do, since the page is gone, it does not do."""

    def __init__(self, address: str) -> None:
        self._socket = socketio.Client(reconnection=False)
        self.shown = load(address)
        if self.shown is None:
            return
        query = f"client_id={self.shown.client}&tab_id=1&document_id=1&next_message_id=0&implicit_handshake=true"
        with contextlib.suppress(*_ERRORS):
            self._socket.connect(
                f"{address}?{query}", socketio_path="/_nicegui_ws/socket.io", transports=["websocket"], wait_timeout=10
            )

    def press(self, pad: str) -> bool:
        """Touch a pad in the middle; whether it could be sent."""
        if self.shown is None or pad not in self.shown.buttons or not self._socket.connected:
            return False
        element, listener = self.shown.buttons[pad]
        message = {"client_id": self.shown.client, "id": element, "listener_id": listener, "args": ["0.5"]}
        with contextlib.suppress(*_ERRORS):
            self._socket.emit("event", message)
            return True
        return False

    def close(self) -> None:
        """Go away."""
        with contextlib.suppress(*_ERRORS):
            self._socket.disconnect()
