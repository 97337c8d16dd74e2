"""Which models the tests of this folder play: two, with ``--thorough`` seven, with ``--every-model`` all of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from tests.cuda.records import STABLE_AUDIO_3, Case, Record, play_case
from tests.engine.architectures import COVERED
from tests.support.forms import some

#: What one run of all tests has time for: what else is played here is a `v` model.
FEW = (
    Case("all of pocket's", "rectified_flow", "fp32", most=2),
    Case("Stable Audio 3 medium", "rf_denoiser", "bf16", most=2),
)
#: What else there is time for with ``--thorough``. Chords of four are for one of them; two at once are recorded as four
#: are.
MORE = (
    Case("plain", "v", "fp16"),
    Case("qk_norm l2", "rf_denoiser", "fp16", most=2),
    Case("differential", "v", "bf16", most=2),
    Case("Stable Audio 3 small", "rectified_flow", "fp32", most=2),
    Case("Stable Audio 3 medium", "rf_denoiser", "fp16", most=2),
)
OBJECTIVES = ("v", "rectified_flow", "rf_denoiser")
PRECISIONS = ("fp32", "fp16", "bf16")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-model", action="store_true", help="every architecture, objective and precision")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "record" in metafunc.fixturenames:
        cases: Sequence[Any] = some(FEW, MORE)
        if metafunc.config.getoption("--every-model", default=False):
            every = (
                *itertools.product(COVERED, OBJECTIVES, PRECISIONS),
                *itertools.product(STABLE_AUDIO_3, OBJECTIVES[1:], PRECISIONS),
            )
            cases = [*itertools.starmap(Case, every)]
        metafunc.parametrize("record", cases, ids=str, indirect=True, scope="module")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A wide net: how long one takes says nothing. Models of full size take longer than one run of all tests has."""
    for item in items:
        if item.nodeid.startswith("tests/cuda/"):
            item.add_marker(pytest.mark.timeout(1800))
    if not config.getoption("--every-model", default=False):
        left = [item for item in items if item.nodeid.startswith("tests/cuda/test_full_size.py")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="module")
def record(request: pytest.FixtureRequest) -> Record:
    """A model played on a pretended card, and what was seen of it."""
    return play_case(request.param)
