"""Three browsers that edit and play one show at the same time, at random; at the end each of them shows the same.

    uv run python -m tests.scenarios.page.together --minutes 10 [--seed 7]

Each step is what a performer does in one of three windows: pads, prompts, banks, tabs, slots, stars, takes that
are deleted and put back, edits that are saved, left, undone. After all of it, what every window shows is compared, and
with what the set's files say. Prints what broke that, with the seed and what was done last, and a row of figures.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.keys import Keys

from tests.scenarios.page.browser import Browser
from tests.scenarios.page.conftest import FLAGS
from tests.scenarios.page.show import PATIENCE, RunningShow
from tools.chromium import chromium

WINDOWS = 3
TABS = ("Play", "Archive", "Engine", "Set", "Learn")
#: Windows that are not in front go on as fast as the one that is.
AWAKE = (
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
)
#: What a click on a tab is stuck on, if it is.
STUCK = """
const tab = [...document.querySelectorAll(".tabs .q-tab")].find((one) => one.innerText.includes(arguments[0]));
const box = tab.getBoundingClientRect();
const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
const shown = Object.values(mounted_app.elements).filter((one) => ["q-tabs", "q-tab-panels"].includes(one.tag));
return {over: over && over.outerHTML.slice(0, 300), connected: socket.connected, handshake: window.did_handshake,
    popup: document.getElementById("popup")?.ariaHidden,
    values: shown.map((one) => [one.tag, one.props["model-value"]]),
    dialogs: [...document.querySelectorAll(".q-dialog")].map((one) => one.innerText)};
