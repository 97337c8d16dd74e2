"""Each device's share of the page's process: who loads the page again and again waits, and nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from midifrag.clock import monotonic
from midifrag.page import texts
from midifrag.page.web.guard import App, Message, Receive, Scope, Send

#: Of each second, how much one device may have pages built for it; and how much it may have saved up for a few at once.
SHARE, SAVED = 0.15, 0.5
#: Pages that one device may wait for; what is more is refused, and asked for again by the browser itself.
MOST_WAITING = 16
#: Waveforms that are drawn for one device at the same time: each takes one of the threads that serve files.
DRAWINGS = 4
#: Devices that are known at the same time.
MOST_DEVICES = 256


@dataclass
class _Device:
    """Seconds of building that a device has left, as of ``since``."""

    left: float
    since: float
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    drawings: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DRAWINGS))

    @property
    def idle(self) -> bool:
        return not self.waiting and not self.turn.locked()


class Shares:
    """Wraps an ASGI app. Of what a browser asks for, pages and waveforms are what takes work."""

    def __init__(
        self,
        app: App,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._app = app
        self._clock = clock
        self._sleep = sleep
        self._devices: dict[str, _Device] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, in its device's turn."""
        path = str(scope["path"]) if scope["type"] == "http" else ""
        drawing = path.endswith(".svg")
        if path != "/" and not drawing:
            await self._app(scope, receive, send)
            return
        device = self._device(str((scope.get("client") or ("",))[0]))
        if drawing:
            async with device.drawings:
                await self._app(scope, receive, send)
            return
        if device.waiting >= MOST_WAITING:
            await _refuse(send)
            return
        device.waiting += 1
        try:
            async with device.turn:
                await self._build(device, scope, receive, send)
        finally:
            device.waiting -= 1

    async def _build(self, device: _Device, scope: Scope, receive: Receive, send: Send) -> None:
        self._save(device)
        if device.left <= 0:
            await self._sleep(-device.left / SHARE)
            self._save(device)
        began = self._clock()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                # What comes now takes the network's time and not ours.
                device.left -= self._clock() - began
            await send(message)

        await self._app(scope, receive, sending)

    def _save(self, device: _Device) -> None:
        now = self._clock()
        device.left = min(SAVED, device.left + (now - device.since) * SHARE)
        device.since = now

    def _device(self, address: str) -> _Device:
        device = self._devices.pop(address, None) or _Device(SAVED, self._clock())
        self._devices[address] = device
        idle = [one for one, known in self._devices.items() if known.idle and known is not device]
        for one in idle[: max(0, len(self._devices) - MOST_DEVICES)]:
            del self._devices[one]
        return device


async def _refuse(send: Send) -> None:
    body = texts.TOO_MANY.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"2"),
        # A browser loads it again, so that nobody is left with this sentence.
        (b"refresh", b"2"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
