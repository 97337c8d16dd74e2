"""Refuses requests and sockets of other web sites, and, where others reach the page, those without the token.

A browser sends along any page's request to a loopback address, and a name under somebody else's control may point
there (DNS rebinding). So the Host header must be an address or a name of this machine, and where there is an Origin, it
must be this page's own.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
import urllib.parse
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from midifrag.page import texts
from midifrag.page.web.address import is_loopback
from midifrag.page.wire import Access

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Sent with every answer. Scripts run from this page's own server only; nobody may put the page into a frame.
HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; media-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'self'; "
        b"form-action 'self'",
    ),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
#: How long a browser keeps the token: as long as the strictest of them allows.
COOKIE_SECONDS = 400 * 86400
#: Where a request from another site may lead: to the page itself, as a link does.
_FROM_ELSEWHERE = frozenset({"cross-site", "same-site"})


class Guard:
    """Wraps an ASGI app; what is refused never reaches it."""

    def __init__(self, app: App, access: Access) -> None:
        self._app = app
        self._access = access
        self._cookie = f"midifrag-{access.port}"
        self._names = {"localhost", access.host, socket.gethostname(), f"{socket.gethostname()}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request or socket through, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = _headers(scope["headers"])
        refusal = self._refusal(scope, headers)
        if refusal:
            await _refuse(scope, receive, send, 403, refusal)
        elif not self._knows_token(headers):
            await self._ask_for_token(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> str:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return texts.FOREIGN_HOST
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return texts.FOREIGN_ORIGIN
        if headers.get("sec-fetch-site") in _FROM_ELSEWHERE and not (
            headers.get("sec-fetch-mode") == "navigate" and scope["path"] == "/"
        ):
            return texts.FOREIGN_ORIGIN
        return ""

    def _is_ours(self, host: str) -> bool:
        try:
            parts = urllib.parse.urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if port != self._access.port or parts.path or parts.username is not None:
            return False
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name.lower() in {known.lower() for known in self._names}
        # An address cannot be rebound; on loopback, still only loopback addresses lead here.
        return address.is_loopback or not is_loopback(self._access.host)

    # --- the token ---------------------------------------------------------------------------------------------------

    def _knows_token(self, headers: dict[str, str]) -> bool:
        token = self._access.token
        if token is None:
            return True
        # Other programs on this machine share its cookies, whatever they are called: only our own one is read.
        pairs = (one.strip().partition("=") for one in headers.get("cookie", "").split(";"))
        return any(name == self._cookie and _same(value, token) for name, _, value in pairs)

    async def _ask_for_token(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Turn the token of the printed address into a cookie, so that it leaves the address bar."""
        token = self._access.token or ""
        given = urllib.parse.parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        if scope["type"] != "http" or scope["path"] != "/" or not _same(given, token):
            await _refuse(scope, receive, send, 401, texts.TOKEN_NEEDED)
            return
        cookie = f"{self._cookie}={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age={COOKIE_SECONDS}"
        headers = [(b"location", b"/"), (b"set-cookie", cookie.encode()), (b"content-length", b"0"), *HEADERS]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; one that comes twice, as an attack would have it, is both, joined."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": text})
        return
    body = text.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *HEADERS,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *HEADERS]
        await send(message)

    return sending
