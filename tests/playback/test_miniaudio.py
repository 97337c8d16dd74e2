"""The library itself, on its null device, which asks for sound as others do."""

import time

import numpy as np
import pytest

from midifrag.playback import miniaudio as module
from midifrag.playback import native
from midifrag.playback.memory import Head, Memory, times
from midifrag.playback.miniaudio import Miniaudio
from tests.support import PATIENCE

pytest.importorskip("miniaudio", reason="there are no wheels of miniaudio for this machine")


@pytest.fixture
def system(monkeypatch):
    monkeypatch.setattr(module, "BACKENDS", {"NULL": "Null"})
    return Miniaudio()


def test_its_outputs_are_those_of_the_sound_systems_that_run(system):
    (output,) = system.look("mine")
    assert (output.index, output.host, output.channels, output.rate) == (0, "Null", 2, 48000)
    assert system.look("mine") == [output]


def test_what_does_not_run_here_has_no_outputs(monkeypatch):
    monkeypatch.setattr(module, "BACKENDS", {"WASAPI": "Windows WASAPI", "NULL": "Null"})
    assert [output.host for output in Miniaudio().look("mine")] == ["Null"]


def test_a_device_calls_native_code(system):
    memory = Memory(2, 2, 8000)
    user_data = native.user_data(memory.state)
    (output,) = system.look("mine")
    stream = system.open(output, 2, 256, user_data)
    assert (stream.rate, stream.blocksize, stream.latency(256)) == (48000, 256, 512 / 48000)
    memory.reset(stream.rate, 2)
    stream.start()
    deadline = time.monotonic() + PATIENCE
    while memory.state.head[Head.FRAME] < 10 * 256 and time.monotonic() < deadline:
        time.sleep(0.01)
    stream.close()
    calls, rows = times(memory.state, 0)
    assert calls >= 5
    assert memory.state.head[Head.LAST_FRAMES] == 256
    moments = rows[:, 1] / 1e9
    assert np.all(np.diff(moments) >= 0)
    assert abs(moments[-1] - time.monotonic()) < PATIENCE


def test_what_cannot_be_opened_is_an_error(system, monkeypatch):
    (output,) = system.look("mine")
    monkeypatch.setattr(native, "USER_DATA_AT", 16)
    with pytest.raises(system.error, match="install another one"):
        system.open(output, 2, 256, np.zeros(4, np.int64))
    monkeypatch.undo()
    with pytest.raises(system.error, match="cannot be opened"):
        system.open(output, 10_000, 256, np.zeros(4, np.int64))
