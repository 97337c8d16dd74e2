"""How long a press takes to be queued, with no page, with browsers on it, and with browsers that misbehave.

    uv run python -m benchmarks.page_latency [--presses 300] [--rounds 3]

A press arrives on a memory port, as a driver's thread would bring it; the clock stops when the pad's "queued" leaves on
the output port. Every press renders (`sketch`, in its own process), so bridge, engine, writer and page are all at work.
An open page is a client that loads it, connects and takes in every message but draws nothing, as a browser on another
device would have it; the last case is five windows of a real one (headless Chromium) on the same cores, at the lowest
priority. The
bare timer is a process that only sleeps: what it is late, the machine is. Prints a Markdown table; cases take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, TypeAlias

import mido
import socketio
from selenium import webdriver

from midifrag.config import loading
from midifrag.page import Page
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.states import PadState
from midifrag.surface import make_surface
from midifrag.surface.driver import PadLight
from tools.chromium import chromium

QUEUED = make_surface("echo").show(PadLight(0, 1, PadState.QUEUED))[0].velocity
#: Seconds between two presses: quicker than anybody plays one pad, with some unsteadiness.
EVERY, UNSTEADY = 0.05, 0.02
SETTLE = 2.0
_Case: TypeAlias = Callable[[str], contextlib.AbstractContextManager[None]]

SHOW = "model: sketch\nset_list: [bench]\nqueue: {size: 10000}\nengine: {spares: {enabled: false}}\n"
BANK = 'name: Bench\npads: {36: {prompt: "short kick", seconds: 0.3}}\n'


class PlayedShow:
    """A running show, and the time from each press to its answer."""

    def __init__(self, folder: Path, with_page: bool) -> None:
        (folder / "presets").mkdir(parents=True)
        (folder / "presets.yaml").write_text(SHOW)
        (folder / "presets" / "bench.yaml").write_text(BANK)
        flags = {"fragments": {"folder": str(folder / "fragments")}, "page": {"port": 0}}
        loaded = loading.load(folder / "presets.yaml", flags, environment={})
        self._answered = threading.Event()
        self._at = 0.0
        self._ports = ClipPorts("midifrag")
        self.runtime = Runtime(loaded, self._ports)
        if self._ports.backend is not None:
            # The moment at which it leaves, on the thread that sends it.
            self._ports.backend.record = self._sent  # type: ignore[method-assign]  # listens in
        self._page = Page(self.runtime, loaded.settings.page) if with_page else None
        self.address = self._page.address if self._page else ""

    def _sent(self, name: str, message: mido.Message) -> None:
        del name
        if message.type == "note_on" and message.velocity == QUEUED:
            self._at = time.perf_counter()
            self._answered.set()

    def __enter__(self) -> PlayedShow:
        self.runtime.start()
        if self._page:
            self._page.start()
        while self.runtime.engines.waiting():
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self._page:
            self._page.close()
        self.runtime.close()

    def measure(self, presses: int) -> list[float]:
        """Milliseconds from press to queued, one for each press."""
        unsteady = random.Random(1)
        times = []
        for _ in range(presses):
            time.sleep(EVERY + unsteady.uniform(0, UNSTEADY))
            self._answered.clear()
            began = time.perf_counter()
            self._ports.send(mido.Message("note_on", note=36, velocity=100))
            if not self._answered.wait(10.0):
                raise RuntimeError("a press was not answered")
            times.append((self._at - began) * 1000)
        return times


@contextlib.contextmanager
def browser(address: str, windows: int) -> Iterator[webdriver.Chrome]:
    """Chromium with the page in as many windows."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # The lowest priority leaves the cores to the show: on stage browsers are on devices of their own.
        driver = chromium(Path(profile), before=lambda: os.nice(19))
        try:
            for window in range(windows):
                if window:
                    driver.switch_to.new_window("window")
                driver.get(address)
            time.sleep(SETTLE)
            yield driver
        finally:
            driver.quit()


