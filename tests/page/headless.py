"""Panels as the page's process holds them, without a browser: what they show is read, what a browser says is said."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from nicegui import Client, background_tasks, core, json, ui

from midifrag.config.loading import Loaded
from midifrag.page.model import PageModel
from midifrag.page.panels.panel import Panel
from midifrag.page.web.signatures import remember_signatures
from midifrag.page.wire import FromPage, FromShow, configuration

T = TypeVar("T")
P = TypeVar("P", bound=Panel)

#: What a browser on this machine asks for.
_ASKED = {
    "type": "http",
    "method": "GET",
    "scheme": "http",
    "server": ("127.0.0.1", 8765),
    "client": ("127.0.0.1", 50000),
    "path": "/",
    "query_string": b"",
    "headers": [],
}


class Played:
    """A player that only keeps what it was given."""

    def __init__(self, kept: list[tuple[Any, str]]) -> None:
        self._kept = kept

    def __call__(self, address: str, title: str) -> None:
        self._kept.append((address, title))

    def compare(self, addresses: tuple[str, str], title: str) -> None:
        self._kept.append((addresses, title))


class Headless:
    """One browser's page: ``sent`` is what went to the show, ``played`` what its player was given.

    ``failures`` are what failed in answer to the browser.
    """

    def __init__(self, loaded: Loaded) -> None:
        # As the page's process does.
        remember_signatures()
        self._runner = asyncio.Runner()
        core.loop = self._runner.get_loop()
        self.sent: list[FromPage] = []
        self.played: list[tuple[Any, str]] = []
        self._panels: list[Panel] = []
        self.failures: list[Exception] = []
        # As a show does before it starts the page.
        loaded.archive_folder.mkdir(parents=True, exist_ok=True)
        self.page = PageModel(configuration(loaded), self.sent.append)
        self.client = self._runner.run(self._connect())

    async def _connect(self) -> Client:
        client = Client(ui.page("/"), request=Request(dict(_ASKED)))
        with client:
            ui.on_exception(self.failures.append)
        return client

    def close(self) -> None:
        """Leave nothing behind. What failed in answer to a browser fails the test."""
        self.do(self.client.delete)
        self.page.archive.close()
        self._runner.close()
        core.loop = None
        assert self.failures == []

    # --- the server's side -------------------------------------------------------------------------------------------

    def do(self, action: Callable[[], Any]) -> Any:
        """Do something on the page's event loop, and all that comes of it."""
        return self._runner.run(self._do(action))

    async def _do(self, action: Callable[[], Any]) -> Any:
        before = set(background_tasks.running_tasks)
        with self.client:
            result = action()
            if inspect.isawaitable(result):
                result = await result
        while tasks := [one for one in background_tasks.running_tasks - before if "outbox" not in one.get_name()]:
            await asyncio.wait(tasks)
        return result

    def show(self, panel: type[P]) -> P:
        """Build a panel and draw it."""
        shown = self.do(lambda: panel(self.page, Played(self.played)))
        self._panels.append(shown)
        self.do(shown.refresh)
        return shown

    def take(self, *messages: FromShow) -> None:
        """Take in what the show says, and draw every panel."""
        for message in messages:
            self.do(lambda message=message: self.page.take(message))
        self.refresh()

    def refresh(self) -> None:
        for panel in self._panels:
            self.do(panel.refresh)

    # --- what a browser shows ----------------------------------------------------------------------------------------

    def all(self, name: str) -> list[Any]:
        """The elements of a CSS class, in order."""
        return [one for one in self.client.elements.values() if name in one.classes]

    def one(self, name: str) -> Any:
        (found,) = self.all(name)
        return found

    def text(self, name: str) -> str:
        return self.one(name).text

    def texts(self, name: str) -> list[str]:
        return [one.text for one in self.all(name)]

    def titled(self, title: str) -> list[Any]:
        """The elements that are called so, for those who hover or hear them."""
        return [one for one in self.client.elements.values() if one.props.get("title") == title]

    def labelled(self, kind: type[T], label: str) -> T:
        """The newest element of a kind that carries this label or text."""
        found = [
            one
            for one in self.client.elements.values()
            if isinstance(one, kind) and label in (one.props.get("label"), getattr(one, "text", None))
        ]
        return found[-1]

    def button(self, text: str) -> ui.button:
        return self.labelled(ui.button, text)

    def told(self, kind: str) -> list[dict[str, Any]]:
        """What the browser was asked to do beside showing: "notify", "download" or "run_javascript"."""
        return [data for _, what, data in self.client.outbox.messages if what == kind]

    @property
    def notices(self) -> list[str]:
        return [data["message"] for data in self.told("notify")]

    # --- what a browser says -----------------------------------------------------------------------------------------

    def fire(self, element: ui.element, event: str, *arguments: Any) -> None:
        """Say that something happened to an element, as a browser would."""
        listeners = [one for one in element._event_listeners.values() if one.type == event]
        assert listeners, f"nothing listens to {event}"
        for listener in listeners:
            said = {
                "id": element.id,
                "listener_id": listener.id,
                "args": [json.dumps(one) for one in arguments] or [None],
            }
            self.do(lambda said=said: self.client.handle_event(said))

    def click(self, element: ui.element) -> None:
        self.fire(element, "click")

    def enter(self, element: Any, value: Any) -> None:
        """Type or choose a value."""
        self.do(lambda: setattr(element, "value", value))
