"""A connection that is lost: what is pressed meanwhile is left out and told, and the page comes back by itself."""

import pytest
from selenium.webdriver.common.keys import Keys

from midifrag.fragment.archive import Archive

KICK = "short dark kick"
#: Milliseconds after which nobody means a press any more; twice what the page takes for late.
OVER = 4000


@pytest.fixture
def archive(show):
    opened = Archive(show.fragments / "archive")
    yield opened
    opened.close()


def press_three_times(browser):
    for _ in range(3):
        browser.pad(36).click()


def renders_one(browser, archive, count):
    """One more press makes one more take, and none of those before it does."""
    browser.until(lambda: browser.script("return window.socket.connected"))
    browser.play(36)
    browser.wait_until_nothing_renders()
    assert archive.count(KICK) == count + 1


def test_presses_made_while_the_connection_is_lost_are_left_out_and_told(browser, archive):
    count = archive.count(KICK)
    browser.script("window.socket.disconnect()")
    press_three_times(browser)
    browser.wait_for_text("#popup", "3 pressed meanwhile are left out.")
    browser.script("window.socket.connect()")
    browser.wait_for_text(".q-notifications", "The connection was lost: 3 presses were left out.")
    renders_one(browser, archive, count)


def test_a_take_that_is_dropped_without_a_connection_is_left_out_and_told(browser):
    dropped = """
        const data = new DataTransfer();
        data.setData("text/midifrag-take", "1");
        const event = {bubbles: true, cancelable: true, dataTransfer: data};
        document.querySelector(".slot").dispatchEvent(new DragEvent("drop", event));
    """
    browser.script("window.socket.disconnect()")
    browser.script(dropped)
    browser.wait_for_text("#popup", "1 pressed meanwhile are left out.")
    browser.script("window.socket.connect()")
    browser.wait_for_text(".q-notifications", "The connection was lost: 1 presses were left out.")


def test_presses_that_a_network_holds_back_are_left_out_and_told(browser, show, archive):
    count = archive.count(KICK)
    # Once the page has heard the server's clock.
    browser.until(lambda: browser.script("return window.socket.connected"))
    with show.page_at_rest():
        press_three_times(browser)
        began = browser.script("return performance.now()")
        browser.until(lambda: browser.script("return performance.now()") > began + OVER)
        press_three_times(browser)
        browser.wait_for_text("#popup", "3 pressed meanwhile are left out.")
    browser.wait_for_text(".q-notifications", "The connection was lost: 3 presses were left out.")
    renders_one(browser, archive, count)


def test_a_lost_connection_is_large_at_once_and_pads_look_lost_until_it_is_back(browser):
    told = "const s = getComputedStyle(document.getElementById('popup')); return [s.visibility, s.opacity]"
    lost = "return getComputedStyle(document.querySelector('.pads')).filter !== 'none'"
    assert browser.script(told)[0] == "hidden"
    assert not browser.script(lost)
    # NiceGUI waits two seconds, and fades it in: here, it is there with the next picture.
    assert browser.script(f"window.socket.disconnect(); {told.replace('return', 'return ')}") == ["visible", "1"]
    assert browser.script(lost)
    assert browser.find("#popup").rect["width"] >= 600
    browser.script("window.socket.connect()")
    browser.until(lambda: not browser.script(lost) and browser.script(told)[0] == "hidden")


def test_what_was_typed_and_the_tab_outlive_a_reload(browser):
    browser.type_prompt("half a pro")
    browser.type(".prompt .field-steps input", "9")
    browser.tab("Set")
    browser.find("[data-edit]")
    browser.until(lambda: browser.script("return location.search") == "?tab=set")
    browser.driver.refresh()
    browser.find("[data-edit]")
    assert browser.texts(".tabs .q-tab--active .q-tab__label") == ["Set"]
    browser.tab("Play")
    fields = "['.prompt-text textarea', '.field-steps input']"
    values = f"return {fields}.map((css) => document.querySelector('.prompt ' + css)?.value)"
    browser.until(lambda: browser.script(values) == ["half a pro", "9"])
    browser.type_prompt("rain")
    browser.type(".prompt .field-steps input", Keys.BACK_SPACE)
    browser.driver.refresh()
    browser.until(lambda: browser.script(values) == ["rain", ""])
    browser.type(".prompt .prompt-text textarea", Keys.CONTROL, "a")
    browser.type(".prompt .prompt-text textarea", Keys.BACK_SPACE)


@pytest.mark.thorough
def test_a_tablet_whose_token_is_over_after_a_restart_is_told(browser, free_show):
    everywhere = ("--page-host", "0.0.0.0")
    show = free_show(*everywhere)
    printed = show.output.read_text
    browser.until(lambda: "token=" in printed())
    browser.load(next(word for word in printed().split() if "token=" in word))
    assert show.stop() == 0
    browser.wait_for_text("#popup", "Connection lost")
    free_show(*everywhere, "--page-port", str(show.port), "--new-page-token")
    browser.wait_for_text("#popup", "token is no longer valid")
