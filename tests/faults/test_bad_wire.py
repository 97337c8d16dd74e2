"""The proof of a bad line, for a few presses and cuts."""

import pytest

from tests.faults import bad_wire, tun_wire


@pytest.mark.thorough
@pytest.mark.parametrize("tun", [False, True], ids=["proxy", "packets"])
def test_a_few_presses_and_cuts_break_nothing_of_the_law(tmp_path, tun):
    if tun and not tun_wire.is_possible():
        pytest.skip("needs root: lines of packets, on Linux")
    row, problems = bad_wire.played(tmp_path, 12, 3, tun=tun)
    assert problems == []
    assert int(row.split("|")[2]) >= 12 + 3 + 1
