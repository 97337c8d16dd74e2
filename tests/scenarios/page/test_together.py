"""Three browsers play and edit at the same time; the long form is a command (`together.py`)."""

import pytest

from tests.scenarios.page.together import Three, steps

#: Things that they do.
STEPS = 16


@pytest.fixture
def bank(browser, show):
    """A bank's file, which is as it was afterwards."""
    path = show.folder / "presets" / "opening.yaml"
    before = path.read_text()
    yield path
    path.write_text(before)
    browser.wait_for_text("[data-pad='36']", "short dark kick")


@pytest.mark.thorough
def test_three_browsers_that_play_and_edit_show_the_same_at_the_end(browser, bank):
    three = Three(browser, seed=5)
    for _ in range(STEPS):
        three.step()
    three.end(bank)
    assert three.prompts
    browser.use(three.tabs[0])
    # As others found it.
    for _ in range(len(browser.all(".slot.locked"))):
        browser.click(".slot.locked .slot-buttons button:first-child")
    browser.until(lambda: not browser.all(".slot.locked"))


def test_the_long_form_goes_on_for_as_long_as_it_is_told():
    now = iter(range(0, 1000, 25))
    assert len(list(steps(2, lambda: next(now)))) == 4
