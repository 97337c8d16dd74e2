"""MIDI clock that goes out, on virtual time."""

from __future__ import annotations

import threading
from dataclasses import replace

import mido
import pytest

from midifrag.midi.clock_follower import ClockFollower
from midifrag.midi.clock_sender import LATE, ClockSchedule, ClockSender
from midifrag.midi.messages import Tick, TransportChange
from midifrag.timeline import Signature, Timeline
from tests.support import PATIENCE

LINE = Timeline(120, 100.0)


class Sent:
    """All that a schedule says, each at the moment when it was due."""

    def __init__(self, line=LINE, now=100.0):
        self.schedule, self.now = ClockSchedule(), now
        self.said = []
        self.schedule.follow(line, now)

    def run(self, seconds):
        """Send what is due within so many seconds; what was said in them."""
        until, begin = self.now + seconds, len(self.said)
        while (due := self.schedule.due) is not None and due < until:
            self.now = max(self.now, due)
            self.said += [(self.now, message) for message in self.schedule.take(self.now)]
        self.now = until
        return self.said[begin:]

    def follow(self, line):
        self.schedule.follow(line, self.now)

    def words(self):
        return [(at, message.type) for at, message in self.said if message.type != "clock"]


def heard(said, bpm=120.0):
    """What a follower makes of it."""
    clock = ClockFollower(bpm)
    for at, message in said:
        if message.type == "clock":
            clock.feed(Tick("out", at))
        elif message.type == "songpos":
            clock.feed(TransportChange("out", "position", at, message.pos))
        else:
            clock.feed(TransportChange("out", message.type, at))
    return clock


def off(clock, line, position=100.0):
    at, where = clock.moment()
    return at + (position - where) * 60 / clock.bpm - line.moment_of(position)


@pytest.mark.parametrize("bpm", [20, 92.5, 120, 300])
def test_from_the_songs_beginning_it_starts_and_ticks_24_times_a_quarter(bpm):
    line = replace(LINE, bpm=bpm)
    sent = Sent(line)
    said = sent.run(60 / bpm * 4 - 1e-6)
    assert said[0] == (100.0, mido.Message("start"))
    ticks = [at for at, message in said if message.type == "clock"]
    assert ticks == pytest.approx([100 + 60 / bpm / 24 * number for number in range(96)])
    assert len(said) == 97


@pytest.mark.parametrize("position", [0.1, 0.25, 3.9, 41.23, 4000.0, 5000.3])
def test_from_anywhere_else_it_says_where_and_continues_before_the_next_sixteenth(position):
    line = replace(LINE, position=position)
    clock = heard(Sent(line).run(4.0))
    assert clock.running
    # The numbers of places end at 1024 bars; the place in the bar is right beyond as well.
    away = off(clock, line) / line.seconds(4096)
    assert away == pytest.approx(round(away), abs=1e-6)
    assert (round(away) == 0) is (position < 4095)


def test_beyond_the_last_song_position_the_bar_stays_right():
    line = replace(LINE, position=20_000.0, signature=Signature(7, 8))
    said = Sent(line).run(0.5)
    (place,) = [message.pos for _, message in said if message.type == "songpos"]
    assert place < 1 << 14
    assert (20_000.0 - place / 4) % 3.5 == pytest.approx(0)


def test_before_the_first_bar_only_ticks_go_out_and_then_the_start():
    sent = Sent(replace(LINE, position=-1.0))
    sent.run(1.0)
    assert sent.words() == [(pytest.approx(100.5), "start")]
    assert sum(message.type == "clock" for at, message in sent.said if at < 100.5) == 24


def test_while_the_time_stands_still_it_ticks_and_continues_with_it():
    sent = Sent()
    sent.run(1.0)
    sent.follow(replace(LINE, running=False))
    sent.run(1.0)
    assert [word for _, word in sent.words()] == ["start", "stop"]
    assert sum(message.type == "clock" for at, message in sent.said if at >= 101) == 48
    again = Timeline(120, 102.0, 2.0)
    sent.follow(again)
    sent.run(2.0)
    assert [word for _, word in sent.words()] == ["start", "stop", "songpos", "continue"]
    assert abs(off(heard(sent.said), again)) < 1e-6


