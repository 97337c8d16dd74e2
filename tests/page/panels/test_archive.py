"""The archive panel: takes are found, marked, used again and taken along."""

import asyncio
import threading
import time

import numpy as np
import pytest
from nicegui import ui

from midifrag.errors import StorageError
from midifrag.events import SlotsChanged, TakeChanged
from midifrag.fragment.archive import Archive
from midifrag.intents import AnnotateTake, Prompt, SendTake, StarTake
from midifrag.page import texts
from midifrag.page.panels.archive import SHEET, ArchivePanel
from midifrag.page.versions import version_of
from midifrag.states import JobState
from tests.page.changes import job, record, slot
from tests.support.shows import bank

NOISE = np.random.default_rng(0).normal(size=(2, 441)).astype(np.float32) / 8
#: Noon of a day, here.
NOON = time.mktime((2026, 3, 14, 12, 0, 0, 0, 0, -1))


class Opened:
    """The panel on an archive that a test fills."""

    def __init__(self, page):
        self.page = page
        self.archive = Archive(page.page.archive.folder)
        page.take(SlotsChanged((slot(1), slot(2))))
        self.panel = page.show(ArchivePanel)

    def store(self, *prompts, **fields):
        for prompt in prompts:
            self.archive.store(NOISE, 44100, record(prompt, **fields))

    def look(self):
        self.page.do(self.panel.opened)

    @property
    def prompts(self):
        return self.page.texts("take-prompt")

    def filter(self, label, value):
        self.page.enter(self.page.labelled((ui.input, ui.select, ui.checkbox), label), value)

    def buttons(self, title):
        return self.page.titled(title)

    @property
    def slots(self):
        """What the menu of slots offers."""
        return [one for one in self.page.client.elements.values() if one.tag == "q-item"]

    @property
    def checkboxes(self):
        return [one for one in self.page.client.elements.values() if isinstance(one, ui.checkbox)]


@pytest.fixture
def opened(headless):
    made = Opened(headless(bank(), bank("second"), models={"soft": {"engine": "sketch"}}))
    yield made
    made.archive.close()


def test_the_newest_takes_are_shown_first_once_it_is_opened(opened):
    opened.store("rain", "bell")
    assert opened.prompts == []
    opened.look()
    assert opened.prompts == ["bell", "rain"]
    assert opened.page.text("sheet-count") == "2 takes"


def test_an_empty_archive_says_so(opened):
    opened.look()
    assert opened.page.text("sheet-count") == "No takes that fit."


def test_an_archive_that_cannot_be_read_says_so(opened, monkeypatch):
    def broken(*_args, **_filters):
        raise StorageError("no disk")

    monkeypatch.setattr(opened.page.page.archive, "count", broken)
    opened.look()
    assert opened.page.text("sheet-count") == "The archive cannot be read now: no disk"


def test_a_take_of_bars_says_so(opened):
    opened.store("beat", bars=2.0, bpm=120.0, signature="4/4")
    opened.look()
    assert opened.page.texts("take-about") == ["take 1 · – · 2 bars · seed – · – · – · 120 bpm"]


def test_a_take_says_what_made_it(opened):
    opened.store("rain", bank="opening", model="soft", seed=5, rendered_at=NOON)
    opened.store("bell", reason="silent")
    opened.look()
    silent, rain = opened.page.texts("take-about")
    assert rain == "take 1 · 2026-03-14 12:00:00 · 0.01 s · seed 5 · opening · soft"
    assert silent == "take 2 · – · 0.01 s · seed – · – · –"
    assert opened.page.texts("take-note") == ["silent", ""]
    assert "reason" in opened.page.all("take-note")[0].classes


def test_takes_are_found_by_words_and_circumstances(opened):
    day = 86400
    opened.store("rain", bank="opening", preset="rain", rendered_at=NOON)
    opened.store("rain on tin", bank="second", preset="storm", rendered_at=NOON + day)
    opened.store("bell", bank="second", preset="bell", rendered_at=NOON + 2 * day)
    opened.archive.star(3)
    opened.look()
    for label, value, found in (
        ("Words", "RAIN", ["rain on tin", "rain"]),
        ("Words", None, ["bell", "rain on tin", "rain"]),
        ("Bank", "second", ["bell", "rain on tin"]),
        ("Bank", "any bank", ["bell", "rain on tin", "rain"]),
        ("Preset", "rain", ["rain"]),
        ("Preset", None, ["bell", "rain on tin", "rain"]),
        ("From", "2026-03-15", ["bell", "rain on tin"]),
        ("To", "2026-03-15", ["rain on tin"]),
        ("From", "no day", ["rain on tin", "rain"]),
        ("To", "", ["bell", "rain on tin", "rain"]),
        ("Starred", True, ["bell"]),
        ("Starred", False, ["bell", "rain on tin", "rain"]),
    ):
        opened.filter(label, value)
        assert opened.prompts == found, (label, value)


