"""What presses a pad in a browser, and what does not."""

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from midifrag.fragment.archive import Archive
from tests.scenarios.page.browser import LEFT_OUT
from tests.support.forms import some

KICK = "short dark kick"
#: Where a pad is, and the middle of it.
MIDDLE = """
const box = document.querySelector(`.pad[data-pad='${arguments[0]}']`).getBoundingClientRect();
return [box.x + box.width / 2, box.y + box.height / 2];
"""
#: Whether nothing has moved the pads since the last look; they are put at their beginning.
STILL = """
const panel = document.querySelector('.q-tab-panel.play');
const was = panel.scrollTop;
panel.scrollTop = 0;
return was === 0;
"""


@pytest.fixture
def archive(show):
    opened = Archive(show.fragments / "archive")
    yield opened
    opened.close()


@pytest.fixture
def nothing_pressed(browser, archive):
    """Proves that nothing so far has pressed the kick: one press that counts makes one take."""

    def proved():
        browser.play(36)
        browser.wait_until_nothing_renders()
        assert archive.count(KICK) == before + 1

    before = archive.count(KICK)
    return proved


def touch(browser, kind, *points):
    touched = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    browser.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})


def tap(browser, *keys, held=False):
    """Touch pads at once, until the page takes it: where its server is late to answer, it leaves a press out."""

    def taps():
        left_out = browser.script(LEFT_OUT)
        touch(browser, "touchStart", *(tuple(browser.script(MIDDLE, key)) for key in keys))
        if not held:
            touch(browser, "touchEnd")
        taken = browser.script(LEFT_OUT) <= left_out
        if held and not taken:
            touch(browser, "touchEnd")
        return taken

    browser.until(taps)


def test_only_the_first_button_of_a_mouse_presses(browser, nothing_pressed):
    ActionChains(browser.driver).context_click(browser.pad(36)).perform()
    browser.script(
        """
        const pad = document.querySelector(".pad[data-pad='36']");
        for (const how of [{button: 1}, {button: 2}, {button: 0, ctrlKey: true}])
            pad.dispatchEvent(new PointerEvent("pointerdown", {pointerType: "mouse", bubbles: true, ...how}));
        """
    )
    nothing_pressed()


def test_the_start_of_a_scroll_presses_nothing_and_a_tap_does(browser, sized, show, nothing_pressed):
    sized("phone")

    def scrolls():
        """A page that is late may miss a scroll, which presses nothing either."""
        x, y = browser.script(MIDDLE, 36)
        touch(browser, "touchStart", (x, y))
        for moved in (8, 30, 60, 90):
            touch(browser, "touchMove", (x, y - moved))
        touch(browser, "touchEnd")
        return browser.script("return document.querySelector('.q-tab-panel.play').scrollTop") > 0

    browser.until(scrolls)
    # The fling that a scroll may end in goes on for a while, and a touch that ends it is no tap.
    browser.until(lambda: browser.script(STILL))
    with show.engine_at_rest():
        tap(browser, 51)
        browser.wait_for_pad(51, "queued")
        browser.button("Panic")
    browser.wait_for_pad(51, "idle")
    nothing_pressed()


def test_fingers_press_chords_at_once_where_nothing_scrolls(browser, sized, show):
    sized("tablet")
    with show.engine_at_rest():
        tap(browser, 36, 51, held=True)
        # Still held down.
        browser.wait_for_pad(36, "queued")
        browser.wait_for_pad(51, "queued")
        touch(browser, "touchEnd")
        browser.button("Panic")
    browser.wait_for_pad(51, "idle")


def key(browser, code, name):
    for kind in ("keyDown", "keyUp"):
        browser.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": kind, "code": code, "key": name})


@pytest.mark.parametrize("name", some(["z", "w"], ["z", "Z", "y", "w"]))
def test_keys_press_by_where_they_lie(browser, show, name):
    """As on an English keyboard, under Caps Lock, on a German one and on a French one."""
    with show.engine_at_rest():
        key(browser, "KeyZ", name)
        browser.wait_for_pad(36, "queued")
        browser.button("Panic")
    browser.wait_for_pad(36, "idle")


def test_keys_press_nothing_while_a_dialog_a_menu_or_a_field_is_open_or_pads_are_not_seen(browser, nothing_pressed):
    browser.type(".prompt .prompt-text textarea", "zz")
    key(browser, "KeyZ", "z")
    browser.script("document.activeElement.blur()")
    browser.click("[title='History']")
    browser.find(".q-menu")
    key(browser, "KeyZ", "z")
    browser.type("body", Keys.ESCAPE)
    browser.until(lambda: not browser.all(".q-menu"))
    browser.click("[title='Save as pad']")
    browser.find(".dialog")
    browser.script("document.activeElement.blur()")
    key(browser, "KeyZ", "z")
    browser.button("Cancel")
    browser.until(lambda: not browser.all(".q-dialog"))
    browser.tab("Engine")
    browser.find(".chart")
    key(browser, "KeyZ", "z")
    browser.tab("Play")
    nothing_pressed()


def test_focus_is_seen_wherever_it_goes(browser):
    unseen = []
    browser.script("document.activeElement.blur()")
    for _ in range(25):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        if not browser.script(FOCUS_IS_SEEN):
            unseen.append(browser.script("return document.activeElement.outerHTML.slice(0, 120)"))
    assert unseen == []


#: A ring around what has the focus, or around the field that it lies in.
FOCUS_IS_SEEN = """
const at = document.activeElement;
const field = at.closest('.q-field__control, .q-slider, .q-checkbox');
const ringed = (e) => e && getComputedStyle(e).boxShadow.includes('rgb(255, 255, 255) 0px 0px 0px 3px');
return ringed(at) || ringed(field);
"""


#: A pad but for what NiceGUI calls its parts, and the size that its name was given.
LOOKS = """
const pad = document.querySelector(".pad[data-pad='36']").cloneNode(true);
for (const one of [pad, ...pad.querySelectorAll("*")]) one.removeAttribute("id");
pad.querySelector(".pad-label").removeAttribute("style");
return pad.outerHTML;
"""


def test_a_press_is_shown_ahead_of_what_vue_draws_and_looks_the_same(browser, show):
    first = browser.tabs[0]
    with show.engine_at_rest():
        browser.script("window.socket.off('update');")
        browser.press(36)
        browser.wait_for_pad(36, "queued")
        ahead = browser.script(LOOKS)
        assert "schedule" in ahead
        # Another page has it as it was built.
        browser.open()
        browser.wait_for_pad(36, "queued")
        assert browser.script(LOOKS) == ahead
        browser.use(first)
        browser.driver.refresh()
        browser.wait_for_pad(36, "queued")
    browser.wait_until_nothing_renders()
