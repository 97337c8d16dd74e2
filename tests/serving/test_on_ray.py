"""A server on Ray itself, where the extra is installed: `.ci/run` has it. One start for all, as each takes a while.

In the order of the file: what comes later finds what was killed before replaced.
"""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import psutil
import pytest
import torch
from safetensors.torch import save_file
from websockets.exceptions import ConnectionClosed

from midifrag.audio import SourceSound
from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import encode, from_server
from midifrag.engine.messages import Cancel, Cancelled, Died, Failed, Progress, Ready, Render, Rendered, Started
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import create_engine
from midifrag.engine.remote.calling import call, look, token_in
from midifrag.errors import ModelError
from midifrag.serving.ray_server import is_installed
from tests.engine.remote.test_engine import sketch, started
from tests.serving import moody_engine
from tests.serving.asking import asked
from tests.serving.certificates import make_certificate
from tests.serving.puppet import until
from tests.support import PATIENCE

pytestmark = [
    pytest.mark.thorough,
    # A call that is given up in the middle of its handshake, on a machine that is very busy, was seen to leave its
    # socket to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(not is_installed(), reason="needs the extra serve"),
    pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C goes to a process here as Linux and macOS send it"),
]
#: How often a server is started before that counts as a failure: Ray gives up on a machine that is busy.
STARTS = 3
SET = """
model: one
models:
  one: {engine: moody, weighs: 600000000}
  two: {engine: moody, weighs: 600000000}
serve: {replicas: 1-2, in_flight: 4, memory_gb: 1}
"""


