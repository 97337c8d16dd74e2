import threading

import pytest

from midifrag.events import BankChanged, ConfigurationChanged, Notice
from midifrag.midi.messages import NoteOn
from midifrag.show.session_log import SessionLog, read_session
from midifrag.show.telling import MONITOR_CAPACITY, Heard, Telling
from midifrag.states import NoticeLevel
from tests.support import PATIENCE
from tests.support.runtimes import Seen, played_show
from tests.support.shows import loaded

NEWS = [Notice(NoticeLevel.INFO, text) for text in "abc"]


@pytest.fixture
def log(tmp_path):
    log = SessionLog(tmp_path)
    yield log
    log.close(PATIENCE)


def logged(log):
    log.close(PATIENCE)
    return [line.get("text") or line["event"] for line in read_session(log.path)]


def test_a_change_is_lit_at_once_and_told_when_the_bridge_is_done(log):
    telling, lit, seen = Telling(log), [], Seen()
    telling.light = lit.append
    telling.watch(seen, "test")
    telling.publish_all(NEWS)
    assert lit == NEWS
    assert seen.changes == []
    telling.tell()
    seen.wait_for(lambda changes: changes == NEWS)
    telling.tell()
    assert telling.close() == {}
    assert seen.changes == NEWS
    assert logged(log) == ["a", "b", "c"]


def test_lights_that_fail_are_told_once_and_keep_nothing_from_being_told(log):
    def broken(_change):
        raise RuntimeError("no such pad")

    telling, seen = Telling(log), Seen()
    telling.light = broken
    telling.watch(seen, "test")
    telling.publish_all(NEWS)
    telling.tell()
    telling.close()
    failed = "a controller's lights failed: RuntimeError('no such pad'); it plays on"
    assert [change.text for change in seen.changes] == ["a", failed, "b", "c"]
    assert logged(log) == ["a", failed, "b", "c"]


def test_the_first_who_reads_gets_what_was_told_before(log):
    telling, other, first, second = Telling(log), Seen(), Seen(), Seen()
    telling.watch(other, "another program", reads=False)
    telling.publish_all([*NEWS, BankChanged("one", "One", 0, ())])
    telling.tell()
    telling.watch(first, "page")
    telling.watch(second, "terminal")
    telling.publish(NEWS[0])
    telling.tell()
    first.wait_for(lambda changes: changes == [*NEWS, NEWS[0]])
    second.wait_for(lambda changes: changes == [NEWS[0]])
    telling.close()
    assert len(other.changes) == 5


def test_nobody_is_told_who_does_not_watch_any_more(log):
    telling, seen, heard = Telling(log), Seen(), Seen()
    for watcher in (telling.watch(seen, "test"), telling.monitor(heard, "test")):
        telling.unwatch(watcher)
    telling.publish_all(NEWS)
    telling.tell()
    telling.hear(Heard(NoteOn("p", 1, 36, 100, 0.0), None))
    telling.close()
    assert seen.changes == heard.changes == []


def test_a_monitor_hears_events_and_a_configuration_is_logged_as_what_it_says(log):
    telling, heard = Telling(log), Seen()
    telling.monitor(heard, "test")
    event = Heard(NoteOn("p", 1, 36, 100, 0.0), None)
    telling.hear(event)
    telling.publish_all([ConfigurationChanged(loaded()), BankChanged("opening", "Opening", 0, ())])
    telling.tell()
    telling.close()
    assert heard.changes == [event]
    assert logged(log) == ["show", "BankChanged"]


def test_at_the_end_it_is_said_who_missed_how_much(log):
    telling, seen = Telling(log), Seen()
    slow, goes_on, asked, came = [], threading.Event(), threading.Event(), threading.Event()

    def wait(event):
        asked.set()
        assert goes_on.wait(PATIENCE)
        slow.append(event)
        if event is events[-1]:
            came.set()

    telling.watch(seen, "quick")
    telling.monitor(wait, "slow")
    events = [Heard(NoteOn("p", 1, 36, 100, float(time)), None) for time in range(MONITOR_CAPACITY + 3)]
    telling.hear(events[0])
    assert asked.wait(PATIENCE)
    for event in events[1:]:
        telling.hear(event)
    telling.publish_all(NEWS)
    telling.tell()
    goes_on.set()
    assert came.wait(PATIENCE)
    assert telling.close() == {"slow monitor": 2}
    assert slow == [events[0], *events[3:]]
    assert seen.changes == NEWS


def test_lights_that_fail_take_no_press_with_them(tmp_path):
    with played_show(tmp_path) as show:

        def broken(_change):
            raise RuntimeError("no such pad")

        show.runtime._telling.light = broken
        for _ in range(3):
            show.note(36)
        show.seen.wait_for(
            lambda changes: sum(getattr(one, "state", "") == "landed" and hasattr(one, "slot") for one in changes) == 3
        )
