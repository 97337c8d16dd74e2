import threading

from midifrag.events import BankChanged, JobChanged, JobTimes, Notice
from midifrag.pad_key import PadKey
from midifrag.show.watcher import Watcher
from midifrag.states import JobKind, JobState, NoticeLevel


def progress(step):
    return JobChanged(1, JobKind.PAD, JobState.RENDERING, "x", "opening", PadKey(36), JobTimes(0.0), step=step, of=100)


def test_changes_arrive_in_order_and_close_delivers_what_waits():
    seen = []
    watcher = Watcher(seen.append, "test")
    for number in range(100):
        watcher.put(Notice(NoticeLevel.INFO, str(number)))
    watcher.close()
    assert [notice.text for notice in seen] == [str(number) for number in range(100)]


def test_a_stuck_watcher_never_delays_and_loses_progress_before_news():
    stuck, go_on, seen = threading.Event(), threading.Event(), []

    def callback(change):
        stuck.set()
        go_on.wait(10)
        seen.append(change)

    watcher = Watcher(callback, "stuck", capacity=4)
    watcher.put(Notice(NoticeLevel.INFO, "first"))
    assert stuck.wait(10)
    for step in range(50):
        watcher.put(progress(step))
    watcher.put(BankChanged("two", "Two", 1, ()))
    go_on.set()
    watcher.close()
    assert seen[-1] == BankChanged("two", "Two", 1, ())
    assert watcher.dropped == 47


def test_a_watcher_that_raises_goes_on(caplog):
    seen = []

    def callback(change):
        seen.append(change)
        if len(seen) == 1:
            raise RuntimeError("broken")

    watcher = Watcher(callback, "broken")
    watcher.put(Notice(NoticeLevel.INFO, "a"))
    watcher.put(Notice(NoticeLevel.INFO, "b"))
    watcher.close()
    assert len(seen) == 2
    assert "broken" in caplog.text
