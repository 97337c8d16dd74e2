"""The set list is edited."""

import pytest

from midifrag.page.panels.set_list import SetListPanel
from midifrag.page.wire import configuration


class List:
    def __init__(self, page, files):
        self.page, self.files = page, files
        self.panel = page.show(SetListPanel)

    def take_over(self):
        self.page.take(configuration(self.files.load()))

    @property
    def order(self):
        return [row.props["data-bank"] for row in self.page.one("set-rows").default_slot.children]

    @property
    def names(self):
        return [bank.name for bank in self.files.load().banks]

    def row(self, slug):
        return next(one for one in self.page.all("set-row") if one.props["data-bank"] == slug)

    def titled(self, title):
        (found,) = self.page.titled(title)
        return found

    def field(self, slug):
        return next(one for one in self.row(slug).descendants() if "set-name" in one.classes)


@pytest.fixture
def shown(headless, on_disk):
    return List(headless(of=on_disk.load()), on_disk)


def test_banks_are_listed_as_they_are_played(shown):
    assert shown.order == ["opening", "second"]


@pytest.mark.parametrize(
    "move",
    [
        lambda shown: shown.page.fire(shown.row("opening"), "drop", "second"),
        lambda shown: shown.page.click(shown.titled("Opening later")),
        lambda shown: shown.page.click(shown.titled("second earlier")),
    ],
)
def test_a_bank_goes_where_it_is_dragged_or_stepped(shown, move):
    shown.files.bank("second").write_text("name: second\npads: {36: {prompt: bell}}\n", "utf-8")
    shown.take_over()
    move(shown)
    assert shown.names == ["second", "Opening"]
    shown.take_over()
    assert shown.order == ["second", "opening"]
    assert shown.page.page.edits.last.key == "set_list"


def test_what_is_no_bank_or_stays_in_its_place_changes_nothing(shown):
    before = shown.files.path.read_text("utf-8")
    shown.page.fire(shown.row("opening"), "drop", "something else")
    shown.page.fire(shown.row("opening"), "drop", "opening")
    shown.page.click(shown.titled("Opening earlier"))
    assert shown.files.path.read_text("utf-8") == before
    assert shown.page.page.edits.last is None


def test_a_bank_is_added_and_copied(shown):
    field = shown.page.one("set-new").default_slot.children[0]
    shown.page.click(shown.page.button("Add a bank"))
    assert shown.names == ["Opening", "Second"]
    shown.page.enter(field, "Encore")
    shown.page.click(shown.page.button("Add a bank"))
    assert field.value == ""
    shown.take_over()
    shown.page.click(shown.titled("Copy Opening"))
    assert shown.names == ["Opening", "Second", "Encore", "Opening (copy)"]


def test_a_bank_is_renamed_and_no_name_is_none(shown):
    shown.page.enter(shown.field("second"), "Finale")
    shown.page.fire(shown.field("second"), "blur")
    assert shown.names == ["Opening", "Finale"]
    shown.take_over()
    shown.page.enter(shown.field("second"), " ")
    shown.page.fire(shown.field("second"), "blur")
    assert shown.field("second").value == "Finale"
    assert shown.names == ["Opening", "Finale"]


def test_a_half_typed_name_survives_what_others_do_to_banks(shown):
    field = shown.field("second")
    shown.page.enter(field, "Fin")
    assert shown.panel.unsaved == "Fin"
    shown.page.click(shown.titled("Copy Opening"))
    shown.take_over()
    shown.page.click(shown.titled("Opening later"))
    shown.take_over()
    assert shown.field("second") is field
    assert (field.value, shown.names) == ("Fin", ["Second", "Opening", "Opening (copy)"])
    shown.files.bank("second").write_text("name: Coda\npads: {36: {prompt: bell}}\n", "utf-8")
    shown.take_over()
    assert (field.value, field.props["aria-label"]) == ("Fin", "Name of bank Coda")
    shown.page.fire(field, "keydown.enter")
    shown.take_over()
    assert (shown.names[0], shown.panel.unsaved) == ("Fin", "")


def test_a_name_that_is_saved_is_not_asked_about_before_the_show_tells_it(shown, monkeypatch):
    told, real = [], SetListPanel.rename

    async def rename(panel, slug, name):
        told.append(panel.unsaved)
        return await real(panel, slug, name)

    monkeypatch.setattr(SetListPanel, "rename", rename)
    shown.page.enter(shown.field("second"), "Finale")
    shown.panel.unsaved_changed = lambda: told.append(shown.panel.unsaved)
    shown.page.fire(shown.field("second"), "blur")
    assert (shown.names[1], told) == ("Finale", ["", ""])
    shown.page.enter(shown.field("second"), "Final")
    assert shown.panel.unsaved == "Final"


def test_a_name_that_is_refused_stays_where_it_was_typed(shown):
    shown.files.bank("second").write_text("[", "utf-8")
    shown.page.enter(shown.field("second"), "Finale")
    shown.page.fire(shown.field("second"), "blur")
    assert (shown.field("second").value, shown.panel.unsaved) == ("Finale", "Finale")
    assert len(shown.page.notices) == 1


def test_a_bank_that_is_gone_leaves_the_list(shown):
    shown.files.path.write_text(shown.files.path.read_text("utf-8").replace(", second]", "]"), "utf-8")
    shown.take_over()
    assert shown.order == ["opening"]
