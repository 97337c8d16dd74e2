"""What an audio input has heard last, from a process that is replaced when it stands still."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import TypeAlias, assert_never

import numpy as np

from midifrag import children
from midifrag.audio import Audio
from midifrag.config.sound_in import MOST_HEARD
from midifrag.errors import AudioError
from midifrag.playback.hearing_process import Block, Deaf, Hears, Said, serve

#: Seconds without a word after which the process is replaced, and after which it is started again.
STILL, AGAIN = 6.0, 1.0
#: What is shorter than this many seconds is not worth beginning from.
LEAST = 0.1
#: Seconds for the process to end.
CLOSE_SECONDS = 1.0

#: What runs in the process (`midifrag.playback.hearing_process.serve`); tests have others.
Serve: TypeAlias = Callable[[str, str, Connection], None]

_log = logging.getLogger(__name__)


class Hearing:
    """Remembers what the input ``device`` hears. ``tell`` is told how it stands, and whether that is a trouble.

    ``client`` is what it is called where a sound system shows programs.
    """

    def __init__(
        self,
        device: str,
        tell: Callable[[str, bool], None],
        *,
        client: str = "midifrag",
        serve: Serve = serve,
        still: float = STILL,
        again: float = AGAIN,
    ) -> None:
        self._device, self._client, self._tell_out, self._serve = device, client, tell, serve
        self._still, self._again = still, again
        self._lock = threading.Lock()
        self._blocks: deque[Audio] = deque()
        self._frames = 0
        self._hears: Hears | None = None
        self._why = "it is being opened"
        self._told = ""
        self._closing = threading.Event()
        self._process: SpawnProcess | None = None
        self._thread = threading.Thread(target=self._run, name="midifrag-hearing", daemon=True)

    def start(self) -> None:
        """Begin to hear."""
        self._thread.start()

    def listen(self, seconds: float) -> tuple[Audio, int]:
        """The last ``seconds`` at most, float32 of shape (channels, samples), and their rate. Raises `AudioError`."""
        with self._lock:
            hears, blocks = self._hears, list(self._blocks)
            why = self._why
        if hears is None:
            raise AudioError(f"the audio input is not heard: {why}")
        wanted = round(seconds * hears.rate)
        heard = np.concatenate(blocks) if blocks else np.zeros((0, hears.channels), np.float32)
        if len(heard) < LEAST * hears.rate:
            raise AudioError("the audio input has only just been opened; press again in a moment")
        return np.ascontiguousarray(heard[-wanted:].T), hears.rate

    def close(self) -> None:
        """End the process."""
        self._closing.set()
        self._end()
        if self._thread.ident is not None:
            self._thread.join(CLOSE_SECONDS)

    # --- its thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                for_good = self._live()
            except Exception as error:
                _log.exception("hearing the audio input failed")
                for_good = False
                self._lose(f"unexpected: {error!r}")
            if for_good:
                return
            self._closing.wait(self._again)

    def _live(self) -> bool:
        """One life of the process; True where another one would hear nothing either."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        name = f"{self._client}-input"
        process = context.Process(
            target=self._serve, args=(self._device, name, theirs), name="midifrag-input", daemon=True
        )
        with ours:
            try:
                children.start(process)
            except OSError as error:
                self._lose(f"its process could not be started: {error}")
                return False
            finally:
                theirs.close()
            self._process = process
            try:
                return self._hear(ours)
            finally:
                self._end()

    def _hear(self, pipe: Connection) -> bool:
        # The first word takes as long as a process and a sound system take to start.
        patience = 10 * self._still
        while not self._closing.is_set():
            try:
                if not pipe.poll(patience):
                    self._lose("its process stands still; it is started again")
                    return False
                said: Said = pipe.recv()
            except (EOFError, OSError):
                self._lose("its process ended; it is started again")
                return False
            patience = self._still
            match said:
                case Hears():
                    with self._lock:
                        self._hears = said
                        self._blocks.clear()
                        self._frames = 0
                    self._tell(f"the audio input {said.device} is heard, for pads that begin from it", trouble=False)
                case Block(samples):
                    self._remember(samples)
                case Deaf(text, for_good):
                    self._lose(text)
                    if for_good:
                        return True
                case _:
                    assert_never(said)
        return False

    def _remember(self, samples: bytes) -> None:
        with self._lock:
            if self._hears is None:
                return
            block = np.frombuffer(samples, np.float32).reshape(-1, self._hears.channels)
            self._blocks.append(block)
            self._frames += len(block)
            while self._frames - len(self._blocks[0]) >= MOST_HEARD * self._hears.rate:
                self._frames -= len(self._blocks.popleft())

    def _lose(self, why: str) -> None:
        if self._closing.is_set():
            return
        with self._lock:
            self._hears, self._why = None, why
            self._blocks.clear()
            self._frames = 0
        self._tell(f"the audio input is not heard: {why}", trouble=True)

    def _tell(self, text: str, *, trouble: bool) -> None:
        if text != self._told:
            self._told = text
            self._tell_out(text, trouble)

    def _end(self) -> None:
        process = self._process
        if process is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                process.kill()
                process.join(CLOSE_SECONDS)
