"""A worker in a child process: whatever happens to it, the bridge stays up and gets another one."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import TypeAlias

import psutil

from midifrag.engine.hosting.command_queue import CommandQueue
from midifrag.engine.hosting.hang_watch import Activity, HangWatch
from midifrag.engine.hosting.supervision import BACK_OFF, Death, SupervisedHost
from midifrag.engine.hosting.worker_loop import WorkerLoop, make_worker
from midifrag.engine.messages import Command, EngineEvent, Started
from midifrag.engine.protocol import EngineChoice, WorkerFactory
from midifrag.errors import ModelError

_log = logging.getLogger(__name__)

#: How long a child may take to end by itself, then after being asked to terminate; after that it is killed.
CLOSE_SECONDS = 2.0
TERMINATE_SECONDS = 1.0
#: How much further back in the queue for a core the child stands than its parent (on Windows: below normal).
NICENESS = 5
#: Seconds between two signs of life of a child, and between looks for them.
HEARTBEAT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _LogLine:
    logger: str
    level: int
    text: str


class _Heartbeat:
    """A sign of life: work goes on."""


#: What a child says.
_Message: TypeAlias = EngineEvent | Death | _LogLine | _Heartbeat


class ProcessHost(SupervisedHost):
    """An `Engine` whose worker runs in a child process, started anew when it dies or hangs.

    The factory and the choice must be picklable. The child ends when this process does, however that ends. While it
    works and has nothing else to say, it sends a sign of life every ``heartbeat`` seconds, and is looked at as often.
    """

    def __init__(
        self,
        factory: WorkerFactory,
        choice: EngineChoice,
        *,
        back_off: Sequence[float] = BACK_OFF,
        clock: Callable[[], float] = time.monotonic,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        super().__init__(factory, choice, back_off=back_off, clock=clock)
        # Pickled here and unpickled there by hand, so that the child's first act is to ignore Ctrl-C.
        self._payload = bytes(ForkingPickler.dumps((factory, choice)))
        self._heartbeat = heartbeat
        self._process: SpawnProcess | None = None
        self._has_started_a_job = False

    def _run_worker(self) -> Death | None:
        context = multiprocessing.get_context("spawn")
        try:
            commands_in, commands_out = context.Pipe(duplex=False)
            events_in, events_out = context.Pipe(duplex=False)
            process = context.Process(
                target=_child,
                args=(self._payload, self._heartbeat, commands_in, events_out),
                name="midifrag-engine",
                daemon=True,
            )
            process.start()
        except OSError as error:
            return Death(f"The engine's process could not be started: {error}.")
        self._process, self._has_started_a_job = process, False
        commands_in.close()
        events_out.close()
        is_over = threading.Event()
        sender = threading.Thread(
            target=self._write_commands, args=(commands_out, is_over), name="midifrag-engine-commands", daemon=True
        )
        watch = HangWatch(self._heartbeat, self._activity, process.kill)
        death = None
        try:
            sender.start()
            watch.start()
            with events_in, commands_out:
                death = self._listen(events_in, process, watch)
                process.join(CLOSE_SECONDS)
        finally:
            watch.stop()
            if process.exitcode is None:
                process.kill()
                # One that hangs inside a driver cannot be killed; it is left to the system.
                process.join(CLOSE_SECONDS)
            is_over.set()
            self._commands.wake()
            if sender.ident is not None:
                sender.join(CLOSE_SECONDS)
        if self._commands.closed:
            return None
        if watch.hung_seconds is not None:
            return Death(
                f"The engine was stuck: no sign of life for {watch.hung_seconds:.0f} s. It was ended.", stuck=True
            )
        return death or Death(f"The engine's process {_how_it_ended(process.exitcode)}.")

    def _listen(self, events: Connection, process: SpawnProcess, watch: HangWatch) -> Death | None:
        """Pass events on until the child is gone; what it said last, if that was why it goes."""
        while True:
            news = wait([events, process.sentinel], self._heartbeat)
            if not news and watch.hung_seconds is None:
                continue
            if events not in news:
                # It is gone, or was killed and does not die: then it is left behind.
                return None
            try:
                message = _receive(events)
            except (EOFError, OSError):
                return None
            watch.heard()
            match message:
                case Death():
                    return message
                case _Heartbeat():
                    pass
                case _LogLine(logger, level, text):
                    logging.getLogger(logger).log(level, "%s", text)
                case event:
                    self._has_started_a_job |= isinstance(event, Started)
                    self._emit(event)

    def _activity(self) -> Activity:
        if self._ready_since is None and not self._has_started_a_job:
            return Activity.LOADING
        return Activity.BUSY if self._jobs else Activity.IDLE

    def _write_commands(self, pipe: Connection, is_over: threading.Event) -> None:
        """Write commands to the child, and last of all that it shall close."""
        with contextlib.suppress(OSError):
            for command in self._first_commands():
                pipe.send(command)
            while not is_over.is_set() and not self._commands.closed:
                for command in self._commands.take(wait=True, interrupted=is_over.is_set):
                    pipe.send(command)
            pipe.send(None)

    def _stop_worker(self) -> None:
        if threading.current_thread() is self._thread or not self._thread.is_alive():
            return
        self._thread.join(CLOSE_SECONDS)
        process = self._process
        if self._thread.is_alive() and process is not None:
            process.terminate()
            self._thread.join(TERMINATE_SECONDS)
            if self._thread.is_alive():
                process.kill()
                self._thread.join(TERMINATE_SECONDS)


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"
    return f"ended with exit code {code}"


def _send(pipe: Connection, message: _Message) -> None:
    """Send a message whose arrays go as they lie in memory, without being copied into the pickle."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    pipe.send((head, [view.nbytes for view in views]))
    for view in views:
        pipe.send_bytes(view)


