"""Calling a server: its address, the token, and what it says first."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode
from websockets.typing import Subprotocol

from midifrag.clock import monotonic
from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import MOST_FRAME, encode, from_server
from midifrag.errors import LineError, ModelError

#: Where a server's WebSocket is.
PATH = "/line"
#: Seconds that a server may take to answer a call.
CALL = 5.0
#: What may come of a call that does not reach a server, or not one of ours; for what is no name, a UnicodeError.
TROUBLES = (OSError, TimeoutError, UnicodeError, LineError, ModelError, WebSocketException)
_MOST_TOKEN = 4_096
#: OpenSSL's codes for a certificate of another name, and of another IP address.
_OTHER_NAME = (62, 64)


class Line(ClientConnection):
    """A connection that says when bytes come: a message may take its time on a slow line."""

    heard: Callable[[], None] = staticmethod(lambda: None)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol.data_received`."""
        self.heard()
        super().data_received(data)


async def call(
    url: str, token_file: str | None, heard: Callable[[], None] = lambda: None, certificate: str | None = None
) -> tuple[ClientConnection, line.Welcome]:
    """A connection to a server, and its welcome; ``heard`` is called as bytes come. Raises one of `TROUBLES`.

    ``certificate`` is the file of the one that a ``wss://`` server must have, or of who vouches for it; without it,
    those count that the system trusts.
    """

    def made(*arguments: Any, **more: Any) -> Line:
        connection = Line(*arguments, **more)
        connection.heard = heard
        return connection

    headers = {} if token_file is None else {"Authorization": f"Bearer {token_in(Path(token_file))}"}
    async with asyncio.timeout(CALL):
        socket = await connect(
            f"{url.rstrip('/')}{PATH}",
            subprotocols=[Subprotocol(line.SUBPROTOCOL)],
            additional_headers=headers,
            compression=None,
            proxy=None,
            ping_interval=None,
            max_size=MOST_FRAME,
            close_timeout=0.1,
            create_connection=made,  # type: ignore[arg-type]  # what makes one is as good as its class
            ssl=_trusting(certificate) if url.startswith("wss:") else None,
        )
        try:
            return socket, await _welcome(socket)
        except BaseException:
            hang_up(socket)
            raise


def _trusting(certificate: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=certificate)
    except OSError as error:
        why = "it holds none" if isinstance(error, ssl.SSLError) else error.strerror
        raise ModelError(f"its certificate cannot be read from {certificate}: {why}") from error


async def _welcome(socket: ClientConnection) -> line.Welcome:
    # One that speaks a newer minor version says so here.
    welcome = from_server(await socket.recv(), newer=True).message
    if not isinstance(welcome, line.Welcome):
        raise LineError("it does not begin with welcome")
    return welcome


def hang_up(socket: ClientConnection) -> None:
    """End a connection at once: the other end may be out of reach, and no goodbye is waited for."""
    socket.transport.abort()


def token_in(path: Path) -> str:
    """The first token of a file, whose lines may name whose it is. Raises `ModelError`."""
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(_MOST_TOKEN)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds something else"
        raise ModelError(f"its token cannot be read from {path}: {why}") from error
    tokens = (one.partition("#")[0].rpartition(":")[2].strip() for one in text.splitlines())
    token = next(filter(None, tokens), None)
    if token is None:
        raise ModelError(f"{path} holds no token")
    return token


def is_restart(error: Exception) -> bool:
    """Whether a server has said goodbye because it ends (1012)."""
    return (
        isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code == CloseCode.SERVICE_RESTART
    )


def told(error: Exception) -> str:
    """What one of `TROUBLES` means for a performer."""
    if isinstance(error, InvalidStatus) and error.response.status_code in (401, 403):
        return "it refuses the token"
    if isinstance(error, InvalidStatus) and error.response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return "its token has as many connections there as it may; end another show, or raise `connections` there"
    if isinstance(error, TimeoutError):
        return "nothing came"
    if isinstance(error, ssl.SSLCertVerificationError):
        is_others = error.verify_code in _OTHER_NAME
        hint = "" if is_others else "; where it is of your own making, name a copy of it as certificate:"
        return f"its certificate is not trusted ({error.verify_message.rstrip('.')}){hint}"
    if isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.reason:
        return error.rcvd.reason
    return str(error) or type(error).__name__


@dataclass(frozen=True, slots=True)
class Look:
    """What a server says to who only looks; ``infos`` are of its models that are ready, by their names there."""

    welcome: line.Welcome
    status: line.Status
    infos: Mapping[str, line.Info]
    round_trip: float


async def _look(url: str, token_file: str | None, certificate: str | None) -> Look:
    socket, welcome = await call(url, token_file, certificate=certificate)
    infos: dict[str, line.Info] = {}
    status, round_trip, asked = None, None, monotonic()
    try:
        async with asyncio.timeout(CALL):
            await socket.send(encode(line.Ping()))
            await socket.send(encode(line.Look()))
            while status is None or round_trip is None or not _ready(status) <= infos.keys():
                match from_server(await socket.recv(), newer=welcome.minor > line.MINOR).message:
                    case line.Pong():
                        round_trip = monotonic() - asked
                    case line.Status() as said:
                        status = said
                    case line.Info() as info:
                        infos[info.model] = info
                    case _:
                        pass
    finally:
        hang_up(socket)
    return Look(welcome, status, infos, round_trip)


def _ready(status: line.Status) -> set[str]:
    return {one.model for one in status.models if one.state == "ready"}


def look(url: str, token_file: str | None, certificate: str | None = None) -> Look:
    """What a server has, and how it stands; within seconds. Raises `ModelError`."""
    try:
        return asyncio.run(_look(url, token_file, certificate))
    except TROUBLES as error:
        raise ModelError(f"{url} does not answer: {told(error)}") from error
