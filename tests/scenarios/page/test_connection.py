"""A connection that is lost: what is pressed meanwhile is left out and told, and the page comes back by itself."""

import pytest

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
