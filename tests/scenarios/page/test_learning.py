"""Learn in a browser: a knob is turned on a real port, and what it does is typed, written and taken back."""

import mido
import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.keys import Keys

from tests.jack import EACH, again_and_again

KNOB = [mido.Message("control_change", control=75, value=value) for value in (3, 4, 5, 6)]


@pytest.fixture
def settings(browser, show, controller):
    """The set's own file, which is as it was afterwards."""
    if controller is None:
        pytest.skip("jackd is not installed (Debian: apt install jackd2)")
    path = show.folder / "presets.yaml"
    before = path.read_text()
    yield path
    path.write_text(before)
    browser.tab("Play")


def test_a_knob_that_is_turned_is_written_and_taken_back(browser, settings, controller):
    before = settings.read_text()
    browser.tab("Learn")
    browser.button("Begin to learn")
    browser.wait_for_text(".learn-question", "Press or turn something")

    def asked():
        controller.send(*KNOB)
        try:
            return browser.until(lambda: "What does it do" in browser.text(".learn-question"), EACH)
        except TimeoutException:
            return False

    assert again_and_again(asked)
    for question, answer in (("What does it do", "steps"), ("From and to", "4 100"), ("In all banks", "")):
        browser.wait_for_text(".learn-question", question)
        browser.type(".learn-answer input", answer, Keys.ENTER)
    line = "  - {cc: 75, channel: 1, port: pads, sets: steps, range: [4, 100]}\n"
    browser.until(lambda: settings.read_text() == before + line)
    browser.wait_for_text(".learn-said", "Written: presets.yaml:")
    browser.button("Undo the last change")
    browser.until(lambda: settings.read_text() == before)
    browser.button("End")
