"""Another tempo for a sound, its pitch kept: Signalsmith Stretch, in a process of its own.

The library keeps Python's lock while it is at it, for 16 ms a second of sound: the bridge would stand still as long.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

import numpy as np

from midifrag import children
from midifrag.audio import Audio
from midifrag.errors import AudioError

#: Seconds that the process has, and as many more for each second of sound; one that hangs is ended.
PATIENCE, PATIENCE_A_SECOND = 10.0, 1.0


class Stretcher:
    """Stretches in a process that is started when it is first needed, and again when it is gone.

    Any thread may ask; one after the other is answered.
    """

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def warm(self) -> None:
        """Start the process now, so that the first sound need not wait for it."""
        self.stretch(np.zeros((2, 4000), np.float32), 8000, 4400)

    def stretch(self, audio: Audio, sample_rate: int, samples: int) -> Audio:
        """Return audio of shape (channels, samples) over so many samples. Raises `AudioError`."""
        with self._one_at_a_time:
            try:
                pipe, process = self._connected()
                # A process that hangs takes nothing in either, so that sending would wait for ever.
                patience = PATIENCE + PATIENCE_A_SECOND * audio.shape[1] / sample_rate
                watch = threading.Timer(patience, process.kill)
                watch.daemon = True
                watch.start()
                try:
                    pipe.send((audio, sample_rate, samples))
                    answer: Audio | str = pipe.recv()
                finally:
                    watch.cancel()
            except (OSError, EOFError) as error:
                self._end()
                raise AudioError("the process that does it ended") from error
        if isinstance(answer, str):
            raise AudioError(answer)
        return answer

    def close(self) -> None:
        """End the process."""
        with self._one_at_a_time:
            self._end()

    def _connected(self) -> tuple[Connection, SpawnProcess]:
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self._end()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), name="midifrag-stretch", daemon=True)
            children.start(self._process)
            theirs.close()
        return self._pipe, self._process

    def _end(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        # One that could not be started has nothing to end.
        if self._process is not None and self._process.pid is not None:
            self._process.kill()
            self._process.join()
        self._pipe = self._process = None


def _serve(pipe: Connection) -> None:
    """The process: answer each sound with itself over as many samples as are asked for, or with what went wrong."""
    children.ignore_interrupts()
    with contextlib.suppress(EOFError, OSError):
        while True:
            audio, sample_rate, samples = pipe.recv()
            try:
                pipe.send(_stretched(audio, sample_rate, samples))
            except Exception as error:
                pipe.send(f"{type(error).__name__}: {error}")


def _stretched(audio: Audio, sample_rate: int, samples: int) -> Audio:
    import python_stretch

    result = np.zeros((audio.shape[0], samples), np.float32)
    # It takes two channels at most.
    for first in range(0, audio.shape[0], 2):
        part = np.ascontiguousarray(audio[first : first + 2])
        stretcher = python_stretch.Signalsmith.Stretch()
        stretcher.preset(part.shape[0], sample_rate)
        stretcher.setTimeFactor(part.shape[1] / samples)
        longer = np.asarray(stretcher.process(part), np.float32)[:, :samples]
        result[first : first + 2, : longer.shape[1]] = longer
    return result


_stretcher = Stretcher()


def warm() -> None:
    """Do now what the first sound would wait for."""
    with contextlib.suppress(AudioError):
        _stretcher.warm()


def stretched(audio: Audio, sample_rate: int, samples: int) -> Audio:
    """Return audio of shape (channels, samples) over so many samples, its onsets in place within half a millisecond.

    Raises `AudioError`.
    """
    return _stretcher.stretch(audio, sample_rate, samples)
