"""A local HTTP server that answers as the Hugging Face hub does, with its status codes and headers."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_test_token_that_has_accepted_the_licence"


@dataclass
class Repository:
    """``files`` by name. ``gated`` ones want `TOKEN`. ``cuts`` are how many downloads of a file stop half-way.

    ``spoilt`` are how many downloads of a file have a wrong byte. ``refuses`` is a status that everything gets, with
    ``headers``; ``moved`` the name that it has now. ``trickles`` sends a byte of large files a second, ``silent``
    nothing at all: both until the server ends. Without ``lists`` nobody is told what files there are.
    """

    files: dict[str, bytes]
    gated: bool = False
    cuts: dict[str, int] = field(default_factory=dict)
    short: frozenset[str] = frozenset()
    spoilt: dict[str, int] = field(default_factory=dict)
    refuses: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    moved: str | None = None
    silent: bool = False
    trickles: bool = False
    lists: bool = True


@dataclass
class Hub:
    """``repositories`` by owner/name; ``log`` holds (method, path) of each request."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    endpoint: str = ""
    log: list[tuple[str, str]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


def checksum_of(content: bytes) -> str:
    """What the hub calls a file of this content by: small texts as git does, all else by SHA-256."""
    if len(content) > 100_000:
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _list(self):
        name, _, revision = self.path.removeprefix("/api/models/").partition("?")[0].partition("/tree/")
        repository = self.hub.repositories.get(name)
        if repository is None or not repository.lists or revision not in ("main", COMMIT):
            return self._refuse(404, "", "")
        files = [
            {"type": "file", "path": path, "size": len(content), "oid": checksum_of(content)}
            for path, content in repository.files.items()
        ]
        body = json.dumps(files).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return self.wfile.write(body)

    def _refuse(self, status, code, message, headers=None):
        self.send_response(status)
        told = {"X-Error-Code": code, "X-Error-Message": message, "Content-Length": "0", **(headers or {})}
        for name, value in told.items():
            if value:
                self.send_header(name, value)
        if code == "EntryNotFound":
            self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()

    def _answer(self, *, body):
        self.hub.log.append((self.command, self.path))
        if self.path.startswith("/api/models/"):
            return self._list()
        name, _, rest = self.path.lstrip("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        repository = self.hub.repositories.get(name)
        if repository is None:
            return self._refuse(401, None, "Invalid username or password.") if rest else self._refuse(404, "", "")
        if repository.silent:
            self.hub.ended.wait()
            self.close_connection = True
            return None
        if repository.moved is not None:
            self.send_response(307)
            self.send_header("Location", f"/{repository.moved}/resolve/{rest}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if repository.refuses is not None:
            return self._refuse(repository.refuses, None, "As the test wants it", repository.headers)
        if repository.gated and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            asked = self.headers.get("Authorization") is None
            return self._refuse(401 if asked else 403, "GatedRepo", f"Access to model {name} is restricted.")
        if revision not in ("main", COMMIT):
            return self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        if file not in repository.files:
            return self._refuse(404, "EntryNotFound", "Entry not found")
        return self._send(repository, file, body=body)

    def _send(self, repository, file, *, body):
        content = repository.files[file]
        start = 0
        if body and (asked := self.headers.get("Range")):
            start = int(asked.removeprefix("bytes=").split("-")[0])
        promised = content[start:]
        if body and file in repository.short:
            promised = promised[: len(promised) // 2]
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{checksum_of(content)}"')
        self.send_header("Content-Length", str(len(promised)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if not body:
            return
        if repository.trickles and len(promised) > 1000:
            while not self.hub.ended.wait(0.05):
                self.wfile.write(promised[:1])
            self.close_connection = True
            return
        if repository.spoilt.get(file, 0) > 0:
            repository.spoilt[file] -= 1
            promised = bytes([promised[0] ^ 1]) + promised[1:]
        if repository.cuts.get(file, 0) > 0:
            repository.cuts[file] -= 1
            self.wfile.write(promised[: len(promised) // 2])
            self.close_connection = True
            return
        self.wfile.write(promised)


@contextmanager
def serve() -> Iterator[Hub]:
    """Serve a hub on a free local port."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
