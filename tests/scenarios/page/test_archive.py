"""The archive in a browser: takes are found, marked, taken along and used again."""

import io
import zipfile

import pytest
from selenium.webdriver.common.keys import Keys

from midifrag.fragment.archive import Archive


@pytest.fixture
def take(browser, show, request):
    """A take of a prompt that no other test renders, found and the only one that is shown."""
    prompt = f"lonely whistle {request.node.name}"
    archive = Archive(show.fragments / "archive")
    browser.type_prompt(prompt)
    browser.type(".prompt .field-seconds input", "0.4")
    browser.button("Render")
    record = browser.until(lambda: next(iter(archive.find(prompt)), None))
    browser.tab("Archive")
    browser.type(".filter-words input", prompt)
    browser.until(lambda: browser.texts(".take-prompt") == [prompt] and browser.text(".sheet-count") == "1 takes")
    yield record, archive
    archive.close()


def test_a_take_is_found_starred_noted_and_exported(browser, show, take):
    record, archive = take
    browser.click(".take [title='Star']")
    browser.until(lambda: archive.get(record.number).starred)
    browser.find(".take [title='Take the star away']")
    browser.click(".take [title='Note']")
    browser.type(".dialog input", "<b>for the end</b>", Keys.ENTER)
    browser.wait_for_text(".take-note", "<b>for the end</b>")
    status, body = show.get(f"/export.zip?take={record.number}")
    assert status == 200
    bundle = zipfile.ZipFile(io.BytesIO(body))
    assert f"midifrag-takes/{record.file}" in bundle.namelist()
    text = bundle.read("midifrag-takes/takes.txt").decode()
    assert "lonely whistle" in text
    assert f"seed: {record.seed}" in text


#: What a drag that begins on a waveform carries for programs that fetch files themselves.
DRAGGED = """
    const data = new DataTransfer();
    document.querySelector(arguments[0]).dispatchEvent(new DragEvent("dragstart", {dataTransfer: data, bubbles: true}));
    return data.getData("DownloadURL");
"""


def test_a_take_can_be_dragged_out_and_shown_in_its_folder(browser, show, take):
    record, _ = take
    kind, name, address = browser.script(DRAGGED, ".take-wave").split(":", 2)
    assert (kind, name) == ("audio/wav", record.file)
    assert address.endswith(f"/takes/{record.number}.wav")
    assert show.get(f"/takes/{record.number}.wav") == (200, (show.fragments / "archive" / record.file).read_bytes())
    browser.click(".take [title='Where the file is']")
    browser.wait_for_text(".dialog .path", str(show.fragments / "archive" / record.file))
    browser.wait_for_text(".dialog", "Show in its folder")
    browser.button("Close")


def test_a_take_is_rendered_again_varied_and_sent_to_a_slot(browser, take):
    record, archive = take
    browser.click(".take [title='Render again with the same seed']")
    browser.until(lambda: archive.count(record.prompt) == 2)
    assert archive.find(record.prompt)[0].seed == record.seed
    browser.click(".take [title='Render again with another seed']")
    browser.until(lambda: archive.count(record.prompt) == 3)
    assert archive.find(record.prompt)[0].seed != record.seed
    browser.click(".take [title='To slot']")
    browser.click(".q-menu .q-item", "03")
    browser.tab("Play")
    browser.find(f".slot:nth-child(3)[data-take='{record.number}']")
    browser.wait_for_text(".slot:nth-child(3)", "lonely whistle")
