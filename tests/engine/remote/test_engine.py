"""The client of a server, over a real socket: what any engine must do, and what it does when the line goes."""

import queue
from contextlib import contextmanager

import numpy as np
import pytest

from midifrag.engine.conformance import EngineConformance
from midifrag.engine.messages import Died, Ready, Render, Rendered, Started, Warming
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import create_engine
from midifrag.engine.remote import engine as module
from midifrag.errors import ModelError
from tests.engine.tiny_models import tiny_model_folder
from tests.serving.puppet import TOKEN, Puppet, Server
from tests.support import PATIENCE


def token_file(folder, token=TOKEN):
    path = folder / "token"
    path.write_text(f"ann: {token}  # hers\n")
    return path


def remote(url, folder, there="sketch", token=TOKEN, patience_ms=60_000):
    source = {
        "engine": "server", "server": "studio", "there": there, "url": url,
        "token_file": str(token_file(folder, token)), "patience_ms": patience_ms,
    }  # fmt: skip
    return create_engine(EngineChoice(f"studio/{there}", source))


class Heard(queue.Queue):
    def until(self, kind):
        while not isinstance(event := self.get(timeout=PATIENCE), kind):
            pass
        return event


@contextmanager
def started(engine):
    heard = Heard()
    engine.start(heard.put)
    try:
        yield heard
    finally:
        engine.close()


def sketch(model):
    return create_engine(EngineChoice(model), "thread")


class TestRemoteEngine(EngineConformance):
    timeout_seconds = PATIENCE

    @pytest.fixture(autouse=True)
    def served(self, tmp_path):
        with Server(sketch) as server:
            self.url, self.folder = server.url, tmp_path
            yield

    def make_engine(self):
        return remote(self.url, self.folder)


def test_the_same_seed_is_the_same_sound_as_at_home(tmp_path):
    render = Render(1, "a dark bell", seconds=1.5, seed=77)
    with started(sketch("sketch")) as home, Server(sketch) as server:
        engine = remote(server.url, tmp_path)
        with started(engine) as far:
            home.until(Ready)
            info = far.until(Ready).info
            assert (info.model, info.device.endswith("of studio")) == ("studio/sketch", True)
    with Server(sketch) as server:
        engine, local = remote(server.url, tmp_path), sketch("sketch")
        with started(engine) as far, started(local) as home:
            for one in (engine, local):
                one.send(render)
            here, there = home.until(Rendered), far.until(Rendered)
    np.testing.assert_array_equal(here.audio, there.audio)
    assert (here.used, here.sample_rate, here.notes) == (there.used, there.sample_rate, there.notes)


def test_what_nobody_foresaw_is_told_and_the_engine_is_lost(tmp_path, monkeypatch):
    async def call(*_arguments):
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(module, "call", call)
    with started(remote("ws://127.0.0.1:9", tmp_path)) as heard:
        died = heard.until(Died)
        assert ("of all things" in died.reason, died.restarting) == (True, False)


def test_the_servers_first_model_has_no_name(tmp_path):
    with Server(sketch) as server:
        engine = remote(server.url, tmp_path, there="")
        with started(engine) as heard:
            engine.send(Render(1, "bell", seconds=0.5, seed=1))
            assert heard.until(Rendered).job == 1


def test_what_is_asked_before_the_server_is_there_waits_for_it(tmp_path):
    puppet = Puppet()
    with Server(lambda _model: puppet) as first:
        port = first.port
    engine = remote(f"ws://127.0.0.1:{port}", tmp_path)
    with started(engine) as heard:
        heard.until(Warming)
        engine.send(Render(1, "bell", seconds=0.5, seed=1))
        with Server(sketch, port=port):
            assert heard.until(Rendered).job == 1


def test_a_server_that_goes_away_takes_its_jobs_along_after_a_sets_patience_and_comes_back(tmp_path):
    puppet = Puppet()
    with Server(lambda _model: puppet) as first:
        engine = remote(first.url, tmp_path, patience_ms=300)
        with started(engine) as heard:
            heard.until(Ready)
            engine.send(Render(1, "bell", seconds=0.5, seed=1))
            job = puppet.next(Render).job
            puppet.say(Started(job))
            heard.until(Started)
            first.__exit__()
            died = heard.until(Died)
            assert (died.jobs, died.restarting) == ((1,), True)
            assert "studio does not answer" in died.reason
            # It is not forgotten while it is called.
            heard.until(Warming)
            engine.send(Render(2, "bell", seconds=0.5, seed=1))
            with Server(sketch, port=first.port):
                # What is asked again under its number too.
                engine.send(Render(1, "bell", seconds=0.5, seed=1))
                assert {heard.until(Rendered).job, heard.until(Rendered).job} == {1, 2}


@pytest.mark.parametrize(
    ("there", "token", "told"),
    [("open", TOKEN, "studio has no model 'open'; it has sketch"), ("sketch", "c" * 32, "it refuses the token")],
)
def test_what_can_never_play_is_said(tmp_path, there, token, told):
    with Server(lambda _model: Puppet()) as server:
        engine = remote(server.url, tmp_path, there, token, patience_ms=300)
        with started(engine) as heard:
            assert told in heard.until(Died).reason


def test_a_token_that_is_not_there_is_said(tmp_path):
    with Server(lambda _model: Puppet()) as server:
        engine = remote(server.url, tmp_path, patience_ms=300)
        (tmp_path / "token").unlink()
        with started(engine) as heard:
            assert "token cannot be read" in heard.until(Died).reason


def test_an_entry_without_a_server_is_refused():
    with pytest.raises(ModelError, match="has no url"):
        create_engine(EngineChoice("x", {"engine": "server"}))


def test_an_engine_that_was_never_started_can_be_closed(tmp_path):
    remote("ws://127.0.0.1:1", tmp_path).close()


def test_a_diffusion_model_renders_there_as_at_home_whatever_else_is_in_flight(tmp_path):
    folder = tiny_model_folder(tmp_path / "tiny")

    def tiny(_model):
        return create_engine(EngineChoice("tiny", {"folder": str(folder)}, "cpu", "fp32"), "thread")

    render = Render(1, "a bell", seconds=0.2, seed=77, steps=6)
    with started(local := tiny("tiny")) as home:
        local.send(render)
        here = home.until(Rendered)
    with Server(tiny, models=("tiny",)) as server, started(engine := remote(server.url, tmp_path, "tiny")) as far:
        for number in (2, 3):
            engine.send(Render(number, f"another {number}", seconds=0.2, seed=number, steps=9))
        engine.send(render)
        takes = {take.job: take for take in (far.until(Rendered) for _ in range(3))}
    # In other company, sums are added up in another order.
    np.testing.assert_allclose(takes[1].audio, here.audio, atol=1e-5 * np.abs(here.audio).max())
    assert takes[1].used == here.used
    assert not np.allclose(takes[2].audio, takes[3].audio)
