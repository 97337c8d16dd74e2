"""The prompt box: what is typed, and what is refused."""

import json
from contextlib import closing

import numpy as np
import pytest

from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.intents import Prompt
from midifrag.page.panels.prompt import HISTORY, PromptPanel, parameters_of, problems_with, recent
from tests.page.changes import record


def test_what_is_wrong_is_said_by_key():
    assert problems_with({"prompt": "rain", "steps": 8}) == {}
    assert problems_with({"prompt": "", "steps": 0, "cfg_scale": "loud"}) == {
        "prompt": "is empty",
        "steps": "0 is below 1",
        "cfg_scale": "'loud' is no number",
    }


def test_a_take_s_parameters_are_what_a_bank_would_say():
    take = record(
        seed=5,
        parameters={
            "prompt": "rain", "steps": 8, "cfg_scale": None, "sampler": "", "sigma_max": 80.0, "seed": 99,
            "negative_prompt": "speech", "something_else": 1,
        },
    )  # fmt: skip
    wanted = {"steps": 8, "sigma_max": 80.0, "seed": 5, "negative_prompt": "speech"}
    assert parameters_of(take, None) == wanted
    assert parameters_of(take, "pocket") == {**wanted, "model": "pocket"}


def test_what_no_bank_may_say_is_left_out_of_them():
    take = record(parameters={"steps": 5000, "seconds": 2.0})
    assert parameters_of(take, None) == {"seconds": 2.0}


def test_a_take_of_bars_says_them_and_not_the_seconds_that_were_rendered_for_them():
    seconds = {"seconds": 4.75}
    assert parameters_of(record(parameters=seconds, bars=2.0, bpm=120.0, signature="4/4"), None) == {"bars": 2.0}
    assert parameters_of(record(parameters=seconds, beats=3.0, bpm=120.0, signature="4/4"), None) == {"beats": 3.0}
    assert parameters_of(record(parameters=seconds, cut_seconds=1.5), None) == {"seconds": 1.5}


def test_two_lengths_are_said_at_their_fields():
    assert problems_with({"prompt": "rain", "seconds": 2, "bars": 4}) == {
        "bars": "stands beside seconds; a length is one of seconds, bars and beats"
    }


@pytest.fixture
def page(headless):
    opened = headless()
    opened.panel = opened.show(PromptPanel)
    return opened


def field(page, name):
    return page.one(f"field-{name}")


def fill(page, prompt, **values):
    page.enter(page.one("prompt-text"), prompt)
    for name, value in values.items():
        page.enter(field(page, name), value)


def rendered(page):
    return [(one.prompt, one.parameters) for one in page.sent if isinstance(one, Prompt)]


def test_a_prompt_is_rendered_with_what_was_typed(page):
    fill(page, "  bright bell ", steps="8", cfg_scale="6,5", seed="random", negative="speech")
    page.click(page.one("render"))
    values = {"steps": 8, "cfg_scale": 6.5, "seed": "random", "negative_prompt": "speech"}
    assert rendered(page) == [("bright bell", values)]


@pytest.mark.parametrize("key", ["keydown.ctrl.enter", "keydown.meta.enter"])
def test_it_can_be_rendered_from_the_keyboard(page, key):
    fill(page, "bell")
    page.fire(page.one("prompt-text"), key)
    assert rendered(page) == [("bell", {})]


def test_what_cannot_be_rendered_is_said_where_it_was_typed(page):
    fill(page, "", steps="0")
    page.click(page.one("render"))
    assert rendered(page) == []
    assert page.one("prompt-text").props["error-message"] == "is empty"
    assert field(page, "steps").props["error-message"] == "0 is below 1"
    fill(page, "bell", steps="")
    page.click(page.one("render"))
    assert rendered(page) == [("bell", {})]
    assert not page.one("prompt-text").props["error"]
    assert not field(page, "steps").props["error"]


def store(page, *prompts, **fields):
    noise = np.random.default_rng(0).normal(size=(2, 441)).astype(np.float32) / 8
    with closing(Archive(page.page.archive.folder)) as archive:
        for prompt in prompts:
            archive.store(noise, 44100, record(prompt, **fields))


def test_the_history_has_each_prompt_once_and_the_newest_first(page):
    store(page, *(f"sound {number}" for number in range(HISTORY + 2)), "rain", "sound 21")
    prompts = [one.prompt for one in recent(page.page)]
    assert prompts[:3] == ["sound 21", "rain", "sound 20"]
    assert len(prompts) == HISTORY


def history(page):
    page.click(page.titled("History")[0])
    return [one for one in page.client.elements.values() if one.tag == "q-item"]


def test_a_prompt_of_the_history_comes_back_with_its_parameters(page):
    store(page, "rain", seed=7, parameters={"steps": 9, "cfg_scale": 3.0})
    fill(page, "something else", seconds="3")
    (item,) = history(page)
    page.click(item)
    page.click(page.one("render"))
    assert rendered(page) == [("rain", {"steps": 9, "cfg_scale": 3, "seed": 7})]


def test_a_history_without_prompts_or_without_archive_says_so(page, monkeypatch):
    texts = [child.text for item in history(page) for child in item.descendants() if hasattr(child, "text")]
    assert texts == ["Prompts that were rendered come here."]

    def broken(**_):
        raise StorageError("no disk")

    monkeypatch.setattr(page.page.archive, "find", broken)
    assert recent(page.page) == []


def test_only_what_could_be_rendered_is_offered_to_be_saved(page):
    fill(page, "bell", steps="0")
    page.click(page.titled("Save as pad")[0])
    assert page.all("dialog") == []
    fill(page, "bell", steps="9")
    page.click(page.titled("Save as pad")[0])
    assert page.text("dialog-title") == "Save as pad"


def test_what_a_browser_has_kept_comes_back(page):
    kept = {"prompt": "distant bell", "steps": "9", "negative_prompt": "speech", "unknown": "x", "seconds": 3}
    page.fire(page.one("prompt"), "draft", json.dumps(kept))
    page.click(page.one("render"))
    assert rendered(page) == [("distant bell", {"steps": 9, "negative_prompt": "speech"})]
    # What is there now does not go.
    page.fire(page.one("prompt"), "draft", json.dumps({"prompt": "older"}))
    assert page.one("prompt-text").value == "distant bell"


@pytest.mark.parametrize("kept", ["", "no json", "[]", "3", '{"prompt": 3}', '{"steps": ["x"]}'])
def test_nonsense_that_a_browser_has_kept_is_left_out(page, kept):
    page.fire(page.one("prompt"), "draft", kept)
    assert page.one("prompt-text").value == ""
