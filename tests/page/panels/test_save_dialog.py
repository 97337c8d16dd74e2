"""The dialog that makes a pad of a typed prompt."""

import pytest
from nicegui import ui

from midifrag.errors import StorageError
from midifrag.pad_key import PadKey
from midifrag.page.panels import saving
from midifrag.page.panels.save_dialog import LARGE_GRID, SaveDialog, free_notes
from tests.page.changes import active
from tests.support.shows import bank


@pytest.fixture
def page(headless, on_disk):
    return headless(of=on_disk.load())


class Dialog:
    """The dialog that asks where a typed prompt shall lie."""

    def __init__(self, page):
        self.page = page
        page.do(lambda: SaveDialog(page.page, {"prompt": "new sound", "steps": 8}))

    def field(self, label):
        return self.page.labelled((ui.select, ui.input), label)

    def save(self):
        self.page.click(self.page.button("Save"))

    @property
    def is_open(self):
        return self.page.one("save-dialog").parent_slot.parent.value


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


def keys(*notes):
    return bank(pads={note: {"prompt": "x"} for note in notes})


@pytest.mark.parametrize(
    ("taken", "used", "free"),
    [
        (keys(36, "37/10"), {39}, [38, *range(40, 52)]),
        (keys(*range(36, 52)), {None}, [52]),
        (keys(*range(36, 52)), {52, 53}, [54]),
        (keys(*range(36, 128)), set(), [35]),
        (keys(*range(128)), set(), []),
        (keys(11, 81), set(), [note for note in LARGE_GRID if note not in (11, 81)]),
        (keys(*LARGE_GRID), set(), [59]),
        (keys(36, 60), set(), range(37, 52)),
    ],
    ids=["some", "full grid", "full grid and actions", "full above", "full", "large grid", "full large grid", "loose"],
)
def test_free_notes_are_those_that_no_pad_and_no_action_has(taken, used, free):
    assert free_notes(taken, used) == list(free)


def test_a_full_grid_proposes_a_free_note_beside_it(headless, on_disk):
    pads = "".join(f"  {note}: {{prompt: sound {note}}}\n" for note in range(36, 52))
    on_disk.bank().write_text(f"name: Opening\npads:\n{pads}", "utf-8")
    page = headless(of=on_disk.load())
    dialog = Dialog(page)
    assert dialog.field("Pad").value == "52"
    dialog.save()
    assert on_disk.load().banks[0].pads[PadKey(52)].prompt == "new sound"


def test_a_bank_with_no_free_note_proposes_none(headless, on_disk):
    pads = "".join(f"  {note}: {{prompt: sound {note}}}\n" for note in range(128))
    on_disk.bank().write_text(f"name: Opening\npads:\n{pads}", "utf-8")
    before = on_disk.bank().read_text("utf-8")
    page = headless(of=on_disk.load())
    dialog = Dialog(page)
    assert dialog.field("Pad").value is None
    dialog.save()
    assert page.notices == ["Choose a pad: this bank has no free one."]
    assert on_disk.bank().read_text("utf-8") == before


@pytest.mark.parametrize("seen", [True, False], ids=["chosen as taken", "taken by another browser meanwhile"])
def test_a_taken_pad_is_only_replaced_when_asked(page, on_disk, seen):
    dialog = Dialog(page)
    if seen:
        page.enter(dialog.field("Pad"), "37")
    else:
        on_disk.bank().write_text(on_disk.bank().read_text("utf-8") + "  38: {prompt: snare}\n", "utf-8")
    taken = PadKey(37 if seen else 38)
    before = on_disk.load().banks[0].pads[taken]
    dialog.save()
    assert f"is taken: prompt is {before.prompt}. Replace that pad?" in page.text("asked-text")
    assert on_disk.load().banks[0].pads[taken] == before
    page.click(page.button("Replace"))
    assert on_disk.load().banks[0].pads[taken].model_dump(exclude_unset=True) == {"prompt": "new sound", "steps": 8}
    assert not dialog.is_open


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
    def broken(*_args, **_options):
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
