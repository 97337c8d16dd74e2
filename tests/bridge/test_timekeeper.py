"""Whose clock counts, and the line that all go by."""

from dataclasses import replace

import pytest

from midifrag.bridge.items import AbletonHeard, Bar, LinkHeard
from midifrag.bridge.timekeeper import CORRECTED_EVERY, SAME, Timekeeper
from midifrag.events import ControlChanged, Notice, TimeChanged
from midifrag.midi.messages import Tick
from midifrag.midi.transport import GAP_SECONDS
from midifrag.states import NoticeLevel
from midifrag.timeline import Signature, Timeline
from tests.support.clocks import Master
from tests.support.shows import loaded

NOW = 100.0
PORTS = {"daw": {"in": "daw", "out": "daw"}, "keys": {"in": "keys"}}


def settings(**keys):
    return loaded(ports=PORTS, **keys).settings


class Kept:
    """A timekeeper and all that it told."""

    def __init__(self, **keys):
        self.time = Timekeeper(settings(**keys), NOW)
        self.told = []

    def feed(self, *events):
        for event in events:
            self.told += self.time.feed(event)
        return self

    def do(self, changes):
        self.told += changes
        return changes

    @property
    def line(self):
        return self.time.timeline

    def lines(self):
        return [change.timeline for change in self.told if isinstance(change, TimeChanged)]

    def notices(self):
        return [(change.level, change.text) for change in self.told if isinstance(change, Notice)]

    def tempos(self):
        return [change.value for change in self.told if isinstance(change, ControlChanged)]


def off(line, master, ahead=4):
    """Seconds that a line is off at a place that many quarter notes ahead of the master."""
    position = master.position + ahead
    return line.moment_of(position) - master.moment_of(position)


# --- our own clock ---------------------------------------------------------------------------------------------------


def test_where_nothing_else_runs_it_is_our_own_at_the_shows_tempo():
    kept = Kept(tempo=92.5, time={"signature": "3/4"})
    assert kept.line == Timeline(92.5, NOW, 0.0, Signature(3, 4))
    assert kept.time.bpm == 92
    assert kept.time.look(NOW + 60) == []


def test_another_tempo_goes_on_from_where_it_is():
    kept = Kept()
    now = NOW + 1.3
    (changed,) = kept.do(kept.time.use(settings(tempo=75), now))[:1]
    assert changed == TimeChanged(Timeline(75, now, pytest.approx(2.6)))
    assert kept.tempos() == [75.0]
    assert kept.line.position_at(now + 0.8) == pytest.approx(3.6)
    assert kept.time.use(settings(tempo=75), now + 5) == []


def test_a_control_sets_the_tempo_of_our_own_clock_and_gives_it_back():
    kept = Kept(tempo=100)
    now = NOW + 1.2
    kept.do(kept.time.turn(150.5, now))
    assert kept.line == Timeline(150.5, now, pytest.approx(2.0))
    assert kept.tempos() == [150.0]
    assert kept.time.turn(150.5, now + 1) == []
    kept.do(kept.time.turn(None, now + 2))
    assert (kept.line.bpm, kept.tempos()) == (100, [150.0, 100.0])


def test_where_another_clock_keeps_the_time_a_control_sets_nothing_and_a_sweep_is_told_of_once():
    kept = Kept(time={"source": "link"})
    kept.do(kept.time.hear_link(LinkHeard(90.0, NOW, 0.0, peers=1)))
    assert kept.line.source == "link"
    for step in range(100):
        kept.do(kept.time.turn(100.0 + step, NOW + 1 + step * 0.1))
    words = "the tempo is that of link; controls set it where midifrag's own clock keeps the time"
    assert kept.notices() == [("info", words)]
    assert kept.line.bpm == 90
    kept.do(kept.time.turn(120.0, NOW + 30))
    assert kept.notices() == 2 * [("info", words)]


