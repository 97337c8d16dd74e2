from midifrag.events import Notice
from midifrag.show.doors import Doors


class Watch:
    def __init__(self, callback, name, log):
        self.callback, self.name, self.log = callback, name, log

    def close(self, _seconds):
        self.log.append((self.name, "delivered"))


class Open:
    """A door that notes what becomes of it."""

    def __init__(self, log, name, fails=()):
        self.log, self.name, self.fails = log, name, fails

    def handle(self, change):
        self.log.append((self.name, change))

    def start(self):
        self._do("start")

    def close(self):
        self._do("close")

    def _do(self, what):
        self.log.append((self.name, what))
        if what in self.fails:
            raise RuntimeError(f"{what} fails")


def opened(*makers):
    log, put, watches = [], [], []

    def watch(callback, name):
        watches.append(Watch(callback, name, log))
        return watches[-1]

    doors = Doors(watch, lambda one: log.append((one.name, "unwatched")))
    doors.start("loaded", put.append, [lambda loaded, _put, make=make: make(log, loaded) for make in makers])
    return doors, log, put, watches


def test_those_that_the_set_wants_are_begun_told_and_closed():
    doors, log, put, watches = opened(
        lambda log, _: Open(log, "a"), lambda _log, loaded: None if loaded == "loaded" else 1 / 0
    )
    assert log == [("a", "start")]
    watches[0].callback("news")
    doors.close()
    doors.close()
    # What it was told last is taken in first.
    assert log == [("a", "start"), ("a", "news"), ("a", "delivered"), ("a", "unwatched"), ("a", "close")]
    assert put == []


def test_one_that_fails_is_told_and_keeps_no_other_shut():
    doors, log, put, watches = opened(
        lambda _log, _loaded: 1 / 0,
        lambda log, _: Open(log, "a", fails=("start",)),
        lambda log, _: Open(log, "b", fails=("close",)),
        lambda log, _: Open(log, "c"),
    )
    assert [one.name for one in watches] == ["b", "c"]
    assert [type(one) for one in put] == [Notice, Notice]
    assert "ZeroDivisionError" in put[0].text
    doors.close()
    assert log[-6:] == [(name, what) for name in "bc" for what in ("delivered", "unwatched", "close")]