def test_rows_stay_while_their_takes_do(opened):
    opened.store("rain", "bell")
    opened.look()
    rows = opened.page.all("take")
    opened.archive.annotate(1, "for the end")
    opened.filter("Words", "")
    opened.look()
    assert opened.page.all("take") == rows
    assert opened.page.texts("take-note") == ["", "for the end"]
    opened.filter("Words", "rain")
    assert opened.page.all("take") != rows


def test_banks_and_presets_of_the_set_are_offered(opened):
    assert opened.page.labelled(ui.select, "Bank").options == ["any bank", "opening", "second"]
    assert opened.page.labelled(ui.select, "Preset").options == ["any preset", "rain", "short kick"]


def test_sheets_are_turned_to_the_last_and_back(opened):
    opened.store(*(f"sound {number}" for number in range(SHEET + 2)))
    opened.look()
    (older,), (newer,) = opened.buttons("Older"), opened.buttons("Newer")
    assert len(opened.prompts) == SHEET
    opened.page.click(older)
    assert opened.prompts == ["sound 1", "sound 0"]
    opened.page.click(older)
    assert opened.prompts == ["sound 1", "sound 0"]
    opened.page.click(newer)
    opened.page.click(newer)
    assert opened.prompts[0] == f"sound {SHEET + 1}"


def test_only_the_last_question_is_answered(opened, monkeypatch):
    """Two searches at the same time: the older one's answer comes last."""
    opened.store("rain", "bell")
    find, asked = opened.page.page.archive.find, threading.Event()

    def slow_for_rain(words, **filters):
        if words == "rain":
            assert asked.wait(100)
        found = find(words, **filters)
        if words == "bell":
            asked.set()
        return found

    monkeypatch.setattr(opened.page.page.archive, "find", slow_for_rain)
    words = opened.page.labelled(ui.input, "Words")
    opened.page.do(lambda: (words.set_value("rain"), words.set_value("bell")))
    assert opened.prompts == ["bell"]
    assert opened.page.text("sheet-count") == "1 takes"


def test_takes_that_came_since_are_counted_and_shown_when_asked_for(opened):
    opened.page.take(job(JobState.LANDED, 1, take=1))
    new = opened.page.one("sheet-new")
    assert not new.visible
    opened.look()
    assert not new.visible
    opened.store("rain", "bell")
    opened.page.take(job(JobState.LANDED, 2, take=2), job(JobState.FAILED, 3))
    assert (new.visible, new.text) == (True, "Show 1 new")
    opened.page.click(new)
    assert opened.prompts == ["bell", "rain"]
    assert not new.visible


def test_a_star_is_given_taken_and_followed(opened):
    opened.store("rain")
    opened.look()
    (star,) = opened.buttons("Star")
    opened.page.click(star)
    opened.page.take(TakeChanged(record(number=1, starred=True, note="for the end")))
    assert (star.props["icon"], star.props["title"]) == ("star", "Take the star away")
    assert opened.page.text("take-note") == "for the end"
    opened.page.click(star)
    assert opened.page.sent == [StarTake(1, True), StarTake(1, False)]
    opened.page.take(TakeChanged(record(number=99, starred=True)))
    assert opened.page.text("take-note") == "for the end"


@pytest.mark.parametrize("way", ["button", "keydown.enter"])
def test_a_note_is_written(opened, way):
    opened.store("rain", note="before")
    opened.look()
    opened.page.click(opened.buttons("Note")[0])
    field = opened.page.labelled(ui.input, "Note")
    assert field.value == "before"
    opened.page.enter(field, "  after ")
    if way == "button":
        opened.page.click(opened.page.button("Save"))
    else:
        opened.page.fire(field, way)
    assert opened.page.sent == [AnnotateTake(1, "after")]
    dialog = opened.page.one("dialog").parent_slot.parent
    assert dialog.value is False
    opened.page.fire(dialog, "hide")
    assert opened.page.all("dialog") == []


def test_a_take_is_heard(opened):
    opened.store("rain")
    opened.look()
    opened.page.click(opened.page.one("take-wave"))
    assert opened.page.played == [("/takes/1.wav", "rain")]