def test_a_tempo_of_the_set_is_told_to_prompts_as_the_nearest_whole_one():
    kept = Kept()
    kept.do(kept.time.use(settings(tempo=120.6), NOW))
    assert (kept.time.bpm, kept.line.bpm) == (121, 120.6)


def test_another_signature_is_told_at_once_and_moves_nothing():
    kept = Kept()
    (changed,) = kept.time.use(settings(time={"signature": "6/8"}), NOW + 3)
    assert changed == TimeChanged(Timeline(120, NOW + 3, 6.0, Signature(6, 8)))


def test_taps_set_the_tempo_and_from_the_fourth_on_the_beat():
    kept = Kept()
    first = NOW + 0.3
    assert kept.time.tap(first) == []
    before = kept.line
    kept.do(kept.time.tap(first + 0.4))
    kept.do(kept.time.tap(first + 0.8))
    assert kept.line.bpm == pytest.approx(150)
    assert kept.line.position_at(first + 0.4) == pytest.approx(before.position_at(first + 0.4))
    kept.do(kept.time.tap(first + 1.2))
    beat = kept.line.position_at(first + 1.2)
    assert beat == pytest.approx(round(beat))
    assert kept.tempos() == [150.0]
    # The same beat again is no news.
    assert kept.time.tap(first + 1.6) == []


def test_a_set_that_is_read_again_leaves_a_tapped_tempo():
    kept = Kept()
    for moment in (NOW, NOW + 0.4):
        kept.do(kept.time.tap(moment))
    assert kept.time.use(settings(client="other"), NOW + 1) == []
    assert (kept.line.bpm, kept.time.bpm) == (pytest.approx(150), 150)


def test_taps_outside_all_tempos_set_none():
    kept = Kept()
    kept.time.tap(NOW)
    assert kept.time.tap(NOW + 0.14) == []
    assert kept.line.bpm == 120


# --- a MIDI clock ----------------------------------------------------------------------------------------------------


def test_a_start_begins_bar_one_at_its_first_tick_and_is_told_there():
    kept, master = Kept(), Master(174, NOW + 3.21, jitter=0.002)
    master.say("start")
    kept.feed(*master.play(1 / 24))
    (line,) = kept.lines()
    assert (line.source, line.running, line.position) == ("midi:daw", True, 0.0)
    assert line.at == pytest.approx(NOW + 3.21, abs=0.002)
    kept.feed(*master.run(24 * 8))
    assert abs(off(kept.line, master)) < 0.002
    assert kept.time.bpm == 174


@pytest.mark.parametrize("bpm", [20, 30, 92.5, 120, 174, 300])
@pytest.mark.parametrize("seed", range(2))
def test_bars_to_come_are_known_to_a_millisecond_under_jitter_without_a_flood(bpm, seed):
    kept, master = Kept(), Master(bpm, NOW + 1, jitter=0.002, seed=seed)
    kept.feed(*master.play(16))
    told = len(kept.told)
    begin = master.now
    for _ in range(64):
        kept.feed(*master.run(24))
        bar = kept.line.signature.bar
        until = bar - master.position % bar
        assert abs(off(kept.line, master, ahead=until)) < 0.001 + SAME
    assert len(kept.told) - told <= (master.now - begin) / CORRECTED_EVERY
    assert abs(kept.time.bpm - bpm) <= 0.6


def test_an_exact_clock_is_told_once():
    kept, master = Kept(), Master(120, NOW + 1)
    kept.feed(*master.play(64))
    # At its first tick, and it has the tempo that the show had.
    assert len(kept.lines()) == 1


