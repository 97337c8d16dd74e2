"""A browser as a performer uses it: every wait is for something that can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.page.show import PATIENCE


class Browser:
    """One page in one or more tabs of the shared Chromium; the newest tab is the one that is used."""

    def __init__(self, driver: WebDriver, address: str) -> None:
        self.driver = driver
        self.address = address
        self.tabs: list[str] = []
        self.open()

    def open(self, address: str | None = None) -> str:
        """Open a page in a new tab."""
        self.driver.switch_to.new_window("tab")
        self.tabs.append(self.driver.current_window_handle)
        self.load(address or self.address)
        return self.tabs[-1]

    def load(self, address: str) -> None:
        self.driver.get(address)
        self.until(lambda: self.script("return !!document.querySelector('.pad')"))
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

    def until(self, condition: Callable[[], Any]) -> Any:
        wait = WebDriverWait(self.driver, PATIENCE, 0.02, (StaleElementReferenceException,))
        return wait.until(lambda _driver: condition())

    def script(self, code: str, *arguments: Any) -> Any:
        return self.driver.execute_script(code, *arguments)

    def find(self, css: str) -> WebElement:
        return self.until(lambda: next(iter(self.driver.find_elements(By.CSS_SELECTOR, css)), None))

    def text(self, css: str) -> str:
        return str(self.script("return document.querySelector(arguments[0])?.innerText ?? ''", css))

    def wait_for_text(self, css: str, text: str) -> None:
        self.until(lambda: text in self.text(css))

    def pad(self, key: int) -> WebElement:
        return self.find(f".pad[data-pad='{key}']")

    def pad_state(self, key: int) -> str:
        return str(self.script(f"return document.querySelector(\"[data-pad='{key}']\")?.dataset.state"))

    # --- doing -------------------------------------------------------------------------------------------------------

    def tab(self, name: str) -> None:
        """Go to one of the page's own tabs."""
        self.until(lambda: self._click_tab(name))

    def _click_tab(self, name: str) -> bool:
        for tab in self.driver.find_elements(By.CSS_SELECTOR, ".tabs .q-tab"):
            if tab.text.strip().endswith(name):
                tab.click()
                return True
        return False

    def type_prompt(self, text: str) -> None:
        box = self.find(".prompt .prompt-text textarea")
        box.send_keys(Keys.CONTROL, "a")
        box.send_keys(text)

    def button(self, text: str) -> WebElement:
        return self.until(
            lambda: next(
                (one for one in self.driver.find_elements(By.CSS_SELECTOR, "button") if one.text.strip() == text), None
            )
        )
