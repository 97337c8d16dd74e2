"""The player's process, on a sound system that a test makes up."""

import multiprocessing
import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from midifrag.playback import process
from midifrag.playback.memory import Head, Memory
from midifrag.playback.outputs import Output
from midifrag.playback.process import BLOCK, PRIORITY, SAFE_BLOCK, Looking, Opened, Opening, Unavailable

SPEAKERS = Output(3, "Speakers", "ALSA", 2, 48000, is_default=True)
JACK = Output(0, "system", "JACK Audio Connection Kit", 8, 44100)


class PortAudioError(Exception):
    pass


class Sounddevice:
    """What is used of the module; ``trouble`` is raised when a stream is made, as often as it is there."""

    PortAudioError = PortAudioError
    _libname = "no such library"

    def __init__(self, *trouble):
        self.trouble = list(trouble)
        self.streams, self.looked = [], 0
        self._ffi = SimpleNamespace(cast=lambda kind, value: (kind, value))
        self.default = SimpleNamespace(device=[-1, 0])

    def _terminate(self):
        pass

    def _initialize(self):
        self.looked += 1

    def query_hostapis(self):
        return [{"name": "ALSA", "default_output_device": 0}]

    def query_devices(self):
        return [{"name": "Speakers", "hostapi": 0, "max_output_channels": 2, "default_samplerate": 48000.0}]

    def _StreamBase(self, kind, **options):  # noqa: N802 — its name
        if self.trouble:
            raise PortAudioError(self.trouble.pop(0))
        stream = Stream(kind, options)
        self.streams.append(stream)
        return stream


class Stream:
    def __init__(self, kind, options):
        self.kind, self.options = kind, options
        self.did = []
        self.latency, self.blocksize = 0.012, options["blocksize"]

    def start(self):
        self.did.append("start")

    def abort(self):
        self.did.append("abort")

    def close(self):
        self.did.append("close")


@pytest.fixture
def memory():
    return Memory(2, 4, 8000)


@pytest.fixture
def priority(monkeypatch):
    """Whether the audio thread gets its priority."""
    got = SimpleNamespace(it=True)
    monkeypatch.setattr(process, "has_priority", lambda _threads: got.it)
    return got


@pytest.mark.usefixtures("priority")
def test_an_output_is_opened_with_native_code_and_small_blocks(memory):
    portaudio, data = Sounddevice(), np.zeros(4, np.int64)
    made, opened = process.open_output(portaudio, SPEAKERS, memory, 4711, data, set())
    assert opened == Opened("Speakers (ALSA)", 48000, BLOCK, 2, 0.012, True)
    assert made.kind == "output"
    assert made.options == {
        "samplerate": 48000,
        "blocksize": BLOCK,
        "device": 3,
        "channels": 2,
        "dtype": "float32",
        "latency": "low",
        "callback": ("PaStreamCallback *", 4711),
        "userdata": ("void *", data.ctypes.data),
    }
    assert made.did == ["start"]
    head = memory.state.head
    assert (head[Head.RATE], head[Head.CHANNELS], head[Head.FADE]) == (48000, 2, 240)


def test_without_priority_blocks_are_large(memory, priority):
    priority.it = False
    portaudio = Sounddevice()
    _, opened = process.open_output(portaudio, SPEAKERS, memory, 1, np.zeros(4, np.int64), set())
    assert (opened.block, opened.realtime) == (SAFE_BLOCK, False)
    assert [stream.did for stream in portaudio.streams] == [["start", "abort", "close"], ["start"]]


@pytest.mark.parametrize("it", [True, False])
def test_jacks_own_period_and_latency_are_everybodys(memory, priority, monkeypatch, it):
    priority.it = it
    monkeypatch.setattr(process.time, "sleep", lambda _s: memory.state.head.__setitem__(Head.LAST_FRAMES, 128))
    portaudio = Sounddevice()
    _, opened = process.open_output(portaudio, JACK, memory, 1, np.zeros(4, np.int64), set())
    assert opened == Opened("system (JACK Audio Connection Kit)", 44100, 128, 4, 0.0, it)
    assert len(portaudio.streams) == 1


def scheduler(monkeypatch, policies, allowed):
    """Threads' policies; ``allowed`` says which may be changed."""

    def change(thread, policy, parameter):
        if thread not in allowed:
            raise PermissionError
        assert parameter.sched_priority == PRIORITY
        policies[thread] = policy

    monkeypatch.setattr(process.os, "sched_getscheduler", policies.__getitem__)
    monkeypatch.setattr(process.os, "sched_setscheduler", change)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the sound system sees to it")
def test_a_thread_gets_its_priority_where_it_may(monkeypatch):
    policies = {7: os.SCHED_OTHER, 8: os.SCHED_FIFO | os.SCHED_RESET_ON_FORK}
    scheduler(monkeypatch, policies, set())
    assert process.has_priority({7, 8})
    assert not process.has_priority({7})
    scheduler(monkeypatch, policies, {7})
    assert process.has_priority({7})
    assert policies[7] == os.SCHED_FIFO


def test_elsewhere_the_sound_system_sees_to_it(monkeypatch):
    monkeypatch.setattr(process.sys, "platform", "darwin")
    assert process.has_priority(set())


def served(monkeypatch, memory, portaudio, ends=lambda _said: True):
    """What the process says, until ``ends`` says that its show is over."""
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio)
    monkeypatch.setattr(process, "LOOK_AGAIN", 0.01)
    ours, theirs = multiprocessing.Pipe()
    said = []

    class Pipe:
        def send(self, message):
            said.append(message)
            if ends(message):
                ours.send(None)

        def poll(self, seconds):
            return theirs.poll(seconds)

        def recv(self):
            return theirs.recv()

    process._serve(memory, "default", "mine-player", Pipe())
    ours.close()
    theirs.close()
    return said


@pytest.mark.usefixtures("priority")
def test_an_output_that_cannot_be_opened_is_looked_for_again(monkeypatch, memory):
    portaudio = Sounddevice("device busy", "device busy")
    said = served(monkeypatch, memory, portaudio, lambda told: isinstance(told, Opened))
    assert said[:-1] == [Opening(), Looking("device busy"), Opening(), Looking("device busy"), Opening()]
    assert isinstance(said[-1], Opened)
    # Its devices are looked at anew each time, and what was opened is closed at the end.
    assert portaudio.looked == 3
    assert portaudio.streams[0].did == ["start", "close"]


def test_a_show_that_ends_ends_the_looking(monkeypatch, memory):
    portaudio = Sounddevice(*["busy"] * 100)
    said = served(monkeypatch, memory, portaudio, lambda told: isinstance(told, Looking))
    assert said == [Opening(), Looking("busy")]


def test_without_portaudio_there_never_is_sound(monkeypatch, memory):
    class Missing:
        def find_spec(self, name, *_more):
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    said = []
    process._serve(memory, "default", "mine", SimpleNamespace(send=said.append))
    assert [type(one) for one in said] == [Unavailable]


def test_it_ends_whatever_happens_and_prints_nothing(monkeypatch, memory):
    ended = []
    monkeypatch.setattr(process, "ignore_interrupts", lambda: ended.append("deaf"))
    monkeypatch.setattr(process, "_silence", lambda: ended.append("silent"))
    monkeypatch.setattr(process, "_serve", lambda *_: 1 / 0)
    monkeypatch.setattr(process.os, "_exit", ended.append)
    with pytest.raises(ZeroDivisionError):
        process.serve(memory, "default", "mine", None)
    assert ended == ["deaf", "silent", 0]