def test_ticks_that_come_without_a_start_carry_the_tempo_and_the_place_goes_on():
    kept, master = Kept(), Master(140, NOW + 2.2)
    kept.feed(*master.run(23))
    assert kept.told == []
    kept.feed(*master.run(30))
    first = kept.lines()[0]
    assert (first.source, first.running) == ("midi:daw", False)
    assert first.bpm == pytest.approx(140)
    assert first.position_at(first.at) == pytest.approx(2 * (first.at - NOW), abs=0.03)
    assert kept.tempos() == [140.0]
    text = "daw sends a clock, but no start yet: its tempo counts, and bars go on as they were"
    assert kept.notices() == [(NoticeLevel.INFO, text)]


def test_a_clock_that_stops_and_continues_goes_on_where_it_stopped():
    kept, master = Kept(), Master(120, NOW + 1)
    kept.feed(*master.play(6))
    kept.feed(master.say("stop"))
    assert not kept.line.running
    assert kept.line.source == "midi:daw"
    # Live sends no ticks while it stands: our own clock goes on from there.
    master.now += 5.0
    kept.do(kept.time.look(master.now))
    assert (kept.line.source, kept.line.running, kept.line.bpm) == ("internal", True, pytest.approx(120))
    assert kept.line.position_at(master.now) == pytest.approx(16)
    assert kept.notices() == []
    kept.feed(master.say("continue"), *master.run(1))
    assert (kept.line.source, kept.line.running) == ("midi:daw", True)
    assert kept.line.position_at(master.now) == pytest.approx(master.position)


def test_while_it_stands_and_ticks_its_tempo_is_followed():
    kept, master = Kept(), Master(120, NOW + 1)
    kept.feed(*master.play(6), master.say("stop"))
    kept.feed(*master.run(24 * 12, lambda _position: 90))
    assert (kept.line.running, kept.line.bpm) == (False, pytest.approx(90))
    assert kept.time.bpm == 90


def test_a_song_position_is_told_at_once():
    kept, master = Kept(), Master(120, NOW + 1, jitter=0.002)
    kept.feed(*master.play(16))
    before = len(kept.lines())
    kept.feed(master.say("position", 100))
    assert len(kept.lines()) == before
    master.position = 25.0
    kept.feed(*master.run(1))
    assert len(kept.lines()) == before + 1
    assert abs(off(kept.line, master)) < 0.0015


def test_a_clock_that_is_lost_is_told_and_our_own_goes_on_along_its_line():
    kept, master = Kept(tempo=90), Master(140, NOW + 1, jitter=0.002)
    kept.feed(*master.play(32))
    line = kept.line
    assert kept.do(kept.time.look(master.now + GAP_SECONDS - 0.1)) == []
    now = master.now + GAP_SECONDS + 0.1
    kept.do(kept.time.look(now))
    assert (kept.line.source, kept.line.running) == ("internal", True)
    assert kept.line.moment_of(200) == pytest.approx(line.moment_of(200))
    assert kept.notices() == [(NoticeLevel.WARNING, "the clock of daw is gone; midifrag's own goes on at 140.0 BPM")]
    assert kept.time.bpm == 140
    # Reading the set again changes nothing, another tempo in it does.
    assert kept.time.use(settings(tempo=90), now + 1) == []
    kept.do(kept.time.use(settings(tempo=100), now + 2))
    assert (kept.line.bpm, kept.time.bpm) == (100, 100)
    assert kept.line.position_at(now + 2) == pytest.approx(line.position_at(now + 2))


def test_a_lost_clock_that_comes_back_is_where_it_went_on_to():
    kept, master = Kept(), Master(140, NOW + 1, jitter=0.002)
    kept.feed(*master.play(32))
    master.now += 4 * 60 / 140
    master.position += 4
    kept.do(kept.time.look(master.now))
    kept.feed(*master.run(24))
    assert (kept.line.source, kept.line.running) == ("midi:daw", True)
    assert abs(off(kept.line, master)) < 0.003


