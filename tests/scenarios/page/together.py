"""Three browsers edit and play one show at the same time; at the end all of them show the same, and the file says it.

uv run python -m tests.scenarios.page.together [--minutes 10] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from selenium.webdriver.common.keys import Keys

from midifrag.clock import monotonic
from tests.scenarios.page.browser import Browser
from tests.scenarios.page.show import RunningShow
from tools.chromium import chromium

#: What everybody sees of the show: banks, pads, and what lies in the slots.
SEEN = """
const texts = (css) => [...document.querySelectorAll(css)].map((e) => e.textContent);
return JSON.stringify({
    banks: [...document.querySelectorAll('.bank')].map((e) => [e.textContent, e.ariaPressed]),
    pads: texts('.pad-label'), states: [...document.querySelectorAll('.pad')].map((e) => e.dataset.state),
    slots: [...document.querySelectorAll('.slot')].map((e) => [e.dataset.take, e.className.replace(' sounds', '')]),
    log: texts('.log-line'), notice: texts('.notice'), queue: texts('.status-numbers > *'),
});
"""
#: The pads that are edited, each by one browser alone or by all.
OWN, SHARED = (36, 38, 51), 36


class Three:
    """Three tabs of one browser, each with a page of the show."""

    def __init__(self, browser: Browser, seed: int) -> None:
        self.browser = browser
        self.dice = random.Random(seed)
        self.tabs = [browser.tabs[-1], browser.open(), browser.open()]
        self.prompts: dict[int, str] = {}
        self.count = 0

    def step(self) -> None:
        """One of them does one thing."""
        at = self.dice.randrange(3)
        self.browser.use(self.tabs[at])
        self.dice.choice([self._press, self._render, self._lock, lambda: self._edit(OWN[at])])()
        self.count += 1

    def _press(self) -> None:
        self.browser.tab("Play")
        self.browser.pad(SHARED).click()

    def _render(self) -> None:
        self.browser.tab("Play")
        self.browser.type_prompt(f"sound {self.count}")
        self.browser.type(".prompt .field-seconds input", Keys.CONTROL, "a")
        self.browser.type(".prompt .field-seconds input", "0.3")
        self.browser.button("Render")

    def _lock(self) -> None:
        self.browser.tab("Play")
        self.browser.click(".slot:nth-child(4) .slot-buttons button:first-child")

    def _edit(self, key: int) -> None:
        """Change a pad's prompt. Whoever has it open elsewhere has typed nothing there, and follows."""
        self.browser.tab("Set")
        self.browser.click(f"[data-edit='{key}']")
        prompt = ".editor-form .prompt-text textarea"
        self.browser.until(lambda: "chosen" in str(self.browser.find(f"[data-edit='{key}']").get_attribute("class")))
        self.browser.type(prompt, Keys.CONTROL, "a")
        self.browser.type(prompt, f"edit {self.count}")
        self.browser.button("Save pad")
        self.browser.until(lambda: not self.browser.all(f"[data-edit='{key}'].unsaved"))
        self.prompts[key] = f"edit {self.count}"

    def end(self, bank: Path) -> None:
        """Everybody comes to rest, and shows the same."""
        for tab in self.tabs:
            self.browser.use(tab)
            self.browser.tab("Play")
        self.browser.wait_until_nothing_renders()

        def same() -> bool:
            seen = []
            for tab in self.tabs:
                self.browser.use(tab)
                seen.append(self.browser.script(SEEN))
            return len(set(seen)) == 1

        self.browser.until(same)
        pads = yaml.safe_load(bank.read_text("utf-8"))["pads"]
        assert {key: pads[key]["prompt"] for key in self.prompts} == self.prompts


def steps(minutes: float, clock: Callable[[], float] = monotonic) -> Iterator[None]:
    """So many steps as there is time for."""
    end = clock() + 60 * minutes
    while clock() < end:
        yield


def main() -> None:
    """Play for as long as is asked for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        show = RunningShow(Path(folder) / "show")
        driver = chromium(Path(folder) / "chromium", "--window-size=1280,800")
        try:
            three = Three(Browser(driver, show.address), asked.seed)
            for _ in steps(asked.minutes):
                three.step()
            three.end(show.folder / "presets" / "opening.yaml")
            print(f"{three.count} steps of three browsers, seed {asked.seed}: all show the same")
        finally:
            driver.quit()
            show.stop()


if __name__ == "__main__":
    main()
