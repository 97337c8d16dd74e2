import os
import sys
import threading

import pytest

from midifrag import scheduling


@pytest.mark.skipif(sys.platform != "linux", reason="what others do cannot be read back")
def test_a_thread_asks_for_the_lowest_real_time_priority_and_what_it_starts_is_ordinary(monkeypatch):
    asked = []
    monkeypatch.setattr(os, "sched_setscheduler", lambda *how: asked.append(how))
    scheduling.run_before_others()
    ((thread, policy, priority),) = asked
    assert (thread, policy) == (0, os.SCHED_RR | os.SCHED_RESET_ON_FORK)
    assert priority.sched_priority == os.sched_get_priority_min(os.SCHED_RR)


def test_where_it_is_not_allowed_nothing_happens(monkeypatch):
    def refuse(*_how):
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse, raising=False)
    scheduling.run_before_others()


def test_it_is_of_the_thread_that_asks_alone():
    before = os.sched_getscheduler(0) if sys.platform == "linux" else None
    thread = threading.Thread(target=scheduling.run_before_others)
    thread.start()
    thread.join()
    assert (os.sched_getscheduler(0) if sys.platform == "linux" else None) == before
