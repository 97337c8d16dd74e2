"""What is heard: the player over a real JACK server, recorded by an independent program."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from ctypes.util import find_library

import numpy as np
import pytest

from midifrag.clock import monotonic
from midifrag.fragment.audio_files import read_wav
from midifrag.playback import process
from midifrag.playback.messages import Load, PlaybackChanged, PlaybackState, Sounding, Start
from midifrag.playback.miniaudio import Miniaudio
from midifrag.playback.player import Player
from tests.jack import again_and_again
from tests.jack_recorder import Recorder, found
from tests.support import PATIENCE
from tools.jack_server import Server, realtime_allowed

RATE = 44100


class Heard:
    """A player on the JACK server, and all that it told."""

    def __init__(self, client="midifrag", slots=4, **options):
        self.told = []
        self.changed = threading.Condition()
        self.player = Player("default", slots, self.hear, client=client, **options)
        self.player.start()

    def hear(self, event):
        with self.changed:
            self.told.append(event)
            self.changed.notify_all()

    def until(self, wanted, times=1):
        with self.changed:
            enough = self.changed.wait_for(lambda: sum(map(wanted, self.told)) >= times, PATIENCE)
        assert enough, self.told[-5:]

    def until_playing(self, times=1):
        self.until(lambda one: isinstance(one, PlaybackChanged) and one.state is PlaybackState.PLAYING, times)


@pytest.fixture(autouse=True)
def portaudio():
    """Nothing is heard without it."""
    if find_library("portaudio") is None:
        pytest.skip("PortAudio is not installed (Debian: apt install libportaudio2)")


def serve_without_portaudio(*args):
    """The player's process on a machine that has no PortAudio."""
    process.sound_system = Miniaudio
    process.serve(*args)


@pytest.fixture
def heard(jack_server, request):
    one = Heard(**getattr(request, "param", {}))
    one.until_playing()
    yield one
    one.player.close()


def noise(seed, seconds=0.5):
    return np.random.default_rng(seed).uniform(-0.2, 0.2, (2, round(seconds * RATE))).astype(np.float32)


@pytest.mark.parametrize(
    ("heard", "name"),
    [
        pytest.param({}, "midifrag-player", id="portaudio"),
        pytest.param({"serve": serve_without_portaudio}, "miniaudio", id="miniaudio", marks=pytest.mark.thorough),
    ],
    indirect=["heard"],
)
def test_what_is_started_at_a_moment_is_heard_at_its_frame_and_nothing_else(heard, name):
    spacing = 0.6
    runs = iter(range(100, 10_000, 100))

    def attempt():
        first = next(runs)
        recorder = Recorder(name)
        time.sleep(1)
        begin = monotonic() + 0.3
        for number in range(4):
            heard.player.submit(Load(first + number, noise(first + number), RATE))
            heard.player.submit(Start(first + number, 1 + number, at=begin + spacing * number))
        heard.until(lambda one: isinstance(one, Sounding) and one.job == first + 3 and not one.on)
        time.sleep(0.3)
        stretches = recorder.stop()
        places = [found(stretches, noise(first + number).T) for number in range(4)]
        if None in places:
            # The recorder, or JACK, lost a cycle in the middle of one.
            return False
        off = [recorder.moment_of(place) - begin - spacing * number for number, place in enumerate(places)]
        began = [one.at - begin for one in heard.told if isinstance(one, Sounding) and one.on and one.job >= first]
        for number, place in enumerate(places):
            frame, samples = next(one for one in stretches if one[0] <= place < one[0] + len(one[1]))
            part = samples[place - frame : place - frame + RATE // 2]
            np.testing.assert_allclose(part, noise(first + number).T, atol=2**-23)
        # Where JACK lost a cycle in between, its own time jumps, and with it what is told of moments.
        return bool(np.abs([*off, *(np.array(began) - spacing * np.arange(4))]).max() <= 0.001)

    assert again_and_again(attempt)


@pytest.mark.thorough
def test_a_server_that_ends_is_told_and_what_sounds_comes_back_with_the_next_one(monkeypatch):
    for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    server = Server(realtime=realtime_allowed())
    one = Heard("gone")
    try:
        one.until_playing()
        one.player.submit(Load(1, noise(1, 1.0), RATE, loop=True))
        one.player.submit(Start(1, 2))
        one.until(lambda told: isinstance(told, Sounding) and told.on)
        server.kill()
        one.until(lambda told: isinstance(told, PlaybackChanged) and told.state is PlaybackState.LOST)
        server = Server(realtime=realtime_allowed(), name=server.name)
        one.until_playing(2)

        def is_heard():
            recorder = Recorder("gone-player")
            time.sleep(2.5)
            return found(recorder.stop(), noise(1, 1.0).T[:10_000]) is not None

        assert again_and_again(is_heard)
        assert [told.on for told in one.told if isinstance(told, Sounding)] == [True]
    finally:
        one.player.close()
        server.stop()


def test_a_process_that_is_stopped_is_replaced(heard):
    heard.player.submit(Load(1, noise(1, 1.0), RATE, loop=True))
    heard.player.submit(Start(1, 1))
    heard.until(lambda told: isinstance(told, Sounding) and told.on)
    os.kill(heard.player._process.pid, signal.SIGSTOP)
    heard.until(lambda told: isinstance(told, PlaybackChanged) and told.state is PlaybackState.LOST)
    heard.until_playing(2)

    def is_heard():
        recorder = Recorder("midifrag-player")
        time.sleep(2.5)
        # Where JACK lost a cycle in it, it is not found.
        return found(recorder.stop(), noise(1, 1.0).T[:10_000]) is not None

    assert again_and_again(is_heard)


@pytest.mark.thorough
def test_the_demo_is_heard(jack_server, tmp_path):
    def attempt():
        recorder = Recorder("midifrag-player")
        command = [sys.executable, "-m", "midifrag", "demo", "--speed", "8", "--model", "sketch", "--json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=True)
        stretches = recorder.stop()
        told = json.loads(done.stdout)
        assert told["playback"].startswith("plays on system")
        last = {take["slot"]: take["file"] for take in told["takes"]}
        # The beginnings: the more of them is compared, the more a cycle that JACK lost would matter.
        begins = [read_wav(tmp_path / file)[0].T[: RATE // 8] for file in last.values()]
        places = [found(stretches, np.broadcast_to(one, (len(one), 2))) for one in begins]
        assert sum(place is not None for place in places) > 0, told["playback"]
        return None not in places

    assert again_and_again(attempt)
