import dataclasses
from typing import get_args

import pytest

from midifrag.config.model_defaults import OBJECTIVES, Objective
from midifrag.engine.loading.model import Precision
from midifrag.engine.loading.precision import DTYPES
from tests.engine.stock import loaded


def test_the_longest_take_is_what_the_model_was_trained_on():
    model = loaded("v")
    assert model.max_seconds == model.sample_size / model.sample_rate == 2.048


def test_nobody_changes_a_loaded_model():
    with pytest.raises(dataclasses.FrozenInstanceError):
        loaded("v").name = "another"


def test_every_objective_has_defaults_and_every_precision_a_number_format():
    assert set(get_args(Objective)) == set(OBJECTIVES)
    assert set(get_args(Precision)) == set(DTYPES)
