"""A worker in a child process: whatever happens to it, the bridge stays up and gets another one."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler

from midifrag import children
from midifrag.clock import monotonic
from midifrag.engine.hosting.child import LogLine, Message, Sign, receive, send, serve
from midifrag.engine.hosting.hang_watch import LOOK_SECONDS, HangWatch
from midifrag.engine.hosting.supervision import BACK_OFF, Death, SupervisedHost, was_stuck
from midifrag.engine.protocol import EngineChoice, WorkerFactory

#: How long a child may take to end by itself, then after being asked to terminate; after that it is killed.
CLOSE_SECONDS = 2.0
TERMINATE_SECONDS = 1.0


class ProcessHost(SupervisedHost):
    """An `Engine` whose worker runs in a child process, started anew when it dies or hangs.

    The factory and the choice must be picklable. The child ends when this process does, however that ends. Every
    ``look`` seconds it is seen whether it still gives signs of life.
    """

    def __init__(
        self,
        factory: WorkerFactory,
        choice: EngineChoice,
        *,
        back_off: Sequence[float] = BACK_OFF,
        clock: Callable[[], float] = monotonic,
        look: float = LOOK_SECONDS,
    ) -> None:
        super().__init__(factory, choice, back_off=back_off, clock=clock)
        # What cannot be pickled shall be told at once, and not by the first life.
        self._pickled()
        self._look = look
        self._process: SpawnProcess | None = None

    def _pickled(self) -> bytes:
        """What a life is made of, to be unpickled there by hand, so that its first act is to ignore Ctrl-C."""
        return bytes(ForkingPickler.dumps((self._factory, self._choice)))

    def _run_worker(self) -> Death | None:
        context = multiprocessing.get_context("spawn")
        try:
            commands_in, commands_out = context.Pipe(duplex=False)
            events_in, events_out = context.Pipe(duplex=False)
            process = context.Process(
                target=serve, args=(self._pickled(), commands_in, events_out), name="midifrag-engine", daemon=True
            )
            children.start(process)
        except OSError as error:
            return Death(f"The engine's process could not be started: {error}.")
        self._process = process
        commands_in.close()
        events_out.close()
        is_over = threading.Event()
        sender = threading.Thread(
            target=self._write_commands, args=(commands_out, is_over), name="midifrag-engine-commands", daemon=True
        )
        watch = HangWatch(process.kill, self._tell_silence, self._is_awaited, self._look)
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
            for thread in (sender, watch):
                if thread.ident is not None:
                    thread.join(CLOSE_SECONDS)
        if self._commands.closed:
            return None
        if watch.hung_seconds is not None:
            return was_stuck(watch.hung_seconds)
        return death or Death(f"The engine's process {_how_it_ended(process.exitcode)}.")

    def _listen(self, events: Connection, process: SpawnProcess, watch: HangWatch) -> Death | None:
        """Pass events on until the child is gone; what it said last, if that was why it goes."""
        while True:
            news = wait([events, process.sentinel], self._look)
            if not news and watch.hung_seconds is None:
                continue
            if events not in news:
                # It is gone, or was killed and does not die: then it is left behind.
                return None
            try:
                message: Message = receive(events)
            except (EOFError, OSError):
                return None
            match message:
                case Death():
                    return message
                case Sign(activity):
                    watch.heard(activity)
                case LogLine(logger, level, text):
                    # Whatever logs beside the work is no sign that the work goes on.
                    logging.getLogger(logger).log(level, "%s", text)
                case event:
                    watch.heard_event(event)
                    self._emit(event)

    def _write_commands(self, pipe: Connection, is_over: threading.Event) -> None:
        """Write commands to the child, and last of all that it shall close."""
        with contextlib.suppress(OSError):
            for command in self._first_commands():
                send(pipe, command)
            while not is_over.is_set() and not self._commands.closed:
                for command in self._commands.take(wait=True, interrupted=is_over.is_set):
                    send(pipe, command)
            send(pipe, None)

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
