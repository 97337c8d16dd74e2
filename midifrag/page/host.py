"""The show's side of the page: starts its process, tells it what changes, takes in what browsers want.

Nothing here waits for a browser. What the page's process does not take in time is dropped by its watcher.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import threading
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, assert_never

from midifrag import children
from midifrag.config.settings import PageSettings
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    LayoutChanged,
    Meters,
    Notice,
    PadChanged,
    PlaybackChanged,
    PortChanged,
    SlotsChanged,
    Sounding,
    StateChange,
    TakeChanged,
    TimeChanged,
)
from midifrag.midi.messages import Tick
from midifrag.page import texts
from midifrag.page.web.address import is_loopback, listen, qr_code, url
from midifrag.page.web.server import serve
from midifrag.page.web.token import lasting_token
from midifrag.page.wire import Access, FromPage, FromShow, MidiSeen, ReadAgain, configuration
from midifrag.states import NoticeLevel

if TYPE_CHECKING:
    # The page's process comes by here too, and needs nothing of what runs a show.
    from midifrag.show.runtime import Runtime
    from midifrag.show.telling import Heard

_log = logging.getLogger(__name__)

#: A page's process that died is started again after this many seconds, each time with more patience.
BACK_OFF = (0.5, 2.0, 10.0)
#: How long the process may take to end when asked, in seconds; then it is killed.
TERMINATE_SECONDS = 2.0


class Page:
    """The page of a running show. ``address`` is known at once; `start` serves it, `close` ends it.

    With ``new_token``, browsers that came with the token that was kept so far stay out.

    Raises `midifrag.page.web.address.PageError` if there is nowhere to listen.
    """

    def __init__(self, runtime: Runtime, settings: PageSettings, *, new_token: bool = False) -> None:
        self._runtime = runtime
        self._socket, taken = listen(settings)
        port = int(self._socket.getsockname()[1])
        token, not_kept = (None, "") if is_loopback(settings.host) else lasting_token(runtime.begun, new=new_token)
        self._first_words = tuple(filter(None, (taken, not_kept)))
        self._access = Access(settings.host, port, token)
        self.address = url(settings.host, port, self._access.token)
        self._loaded = runtime.begun
        self._sending = threading.Lock()
        self._pipe: Connection | None = None
        self._process: SpawnProcess | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    @property
    def invitation(self) -> str:
        """What to print at the start: the address and, where other devices can reach it, the same as a QR code."""
        line = texts.INVITATION.format(address=self.address)
        return f"{line}\n{qr_code(self.address)}" if self._access.token else line

    def start(self) -> None:
        """Serve the page, in a process of its own."""
        for line in self._first_words:
            self._runtime.put(Notice(NoticeLevel.WARNING, line))
        self._thread.start()

    def close(self) -> None:
        """End the page's process; browsers wait for it to come back."""
        self._closing.set()
        if self._process is not None:
            self._process.terminate()
        if self._thread.is_alive():
            self._thread.join(TERMINATE_SECONDS)
            if self._process is not None:
                self._process.kill()
            self._thread.join()
        self._socket.close()

    # --- the page's process ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        lives = 0
        while not self._closing.is_set():
            try:
                self._live()
            except OSError as error:
                _log.warning("the page's process could not be started: %s", error)
            if not self._closing.is_set():
                self._runtime.put(Notice(NoticeLevel.WARNING, texts.PAGE_LOST))
                self._closing.wait(BACK_OFF[min(lives, len(BACK_OFF) - 1)])
                lives += 1

    def _live(self) -> None:
        """One life of the process: until it ends, or the page is closed."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        setup = bytes(ForkingPickler.dumps((configuration(self._loaded), self._access)))
        process = context.Process(target=serve, args=(setup, self._socket, theirs), name="midifrag-page", daemon=True)
        children.start(process)
        self._process = process
        if self._closing.is_set():
            process.terminate()
        theirs.close()
        with self._sending:
            self._pipe = ours
        watcher = self._runtime.watch(self._tell, "page")
        monitor = self._runtime.monitor(self._show_midi, "page")
        try:
            self._listen(ours)
        finally:
            self._runtime.unwatch(watcher)
            self._runtime.unwatch(monitor)
            # Before the pipe is touched: a process that hangs keeps a sender waiting until it is gone.
            process.terminate()
            process.join(TERMINATE_SECONDS)
            process.kill()
            process.join()
            with self._sending:
                self._pipe = None
            ours.close()

    def _listen(self, pipe: Connection) -> None:
        with contextlib.suppress(EOFError, OSError):
            while not self._closing.is_set():
                message: FromPage = pipe.recv()
                if isinstance(message, ReadAgain):
                    self._runtime.configuration.read_again()
                else:
                    self._runtime.put(message)

    # --- telling it, each on its watcher's own thread ----------------------------------------------------------------

    def _tell(self, change: StateChange) -> None:
        match change:
            case ConfigurationChanged(loaded):
                self._loaded = loaded
                self._send(configuration(loaded))
            case (
                PadChanged()
                | JobChanged()
                | BankChanged()
                | ControlChanged()
                | SlotsChanged()
                | TakeChanged()
                | EngineChanged()
                | PortChanged()
                | TimeChanged()
                | PlaybackChanged()
                | Sounding()
                | Meters()
                | LayoutChanged()
                | Notice()
            ):
                self._send(change)
            case _:
                assert_never(change)

    def _show_midi(self, heard: Heard) -> None:
        if not isinstance(heard.event, Tick):
            said = heard.mapper.explain(heard.event, heard.reading)
            self._send(MidiSeen(heard.event.time, said, heard.event))

    def _send(self, message: FromShow) -> None:
        pipe = self._pipe
        if pipe is None:
            return
        with self._sending, contextlib.suppress(OSError):
            pipe.send(message)