@pytest.mark.parametrize("position", [0.0, 16.0, 3.3])
def test_a_jump_is_told_as_a_stop_and_a_new_place(position):
    sent = Sent()
    sent.run(1.13)
    line = Timeline(120, sent.now, position)
    sent.follow(line)
    sent.run(2.0)
    expected = ["start"] if position == 0 else ["songpos", "continue"]
    assert [word for _, word in sent.words()] == ["start", "stop", *expected]
    assert abs(off(heard(sent.said), line)) < 1e-6


def test_a_small_correction_and_another_tempo_move_the_ticks_alone():
    sent = Sent()
    sent.run(2.0)
    moved = Timeline(120, 102.0, 4.0 + 0.3 / 24)
    sent.follow(moved)
    sent.run(1.0)
    faster = Timeline(150, 103.0, moved.position_at(103.0))
    sent.follow(faster)
    sent.run(2.0)
    assert [word for _, word in sent.words()] == ["start"]
    assert abs(off(heard(sent.said), faster)) < 1e-3
    ticks = [at for at, message in sent.said if message.type == "clock"]
    assert len(ticks) == len(set(ticks)) == pytest.approx(faster.position_at(105.0) * 24, abs=1)


def test_what_is_much_too_late_is_left_out_and_the_place_told_anew():
    sent = Sent()
    sent.run(1.0)
    sent.now += LATE + 1.0
    sent.run(1.0)
    assert [word for _, word in sent.words()] == ["start", "stop", "songpos", "continue"]
    assert abs(off(heard(sent.said), LINE)) < 1e-6


def test_what_is_a_little_late_is_said_at_once():
    sent = Sent()
    sent.run(1.0)
    assert [message.type for message in sent.schedule.take(101.0 + 0.2)] == ["clock"] * 10


def test_without_a_line_nothing_is_due():
    schedule = ClockSchedule()
    schedule.locate(5.0)
    assert (schedule.due, schedule.take(5.0), schedule.end()) == (None, [], [])


# --- the thread ------------------------------------------------------------------------------------------------------


class Port:
    """Takes messages while it is there."""

    def __init__(self):
        self.there, self.got = True, []
        self.news = threading.Condition()

    def send(self, port, messages):
        with self.news:
            if self.there:
                self.got += [(port, message.type) for message in messages]
                self.news.notify_all()
            return self.there

    def wait_for(self, count):
        with self.news:
            assert self.news.wait_for(lambda: len(self.got) >= count, PATIENCE)


def test_a_port_that_comes_later_is_told_where_we_are():
    port, now = Port(), [100.0]
    sender = ClockSender(port.send, clock=lambda: now[0])
    assert sender.step() is None
    sender.follow(LINE)
    # Nobody waits for its thread here: each step is ours.
    sender._thread = threading.current_thread()
    sender.use("daw")
    port.there = False
    for _ in range(30):
        now[0] += sender.step()
    assert port.got == []
    port.there = True
    for _ in range(30):
        now[0] += sender.step()
    words = [word for _, word in port.got if word != "clock"]
    assert words == ["stop", "songpos", "continue"]
    sender._thread = None
    sender.close()
    assert port.got[-1] == ("daw", "stop")


def test_it_sends_by_itself_until_it_is_closed():
    port = Port()
    sender = ClockSender(port.send)
    now = sender._clock()
    sender.use("daw")
    sender.follow(Timeline(300, now))
    port.wait_for(30)
    # A thread that a busy machine keeps waiting comes in later, at a place.
    assert next(word for _, word in port.got if word != "clock") in ("start", "songpos")
    assert {name for name, _ in port.got} == {"daw"}
    sender.use("keys")
    with port.news:
        assert port.news.wait_for(lambda: ("keys", "continue") in port.got, PATIENCE)
    assert ("daw", "stop") in port.got
    thread = sender._thread
    sender.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert port.got[-1] == ("keys", "stop")
    count = len(port.got)
    sender.use("daw")
    sender.follow(Timeline(100, now))
    assert len(port.got) == count


def test_where_no_port_is_named_there_is_no_thread():
    sender = ClockSender(Port().send)
    sender.use(None)
    sender.follow(LINE)
    assert sender._thread is None
    sender.close()
