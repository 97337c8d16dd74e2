"""Thousands of landings while a Live is played, and midifrag, Live and its Sets come and go."""

from __future__ import annotations

import pytest

from tests.doors.live.proof import Proof
from tests.support.forms import some


@pytest.mark.parametrize(
    ("occupied", "seed", "landings", "good"),
    some([("wait", 1, 2_000, 700), ("next_scene", 2, 2_500, 1_400)], [("next_scene", 2, 10_000, 5_500)]),
)
def test_of_thousands_of_landings_none_is_dropped(tmp_path, occupied, seed, landings, good):
    proof = Proof(tmp_path, occupied, seed)
    try:
        proof.run(landings)
    finally:
        proof.close()
    assert len(proof.done) + len(proof.overtaken()) == landings
    assert len(proof.done) > good
    assert len(proof.disrupted) >= 6
    assert proof.waited > 0 or occupied == "next_scene"
