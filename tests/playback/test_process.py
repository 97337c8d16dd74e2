"""The player's process, on a sound system that a test makes up."""

import multiprocessing
import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from midifrag.errors import PlaybackError
from midifrag.playback import process
from midifrag.playback.memory import Head, Memory
from midifrag.playback.outputs import Output
from midifrag.playback.process import BLOCK, PRIORITY, SAFE_BLOCK, Looking, Opened, Opening, Unavailable

SPEAKERS = Output(3, "Speakers", "ALSA", 2, 48000, is_default=True)
JACK = Output(0, "system", "JACK Audio Connection Kit", 8, 44100)


class TroubleError(Exception):
    pass


class System:
    """A sound system; ``trouble`` is raised when an output is opened, as often as it is there."""

    error = TroubleError

    def __init__(self, *trouble):
        self.trouble = list(trouble)
        self.streams, self.looked = [], []

    def look(self, client):
        self.looked.append(client)
        return [SPEAKERS]

    def open(self, output, channels, block, user_data):
        if self.trouble:
            raise TroubleError(self.trouble.pop(0))
        stream = Stream(output, channels, block, user_data)
        self.streams.append(stream)
        return stream


class Stream:
    def __init__(self, output, channels, block, user_data):
        self.opened = (output, channels, block, user_data)
        self.did = []
        self.rate, self.blocksize = output.rate, block

    def latency(self, block):
        return block / 1000

    def start(self):
        self.did.append("start")

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
def test_an_output_is_opened_with_small_blocks(memory):
    system, data = System(), np.zeros(4, np.int64)
    made, opened = process.open_output(system, SPEAKERS, memory, data, set())
    assert opened == Opened("Speakers (ALSA)", 48000, BLOCK, 2, BLOCK / 1000, True)
    assert made.opened == (SPEAKERS, 2, BLOCK, data)
    assert made.did == ["start"]
    head = memory.state.head
    assert (head[Head.RATE], head[Head.CHANNELS], head[Head.FADE]) == (48000, 2, 240)


def test_without_priority_blocks_are_large(memory, priority):
    priority.it = False
    system = System()
    _, opened = process.open_output(system, SPEAKERS, memory, np.zeros(4, np.int64), set())
    assert (opened.block, opened.realtime) == (SAFE_BLOCK, False)
    assert [stream.did for stream in system.streams] == [["start", "close"], ["start"]]


@pytest.mark.parametrize("it", [True, False])
def test_jacks_own_period_is_everybodys(memory, priority, monkeypatch, it):
    priority.it = it
    monkeypatch.setattr(process.time, "sleep", lambda _s: memory.state.head.__setitem__(Head.LAST_FRAMES, 128))
    system = System()
    _, opened = process.open_output(system, JACK, memory, np.zeros(4, np.int64), set())
    assert opened == Opened("system (JACK Audio Connection Kit)", 44100, 128, 4, 0.128, it)
    assert len(system.streams) == 1


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


def served(monkeypatch, memory, system, ends=lambda _said: True):
    """What the process says, until ``ends`` says that its show is over."""
    monkeypatch.setattr(process, "sound_system", lambda: system)
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
    system = System("device busy", "device busy")
    said = served(monkeypatch, memory, system, lambda told: isinstance(told, Opened))
    assert said[:-1] == [Opening(), Looking("device busy"), Opening(), Looking("device busy"), Opening()]
    assert isinstance(said[-1], Opened)
    # Its devices are looked at anew each time, and what was opened is closed at the end.
    assert system.looked == ["mine-player"] * 3
    assert system.streams[0].did == ["start", "close"]


def test_a_show_that_ends_ends_the_looking(monkeypatch, memory):
    system = System(*["busy"] * 100)
    said = served(monkeypatch, memory, system, lambda told: isinstance(told, Looking))
    assert said == [Opening(), Looking("busy")]


def test_without_a_sound_system_there_never_is_sound(monkeypatch, memory):
    def none():
        raise PlaybackError("nothing there")

    monkeypatch.setattr(process, "sound_system", none)
    said = []
    process._serve(memory, "default", "mine", SimpleNamespace(send=said.append))
    assert said == [Unavailable("nothing there")]


def test_it_ends_whatever_happens_and_prints_nothing(monkeypatch, memory):
    ended = []
    monkeypatch.setattr(process, "ignore_interrupts", lambda: ended.append("deaf"))
    monkeypatch.setattr(process, "_silence", lambda: ended.append("silent"))
    monkeypatch.setattr(process, "_serve", lambda *_: 1 / 0)
    monkeypatch.setattr(process.os, "_exit", ended.append)
    with pytest.raises(ZeroDivisionError):
        process.serve(memory, "default", "mine", None)
    assert ended == ["deaf", "silent", 0]
