"""Controls and engine: live values, what is on its way, how quick it is, what arrives."""

import dataclasses

import pytest
from nicegui import ui

from midifrag.events import ControlChanged, Notice
from midifrag.intents import CancelJob, ClearQueue, ResetValues, SetParameter
from midifrag.midi.messages import PortChanged
from midifrag.pad_key import PadKey
from midifrag.page.panels.engine import JOBS, NOTICES, EnginePanel
from midifrag.states import EngineState, JobState, NoticeLevel
from tests.page.changes import INFO, active, engine, job
from tests.support.shows import bank


@pytest.fixture
def page(headless):
    opened = headless(
        bank(controls=[{"cc": 22, "sets": "steps", "range": [100, 10]}]),
        controls=[{"cc": 21, "sets": "cfg_scale", "range": [2, 12]}, {"cc": 23, "sets": "steps", "range": [1, 8]}],
    )
    opened.show(EnginePanel)
    return opened


class Value:
    """The line of one live parameter."""

    def __init__(self, page, label):
        line = next(
            one for one in page.all("value") if label in (getattr(child, "text", None) for child in one.descendants())
        )
        self.slider = next(one for one in line.descendants() if isinstance(one, ui.slider))
        self.text = next(one for one in line.descendants() if "value-text" in one.classes)
        self.back = next(one for one in line.descendants() if "icon" in one.classes)

    @property
    def range(self):
        return self.slider.props["min"], self.slider.props["max"]


def test_a_value_that_nobody_set_comes_from_the_presets(page):
    value = Value(page, "CFG")
    assert value.text.text == "as the preset says"
    assert not value.back.enabled
    assert value.slider.value == value.range[0]


def test_a_live_value_is_shown_and_can_be_given_back(page):
    value = Value(page, "CFG")
    page.take(ControlChanged("cfg_scale", 6.54321))
    assert (value.text.text, value.slider.value) == ("6.543", 6.54321)
    assert "set" in value.text.classes
    page.click(value.back)
    assert page.sent == [SetParameter("cfg_scale", None)]
    page.take(ControlChanged("cfg_scale", None))
    assert (value.text.text, value.back.enabled) == ("as the preset says", False)
    assert "set" not in value.text.classes


def test_a_whole_number_is_shown_whole(page):
    page.take(ControlChanged("seed", 4294967295))
    assert Value(page, "Seed").text.text == "4294967295"


def test_what_waits_to_be_picked_up_says_so(page):
    page.take(ControlChanged("cfg_scale", None, waiting=True))
    assert Value(page, "CFG").text.text == "as the preset says · waits to be picked up"


def test_a_slider_goes_as_far_as_the_control_that_is_in_use(page):
    assert Value(page, "CFG").range == (2, 12)
    assert Value(page, "Steps").range == (1, 8)
    page.take(active())
    assert Value(page, "Steps").range == (10, 100)


def test_a_value_beyond_the_way_of_its_slider_makes_the_way_longer(page):
    page.take(ControlChanged("cfg_scale", 25.0))
    assert Value(page, "CFG").range == (2, 25.0)
    page.take(ControlChanged("cfg_scale", 0.0))
    assert Value(page, "CFG").range == (0.0, 12)


@pytest.mark.parametrize(
    ("label", "name", "dragged", "value"),
    [
        ("CFG", "cfg_scale", 6.123456, 6.1235),
        ("CFG", "cfg_scale", 99, 30),
        ("Steps", "steps", 12.4, 12),
        ("Steps", "steps", -1, 1),
    ],
)
def test_a_dragged_slider_sets_what_may_be_set(page, label, name, dragged, value):
    page.fire(Value(page, label).slider, "change", dragged)
    assert page.sent == [SetParameter(name, value)]


def test_what_is_on_its_way_is_listed_by_number_and_can_be_cancelled(page):
    page.take(job(JobState.LANDED, 1, engine_seconds=4.0))
    assert "hidden" not in page.one("nothing").classes
    page.take(job(JobState.QUEUED, 3, prompt="bell"), job(JobState.RENDERING, 2, step=2, of=8, started=0.0))
    assert "hidden" in page.one("nothing").classes
    assert page.texts("job-state")[:3] == ["rendering", "queued", ""]
    assert page.texts("job-prompt")[:2] == ["rain", "bell"]
    assert page.texts("job-step")[0].startswith("2/8  ≈")
    assert page.all("job")[0].style["--progress"] == "25%"
    assert page.all("job")[1].style["--progress"] == "0%"
    assert ["empty" in row.classes for row in page.all("job")] == [False, False, True, True, True]
    for button in page.titled("Cancel this render"):
        page.click(button)
    assert page.sent == [CancelJob(2), CancelJob(3)]


