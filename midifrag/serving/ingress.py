"""The way in: a web application with one WebSocket, which checks tokens and runs a session a connection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import PlainTextResponse
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect, WebSocketState

from midifrag.clock import monotonic
from midifrag.engine.line import messages as line
from midifrag.engine.line.flow import WINDOW
from midifrag.engine.line.frames import MOST_FRAME
from midifrag.engine.remote.calling import PATH
from midifrag.errors import LineError
from midifrag.serving.desk import Desk, News
from midifrag.serving.jobs import KEEP_SECONDS
from midifrag.serving.metrics import CONTENT_TYPE, exposition
from midifrag.serving.quotas import DRAIN_SECONDS, USUAL_QUOTA, Quota
from midifrag.serving.session import Session
from midifrag.serving.tokens import Tokens

_log = logging.getLogger(__name__)

#: Where Prometheus asks.
METRICS = "/metrics"
#: Seconds without a byte after which a client counts as gone: it says something four times a second.
SILENCE = 10.0
#: Seconds that a connection to a server which ends has to ask for what it wants of it.
IDLE = 0.5
#: Seconds between two looks at how the models stand, and after which no engine has answered one.
LOOK, ANSWER = 0.5, 5.0
#: Close codes: of RFC 6455 (1002 protocol error, 1009 too large, 1012 service restart, 1001 going away), and our own.
PROTOCOL_ERROR, TOO_LARGE, RESTART, GONE, OTHER_VERSION = 1002, 1009, 1012, 1001, 4406
#: The status that a call is refused with whose token has no connection left (RFC 6585).
TOO_MANY = 429
#: Seconds that a connection counts for its token which was closed for what its client did: the web server keeps its
#: handle for as long, where that client does not close its end.
LINGERS = 10.0


class Ingress:
    """All connections of one process. ``models`` are the names that clients are told.

    At the end of the server, a connection has ``drain_seconds`` to finish what it is at.
    """

    def __init__(
        self,
        desk: Desk,
        tokens: Tokens,
        models: tuple[str, ...],
        quota: Quota = USUAL_QUOTA,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        self._drain_seconds = drain_seconds
        self._ends_at = float("inf")
        self._desk, self._tokens, self._models, self._quota = desk, tokens, models, quota
        self._sessions: dict[Session, WebSocket] = {}
        self._connections: Counter[str] = Counter()
        self._looking: asyncio.Task[None] | None = None
        self._news: tuple[News, ...] = ()
        self._draining = False
        self._closing: dict[Session, asyncio.Task[None]] = {}

    async def serve(self, socket: WebSocket) -> None:
        """One connection, to its end."""
        owner = self._owner(socket)
        if owner is None:
            # Before it is accepted: 403, and nothing is read of what such a client sends.
            await socket.close()
            return
        if self._connections[owner] >= self._quota.connections:
            # Before it is accepted, too.
            await _refuse(socket, f"this token has {self._quota.connections} connections here, and no more may be")
            return
        self._connections[owner] += 1
        lingers = False
        try:
            lingers = await self._serve(socket, owner)
        finally:
            asyncio.get_running_loop().call_later(LINGERS if lingers else 0.0, self._left, owner)

    def _left(self, owner: str) -> None:
        self._connections -= Counter([owner])

    async def _serve(self, socket: WebSocket, owner: str) -> bool:
        """One connection of a token, to its end; whether it was closed for what its client did."""
        spoken = socket.scope.get("subprotocols", [])
        if line.SUBPROTOCOL not in spoken:
            await socket.accept()
            await socket.close(OTHER_VERSION, _way_out(spoken))
            return True
        await socket.accept(subprotocol=line.SUBPROTOCOL)
        session = Session(self._desk, owner, partial(_put, socket), lambda: len(self._sessions))
        self._sessions[session] = socket
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look())
        try:
            await self._welcome(session, socket)
            return await self._listen(session, socket)
        except OSError as error:
            # What is sent into a socket that has gone.
            _log.debug("a connection broke: %r", error)
            return False
        finally:
            self._sessions.pop(session, None)
            await session.close()

    async def metrics(self, request: Request) -> Response:
        """How the server stands, for Prometheus; for who has a token."""
        if (refusal := self.refusal(request)) is not None:
            return refusal
        try:
            models = await self._desk.status()
        except Exception as error:  # what a dead replica's handle raises is Ray's to choose
            _log.debug("no engine says how it stands: %r", error)
            models = ()
        return Response(exposition(models, len(self._sessions)), media_type=CONTENT_TYPE)

    def refusal(self, request: Request) -> Response | None:
        """What is answered to who has no token; None to who has one."""
        if self._owner(request) is None:
            return PlainTextResponse("a token is needed: Authorization: Bearer TOKEN\n", 403)
        return None

    def _owner(self, asked: HTTPConnection) -> str | None:
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        return self._tokens.owner(token.strip()) if scheme.lower() == "bearer" else None

    async def drain(self) -> None:
        """Tell all that this server ends, and close each connection with 1012 when its jobs are done."""
        self._draining, self._ends_at = True, monotonic() + self._drain_seconds
        # Side by side: one whose client reads nothing keeps nobody from hearing.
        await asyncio.gather(*(self._move(*one) for one in tuple(self._sessions.items())))

    async def _move(self, session: Session, socket: WebSocket) -> None:
        with contextlib.suppress(OSError):
            await session.move()
        self._close_later(session, socket)

    def _close_later(self, session: Session, socket: WebSocket) -> None:
        if session not in self._closing:
            task = self._closing[session] = asyncio.ensure_future(self._close_when_idle(session, socket))
            task.add_done_callback(lambda _done: self._closing.pop(session, None))

    async def _welcome(self, session: Session, socket: WebSocket) -> None:
        await session.send(
            line.Welcome(
                server=version("midifrag"),
                models=self._models,
                window=WINDOW,
                keeps=KEEP_SECONDS,
                in_flight=self._quota.in_flight,
                seconds_a_minute=self._quota.seconds_a_minute,
                warm_a_minute=self._quota.warm_a_minute,
                upload_window=WINDOW,
                drains=self._drain_seconds,
                minor=line.MINOR,
            )
        )
        if self._draining:
            # Before it hears that models are ready: they are not, for anything new.
            await session.move()
        await session.tell_news(self._news)
        if self._draining:
            self._close_later(session, socket)

    async def _listen(self, session: Session, socket: WebSocket) -> bool:
        """Take in what a client says, until it has gone or is closed for that; which of the two."""
        while True:
            try:
                async with asyncio.timeout(SILENCE):
                    message = await socket.receive()
            except TimeoutError:
                code, reason = GONE, f"nothing came for {SILENCE:g} s"
                break
            if message["type"] == "websocket.disconnect":
                return False
            data = message.get("bytes")
            if data is not None and len(data) > MOST_FRAME:
                code, reason = TOO_LARGE, f"a frame has {MOST_FRAME} bytes at most"
                break
            try:
                await session.take(message.get("text", "") if data is None else data)
            except LineError as error:
                code, reason = PROTOCOL_ERROR, str(error)
                break
        await _close(socket, code, reason)
        return True

    async def _look(self) -> None:
        """Tell every connection how the models stand, as often as that changes."""
        while True:
            try:
                async with asyncio.timeout(ANSWER):
                    self._news = await self._desk.news()
            except Exception as error:  # what a dead replica's handle raises is Ray's to choose
                _log.debug("no engine says how it stands: %r", error)
                # Else a show would wait for what is not there, while somebody could stand in.
                self._news = tuple(line.Away(model=one, reason="no engine of it answers") for one in self._models)
            await self._follow_draining()
            await asyncio.gather(*(self._tell_news(one) for one in tuple(self._sessions)))
            await asyncio.sleep(LOOK)

    async def _follow_draining(self) -> None:
        if any(isinstance(one, line.Moving) for one in self._news):
            if not self._draining:
                await self.drain()
        elif not all(isinstance(one, line.Away) for one in self._news):
            # It stays: whoever has heard that it ends finds that when they call again.
            self._draining = False
            for session, socket in tuple(self._sessions.items()):
                if session.moves:
                    self._close_later(session, socket)

    async def _tell_news(self, session: Session) -> None:
        with contextlib.suppress(OSError):
            # A client that reads nothing keeps nobody from hearing.
            async with asyncio.timeout(LOOK):
                await session.tell_news(self._news)

    async def _close_when_idle(self, session: Session, socket: WebSocket) -> None:
        # One that has just come back asks for what it has not got yet.
        await asyncio.sleep(IDLE)
        while session in self._sessions and session.busy and self._draining and monotonic() < self._ends_at:
            await asyncio.sleep(0.05)
        await _close(socket, RESTART, f"this server {'ends' if self._draining else 'goes on'}; connect again")


def _way_out(spoken: Sequence[str]) -> str:
    """What a client hears that speaks another version of the line; at most 123 bytes."""
    ours = line.SUBPROTOCOL
    numbers = [int(one.removeprefix("midifrag.")) for one in spoken if re.fullmatch(r"midifrag\.[0-9]{1,6}", one)]
    if not numbers:
        return f"this server speaks {ours}, and was asked for nothing of it; update midifrag at home"
    older = "the server's midifrag" if min(numbers) > int(ours.removeprefix("midifrag.")) else "midifrag at home"
    return f"this server speaks {ours}, and the show midifrag.{max(numbers)}; update {older}"


async def _refuse(socket: WebSocket, reason: str) -> None:
    """Answer a call with `TOO_MANY`; where the web server cannot say that, with 403."""
    with contextlib.suppress(RuntimeError, OSError):
        try:
            await socket.send_denial_response(PlainTextResponse(f"{reason}\n", TOO_MANY))
        except RuntimeError:
            await socket.close()


async def _put(socket: WebSocket, data: bytes) -> None:
    """Put a frame on the wire. Raises `ConnectionError` where the other end has gone."""
    try:
        await socket.send_bytes(data)
    except (WebSocketDisconnect, RuntimeError) as error:
        raise ConnectionResetError(f"the client has gone: {error!r}") from error


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    """Close with a reason of at most 123 bytes, as RFC 6455 has it."""
    if socket.application_state is WebSocketState.CONNECTED:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
            await socket.close(code, reason.encode()[:120].decode("utf-8", "ignore"))


def application(ingress: Ingress) -> FastAPI:
    """The application that a web server runs."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    async def connect(websocket: WebSocket) -> None:
        await ingress.serve(websocket)

    async def metrics(request: Request) -> Response:
        return await ingress.metrics(request)

    app.add_api_websocket_route(PATH, connect)
    app.add_api_route(METRICS, metrics, response_model=None)
    return app
