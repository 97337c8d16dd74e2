"""How far apart two browsers show the same: the milliseconds between a take in its slot in one window and in the other.

    uv run python -m benchmarks.page_together [--presses 100]

Two windows of headless Chromium on the machine of the show, at the lowest priority, each note when a slot first names a
take. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from selenium import webdriver

from benchmarks.page_latency import SETTLE, PlayedShow, browser

#: Notes the moment, in milliseconds since 1970, at which each take is first seen in a slot.
WATCH = """
window.takesSeen = {};
const look = () => {
    const now = performance.timeOrigin + performance.now();
    for (const slot of document.querySelectorAll('.slot')) window.takesSeen[slot.dataset.take] ??= now;
};
look();
window.takesSeen = Object.fromEntries(Object.keys(window.takesSeen).map((take) => [take, 0]));
new MutationObserver(look).observe(document.body, {subtree: true, attributes: true, childList: true});
"""


def main(presses: int) -> None:
    """Press, and print how far apart the windows were."""
    with (
        tempfile.TemporaryDirectory() as folder,
        PlayedShow(Path(folder), with_page=True) as show,
        browser(show.address, 2) as driver,
    ):
        for window in driver.window_handles:
            driver.switch_to.window(window)
            driver.execute_script(WATCH)
        show.measure(presses)
        time.sleep(SETTLE)
        first, second = (_seen(driver, window) for window in driver.window_handles)
    # A page that is behind may leave out a take that another one follows at once.
    apart = [abs(first[take] - second[take]) for take in first.keys() & second.keys()]
    cuts = statistics.quantiles(apart, n=100, method="inclusive")
    print("| takes seen by both | p50 | p95 | p99 | worst |\n|---|---|---|---|---|")
    print(f"| {len(apart)} | {' | '.join(f'{value:.1f} ms' for value in (cuts[49], cuts[94], cuts[98], max(apart)))} |")


def _seen(driver: webdriver.Chrome, window: str) -> dict[str, float]:
    """The moment each take was seen in a window, without those that were there before."""
    driver.switch_to.window(window)
    seen: dict[str, float] = driver.execute_script("return window.takesSeen")
    return {take: moment for take, moment in seen.items() if moment}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presses", type=int, default=100)
    main(parser.parse_args().presses)
