"""Eight loops for a while beside an engine that renders, and what the machine itself takes from everybody."""

from ctypes.util import find_library

import pytest

from benchmarks.player_soak import LOOPS, soak


@pytest.mark.thorough
@pytest.mark.skipif(find_library("portaudio") is None, reason="PortAudio is not installed (libportaudio2)")
def test_no_loop_is_lost_while_an_engine_renders(jack_server):
    done = soak(20.0, engines=1)
    assert done.loops == LOOPS
    assert done.changes == 0
    # A machine that is busy takes from both; by how much more from whom is chance within some.
    assert done.misses <= 3 * done.timer_misses + 50
