"""What is done with several takes at once: above all, deleting them, and its undo."""

import pytest

from midifrag.errors import StorageError
from midifrag.events import SlotsChanged, TakeChanged
from midifrag.intents import TrashTake
from midifrag.page.panels.archive import SHEET
from tests.page.changes import slot
from tests.page.panels.test_archive import Opened
from tests.support.shows import bank


class Bench(Opened):
    """The panel, and a show that does what it says with takes."""

    def perform(self):
        """Do what was asked of takes since, and tell."""
        asked, self.page.sent[:] = list(self.page.sent), []
        for one in asked:
            assert isinstance(one, TrashTake)
            move = self.archive.trash if one.trashed else self.archive.restore
            self.page.take(TakeChanged(move(one.take)))

    def choose(self, *numbers):
        for number in numbers:
            self.page.do(lambda number=number: self.panel.choose(number, True))

    def click(self, title):
        self.page.click(self.buttons(title)[0])

    @property
    def undo(self):
        return self.page.one("undo-delete")


@pytest.fixture
def opened(headless):
    made = Bench(headless(bank(pads={36: {"prompt": "rain", "from": "take 2"}})))
    yield made
    made.archive.close()


def test_what_is_chosen_is_deleted_and_undone_from_the_last_on(opened):
    opened.store("rain", "bell", "wind")
    opened.look()
    assert not opened.undo.visible
    opened.choose(3, 1)
    opened.click("Delete what is chosen: it goes to the trash")
    assert opened.page.sent == [TrashTake(1, True), TrashTake(3, True)]
    assert opened.page.notices == ["2 takes to the trash"]
    assert (opened.panel.chosen, opened.page.one("bulk").visible) == (set(), False)
    opened.perform()
    assert opened.prompts == ["bell"]
    opened.click("Delete: it goes to the trash")
    opened.perform()
    assert (opened.prompts, opened.undo.text) == ([], "Undo: take 2 back")
    opened.page.click(opened.undo)
    assert opened.page.sent == [TrashTake(2, False)]
    opened.perform()
    assert (opened.prompts, opened.undo.text) == (["bell"], "Undo: 2 takes back")
    opened.page.click(opened.undo)
    opened.perform()
    assert (opened.prompts, opened.undo.visible) == (["wind", "bell", "rain"], False)


def test_a_take_that_something_uses_is_told_about_until_it_is_read(opened):
    opened.page.take(SlotsChanged((slot(1, take=2),)))
    opened.store("rain", "bell")
    opened.look()
    opened.choose(2)
    opened.click("Delete what is chosen: it goes to the trash")
    (told,) = opened.page.told("notify")
    assert told["message"].splitlines() == [
        "take 2 to the trash",
        "Opening: C1 “rain” begins from take 2; it does so until the trash is emptied",
        "slot 1 has a fragment of take 2, which stays there",
    ]
    assert told["timeout"] == 0


def test_an_archive_that_cannot_be_asked_keeps_nothing_from_being_deleted(opened, monkeypatch):
    opened.store("rain")
    opened.look()
    opened.choose(1)

    def broken(*_):
        raise StorageError("no disk")

    monkeypatch.setattr("midifrag.page.panels.archive_bulk.uses", broken)
    opened.click("Delete what is chosen: it goes to the trash")
    assert opened.page.sent == [TrashTake(1, True)]
    assert "no disk" in opened.page.notices[0]


def test_the_trash_is_shown_when_it_is_asked_for_and_gives_back(opened):
    opened.store("rain", "bell")
    opened.archive.trash(1)
    opened.look()
    assert opened.prompts == ["bell"]
    opened.filter("Trash", True)
    assert (opened.prompts, opened.page.texts("take-note")) == (["rain"], ["in the trash"])
    assert [opened.page.one(name).visible for name in ("bulk-delete", "bulk-restore")] == [False, True]
    opened.choose(1)
    opened.click("Put back what is chosen")
    assert opened.page.sent == [TrashTake(1, False)]
    opened.perform()
    assert opened.prompts == []
    assert opened.page.one("nothing-found").visible
    opened.page.click(opened.page.button("Show all takes"))
    assert opened.prompts == ["bell", "rain"]


def test_what_is_chosen_of_the_trash_is_so_no_longer_than_that_is_shown(opened):
    opened.store("rain", "bell")
    opened.archive.trash(1)
    opened.look()
    opened.choose(2)
    opened.filter("Trash", True)
    assert opened.panel.chosen == set()
    opened.choose(1)
    opened.filter("Trash", False)
    assert (opened.panel.chosen, opened.page.one("bulk").visible) == (set(), False)


def test_what_somebody_else_deletes_stays_where_it_is_and_says_so(opened):
    opened.store("rain", "bell")
    opened.look()
    opened.page.take(TakeChanged(opened.archive.trash(2)))
    assert (opened.prompts, opened.page.texts("take-note")) == (["bell", "rain"], ["in the trash", ""])


def test_a_last_sheet_that_is_emptied_gives_way_to_the_one_before(opened):
    opened.store(*(f"sound {number}" for number in range(SHEET + 1)))
    opened.look()
    opened.click("Older")
    assert opened.prompts == ["sound 0"]
    opened.click("Delete: it goes to the trash")
    opened.perform()
    assert (opened.page.text("sheet-page"), len(opened.prompts)) == ("page 1 of 1", SHEET)
