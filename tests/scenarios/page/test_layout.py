"""It fits, it stays where it is, and it can be played without a mouse."""

import pytest

from tests.scenarios.page.show import ATTACK
from tests.scenarios.page.sizes import EACH

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


BEGINS = "((css) => document.querySelector(css).getBoundingClientRect().top)"
ENDS = "((css) => document.querySelector(css).getBoundingClientRect().bottom)"
#: Names of pads that do not fit, with their pads.
CUT = """
return [...document.querySelectorAll('.pad')].filter((pad) => {
    const label = pad.querySelector('.pad-label');
    const over = (e) => e.scrollHeight > e.clientHeight || e.scrollWidth > e.clientWidth;
    return over(label) || over(pad) || label.hasAttribute('data-cut');
}).map((pad) => pad.innerText);
"""
#: Lines of a laptop's screen that are cut off. Names of slots and files are as long as performers make them.
SHORTENED = """
return [...document.querySelectorAll('.status > *, .status-numbers > *, .bank, .tabs .q-tab__label, .pad-landing, '
    + '.pad-state, .slot-about > :not(.slot-file), .notice, .time *')].filter((e) => e.scrollWidth > e.clientWidth + 1
    || e.getBoundingClientRect().right > e.parentElement.getBoundingClientRect().right + 1)
    .map((e) => `${e.className}: ${e.innerText}`);
"""

#: What each field of the Set tab's form is called, and whether that is cut off.
CALLED = """
return [...document.querySelectorAll('.editor .q-field__label')].filter((e) => e.offsetParent)
    .map((e) => [e.innerText, e.scrollWidth > e.clientWidth]);
"""


@pytest.mark.parametrize("size", EACH)
def test_every_tab_fits_every_screen(browser, sized, size):
    sized(size)
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
        if tab == "Set":
            # Nothing lies over the form.
            assert browser.script(f"return {ENDS}('.editor') <= {BEGINS}('.set-list')")
    browser.tab("Play")
    least = 30 if size == "phone on its side" else 44
    small = (
        "[...document.querySelectorAll('.pad, .panic, .render, .bank')].filter((e) => e.offsetHeight < arguments[0])"
    )
    assert browser.script(f"return {small}", least) == []


@pytest.mark.parametrize("size", EACH)
def test_what_a_field_of_a_pad_is_called_is_whole(browser, sized, size):
    sized(size)
    browser.tab("Set")
    browser.find("[data-edit]")
    browser.rest()
    assert len(browser.script(CALLED)) > 30
    assert [name for name, cut in browser.script(CALLED) if cut] == []


@pytest.mark.parametrize("size", EACH)
def test_every_name_fits_its_pad_also_when_it_says_what_is_wrong(browser, sized, size):
    sized(size)
    # One that could have no end is cut, and fits.
    browser.until(lambda: [ATTACK in one for one in browser.script(CUT)] in ([], [True]))
    label = "document.querySelector(`.pad[data-pad='36'] .pad-label`)"
    browser.script(f"{label}.textContent = 'out of memory — short dark kick'")
    browser.until(lambda: [ATTACK in one for one in browser.script(CUT)] in ([], [True]))
    browser.script(f"{label}.textContent = 'short dark kick'")


def test_a_tablet_is_read_from_two_metres_and_its_pads_do_not_scroll(browser, sized):
    sized("tablet")
    label = "document.querySelector(`.pad[data-pad='${arguments[0]}'] .pad-label`)"
    size = f"return parseFloat(getComputedStyle({label}).fontSize)"
    browser.until(lambda: all(browser.script(size, key) >= 28 for key in (36, 38, 51)))
    assert browser.script(SCROLLS) == []
    assert inside(browser, ".pad, .slot-wave")


def test_a_phone_on_its_side_has_the_whole_grid(browser, sized):
    sized("phone on its side")
    browser.rest()
    assert inside(browser, ".pad, .panic, .time-beat, .tabs .q-tab")
    assert browser.script(SCROLLS) == []


def test_a_laptop_loses_nothing(browser, sized):
    sized("laptop")
    for _ in range(4):
        browser.play(36)
    browser.rest()
    # As it reads ten minutes later.
    browser.script(
        "document.querySelectorAll('.slot-about > :last-child').forEach((e) => { e.textContent = '10 min'; })"
    )
    assert browser.script(SHORTENED) == []
    assert inside(browser, ".slot, .pad")


def test_a_large_screen_is_used_to_its_corner(browser, sized):
    sized("large")
    browser.rest()
    log, slots, footer, wave = (browser.find(css).rect for css in (".log", ".slots", ".bottom", ".slot-wave"))
    assert log["x"] >= slots["x"] + slots["width"]
    assert log["x"] + log["width"] > 1880
    assert footer["y"] - (slots["y"] + slots["height"]) < 40
    assert footer["y"] - (log["y"] + log["height"]) < 40
    assert wave["height"] > 100
    assert wave["width"] > 250


def test_sixteen_ready_pads_are_still_sixteen_different_pads(browser, sized):
    """The surface of a pad is its own in every state; its edge and its badge are the state's."""
    sized("laptop")
    before = browser.script(LOOKS)
    browser.script("document.querySelectorAll('.pad').forEach((pad) => pad.classList.replace('is-idle', 'is-ready'))")
    after = browser.script(LOOKS)
    assert [surface for surface, _ in after] == [surface for surface, _ in before]
    assert len({surface for surface, _ in after}) > 1
    assert all(edge != surface for surface, edge in after)


#: Surface and edge of each pad.
LOOKS = """
return [...document.querySelectorAll('.pad')].map((pad) => {
    const style = getComputedStyle(pad);
    return [style.backgroundColor, style.borderTopColor];
});
"""
#: What pads lie in that scrolls.
SCROLLS = """
const found = [];
for (let e = document.querySelector('.pad').parentElement; e; e = e.parentElement)
    if (/auto|scroll/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 1)
        found.push(e.className);
return found;
"""


def inside(browser, css):
    return browser.script(
        """
        return [...document.querySelectorAll(arguments[0])].every((e) => {
            const box = e.getBoundingClientRect();
            return box.height && box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
        });
        """,
        css,
    )


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


@pytest.mark.thorough
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
