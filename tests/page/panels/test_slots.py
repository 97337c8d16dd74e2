"""The slots on the screen."""

import dataclasses

import pytest

from midifrag.boundary import Boundary
from midifrag.events import Meters, SlotsChanged, Sounding
from midifrag.intents import LockSlot, RestoreSlot, SendTake, StopSlot
from midifrag.page.model import Part
from midifrag.page.panels import panel, slots, sounding
from midifrag.page.panels.slots import SlotsPanel
from midifrag.states import JobState
from tests.page.changes import job, slot

FILLED = slot(1, state="filled", take=7, preset="kick", prompt="short kick", seconds=1.25, landed_at=1000.0)


@pytest.fixture
def page(headless, monkeypatch):
    monkeypatch.setattr(panel.time, "time", lambda: 1010.0)
    opened = headless()
    opened.show(SlotsPanel)
    return opened


def lines(page, number=1):
    """What stands on a slot: name, file, length and age."""
    about = page.all("slot-about")[number - 1].default_slot.children
    return (page.texts("slot-name")[number - 1], *(one.text for one in about))


def test_every_slot_says_what_lies_in_it(page):
    page.take(
        SlotsChanged(
            (
                FILLED,
                slot(2),
                slot(3, foreign=True, seconds=2.0, state="filled"),
                slot(4, prompt="rain", seconds=1.0, state="filled"),
            )
        )
    )
    assert lines(page) == ("kick", "output01.wav", "1.25 s", "10 s")
    assert lines(page, 2) == ("free", "output02.wav", "", "")
    assert lines(page, 3)[0] == "not from midifrag"
    assert lines(page, 4)[0] == "rain"
    assert [one.classes[1:] for one in page.all("slot")] == [["filled"], ["free"], ["filled"], ["filled"]]


def test_a_slot_counts_down_to_what_waits_beside_it_and_says_that_it_sounds(page, monkeypatch):
    monkeypatch.setattr(slots, "monotonic", lambda: 100.1)
    later = Boundary(at=106.0, position=24.0, bar=7, beat=1, beat_seconds=0.5, beats=4)
    first = dataclasses.replace(later, at=102.0, position=16.0, bar=5)
    page.take(SlotsChanged((dataclasses.replace(FILLED, sounds=True), slot(2))))
    assert page.texts("slot-coming") == ["", ""]
    assert page.all("slot")[0].classes == ["slot", "filled", "sounds"]
    page.take(job(JobState.WAITING, 1, slot=2, boundary=later), job(JobState.WAITING, 2, slot=2, boundary=first))
    page.take(job(JobState.RENDERING, 3, slot=1, boundary=first))
    assert page.texts("slot-coming") == ["", "bar 5 in 4 beats"]
    page.take(job(JobState.LANDED, 2, slot=2, boundary=first))
    assert page.texts("slot-coming") == ["", "bar 7 in 3 bars"]


def test_only_what_is_there_can_be_heard_or_put_back(page):
    page.take(SlotsChanged((FILLED, slot(2))))
    filled, free = page.all("slot-wave")
    page.click(filled)
    page.click(free)
    assert page.played == [("/slots/1.wav", "kick")]
    assert (filled.props["disabled"], free.props["disabled"]) == (False, True)
    restore = page.titled("Put the previous fragment back")
    assert [one.enabled for one in restore] == [False, False]
    page.take(SlotsChanged((dataclasses.replace(FILLED, has_previous=True), slot(2))))
    page.click(restore[0])
    assert page.sent == [RestoreSlot(1)]


@pytest.mark.parametrize(
    ("named", "title"), [({"preset": ""}, "short kick"), ({"preset": "", "prompt": ""}, "output01.wav")]
)
def test_what_plays_has_the_best_name_there_is(page, named, title):
    page.take(SlotsChanged((dataclasses.replace(FILLED, **named),)))
    page.click(page.one("slot-wave"))
    assert page.played == [("/slots/1.wav", title)]


def test_a_new_fragment_has_a_new_picture(page):
    page.take(SlotsChanged((FILLED, slot(2))))

    def pictures():
        return [wave.default_slot.children[0].props["src"] for wave in page.all("slot-wave")]

    first, empty = pictures()
    assert first.startswith("/slots/1.svg?v=")
    assert empty.startswith("data:image/svg+xml")
    page.take(SlotsChanged((dataclasses.replace(FILLED, take=8), slot(2))))
    assert pictures()[0] != first
    assert page.all("slot")[0].props["data-take"] == 8


def test_a_lock_is_shown_and_turned(page):
    page.take(SlotsChanged((FILLED,)))
    lock = page.titled("Lock: nothing lands here")[0]
    page.click(lock)
    assert page.sent == [LockSlot(1, None)]
    page.take(SlotsChanged((dataclasses.replace(FILLED, state="locked"),)))
    assert "locked" in page.one("slot").classes
    assert (lock.props["icon"], lock.props["title"], lock.props["aria-pressed"]) == ("lock", "Unlock", "true")
    page.take(SlotsChanged((FILLED,)))
    assert "locked" not in page.one("slot").classes
    assert lock.props["icon"] == "lock_open"


def test_ages_grow_while_nothing_changes(page, monkeypatch):
    page.take(SlotsChanged((FILLED,)))
    assert Part.TIME in SlotsPanel.parts
    monkeypatch.setattr(panel.time, "time", lambda: 1120.0)
    page.refresh()
    assert lines(page)[-1] == "2 min"


def test_where_the_file_is_can_be_asked(page):
    page.take(SlotsChanged((FILLED,)))
    page.click(page.titled("Where the file is")[0])
    assert page.text("path") == str(page.page.configuration.fragments / "output01.wav")
    page.click(page.button("Download"))
    assert page.told("download")[0]["src"] == "/slots/1.wav"
    dialog = page.one("dialog").parent_slot.parent
    page.click(page.button("Close"))
    assert dialog.value is False
    page.fire(dialog, "hide")
    assert page.all("dialog") == []


def test_another_number_of_slots_is_another_list(page):
    page.take(SlotsChanged((FILLED,)))
    page.take(SlotsChanged((FILLED, slot(2), slot(3))))
    assert page.texts("slot-number") == ["1", "2", "3"]


def test_what_sounds_is_where_it_is_and_can_be_stopped(page, monkeypatch):
    monkeypatch.setattr(sounding, "monotonic", lambda: 102.5)
    page.take(SlotsChanged((FILLED, slot(2))))
    assert [one.visible for one in page.all("slot-at")] == [False, False]
    page.take(Sounding(1, 7, True, 100.0, 1.25, loop=True))
    page.take(Meters((0.0631, 0.0), 0.0631))
    at = page.all("slot-at")[0]
    assert (at.visible, at.style["--at"], at.style["--level"]) == (True, "0.000", "0.50")
    page.click(page.titled("Stop what sounds in it")[0])
    assert page.sent == [StopSlot(1)]
    page.take(Sounding(2, 8, True, 100.0, 10.0))
    assert page.all("slot-at")[1].style["--at"] == "0.250"
    page.take(Sounding(1, 7, False, 103.0))
    assert [one.visible for one in page.all("slot-at")] == [False, True]


def test_a_take_that_is_dropped_on_a_slot_lands_there(page):
    page.take(SlotsChanged((FILLED, slot(2))))
    page.fire(page.all("slot")[1], "drop", 7)
    assert page.sent == [SendTake(7, 2)]
    assert page.notices == ["take 7 goes to slot 2"]
