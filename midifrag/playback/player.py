"""The player of a show: a thread that never keeps anybody waiting, and a process that is replaced when it stands still.

`submit` takes commands at once; ``listener`` hears what becomes of them, from the player's own thread.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import TypeAlias, assert_never

from midifrag import children
from midifrag.clock import monotonic
from midifrag.playback.deck import Deck
from midifrag.playback.memory import Head, Memory, Single
from midifrag.playback.messages import (
    Load,
    Meters,
    PlaybackChanged,
    PlaybackState,
    PlayerCommand,
    PlayerEvent,
    Sounding,
    Stop,
)
from midifrag.playback.process import Looking, Opened, Opening, Said, Unavailable, serve
from midifrag.playback.samples import resampled
from midifrag.scheduling import run_before_others

#: Seconds between two looks at the memory.
TICK = 0.02
#: Seconds that a callback may stand still, that a device may take to open, and the code to be compiled.
STILL, OPEN_PATIENCE, COMPILE_PATIENCE = 0.5, 20.0, 300.0
#: Of a gap between two looks counts at most this much: a machine that slept says nothing of its device.
_LONGEST_LOOK = 0.1
#: A process that ends is started again after this many seconds, each time with more patience.
BACK_OFF = (0.1, 1.0, 3.0)
#: Seconds between two counts of underruns that are told, and for a process to end.
COUNTED_EVERY, CLOSE_SECONDS = 1.0, 1.0
WARMS_UP = "opening the audio output; the first time, its code is compiled for this machine"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Resampled:
    load: Load
    rate: int
    samples: Single


@dataclass(frozen=True, slots=True)
class _FromProcess:
    """What the process of a life said; None: it is gone."""

    life: int
    said: Said | None


#: What runs in the player's process (`midifrag.playback.process.serve`); tests have others.
Serve: TypeAlias = Callable[[Memory, str, str, Connection], None]
_Item: TypeAlias = PlayerCommand | _Resampled | _FromProcess


class Player:
    """Plays on the output ``device`` what it is told; ``slots`` is how many there are.

    ``outputs`` are the channels of slots, counted from 1, that do not play on the first two; ``gain`` is the master's,
    in dB. ``client`` is what it is called where a sound system shows programs.
    """

    def __init__(
        self,
        device: str,
        slots: int,
        listener: Callable[[PlayerEvent], None],
        *,
        outputs: Mapping[int, tuple[int, ...]] | None = None,
        gain: float = 0.0,
        client: str = "midifrag",
        serve: Serve = serve,
    ) -> None:
        self._device, self._client, self._listener, self._serve = device, client, listener, serve
        channels = max([2, *(max(pair) for pair in (outputs or {}).values())])
        self._memory = Memory(slots, channels)
        self._deck = Deck(self._memory, outputs or {}, gain, self._resample, self._tell_deck)
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._resampler = ThreadPoolExecutor(1, "midifrag-resample")
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midifrag-player", daemon=True)
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._life = 0
        self._failures = 0
        #: When there is something to do about the process, and what has been seen of it.
        self._again: float | None = 0.0
        self._opened: Opened | None = None
        self._has_played = False
        self._looked = self._still = 0.0
        self._patience = COMPILE_PATIENCE
        self._calls = 0
        self._underruns = 0
        self._told = PlaybackChanged(PlaybackState.OFF)
        self._counted = 0.0

    @property
    def late(self) -> int:
        """How many callbacks of the present device came more than a period late; its underruns are at least as many."""
        return int(self._memory.state.head[Head.LATE])

    def start(self) -> None:
        """Begin; how the output stands is told as it changes."""
        self._tell(PlaybackChanged(PlaybackState.OPENING, text=WARMS_UP))
        self._thread.start()

    def submit(self, command: PlayerCommand) -> None:
        """Hand over a command. Never blocks and never raises."""
        self._queue.put(command)

    def close(self) -> None:
        """Fade out, and end the process."""
        if self._thread.ident is not None:
            self.submit(Stop())
            self._closing.set()
            self._thread.join(CLOSE_SECONDS + 4 * TICK)
        self._resampler.shutdown(wait=False, cancel_futures=True)
        self._end_process(gently=True)

    # --- the player's thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        run_before_others()
        fading = 3
        while fading:
            fading -= self._closing.is_set()
            try:
                item = self._queue.get(timeout=TICK)
            except queue.Empty:
                item = None
            try:
                self._attend(item, monotonic())
            except Exception:
                # Whatever goes wrong with one fragment, the others play on.
                _log.exception("the player failed at %s", type(item).__name__)

    def _attend(self, item: _Item | None, now: float) -> None:
        match item:
            case None:
                pass
            case _FromProcess(life, said):
                if life == self._life:
                    self._hear(said, now)
            case _Resampled(load, rate, samples):
                self._deck.placed(load, rate, samples)
            case command:
                self._deck.handle(command, now)
        self._deck.tick(now)
        self._look(now)

    def _look(self, now: float) -> None:
        """See to it that there is a process whose callback moves."""
        passed, self._looked = min(now - self._looked, _LONGEST_LOOK), now
        if self._again is not None and now >= self._again and not self._closing.is_set():
            self._again = None
            self._start_process()
        if self._process is None:
            return
        self._still = 0.0 if self._opened and self._deck.calls != self._calls else self._still + passed
        self._calls = self._deck.calls
        if self._still > (STILL if self._opened else self._patience):
            self._lose("the audio output does not take samples any more; it is opened again", now)
        elif self._opened and now >= self._counted + COUNTED_EVERY:
            self._counted = now
            self._tell(self._standing(self._opened))

    # --- the process -------------------------------------------------------------------------------------------------

    def _start_process(self) -> None:
        self._life += 1
        self._still, self._patience, self._opened = 0.0, COMPILE_PATIENCE, None
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=self._serve,
            args=(self._memory, self._device, f"{self._client}-player", theirs),
            name="midifrag-player",
            daemon=True,
        )
        try:
            children.start(process)
        except OSError as error:
            ours.close()
            self._lose(f"the player's process could not be started: {error}", monotonic())
            return
        finally:
            theirs.close()
        self._process, self._pipe = process, ours
        threading.Thread(target=self._listen, args=(ours, self._life), name="midifrag-player-pipe", daemon=True).start()

    def _listen(self, pipe: Connection, life: int) -> None:
        with contextlib.suppress(EOFError, OSError), pipe:
            while True:
                self._queue.put(_FromProcess(life, pipe.recv()))
        self._queue.put(_FromProcess(life, None))

    def _hear(self, said: Said | None, now: float) -> None:
        match said:
            case None:
                self._lose("the player's process ended; it is started again", now)
            case Opening():
                self._still, self._patience = 0.0, OPEN_PATIENCE
            case Opened():
                self._open(said, now)
            case Looking(text):
                self._still = 0.0
                self._tell(PlaybackChanged(PlaybackState.LOST, underruns=self._underruns, text=f"silent: {text}"))
            case Unavailable(text):
                self._end_process()
                self._tell(PlaybackChanged(PlaybackState.OFF, text=text))
            case _:
                assert_never(said)

    def _open(self, opened: Opened, now: float) -> None:
        self._opened, self._still, self._failures = opened, 0.0, 0
        self._calls = self._deck.calls
        again, self._has_played = self._has_played, True
        self._deck.opened(opened, now)
        self._tell(self._standing(opened))
        if not again:
            self._deck.voices.tell_playing()

    def _standing(self, opened: Opened) -> PlaybackChanged:
        slow = "" if opened.realtime else f"no real-time priority: blocks of {opened.block} frames"
        return PlaybackChanged(
            PlaybackState.PLAYING,
            opened.device,
            opened.rate,
            opened.block,
            opened.realtime,
            self._underruns + self._deck.underruns,
            "; ".join(filter(None, (slow, self._deck.problem))),
        )

    def _lose(self, why: str, now: float) -> None:
        self._underruns += self._deck.underruns
        self._deck.lost()
        self._end_process()
        self._again = now + BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
        self._failures += 1
        self._tell(PlaybackChanged(PlaybackState.LOST, underruns=self._underruns, text=why))

    def _end_process(self, *, gently: bool = False) -> None:
        """End the process; ``gently`` asks it, which a device that is gone would not let it hear."""
        process, self._process, self._opened = self._process, None, None
        # What it still says is of a life that is over.
        self._life += 1
        if process is None or self._pipe is None:
            return
        if gently:
            with contextlib.suppress(OSError):
                self._pipe.send(None)
            process.join(CLOSE_SECONDS)
        process.kill()
        process.join(CLOSE_SECONDS)

    # --- telling, and what takes a while -----------------------------------------------------------------------------

    def _tell_deck(self, event: Sounding | Meters) -> None:
        if self._has_played:
            self._listener(event)

    def _tell(self, change: PlaybackChanged) -> None:
        if change != self._told:
            self._told = change
            self._listener(change)

    def _resample(self, load: Load, rate: int) -> None:
        with contextlib.suppress(RuntimeError):
            self._resampler.submit(self._resample_now, load, rate)

    def _resample_now(self, load: Load, rate: int) -> None:
        try:
            self._queue.put(_Resampled(load, rate, resampled(load, rate)))
        except Exception:
            _log.exception("job %s could not be brought to %s Hz; it stays silent", load.job, rate)
