"""How quickly the page answers one browser while others turn archive sheets or reload without end.

    uv run python -m benchmarks.page_crowd [--answers 40]

One client fixes the velocity of pads, and frees it again, and waits each time until it is told that the slider is on or
off: that is all the page's own doing, no engine has a part in it. The others turn sheets of an archive of 200 takes ten
times a second and fetch their waveforms, or load the page again and again. None of them draws anything; all run in
processes of the lowest priority. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import re
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import socketio

from benchmarks.page_latency import SETTLE, PlayedShow
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord

TAKES, TAKE_SECONDS = 200, 4
#: Seconds between two questions, and between two sheets.
EVERY, TURN_EVERY = 0.25, 0.1
#: What is not answered in this many seconds counts as that long.
PATIENCE = 20.0
_FOUND = re.compile(r"parseElements\(String\.raw`(.*?)`\)", re.DOTALL)
_ENTITIES = (("&#36;", "$"), ("&#96;", "`"), ("&gt;", ">"), ("&lt;", "<"), ("&amp;", "&"))


class Browser:
    """A client that loads the page, connects, and keeps in mind what it is shown."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.elements: dict[str, Any] = {}
        self.lost = 0
        self.changed = asyncio.Event()
        self.socket = socketio.AsyncClient(reconnection=False)
        self.socket.on("update", self._update)
        self.socket.on("disconnect", self._lose)

    async def open(self) -> None:
        """Load and connect."""
        while True:
            page = await fetch(self._address)
            client, elements = re.search(r"client_id\W+([0-9a-f-]{36})", page), _FOUND.search(page)
            if client is not None and elements is not None:
                break
            # Its process is still about to begin.
            await asyncio.sleep(EVERY)
        text = elements[1]
        for entity, character in _ENTITIES:
            text = text.replace(entity, character)
        self.elements = json.loads(text)
        self._client = client[1]
        query = f"client_id={client[1]}&tab_id={client[1]}&document_id=1&next_message_id=0&implicit_handshake=true"
        path = "/_nicegui_ws/socket.io"
        await self.socket.connect(f"{self._address}?{query}", socketio_path=path, transports=["websocket"])

    def find(self, name: str, value: str) -> tuple[str, Any]:
        """The element with this tag or property. Raises LookupError."""
        for number, one in self.elements.items():
            if one and value in (one.get(name), one.get("props", {}).get(name)):
                return number, one
        raise LookupError(f"nothing has the {name} {value}")

    async def say(self, name: str, value: str, event: str, *arguments: object) -> None:
        """Say that something happened to the element with this tag or property, once it is there."""
        while True:
            try:
                number, element = self.find(name, value)
                break
            except LookupError:
                self.changed.clear()
                await asyncio.wait_for(self.changed.wait(), PATIENCE)
        listener = next(one for one in element["events"] if one["type"].startswith(event))
        said = {"id": int(number), "client_id": self._client, "listener_id": listener["listener_id"]}
        await self.socket.emit("event", {**said, "args": [json.dumps(one) for one in arguments or (None,)]})

    def _update(self, message: dict[str, Any]) -> None:
        self.elements |= {name: one for name, one in message.items() if name != "_id" and one is not None}
        self.changed.set()

    def _lose(self, *_: object) -> None:
        self.lost += 1


async def fetch(address: str) -> str:
    """What is at an address; nothing where it is refused."""

    def get() -> str:
        with contextlib.suppress(OSError):
            return str(urllib.request.urlopen(address, timeout=PATIENCE).read().decode())  # noqa: S310 — our own page
        return ""

    return await asyncio.to_thread(get)


async def _ask(address: str, answers: int, begin: Any) -> tuple[list[float], int]:
    """Milliseconds of each answer, and how often the connection was lost. It is there before the others come."""
    browser = Browser(address)
    await browser.open()
    begin[0].set()
    await asyncio.to_thread(begin[1].wait)
    times = []
    for number in range(answers):
        await asyncio.sleep(EVERY)
        began = time.perf_counter()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await browser.say("tag", "q-btn-toggle", "update", 1 - number % 2)
                while bool(browser.find("aria-label", "Velocity")[1]["props"].get("disable")) != bool(number % 2):
                    browser.changed.clear()
                    await browser.changed.wait()
        times.append((time.perf_counter() - began) * 1000)
    lost = browser.lost
    await browser.socket.disconnect()
    return times, lost


async def _turn(address: str) -> None:
    browser = Browser(address)
    await browser.open()
    await browser.say("tag", "q-tabs", "update", "archive")
    while True:
        for label in ("Older",) * 5 + ("Newer",) * 5:
            await browser.say("aria-label", label, "click")
            await asyncio.sleep(TURN_EVERY)
            pictures = {str(one.get("props", {}).get("src", "")) for one in browser.elements.values() if one}
            shown = sorted(one for one in pictures if one.startswith("/takes/"))[-20:]
            for six in range(0, len(shown), 6):
                await asyncio.gather(*(fetch(f"{address.rstrip('/')}{one}") for one in shown[six : six + 6]))


async def _reload(address: str) -> None:
    while True:
        await fetch(address)


def _run(job: Callable[..., Any], arguments: tuple[Any, ...], answer: Any) -> None:
    os.nice(19)
    result = asyncio.run(job(*arguments))
    if answer is not None:
        answer.send(result)


@contextlib.contextmanager
def _crowd(address: str, job: Callable[..., Any], count: int) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_run, args=(job, (address,), None), daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        time.sleep(SETTLE)
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def _measure(address: str, answers: int, job: Callable[..., Any], count: int) -> tuple[list[float], int]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    begin = (context.Event(), context.Event())
    process = context.Process(target=_run, args=(_ask, (address, answers, begin), theirs), daemon=True)
    process.start()
    begin[0].wait()
    with _crowd(address, job, count):
        begin[1].set()
        times, lost = ours.recv()
    process.join()
    return times, lost


def main(answers: int) -> None:
    """Measure each crowd, and print the table."""
    print("| beside it | answers | p50 | p95 | worst | connections lost |\n|---|---|---|---|---|---|")
    for name, (job, count) in _CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            noise = np.random.default_rng(0).normal(size=(2, 44100 * TAKE_SECONDS)).astype(np.float32) / np.float32(8)
            archive = Archive(Path(folder) / "fragments" / "archive")
            for number in range(TAKES):
                archive.store(noise, 44100, TakeRecord(f"sound {number}", bank="bench", rendered_at=float(number)))
            archive.close()
            with PlayedShow(Path(folder), with_page=True) as show:
                time.sleep(SETTLE)
                times, lost = _measure(show.address, answers, job, count)
        cuts = statistics.quantiles(times, n=100, method="inclusive")
        print(
            f"| {name} | {len(times)} | {cuts[49]:.0f} ms | {cuts[94]:.0f} ms | {max(times):.0f} ms | {lost} |",
            flush=True,
        )


_CASES: dict[str, tuple[Callable[..., Any], int]] = {
    "nobody": (_turn, 0),
    "one turns archive sheets": (_turn, 1),
    "one reloads without end": (_reload, 1),
    "eight reload without end": (_reload, 8),
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=40)
    main(parser.parse_args().answers)
