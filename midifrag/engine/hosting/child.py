"""The engine's process: one worker, its events and log lines on their way to the parent, commands on their way in."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

import psutil

from midifrag.children import ignore_interrupts
from midifrag.clock import monotonic
from midifrag.engine.border import Border
from midifrag.engine.hosting.command_queue import CommandQueue
from midifrag.engine.hosting.hang_watch import SIGN_SECONDS, Activity
from midifrag.engine.hosting.supervision import Death
from midifrag.engine.hosting.worker_loop import WorkerLoop, death_of, make_worker
from midifrag.engine.messages import Command, EngineEvent, Ready

#: How much further back in the queue for a core the child stands than its parent (on Windows: below normal).
NICENESS = 5


@dataclass(frozen=True, slots=True)
class LogLine:
    """What the worker's side logs; the parent knows where to show it."""

    logger: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of life: what came before is done, and this is what comes next."""

    activity: Activity


#: What a child says.
Message: TypeAlias = EngineEvent | Death | LogLine | Sign


def send(pipe: Connection, message: object) -> None:
    """Send what is said, or asked, whose arrays go as they lie in memory, without being copied into the pickle."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    pipe.send((head, [view.nbytes for view in views]))
    for view in views:
        pipe.send_bytes(view)


def receive(pipe: Connection) -> Any:
    """What comes next, waiting for it. Raises EOFError and OSError when the other end is gone."""
    head, sizes = pipe.recv()
    buffers = [bytearray(size) for size in sizes]
    for buffer in buffers:
        pipe.recv_bytes_into(buffer)
    return pickle.loads(head, buffers=buffers)  # noqa: S301 — our own child, or parent


class EventPipe(logging.Handler):
    """The child's only way out: events, signs of life, and log lines."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__(logging.INFO)
        self._pipe = pipe
        self._lock = threading.Lock()
        self._signed = -SIGN_SECONDS
        self._activity: Activity | None = None

    def send(self, message: Message) -> None:
        """Send a message whole, from any thread."""
        if isinstance(message, Ready):
            # The parent takes it to be idle from here on.
            self._activity = None
        with self._lock:
            send(self._pipe, message)

    def sign(self, activity: Activity) -> None:
        """Send a sign of life, if that is a new activity or nothing else has told of this one for a while."""
        now = monotonic()
        if activity is not self._activity or now - self._signed >= SIGN_SECONDS:
            self._activity, self._signed = activity, now
            self.send(Sign(activity))

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        with contextlib.suppress(OSError):
            self.send(LogLine(record.name, record.levelno, self.format(record)))


def serve(payload: bytes, commands: Connection, events: Connection) -> None:
    """Serve one worker, and end with the parent or when told to; ``payload`` is a pickled factory and its choice."""
    ignore_interrupts()
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 — for the process's life
    pipe = EventPipe(events)
    logging.basicConfig(handlers=[pipe], level=logging.INFO)
    logging.captureWarnings(capture=True)
    queue = CommandQueue()
    threading.Thread(target=_read_commands, args=(commands, queue), name="midifrag-engine-reader", daemon=True).start()
    try:
        factory, choice = pickle.loads(payload)  # noqa: S301 — from our own parent
        worker = make_worker(factory, choice)
        # What a card has to do is launched from here: a press would wait for the core that others have.
        if not getattr(worker, "only_launches", False):
            _lower_priority()
        WorkerLoop(worker, queue, Border(choice.model, pipe.send), sign=pipe.sign).run()
    except Exception as error:
        pipe.send(death_of(error))


def _lower_priority() -> None:
    """Let the bridge and the ports have a core whenever they want one: rendering on a CPU would take them all."""
    process = psutil.Process()
    with contextlib.suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            # Linux takes away what a process has been given, where one of its real-time threads starts another.
            above = process.parent() or process
            process.nice(above.nice() + NICENESS)


def _read_commands(commands: Connection, queue: CommandQueue) -> None:
    while True:
        try:
            command: Command | None = receive(commands)
        except (EOFError, OSError):
            # The parent is gone. Nobody is left to clean up for, and a step may take long to come back.
            os._exit(1)
        if command is None:
            queue.close()
            return
        queue.put(command)