class RayServer:
    """``midifrag serve`` as a process of its own."""

    def __init__(self, folder, port, *more, **environment):
        self.folder, self.port = folder, port
        self.token, self.url = folder / "token", f"wss://127.0.0.1:{port}"
        command = [sys.executable, "-m", "midifrag", "serve", "presets.yaml", "--port", str(port), *more]
        for model in ("one", "two", "sketch"):
            command += ["--model", model]
        self.process = subprocess.Popen(
            [*command, "--token-file", str(self.token)], cwd=folder, text=True,
            env={**os.environ, "PYTHONPATH": str(folder), **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.lines, self.started = [], []
        # Nobody waits for who does not read what it says.
        self._reading = threading.Thread(target=self._read, daemon=True)
        try:
            self.is_up = any("Serving one, two, sketch at" in text for text in self._said())
        finally:
            self._reading.start()
            self.started = self.children() if self.process.poll() is None else []
            if not getattr(self, "is_up", False):
                self.end()

    def _said(self):
        for text in self.process.stdout:
            self.lines.append(text)
            yield text

    def _read(self):
        for _text in self._said():
            pass

    def children(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def raylet(self):
        return next(one for one in self.children() if one.name() == "raylet")

    def head(self):
        """Where its Ray is joined."""
        return next(word.partition("=")[2] for word in self.raylet().cmdline() if word.startswith("--gcs-address="))

    def of_ray(self, *names):
        """Ray's processes whose title has all of these in it."""
        found = []
        for one in self.children():
            with contextlib.suppress(psutil.Error):
                title = " ".join(one.cmdline())
                if title.startswith("ray::") and all(name in title for name in names):
                    found.append(one)
        return found

    def engine(self, model="one"):
        source = {
            "engine": "server", "server": "studio", "url": self.url, "token_file": str(self.token),
            "certificate": str(self.folder / "trusted.pem"), "there": model, "patience_ms": 1000 * PATIENCE,
        }  # fmt: skip
        return create_engine(EngineChoice(f"studio/{model}", source))

    def model(self, name="one"):
        """How a model stands, as soon as somebody says it."""
        found = []

        def is_told():
            with contextlib.suppress(ModelError):
                status = look(self.url, str(self.token), str(self.folder / "trusted.pem")).status
                found.extend(one for one in status.models if one.model == name)
            return found

        until(is_told)
        return found[0]

    def fetched(self, path):
        headers = {"Authorization": f"Bearer {token_in(self.token)}"}
        context = ssl.create_default_context(cafile=self.folder / "trusted.pem")
        url = self.url.replace("wss:", "https:") + path
        with urlopen(Request(url, headers=headers), context=context) as answer:
            return answer.read().decode()

    def end(self):
        self.process.kill()
        self.process.wait()
        for process in self.started:
            with contextlib.suppress(psutil.Error):
                process.kill()
        # What it started has the same outlet, so nothing is left to be read now.
        self._reading.join(60)
        self.process.stdout.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    for _ in range(STARTS):
        folder = tmp_path_factory.mktemp("served")
        moody_engine.install(folder)
        certificate, key, _trusted = make_certificate(folder, "127.0.0.1")
        (folder / "presets").mkdir()
        (folder / "presets" / "opening.yaml").write_text("name: Opening\npads:\n  36: {prompt: rain}\n")
        (folder / "presets.yaml").write_text(SET)
        made = RayServer(folder, free_port(), "--certificate", certificate.name, "--key", key.name)
        if made.is_up:
            break
    assert made.is_up, "".join(made.lines)
    yield made
    made.end()


@contextlib.contextmanager
def playing(server, model="one"):
    """A show's engine there, and what it hears."""
    engine = server.engine(model)
    with started(engine) as heard:
        heard.until(Ready)
        yield engine, heard


def press(engine, heard, job, prompt="a bell"):
    """What a press sounds like, which comes once."""
    engine.send(Render(job, prompt, seconds=1.0, seed=job))
    take = heard.until(Rendered)
    assert take.job == job
    np.testing.assert_array_equal(take.audio, moody_engine.sound(job))


def replaced(server, *names, lives=1):
    """Kill or stop what is called so, and say when all of it has been replaced."""
    before = {one.pid for one in server.of_ray(*names)}
    assert before
    return before, lambda: len({one.pid for one in server.of_ray(*names)} - before) >= lives


def test_presses_are_rendered_as_at_home(server):
    render = Render(1, "a dark bell", seconds=1.5, seed=77)
    local = sketch("sketch")
    with started(local) as home, playing(server, "sketch") as (engine, far):
        for one in (local, engine):
            one.send(render)
        here, there = home.until(Rendered), far.until(Rendered)
        np.testing.assert_array_equal(here.audio, there.audio)
        for number in range(2, 5):
            engine.send(Render(number, f"bell {number}", seconds=1.0, seed=number))
        assert {far.until(Rendered).job for _ in range(3)} == {2, 3, 4}


def test_a_press_begins_from_a_sound_and_has_a_lora_that_go_there_first(server):
    given = SourceSound.of(np.random.default_rng(5).uniform(-1, 1, (1, 150_000)).astype(np.float32), 8000)
    file = server.folder / "dusty.safetensors"
    save_file({f"x.lora_{end}.weight": torch.ones(2, 2) for end in ("A", "B")}, file)
    with playing(server) as (engine, far):
        for job in (1, 2):
            engine.send(Render(job, "a bell", seconds=1.0, seed=job, sound=given, loras=f"dusty=0.5 from {file}"))
            take = far.until(Rendered)
            np.testing.assert_array_equal(take.audio, given.audio)
            assert take.used["loras"].startswith(f"dusty=0.5 from {file} sha256:")


def test_how_it_stands(server):
    status = server.model("sketch")
    assert (status.state, status.replicas, status.rendered, status.failed) == ("ready", 1, 4, 0)
    assert status.audio_ms > 0
    with pytest.raises(ModelError, match="refuses the token"):
        look(server.url, None, str(server.folder / "trusted.pem"))
    with pytest.raises(ModelError, match="certificate is not trusted"):
        look(server.url, str(server.token))


def test_what_prometheus_reads(server):
    assert 'midifrag_rendered_total{model="sketch"} 4' in server.fetched("/metrics")
    assert "ray_serve_" in server.fetched("/metrics/ray")
    with pytest.raises(HTTPError, match="403"):
        urlopen(
            server.url.replace("wss:", "https:") + "/metrics/ray",
            context=ssl.create_default_context(cafile=server.folder / "trusted.pem"),
        )


def test_nobody_gets_at_ray_itself_without_its_token(server):
    grpc = pytest.importorskip("grpc")
    with grpc.insecure_channel(server.head()) as channel:
        call_it = channel.unary_unary("/ray.rpc.NodeInfoGcsService/GetAllNodeInfo")
        with pytest.raises(grpc.RpcError) as refused:
            call_it(b"", timeout=PATIENCE)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_what_lies_beside_the_set_stays_there_and_uv_starts_nothing(server):
    assert not [one for one in server.children() if one.name() == "uv"]
    [replica, *_more] = server.of_ray("ServeReplica", "engines")
    # A folder that Ray had packed would be unpacked for its processes.
    assert "runtime_resources" not in replica.cwd()


def test_a_small_model_that_is_not_in_memory_takes_the_place_of_another(server):
    # Both say that they take more than there is room for, once they are loaded; the first one stays.
    assert (server.model("one").state, server.model("two").state) == ("ready", "loading")
    engine = server.engine("two")
    with started(engine) as heard:
        press(engine, heard, 5)
        until(lambda: server.model("two").state == "ready")
        assert server.model("one").state == "loading"
    with playing(server, "two"):
        pass
    engine = server.engine("one")
    with started(engine) as heard:
        press(engine, heard, 6)


def test_a_card_that_is_full_fails_the_press_and_nothing_else(server):
    before = {one.pid for one in server.of_ray("ServeReplica", "engines")}
    with playing(server) as (engine, heard):
        engine.send(Render(1, "out of memory", seconds=1.0, seed=1))
        assert "CUDA out of memory" in heard.until(Failed).reason
        press(engine, heard, 2)
    assert before <= {one.pid for one in server.of_ray("ServeReplica", "engines")}


def test_another_engine_is_begun_where_many_takes_are_on_their_way(server):
    with playing(server) as (engine, heard):
        jobs = range(1, 9)
        for job in jobs:
            engine.send(Render(job, "slow 100000", seconds=1.0, seed=job))
        until(lambda: server.model().replicas == 2)
        for job in jobs:
            engine.send(Cancel(job))
        assert {heard.until(Cancelled).job for _ in jobs} == set(jobs)
        press(engine, heard, 9)


def test_a_replica_that_hangs_is_told_and_replaced_and_what_it_had_rendered_again(server):
    with playing(server) as (engine, heard):
        engine.send(Render(1, "slow 40", seconds=1.0, seed=1))
        heard.until(Started)
        _before, is_done = replaced(server, "ServeReplica", "engines", lives=1)
        for one in server.of_ray("ServeReplica", "engines"):
            one.suspend()
        # None of them answers.
        assert "no engine of it answers" in heard.until(Died).reason
        take = heard.until(Rendered)
        np.testing.assert_array_equal(take.audio, moody_engine.sound(1))
        until(is_done)
        press(engine, heard, 2)
        assert not [one for one in heard.queue if isinstance(one, Rendered)]


def test_what_a_killed_replica_had_is_rendered_by_the_next(server):
    with playing(server) as (engine, heard):
        engine.send(Render(1, "slow 20", seconds=1.0, seed=1))
        heard.until(Started)
        for one in server.of_ray("ServeReplica", "engines"):
            one.kill()
        assert heard.until(Rendered).job == 1
        press(engine, heard, 2)


@pytest.mark.parametrize(("what", "lives"), [(("ServeReplica", "ways-in"), 2), (("ProxyActor",), 1)])
def test_where_a_way_in_or_the_proxy_is_killed_a_job_goes_on_and_lands_once(server, what, lives):
    with playing(server) as (engine, heard):
        engine.send(Render(1, "slow 20", seconds=1.0, seed=1))
        heard.until(Progress)
        _before, is_done = replaced(server, *what, lives=lives)
        for one in server.of_ray(*what):
            one.kill()
        assert heard.until(Rendered).job == 1
        until(is_done)
        press(engine, heard, 2)


def test_where_the_controller_is_killed_shows_go_on(server):
    with playing(server) as (engine, heard):
        _before, is_done = replaced(server, "ServeController")
        for one in server.of_ray("ServeController"):
            one.kill()
        press(engine, heard, 1)
        until(is_done)
        press(engine, heard, 2)
        assert not [one for one in heard.queue if isinstance(one, Died)]


async def followed(server, moved):
    """What a client hears of a job that is rendered once the file ``moved`` is there, until its connection is closed.

    The code of that, and what it was told; the file is made when it is told that the server moves.
    """
    socket, _welcome = await call(server.url, str(server.token), certificate=str(server.folder / "trusted.pem"))
    told, total = [], 0
    await socket.send(encode(asked(1, f"until {moved}", model="one", seed=3)))
    await socket.send(encode(line.Ping()))
    try:
        while True:
            frame = from_server(await socket.recv())
            told.append(frame.message)
            total += len(frame.raw)
            if isinstance(frame.message, line.Moving):
                moved.touch()
            if isinstance(frame.message, line.Audio):
                await socket.send(encode(line.Received(total=total)))
            if isinstance(frame.message, line.Rendered):
                await socket.send(encode(line.Kept(job=frame.message.job, model="one")))
            if isinstance(frame.message, line.Pong):
                # As often as a show does: who says more is taken for one that floods.
                await asyncio.sleep(0.25)
                await socket.send(encode(line.Ping()))
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None, told


def test_a_new_version_comes_while_clients_play(server, tmp_path):
    """Those that are there finish what they have, hear that it moves, and are closed with 1012."""
    secret = {name: server.raylet().environ()[name] for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH")}
    before = {one.pid for one in server.of_ray("ServeReplica", "engines")}
    result = []
    client = threading.Thread(target=lambda: result.append(asyncio.run(followed(server, tmp_path / "moved"))))
    with playing(server) as (engine, heard):
        client.start()
        until(lambda: server.model().rendering)
        newer = RayServer(server.folder, server.port, "--cluster", server.head(), **secret)
        try:
            assert newer.is_up, "".join(newer.lines)
            client.join()
            [(code, told)] = result
            assert code == 1012
            kinds = [one.kind() for one in told]
            assert kinds.index("moving") < kinds.index("rendered")
            assert kinds.count("rendered") == 1
            # And back to whoever is there now.
            heard.until(Ready)
            until(lambda: not before & {one.pid for one in server.of_ray("ServeReplica", "engines")})
            press(engine, heard, 9)
        finally:
            newer.process.send_signal(signal.SIGINT)
            assert newer.process.wait() == 0, "".join(newer.lines)
            newer.end()


def test_ctrl_c_ends_it_and_leaves_nothing_behind(server):
    children = server.children()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait() == 0, "".join(server.lines)
    gone, alive = psutil.wait_procs(children, 60)
    assert not alive
    assert gone
