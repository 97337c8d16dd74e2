from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from midifrag.fragment.record import FIELD_NAMES, TakeRecord
from tests.fragment.sounds import FULL


def test_record_comes_back_from_its_line():
    archived = dataclasses.replace(
        FULL, number=7, file="output007.wav", slot=2, landed_at=9.5, starred=True, note="gut", tempo=90.5, peak=0.5
    )

    line = archived.to_json()

    assert TakeRecord.from_json(line) == archived
    assert "\n" not in line
    assert line.isascii()
    assert set(json.loads(line)) == set(FIELD_NAMES)


def test_record_ignores_what_a_later_version_adds():
    values = json.loads(FULL.to_json()) | {"mood": "dark"}

    assert TakeRecord.from_values(values) == FULL


@pytest.mark.parametrize("wrong", ["null", "[]", '{"seed": 3}', '{"prompt": 7}', '"prompt"', "{", ""])
def test_what_is_no_record_is_said(wrong):
    with pytest.raises(ValueError):
        TakeRecord.from_json(wrong)


def test_parameters_that_json_does_not_know_become_numbers_or_text():
    parameters = {"cfg_scale": np.float32(6.5), "steps": np.int64(50), "loop": np.bool_(True), "at": Path("x")}

    written = json.loads(TakeRecord(prompt="rain", parameters=parameters).to_json())["parameters"]

    assert written == {"cfg_scale": 6.5, "steps": 50, "loop": True, "at": "x"}
