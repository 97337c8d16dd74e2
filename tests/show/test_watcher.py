import threading

from midifrag.events import BankChanged, JobChanged, JobTimes, Meters, Notice, PadChanged
from midifrag.pad_key import PadKey
from midifrag.show.watcher import Watcher
from midifrag.states import JobKind, JobState, NoticeLevel, PadState
from tests.support import PATIENCE


def progress(step):
    return JobChanged(1, JobKind.PAD, JobState.RENDERING, "x", "opening", PadKey(36), JobTimes(0.0), step=step, of=100)


def pad(state):
    return PadChanged("opening", PadKey(36), None, 1, 36, state, None, 0.0)


def news(text):
    return Notice(NoticeLevel.INFO, text)


def test_changes_arrive_in_order_and_close_delivers_what_waits():
    seen = []
    watcher = Watcher(seen.append, "test")
    for number in range(100):
        watcher.put(news(str(number)))
    watcher.close(PATIENCE)
    assert [notice.text for notice in seen] == [str(number) for number in range(100)]


class Stuck:
    """A watcher that looks at its first change until it may `go on`; all that it saw is in ``seen``."""

    def __init__(self, capacity):
        self.seen = []
        self._busy, self._go_on = threading.Event(), threading.Event()
        self.watcher = Watcher(self._look, "stuck", capacity)
        self.watcher.put(news("first"))
        assert self._busy.wait(PATIENCE)

    def _look(self, change):
        self._busy.set()
        assert self._go_on.wait(PATIENCE)
        self.seen.append(change)

    def go_on(self):
        """What it sees after the first."""
        self._go_on.set()
        self.watcher.close(PATIENCE)
        return self.seen[1:]


def test_a_stuck_watcher_hears_of_no_more_progress_and_then_of_news_instead_of_the_oldest():
    stuck = Stuck(capacity=4)
    for step in range(50):
        stuck.watcher.put(progress(step))
    stuck.watcher.put(Meters((0.5,), 0.5))
    stuck.watcher.put_all([BankChanged("two", "Two", 1, ()), news("second")])
    stuck.watcher.put(pad(PadState.RENDERING))
    stuck.watcher.put(pad(PadState.LANDED))
    assert stuck.watcher.dropped == 46 + 1 + 2 + 1 + 1
    assert stuck.go_on() == [progress(3), BankChanged("two", "Two", 1, ()), news("second"), pad(PadState.LANDED)]


def test_a_watcher_that_keeps_up_misses_nothing():
    stuck = Stuck(capacity=2)
    stuck.watcher.put_all([progress(1), pad(PadState.RENDERING)])
    assert stuck.go_on() == [progress(1), pad(PadState.RENDERING)]
    assert stuck.watcher.dropped == 0


def test_a_watcher_may_close_itself():
    closed = threading.Event()

    def callback(_change):
        watcher.close()
        closed.set()

    watcher = Watcher(callback, "itself")
    watcher.put(news("a"))
    assert closed.wait(PATIENCE)


def test_a_watcher_that_raises_goes_on(caplog):
    seen = []

    def callback(change):
        seen.append(change)
        if len(seen) == 1:
            raise RuntimeError("broken")

    watcher = Watcher(callback, "broken")
    watcher.put(news("a"))
    watcher.put(news("b"))
    watcher.close(PATIENCE)
    assert len(seen) == 2
    assert "broken" in caplog.text
