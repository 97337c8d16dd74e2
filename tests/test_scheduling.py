import os
import sys
import threading

import pytest

from midifrag import scheduling


@pytest.mark.skipif(sys.platform != "linux", reason="what others do cannot be read back")
def test_threads_ask_for_the_lowest_real_time_priorities_and_what_they_start_is_ordinary(monkeypatch):
    asked = []
    monkeypatch.setattr(os, "sched_setscheduler", lambda *how: asked.append(how))
    scheduling.work_before_others()
    scheduling.run_before_others()
    assert [how[:2] for how in asked] == [(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK)] * 2
    lowest = os.sched_get_priority_min(os.SCHED_RR)
    # Who is done at once waits for nobody who works for a while.
    assert [priority.sched_priority for _, _, priority in asked] == [lowest, lowest + 1]


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
