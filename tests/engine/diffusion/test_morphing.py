"""Between two prompts: its ends are theirs, the middle is neither, and alone it is what it is among others."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from midifrag.commands.render_again import recorded_parameters
from midifrag.engine.diffusion.parameters import resolve_parameters
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Render, Rendered
from midifrag.errors import RequestError
from midifrag.fragment.record import TakeRecord
from tests.engine.sa3_models import sa3
from tests.engine.stock import loaded, run

KINDS = ("Stable Audio Open", "Stable Audio 3")
#: Longer and shorter than each other, in tokens.
RAIN, BELL = "rain on the roof of a car", "bell"


@cache
def model_of(kind: str) -> Model:
    return loaded("v") if kind == "Stable Audio Open" else sa3()


@cache
def worker_of(kind: str) -> DiffusionWorker:
    return DiffusionWorker.from_model(model_of(kind))


def press(job: int, prompt: str = RAIN, morph: str | None = None) -> Render:
    return Render(job, prompt, 0.5, 7, steps=3, morph=morph)


def heard(kind: str, *renders: Render) -> dict[int, Rendered]:
    return {one.job: one for one in run(worker_of(kind), *renders) if isinstance(one, Rendered)}


def decibels(expected: np.ndarray, ours: np.ndarray) -> float:
    error = float(np.linalg.norm(expected - ours))
    return float("inf") if not error else 20 * float(np.log10(np.linalg.norm(expected) / error))


@pytest.mark.parametrize("kind", KINDS)
def test_ends_are_the_prompts_and_the_middle_is_neither(kind: str) -> None:
    made = {
        job: heard(kind, one)[job].audio
        for job, one in enumerate(
            (
                press(0),
                press(1, BELL),
                press(2, morph=f"0 to {BELL}"),
                press(3, morph=f"1 to {BELL}"),
                press(4, morph=f"0.5 to {BELL}"),
            )
        )
    }
    assert decibels(made[0], made[2]) > 100
    assert decibels(made[1], made[3]) > 100
    assert max(decibels(made[0], made[4]), decibels(made[1], made[4])) < 80


@pytest.mark.parametrize("kind", KINDS)
def test_among_others_it_is_what_it_is_alone(kind: str) -> None:
    asked = [press(1, morph=f"0.25 to {BELL}"), press(2), press(3, BELL, morph=f"0.75 to {RAIN}")]
    together = heard(kind, *asked)
    for one in asked:
        assert decibels(heard(kind, one)[one.job].audio, together[one.job].audio) > 80


def test_its_record_makes_it_again() -> None:
    first = heard(KINDS[0], press(1, morph=f"0.25 to {BELL}"))[1]
    assert first.used["morph"] == f"0.25 to {BELL}"
    record = TakeRecord(prompt=RAIN, seed=7, parameters=first.used)
    again = heard(KINDS[0], Render(2, record.prompt, recorded=True, **recorded_parameters(record)))[2]
    assert np.array_equal(first.audio, again.audio)
    assert again.used == first.used


def test_nothing_of_another_prompt_is_no_record_of_one() -> None:
    assert heard(KINDS[0], press(1, morph=f"0 to {BELL}"))[1].used["morph"] is None


@pytest.mark.parametrize("line", ["velocity to glass", "cc 25 to glass", "glass", "2 to glass"])
def test_what_says_no_number_is_refused(line: str) -> None:
    with pytest.raises(RequestError, match="morph: "):
        resolve_parameters(press(1, morph=line), model_of(KINDS[0]))
