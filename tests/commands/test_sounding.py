"""What sounds, on a terminal."""

import dataclasses

import pytest

from midifrag.bridge.view import View
from midifrag.commands.sounding import (
    is_heard,
    is_news,
    is_opening,
    meter,
    playback_line,
    position,
    sound_row,
    sounding_cell,
)
from midifrag.events import Meters, PlaybackChanged, Sounding
from midifrag.playback.messages import PlaybackState

PLAYING = PlaybackChanged(PlaybackState.PLAYING, "Desk", 48000, 256, True)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (PlaybackChanged(PlaybackState.OFF), "off"),
        (PlaybackChanged(PlaybackState.LOST, text="it hangs"), "lost: it hangs"),
        (PLAYING, "plays on Desk, 48000 Hz, blocks of 256 (5.3 ms)"),
        (
            PlaybackChanged(PlaybackState.PLAYING, "Desk", 44100, 2048, False, 1, "no real-time priority"),
            "plays on Desk, 44100 Hz, blocks of 2048 (46.4 ms); 1 underrun; no real-time priority",
        ),
        (
            PlaybackChanged(PlaybackState.PLAYING, "Desk", 44100, 441, True, 2),
            "plays on Desk, 44100 Hz, blocks of 441 (10.0 ms); 2 underruns",
        ),
    ],
)
def test_an_output_is_a_line(change, line):
    assert playback_line(change) == line


def test_a_slot_says_where_it_is_and_how_loud():
    view = View()
    assert sounding_cell(view, 1, 100.0) == ""
    view.apply(Sounding(1, 7, True, 100.0, 2.0, loop=True))
    assert sounding_cell(view, 1, 103.0) == "1.0/2.0 s ········"
    view.apply(Meters((1.0,), 0.0631))
    assert sounding_cell(view, 1, 103.0) == "1.0/2.0 s ████████"
    assert str(sound_row(view)) == ""
    view.apply(PLAYING)
    assert str(sound_row(view)).endswith("(5.3 ms)  ████····")
    view.apply(Sounding(1, 7, False, 104.0))
    assert str(sound_row(view)).endswith("(5.3 ms)  ········")


def test_a_single_sound_stays_at_its_end():
    assert position(Sounding(1, 7, True, 100.0, 2.0), 109.0) == 2.0
    assert position(Sounding(1, 7, True, 100.0, 2.0), 99.0) == 0.0


def test_meters_begin_at_48_db_below_full_scale():
    assert [meter(peak) for peak in (0.0, 0.001, 0.5, 1.0)] == ["········", "········", "███████·", "████████"]


def test_what_ends_by_itself_is_waited_for_while_it_is_heard():
    view = View()
    view.apply(PlaybackChanged(PlaybackState.OPENING))
    assert is_opening(view)
    view.apply(Sounding(1, 7, True, 100.0, 2.0))
    assert not is_heard(view)
    view.apply(PLAYING)
    assert is_heard(view)
    assert not is_opening(view)
    view.apply(Sounding(1, 7, True, 100.0, 2.0, loop=True))
    assert not is_heard(view)


@pytest.mark.parametrize(
    ("before", "now", "news"), [(0, 0, False), (0, 1, True), (1, 2, False), (9, 10, True), (10, 99, False)]
)
def test_underruns_are_told_ever_more_seldom(before, now, news):
    one, other = (dataclasses.replace(PLAYING, underruns=count) for count in (before, now))
    assert is_news(one, other) is news
    assert is_news(one, dataclasses.replace(other, device="Speakers"))