@contextlib.contextmanager
def bare_timer() -> Iterator[list[float]]:
    """A process that does nothing but sleep: how late it wakes, in milliseconds, is what the machine itself does."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_sleep, args=(theirs,), daemon=True)
    process.start()
    ours.recv()
    late: list[float] = []
    yield late
    ours.send(None)
    late += ours.recv()
    process.join()


def _sleep(pipe: Connection) -> None:
    """The process behind `bare_timer`."""
    pipe.send(None)
    late = []
    while not pipe.poll():
        began = time.perf_counter()
        time.sleep(0.005)
        late.append((time.perf_counter() - began - 0.005) * 1000)
    pipe.send(late)


@contextlib.contextmanager
def reader(address: str, pages: int, *, storm: bool = False) -> Iterator[SpawnProcess]:
    """Pages that are open on other devices: they load, connect and take in everything, and draw nothing here."""
    context = multiprocessing.get_context("spawn")
    connected = context.Event()
    process = context.Process(target=_read, args=(address, pages, storm, connected), daemon=True)
    process.start()
    try:
        if not connected.wait(60.0):
            raise RuntimeError("the pages did not connect")
        time.sleep(SETTLE)
        yield process
    finally:
        process.kill()
        process.join()


def _read(address: str, pages: int, storm: bool, connected: Any) -> None:
    """The process behind `reader`."""
    os.nice(19)

    async def load() -> str:
        page = await asyncio.to_thread(lambda: urllib.request.urlopen(address).read().decode())  # noqa: S310 — our own page
        found = re.search(r"client_id\W+([0-9a-f-]{36})", page)
        if found is None:
            raise RuntimeError("this is not the page")
        return found[1]

    async def read() -> None:
        clients = []
        for number in range(pages):
            client = socketio.AsyncClient()
            query = f"client_id={await load()}&tab_id={number}&document_id={number}&next_message_id=0"
            path = "/_nicegui_ws/socket.io"
            await client.connect(
                f"{address}?{query}&implicit_handshake=true", socketio_path=path, transports=["websocket"]
            )
            clients.append(client)
        connected.set()
        while storm:
            await load()
        await asyncio.gather(*(client.wait() for client in clients))

    asyncio.run(read())


@contextlib.contextmanager
def frozen(process: SpawnProcess) -> Iterator[None]:
    """It hangs: it keeps its sockets and reads nothing."""
    pid = process.pid or 0
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def main(presses: int, rounds: int) -> None:
    """Measure all cases in turn, ``rounds`` times, and print the table."""
    sys.setswitchinterval(0.0005)
    times: dict[str, list[float]] = {name: [] for name in _CASES}
    bare: dict[str, list[float]] = {name: [] for name in _CASES}
    for _ in range(rounds):
        for name, case in _CASES.items():
            pressed, late = _measured(case, presses // rounds)
            times[name] += pressed
            bare[name] += late
    print("| page | presses | p50 | p95 | p99 | worst | bare timer: p99 | worst |\n|---|---|---|---|---|---|---|---|")
    for name, all_times in times.items():
        cuts, bare_cuts = (statistics.quantiles(one, n=100) for one in (all_times, bare[name]))
        values = (cuts[49], cuts[94], cuts[98], max(all_times), bare_cuts[98], max(bare[name]))
        print(f"| {name} | {len(all_times)} | {' | '.join(f'{value:.2f} ms' for value in values)} |")


def _measured(case: _Case | None, presses: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each press in one case, in a show of its own, and how late a bare timer beside it was."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        show = stack.enter_context(PlayedShow(folder, with_page=case is not None))
        if case:
            stack.enter_context(case(show.address))
        time.sleep(SETTLE)
        show.measure(10)
        with bare_timer() as late:
            times = show.measure(presses)
    return times, late


@contextlib.contextmanager
def _open(address: str, pages: int) -> Iterator[None]:
    with reader(address, pages):
        yield


@contextlib.contextmanager
def _with_frozen(address: str) -> Iterator[None]:
    with reader(address, 4), reader(address, 1) as other, frozen(other):
        yield


@contextlib.contextmanager
def _with_storm(address: str) -> Iterator[None]:
    with reader(address, 4), reader(address, 1, storm=True):
        yield


@contextlib.contextmanager
def _in_chromium(address: str) -> Iterator[None]:
    with browser(address, 5):
        yield


_CASES: dict[str, _Case | None] = {
    "no page": None,
    "served, nobody looks": lambda _address: contextlib.nullcontext(),
    "one open": lambda address: _open(address, 1),
    "five open": lambda address: _open(address, 5),
    "five open, one hangs": _with_frozen,
    "five open, one reloads without end": _with_storm,
    "five open in Chromium on this machine": _in_chromium,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    main(given.presses, given.rounds)
