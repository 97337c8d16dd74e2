import pytest

from midifrag.bridge.items import AbletonHeard, Bar
from midifrag.doors.live.song import LATE, Song
from midifrag.doors.live.wire import SongTime
from midifrag.timeline import Signature


def told(beat, bpm=120.0, *, playing=True, numerator=3, denominator=8):
    time = {"bpm": bpm, "numerator": numerator, "denominator": denominator, "playing": playing, "beat": beat}
    return SongTime(**time, bar=None, bar_began=None)


def test_what_is_told_late_is_put_right_by_what_was_least_late():
    song, heard = Song(), []
    for number in range(40):
        moment = number * 0.5
        late = (0.03, 0.012, 0.004, 0.0, 0.02)[number % 5]
        heard.append(song.hear(told(2 * moment), moment + late))
    assert all(one.beat == pytest.approx(2 * one.at, abs=1e-9) for one in heard[5:])
    assert heard[0].signature == Signature(3, 8)


@pytest.mark.parametrize("leap", [5.0, -5.0, 2 * LATE, -2 * LATE])
def test_a_song_that_leaps_is_followed_at_once(leap):
    song = Song()
    for number in range(8):
        song.hear(told(number), number * 0.5)
    assert song.hear(told(8 + 2 * leap), 4.0).beat == pytest.approx(8 + 2 * leap)
    assert song.hear(told(9 + 2 * leap), 4.5).beat == pytest.approx(9 + 2 * leap)


def test_another_tempo_or_another_start_forgets_what_was_before():
    song = Song()
    song.hear(told(0), 0.0)
    assert song.hear(told(0.99, bpm=60.0), 0.5).beat == 0.99
    stopped = song.hear(told(1.2, bpm=60.0, playing=False), 1.0)
    assert stopped == AbletonHeard(60.0, 1.0, 1.2, Signature(3, 8), running=False)
    assert song.hear(told(1.2, bpm=60.0), 1.05).beat == 1.2


def test_the_bar_that_it_is_in_is_taken_over_where_it_is_known():
    time = {"bpm": 120.0, "numerator": 3, "denominator": 4, "playing": True, "beat": 24.0}
    assert Song().hear(SongTime(**time, bar=7, bar_began=23.0), 0.0).bar == Bar(7, 23.0)
    assert Song().hear(SongTime(**time, bar=7, bar_began=None), 0.0).bar is None


def test_where_nobody_tells_any_more_that_is_said_once():
    song = Song()
    assert song.lose(0.0) is None
    song.hear(told(4), 1.0)
    assert song.lose(2.0) == AbletonHeard(120.0, 2.0, 4, Signature(3, 8), running=False, connected=False)
    assert song.lose(3.0) is None
