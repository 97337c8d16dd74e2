"""What an engine's process says to its parent, on a pipe within one process; whole processes are in test_process.py."""

import logging
import multiprocessing
import pickle
import sys
import threading

import numpy as np
import pytest

from midifrag.audio import SourceSound
from midifrag.engine.hosting import child
from midifrag.engine.hosting.child import EventPipe, LogLine, Sign, receive, send, serve
from midifrag.engine.hosting.hang_watch import SIGN_SECONDS, Activity
from midifrag.engine.hosting.supervision import Death
from midifrag.engine.messages import Progress, Ready, Render, Rendered
from tests.engine.toy_worker import CHOICE, Toy
from tests.support.bridges import INFO


@pytest.fixture
def pipe():
    there, here = multiprocessing.Pipe(duplex=False)
    yield there, here
    there.close()
    here.close()


def waiting(there):
    messages = []
    while there.poll():
        messages.append(receive(there))
    return messages


@pytest.mark.parametrize("shape", [(2, 8), (1, 0)])
def test_audio_comes_as_it_was_and_can_be_written_to(pipe, shape):
    there, here = pipe
    audio = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
    send(here, Rendered(3, audio, 44100, {"seed": 1}, 0.5))
    came = receive(there)
    np.testing.assert_array_equal(came.audio, audio)
    assert (came.job, came.sample_rate, came.used, came.audio.flags.writeable) == (3, 44100, {"seed": 1}, True)


def test_samples_do_not_pass_through_the_pickle(pipe, monkeypatch):
    there, here = pipe
    heads = []
    pickled = pickle.dumps
    monkeypatch.setattr(child.pickle, "dumps", lambda *a, **k: heads.append(pickled(*a, **k)) or heads[-1])
    send(here, Rendered(1, np.zeros((2, 4096), np.float32), 44100, {}, 0.1))
    assert len(heads[0]) < 2048
    assert receive(there).audio.shape == (2, 4096)


def test_a_sound_that_a_render_begins_from_goes_beside_the_pickle_too(pipe, monkeypatch):
    there, here = pipe
    heads = []
    pickled = pickle.dumps
    monkeypatch.setattr(child.pickle, "dumps", lambda *a, **k: heads.append(pickled(*a, **k)) or heads[-1])
    sound = SourceSound.of(np.arange(8192, dtype=np.float32).reshape(2, 4096), 44100)
    asked = Render(1, "rain", None, 7, sound=sound, fill=(0.1, 0.2), strength=0.5)
    send(here, asked)
    assert len(heads[0]) < 2048
    came = receive(there)
    assert came == asked
    np.testing.assert_array_equal(came.sound.audio, sound.audio)


def test_an_end_of_the_pipe_is_told(pipe):
    there, here = pipe
    here.close()
    with pytest.raises(EOFError):
        receive(there)


def test_an_activity_is_signed_once_and_again_after_a_while(pipe, monkeypatch):
    there, here = pipe
    now = [100.0]
    # Its own clock alone: pipes look at the real one.
    monkeypatch.setattr(child, "monotonic", lambda: now[0])
    events = EventPipe(here)
    one, other = list(Activity)[:2]
    for activity in (one, one, other, other):
        events.sign(activity)
    assert waiting(there) == [Sign(one), Sign(other)]
    now[0] += SIGN_SECONDS
    events.sign(other)
    assert waiting(there) == [Sign(other)]


def test_after_ready_the_next_activity_is_signed_anew(pipe):
    there, here = pipe
    events = EventPipe(here)
    one = next(iter(Activity))
    ready = Ready(INFO)
    events.sign(one)
    events.send(ready)
    events.sign(one)
    assert waiting(there) == [Sign(one), ready, Sign(one)]


def test_log_lines_go_to_the_parent_and_a_parent_that_is_gone_is_no_error(pipe):
    there, here = pipe
    events = EventPipe(here)
    record = logging.LogRecord("engine.x", logging.WARNING, "f.py", 1, "slow: %s", ("why",), None)
    events.emit(record)
    assert waiting(there) == [LogLine("engine.x", logging.WARNING, "slow: why")]
    there.close()
    events.emit(record)


def test_messages_of_several_threads_are_not_mixed(pipe):
    there, here = pipe
    events = EventPipe(here)
    came = []
    reader = threading.Thread(target=lambda: came.extend(receive(there) for _ in range(40)))
    reader.start()

    def say(job):
        for step in range(10):
            events.send(Progress(job, step, 10))

    threads = [threading.Thread(target=say, args=(job,)) for job in range(4)]
    for thread in threads:
        thread.start()
    for thread in (*threads, reader):
        thread.join(60)
    assert sorted((one.job, one.step) for one in came) == [(job, step) for job in range(4) for step in range(10)]


def served(factory, here, monkeypatch):
    """Serve a worker that is told to end at once. Returns how often the process stepped back for others."""
    stepped_back = []
    monkeypatch.setattr(child, "ignore_interrupts", lambda: None)
    monkeypatch.setattr(child, "_lower_priority", lambda: stepped_back.append(1))
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    monkeypatch.setattr(logging, "captureWarnings", lambda **_: None)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    commands, mine = multiprocessing.Pipe(duplex=False)
    # The reader's thread ends by it, as it does where a show ends.
    send(mine, None)
    own = sys.stdout
    serve(pickle.dumps((factory, CHOICE)), commands, here)
    assert sys.stdout is not own
    sys.stdout.close()
    for reader in (one for one in threading.enumerate() if one.name == "midifrag-engine-reader"):
        reader.join(60)
    mine.close()
    commands.close()
    return len(stepped_back)


def test_a_worker_that_cannot_be_made_is_told_as_a_death(pipe, monkeypatch):
    there, here = pipe
    served(broken, here, monkeypatch)
    [death] = [one for one in waiting(there) if not isinstance(one, LogLine)]
    assert death == Death("The engine failed: FileNotFoundError: no such folder.")


@pytest.mark.parametrize("launches", [False, True])
def test_who_computes_steps_back_and_who_only_launches_does_not(pipe, monkeypatch, launches):
    there, here = pipe
    assert served(launching if launches else Toy, here, monkeypatch) == (0 if launches else 1)
    assert not [one for one in waiting(there) if isinstance(one, Death)]


def launching(choice):
    worker = Toy(choice)
    worker.only_launches = True
    return worker


def broken(_choice):
    raise FileNotFoundError("no such folder")
