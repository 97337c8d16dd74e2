"""Two readings of now."""

from __future__ import annotations

from midifrag import clock as module
from midifrag.clock import ManualClock, SystemClock


class Time:
    """Stands in for the module ``time``."""

    wall, since_start = 1_700_000_000.0, 50.0

    def time(self):
        return self.wall

    def monotonic(self):
        return self.since_start


def test_times_of_a_session_never_jump_though_the_machine_s_clock_is_set(monkeypatch):
    time = Time()
    monkeypatch.setattr(module, "time", time)
    clock = SystemClock()
    time.wall, time.since_start = 5.0, 52.5
    assert clock.now() == 52.5
    assert clock.wall(clock.now()) == 1_700_000_002.5
    assert clock.wall(50.0) == 1_700_000_000.0


def test_a_clock_that_is_moved_by_hand_stands_still_else():
    clock = ManualClock()
    assert (clock.now(), clock.wall(7.0)) == (1000.0, 7.0)
    clock.time += 2
    assert clock.now() == 1002.0
    assert ManualClock(3.0).now() == 3.0
