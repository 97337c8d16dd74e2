"""Set editing in a browser: what is typed there is in the bank's file, and live at once."""

import pytest
from selenium.webdriver.common.keys import Keys

#: Whether the browser asks before the page is closed.
ASKS = """
const event = new Event("beforeunload", {cancelable: true});
window.dispatchEvent(event);
return event.defaultPrevented;
"""


@pytest.fixture
def bank(browser, show):
    """A bank's file, which is as it was afterwards."""
    path = show.folder / "presets" / "opening.yaml"
    before = path.read_text()
    yield path
    path.write_text(before)
    browser.tab("Play")
    # Edits by hand are found within a second or two.
    browser.wait_for_text("[data-pad='36']", "short dark kick")
    browser.until(lambda: not browser.all("[data-pad='39']"))


def test_an_edited_pad_is_written_and_live_at_once(browser, bank):
    before = bank.read_text()
    browser.tab("Set")
    browser.click("[data-edit='36']")
    prompt = browser.find(".editor-form textarea")
    browser.until(lambda: prompt.get_attribute("value") == "short dark kick")
    browser.type(".editor-form .field-steps input", "0")
    browser.button("Save pad")
    browser.wait_for_text(".editor-form .field-steps", "presets/opening.yaml:5: pads.36.steps: 0 is below 1")
    assert browser.texts(".q-notifications .q-notification") == []
    assert bank.read_text() == before
    browser.type(".editor-form .field-steps input", Keys.BACK_SPACE)
    browser.type(".editor-form textarea", Keys.CONTROL, "a")
    browser.type(".editor-form textarea", "short dull kick")
    browser.button("Save pad")
    browser.until(lambda: bank.read_text() == before.replace("short dark kick", "short dull kick"))
    browser.tab("Play")
    browser.wait_for_text("[data-pad='36']", "short dull kick")


def test_a_prompt_is_saved_as_a_pad(browser, bank):
    before = bank.read_text()
    browser.type_prompt("new pad sound")
    browser.click("[title='Save as pad']")
    browser.find(".dialog")
    browser.button("Save")
    browser.wait_for_text("[data-pad='39']", "new pad sound")
    assert '\n  39: {prompt: "new pad sound"}\n' in bank.read_text()
    assert before.rstrip("\n") in bank.read_text()


@pytest.mark.thorough
def test_nothing_typed_goes_by_itself_and_every_edit_can_be_undone(browser, bank):
    before = bank.read_text()
    prompt = ".editor-form textarea"

    def shows(text):
        browser.until(lambda: browser.find(prompt).get_attribute("value") == text)

    browser.tab("Set")
    browser.click("[data-edit='36']")
    shows("short dark kick")
    browser.type(prompt, Keys.CONTROL, "a")
    browser.type(prompt, "half typed")
    browser.wait_for_text(".unsaved-text", "not saved yet")
    browser.click("[data-edit='38']")
    browser.wait_for_text(".asked-text", "C1 in presets/opening.yaml has changes that are not saved.")
    browser.button("Keep for later")
    shows("slow rain")
    browser.until(lambda: not browser.all(".asked"))
    # Who closes the page is asked too; what loads it anew by itself asks nobody, and brings it back.
    browser.until(lambda: browser.script(ASKS))
    browser.script("window.comesBack = () => true")
    assert not browser.script(ASKS)
    browser.load(f"{browser.address}/?tab=set")
    browser.click("[data-edit='36']")
    shows("half typed")
    # Meanwhile somebody else has saved another prompt.
    bank.write_text(before.replace("short dark kick", "their kick"))
    browser.wait_for_text("[data-edit='36']", "their kick")
    browser.button("Save pad")
    browser.wait_for_text(".asked-text", "prompt is their kick")
    browser.button("Overwrite")
    browser.until(lambda: bank.read_text() == before.replace("short dark kick", "half typed"))
    browser.until(lambda: not browser.all(".asked"))
    browser.button("Remove pad")
    browser.wait_for_text(".asked-text", "Remove C1 “half typed” from presets/opening.yaml?")
    browser.button("Remove")
    browser.until(lambda: "half typed" not in bank.read_text())
    # The file is written first: what is undone next is known once the pad is gone here.
    browser.until(lambda: not browser.all("[data-edit='36']"))
    browser.click(".editor-buttons button", "Undo C1 in Opening")
    browser.until(lambda: bank.read_text() == before.replace("short dark kick", "half typed"))
    browser.click(".editor-buttons button", "Undo C1 in Opening")
    browser.until(lambda: bank.read_text() == before.replace("short dark kick", "their kick"))
