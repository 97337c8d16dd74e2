"""What the page knows of the show."""

import dataclasses
from typing import get_args

import pytest

from midifrag.events import TakeChanged
from midifrag.intents import Panic, Press
from midifrag.pad_key import PadKey
from midifrag.page.model import CHANGED_TAKES, MIDI_LINES, PageModel, Part
from midifrag.page.wire import FromShow, MidiSeen, ReadAgain, configuration
from midifrag.states import JobState, PadState
from tests.page.changes import CHANGES, INFO, active, engine, job, pad, record, slot
from tests.support.shows import bank, loaded


class Opened:
    """A page's model, and what it sends."""

    def __init__(self, show):
        self.sent = []
        self.page = PageModel(configuration(show), self.sent.append)


@pytest.fixture
def opened(tmp_path):
    pads = {36: {"prompt": "kick"}, "40/10": {"prompt": "x", "port": "pads"}}
    ports = {"grid": {"in": "Grid"}, "pads": {"in": "Pads"}}
    made = Opened(loaded(bank(pads=pads), ports=ports, fragments={"folder": str(tmp_path)}))
    yield made
    made.page.archive.close()


@pytest.mark.parametrize("part", CHANGES)
def test_what_the_show_says_makes_its_part_new_and_no_other(opened, part):
    page = opened.page
    before = dict(page.versions)
    page.take(CHANGES[part])
    assert {one for one in Part if page.versions[one] != before[one]} == {part}
    assert page.news.is_set()


def test_what_a_press_does_is_not_kept_waiting(opened):
    page = opened.page

    def hurries(message):
        page.pressed.clear()
        page.take(message)
        return page.pressed.is_set()

    assert {part for part, change in CHANGES.items() if hurries(change)} == {Part.PADS}
    assert hurries(pad(PadState.QUEUED))
    assert hurries(pad(PadState.RENDERING, progress=0.1))
    # How far it is, only when everything is drawn.
    assert not hurries(pad(PadState.RENDERING, progress=0.2))
    assert hurries(pad(PadState.LANDED))


def test_these_are_all_that_the_show_says():
    assert {type(change) for change in CHANGES.values()} == {*get_args(FromShow)}


def test_it_stands_as_the_show_says(opened):
    page = opened.page
    for change in CHANGES.values():
        page.take(change)
    assert page.view.slots == (slot(),)
    assert page.view.notices[-1].text == "hello"
    assert page.view.controls["steps"].value == 8.0
    assert page.view.ports["pads", "in"].state == "open"
    assert [seen.text for seen in page.midi] == ["note 36"]
    assert [one.number for one in page.changed_takes] == [3]
    assert page.loaded is CHANGES[Part.CONFIGURATION].loaded
    assert page.view.banks == page.loaded.banks


@pytest.mark.parametrize("state", JobState)
def test_a_job_that_ends_is_finished_and_teaches(opened, state):
    page = opened.page
    page.take(job(JobState.QUEUED))
    before = page.versions[Part.FINISHED]
    page.take(job(state, engine_seconds=4.0))
    assert page.versions[Part.FINISHED] - before == int(state.ended)
    assert len(page.view.finished) == int(state.ended)
    assert page.forecast.render_seconds("opening", PadKey(36)) == (4.0 if state is JobState.LANDED else None)


def test_only_the_last_of_midi_and_changed_takes_are_kept(opened):
    for number in range(CHANGED_TAKES + 1):
        opened.page.take(MidiSeen(0.0, f"note {number}"))
        opened.page.take(TakeChanged(record(number=number)))
    assert len(opened.page.midi) == MIDI_LINES
    assert opened.page.midi[-1].text == f"note {CHANGED_TAKES}"
    assert [opened.page.changed_takes[at].number for at in (0, -1)] == [1, CHANGED_TAKES]


def test_another_configuration_takes_the_place_of_the_one_before(opened):
    page = opened.page
    page.take(active())
    assert page.bank is page.loaded.banks[0]
    other = loaded(bank(pads={50: {"prompt": "bell"}}))
    page.take(configuration(other))
    assert page.configuration.loaded.banks == other.banks
    assert page.bank.pads[PadKey(50)].prompt == "bell"


def test_only_pads_that_are_there_can_be_pressed(opened):
    page = opened.page
    page.press(PadKey(36), 0.5)
    assert opened.sent == []
    page.take(active())
    page.press(PadKey(36), 7.0)
    page.press(PadKey(40, 10), 0.0)
    page.press(PadKey(99), 0.5)
    presses = [dataclasses.replace(press, time=0.0) for press in opened.sent]
    assert presses == [
        Press(36, 1, "grid", 1.0, 0.0, source="page"),
        Press(40, 10, "pads", pytest.approx(1 / 127), 0.0, source="page"),
    ]


def test_a_show_without_ports_can_be_pressed_too(tmp_path):
    opened = Opened(loaded(ports={}, fragments={"folder": str(tmp_path)}))
    opened.page.take(active())
    opened.page.press(PadKey(36), 0.5)
    assert [(press.port, press.velocity) for press in opened.sent] == [("", 0.5)]
    opened.page.archive.close()


def test_intents_and_the_wish_to_read_again_go_to_the_show(opened):
    opened.page.put(Panic())
    opened.page.read_again()
    assert opened.sent == [Panic(), ReadAgain()]


def test_pads_are_those_of_the_active_bank(opened):
    page = opened.page
    page.take(pad(PadState.QUEUED))
    assert page.pad(PadKey(36)) is None
    page.take(active())
    assert page.pad(PadKey(36)).state is PadState.QUEUED
    assert page.pad(PadKey(99)) is None


def test_what_is_loaded_is_asked_by_model(opened):
    page = opened.page
    assert page.info() is None
    page.take(engine(info=INFO))
    page.take(engine(model="pocket"))
    assert page.info() is INFO
    assert page.info("sketch") is INFO
    assert page.info("pocket") is None


def test_presses_that_wait_are_counted_and_predicted(opened):
    page = opened.page
    page.take(job(JobState.LANDED, engine_seconds=4.0))
    page.take(job(JobState.QUEUED, 2))
    page.take(job(JobState.QUEUED, 3))
    page.take(job(JobState.RENDERING, 4))
    assert page.queued == 2
    assert set(page.landings()) == {2, 3, 4}