def test_of_two_clocks_the_first_counts_and_the_second_is_told_once():
    kept, daw, keys = Kept(), Master(140, NOW + 1), Master(90, NOW + 1.1, port="keys")
    events = sorted([*daw.play(12), *keys.play(7)], key=lambda event: event.time)
    kept.feed(*events)
    assert {line.source for line in kept.lines()} == {"midi:daw"}
    text = "keys sends a clock too; that of daw counts (time: {source: midi:keys} would follow it)"
    assert kept.notices() == [(NoticeLevel.INFO, text)]
    # The first one ends: the other keeps its own place.
    kept.feed(*keys.run(48))
    assert (kept.line.source, kept.time.bpm) == ("midi:keys", 90)
    assert abs(off(kept.line, keys)) < 0.001
    assert kept.notices()[1:] == [(NoticeLevel.WARNING, "the clock of daw is gone; midi:keys goes on at 90.0 BPM")]


def test_the_port_that_is_named_counts_alone():
    kept = Kept(time={"source": "midi:keys"})
    kept.feed(*Master(140, NOW + 1).play(8))
    assert kept.told == []
    kept.feed(*Master(90, NOW + 8, port="keys").play(8))
    assert kept.line.source == "midi:keys"


def test_what_comes_in_where_our_clock_goes_out_is_left_out():
    kept = Kept(time={"send": "daw"})
    kept.feed(*Master(140, NOW + 1).play(8))
    assert (kept.told, kept.time.bpm) == ([], 120)


@pytest.mark.parametrize("source", ["internal", "link"])
def test_where_no_midi_clock_is_asked_for_none_counts(source):
    kept = Kept(time={"source": source})
    kept.feed(*Master(140, NOW + 1).play(8))
    assert (kept.told, kept.time.bpm) == ([], 120)


def test_our_own_clock_goes_on_from_another_where_the_set_says_so():
    kept, master = Kept(), Master(140, NOW + 1)
    kept.feed(*master.play(8))
    kept.do(kept.time.use(settings(tempo=120, time={"source": "internal"}), master.now))
    assert (kept.line.source, kept.line.bpm) == ("internal", pytest.approx(140))
    assert kept.line.position_at(master.now) == pytest.approx(8, abs=0.01)
    assert kept.notices() == []


def test_taps_do_not_count_against_a_clock():
    kept, master = Kept(), Master(140, NOW + 1)
    kept.feed(*master.play(8))
    (said,) = kept.time.tap(master.now)
    text = "the tempo is that of midi:daw; taps count where midifrag's own clock keeps the time"
    assert said == Notice(NoticeLevel.INFO, text)
    assert kept.line.bpm == pytest.approx(140)


@pytest.mark.parametrize(("before", "after"), [(120, 140), (140, 70)])
def test_a_tempo_on_its_way_is_told_some_times_a_second(before, after):
    kept, master = Kept(), Master(before, NOW + 1, jitter=0.001)
    kept.feed(*master.play(16))
    count, begin = len(kept.told), master.now
    kept.feed(*master.run(24 * 32, lambda at: before + (after - before) * (at - 16) / 32))
    assert len(kept.lines()) > 10
    assert len(kept.lines()) - count <= (master.now - begin) / CORRECTED_EVERY + 1
    assert abs(off(kept.line, master, ahead=1)) < 0.04
    kept.feed(*master.run(24 * 8, lambda _at: after))
    assert abs(off(kept.line, master)) < 0.003


# --- Ableton Live ----------------------------------------------------------------------------------------------------


WALTZ = Signature(3, 4)


def live(at, beat, bpm=100.0, *, running=True, connected=True, signature=WALTZ):
    return AbletonHeard(bpm, NOW + at, beat, signature, running, connected)


def test_live_counts_while_it_is_connected_and_our_own_goes_on_along_its_line():
    kept = Kept(time={"source": "ableton"}, ableton={})
    kept.do(kept.time.hear_ableton(live(1, 30.0)))
    assert kept.line == Timeline(100.0, NOW + 1, 30.0, WALTZ, True, "ableton")
    assert kept.time.bpm == 100
    kept.do(kept.time.hear_ableton(live(7, 40.0, connected=False)))
    assert kept.line == Timeline(100.0, NOW + 7, pytest.approx(40.0), source="internal")
    assert kept.time.look(NOW + 60) == []


