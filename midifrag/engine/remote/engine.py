"""An engine of a server, as a whole `Engine`: one thread with one connection, which comes back by itself.

It pings four times a second. When no byte has come for ``patience_ms``, the show hears that the engine is away, and
whoever stands in plays; when the line is back, new presses go there again. A shorter break is nobody's business: the
connection is made anew, and each job goes on where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection

from midifrag.audio import Audio
from midifrag.clock import SystemClock
from midifrag.engine.line import messages as line
from midifrag.engine.line.coding import from_flac
from midifrag.engine.line.frames import Frame, encode, from_server
from midifrag.engine.messages import Command, Died, EngineEvent, Render, Warming
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.remote.again import Again
from midifrag.engine.remote.calling import TROUBLES, call, hang_up, is_restart, told
from midifrag.engine.remote.parcels import Packed, Packer
from midifrag.engine.remote.said import Said, UnfitServerError, Unpacking
from midifrag.engine.remote.talk import Talk
from midifrag.engine.remote.threads import in_thread
from midifrag.errors import LineError, ModelError

#: Seconds between two pings, and between two looks at how long nothing has come.
PING, LOOK = 0.25, 0.05
#: Seconds between two signs that it is still being called.
SIGN = 2.0


class RemoteEngine:
    """What `midifrag.config.servers` says of a server, and ``server`` and ``there``, are in the choice's source."""

    def __init__(self, choice: EngineChoice) -> None:
        source = choice.source
        if not source.get("url"):
            raise ModelError(f"{choice.model} has no url; name its server under servers:, and the model SERVER/MODEL.")
        self._server, self._url = str(source.get("server", choice.model)), str(source["url"])
        self._token_file: str | None = source.get("token_file")
        self._certificate: str | None = source.get("certificate")
        self._patience = float(source.get("patience_ms", 800)) / 1000
        self._clock = SystemClock()
        there, audio = str(source.get("there", "")), source.get("audio", "auto")
        self._talk = Talk(choice.model, there, self._server, self._clock, audio)
        self._packer, self._again = Packer(), Again()
        self._working: set[asyncio.Task[None]] = set()
        self._uploadable = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"midifrag-line {choice.model}", daemon=True)
        self._closing = asyncio.Event()
        self._listener: Callable[[EngineEvent], None] | None = None
        self._outbox: asyncio.Queue[line.Message] | None = None
        self._socket: ClientConnection | None = None
        self._heard_at = self._signed_at = 0.0
        self._trouble = ""

    def start(self, listener: Callable[[EngineEvent], None]) -> None:
        """See `Engine.start`."""
        self._listener = listener
        self._thread.start()

    def send(self, command: Command) -> None:
        """See `Engine.send`."""
        # Also between the end of the loop and that of the thread.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take, command)

    def close(self) -> None:
        """See `Engine.close`."""
        if self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()
        elif not self._loop.is_closed():
            self._loop.close()

    # --- on the engine's own thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        self._heard_at = self._signed_at = self._clock.now()
        self._tell(Warming(0, 1, f"calling {self._server}"))
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        closing = asyncio.ensure_future(self._closing.wait())
        calling, watching = asyncio.ensure_future(self._call()), asyncio.ensure_future(self._watch())
        done, _ = await asyncio.wait((closing, calling, watching), return_when=asyncio.FIRST_COMPLETED)
        for task in done - {closing}:
            # Neither ends by itself: what nobody foresaw is told, and whoever stands in plays from here on.
            self._tell(Died(f"{self._server}: {task.exception()!r}", self._talk.jobs, restarting=False))
        tasks = (closing, calling, watching, *self._working)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _call(self) -> None:
        """Call, talk, call again."""
        while True:
            moved = False
            try:
                await self._connection()
            except UnfitServerError as error:
                self._say(error.said)
            except TROUBLES as error:
                self._trouble = told(error)
                moved = self._talk.moves or is_restart(error)
            await asyncio.sleep(self._again.after_moving() if moved else self._again.after_break())

    async def _connection(self) -> None:
        """One connection, to its end. Raises one of `TROUBLES` for how that came."""
        socket, welcome = await call(self._url, self._token_file, self._heard, self._certificate)
        self._socket, self._heard_at = socket, self._clock.now()
        tasks: list[asyncio.Task[Any]] = []
        try:
            self._outbox = asyncio.Queue()
            self._say(self._talk.heard(Frame(welcome)))
            work = (self._write(socket), self._listen(socket), self._ping(), self._upload(socket))
            tasks = [asyncio.ensure_future(one) for one in work]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._outbox = self._socket = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            hang_up(socket)

    async def _listen(self, socket: ClientConnection) -> None:
        while True:
            frame = from_server(await socket.recv(), newer=self._talk.is_newer)
            self._say(self._talk.heard(frame))
            if isinstance(frame.message, line.Info) and not self._talk.moves:
                self._again.answered()

    async def _write(self, socket: ClientConnection) -> None:
        outbox = self._outbox
        while outbox is not None:
            await socket.send(encode(await outbox.get()))

    async def _upload(self, socket: ClientConnection) -> None:
        """Send what the server lacks, as the line takes it; everything else goes between."""
        while True:
            piece = self._talk.uploads.next()
            if piece is None:
                self._uploadable.clear()
                await self._uploadable.wait()
                continue
            read = partial(piece.parcel.read, piece.message.start, piece.size)
            try:
                data = await in_thread(read)
            except OSError as error:
                self._say(self._talk.spoiled(piece, error.strerror or str(error)))
                continue
            if len(data) != piece.size:
                self._say(self._talk.spoiled(piece, "it is shorter than it was"))
                continue
            await socket.send(encode(piece.message, data))

    async def _ping(self) -> None:
        number = 0
        while self._outbox is not None:
            self._outbox.put_nowait(line.Ping(number=number))
            number += 1
            await asyncio.sleep(PING)

    async def _watch(self) -> None:
        """Tell the show when nothing has come for too long, and that it is not forgotten while that lasts."""
        while True:
            await asyncio.sleep(LOOK)
            now = self._clock.now()
            if now - self._heard_at < self._patience:
                continue
            if self._socket is not None:
                # Given up, and a new one made: that may come through sooner.
                hang_up(self._socket)
            if not self._talk.is_silent:
                # Also of one that has said that it goes: what it was to finish first does not come.
                why = f": {self._trouble}" if self._trouble else ""
                self._say(self._talk.fell_silent(f"{self._server} does not answer ({self._url}{why})."))
            if now - self._signed_at >= SIGN:
                self._signed_at = now
                self._tell(Warming(0, 1, f"calling {self._server}"))

    def _heard(self) -> None:
        # A refusal is no answer.
        if self._socket is not None:
            self._heard_at = self._clock.now()

    def _take(self, command: Command) -> None:
        self._say(self._talk.command(command))

    def _say(self, said: Said) -> None:
        for event in said.events:
            self._tell(event)
        if self._outbox is not None:
            for message in said.messages:
                self._outbox.put_nowait(message)
        for render in said.packing:
            self._work_at(self._pack(render))
        for take in said.unpacking:
            self._work_at(self._unpack(take))
        self._uploadable.set()

    def _work_at(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _pack(self, render: Render) -> None:
        packed: Packed | LineError
        try:
            packed = await in_thread(partial(self._packer.pack, render))
        except LineError as error:
            packed = error
        except Exception as error:  # a file may be wrong in any way, and its press must hear of it
            packed = LineError(f"what it wants cannot be read: {error!r}")
        self._say(self._talk.packed(render, packed))

    async def _unpack(self, take: Unpacking) -> None:
        audio: Audio | LineError
        try:
            audio = await in_thread(partial(from_flac, take.data, take.told))
        except LineError as error:
            audio = error
        except Exception as error:  # whatever it is, its press must hear of it
            audio = LineError(f"its take cannot be unpacked: {error!r}")
        self._say(self._talk.unpacked(take, audio))

    def _tell(self, event: EngineEvent) -> None:
        if self._listener is not None and not self._closing.is_set():
            self._listener(event)
