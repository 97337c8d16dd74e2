"""One row of an archive sheet, alone; sheets of them are in test_archive.py."""

import time

import pytest
from nicegui import ui

from midifrag.intents import AnnotateTake, Prompt, StarTake
from midifrag.page import texts
from midifrag.page.panels.archive_row import TakeRow
from tests.page.changes import record

NOON = time.mktime((2026, 3, 14, 12, 0, 0, 0, 0, -1))


class Bin:
    """What a sheet does with takes, as far as a row asks for it."""

    def __init__(self, asked):
        self._asked = asked

    async def delete(self, takes):
        self._asked.append(("delete", *takes))

    def restore(self, takes):
        self._asked.append(("restore", *takes))


class Sheet:
    """What a row lies on, and what the row asked of it."""

    def __init__(self, headless):
        self.headless = headless
        self.page = headless.page
        self.chosen = {2}
        self.asked = []
        self.bulk = Bin(self.asked)
        self.row = headless.do(lambda: TakeRow(self))

    def play(self, address, title):
        self.asked.append(("play", address, title))

    def choose(self, number, wanted):
        self.asked.append(("choose", number, wanted))

    def playing(self, number):
        self.asked.append(("playing", number))

    def offer_slots(self, row):
        self.asked.append(("slots", row.number))

    def fill(self, version="7", **fields):
        fields = {"number": 3, "seconds": 1.5, "rendered_at": NOON, **fields}
        self.headless.do(lambda: self.row.fill(record(fields.pop("prompt", "rain"), **fields), version))

    def click(self, title, shows=None):
        (button,) = self.headless.titled(title)
        self.headless.fire(button, "click", self.row.number if shows is None else shows)


@pytest.fixture
def sheet(headless):
    return Sheet(headless())


def test_a_row_shows_a_take_and_the_picture_of_that_version(sheet):
    sheet.fill(seed=5, bank="opening", model="sketch", note="for the end")
    page = sheet.headless
    assert page.text("take-prompt") == "rain"
    assert page.text("take-about") == "take 3 · 2026-03-14 12:00:00 · 1.50 s · seed 5 · opening · sketch"
    assert page.text("take-note") == "for the end"
    assert page.one("take").props["data-take"] == 3
    picture = next(one for one in page.client.elements.values() if one.tag == "img")
    assert picture.props["src"] == "/takes/3.svg?v=7"


def test_a_take_without_a_file_is_told_as_gone(sheet):
    sheet.fill(version="")
    assert texts.GONE in sheet.headless.text("take-about")


def test_another_take_in_the_same_row_brings_its_own_choice_and_reason(sheet):
    sheet.fill(number=2)
    checkbox = next(one for one in sheet.headless.client.elements.values() if isinstance(one, ui.checkbox))
    assert checkbox.value
    sheet.fill(number=4, reason="silent")
    assert not checkbox.value
    assert sheet.headless.text("take-note") == "silent"
    assert "reason" in sheet.headless.one("take-note").classes


def test_what_is_clicked_is_done_to_the_take_that_is_shown(sheet):
    sheet.fill()
    sheet.click(texts.STAR)
    sheet.click(texts.TO_SLOT)
    sheet.headless.fire(sheet.headless.one("take-wave"), "click", 3)
    assert sheet.headless.sent == [StarTake(3, True)]
    assert sheet.asked[-3:] == [("slots", 3), ("playing", 3), ("play", "/takes/3.wav", "rain")]


def test_a_click_on_what_was_shown_before_is_told_and_not_done(sheet):
    sheet.fill()
    sheet.click(texts.STAR, shows=9)
    assert sheet.headless.sent == []
    assert sheet.headless.notices == [texts.TURNED]


def test_a_take_is_rendered_again_as_it_was_and_with_another_seed(sheet):
    sheet.fill(model="sketch", seed=5, parameters={"steps": 4, "seed": 5})
    sheet.click(texts.AGAIN_HELP)
    sheet.click(texts.VARIATION_HELP)
    again, varied = sheet.headless.sent
    assert isinstance(again, Prompt)
    assert (again.prompt, again.parameters["seed"], again.parameters["model"]) == ("rain", 5, "sketch")
    assert varied.parameters["seed"] == "random"


def test_a_model_that_the_set_no_longer_has_is_not_asked_for(sheet):
    sheet.fill(model="gone", parameters={"seed": 5})
    sheet.click(texts.AGAIN_HELP)
    assert sheet.headless.sent[0].parameters.get("model") is None


def test_a_note_is_kept_for_the_take_that_it_was_begun_for(sheet):
    sheet.fill()
    sheet.click(texts.NOTE)
    field = sheet.headless.labelled(ui.input, texts.NOTE)
    sheet.fill(number=4)
    sheet.headless.enter(field, "  low and slow ")
    sheet.headless.click(sheet.headless.button(texts.SAVE))
    assert sheet.headless.sent == [AnnotateTake(3, "low and slow")]


def test_where_a_takes_file_is_can_be_asked(sheet):
    sheet.fill(number=3, file="output003.wav")
    sheet.click(texts.WHERE)
    page = sheet.headless
    assert page.text("path") == str(page.page.configuration.archive / "output003.wav")
    page.click(page.button(texts.DOWNLOAD))
    assert page.told("download")[0]["src"] == "/takes/3.wav"


def test_a_take_s_time_is_that_of_its_press(sheet):
    sheet.fill(pressed_at=NOON + 60, rendered_at=NOON)
    assert "2026-03-14 12:01:00" in sheet.headless.text("take-about")


def test_the_one_that_is_played_is_marked(sheet):
    sheet.fill()
    for playing, classes in ((3, ["take", "current"]), (4, ["take"])):
        sheet.headless.do(lambda playing=playing: sheet.row.mark(playing))
        assert sheet.headless.one("take").classes == classes


def test_a_take_is_deleted_and_one_in_the_trash_put_back(sheet):
    sheet.fill()
    sheet.click("Delete: it goes to the trash")
    sheet.headless.do(lambda: sheet.row.show(record(number=3, file="trash/output003.wav", note="low")))
    assert sheet.headless.text("take-note") == "in the trash · low"
    sheet.click("Put back from the trash")
    assert sheet.asked == [("delete", 3), ("restore", 3)]
    sheet.headless.do(lambda: sheet.row.show(record(number=3, file="output003.wav", note="low")))
    assert sheet.headless.text("take-note") == "low"
    assert len(sheet.headless.titled("Delete: it goes to the trash")) == 1


def test_the_key_and_the_tempo_of_a_take_are_told(sheet):
    sheet.fill(key="A minor", bpm=92.5)
    assert sheet.headless.text("take-about").endswith(" · A minor · 92.5 bpm")
    sheet.fill(bpm=92.5, tempo=91.0)
    assert sheet.headless.text("take-about").endswith(" · 91 bpm")
