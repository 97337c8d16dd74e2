"""Other programs' clocks around a show: MIDI clock that goes out, and Ableton Link."""

from __future__ import annotations

from collections.abc import Callable

from midifrag.bridge.items import LinkHeard
from midifrag.config.settings import Settings
from midifrag.events import ConfigurationChanged, Notice, StateChange, TimeChanged
from midifrag.midi.clock_sender import ClockSender, Send
from midifrag.show.link import LinkWatch, OpenSession


class Clocks:
    """Has them go along with what is published; ``open_link`` joins Link's session, without it there is none."""

    def __init__(
        self, send: Send, put: Callable[[LinkHeard | Notice], None], open_link: OpenSession | None = None
    ) -> None:
        self._sender = ClockSender(send)
        self._link = LinkWatch(put, open_link) if open_link is not None else None

    def handle(self, change: StateChange) -> None:
        """Take in what was published; never blocks."""
        if isinstance(change, ConfigurationChanged):
            self._use(change.loaded.settings)
        elif isinstance(change, TimeChanged):
            self._sender.follow(change.timeline)
            if self._link is not None:
                self._link.follow(change.timeline)

    def close(self) -> None:
        """Have those who follow stand still, and leave."""
        self._sender.close()
        if self._link is not None:
            self._link.close()

    def _use(self, settings: Settings) -> None:
        self._sender.use(settings.time.send)
        if self._link is not None:
            self._link.want(settings.time.hears_link, required=settings.time.source == "link")