def test_a_long_queue_is_cut_short_and_can_be_cleared(page):
    page.take(*(job(JobState.QUEUED, number, prompt=f"sound {number}") for number in range(JOBS + 3)))
    assert page.texts("job-prompt") == [f"sound {number}" for number in range(JOBS)]
    assert not any("empty" in row.classes for row in page.all("job"))
    page.click(page.one("clear"))
    assert page.sent == [ClearQueue()]


def test_latencies_are_a_chart_with_their_percentiles(page):
    chart = page.one("chart")
    before = chart.options["series"][0]["data"]
    page.take(job(JobState.FAILED, 1))
    assert before == chart.options["series"][0]["data"] == []
    page.take(job(JobState.LANDED, 2, landed=1.50049), job(JobState.LANDED, 3, landed=0.25))
    assert chart.options["series"][0]["data"] == [1.5, 0.25]
    assert [mark["yAxis"] for mark in chart.options["series"][0]["markLine"]["data"]] == [1.50049, 1.50049]
    said = [one.text for one in page.all("quiet") if "nothing" not in one.classes]
    assert said == ["p50 1.50 s   p95 1.50 s   of the last 2"]


def lines(page):
    return [one.text for one in page.all("lines") if "monitor" not in one.classes]


def test_engines_say_what_they_keep_in_memory(page):
    assert lines(page) == ["starting …", ""]
    page.take(engine(info=INFO), engine(EngineState.LOST, "no such file", model="pocket"))
    page.take(PortChanged("pads", "in", "open", "pads: input is open"), PortChanged("pads", "out", "lost", "went away"))
    assert lines(page) == [
        "sketch on cpu\n    model 2.5 MB\npocket is lost: no such file",
        "pads: input is open\nwent away",
    ]


def test_an_engine_without_a_model_says_that(page):
    page.take(engine(info=dataclasses.replace(INFO, memory={})))
    assert lines(page)[0] == "sketch on cpu\n    this engine keeps no model in memory"
    page.take(engine(info=dataclasses.replace(INFO, memory={"cache": 3_210_000_000})))
    assert lines(page)[0] == "sketch on cpu\n    cache 3.21 GB"


def test_messages_have_the_newest_first_and_look_as_they_matter(page):
    assert page.texts("message")[0] == "Nothing to report."
    page.take(*(Notice(NoticeLevel.INFO, f"message {number}") for number in range(NOTICES)))
    page.take(Notice(NoticeLevel.ERROR, "the disk is full"))
    assert page.texts("message") == ["the disk is full", *(f"message {number}" for number in range(NOTICES - 1, 0, -1))]
    assert [one.classes[1] for one in page.all("message")] == ["error", *["info"] * (NOTICES - 1)]


def test_values_of_pads_are_shown_and_all_values_given_back_at_once(page):
    (reset,), (of_pads,) = page.all("reset"), page.all("of-pads")
    assert (reset.enabled, of_pads.text) == (False, "")
    page.take(active(), ControlChanged("cfg_scale", 6.5, bank="opening", pad=PadKey(36)))
    assert of_pads.text == "rain: CFG 6.5"
    page.click(reset)
    assert page.sent == [ResetValues()]
    page.take(ControlChanged("cfg_scale", None, bank="opening", pad=PadKey(36)))
    assert (reset.enabled, of_pads.text) == (False, "")


def test_the_loras_of_the_bank_s_pads_have_values_too(headless):
    pads = {36: {"prompt": "rain", "loras": [{"file": "/dusty.safetensors"}]}, 37: {"prompt": "hum"}}
    opened = headless(bank(pads=pads), controls=[{"cc": 24, "sets": "lora.dusty"}])
    opened.show(EnginePanel)
    opened.take(active("opening"))
    value = Value(opened, "LoRA dusty")
    assert value.range == (-1.0, 2.0)
    opened.take(ControlChanged("lora.dusty", 0.5))
    assert (value.text.text, value.slider.value) == ("0.5", 0.5)
    opened.take(ControlChanged("lora.dusty", 1.5, bank="opening", pad=PadKey(36)))
    opened.click(value.back)
    assert opened.sent == [SetParameter("lora.dusty", None)]
