"""Versions of a pad in a bank's file."""

import pytest

from midifrag.config.pad_versions import refuse_conflict, says
from midifrag.errors import EditConflictError
from midifrag.pad_key import PadKey

KEY = PadKey(36)
RAIN = {"prompt": "rain", "steps": 8}


def test_a_pad_says_the_same_however_it_is_written():
    written = {"prompt": "rain", "velocity": {"sets": "cfg_scale", "range": [2, 9]}}
    assert says(written) == says({**written, "velocity": {"range": (2.0, 9.0), "sets": "cfg_scale"}})
    assert says(RAIN) == RAIN


@pytest.mark.parametrize("pad", [{"steps": 0}, {"prompt": ""}])
def test_a_pad_with_mistakes_says_what_is_written(pad):
    assert says(pad) == pad


def test_what_is_no_pad_at_all_is_still_told_from_another():
    assert says("rain") != says("bell")


@pytest.mark.parametrize(
    ("version", "now", "values"),
    [
        (RAIN, RAIN, {"steps": 9, "prompt": "bell", "colour": None}),
        (RAIN, {**RAIN, "steps": 9}, {"prompt": "bell"}),
        (RAIN, {**RAIN, "steps": 9}, {"steps": 9}),
        (RAIN, {"prompt": "rain"}, {"steps": None}),
        (RAIN, RAIN, None),
        (None, None, {"prompt": "bell"}),
    ],
)
def test_an_edit_that_takes_nothing_back_may_be_saved(version, now, values):
    refuse_conflict(KEY, version, now, values)


@pytest.mark.parametrize(
    ("version", "now", "values", "keys"),
    [
        (RAIN, {**RAIN, "steps": 9}, {"steps": 10, "prompt": "bell"}, ("steps",)),
        (RAIN, {**RAIN, "steps": 9}, {"steps": None}, ("steps",)),
        (RAIN, {"prompt": "rain"}, {"steps": 9}, ("steps",)),
        (RAIN, {**RAIN, "colour": "red"}, None, ("prompt", "steps", "colour")),
        (None, RAIN, {"prompt": "bell"}, ("prompt", "steps")),
        (RAIN, None, {"prompt": "bell"}, ()),
    ],
)
def test_what_would_be_taken_back_is_named(version, now, values, keys):
    with pytest.raises(EditConflictError) as refused:
        refuse_conflict(KEY, version, now, values)
    assert refused.value.keys == keys
    assert refused.value.now == now
