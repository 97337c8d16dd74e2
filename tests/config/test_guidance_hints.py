"""What `midifrag check` finds odd in the guidance of a model that hears it."""

import json
from typing import Any

import pytest

from midifrag.config import loading
from midifrag.config.catalogue import POCKET_FOLDER
from midifrag.config.guidance_hints import guidance_hints
from midifrag.config.shipped import shipped_path
from midifrag.config.unplayable import FactsOf
from tests.support.shows import bank, loaded, on_disk, one_pad

HEARD = "cfg_scale {} is heard as {}: the model knows it from 1 to 7"
KNOB = {"cc": 21, "sets": "cfg_scale", "range": [1, 12]}


def hints_of(pad: dict[str, Any], **show: Any) -> list[str]:
    there = loaded(one_pad(**pad), **{"model": "pocket", **show})
    return list(guidance_hints(there, FactsOf(there.source)))


@pytest.mark.parametrize(
    ("pad", "show", "line"),
    [
        ({"cfg_scale": 9}, {}, f"pads.36: {HEARD.format(9, 7)}"),
        ({}, {"defaults": {"cfg_scale": 0.5}}, f"pads.36: {HEARD.format(0.5, 1)}"),
        ({"velocity": {"sets": "cfg_scale", "range": [3, 9]}}, {}, f"velocity: at 9: {HEARD.format(9, 7)} (pocket)"),
        ({}, {"controls": [KNOB]}, f"presets.yaml: cc 21 sets cfg_scale: at 12: {HEARD.format(12, 7)} (pocket)"),
        ({"guidance": "apg"}, {}, "pads.36: guidance apg does nothing here; pocket has its guidance in one pass"),
    ],
)
def test_guidance_that_a_model_does_not_hear_as_it_is_said_is_told(pad, show, line):
    [found] = hints_of(pad, **show)
    assert found.endswith(line)


@pytest.mark.parametrize(
    ("pad", "show"),
    [
        ({"cfg_scale": 7, "guidance": "cfg"}, {"controls": [{**KNOB, "range": [1, 7]}]}),
        # In two passes any guidance goes.
        ({"cfg_scale": 9, "guidance": "apg", "negative_prompt": "hum"}, {"controls": [KNOB]}),
        ({"cfg_scale": 9, "guidance": "apg"}, {"model": "pocket-1", "controls": [KNOB]}),
        ({"cfg_scale": 9}, {"model": "sketch", "controls": [KNOB]}),
        ({}, {"controls": [{"cc": 21, "sets": "steps", "range": [1, 32]}]}),
    ],
)
def test_guidance_that_it_hears_is_not(pad, show):
    assert hints_of(pad, **show) == []


def test_an_entry_s_own_guidance_is_told_once(tmp_path):
    show = (
        "model: mine\nset_list: [a]\n"
        f"models: {{mine: {{folder: {json.dumps(str(POCKET_FOLDER))}, defaults: {{cfg_scale: 9}}}}}}"
    )
    there = on_disk(tmp_path, show, a="{name: A, pads: {36: {prompt: kick}, 37: {prompt: snare}}}")
    assert list(guidance_hints(there, FactsOf(there.source))) == [
        f"presets.yaml: models.mine.defaults: {HEARD.format(9, 7)}"
    ]


def test_a_bank_s_own_knob_stands_in_the_place_of_the_set_s():
    own = bank(controls=[{**KNOB, "range": [1, 7]}])
    there = loaded(own, model="pocket", controls=[KNOB])
    assert list(guidance_hints(there, FactsOf(there.source))) == []


def test_the_set_that_comes_with_midifrag_asks_for_none_beyond_it():
    there = loading.load(shipped_path(), environment={})
    assert list(guidance_hints(there, FactsOf(there.source))) == []
