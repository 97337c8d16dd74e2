import threading
from importlib.util import find_spec

import numpy as np
import pytest

from midifrag.errors import AudioError
from midifrag.fragment import stretching
from midifrag.fragment.stretching import Stretcher, stretched
from tests.fragment.sounds import RATE

needs_the_library = pytest.mark.skipif(
    find_spec("python_stretch") is None, reason="there are no wheels of python-stretch for this machine"
)
pytestmark = needs_the_library


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("factor", [0.5, 0.93, 1.07, 2.0])
def test_it_takes_so_many_samples_and_keeps_its_pitch(channels, factor):
    time = np.arange(RATE) / RATE
    audio = np.stack([np.sin(2 * np.pi * 441 * (1 + number) * time) for number in range(channels)]).astype(np.float32)
    samples = round(RATE * factor)
    longer = stretched(audio, RATE, samples)
    assert (longer.shape, longer.dtype) == ((channels, samples), np.float32)
    for number, channel in enumerate(longer):
        middle = channel[samples // 4 : samples // 4 + 8820]
        loudest = np.abs(np.fft.rfft(middle * np.hanning(8820))).argmax() * RATE / 8820
        assert loudest == pytest.approx(441 * (1 + number), abs=6)


def test_what_lies_in_memory_in_another_order_sounds_the_same():
    audio = np.random.default_rng(1).uniform(-1, 1, (2, 20000)).astype(np.float32)
    turned = np.asfortranarray(audio)
    np.testing.assert_array_equal(stretched(audio, RATE, 22000), stretched(turned, RATE, 22000))


SOUND = np.random.default_rng(2).uniform(-1, 1, (2, 20000)).astype(np.float32)


@pytest.fixture
def stretcher():
    made = Stretcher()
    yield made
    made.close()


def test_a_process_that_is_gone_is_replaced(stretcher):
    first = stretcher.stretch(SOUND, RATE, 22000)
    stretcher._process.kill()
    stretcher._process.join()
    np.testing.assert_array_equal(stretcher.stretch(SOUND, RATE, 22000), first)


def deaf(_pipe):
    threading.Event().wait()


def test_a_process_that_hangs_is_ended_and_told(stretcher, monkeypatch):
    monkeypatch.setattr(stretching, "PATIENCE", 0.1)
    monkeypatch.setattr(stretching, "_serve", deaf)
    with pytest.raises(AudioError, match="the process that does it ended"):
        stretcher.stretch(SOUND, RATE, 22000)
    monkeypatch.undo()
    assert stretcher.stretch(SOUND, RATE, 22000).shape == (2, 22000)


def test_what_the_library_refuses_is_told_and_the_next_sound_is_stretched(stretcher):
    with pytest.raises(AudioError, match="Error: "):
        stretcher.stretch(SOUND, RATE, -1)
    assert stretcher.stretch(SOUND, RATE, 22000).shape == (2, 22000)


def test_a_process_that_cannot_be_started_is_told(stretcher, monkeypatch):
    def refuse(_process):
        raise OSError("no memory")

    monkeypatch.setattr(stretching.children, "start", refuse)
    with pytest.raises(AudioError, match="ended"):
        stretcher.stretch(SOUND, RATE, 22000)


def test_it_can_be_started_ahead(stretcher, monkeypatch):
    monkeypatch.setattr(stretching, "_stretcher", stretcher)
    stretching.warm()
    assert stretcher._process.is_alive()
