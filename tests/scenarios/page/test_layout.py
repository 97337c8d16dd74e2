"""It fits, it stays where it is, and it can be played without a mouse."""

import pytest

#: What reaches over the right edge of the screen, leaving out what scrolls within its own bounds.
TOO_WIDE = """
return [...document.querySelectorAll('.screen *')].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width && box.right > innerWidth + 1 && !element.closest('.bank-list');
}).map((element) => element.className || element.tagName);
"""
PLACES = """
return [...document.querySelectorAll('.top > *, .pad, .slot, .log, .bottom > *')].map((element) => {
    const box = element.getBoundingClientRect();
    return [box.x, box.y, box.width, box.height].map(Math.round).join(' ');
});
"""


@pytest.fixture
def sized(browser):
    """Gives the screen a size, for one test."""

    def resize(width, height):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.until(lambda: browser.script("return innerWidth") == width)

    yield resize
    browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("size", [(390, 844), pytest.param((1280, 800), marks=pytest.mark.thorough)])
def test_every_tab_fits_a_laptop_and_a_phone(browser, sized, size):
    sized(*size)
    assert too_wide(browser) == []
    there = {
        "Archive": ".sheet-line",
        "Engine": ".chart > div",
        "Set": "[data-edit]",
        "Learn": ".learn-begin",
        "OSC": ".osc-try",
    }
    for tab, element in there.items():
        browser.tab(tab)
        browser.find(element)
        assert too_wide(browser) == []
    browser.tab("Play")
    small = "return [...document.querySelectorAll('.pad, .panic, .render, .bank')].filter((e) => e.offsetHeight < 44)"
    assert browser.script(small) == []


def too_wide(browser):
    browser.rest()
    return browser.script(TOO_WIDE)


def test_nothing_jumps_when_things_happen(browser):
    browser.until(lambda: len(browser.script(PLACES)) > 8)
    browser.rest()
    before = browser.script(PLACES)
    browser.play(36)
    browser.until(lambda: "short dark kick" in browser.text(".log-line.landed"))
    assert places(browser) == before
    browser.button("Panic")
    browser.wait_for_text(".notice", "panic")
    assert places(browser) == before


def places(browser):
    browser.rest()
    return browser.script(PLACES)


def test_every_button_and_field_says_what_it_is(browser):
    for tab in ("Archive", "Engine", "Set", "OSC", "Play"):
        browser.tab(tab)
        nameless = browser.script(
            """
            const named = (e) => (e.innerText || '').trim() || e.ariaLabel || e.title || e.placeholder
                || e.closest('label, .q-slider, .q-field')?.innerText || e.closest('[aria-label]');
            return [...document.querySelectorAll('.screen button, .screen input, .screen textarea, [role=slider]')]
                .filter((e) => e.offsetParent && !named(e)).map((e) => e.outerHTML.slice(0, 200));
            """
        )
        assert nameless == []
