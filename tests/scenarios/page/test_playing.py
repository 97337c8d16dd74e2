"""Playing from the page: a prompt becomes a fragment that can be heard, pads work from page and controller alike."""

import contextlib
import functools
import re

import mido
import pytest
import soundfile
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.keys import Keys

from midifrag.fragment.archive import Archive
from tests.scenarios.page.show import ATTACK

KICK = "short dark kick"
#: How often something is sent that JACK may leave out on a busy machine, and seconds that each time has to arrive.
TRIES, EACH = 20, 5.0
#: What everybody sees of the slots: which take lies in each, and whether it is locked.
SLOTS = "return [...document.querySelectorAll('.slot')].map((slot) => [slot.dataset.take, slot.className])"


@pytest.fixture
def archive(show):
    opened = Archive(show.fragments / "archive")
    yield opened
    opened.close()


def test_a_typed_prompt_becomes_a_fragment_that_plays(browser, show):
    browser.type(".prompt .field-seconds input", "0.7")
    browser.type_prompt("bright bell")
    browser.type(".prompt textarea", Keys.CONTROL, Keys.ENTER)
    browser.wait_for_text(".slots", "bright bell")
    browser.until(lambda: "bright bell" in browser.text(".log-line.landed"))
    line = browser.text(".log-line.landed")
    fragment = next(word for word in line.split() if word.startswith("output0"))
    assert 0 < soundfile.info(show.fragments / fragment).duration <= 1.4
    assert re.search(r"output\d{3}\.wav", line)

    row = browser.until(lambda: browser.with_text(".slot.filled", "bright bell"))
    picture = row.find_element("tag name", "img")
    browser.until(lambda: browser.script("return arguments[0].naturalWidth > 0", picture))
    row.find_element("css selector", ".slot-wave").click()
    assert browser.until(lambda: browser.script("return window.player.duration")) == pytest.approx(
        soundfile.info(show.fragments / fragment).duration, abs=0.05
    )


def test_what_cannot_be_rendered_is_said_at_its_field(browser):
    browser.type_prompt("bell")
    browser.type(".prompt .field-steps input", "0")
    browser.button("Render")
    browser.wait_for_text(".prompt .field-steps", "0 is below 1")
    browser.type(".prompt .field-steps input", Keys.BACK_SPACE)
    browser.button("Render")
    browser.until(lambda: "below" not in browser.text(".prompt .field-steps"))


def test_a_pad_pressed_on_the_page_is_heard_on_the_controller(browser, controller):
    if controller is None:
        pytest.skip("needs JACK")
    for _ in range(TRIES):
        before = len(controller.received)
        browser.play(36)
        if controller.wait_for(functools.partial(shows_queued_then_landed, since=before), EACH):
            return
    pytest.fail(f"the controller heard only {controller.received[before:]}")


def shows_queued_then_landed(messages, since):
    shown = [message.velocity for message in messages[since:] if is_pad(message)]
    return 13 in shown and 21 in shown[shown.index(13) :]


def is_pad(message):
    return message.type == "note_on" and message.note == 36 and message.channel == 0


def test_a_pad_pressed_on_the_controller_is_seen_on_the_page(browser, show, controller):
    if controller is None:
        pytest.skip("needs JACK")
    with show.engine_at_rest():
        pressed = mido.Message("note_on", note=36, velocity=90)
        until_seen(browser, lambda: controller.send(pressed), lambda: browser.all(".pad[data-pad='36'].is-queued"))
    browser.tab("Engine")
    browser.wait_for_text(".monitor", "note 36 (C1) velocity 90")
    turned = mido.Message("control_change", control=21, value=127)
    until_seen(browser, lambda: controller.send(turned), lambda: "12" in browser.texts(".value-text.set"))
    browser.click(".value button:not([disabled])")
    browser.until(lambda: not browser.all(".value-text.set"))


def until_seen(browser, send, seen):
    """Send until it is seen: JACK leaves out what comes while a program is late."""
    for _ in range(TRIES):
        send()
        with contextlib.suppress(TimeoutException):
            browser.until(seen, EACH)
            return
    pytest.fail("it was not seen")


def test_the_keyboard_presses_pads_and_typing_does_not(browser, archive):
    browser.type_prompt("zxcv")
    count = archive.count(KICK)
    browser.script("document.activeElement.blur()")
    browser.type("body", "z")
    browser.until(lambda: archive.count(KICK) > count)
    assert archive.count(KICK) == count + 1
    browser.until(lambda: browser.pad(36).send_keys(Keys.ENTER) or True)
    browser.until(lambda: archive.count(KICK) == count + 2)


def test_prompts_and_names_are_text_everywhere(browser):
    browser.play(37)
    browser.wait_for_text(".slots", ATTACK)
    browser.type_prompt(ATTACK)
    browser.button("Render")
    browser.until(lambda: ATTACK in browser.text(".log"))
    browser.tab("Archive")
    browser.wait_for_text(".takes", ATTACK)
    browser.tab("Set")
    browser.wait_for_text(".editor-pads", ATTACK)
    browser.tab("Play")
    browser.click("[title='History']")
    browser.wait_for_text(".q-menu", ATTACK)
    assert browser.script("return window.hacked") is None


def test_a_reload_while_a_press_is_on_its_way_stops_nothing(browser, show, archive):
    count = archive.count("slow rain")
    with show.engine_at_rest():
        browser.press(38)
        browser.wait_for_pad(38, "queued")
        browser.load(browser.address)
        browser.wait_for_pad(38, "queued")
    browser.until(lambda: archive.count("slow rain") > count)
    browser.until(lambda: "slow rain" in browser.text(".log-line.landed"))


def test_panic_cancels_what_waits(browser, show):
    with show.engine_at_rest():
        browser.press(51)
        browser.press(36)
        browser.wait_for_pad(36, "queued")
        browser.button("Panic")
        browser.wait_for_text(".notice", "panic")
    browser.until(lambda: any(KICK in line for line in browser.texts(".log-line.cancelled")))
    browser.wait_for_pad(36, "idle")


def test_two_browsers_show_the_same(browser, show):
    first = browser.tabs[0]
    second = browser.open()
    newest = browser.newest_take()
    with show.engine_at_rest():
        browser.press(36)
        for tab in (second, first):
            browser.use(tab)
            browser.wait_for_pad(36, "queued")
    browser.until(lambda: browser.newest_take() > newest)
    browser.click(".slot [title^='Lock']")
    browser.find(".slot.locked")
    shown = browser.script(SLOTS)
    browser.use(second)
    browser.until(lambda: browser.script(SLOTS) == shown)
    browser.click(".slot [title='Unlock']")
    browser.use(first)
    browser.until(lambda: not browser.all(".slot.locked"))


def test_the_previous_fragment_comes_back(browser):
    for _ in range(5):
        browser.play(36)
    restorable = browser.find(".slot [title='Put the previous fragment back']:not([disabled])")
    slot = browser.script("return arguments[0].closest('.slot').querySelector('.slot-number').innerText", restorable)
    before = take_in(browser, slot)
    restorable.click()
    browser.until(lambda: take_in(browser, slot) != before)


def take_in(browser, slot):
    return browser.script("return document.querySelectorAll('.slot')[arguments[0] - 1].dataset.take", int(slot))


def test_the_bank_switcher_shows_another_bank(browser):
    browser.button("Second")
    browser.wait_for_text(".pads", "glass bell")
    browser.click("[title='Previous bank']")
    browser.wait_for_text(".pads", KICK)
