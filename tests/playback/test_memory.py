import multiprocessing
import sys

import numpy as np
import pytest

from midifrag.playback import memory as module
from midifrag.playback.memory import EVENTS, Head, Memory, events, times
from tests.playback.virtual import Device


def fill(memory, pipe):
    memory.state.audio[:10] = 0.5
    memory.state.head[Head.FRAME] += 7
    pipe.send(memory.state.routes.shape)


def test_two_processes_see_the_same():
    memory = Memory(3, 2, 8000)
    memory.state.head[Head.FRAME] = 1
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=fill, args=(memory, theirs))
    child.start()
    child.join()
    assert ours.recv() == (3, 2)
    assert memory.state.head[Head.FRAME] == 8
    assert (memory.state.audio[:11, 0] == [0.5] * 10 + [0.0]).all()
    ours.close()
    theirs.close()


def test_arrays_do_not_touch_each_other_and_begin_on_lines_of_their_own():
    state = Memory(5, 3, 8000).state
    for number, array in enumerate(state):
        assert array.ctypes.data % 64 == 0
        array[...] = number
    assert all((array == number).all() for number, array in enumerate(state))


def test_beginning_anew_keeps_the_samples():
    device = Device()
    device.put(5, np.full(100, 0.5))
    device.start(1, 0, 100)
    device.run(1000)
    device.memory.reset(48000, 2)
    assert device.state.head[Head.FRAME] == 0
    assert device.state.audio[5, 0] == np.float32(0.5)
    assert not device.run(1000).any()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no asking for it")
def test_memory_that_is_not_really_there_is_an_error_and_not_the_end(monkeypatch):
    memory = Memory(1, 2, 8000)

    def none(_file, _begin, _size):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "posix_fallocate", none)
    with pytest.raises(OSError, match="No space left"):
        memory.write(0, np.zeros((10, 2), np.float32))


def test_events_that_are_half_written_come_later_and_old_ones_are_gone():
    device = Device()
    device.put(0, np.zeros(1))
    for serial in range(EVENTS):
        device.start(serial, 0, 1)
        device.run(1)
    # Two for each: of so many, the older half is overwritten.
    found = events(device.state, 0)
    assert len(found) == EVENTS
    assert found[-1][2] == EVENTS - 1
    device.state.events[5, 2] += 1
    assert len(events(device.state, 0)) == 5
    assert events(device.state, 2 * EVENTS) == []


def test_the_newest_callback_is_left_until_the_next():
    device = Device(block=100)
    assert times(device.state, 0)[0] == 0
    device.run(300)
    calls, rows = times(device.state, 0)
    assert calls == 2
    assert rows[:, 0].tolist() == [0, 100]
    device.run(100)
    calls, rows = times(device.state, calls)
    assert rows[:, 0].tolist() == [200]
