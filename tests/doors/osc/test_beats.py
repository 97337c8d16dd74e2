import threading

import pytest

from midifrag.doors.osc.beats import Beats
from midifrag.doors.osc.packets import encoded
from midifrag.timeline import Signature, Timeline
from tests.support import PATIENCE


class Rig:
    def __init__(self, line=None):
        self.sent = []
        self.beats = Beats(self.sent.append)
        if line is not None:
            self.beats.follow(line)

    def look(self, *moments):
        """What is told when it is looked at these moments."""
        before = len(self.sent)
        for moment in moments:
            self.beats.look(moment)
        assert all(map(encoded, self.sent))
        return [message.values for message in self.sent[before:]]

    def run(self, start, end):
        """What is told when it is looked when it asks for, from one moment to another."""
        before, now = len(self.sent), start
        while now is not None and now <= end:
            now = self.beats.look(now)
        return [message.values[0] for message in self.sent[before:]]


LINE = Timeline(120.0, 10.0)


def test_each_quarter_note_is_told_at_its_moment_with_its_bar_and_beat():
    rig = Rig(LINE)
    assert rig.beats.look(10.0) == pytest.approx(10.5)
    assert rig.beats.look(10.5) == pytest.approx(11.0)
    assert rig.look(10.9, 11.0, 11.5, 12.0) == [(2, 1, 3), (3, 1, 4), (4, 2, 1)]
    assert [message.path for message in rig.sent] == ["/midifrag/beat"] * 5


def test_beats_are_those_of_the_signature():
    rig = Rig(Timeline(120.0, 10.0, signature=Signature(6, 8)))
    assert rig.look(10.0, 10.5, 11.0, 11.5) == [(0, 1, 1), (1, 1, 3), (2, 1, 5), (3, 2, 1)]


def test_nothing_is_told_before_there_is_time_nor_while_it_stands_still():
    rig = Rig()
    assert rig.beats.look(10.0) is None
    rig.beats.follow(Timeline(120.0, 10.0, running=False))
    assert rig.beats.look(10.0) is None
    assert rig.sent == []
    rig.beats.follow(Timeline(120.0, 11.0))
    # It began a moment ago.
    assert rig.look(11.02) == [(0, 1, 1)]


def test_one_that_is_late_is_told_and_those_that_were_slept_through_are_not():
    rig = Rig(LINE)
    assert rig.look(10.0, 10.95) == [(0, 1, 1), (1, 1, 2)]
    assert rig.look(13.2, 13.5) == [(7, 2, 4)]


def test_time_that_is_joined_in_the_middle_begins_with_the_next_one():
    assert Rig(LINE).look(10.2, 10.5) == [(1, 1, 2)]


def test_a_clock_that_is_laid_anew_makes_no_beat_come_twice_or_never():
    rig = Rig(LINE)
    told = []
    for step in range(1000):
        now = 10 + step / 100
        # Up to 20 ms to and fro, as a cable's jitter.
        rig.beats.follow(Timeline(120.0, now, (now - 10) * 2 + 0.04 * ((step * 7919) % 11 - 5) / 5))
        told += rig.look(now)
    quarters = [values[0] for values in told]
    assert quarters == list(range(20))


def test_time_that_begins_again_tells_its_beats_again():
    rig = Rig(LINE)
    assert rig.run(10.0, 10.6) == [0, 1]
    rig.beats.follow(Timeline(120.0, 10.95, 0.99))
    assert rig.run(10.95, 11.0) == [1]
    rig.beats.follow(Timeline(120.0, 11.4, 0.0))
    assert rig.run(11.4, 12.0) == [0, 1]
    rig.beats.follow(Timeline(60.0, 12.1, 100.5))
    assert rig.run(12.1, 14.0) == [101, 102]


def test_its_thread_tells_by_the_clock_and_ends():
    told, heard = [], threading.Event()
    now = [0.0]

    def hear(message):
        told.append(message.values[0])
        now[0] += 0.5
        if len(told) == 4:
            heard.set()

    beats = Beats(hear, lambda: now[0])
    beats.start()
    beats.follow(Timeline(120.0, 0.0))
    assert heard.wait(PATIENCE)
    beats.close()
    assert told[:4] == [0, 1, 2, 3]
    count = len(told)
    beats.follow(Timeline(120.0, 0.0))
    assert len(told) == count


def test_a_beat_that_fails_is_not_the_last():
    told, heard = [], threading.Event()
    now = [0.0]

    def hear(message):
        told.append(message.values[0])
        now[0] += 0.5
        if len(told) == 1:
            raise RuntimeError("boom")
        heard.set()

    beats = Beats(hear, lambda: now[0])
    beats.start()
    beats.follow(Timeline(120.0, 0.0))
    assert heard.wait(PATIENCE)
    beats.close()


def test_what_was_never_begun_is_closed():
    Beats(print).close()
