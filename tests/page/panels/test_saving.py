"""Saving to a bank's file, with every answer told."""

import pytest
from nicegui import ui

from midifrag.errors import StorageError
from midifrag.pad_key import PadKey
from midifrag.page.panels import saving
from midifrag.page.panels.saving import file_of, open_save_dialog, remove, save, tell
from midifrag.page.wire import ReadAgain
from tests.page.changes import active


@pytest.fixture
def page(headless, on_disk):
    return headless(of=on_disk.load())


def test_what_is_saved_is_in_the_file_and_taken_over_at_once(page, on_disk):
    values = {"prompt": "dull kick", "steps": 9}
    assert page.do(lambda: save(page.page, "opening", PadKey(36), values)) is None
    pad = on_disk.load().banks[0].pads[PadKey(36)]
    assert (pad.prompt, pad.steps, pad.colour) == ("dull kick", 9, "red")
    assert "# the kick" in on_disk.bank().read_text()
    assert page.sent == [ReadAgain()]


def test_what_is_refused_is_told_by_key_and_changes_nothing(page, on_disk):
    before = on_disk.bank().read_text()
    problems = page.do(lambda: save(page.page, "opening", PadKey(36), {"steps": 0, "colour": "mauve"}))
    assert set(problems) == {"steps", "colour"}
    assert problems["steps"] == "presets/opening.yaml:4: pads.36.steps: 0 is below 1"
    assert on_disk.bank().read_text() == before
    assert page.sent == []


def test_a_pad_is_removed_but_not_from_a_file_that_cannot_be_read(page, on_disk):
    assert page.do(lambda: remove(page.page, "opening", PadKey(36))) is None
    assert PadKey(36) not in on_disk.load().banks[0].pads
    on_disk.bank().write_text("pads: [", "utf-8")
    problems = page.do(lambda: remove(page.page, "opening", PadKey(37)))
    assert list(problems) == [""]
    assert "opening.yaml cannot be read" in problems[""]
    assert page.sent == [ReadAgain()]


def test_every_problem_is_said_until_it_is_read(page):
    page.do(lambda: tell({"steps": "0 is below 1", "": "no disk"}))
    assert page.notices == ["0 is below 1", "no disk"]
    assert all(one["timeout"] == 0 and one["closeBtn"] for one in page.told("notify"))


def test_a_bank_s_file_is_called_as_messages_call_it(page):
    assert file_of(page.page, "second") == "presets/second.yaml"


class Dialog:
    """The dialog that asks where a typed prompt shall lie."""

    def __init__(self, page):
        self.page = page
        page.do(lambda: open_save_dialog(page.page, {"prompt": "new sound", "steps": 8}))

    def field(self, label):
        return self.page.labelled((ui.select, ui.input), label)

    def save(self):
        self.page.click(self.page.button("Save"))

    @property
    def is_open(self):
        return self.page.one("dialog").parent_slot.parent.value


def test_the_first_free_pad_of_the_active_bank_is_offered(page):
    page.take(active("second"))
    dialog = Dialog(page)
    assert dialog.field("Bank").value == "second"
    assert dialog.field("Pad").value == "37"
    options = dialog.field("Pad").options
    assert list(options)[:2] == ["36", "37"]
    assert (options["36"], options["37"]) == ("36 C1 – bell", "37 C#1 – free")
    assert len(options) == 16
    page.enter(dialog.field("Bank"), "opening")
    assert dialog.field("Pad").value == "38"
    assert dialog.field("Pad").options["37"] == "37 C#1 – rain"


def test_without_an_active_bank_the_first_is_offered(page):
    assert Dialog(page).field("Bank").value == "opening"


def test_a_bank_with_no_free_pad_offers_the_first(page, monkeypatch):
    monkeypatch.setattr(saving, "OFFERED", range(36, 38))
    assert Dialog(page).field("Pad").value == "36"


def test_a_typed_prompt_becomes_a_pad(page, on_disk):
    dialog = Dialog(page)
    page.enter(dialog.field("Name"), " New ")
    page.enter(dialog.field("Colour"), "blue")
    page.enter(dialog.field("Pad"), "40")
    dialog.save()
    pad = on_disk.load().banks[0].pads[PadKey(40)]
    assert (pad.prompt, pad.steps, pad.name, pad.colour) == ("new sound", 8, "New", "blue")
    assert page.notices == ["saved as New (E1) in presets/opening.yaml"]
    assert not dialog.is_open


def test_a_name_and_a_colour_are_left_out_where_there_are_none(page, on_disk):
    Dialog(page).save()
    assert on_disk.load().banks[0].pads[PadKey(38)].model_dump(exclude_unset=True) == {
        "prompt": "new sound",
        "steps": 8,
    }
    assert page.notices == ["saved as new sound (D1) in presets/opening.yaml"]


def test_what_could_not_be_written_is_told_and_the_dialog_stays(page, monkeypatch):
    def broken(*_):
        raise StorageError("no disk")

    monkeypatch.setattr(saving, "save_pad", broken)
    dialog = Dialog(page)
    dialog.save()
    assert page.notices == ["no disk"]
    assert dialog.is_open


def test_a_dialog_can_be_left_and_is_then_gone(page, on_disk):
    before = on_disk.bank().read_text()
    dialog = Dialog(page)
    page.click(page.button("Cancel"))
    assert not dialog.is_open
    page.fire(page.one("dialog").parent_slot.parent, "hide")
    assert page.all("dialog") == []
    assert on_disk.bank().read_text() == before
