"""The show's own line of time."""

import pytest

from midifrag.bridge.internal_time import InternalTime


def test_it_begins_with_the_show():
    line = InternalTime(90, 100.0).timeline
    assert (line.position_at(100.0), line.position_at(102.0), line.running) == (0.0, 3.0, True)


def test_another_tempo_goes_on_from_where_it_is():
    time = InternalTime(120, 100.0)
    before = time.timeline
    time.use(120, 101.0)
    assert time.timeline is before
    time.use(60, 102.0)
    assert [time.timeline.position_at(moment) for moment in (102.0, 103.0)] == pytest.approx([4.0, 5.0])