@pytest.mark.parametrize(("model", "said"), [("soft", {"model": "soft"}), ("gone", {})])
def test_a_take_is_rendered_again_or_varied(opened, model, said):
    opened.store("rain", model=model, seed=7, parameters={"steps": 9})
    opened.look()
    opened.page.click(opened.buttons("Render again with the same seed")[0])
    opened.page.click(opened.buttons("Render again with another seed")[0])
    assert all(isinstance(one, Prompt) and one.prompt == "rain" for one in opened.page.sent)
    assert [one.parameters for one in opened.page.sent] == [
        {"steps": 9, "seed": 7, **said},
        {"steps": 9, "seed": "random", **said},
    ]


def test_a_take_is_sent_to_a_slot(opened):
    opened.store("rain")
    opened.look()
    assert opened.slots == []
    opened.page.click(opened.buttons("To slot")[0])
    for item in opened.slots:
        opened.page.click(item)
    assert opened.page.sent == [SendTake(1, None), SendTake(1, 1), SendTake(1, 2)]
    assert opened.page.notices == [f"take 1 goes to slot {slot}" for slot in ("next in turn", 1, 2)]


def test_one_menu_of_slots_serves_every_row(opened):
    opened.store("rain", "bell")
    opened.look()
    for button, take in zip(opened.buttons("To slot"), (2, 1), strict=True):
        opened.page.click(button)
        assert len(opened.slots) == 3
        opened.page.click(opened.slots[1])
        assert opened.page.sent[-1] == SendTake(take, 1)
    # Also once the row that it was opened at is gone.
    opened.filter("Words", "bell")
    opened.page.click(opened.buttons("To slot")[0])
    opened.page.click(opened.slots[0])
    assert opened.page.sent[-1] == SendTake(2, None)


def test_turning_a_sheet_builds_nothing(opened):
    opened.store(*(f"sound {number}" for number in range(2 * SHEET)))
    opened.look()
    before = list(opened.page.client.elements)
    opened.page.click(opened.buttons("Older")[0])
    assert opened.prompts[0] == f"sound {SHEET - 1}"
    assert list(opened.page.client.elements) == before
    assert len(before) < SHEET * 20


def test_a_row_shows_the_wave_of_its_take_s_file_as_it_is_now(opened):
    opened.store("rain")
    opened.look()
    picture = next(one for one in opened.page.client.elements.values() if one.tag == "img")
    path = opened.archive.path(1)
    assert picture.props["src"] == f"/takes/1.svg?v={version_of(path)}"
    before = picture.props["src"]
    path.write_bytes(path.read_bytes() + b"more")
    opened.look()
    assert picture.props["src"] != before


def test_a_click_that_was_meant_for_another_take_does_nothing_and_says_so(opened):
    opened.store("rain")
    opened.look()
    star = opened.buttons("Star")[0]
    opened.page.fire(star, "click", 7)
    assert opened.page.sent == []
    assert opened.page.notices == ["The sheet has been turned meanwhile: click again."]
    opened.page.fire(star, "click", 1)
    assert opened.page.sent == [StarTake(1, True)]


def test_who_turns_quicker_than_the_archive_is_read_gets_the_last_sheet_and_two_searches(opened, monkeypatch):
    opened.store(*(f"sound {number}" for number in range(4 * SHEET)))
    opened.look()
    looked_at = opened.page.page.archive
    find, begun, go_on = looked_at.find, [], threading.Event()

    def slow(words, **filters):
        begun.append(filters["offset"])
        assert go_on.wait(100)
        return find(words, **filters)

    monkeypatch.setattr(looked_at, "find", slow)
    older = opened.buttons("Older")[0]

    async def turn():
        for _ in range(3):
            for listener in older._event_listeners.values():
                opened.page.client.handle_event({"id": older.id, "listener_id": listener.id, "args": []})
        while len(begun) < 2:
            await asyncio.sleep(0)
        go_on.set()

    opened.page.do(turn)
    assert opened.prompts[0] == f"sound {SHEET - 1}"
    assert len(begun) <= 4