"""
#: What every window shows of the show and its set, but for what only its own performer chose.
SHOWN = {
    "banks": "[...document.querySelectorAll('.bank')].map((one) => [one.innerText, one.classList.contains('active')])",
    "pads": "[...document.querySelectorAll('.pad')].map((one) => [one.dataset.pad, one.dataset.state,"
    " one.querySelector('.pad-label').textContent])",
    "slots": "[...document.querySelectorAll('.slot')].map((one) => [one.dataset.take, one.classList.contains('locked'),"
    " one.querySelector('.slot-name').textContent])",
}
LISTED = (
    "[...document.querySelectorAll('.take')].map("
    "(one) => [one.dataset.take, one.querySelector('.take-note').textContent])"
)
EDITED = "[...document.querySelectorAll('[data-edit]')].map((one) => one.innerText)"
SET_LIST = "[...document.querySelectorAll('.set-row input')].map((one) => one.value)"


#: Looks away from what is told until it is seen: it may lie over what is to be clicked next.
LOOK_AWAY = "document.querySelectorAll('.q-notification__actions button').forEach((one) => one.click())"


#: How what is asked is answered: what is typed is left, and what was begun is done.
ANSWERS = ("Leave it for later", "Keep for later", "Overwrite", "Go on", "Cancel")


class Attentive(Browser):
    """A browser whose performer closes what is told, as it comes, and answers what is asked."""

    _answers = False

    def until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        looks = 0

        def look() -> Any:
            nonlocal looks
            looks += 1
            self.script(LOOK_AWAY)
            # Questions come a moment after what leads to them.
            if looks > 1:
                self.answer()
            return condition()

        return super().until(look, seconds)

    def answer(self) -> None:
        """Answer the question that is open, if one is."""
        if self._answers:
            return
        self._answers = True
        try:
            for answer in ANSWERS:
                if any(one.text.strip() == answer for one in self.all(".q-dialog button")):
                    self.button(answer)
                    self.until(lambda: not self.all(".q-dialog"))
                    return
        finally:
            self._answers = False


class StuckError(AssertionError):
    """A click on a tab that leads nowhere."""


class Together:
    """Three windows of ``driver`` on a show, and what is done in them under a seed."""

    def __init__(self, driver: WebDriver, show: RunningShow, seed: int) -> None:
        self._dice = random.Random(seed)
        self.show = show
        self.browser = Attentive(driver, show.address, kind="window")
        for _ in range(WINDOWS - 1):
            self.browser.open()
        self.done: Counter[str] = Counter()
        self.last: list[str] = []
        self._count = 0

    def close(self) -> None:
        """Close the windows."""
        self.browser.close()

    # --- what is done ------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Do one thing in one window."""
        window = self._dice.randrange(WINDOWS)
        self.browser.use(self.browser.tabs[window])
        deeds: list[tuple[Callable[[], None], int]] = [
            (self._press, 4), (self._render, 1), (self._bank, 1), (self._turn_anywhere, 2), (self._slot, 2),
            (self._take, 3), (self._edit, 4), (self._leave, 2), (self._undo, 2), (self._name, 1), (self._reload, 1),
        ]  # fmt: skip
        deed = self._dice.choices([one for one, _ in deeds], [weight for _, weight in deeds])[0]
        name = deed.__name__.strip("_")
        self.last = [*self.last[-20:], f"window {window}: {name}"]
        self.browser.answer()
        deed()
        self.browser.answer()
        self.done[name] += 1

    def turn(self, name: str) -> None:
        """Click a tab, once; whoever is asked what becomes of what is typed leaves it."""
        found = self.browser.until(
            lambda: next((one for one in self.browser.all(".tabs .q-tab") if name in one.text), None)
        )
        if "q-tab--active" in str(found.get_attribute("class")):
            return
        self.browser.until(lambda: found.click() or True)

        try:
            self.browser.until(lambda: name in self.browser.text(".tabs .q-tab--active"))
        except Exception as error:
            raise StuckError(f"{name}: {self.browser.script(STUCK, name)}") from error

    def _press(self) -> None:
        self.turn("Play")
        pad = self._dice.choice(["36", "36", "51"])
        self.browser.script("document.querySelector(`.pad[data-pad='${arguments[0]}']`)?.focus()", pad)
        if self.browser.all(f".pad[data-pad='{pad}']"):
            self.browser.click(f".pad[data-pad='{pad}']")

    def _render(self) -> None:
        self.turn("Play")
        self._count += 1
        self.browser.type_prompt(f"rain {self._count}")
        self.browser.type(".prompt .prompt-text textarea", Keys.CONTROL, Keys.ENTER)

    def _bank(self) -> None:
        self.browser.click(".bank", self._dice.choice(self.browser.texts(".bank")))

    def _turn_anywhere(self) -> None:
        self.turn(self._dice.choice(TABS))

    def _slot(self) -> None:
        self.turn("Play")
        number = self._dice.randrange(4) + 1
        css = self._dice.choice([".slot-buttons button:first-child", ".slot-wave:not([disabled])"])
        if self.browser.all(f".slot:nth-child({number}) {css}"):
            self.browser.click(f".slot:nth-child({number}) {css}")

    def _take(self) -> None:
        self.turn("Archive")
        title = self._dice.choice(["Star", "Take the star away", "Delete: it goes to the trash", "Undo"])
        css = ".undo-delete:not(.hidden)" if title == "Undo" else f".take button[title='{title}']"
        if self.browser.all(css):
            self.browser.click(css)

    def _open_pad(self) -> bool:
        self.turn("Set")
        pads = self.browser.all(".editor-pad")
        if not pads:
            return False
        pad = str(self._dice.choice(pads).get_attribute("data-edit"))
        self.browser.click(f"[data-edit='{pad}']")
        self.browser.until(lambda: "chosen" in str(self.browser.find(f"[data-edit='{pad}']").get_attribute("class")))
        self._count += 1
        self.browser.type(".editor-form .field-name input", Keys.CONTROL, "a")
        self.browser.type(".editor-form .field-name input", f"name {self._count}")
        return True

    def _edit(self) -> None:
        if self._open_pad():
            self.browser.button("Save pad")

    def _leave(self) -> None:
        """Half typed, and gone."""
        if self._open_pad():
            self.turn(self._dice.choice(["Play", "Archive"]))

    def _undo(self) -> None:
        self.turn("Set")
        icon = self._dice.choice(["Undo", "Undo", "Do "])
        found = [one for one in self.browser.all(".editor-buttons button") if one.text.strip().startswith(icon)]
        if found and found[0].is_enabled():
            self.browser.until(lambda: found[0].click() or True)

    def _name(self) -> None:
        self.turn("Set")
        field = f".set-row:nth-child({self._dice.randrange(2) + 1}) input"
        self._count += 1
        self.browser.type(field, Keys.CONTROL, "a")
        self.browser.type(field, f"Bank {self._count}", *([Keys.ENTER] if self._dice.random() < 0.7 else []))

    def _reload(self) -> None:
        self.browser.driver.refresh()
        self.browser.until(lambda: self.browser.script("return !!window.socket?.connected && window.did_handshake"))

    # --- what is so at the end ---------------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """Leave nothing half done: nothing renders, nothing is typed, nothing is locked."""
        for window in self.browser.tabs:
            self.browser.use(window)
            self.browser.answer()
            self.turn("Set")
            # What is typed and not saved is that performer's own.
            self.browser.script("sessionStorage.clear()")
            self.browser.load(f"{self.show.address}/?tab=play")
        self.browser.until(lambda: not self.browser.all(".log-line:is(.queued, .rendering)"))

    def shown(self, window: str) -> dict[str, Any]:
        """What one window shows, tab by tab."""
        self.browser.use(window)
        found = {name: self.browser.script(f"return {code}") for name, code in SHOWN.items()}
        self.turn("Archive")
        self.browser.until(lambda: self.browser.text(".sheet-count"))
        found["archive"] = [self.browser.text(".sheet-count"), self.browser.script(f"return {LISTED}")]
        self.turn("Set")
        self.browser.until(lambda: self.browser.all("[data-edit]"))
        found["set"] = [self.browser.script(f"return {code}") for code in (EDITED, SET_LIST)]
        self.turn("Play")
        return found

    def compare(self) -> None:
        """Assert that all windows show the same, and what the files say."""
        self.come_to_rest()

        def alike() -> bool:
            seen = [self.shown(window) for window in self.browser.tabs]
            self.differ = {
                name: [one[name] for one in seen] for name in seen[0] if any(one[name] != seen[0][name] for one in seen)
            }
            return not self.differ

        try:
            self.browser.until(alike)
        except Exception as error:
            raise AssertionError(f"the windows differ: {self.differ}") from error
        said = [(self.show.folder / "presets" / f"{slug}.yaml").read_text() for slug in ("opening", "second")]
        for name in self.browser.texts(".bank"):
            assert any(f"name: {name}" in text or f'name: "{name}"' in text for text in said), name
        told = self.show.output.read_text()
        assert "the page had trouble" not in told, told
        assert "Traceback" not in told, told


def play(driver: WebDriver, show: RunningShow, seed: int, until: Callable[[Together], bool]) -> Together:
    """Do things in three windows until it is enough, and compare; what fails says what was done last."""
    together = Together(driver, show, seed)
    try:
        while not until(together):
            together.step()
        together.compare()
    except Exception as error:
        raise AssertionError("; ".join([f"seed {seed}", *together.last, str(error)])) from error
    finally:
        together.close()
    return together


def main(minutes: float, seed: int) -> None:
    """Play for so long, and print what was done."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        show = RunningShow(folder / "show")
        driver = chromium(folder / "profile", *FLAGS, *AWAKE)
        ends = time.monotonic() + 60 * minutes
        try:
            together = play(driver, show, seed, lambda _: time.monotonic() > ends)
        finally:
            driver.quit()
            show.stop()
    names = sorted(together.done)
    print(f"| seed | steps | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
    print(f"| {seed} | {together.done.total()} | {' | '.join(str(together.done[name]) for name in names)} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    main(given.minutes, given.seed)
