"""An engine whose strings a test pulls, and servers over real sockets, for the tests of serving and of the line."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading

import uvicorn

from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import MOST_FRAME
from midifrag.serving.ingress import Ingress, application
from midifrag.serving.quotas import Quota
from midifrag.serving.replica import Replica
from midifrag.serving.tokens import Tokens
from midifrag.serving.upload_limits import USUAL_LIMITS
from tests.support import PATIENCE

TOKEN, OTHER = "a" * 32, "b" * 32
INFO = engine.EngineInfo("puppet", "sketch", "c0ffee", "cpu", "fp32", 8000, 1, 600.0, ("euler",))


class Puppet:
    """Says what a test has it say; ``heard`` are the commands."""

    def __init__(self, info=INFO, ready=True):
        self.info, self.is_ready = info, ready
        self.heard: queue.Queue = queue.Queue()
        self.is_closed = False

    def start(self, listener):
        self.say = listener
        if self.is_ready:
            self.say(engine.Ready(self.info))

    def send(self, command):
        self.heard.put(command)

    def close(self):
        self.is_closed = True

    def next(self, kind):
        """The next command of a kind."""
        while not isinstance(command := self.heard.get(timeout=PATIENCE), kind):
            pass
        return command


class Server:
    """A server over a real socket, without Ray: one replica of ``create``, in a thread with a loop of its own."""

    def __init__(
        self, create, models=("sketch",), port=0, quota=None, place="here", host="127.0.0.1", certificate=(),
        drain_seconds=60.0, limits=USUAL_LIMITS,
    ):  # fmt: skip
        self._certificate = dict(zip(("ssl_certfile", "ssl_keyfile"), map(str, certificate), strict=False))
        self._drain_seconds, self._limits = drain_seconds, limits
        self._create, self._models, self._quota, self._place = create, models, quota or Quota(), place
        self._socket = socket.create_server((host, port))
        self.port = self._socket.getsockname()[1]
        self.url = f"{'wss' if certificate else 'ws'}://{host}:{self.port}"
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self):
        self.replica = Replica(self._models, self._create, self._place, self._quota, limits=self._limits)
        await self.replica.start()
        self.ingress = Ingress(
            self.replica, Tokens({"ann": TOKEN, "bob": OTHER}), self._models, self._quota, self._drain_seconds
        )
        config = uvicorn.Config(
            application(self.ingress), log_level="critical", ws_max_size=4 * MOST_FRAME, ws="websockets-sansio",
            timeout_graceful_shutdown=1, ws_ping_interval=None,
            **self._certificate,
        )  # fmt: skip
        self._uvicorn = uvicorn.Server(config)
        self._uvicorn.install_signal_handlers = lambda: None
        self.loop = asyncio.get_running_loop()
        serving = asyncio.ensure_future(self._uvicorn.serve([self._socket]))
        self._up.set()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        await self.replica.close()

    def on_loop(self, coroutine):
        """What a coroutine returns that runs on the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def __enter__(self):
        self._thread.start()
        assert self._up.wait(PATIENCE)
        return self

    def __exit__(self, *_error):
        self._uvicorn.should_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()


def until(condition):
    """Wait for a condition."""
    done = threading.Event()
    deadline = PATIENCE / 0.01
    while not condition():
        done.wait(0.01)
        deadline -= 1
        assert deadline > 0, "it never came to that"


def kinds(messages):
    return [one.kind() for one in messages if not isinstance(one, line.Pong)]
