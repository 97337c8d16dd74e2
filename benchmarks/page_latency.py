"""How long a press takes to be queued, with no page, with browsers on it, and with browsers that misbehave.

    uv run python -m benchmarks.page_latency [--presses 300] [--rounds 3]

A press arrives on a memory port, as a driver's thread would bring it; the clock stops when the pad's "queued" leaves on
the output port. Every press renders (`sketch`, in its own process), so bridge, engine, writer and page are all at work.
Browsers are real ones (headless Chromium, one window each) on the same machine, at the lowest priority. Prints a
Markdown table; cases take turns, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import mido
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from midifrag import config
from midifrag.events import PadState
from midifrag.midi.memory import memory_ports
from midifrag.page import Page
from midifrag.runtime import Runtime
from midifrag.surface.echo import VELOCITIES

#: Seconds between two presses: quicker than anybody plays one pad, with some unsteadiness.
EVERY, UNSTEADY = 0.05, 0.02
SETTLE = 2.0
_Case: TypeAlias = Callable[[str], contextlib.AbstractContextManager[None]]

SHOW = "model: sketch\nset_list: [bench]\nqueue: {size: 10000}\nengine: {spares: {enabled: false}}\n"
BANK = 'name: Bench\npads: {36: {prompt: "short kick", seconds: 0.3}}\n'


class Show:
    """A running show, and the time from each press to its answer."""

    def __init__(self, folder: Path, with_page: bool) -> None:
        (folder / "presets").mkdir(parents=True)
        (folder / "presets.yaml").write_text(SHOW)
        (folder / "presets" / "bench.yaml").write_text(BANK)
        flags = {"fragments": {"folder": str(folder / "fragments")}, "page": {"port": 0}}
        loaded = config.load(folder / "presets.yaml", flags, environment={})
        self._answered = threading.Event()
        self._at = 0.0
        self.runtime = Runtime(loaded, self._ports)
        self._page = Page(self.runtime, loaded.show.page) if with_page else None
        self.address = self._page.address if self._page else ""

    def _ports(self, *wiring: Any) -> Any:
        ports, self._backend = memory_ports(*wiring)
        self._backend.record = self._sent  # type: ignore[method-assign]
        return ports

    def _sent(self, _name: str, message: mido.Message) -> None:
        if message.type == "note_on" and message.velocity == VELOCITIES[PadState.QUEUED]:
            self._at = time.perf_counter()
            self._answered.set()

    def __enter__(self) -> Show:
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
            self._backend.play("midifrag", mido.Message("note_on", note=36, velocity=100))
            if not self._answered.wait(10.0):
                raise RuntimeError("a press was not answered")
            times.append((self._at - began) * 1000)
        return times


@contextlib.contextmanager
def browser(address: str, windows: int) -> Iterator[webdriver.Chrome]:
    """Chromium with the page in as many windows."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
            options.add_argument(flag)
        for flag in ("--disable-component-update", "--disable-sync", "--no-first-run", f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=_service())
        try:
            for window in range(windows):
                if window:
                    driver.switch_to.new_window("window")
                driver.get(address)
            time.sleep(SETTLE)
            yield driver
        finally:
            driver.quit()


def _service() -> Service:
    """A driver whose browsers leave the cores to the show: on stage they are on devices of their own."""
    return Service("/usr/bin/chromedriver", popen_kw={"preexec_fn": lambda: os.nice(19)})


@contextlib.contextmanager
def frozen(driver: webdriver.Chrome) -> Iterator[None]:
    """The browser hangs: it keeps its sockets and reads nothing."""
    process = driver.service.process
    assert process is not None
    family = _family(process.pid)
    for pid in family:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def storm(driver: webdriver.Chrome, address: str) -> Iterator[None]:
    """The page is loaded anew, again and again."""
    over = threading.Event()

    def reload() -> None:
        while not over.is_set():
            driver.get(address)

    thread = threading.Thread(target=reload)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _family(pid: int) -> list[int]:
    """The processes that ``pid`` started, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for child in children for one in (int(child), *_family(int(child)))]


def main(presses: int, rounds: int) -> None:
    """Measure all cases in turn, ``rounds`` times, and print the table."""
    sys.setswitchinterval(0.0005)
    times: dict[str, list[float]] = {name: [] for name in _CASES}
    loads: dict[str, list[float]] = {name: [] for name in _CASES}
    for _ in range(rounds):
        for name, case in _CASES.items():
            times[name] += _measured(case, presses // rounds)
            loads[name].append(os.getloadavg()[0])
    print("| page | presses | p50 | p95 | p99 | worst | load average |\n|---|---|---|---|---|---|---|")
    for name, all_times in times.items():
        cuts = statistics.quantiles(all_times, n=100)
        columns = [f"{value:.2f} ms" for value in (cuts[49], cuts[94], cuts[98], max(all_times))]
        print(f"| {name} | {len(all_times)} | {' | '.join(columns)} | {statistics.mean(loads[name]):.1f} |")


def _measured(case: _Case | None, presses: int) -> list[float]:
    """Milliseconds of each press in one case, in a show of its own; the first few, which warm up, are left out."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        show = stack.enter_context(Show(folder, with_page=case is not None))
        if case:
            stack.enter_context(case(show.address))
        show.measure(10)
        return show.measure(presses)


@contextlib.contextmanager
def _open(address: str, windows: int) -> Iterator[None]:
    with browser(address, windows):
        yield


@contextlib.contextmanager
def _with_frozen(address: str) -> Iterator[None]:
    with browser(address, 4), browser(address, 1) as other, frozen(other):
        yield


@contextlib.contextmanager
def _with_storm(address: str) -> Iterator[None]:
    with browser(address, 4), browser(address, 1) as other, storm(other, address):
        yield


_CASES: dict[str, _Case | None] = {
    "no page": None,
    "served, nobody looks": lambda _address: contextlib.nullcontext(),
    "one open": lambda address: _open(address, 1),
    "five open": lambda address: _open(address, 5),
    "five open, one hangs": _with_frozen,
    "five open, one reloads without end": _with_storm,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    main(given.presses, given.rounds)
