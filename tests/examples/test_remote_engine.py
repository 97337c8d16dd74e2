"""The engine elsewhere, over a real socket to a real process, and what happens when that goes away."""

import queue
import subprocess
import sys
from contextlib import contextmanager

import pytest

from midifrag.engine.conformance import EngineConformance
from midifrag.engine.messages import Died, Ready, Render, Rendered, Started
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import create_engine
from midifrag.errors import ModelError
from tests.examples.conftest import EXAMPLES

#: Generous: a loaded machine may take long, a healthy one needs a fraction.
PATIENCE = 60.0


@pytest.fixture(autouse=True, scope="module")
def far(installed):
    installed("remote_engine")


@pytest.fixture(scope="module")
def address():
    with server() as (_process, address):
        yield address


@contextmanager
def server(address="127.0.0.1:0"):
    """A server's process, and its address."""
    command = [sys.executable, "-u", str(EXAMPLES / "remote_engine" / "far_server.py"), address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def strings(address):
    return create_engine(EngineChoice("strings", {"engine": "far", "address": address}))


class Heard(queue.Queue):
    def until(self, kind):
        """The next event of ``kind``."""
        while not isinstance(event := self.get(timeout=PATIENCE), kind):
            pass
        return event


@contextmanager
def started(address):
    engine, heard = strings(address), Heard()
    engine.start(heard.put)
    try:
        yield engine, heard
    finally:
        engine.close()


class TestFarEngine(EngineConformance):
    prompt = "low string"

    @pytest.fixture(autouse=True)
    def served(self, address):
        self.address = address

    def make_engine(self):
        return strings(self.address)


def test_a_server_that_goes_away_takes_its_jobs_along_and_comes_back():
    with server() as (process, address), started(address) as (engine, heard):
        heard.until(Ready)
        engine.send(Render(1, "string", 20.0, 1, spare=True))
        heard.until(Started)
        process.kill()
        process.wait()
        died = heard.until(Died)
        assert (died.jobs, died.restarting) == ((1,), True)
        assert f"{address} does not answer" in died.reason
        engine.send(Render(2, "string", 1.0, 1))
        assert heard.until(Died).jobs == (2,)
        with server(address):
            heard.until(Ready)
            engine.send(Render(3, "string", 1.0, 1))
            assert heard.until(Rendered).job == 3


def test_what_is_asked_before_the_first_connection_waits_for_it():
    with server() as (_process, address), started(address) as (engine, heard):
        engine.send(Render(1, "string", 1.0, 1))
        assert heard.until(Rendered).job == 1


def test_a_wrong_address_is_said():
    with pytest.raises(ModelError, match="'nowhere' of strings is not host:port"):
        strings("nowhere")


def test_an_engine_that_was_never_started_can_be_closed():
    strings("127.0.0.1:1").close()