def test_while_lives_song_stands_the_line_goes_on_at_its_tempo():
    kept = Kept(time={"source": "ableton"}, ableton={})
    kept.do(kept.time.hear_ableton(live(1, 30.0, running=False)))
    assert kept.line == Timeline(100.0, NOW + 1, 2.0, WALTZ, False, "ableton")
    assert kept.time.look(NOW + 60) == []
    kept.do(kept.time.hear_ableton(live(2, 30.0, bpm=50.0, running=False)))
    assert kept.line.position_at(NOW + 2) == pytest.approx(2 + 100 / 60)
    assert kept.line.bpm == 50.0
    kept.do(kept.time.hear_ableton(live(3, 30.0, bpm=50.0)))
    assert kept.line == Timeline(50.0, NOW + 3, 30.0, WALTZ, True, "ableton")


def test_where_lives_song_leaps_the_line_does_so_at_once_and_small_steps_are_few():
    kept = Kept(time={"source": "ableton"}, ableton={})
    kept.do(kept.time.hear_ableton(live(1, 30.0)))
    assert kept.time.hear_ableton(live(1.1, 30 + 0.1 * 100 / 60 + 0.01)) == []
    (changed,) = kept.do(kept.time.hear_ableton(live(1.12, 60.0)))
    assert changed == TimeChanged(Timeline(100.0, NOW + 1.12, 60.0, WALTZ, True, "ableton"))
    (changed,) = kept.do(kept.time.hear_ableton(live(1.5, 60 + 0.38 * 100 / 60 + 0.01)))
    assert changed.timeline.position == pytest.approx(60 + 0.38 * 100 / 60 + 0.01)


@pytest.mark.parametrize(
    ("signature", "beat", "bar", "counted", "following"),
    [
        (WALTZ, 20.0, Bar(6, 20.0), (6, 1), 23.0),
        (WALTZ, 24.0, Bar(7, 23.0), (7, 2), 26.0),
        (Signature(7, 8), 31.0, Bar(9, 30.5), (9, 2), 34.0),
        (Signature(), 6.0, Bar(2, 4.0), (2, 3), 8.0),
    ],
)
def test_bars_are_lives_own_also_after_a_change_of_signature(signature, beat, bar, counted, following):
    """Where Live had five bars of 4/4 first, those that follow begin at no whole number of theirs."""
    kept = Kept(time={"source": "ableton"}, ableton={})
    kept.do(kept.time.hear_ableton(replace(live(1, beat, bpm=60.0, signature=signature), bar=bar)))
    now = NOW + 1
    assert kept.line.bar_and_beat(now) == counted
    next_bar = kept.line.moment_of(kept.line.boundary(now + 0.01, signature.bar))
    assert next_bar - now == pytest.approx(following - beat)


def test_where_live_counts_its_bars_otherwise_the_line_leaps_at_once():
    kept = Kept(time={"source": "ableton"}, ableton={})
    kept.do(kept.time.hear_ableton(replace(live(1, 30.0, bpm=60.0), bar=Bar(11, 30.0))))
    (changed,) = kept.do(kept.time.hear_ableton(replace(live(1.1, 30.1, bpm=60.0), bar=Bar(11, 29.0))))
    assert changed.timeline.bar_and_beat(NOW + 1.1) == (11, 2)


