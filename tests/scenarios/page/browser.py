"""A browser as a performer uses it: every wait is for something that stays once it is there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.scenarios.page.show import PATIENCE

#: What is drawn anew, still slides in, or lies under something that slides away: asked again until it is there.
NOT_YET = (StaleElementReferenceException, ElementNotInteractableException, ElementClickInterceptedException)
#: Seconds between two looks, at first and at last.
SOON, SELDOM = 0.02, 0.1
#: Whether everything has come to rest. A pad that pulses goes on for ever, and moves nothing.
AT_REST = """
return !document.querySelector('.q-ripple__inner') && document.getAnimations().every(
    (one) => one.playState !== 'running' || one.effect.getComputedTiming().iterations === Infinity);
"""
#: How many clicks a page has left out (see page.js).
LEFT_OUT = "return Number(sessionStorage.leftOut ?? 0)"
#: The first element of a selector whose text, as it is seen, is a text, or has it in it, as written or in any case. To
#: ask each element for its text takes the browser a hundred times as long.
WITH_TEXT = """
const [css, text, how] = arguments;
const seen = (one) => one.getClientRects().length ? one.innerText.trim() : '';
const fits = {
    is: (one) => seen(one) === text,
    has: (one) => seen(one).includes(text),
    spells: (one) => seen(one).toLowerCase().includes(text.toLowerCase()),
}[how];
return [...document.querySelectorAll(css)].find(fits) ?? null;
"""
#: What a page says that something waits for, or went wrong.
SAYS = ".q-notification, .q-dialog, .q-field--error, .notice, #popup[aria-hidden='false']"
#: The newest take that lies in a slot.
NEWEST_TAKE = "return Math.max(0, ...[...document.querySelectorAll('.slot')].map((slot) => slot.dataset.take))"


class Browser:
    """One page in one or more tabs, or windows, of the shared Chromium; the newest is the one that is used."""

    def __init__(self, driver: WebDriver, address: str, kind: str = "tab") -> None:
        self.driver = driver
        self.address = address
        self.kind = kind
        self.tabs: list[str] = []
        self.open()

    def open(self, address: str | None = None) -> str:
        """Open a page in a new tab."""
        self.driver.switch_to.new_window(self.kind)
        self.tabs.append(self.driver.current_window_handle)
        self.load(address or self.address)
        return self.tabs[-1]

    def load(self, address: str) -> None:
        self.driver.get(address)
        self.until(lambda: self.script("return !!document.querySelector('.pad, [data-edit]')"))
        # Connected: what is typed and pressed from now on arrives.
        self.until(lambda: self.script("return !!window.socket && window.socket.connected && window.did_handshake"))

    def use(self, tab: str) -> None:
        self.driver.switch_to.window(tab)

    def close(self) -> None:
        first = self.driver.window_handles[0]
        for tab in self.tabs:
            self.use(tab)
            assert self.script("return window.hacked") is None
            self.driver.close()
        self.use(first)

    # --- looking -----------------------------------------------------------------------------------------------------

    def until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """What ``condition`` finds at last; each look costs the browser something, so the longer, the fewer."""
        deadline, pause = time.monotonic() + seconds, SOON
        while time.monotonic() < deadline:
            with contextlib.suppress(*NOT_YET):
                if found := condition():
                    return found
            time.sleep(pause)
            pause = min(1.5 * pause, SELDOM)
        raise TimeoutException(f"it did not come about; the page says {self.texts(SAYS)}")

    def script(self, code: str, *arguments: Any) -> Any:
        return self.driver.execute_script(code, *arguments)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def find(self, css: str) -> WebElement:
        return self.until(lambda: next(iter(self.all(css)), None))

    def with_text(self, css: str, text: str, how: str = "has") -> WebElement | None:
        """The first of a selector that ``has`` a text, ``is`` just that, or ``spells`` it in any case; or None."""
        found: WebElement | None = self.script(WITH_TEXT, css, text, how)
        return found

    def text(self, css: str) -> str:
        return str(self.script("return document.querySelector(arguments[0])?.innerText ?? ''", css))

    def texts(self, css: str) -> list[str]:
        return list(self.script("return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)", css))

    def wait_for_text(self, css: str, text: str) -> None:
        self.until(lambda: text in self.text(css))

    def pad(self, key: int) -> WebElement:
        return self.find(f".pad[data-pad='{key}']")

    def wait_for_pad(self, key: int, state: str) -> None:
        """Wait for a state that lasts: how a press ended is shown for a moment, which a busy page may leave out."""
        self.until(lambda: self.pad(key).get_attribute("data-state") == state)

    def newest_take(self) -> int:
        return int(self.script(NEWEST_TAKE))

    def rest(self) -> None:
        """Wait until nothing moves."""
        self.until(lambda: self.script(AT_REST))

    def wait_until_nothing_renders(self) -> None:
        """Wait for what another test has left behind."""
        self.until(lambda: "0 queued" in self.text(".status") and not self.all(".log-line:is(.queued, .rendering)"))

    # --- doing -------------------------------------------------------------------------------------------------------

    def click(self, css: str, text: str = "") -> None:
        """Click what there is of this selector, and with this text in it."""
        self.until(lambda: self._click(css, text))

    def _click(self, css: str, text: str) -> bool:
        found = self.with_text(css, text)
        return found is not None and self._clicks(found)

    def _clicks(self, element: WebElement) -> bool:
        """Click; a page whose server is late to answer, as on a busy machine, leaves a click out, and it is none."""
        left_out = self.script(LEFT_OUT)
        element.click()
        return bool(self.script(LEFT_OUT) <= left_out)

    def type(self, css: str, *keys: str) -> None:
        self.until(lambda: self.find(css).send_keys(*keys) or True)

    def tab(self, name: str) -> None:
        """Go to one of the page's own tabs."""
        self.until(lambda: self._turns_to(name))

    def _turns_to(self, name: str) -> bool:
        found = self.with_text(".tabs .q-tab", name, "spells")
        if found is None or "q-tab--active" in str(found.get_attribute("class")):
            return found is not None
        # A page that is being drawn may lose a click.
        found.click()
        return False

    def type_prompt(self, text: str) -> None:
        self.type(".prompt .prompt-text textarea", Keys.CONTROL, "a")
        self.type(".prompt .prompt-text textarea", text)

    def button(self, text: str) -> None:
        """Click the button that says exactly this."""
        self.until(lambda: self._click_button(text))

    def _click_button(self, text: str) -> bool:
        found = self.with_text("button", text, "is")
        return found is not None and self._clicks(found)

    def press(self, key: int) -> None:
        """Click a pad."""
        self.until(lambda: self._clicks(self.pad(key)))

    def play(self, key: int) -> None:
        """Press a pad; wait until a new take lies in a slot."""
        newest = self.newest_take()
        self.press(key)
        self.until(lambda: self.newest_take() > newest)
