"""``midifrag serve``: what it refuses before it starts, and how a server stands; on Ray, see test_ray_server.py."""

import socket
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import serve
from midifrag.serving import ray_server
from tests.serving.puppet import TOKEN, Puppet, Server

runner = CliRunner()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_without_the_extra_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(ray_server, "is_installed", lambda: False)
    result = runner.invoke(app, ["serve", "--model", "sketch"])
    assert result.exit_code == 1
    assert result.output.strip() == "midifrag serve needs the extra serve; install it with: uv sync --extra serve"


def test_a_model_that_there_is_not_is_refused():
    result = runner.invoke(app, ["serve", "--model", "harp"])
    assert result.exit_code == 2
    assert "command line: --model: 'harp'" in result.output


def test_a_model_of_another_server_is_not_served_on(monkeypatch):
    monkeypatch.setenv("MIDIFRAG_SERVERS", '{"studio": {"url": "ws://x:1"}}')
    result = runner.invoke(app, ["serve", "--model", "studio/open"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "studio/open is on another server" in result.output


def test_an_address_that_is_taken_is_refused_before_anything_starts(monkeypatch, tmp_path):
    monkeypatch.setattr(ray_server, "is_installed", lambda: True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = runner.invoke(app, ["serve", "--model", "sketch", "--port", str(port)], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert f"127.0.0.1:{port} cannot be served at" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("host", "url"), [("0.0.0.0", "ws://0.0.0.0:9"), ("::1", "ws://[::1]:9")])
def test_addresses(host, url):
    assert serve._url(host, 9) == url


def test_it_serves_until_it_is_stopped_and_finishes_what_is_in_flight(tmp_path, monkeypatch):
    calls = []

    @contextmanager
    def running(host, port, tokens, plan):
        calls.append((host, port, list(tokens.by_name), callable(plan)))
        yield lambda: calls.append("drained")
        calls.append("ended")

    @contextmanager
    def stopping():
        class Stopped:
            def wait(self):
                calls.append("stopped")

        yield Stopped()

    monkeypatch.setattr(ray_server, "is_installed", lambda: True)
    monkeypatch.setattr(ray_server, "running", running)
    monkeypatch.setattr(serve, "stopping", stopping)
    monkeypatch.setattr(serve, "_check_address", lambda *_address: None)
    result = runner.invoke(app, ["serve", "--model", "sketch", "--port", "8771", "--token-file", "tok"])
    assert result.exit_code == 0, result.output
    assert "Serving sketch at ws://127.0.0.1:8771\n" in result.output
    assert calls == [("127.0.0.1", 8771, ["performer"], True), "stopped", "drained", "ended"]
    assert (tmp_path / "tok").stat().st_size > 40


def test_how_a_server_stands(tmp_path):
    (tmp_path / "tok").write_text(TOKEN)
    with Server(lambda _model: Puppet()) as server:
        arguments = ["serve", "--status", "--port", str(server.port), "--token-file", "tok"]
        result = runner.invoke(app, arguments, env={"COLUMNS": "160"})
    assert result.exit_code == 0
    assert "1 connection at this way in" in result.output
    assert "sketch" in result.output
    assert "ready" in result.output
    result = runner.invoke(app, arguments)
    assert result.exit_code == 1
    assert "does not answer" in result.output