def test_chosen_takes_are_exported_together(opened):
    opened.store("rain", "bell", "wind")
    opened.look()
    export = opened.page.button("Choose takes to export")
    assert not export.enabled
    boxes = {box.props.get("aria-label"): box for box in opened.checkboxes}
    for number in (3, 1, 2):
        opened.page.enter(boxes[f"Choose take {number}"], True)
    opened.page.enter(boxes["Choose take 2"], False)
    assert export.text == "Export 2 as zip"
    opened.page.click(export)
    assert [one["src"] for one in opened.page.told("download")] == ["/export.zip?take=1&take=3"]
    # What is chosen stays so while others are shown.
    opened.filter("Words", "rain")
    opened.filter("Words", "")
    chosen = [box for box in opened.checkboxes if box.value]
    assert [box.props["aria-label"] for box in chosen] == ["Choose take 3", "Choose take 1"]
    for box in chosen:
        opened.page.enter(box, False)
    assert (export.text, export.enabled) == ("Choose takes to export", False)


def test_a_take_whose_file_is_gone_is_shown_as_gone(opened):
    opened.store("rain", "wind")
    opened.archive.path(1).unlink()
    opened.look()
    about = [one.text for one in opened.page.client.elements.values() if "take-about" in one.classes]
    assert [texts.GONE in line for line in about] == [False, True]


def test_words_that_cannot_be_meant_say_what_can(opened):
    opened.store("rain")
    opened.look()
    opened.filter("Words", "tempo:fast")
    assert opened.page.text("sheet-count").startswith("tempo:fast is no range: write tempo:90..120")
    opened.filter("Words", "-bell sort:oldest")
    assert opened.prompts == ["rain"]


def test_an_empty_archive_and_a_search_that_finds_nothing_help(opened):
    opened.look()
    shown = opened.page.one("nothing-found")
    why = shown.default_slot.children[0]
    assert shown.visible
    assert why.text.startswith("Every take that is rendered comes here")
    assert not opened.page.button("Show all takes").visible
    opened.store("rain")
    opened.look()
    assert not shown.visible
    opened.filter("Words", "bell")
    opened.filter("Starred", True)
    assert shown.visible
    assert why.text.startswith("Words may stand in any order")
    opened.page.click(opened.page.button("Show all takes"))
    assert opened.prompts == ["rain"]
    assert not shown.visible


def test_sheets_are_numbered(opened):
    opened.store(*(f"sound {number}" for number in range(SHEET + 1)))
    opened.look()
    assert opened.page.text("sheet-page") == "page 1 of 2"
    opened.page.click(opened.buttons("Older")[0])
    assert (opened.page.text("sheet-page"), opened.prompts) == ("page 2 of 2", ["sound 0"])


def arrow(opened, way):
    opened.page.fire(opened.page.one("takes"), "takekey", way)
    return opened.page.played[-1]


def test_arrows_play_the_next_take_and_the_one_before_over_the_ends_of_sheets(opened):
    opened.store(*(f"sound {number}" for number in range(1, SHEET + 2)))
    opened.look()
    newest = SHEET + 1
    played = [arrow(opened, way)[0] for way in ("next", "next", "previous")]
    assert played == [f"/takes/{number}.wav" for number in (newest, newest - 1, newest)]
    assert "current" in opened.page.all("take")[0].classes
    # Before the first one there is none.
    arrow(opened, "previous")
    assert len(opened.page.played) == 3
    for _ in range(SHEET):
        arrow(opened, "next")
    assert opened.page.played[-1] == ("/takes/1.wav", "sound 1")
    assert opened.page.text("sheet-page") == "page 2 of 2"
    assert arrow(opened, "previous") == ("/takes/2.wav", "sound 2")


def test_what_is_chosen_is_starred_and_two_are_compared(opened):
    opened.store("rain", "bell", "wind")
    opened.look()
    choose_all = next(one for one in opened.checkboxes if one.props.get("title") == "Choose all takes of this page")
    opened.page.enter(choose_all, True)
    assert opened.panel.chosen == {1, 2, 3}
    opened.page.click(opened.buttons("Star what is chosen")[0])
    assert opened.page.sent == [StarTake(number, True) for number in (1, 2, 3)]
    assert not opened.buttons("Compare the two that are chosen")[0].enabled
    opened.page.enter(choose_all, False)
    assert opened.panel.chosen == set()
    assert not opened.page.one("bulk").visible
    for number in (3, 1):
        opened.page.do(lambda number=number: opened.panel.choose(number, True))
    opened.page.click(opened.buttons("Compare the two that are chosen")[0])
    assert opened.page.played == [(("/takes/1.wav", "/takes/3.wav"), "take 1 against take 3")]
    opened.page.click(opened.buttons("Take the stars of what is chosen away")[0])
    assert opened.page.sent[3:] == [StarTake(1, False), StarTake(3, False)]
