from types import SimpleNamespace

import pytest

from midifrag.bridge.items import Reload
from midifrag.bridge.publishing import Publisher
from midifrag.events import ControlChanged, JobChanged, JobTimes, PadChanged
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState, PadState
from tests.support.bridges import with_spares
from tests.support.shows import bank, loaded

JOB = JobChanged(1, JobKind.PAD, JobState.QUEUED, "rain", "opening", PadKey(36), JobTimes(1.0))
CONTROL = ControlChanged("steps", 3)
PAD = PadChanged("opening", PadKey(36), None, 1, 36, PadState.IDLE, None, 1.0)
GONE = PadChanged("opening", PadKey(99), None, 1, 99, PadState.IDLE, None, 1.0)


class Published:
    """A publisher, and who heard of what in which order."""

    def __init__(self, *, learns=True):
        self.heard = []
        set_list = SimpleNamespace(holds=lambda bank, pad: (bank, pad) == (PAD.bank, PAD.pad))
        view, sounds = SimpleNamespace(apply=self._by("view")), SimpleNamespace(follow=self._by("sounds"))
        self.publisher = Publisher(view, set_list, sounds, self._by("out"))
        if learns:
            self.publisher.learn = self._by("forecast")

    def _by(self, who):
        return lambda change: self.heard.append((who, change))


@pytest.mark.parametrize(("change", "first"), [(JOB, ["forecast"]), (CONTROL, ["sounds"]), (PAD, [])])
def test_who_goes_by_a_change_hears_it_first_and_the_view_before_others(change, first):
    one = Published()
    one.publisher.publish(change)
    assert one.heard == [(who, change) for who in (*first, "view", "out")]


def test_a_job_is_told_where_nobody_learns_from_it():
    one = Published(learns=False)
    one.publisher.publish(JOB)
    assert one.heard == [("view", JOB), ("out", JOB)]


def test_a_pad_that_is_no_longer_there_is_told_nobody():
    one = Published()
    one.publisher.publish_all([GONE, PAD])
    assert one.heard == [("view", PAD), ("out", PAD)]


@pytest.mark.parametrize("left", [bank(pads={40: {"prompt": "rain"}}), bank("other", {36: {"prompt": "rain"}})])
def test_a_spare_for_a_pad_that_went_meanwhile_is_shown_nowhere(left):
    rig = with_spares()
    rig.bridge.handle(Reload(loaded(left, engine={"spares": {"enabled": True}})))
    rig.rendered(rig.engines.renders()[0])
    assert rig.told(PadChanged) == []
