from dataclasses import replace

from midifrag.bridge.items import Reload
from midifrag.config.instruments import InstrumentSettings
from midifrag.config.settings import Settings
from midifrag.events import ConfigurationChanged, JobChanged, Notice
from midifrag.show.doors import DOORS, DoorKind, Doors
from midifrag.states import JobState
from tests.support.runtimes import played_show
from tests.support.shows import loaded


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


BEGUN = loaded()


def opened(*makers, begins_with=lambda _settings: True):
    log, put, watches = [], [], []

    def watch(callback, name):
        watches.append(Watch(callback, name, log))
        return watches[-1]

    kinds = [
        DoorKind(f"key {at}", lambda show, _put, make=make: make(log, show), begins_with)
        for at, make in enumerate(makers)
    ]
    doors = Doors(watch, lambda one: log.append((one.name, "unwatched")), kinds)
    doors.start(BEGUN, put.append)
    return doors, log, put, watches


def test_those_that_the_set_wants_are_begun_told_and_closed():
    doors, log, put, watches = opened(
        lambda log, _: Open(log, "a"), lambda _log, show: None if show is BEGUN else 1 / 0
    )
    assert log == [("a", "start")]
    watches[0].callback("news")
    doors.close()
    doors.close()
    # What it was told last is taken in first.
    assert [one for one in log if one[0] == "a"] == [
        ("a", "start"), ("a", "news"), ("a", "delivered"), ("a", "unwatched"), ("a", "close"),
    ]  # fmt: skip
    assert put == []


def test_one_that_fails_is_told_and_keeps_no_other_shut():
    doors, log, put, watches = opened(
        lambda _log, _show: 1 / 0,
        lambda log, _: Open(log, "a", fails=("start",)),
        lambda log, _: Open(log, "b", fails=("close",)),
        lambda log, _: Open(log, "c"),
    )
    assert [one.name for one in watches] == ["b", "c", "doors"]
    assert [type(one) for one in put] == [Notice, Notice]
    assert "ZeroDivisionError" in put[0].text
    doors.close()
    assert log[-6:] == [(name, what) for name in "bc" for what in ("delivered", "unwatched", "close")]


def test_a_door_follows_what_the_set_comes_to_say_of_it_and_each_step_is_told():
    doors, log, put, watches = opened(
        lambda log, show: Open(log, f"port {show.settings.ableton.port}") if show.settings.ableton.enabled else None,
        begins_with=lambda of: of.ableton.port if of.ableton.enabled else None,
    )
    follow = watches[0].callback
    for ableton in ({}, {"fire": True}, {"port": 9}, {"port": 9, "enabled": False}, {"port": 9, "enabled": False}):
        follow(ConfigurationChanged(loaded(ableton=ableton)))
    assert [one for one in log if one[1] in ("start", "close")] == [
        ("port 0", "start"), ("port 0", "close"), ("port 9", "start"), ("port 9", "close"),
    ]  # fmt: skip
    assert [notice.text for notice in put] == [
        "key 0: opened, as the set asks for it now",
        "key 0: begun anew, as the set has it now",
        "key 0: closed, as the set does not ask for it any more",
    ]
    doors.close()
    follow(ConfigurationChanged(loaded(ableton={})))
    assert len(put) == 3


def test_one_that_cannot_be_opened_later_is_told_once_and_tried_when_the_set_is_another():
    _doors, _log, put, watches = opened(
        lambda _log, show: None if show is BEGUN else 1 / 0, begins_with=lambda of: of.osc if of.osc.is_on else None
    )
    for port in (7400, 7400, 7500):
        watches[0].callback(ConfigurationChanged(loaded(osc={"listen": port})))
    assert ["stays shut" in notice.text for notice in put] == [True, True]


def test_a_door_hears_of_another_set_as_far_as_the_show_goes_by_it():
    _doors, log, _put, watches = opened(lambda log, _: Open(log, "a"))
    watches[0].callback(ConfigurationChanged(loaded(fragments={"count": 3, "fade_ms": 9}, tempo=99)))
    settings = log[-1][1].loaded.settings
    begun = BEGUN.settings.fragments.count
    assert (settings.fragments.count, settings.fragments.fade_ms, settings.tempo) == (begun, 9, 99)


def test_of_each_door_the_set_says_whether_it_is_wanted():
    nothing = Settings.model_validate({"ableton": {"enabled": False}})
    everything = Settings.model_validate(
        {"ableton": {}, "osc": {"send": 1}, "instruments": {"sfz": True, "first_note": 0, "hydrogen": {}}}
    )
    assert [kind.begins_with(nothing) for kind in DOORS] == [None] * len(DOORS)
    assert None not in [kind.begins_with(everything) for kind in DOORS]
    assert [kind.make(loaded(), lambda _: None) for kind in DOORS] == [None] * len(DOORS)


def test_a_running_show_writes_sfz_files_from_when_its_set_asks_for_them(tmp_path):
    with played_show(tmp_path) as show:
        begun = show.runtime.begun
        sfz = InstrumentSettings(sfz=True)
        show.runtime.put(Reload(replace(begun, settings=begun.settings.model_copy(update={"instruments": sfz}))))
        show.seen.wait_for_kind(Notice, text="instruments.sfz: opened, as the set asks for it now")
        show.note(36)
        landed = show.seen.wait_for_kind(JobChanged, state=JobState.LANDED)
        show.runtime.put(Reload(begun))
        # What has landed before is taken in first.
        show.seen.wait_for_kind(Notice, text="instruments.sfz: closed, as the set does not ask for it any more")
        assert f"sample=samples/{landed.slot:02d}-" in (tmp_path / "sfz" / "slots.sfz").read_text()
