"""What a browser plays by itself: slots and takes, from their waveforms."""

import pytest
import soundfile

LONG = "slow rain"


@pytest.fixture
def slot(browser, show):
    """A slot with something in it, by its number and its file; what sounds at the end is stopped."""
    browser.play(36)
    number = browser.script("return [...document.querySelectorAll('.slot')].findIndex((s) => s.matches('.filled'))") + 1
    yield number, next(show.fragments.glob(f"output{number:02d}.wav"))
    browser.script("if (window.player.url) document.querySelector('.player-toggle').click()")


def plays(browser):
    return browser.script("return window.player.url && [window.player.url.split('?')[0], window.player.duration]")


def wave(browser, number):
    return browser.find(f".slot:nth-child({number}) .slot-wave")


def test_a_slot_plays_from_its_waveform_with_a_head_that_moves_and_loops(browser, slot):
    number, file = slot
    browser.click(".player-loop")
    wave(browser, number).click()
    browser.until(lambda: plays(browser))
    assert plays(browser) == [f"/slots/{number}.wav", pytest.approx(soundfile.info(file).duration, abs=0.05)]
    head = "return getComputedStyle(document.querySelector('[data-head]')).getPropertyValue('--head')"
    first = browser.until(lambda: browser.script(head))
    browser.until(lambda: browser.script(head) != first)
    # It goes round and round.
    began = browser.script("return performance.now()")
    browser.until(lambda: browser.script("return performance.now()") > began + 2000)
    assert plays(browser)
    browser.click(".player-toggle")
    browser.until(lambda: not plays(browser))
    assert browser.all("[data-head]") == []
    browser.click(".player-loop")


def test_a_click_on_what_sounds_goes_there_and_so_does_the_slider(browser, show, slot):
    number, _ = slot
    browser.click(".player-loop")
    wave(browser, number).click()
    browser.until(lambda: plays(browser))
    at = """
        const wave = document.querySelector(`.slot:nth-child(${arguments[0]}) .slot-wave`);
        const box = wave.getBoundingClientRect();
        const event = {bubbles: true, detail: 1, clientX: box.left + box.width * arguments[1], clientY: box.top + 5};
        wave.dispatchEvent(new MouseEvent("click", event));
        return window.player.position / window.player.duration;
    """
    assert browser.script(at, number, 0.5) == pytest.approx(0.5, abs=0.1)
    slid = """
        const slider = document.querySelector(".player-at");
        slider.value = 250;
        slider.dispatchEvent(new Event("input", {bubbles: true}));
        return window.player.position / window.player.duration;
    """
    assert browser.script(slid) == pytest.approx(0.25, abs=0.1)
    browser.click(".player-loop")


def test_what_lands_in_the_slot_that_plays_takes_its_place(browser, slot):
    number, _ = slot
    browser.click(".player-loop")
    wave(browser, number).click()
    browser.until(lambda: plays(browser))
    first = browser.script("return window.player.url")
    # Round through all four slots.
    for _ in range(4):
        browser.play(36)
    browser.until(lambda: browser.script("return window.player.url") not in (None, first))
    assert plays(browser)[0] == f"/slots/{number}.wav"
    browser.click(".player-loop")


def test_what_lands_is_played_where_that_is_asked_for(browser, slot):
    browser.click(".player-follows")
    browser.play(36)
    browser.until(lambda: plays(browser))
    browser.wait_for_text(".player-title", "short dark kick")
    browser.click(".player-follows")


def test_the_level_outlives_a_reload(browser):
    level = "return document.querySelector('.player-level').value"
    slid = """
        const slider = document.querySelector(".player-level");
        slider.value = 40;
        slider.dispatchEvent(new Event("input", {bubbles: true}));
    """
    browser.script(slid)
    browser.driver.refresh()
    browser.until(lambda: browser.script("return !!document.querySelector('.player-level')"))
    browser.until(lambda: browser.script(level) == "40")
    browser.script(slid.replace("40", "100"))