def _receive(pipe: Connection) -> _Message:
    head, sizes = pipe.recv()
    buffers = [bytearray(size) for size in sizes]
    for buffer in buffers:
        pipe.recv_bytes_into(buffer)
    message: _Message = pickle.loads(head, buffers=buffers)  # noqa: S301 — our own child
    return message


class _EventPipe(logging.Handler):
    """The child's only way out: events, and log lines, which the parent knows where to show."""

    def __init__(self, pipe: Connection, every: float) -> None:
        super().__init__(logging.INFO)
        self._pipe = pipe
        self._every = every
        self._lock = threading.Lock()
        self._sent = time.monotonic()

    def send(self, message: _Message) -> None:
        """Send a message whole, from any thread."""
        with self._lock:
            _send(self._pipe, message)
            self._sent = time.monotonic()

    def heartbeat(self) -> None:
        """Send a sign of life if nothing was sent for a while."""
        if time.monotonic() - self._sent > self._every:
            self.send(_Heartbeat())

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        with contextlib.suppress(OSError):
            self.send(_LogLine(record.name, record.levelno, self.format(record)))


def _child(payload: bytes, heartbeat: float, commands: Connection, events: Connection) -> None:
    """The child process: serve one worker, and end with the parent or when told to."""
    # Ctrl-C reaches every process of the terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 — for the process's life
    event_pipe = _EventPipe(events, heartbeat)
    logging.basicConfig(handlers=[event_pipe], level=logging.INFO)
    logging.captureWarnings(capture=True)
    _lower_priority()
    queue = CommandQueue()
    threading.Thread(target=_read_commands, args=(commands, queue), name="midifrag-engine-reader", daemon=True).start()
    try:
        factory, choice = pickle.loads(payload)  # noqa: S301 — from our own parent
        WorkerLoop(make_worker(factory, choice), queue, event_pipe.send, heartbeat=event_pipe.heartbeat).run()
    except ModelError as error:
        event_pipe.send(Death(str(error), final=True))
    except Exception as error:
        _log.exception("The engine failed")
        event_pipe.send(Death(f"The engine failed: {type(error).__name__}: {error}."))


def _lower_priority() -> None:
    """Let the bridge and the ports have a core whenever they want one: rendering on a CPU would take them all."""
    process = psutil.Process()
    with contextlib.suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            process.nice(process.nice() + NICENESS)


def _read_commands(commands: Connection, queue: CommandQueue) -> None:
    while True:
        try:
            command: Command | None = commands.recv()
        except (EOFError, OSError):
            # The parent is gone. Nobody is left to clean up for, and a step may take long to come back.
            os._exit(1)
        if command is None:
            queue.close()
            return
        queue.put(command)
