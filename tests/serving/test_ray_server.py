"""A server on Ray itself, where the extra is installed: `.ci/run` has it. One start for all, as each takes a while."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from urllib.request import Request, urlopen

import numpy as np
import psutil
import pytest

from midifrag.engine.messages import Ready, Render, Rendered
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import create_engine
from midifrag.engine.remote.calling import look, token_in
from midifrag.errors import ModelError
from midifrag.serving.ray_server import is_installed
from tests.engine.remote.test_engine import sketch, started

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not is_installed(), reason="needs the extra serve"),
    pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C goes to a process here as Linux and macOS send it"),
]
#: How often a server is started before that counts as a failure: Ray gives up on a machine that is busy.
STARTS = 3


class RayServer:
    """``midifrag serve`` as a process of its own."""

    def __init__(self, folder):
        self.token = folder / "token"
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}"
        command = [sys.executable, "-m", "midifrag", "serve", "--model", "sketch", "--port", str(port)]
        self.process = subprocess.Popen(
            [*command, "--token-file", str(self.token)], cwd=folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.lines = []
        self.is_up = any(f"Serving sketch at {self.url}" in line for line in self._read())
        self.started = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
        # Nobody waits for who does not read what it says.
        self._reading = threading.Thread(target=lambda: list(self._read()), daemon=True)
        self._reading.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)
            yield line

    def engine(self):
        source = {"engine": "server", "server": "studio", "url": self.url, "token_file": str(self.token)}
        return create_engine(EngineChoice("studio/sketch", {**source, "there": "sketch", "patience_ms": 60_000}))

    def replica(self):
        """The process that has the engine."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next(
            one for one in children if one.name().startswith("ray::ServeRepl") and "engines" in one.cmdline()[0]
        )

    def end(self):
        self.process.kill()
        self.process.wait()
        for process in self.started:
            with contextlib.suppress(psutil.Error):
                process.kill()
        # What it started has the same outlet, so nothing is left to be read now.
        self._reading.join(60)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    for _ in range(STARTS):
        made = RayServer(tmp_path_factory.mktemp("served"))
        if made.is_up:
            break
        made.end()
    assert made.is_up, "".join(made.lines)
    yield made
    made.end()


def test_presses_are_rendered_as_at_home(server):
    render = Render(1, "a dark bell", seconds=1.5, seed=77)
    local, engine = sketch("sketch"), server.engine()
    with started(local) as home, started(engine) as far:
        far.until(Ready)
        for one in (local, engine):
            one.send(render)
        here, there = home.until(Rendered), far.until(Rendered)
        np.testing.assert_array_equal(here.audio, there.audio)
        for number in range(2, 10):
            engine.send(Render(number, f"bell {number}", seconds=1.0, seed=number))
        assert {far.until(Rendered).job for _ in range(8)} == set(range(2, 10))


def test_how_it_stands(server):
    found = look(server.url, str(server.token))
    [status] = found.status.models
    assert (status.model, status.state, status.replicas, status.failed) == ("sketch", "ready", 1, 0)
    assert status.audio_ms > 0
    with pytest.raises(ModelError, match="refuses the token"):
        look(server.url, None)
    authorization = {"Authorization": f"Bearer {token_in(server.token)}"}
    with urlopen(Request(server.url.replace("ws:", "http:") + "/metrics", headers=authorization)) as answer:
        assert 'midifrag_rendered_total{model="sketch"} 9' in answer.read().decode()


def test_what_a_killed_replica_had_is_rendered_by_the_next(server):
    engine = server.engine()
    with started(engine) as far:
        far.until(Ready)
        server.replica().kill()
        engine.send(Render(1, "a dark bell", seconds=1.5, seed=77))
        assert far.until(Rendered).job == 1


def test_ctrl_c_ends_it_and_leaves_nothing_behind(server):
    children = psutil.Process(server.process.pid).children(recursive=True)
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait() == 0, "".join(server.lines)
    gone, alive = psutil.wait_procs(children, 60)
    assert not alive
    assert gone