def test_of_several_clocks_a_midi_clock_counts_first_then_link_then_live():
    kept, master = Kept(), Master(bpm=90)
    kept.do(kept.time.hear_ableton(live(0, 30.0)))
    assert kept.line.source == "ableton"
    kept.do(kept.time.hear_link(LinkHeard(133.0, NOW, 9.5, peers=1)))
    assert (kept.line.source, kept.line.signature) == ("link", Signature())
    kept.feed(*master.play(8))
    assert kept.line.source == "midi:daw"
    kept.do(kept.time.hear_link(LinkHeard(133.0, master.now, 9.5, peers=0)))
    kept.do(kept.time.look(master.now + 2 * GAP_SECONDS))
    assert kept.line.source == "ableton"


@pytest.mark.parametrize("source", ["internal", "link", "midi"])
def test_live_does_not_count_where_it_is_not_asked_for(source):
    kept = Kept(time={"source": source})
    assert kept.time.hear_ableton(live(1, 30.0)) == []


# --- Link ------------------------------------------------------------------------------------------------------------


def test_link_counts_while_somebody_else_is_in_it():
    kept = Kept()
    assert kept.do(kept.time.hear_link(LinkHeard(133.0, NOW + 1, 7.5, peers=0))) == []
    kept.do(kept.time.hear_link(LinkHeard(133.0, NOW + 2, 9.5, peers=1)))
    assert kept.line == Timeline(133.0, NOW + 2, 9.5, source="link")
    assert kept.tempos() == [133.0]
    kept.do(kept.time.hear_link(LinkHeard(141.0, NOW + 2.1, 9.72, peers=2)))
    assert kept.line == Timeline(141.0, NOW + 2.1, 9.72, source="link")
    kept.do(kept.time.hear_link(LinkHeard(141.0, NOW + 3, 11.8, peers=0)))
    assert (kept.line.source, kept.line.bpm, kept.time.bpm) == ("internal", 141.0, 141)
    assert kept.line.position_at(NOW + 3) == pytest.approx(9.72 + 0.9 * 141 / 60)


def test_a_midi_clock_counts_before_link():
    kept, master = Kept(), Master(140, NOW + 1)
    kept.time.hear_link(LinkHeard(133.0, NOW, 9.5, peers=1))
    kept.feed(*master.play(8))
    assert kept.line.source == "midi:daw"
    kept.do(kept.time.look(master.now + 1))
    assert (kept.line.source, kept.time.bpm) == ("link", 133)
    assert kept.notices() == [(NoticeLevel.WARNING, "the clock of daw is gone; link goes on at 133.0 BPM")]


@pytest.mark.parametrize("source", ["midi", "midi:daw", "internal"])
def test_link_does_not_count_where_it_is_not_asked_for(source):
    kept = Kept(time={"source": source})
    assert kept.time.hear_link(LinkHeard(133.0, NOW + 2, 9.5, peers=1)) == []


def test_what_moves_in_link_by_less_than_can_be_heard_is_not_told():
    kept = Kept()
    kept.time.hear_link(LinkHeard(120.0, NOW, 9.5, peers=1))
    assert kept.time.hear_link(LinkHeard(120.0, NOW + 1, 11.5 + SAME, peers=1)) == []
    assert kept.time.hear_link(LinkHeard(120.0, NOW + 2, 13.5 + 5 * SAME, peers=1))


# --- a show that is played again -------------------------------------------------------------------------------------


def test_a_line_that_is_given_counts_alone_from_then_on():
    kept = Kept()
    given = Timeline(99.0, NOW + 1, 4.0, Signature(3, 4), source="midi:daw")
    kept.do(kept.time.follow(given))
    assert kept.told == [TimeChanged(given), ControlChanged("tempo", 99.0)]
    kept.feed(*Master(140, NOW + 1).play(8))
    assert kept.line == given
    kept.do(kept.time.follow(replace(given, at=NOW + 5, bpm=80.0)))
    assert (kept.line.at, kept.line.bpm) == (NOW + 5, 80.0)


def test_a_tick_of_long_ago_harms_nothing():
    kept = Kept()
    kept.feed(Tick("daw", 3.0), Tick("daw", 3.02))
    assert kept.told == []
