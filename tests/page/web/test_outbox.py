"""A browser that comes back shows how everything is then, whatever of it was sent, lost, or just on its way."""

import asyncio
import time

import pytest
from fastapi import Request
from nicegui import Client, client, core, ui

from midifrag.page.web.outbox import send_what_is
from tests.page.headless import _ASKED


class Browser:
    """Takes in what is sent as nicegui.js does; ``reads`` is whether its connection brings anything."""

    def __init__(self, monkeypatch):
        self.reads = True
        self.texts, self.told, self.next = {}, [], 0
        #: Set while nothing gets through to the network.
        self.goes = asyncio.Event()
        self.goes.set()
        monkeypatch.setattr(core.sio, "emit", self._come)
        monkeypatch.setattr(core.app.config, "message_history_length", 1000, raising=False)
        self.client = Client(ui.page("/", reconnect_timeout=5.0), request=Request(dict(_ASKED)))
        self.client.tab_id = "tab"

    async def _come(self, kind, data, room):
        assert room == self.client.id
        was_there, number, said = self.reads, data["_id"], dict(data)
        shown = {key: one and one.get("text") for key, one in said.items() if kind == "update" and key != "_id"}
        await self.goes.wait()
        if not was_there or number < self.next:
            return
        self.next = number + 1
        self.texts |= shown
        if kind != "update":
            self.told.append(kind)

    async def rest(self):
        """Wait until all that waits has been sent."""
        outbox = self.client.outbox
        # What a script is asked for is put there by a task.
        await asyncio.sleep(0)
        while outbox.updates or outbox.messages or outbox._on_its_way:
            await asyncio.sleep(0)

    def lose(self):
        self.reads = False

    async def come_back(self):
        self.reads = True
        self.client.tab_id = "tab"
        self.client.outbox.try_rewind(self.next)
        await self.rest()


@pytest.fixture
def play(monkeypatch):
    """Runs a scene with a browser, which has seen a label that says "begun"."""
    monkeypatch.setattr(client, "Outbox", client.Outbox)
    send_what_is()

    def run(scene):
        async def run_scene():
            core.loop = asyncio.get_running_loop()
            browser = Browser(monkeypatch)
            with browser.client:
                label = ui.label("begun")
            await browser.rest()
            assert browser.texts[label.id] == "begun"
            await scene(browser, label)
            browser.client.delete()

        asyncio.run(run_scene())
        core.loop = None

    return run


def test_what_has_changed_meanwhile_is_not_overwritten_by_what_was_lost(play):
    async def scene(browser, label):
        browser.lose()
        label.text = "lost"
        await browser.rest()
        browser.client.tab_id = None
        label.text = "now"
        await browser.come_back()
        assert browser.texts[label.id] == "now"

    play(scene)


def test_what_was_lost_and_is_so_still_comes(play):
    async def scene(browser, label):
        browser.lose()
        label.text = "lost"
        await browser.rest()
        await browser.come_back()
        assert browser.texts[label.id] == "lost"

    play(scene)


def test_what_was_deleted_meanwhile_is_gone(play):
    async def scene(browser, label):
        browser.lose()
        label.text = "lost"
        await browser.rest()
        browser.client.tab_id = None
        label.delete()
        await browser.come_back()
        assert browser.texts[label.id] is None

    play(scene)


def test_what_is_just_being_sent_to_a_connection_that_is_gone_comes_too(play):
    async def scene(browser, label):
        browser.lose()
        browser.goes.clear()
        label.text = "on its way"
        while browser.client.outbox._on_its_way is None:
            await asyncio.sleep(0)
        browser.reads = True
        browser.client.outbox.try_rewind(browser.next)
        browser.goes.set()
        await browser.rest()
        assert browser.texts[label.id] == "on its way"
        label.text = "and on"
        await browser.rest()
        assert browser.texts[label.id] == "and on"

    play(scene)


def test_code_of_elements_that_was_lost_comes_before_what_needs_it(play):
    async def scene(browser, label):
        browser.lose()
        with browser.client:
            made = ui.input("name")
        await browser.rest()
        assert made.component.name in browser.client.outbox._loaded_components
        assert "load_js_components" not in browser.told
        await browser.come_back()
        assert browser.told == ["load_js_components"]
        assert made.id in browser.texts

    play(scene)


def test_what_is_told_is_told_once_to_whoever_comes_back_twice(play):
    async def scene(browser, label):
        browser.lose()
        with browser.client:
            ui.notify("hello")
        await browser.rest()
        # It is lost once more, with what it would have come with.
        browser.client.outbox.try_rewind(browser.next)
        await browser.rest()
        await browser.come_back()
        assert browser.told == ["notify"]

    play(scene)


def test_who_misses_more_than_is_kept_loads_the_page_anew(play):
    async def scene(browser, label):
        browser.lose()
        label.text = "lost"
        await browser.rest()
        outbox = browser.client.outbox
        outbox.message_history[0] = (*outbox.message_history[0][:1], time.time() - 1e6, outbox.message_history[0][2])
        label.text = "lost as well"
        await browser.rest()
        assert outbox.message_history[0][0] > browser.next - 1
        browser.next = 0
        await browser.come_back()
        assert browser.told == ["run_javascript"]

    play(scene)


def test_who_missed_nothing_is_sent_nothing(play):
    async def scene(browser, label):
        before = browser.next
        browser.client.outbox.try_rewind(browser.next)
        await browser.rest()
        assert browser.next == before
        assert not browser.told

    play(scene)
