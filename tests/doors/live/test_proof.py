"""Ten thousand landings while a Live is played, and midifrag, Live and its Sets come and go."""

from __future__ import annotations

import pytest

from tests.doors.live.proof import Proof


@pytest.mark.parametrize(("occupied", "seed"), [("wait", 1), ("next_scene", 2)])
def test_of_ten_thousand_landings_none_is_dropped(tmp_path, occupied, seed):
    proof = Proof(tmp_path, occupied, seed)
    try:
        proof.run(5_000)
    finally:
        proof.close()
    assert sum(proof.done.values()) > 1_500
    assert len(proof.disrupted) >= 6
    assert proof.waited > 0 or occupied == "next_scene"
