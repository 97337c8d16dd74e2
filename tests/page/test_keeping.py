"""Archive and set editing in the browser."""

import io
import zipfile

import pytest
from selenium.webdriver.common.keys import Keys

from midifrag.fragment.archive import Archive


@pytest.fixture
def take(browser, show, request):
    """A take of a prompt that no other test renders."""
    prompt = f"lonely whistle {request.node.name}"
    archive = Archive(show.fragments / "archive")
    browser.type_prompt(prompt)
    browser.find(".prompt .field-seconds input").send_keys("0.4")
    browser.button("Render").click()
    record = browser.until(lambda: next(iter(archive.find(prompt)), None))
    browser.tab("Archive")
    browser.until(lambda: takes(browser))
    browser.script("document.querySelectorAll('.take').forEach((row) => row.dataset.before = true)")
    browser.find(".filter-words input").send_keys(prompt)
    browser.until(lambda: not browser.driver.find_elements("css selector", "[data-before]"))
    assert len(takes(browser)) == archive.count(record.prompt)
    yield record, archive
    archive.close()


def takes(browser):
    return browser.driver.find_elements("css selector", ".take")


def test_a_take_is_found_starred_noted_and_exported(browser, show, take):
    record, archive = take
    browser.find(".take [title='Star']").click()
    browser.until(lambda: archive.get(record.number).starred)
    browser.find(".take [title='Take the star away']")
    browser.find(".take [title='Note']").click()
    browser.find(".dialog input").send_keys("<b>for the end</b>", Keys.ENTER)
    browser.wait_for_text(".take-note", "<b>for the end</b>")
    status, body = show.get(f"/export.zip?take={record.number}")
    assert status == 200
    bundle = zipfile.ZipFile(io.BytesIO(body))
    assert f"midifrag-takes/{record.file}" in bundle.namelist()
    text = bundle.read("midifrag-takes/takes.txt").decode()
    assert "lonely whistle" in text
    assert f"seed: {record.seed}" in text


def test_a_take_is_rendered_again_varied_and_sent_to_a_slot(browser, show, take):
    record, archive = take
    count = archive.count(record.prompt)
    browser.find(".take [title='Render again with the same seed']").click()
    browser.until(lambda: archive.count(record.prompt) == count + 1)
    assert archive.find(record.prompt)[0].seed == record.seed
    browser.find(".take [title='Render again with another seed']").click()
    browser.until(lambda: archive.count(record.prompt) == count + 2)
    assert archive.find(record.prompt)[0].seed != record.seed
    browser.find(".take [title='To slot']").click()
    items = ("css selector", ".q-menu .q-item")
    browser.until(lambda: [item for item in browser.driver.find_elements(*items) if "03" in item.text])[0].click()
    browser.tab("Play")
    browser.wait_for_text(".slot:nth-child(3)", "lonely whistle")


def test_the_previous_fragment_comes_back(browser):
    for _ in range(5):
        press_and_wait(browser)
    restorable = browser.find(".slot [title='Put the previous fragment back']:not([disabled])")
    slot = browser.script("return arguments[0].closest('.slot').querySelector('.slot-number').innerText", restorable)
    before = take_in(browser, slot)
    restorable.click()
    browser.until(lambda: take_in(browser, slot) != before)


def press_and_wait(browser):
    newest = newest_take(browser)
    browser.pad(36).click()
    browser.until(lambda: newest_take(browser) > newest)


def newest_take(browser):
    return browser.script("return Math.max(0, ...[...document.querySelectorAll('.slot')].map((s) => s.dataset.take))")


def take_in(browser, slot):
    return browser.script("return document.querySelectorAll('.slot')[arguments[0] - 1].dataset.take", int(slot))


def test_an_edited_pad_is_written_and_live_at_once(browser, show):
    bank = show.folder / "presets" / "stage.yaml"
    before = bank.read_text()
    browser.tab("Set")
    browser.find("[data-edit='36']").click()
    prompt = browser.find(".editor-form textarea")
    browser.until(lambda: prompt.get_attribute("value") == "short dark kick")
    steps = browser.find(".editor-form .field-steps input")
    steps.send_keys("0")
    browser.button("Save pad").click()
    browser.wait_for_text(".q-notifications", "presets/stage.yaml:5: pads.36.steps: 0 is below 1")
    assert bank.read_text() == before
    steps.send_keys(Keys.BACK_SPACE)
    prompt.send_keys(Keys.CONTROL, "a")
    prompt.send_keys("short dull kick")
    browser.button("Save pad").click()
    browser.until(lambda: bank.read_text() == before.replace("short dark kick", "short dull kick"))
    browser.tab("Play")
    browser.wait_for_text("[data-pad='36']", "short dull kick")
    bank.write_text(before)
    # Edits by hand are found within a second or two.
    browser.wait_for_text("[data-pad='36']", "short dark kick")


def test_a_prompt_is_saved_as_a_pad(browser, show):
    bank = show.folder / "presets" / "stage.yaml"
    before = bank.read_text()
    browser.type_prompt("new pad sound")
    browser.find("[title='Save as pad']").click()
    browser.find(".dialog")
    browser.button("Save").click()
    browser.wait_for_text("[data-pad='39']", "new pad sound")
    assert "\n  39: {prompt: new pad sound}\n" in bank.read_text()
    assert before.rstrip("\n") in bank.read_text()
    bank.write_text(before)
    browser.until(lambda: not browser.driver.find_elements("css selector", "[data-pad='39']"))
