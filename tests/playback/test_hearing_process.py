"""The process that hears: what it opens, what it hands on, and what it says where there is nothing to hear."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from midifrag.playback import hearing_process
from midifrag.playback.hearing_process import Block, Deaf, Hears


class PortAudioError(Exception):
    pass


class Library(SimpleNamespace):
    """A sounddevice module with one input, which gives two blocks and then nothing."""

    def __init__(self, **more: Any) -> None:
        devices = [
            {"name": "Speakers", "hostapi": 0, "max_input_channels": 0, "default_samplerate": 48000.0},
            {"name": "Mic", "hostapi": 0, "max_input_channels": 4, "default_samplerate": 48000.0},
        ]
        super().__init__(
            PortAudioError=PortAudioError,
            default=SimpleNamespace(device=(1, 0)),
            query_hostapis=lambda: [{"name": "ALSA", "default_input_device": 1}],
            query_devices=lambda: devices,
            _terminate=lambda: None,
            _initialize=lambda: None,
            RawInputStream=self.open,
            opened=[],
            **more,
        )

    def open(self, *, callback: Any, **told: Any) -> Any:
        self.opened.append(told)

        def start() -> None:
            for value in (1, 2):
                callback(np.full((3, 2), value, np.float32).tobytes(), 3, None, None)

        return SimpleNamespace(start=start)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(hearing_process, "STILL", 0.01)

    def serve(library: Any, wanted: str = "default") -> list[Any]:
        """What is said until it looks for an input once more."""
        monkeypatch.setitem(sys.modules, "sounddevice", library)

        def stop(_seconds: float) -> None:
            raise EOFError

        monkeypatch.setattr(hearing_process.time, "sleep", stop)
        ours, theirs = multiprocessing.Pipe(duplex=False)
        with ours, theirs:
            with pytest.raises(EOFError) if library is not None else _nothing():
                hearing_process._serve(wanted, "midifrag-input", theirs)
            said = []
            while ours.poll(0):
                said.append(ours.recv())
        return said

    return serve


def _nothing() -> Any:
    return contextlib.nullcontext()


def test_what_comes_is_handed_on_until_nothing_comes_any_more(served: Any) -> None:
    library = Library()
    said = served(library)
    assert said[0] == Hears("Mic", 48000, 2)
    assert [np.frombuffer(one.samples, np.float32)[0] for one in said if isinstance(one, Block)] == [1, 2]
    assert said[-1] == Deaf("Mic gives nothing any more")
    [opened] = library.opened
    assert (opened["device"], opened["channels"], opened["samplerate"], opened["dtype"]) == (1, 2, 48000, "float32")


def test_a_program_that_leaves_jack_is_told_though_silence_goes_on(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, gone, watched = Library(), threading.Event(), []

    @contextlib.contextmanager
    def leaving(*names: str) -> Iterator[threading.Event]:
        watched.append(names)
        yield gone

    monkeypatch.setattr(hearing_process, "leaving", leaving)
    gone.set()
    # Of what is no program, a device that is gone gives nothing.
    assert (served(library)[-1], watched) == (Deaf("Mic gives nothing any more"), [])
    library.query_hostapis = lambda: [{"name": "JACK Audio Connection Kit", "default_input_device": 1}]
    assert served(library)[-1] == Deaf("Mic is gone")
    assert watched == [("Mic", "midifrag-input-look")]


def test_an_input_that_is_not_there_is_told_and_looked_for_again(served: Any) -> None:
    assert served(Library(), "USB") == [Deaf("there is no audio input 'USB'; there is Mic")]


def test_one_that_cannot_be_opened_is_told(served: Any) -> None:
    library = Library()

    def broken(**_told: Any) -> Any:
        raise PortAudioError("device is busy")

    library.RawInputStream = broken
    assert served(library) == [Deaf("device is busy")]
