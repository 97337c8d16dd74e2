"""Playing from the page: a prompt becomes a fragment that can be heard, pads work from page and controller alike."""

import re

import mido
import pytest
import soundfile
from selenium.webdriver.common.keys import Keys

from midifrag.fragment.archive import Archive
from tests.page.show import ATTACK


def test_a_typed_prompt_becomes_a_fragment_that_plays(browser, show):
    browser.find(".prompt .field-seconds input").send_keys("0.7")
    browser.type_prompt("bright bell")
    browser.find(".prompt textarea").send_keys(Keys.CONTROL, Keys.ENTER)
    browser.wait_for_text(".slots", "bright bell")
    browser.until(lambda: "bright bell" in browser.text(".log-line.landed"))
    line = browser.text(".log-line.landed")
    fragment = next(word for word in line.split() if word.startswith("output0"))
    assert soundfile.info(show.fragments / fragment).duration == pytest.approx(0.7, abs=0.7)
    assert re.search(r"output\d{3}\.wav", line)

    row = browser.until(lambda: next((r for r in rows(browser) if "bright bell" in r.text), None))
    picture = row.find_element("tag name", "img")
    browser.until(lambda: browser.script("return arguments[0].naturalWidth > 0", picture))
    row.find_element("css selector", ".slot-wave").click()
    audio = "const a = document.querySelector('.player-audio'); return a.readyState >= 2 && a.duration"
    assert browser.until(lambda: browser.script(audio)) == pytest.approx(
        soundfile.info(show.fragments / fragment).duration, abs=0.05
    )


def rows(browser):
    return browser.driver.find_elements("css selector", ".slot.filled")


def test_what_cannot_be_rendered_is_said_at_its_field(browser):
    browser.type_prompt("bell")
    steps = browser.find(".prompt .field-steps input")
    steps.send_keys("0")
    browser.button("Render").click()
    browser.wait_for_text(".prompt .field-steps", "0 is below 1")
    steps.send_keys(Keys.BACK_SPACE)
    browser.button("Render").click()
    browser.until(lambda: "below" not in browser.text(".prompt .field-steps"))


def test_a_pad_pressed_on_the_page_is_heard_on_the_controller(browser, controller):
    if controller is None:
        pytest.skip("needs JACK")
    before = len(controller.received)
    browser.pad(36).click()
    browser.until(lambda: browser.pad_state(36) == "landed")
    assert controller.wait_for(lambda messages: any(is_landed(message) for message in messages[before:]))
    states = [message.velocity for message in controller.received[before:] if is_pad(message)]
    assert states[0] == 13
    assert states[-1] == 21


def test_a_pad_pressed_on_the_controller_is_seen_on_the_page(browser, controller):
    if controller is None:
        pytest.skip("needs JACK")
    browser.pad(36)
    watch(browser, "[data-pad='36']", "data-state", "landed")
    controller.send(mido.Message("note_on", note=36, velocity=90))
    browser.until(lambda: seen_at(browser))
    browser.until(lambda: browser.pad_state(36) == "landed")
    controller.send(mido.Message("control_change", control=21, value=127))
    browser.tab("Engine")
    browser.wait_for_text(".monitor", "note 36 (C1) velocity 90")
    browser.wait_for_text(".value-text.set", "12")
    browser.find(".value-text.set")
    browser.driver.find_elements("css selector", ".value button:not([disabled])")[0].click()
    browser.until(lambda: not browser.driver.find_elements("css selector", ".value-text.set"))


def is_pad(message):
    return message.type == "note_on" and message.note == 36 and message.channel == 0


def is_landed(message):
    return is_pad(message) and message.velocity == 21


def test_the_keyboard_presses_pads_and_typing_does_not(browser, show):
    archive = Archive(show.fragments / "archive")
    browser.type_prompt("zxcv")
    count = archive.count()
    browser.script("document.activeElement.blur()")
    browser.find("body").send_keys("z")
    browser.until(lambda: browser.pad_state(36) == "landed" and archive.count() == count + 1)
    browser.until(lambda: browser.pad(36).send_keys(Keys.ENTER) or True)
    browser.until(lambda: archive.count() == count + 2)
    archive.close()


def test_prompts_and_names_are_text_everywhere(browser):
    browser.pad(37).click()
    browser.until(lambda: browser.pad_state(37) == "landed")
    browser.wait_for_text(".slots", ATTACK)
    browser.type_prompt(ATTACK)
    browser.button("Render").click()
    browser.until(lambda: ATTACK in browser.text(".log"))
    browser.tab("Archive")
    browser.wait_for_text(".takes", ATTACK)
    browser.tab("Set")
    browser.wait_for_text(".editor-pads", ATTACK)
    browser.tab("Play")
    browser.find("[title='History']").click()
    browser.wait_for_text(".q-menu", ATTACK)
    assert browser.script("return window.hacked") is None


def test_a_reload_in_the_middle_of_a_render_stops_nothing(browser):
    browser.pad(38).click()
    browser.until(lambda: browser.pad_state(38) == "rendering")
    browser.load(browser.address)
    browser.until(lambda: browser.pad_state(38) in ("rendering", "landed"))
    browser.until(lambda: browser.pad_state(38) == "landed")


def test_panic_cancels_what_waits(browser):
    for _ in range(4):
        browser.pad(51).click()
    browser.pad(36).click()
    browser.until(lambda: browser.pad_state(36) == "queued")
    browser.button("Panic").click()
    browser.until(lambda: browser.pad_state(36) == "idle")
    browser.wait_for_text(".notice", "panic")


def test_two_browsers_agree_within_200_ms(browser):
    first = browser.tabs[0]
    second = browser.open()
    for css, attribute, value, do in (
        ("[data-pad='36']", "data-state", "landed", lambda: browser.pad(36).click()),
        (".slot", "class", "locked", lambda: browser.find(".slot [title^='Lock']").click()),
    ):
        for tab in (first, second):
            browser.use(tab)
            watch(browser, css, attribute, value)
        do()
        times = []
        for tab in (first, second):
            browser.use(tab)
            times.append(browser.until(lambda: seen_at(browser)))
        assert abs(times[0] - times[1]) < 200
    browser.find(".slot [title='Unlock']").click()
    browser.until(lambda: not browser.driver.find_elements("css selector", ".slot.locked"))


def watch(browser, css, attribute, value):
    """Note the time (ms since 1970) at which an attribute says ``value``."""
    browser.script(
        """
        const [css, attribute, value] = arguments;
        window.seenAt = null;
        const look = () => {
            const found = document.querySelector(css)?.getAttribute(attribute) ?? "";
            if (found.includes(value)) window.seenAt ??= performance.timeOrigin + performance.now();
        };
        new MutationObserver(look).observe(document.body, {subtree: true, attributes: true});
        """,
        css,
        attribute,
        value,
    )


def seen_at(browser):
    return browser.script("return window.seenAt")


def test_the_bank_switcher_shows_another_bank(browser):
    browser.button("Second").click()
    browser.wait_for_text(".pads", "glass bell")
    browser.find("[title='Previous bank']").click()
    browser.wait_for_text(".pads", "short dark kick")
