"""In time, and heard: a show that follows a jittery MIDI clock over JACK, and what an independent program hears of it.

How many milliseconds that are on a machine that is free is measured by `benchmarks.on_the_bar`. Here a busy machine may
cost JACK cycles, files and notes their moment, and the player the moment of a frame, which it knows by its callbacks
alone: where all of them are late for a while, it has that late too. Who is early for no such reason is early each time.
"""

from __future__ import annotations

import os
from ctypes.util import find_library

import pytest

from benchmarks.on_the_bar import eight_a_boundary, performance
from midifrag.fragment.appointments import EARLY
from tests.jack import again_and_again
from tools.jack_server import Server, realtime_allowed

#: Seconds: a few samples of the player's own count, and a block of JACK's, in which it may say what came in before.
COUNTED, BLOCK = 0.0005, 256 / 44100
BPM, BOUNDARIES = 120, 6


@pytest.fixture
def server(monkeypatch):
    if find_library("portaudio") is None:
        pytest.skip("PortAudio is not installed (Debian: apt install libportaudio2)")
    for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    one = Server(realtime=realtime_allowed(), period=256, channels=8)
    yield one
    one.stop()


@pytest.mark.thorough
def test_eight_pads_sound_at_the_bar_that_each_was_promised(jack_server, server):
    def attempt():
        with performance(BPM, spares=True) as show:
            landings = eight_a_boundary(show, BOUNDARIES)
        assert len(landings) == 8 * BOUNDARIES
        assert {one.slot for one in landings} == set(range(1, 9))
        for one in landings:
            # A whole bar of the clock that was followed.
            assert abs(one.position / 4 - round(one.position / 4)) < 0.01
        in_time = [one for one in landings if one.missed == 0]
        assert all(one.as_promised for one in in_time)
        # Never early, neither sound nor note.
        early = any(one.counted <= -COUNTED for one in landings if one.counted is not None)
        early |= any(one.note <= -EARLY - BLOCK for one in landings if one.note is not None)
        # Where JACK lost a cycle, time jumped for everybody, and part of the recording is missing.
        counted = [one for one in in_time if one.counted is not None and abs(one.counted) < COUNTED]
        heard = [one for one in in_time if one.audio is not None and abs(one.audio) <= 0.001]
        return not early and len(counted) >= len(landings) / 2 and len(heard) >= len(landings) / 4

    assert again_and_again(attempt)
