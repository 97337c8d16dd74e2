"""What the page costs: a load, a press until it is seen, a minute in which nothing happens, and what it fetches.

    uv run python -m benchmarks.page_load [--loads 20] [--presses 50] [--idle 60]

A show with `sketch` plays beside headless Chromium on the same machine, at the lowest priority. A load is measured
by the browser itself, from the navigation to the first pad that is drawn; what it costs the page's process is that
process's own time. A press is one on a port; it is seen when a window's document first shows it as queued, rendering or
landed. In the idle minute, what each window is sent is counted by the window. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mido
import psutil
from selenium import webdriver

from benchmarks.page_latency import PlayedShow, browser

#: Windows that are open while presses and the idle minute are measured.
WINDOWS = 5
#: Seconds between two presses: the pad has shown long enough by then how the one before ended.
APART = 2.5
#: Seconds that a load or a press may take before it counts as lost.
PATIENCE = 30.0
#: Milliseconds from the navigation until a pad is drawn, and until it is connected.
LOADED = """
const done = arguments[arguments.length - 1];
const look = () => {
    if (!document.querySelector(".pad") || !window.socket?.connected) return requestAnimationFrame(look);
    requestAnimationFrame(() => done(performance.now()));
};
look();
"""
#: When a press is seen, in milliseconds since 1970: its pad is on the way, or, where that was over before it could be
#: drawn, its take is in a slot.
WATCH = """
window.seen = [];
const takes = () => [...document.querySelectorAll(".slot")].map((one) => one.dataset.take);
const known = new Set(takes());
let before = "";
new MutationObserver(() => {
    const state = document.querySelector(".pad[data-pad='36']")?.dataset.state;
    const landed = takes().filter((take) => !known.has(take));
    landed.forEach((take) => known.add(take));
    if (landed.length || (["queued", "rendering"].includes(state) && state !== before))
        window.seen.push(performance.timeOrigin + performance.now());
    before = state;
}).observe(document.body, {subtree: true, attributes: true, childList: true});
"""
#: Counts what comes over the socket from now on.
COUNT = """
window.came = {messages: 0, bytes: 0};
window.socket.io.engine.on("packet", (packet) => {
    window.came.messages++;
    window.came.bytes += typeof packet.data === "string" ? packet.data.length : 0;
});
"""
FETCHED = """
return performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation")).map((one) =>
    [new URL(one.name).pathname, one.transferSize, one.encodedBodySize, one.decodedBodySize]);
"""


class Measured(PlayedShow):
    """A show whose page's process is known."""

    @property
    def page_process(self) -> psutil.Process:
        """The process that serves the page."""
        children = psutil.Process().children()
        return next(one for one in children if one.net_connections("tcp") and "spawn_main" in " ".join(one.cmdline()))

    def press(self) -> float:
        """Press the pad; the moment, in milliseconds since 1970."""
        at = time.time() * 1000
        self._ports.send(mido.Message("note_on", note=36, velocity=100))
        return at


def main(loads: int, presses: int, idle: float) -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as folder, (show := Measured(Path(folder), with_page=True)):
        page = show.page_process
        with browser(show.address, 1) as driver:
            _loads(driver, show.address, page, loads)
        with browser(show.address, WINDOWS) as driver:
            _presses(driver, show, presses)
            _idle(driver, page, idle)


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _loads(driver: webdriver.Chrome, address: str, page: psutil.Process, loads: int) -> None:
    driver.set_script_timeout(PATIENCE)
    driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    taken, spent, fetched = [], [], []
    for _ in range(loads):
        driver.get("about:blank")
        before = _spent(page)
        driver.get(address)
        taken.append(float(driver.execute_async_script(LOADED)))
        fetched.append(driver.execute_script(FETCHED))
        # Each device has a share of the page's time: who loads too often waits.
        time.sleep(2.0)
        spent.append(_spent(page) - before)
    print("| loads | first: until a pad is drawn | p50 of the others | worst | processor time of the page a load |")
    print("|---|---|---|---|---|")
    others = taken[1:] or taken
    print(
        f"| {loads} | {taken[0]:.0f} ms | {statistics.median(others):.0f} ms | {max(others):.0f} ms "
        f"| {1000 * statistics.median(spent):.0f} ms |\n"
    )
    print("| what is fetched | files | over the network | unpacked |\n|---|---|---|---|")
    for what, rows in (("the first time", fetched[0]), ("again", fetched[-1])):
        sent, whole = sum(row[1] for row in rows), sum(row[3] for row in rows)
        print(
            f"| {what} | {sum(row[1] > 0 for row in rows)} of {len(rows)} "
            f"| {sent / 1000:.0f} kB | {whole / 1000:.0f} kB |"
        )
    for path, sent, _, whole in sorted(fetched[-1], key=lambda row: -row[1])[:5]:
        print(f"| {path} again | | {sent / 1000:.1f} kB | {whole / 1000:.1f} kB |")
    print()


def _presses(driver: webdriver.Chrome, show: Measured, presses: int) -> None:
    for window in driver.window_handles:
        driver.switch_to.window(window)
        driver.execute_script(WATCH)
    pressed = []
    for _ in range(presses):
        pressed.append(show.press())
        time.sleep(APART)
    rows: list[list[float]] = []
    for window in driver.window_handles:
        driver.switch_to.window(window)
        rows.append(_late(pressed, driver.execute_script("return window.seen ?? []")))
    every = [late for row in rows for late in row]
    cuts = statistics.quantiles(every, n=100, method="inclusive")
    print("| a press until it is seen | seen | p50 | p95 | p99 | worst |\n|---|---|---|---|---|---|")
    values = " | ".join(f"{one:.0f} ms" for one in (cuts[49], cuts[94], cuts[98], max(every)))
    print(f"| {len(rows)} windows open | {len(every)} of {len(rows) * presses} | {values} |\n")


def _late(pressed: Sequence[float], seen: Sequence[float]) -> list[float]:
    """How much later each press was seen; one that was not seen before the next is left out."""
    bounds = [*pressed[1:], pressed[-1] + 1000 * PATIENCE]
    firsts = (
        min((one - at for one in seen if at <= one < end), default=None)
        for at, end in zip(pressed, bounds, strict=True)
    )
    return [one for one in firsts if one is not None]


def _idle(driver: webdriver.Chrome, page: psutil.Process, idle: float) -> None:
    # What landed last has settled.
    time.sleep(5.0)
    for window in driver.window_handles:
        driver.switch_to.window(window)
        driver.execute_script(COUNT)
    before, began = _spent(page), time.monotonic()
    time.sleep(idle)
    spent, passed = _spent(page) - before, time.monotonic() - began
    came: list[dict[str, Any]] = []
    for window in driver.window_handles:
        driver.switch_to.window(window)
        found = driver.execute_script("return window.came ?? null")
        # One that has loaded the page anew meanwhile says nothing.
        came += [found] if found else []
    messages, size = (statistics.mean(one[name] for one in came) / passed for name in ("messages", "bytes"))
    print("| nothing happens | messages a second to a window | bytes a second | processor time of the page |")
    print("|---|---|---|---|")
    print(f"| {len(came)} windows open | {messages:.2f} | {size:.0f} | {100 * spent / passed:.2f} % of a core |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=20)
    parser.add_argument("--presses", type=int, default=50)
    parser.add_argument("--idle", type=float, default=60.0)
    given = parser.parse_args()
    main(given.loads, given.presses, given.idle)
