"""The table of generation parameters, and that everybody reads it."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from midifrag.bridge.jobs import request
from midifrag.config.pads import Pad, Parameters
from midifrag.config.parameter_values import beyond_limits, values_of
from midifrag.config.parameters import (
    NUMBERS,
    PARAMETERS,
    Parameter,
    Preset,
    PresetParameters,
    RequestParameters,
    names_of,
)
from midifrag.engine.messages import Failed, Render
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded


def test_the_table_knows_kinds_and_words_from_the_fields():
    kinds = {name: parameter.kind for name, parameter in PARAMETERS.items()}
    assert kinds == {
        "prompt": str,
        "negative_prompt": str,
        "steps": int,
        "cfg_scale": float,
        "seconds": float,
        "seed": int,
        "sampler": str,
        "conditioning": str,
        "loras": str,
        "morph": str,
        "sigma_min": float,
        "sigma_max": float,
        "guidance": str,
        "schedule": str,
        "strength": float,
        "bars": float,
        "beats": float,
        "model": str,
    }
    assert all(parameter.name == name for name, parameter in PARAMETERS.items())
    assert {name: one.words for name, one in PARAMETERS.items() if one.words} == {
        "seed": ("random",),
        "guidance": ("cfg", "apg"),
        "schedule": ("classic", "model"),
    }
    numbers = ["steps", "cfg_scale", "seconds", "seed", "sigma_min", "sigma_max", "strength", "bars", "beats"]
    assert list(NUMBERS) == numbers


@pytest.mark.parametrize("name", list(NUMBERS))
def test_a_number_has_limits_a_slider_within_them_and_words_for_people(name):
    parameter = NUMBERS[name]
    (low, high), (left, right) = parameter.limits, parameter.slider
    assert -math.inf < low <= left < right <= high < math.inf
    assert parameter.label
    assert parameter.line


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("steps", 0, "0 is below 1"),
        ("steps", 1001, "1001 is above 1000"),
        ("cfg_scale", 30.5, "30.5 is above 30"),
        ("cfg_scale", math.nan, "nan is no number"),
        ("seconds", math.inf, "inf is above 380"),
        ("seconds", 0.05, "0.05 is below 0.1"),
        ("seed", 2**32, "4294967296 is above 4294967295"),
        ("steps", 1, None),
        ("steps", 1000, None),
        ("cfg_scale", 0.0, None),
    ],
)
def test_limits_are_told_in_a_sentence(name, value, problem):
    assert NUMBERS[name].problem(value) == problem
    assert beyond_limits({name: value, "sampler": "x", "other": 5}) == ({name: problem} if problem else {})


def test_only_whole_numbers_are_rounded():
    assert NUMBERS["steps"].rounded(4.6) == 5
    assert isinstance(NUMBERS["steps"].rounded(4.6), int)
    assert NUMBERS["seconds"].rounded(4.6) == 4.6


@given(st.sampled_from(sorted(NUMBERS)), st.floats(-1e7, 1e7) | st.integers(-10, 2**33))
def test_a_bank_takes_exactly_what_the_table_allows(name, value):
    whole = NUMBERS[name].whole
    if whole:
        value = round(value)
    allowed = NUMBERS[name].problem(value) is None
    try:
        assert getattr(Pad.model_validate({"prompt": "x", name: value}), name) == value
        taken = True
    except ValidationError:
        taken = False
    assert taken == allowed


def test_nothing_said_is_none_and_a_preset_has_the_rest():
    assert set(values_of(PresetParameters()).values()) == {None}
    assert values_of(Parameters()) == values_of(PresetParameters())
    preset = Preset(prompt="x")
    assert (preset.negative_prompt, preset.seed) == ("", "random")


def test_a_request_carries_every_parameter_of_a_preset():
    values = {"steps": 3, "cfg_scale": 2.0, "seconds": 1.5, "sampler": "euler", "sigma_min": 0.2, "sigma_max": 9.0}
    values |= {"conditioning": "bpm=90", "guidance": "apg", "schedule": "model", "strength": 0.3}
    values |= {"loras": "dusty=0.5 from /dusty.safetensors", "morph": "0.4 to glass"}
    preset = Preset(prompt="rain", negative_prompt="hiss", model="pocket", **values)
    others = {k: v for k, v in values.items() if k != "seconds"}
    expected = Render(7, "rain", 1.5, 5, negative_prompt="hiss", spare=True, bpm=120, **others)
    assert request(preset, 7, 5, spare=True, bpm=120) == expected
    assert set(values) | {"negative_prompt", "seed"} == set(names_of(RequestParameters))


def test_a_take_that_failed_is_recorded_with_everything_that_was_asked_for():
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain", "steps": 9, "seed": 4, "sigma_max": 50}})))
    rig.press()
    (render,) = rig.engines.renders()
    rig.say(Failed(render.job, "NaN at step 3", np.zeros((2, 8), np.float32), 44100))
    record = rig.writes[0].record
    assert record.parameters == values_of(render, RequestParameters)
    assert (record.seed, record.parameters["steps"], record.parameters["sigma_max"]) == (4, 9, 50)


def test_a_request_is_written_as_it_always_was():
    render = Render(1, "rain", None, 3)
    assert (render.job, render.prompt, render.seconds, render.seed) == (1, "rain", None, 3)
    assert (render.negative_prompt, render.steps, render.spare, render.recorded) == ("", None, False, False)
    assert len({render, dataclasses.replace(render), dataclasses.replace(render, steps=4)}) == 2


def test_a_row_is_complete_in_the_table_alone():
    row = Parameter("Rho", "how steep")
    assert (row.name, row.limits) == ("", (-math.inf, math.inf))
    assert row.problem(1e9) is None
