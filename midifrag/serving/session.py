"""One client's connection: what it asks for goes to the desk, and what becomes of it goes back, audio as it has room.

A session holds nothing that outlives it: jobs are the desk's. What it may have waiting is bounded, whatever its client
sends and however little that reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from midifrag.engine.line import messages as line
from midifrag.engine.line.flow import Window
from midifrag.engine.line.frames import PIECE, UnknownWishError, encode, from_client
from midifrag.errors import LineError
from midifrag.serving.desk import Desk, News, Order
from midifrag.serving.intake import Intake
from midifrag.serving.rates import Rates

_log = logging.getLogger(__name__)

#: Jobs that one connection follows at once, and orders of it that wait to be passed on.
MOST_FOLLOWED, MOST_ORDERS = 512, 1024
#: The most bytes that are fetched from the engine's replica at once, but for a rest.
FETCH_MOST = 32 * PIECE
#: Seconds after which a job is asked for again whose replica is gone, the first time and at most, and how long in all.
AGAIN, AGAIN_MOST, PATIENCE = 0.25, 2.0, 120.0
#: Seconds that one frame may take to be sent.
STUCK = 10.0
#: Seconds after which a client is told that its request waits for a free replica.
UNPLACED = 0.1


class Session:
    """``owner`` is the name of the client's token; ``send`` puts a frame on the wire, and waits while that is full."""

    def __init__(
        self,
        desk: Desk,
        owner: str,
        send: Callable[[bytes], Awaitable[None]],
        connections: Callable[[], int] = lambda: 1,
    ) -> None:
        self._desk, self._owner, self._send_frame, self._connections = desk, owner, send, connections
        self._window = Window()
        self._sending = asyncio.Lock()
        self._following: dict[str, asyncio.Task[None]] = {}
        self._orders: asyncio.Queue[Order | line.Offer] = asyncio.Queue(MOST_ORDERS)
        self._ordered: Counter[str] = Counter()
        self._ordering = asyncio.ensure_future(self._pass_on())
        self._told: dict[str, News] = {}
        self._intake = Intake(desk, owner, self.send)
        self._rates = Rates()
        #: What the client speaks is newer than this.
        self._is_newer = False
        #: Takes that were sent, and whose client has not said that it has them.
        self._unkept: set[str] = set()
        #: Jobs that are followed and whose client does not want them any more.
        self._dropped: set[str] = set()
        #: Whether its client has heard that the server ends.
        self.moves = False

    @property
    def busy(self) -> bool:
        """Whether a job of this connection is under way, or its take."""
        return bool(self._following or self._unkept)

    async def take(self, data: bytes | str) -> None:
        """Take in a frame. Raises `LineError` for what is none, or too much; the connection then ends."""
        self._rates.came(asyncio.get_running_loop().time())
        try:
            frame = from_client(data, newer=self._is_newer)
        except UnknownWishError as error:
            if error.job:
                await self.send(line.Refused(job=error.job, reason=str(error), why="request"))
            return
        message = frame.message
        match message:
            case line.Ask():
                await self._ask(message)
            case line.Cancel() | line.Promote() | line.Kept() | line.Warm() | line.Offer():
                self._order(message)
            case line.Upload():
                self._intake.add(message, frame.raw)
            case line.Hello(minor=minor):
                self._is_newer = minor > line.MINOR
            case line.Strange():
                pass
            case line.Received(total=total):
                try:
                    self._window.received(total)
                except ValueError as error:
                    raise LineError(str(error)) from None
            case line.Ping(number=number):
                self._rates.is_answered()
                await self.send(line.Pong(number=number))
            case line.Look():
                self._rates.is_answered()
                await self._tell_status()
            case _:
                raise LineError(f"{message.kind()} is not for a server")

    async def tell_news(self, news: tuple[News, ...]) -> None:
        """Tell how models stand, each only when that has changed."""
        for one in news:
            if isinstance(one, line.Moving):
                await self.move()
            elif self._told.get(one.model) != one:
                await self.send(one)
                self._told[one.model] = one

    async def move(self) -> None:
        """Say that this server ends; what is asked for from now on is refused."""
        if not self.moves:
            self.moves = True
            await self.send(line.Moving())

    async def send(self, message: line.Message, raw: bytes = b"") -> None:
        """Put a message on the wire, whole, between others. Raises `ConnectionError` where its client reads nothing."""
        try:
            async with asyncio.timeout(STUCK), self._sending:
                await self._send_frame(encode(message, raw))
        except TimeoutError:
            raise ConnectionAbortedError(f"nothing was read for {STUCK:g} s") from None

    async def close(self) -> None:
        """The connection is gone: stop listening to its jobs, which go on."""
        tasks = [self._ordering, self._intake.task, *self._following.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell_status(self) -> None:
        models: tuple[line.ModelStatus, ...] = ()
        try:
            models = await self._desk.status()
        except Exception as error:  # what a dead replica's handle raises is Ray's to choose
            _log.debug("no engine says how it stands: %r", error)
        await self.send(line.Status(connections=self._connections(), draining=self.moves, models=models))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _order(self, order: Order | line.Offer) -> None:
        if isinstance(order, line.Cancel | line.Kept):
            self._unkept.discard(order.job)
        if isinstance(order, line.Cancel) and order.job in self._following:
            self._dropped.add(order.job)
        try:
            self._orders.put_nowait(order)
            self._ordered[getattr(order, "job", "")] += 1
        except asyncio.QueueFull:
            raise LineError(f"more than {MOST_ORDERS} orders wait; slow down") from None

    async def _ask(self, asked: line.Ask) -> None:
        if len(self._following) >= MOST_FOLLOWED:
            reason = f"one connection follows {MOST_FOLLOWED} jobs at once; wait for one of them."
            await self.send(line.Refused(job=asked.job, reason=reason, why="quota"))
            return
        earlier = self._following.pop(asked.job, None)
        if earlier is not None:
            # Asked again, it begins again where the client says.
            earlier.cancel()
            await asyncio.gather(earlier, return_exceptions=True)
        self._dropped.discard(asked.job)
        self._unkept.discard(asked.job)
        task = asyncio.ensure_future(self._follow(asked))
        self._following[asked.job] = task
        task.add_done_callback(lambda done: self._ended(asked.job, done))

    def _ended(self, job: str, task: asyncio.Task[None]) -> None:
        if self._following.get(job) is task:
            del self._following[job]
            self._dropped.discard(job)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.debug("a job's tale broke off: %r", error)

    async def _follow(self, asked: line.Ask) -> None:
        """Tell of a job to its end; where its replica dies, ask another one, for the same take."""
        waited, pause = 0.0, AGAIN
        if self._ordered[asked.job]:
            # One that was cancelled is asked for anew: what was said of it comes first.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STUCK):
                    await self._orders.join()
        while True:
            try:
                if await self._tell(asked):
                    return
                reason = "its engine stopped telling of it"
            except (asyncio.CancelledError, ConnectionError):
                raise
            except Exception as error:  # what a dead replica's handle raises is Ray's to choose
                reason = f"{type(error).__name__}"
            if waited >= PATIENCE:
                await self.send(line.Failed(job=asked.job, reason=f"no engine of the server answers ({reason})"))
                return
            asked = asked.model_copy(update={"place": "", "have": 0})
            await self.send(line.Queued(job=asked.job))
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, AGAIN_MOST)

    async def _tell(self, asked: line.Ask) -> bool:
        """Tell of a job as one replica has it; whether that was to its end."""
        unplaced = asyncio.get_running_loop().call_later(
            UNPLACED, lambda: asyncio.ensure_future(self.send(line.Queued(job=asked.job)))
        )
        try:
            async for message in self._desk.follow(self._owner, asked):
                unplaced.cancel()
                match message:
                    case line.Queued(place=place):
                        if place != asked.place and asked.job in self._dropped:
                            # It was dropped before it came there, where nothing was known of it then.
                            self._order(line.Cancel(job=asked.job, model=asked.model, place=place))
                        # Another replica's take of the same seed may differ in its last bits: not in the middle of it.
                        have = asked.have if place == asked.place else 0
                        asked = asked.model_copy(update={"place": place, "have": have})
                        await self.send(message)
                    case line.Rendered():
                        is_sent = await self._send_audio(asked, message)
                        if is_sent:
                            self._unkept.add(asked.job)
                        await self.send(message if is_sent else line.Cancelled(job=asked.job))
                        return True
                    case line.Failed() | line.Cancelled() | line.Refused():
                        # For a client, that is as good as `Moving`.
                        self.moves = self.moves or (isinstance(message, line.Refused) and message.why == "moving")
                        await self.send(message)
                        return True
                    case _:
                        await self.send(message)
        finally:
            unplaced.cancel()
        return False

    async def _send_audio(self, asked: line.Ask, take: line.Rendered) -> bool:
        """Send what the client has not got yet; whether it wanted that to the end."""
        start = asked.have if asked.have <= take.size else 0
        while start < take.size:
            size = self._part(take.size - start)
            # Before it is fetched: a client that reads nothing has nobody hold anything for it.
            await self._window.take(size)
            if asked.job in self._dropped:
                # On a slow line, what is wanted would wait for it.
                self._window.give_back(size)
                return False
            await self._send_part(asked, start, await self._fetched(asked, start, size))
            start += size
        return True

    async def _send_part(self, asked: line.Ask, start: int, data: bytes) -> None:
        """Send audio from byte ``start`` of a take on, whose credit is spent; what is not sent gives its own back."""
        begin = 0
        try:
            while begin < len(data):
                piece = data[begin : begin + PIECE]
                # First: whether one that is broken off has gone is not known.
                begin += len(piece)
                await self.send(line.Audio(job=asked.job, start=start + begin - len(piece)), piece)
        finally:
            if begin < len(data):
                self._window.give_back(len(data) - begin)

    def _part(self, left: int) -> int:
        """How much is fetched next of so many bytes: half of what may be on its way, and no small rest by itself."""
        part = min(FETCH_MOST, self._window.size // 2)
        return left if left <= part + part // 4 else part

    async def _fetched(self, asked: line.Ask, start: int, size: int) -> bytes:
        """Audio of a replica. Raises `LookupError` where that has it no more; no credit is spent then."""
        data = b""
        try:
            data = await self._desk.audio(self._owner, asked, start, size)
        finally:
            if len(data) != size:
                self._window.give_back(size)
        if len(data) != size:
            raise LookupError("its audio is not there any more")
        return data

    async def _pass_on(self) -> None:
        while True:
            order = await self._orders.get()
            try:
                if isinstance(order, line.Offer):
                    lacking = await self._desk.offer(self._owner, order)
                    if lacking is not None:
                        await self.send(lacking)
                else:
                    await self._desk.order(self._owner, order)
            except Exception as error:  # as above; a job whose replica is dead needs no order any more
                _log.debug("an order reached nobody: %r", error)
            finally:
                self._orders.task_done()
                self._ordered -= Counter([getattr(order, "job", "")])
