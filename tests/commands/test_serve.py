"""``midifrag serve``: what it refuses, and how a server stands; on Ray, see tests/serving/test_on_ray.py."""

import socket
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import serve
from midifrag.serving import ray_server
from midifrag.serving.address import Address
from tests.serving.certificates import make_certificate
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


def test_a_certificate_alone_is_refused_and_none_is_for_a_cluster(monkeypatch):
    monkeypatch.setattr(ray_server, "is_installed", lambda: True)
    result = runner.invoke(app, ["serve", "--model", "sketch", "--certificate", "a.pem"], env={"COLUMNS": "300"})
    assert (result.exit_code, "--certificate FILE --key FILE" in result.output) == (2, True)
    on_cluster = ["serve", "--model", "sketch", "--cluster", "auto", "--certificate", "a.pem"]
    result = runner.invoke(app, on_cluster, env={"COLUMNS": "300"})
    assert (result.exit_code, "a cluster has its certificate at whatever stands before it" in result.output) == (
        2,
        True,
    )


@pytest.fixture
def calls(monkeypatch):
    """What is called of Ray, where a server is stopped at once."""
    made = []

    @contextmanager
    def running(address, tokens, planning, cluster):
        made.append((address.url, list(tokens.by_name), planning([4.0], 0.0, False).replicas, cluster))
        yield ray_server.Served(address.url, lambda hurries: made.append("hurried" if hurries() else "drained"))
        made.append("ended")

    @contextmanager
    def stopping():
        class Stopped:
            def wait(self):
                made.append("stopped")
                self.is_set = lambda: True

            def clear(self):
                self.is_set = lambda: False

        yield Stopped()

    monkeypatch.setattr(ray_server, "is_installed", lambda: True)
    monkeypatch.setattr(ray_server, "running", running)
    monkeypatch.setattr(serve, "stopping", stopping)
    return made


def test_it_serves_until_it_is_stopped_and_finishes_what_is_in_flight(tmp_path, monkeypatch, calls):
    monkeypatch.setattr(Address, "check", lambda _self: None)
    result = runner.invoke(app, ["serve", "--model", "sketch", "--port", "8771", "--token-file", "tok"])
    assert result.exit_code == 0, result.output
    assert "Serving sketch at ws://127.0.0.1:8771\n" in result.output
    assert calls == [("ws://127.0.0.1:8771", ["performer"], (1, 1), None), "stopped", "drained", "ended"]
    assert (tmp_path / "tok").stat().st_size > 40


def test_on_a_cluster_with_as_many_engines_as_presses_need(calls):
    arguments = ["serve", "--model", "sketch", "--cluster", "10.0.0.4:6379", "--replicas", "1-8", "--host", "0.0.0.0"]
    result = runner.invoke(app, arguments, env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    assert "Serving sketch at ws://0.0.0.0:8770, on each machine of the cluster that has a way in" in result.output
    assert calls[0] == ("ws://0.0.0.0:8770", ["performer"], (1, 8), "10.0.0.4:6379")


@pytest.mark.parametrize("written", [["1-4"], ["1", "4"]])
def test_how_many_engines_may_be_one_word_or_two(calls, written):
    arguments = ["serve", "--replicas", *written, "--model", "sketch", "--cluster", "auto"]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert calls[0][2:] == ((1, 4), "auto")


def test_how_a_server_with_a_certificate_stands(tmp_path):
    (tmp_path / "tok").write_text(TOKEN)
    certificate, key, trusted = make_certificate(tmp_path, "127.0.0.1")
    with Server(lambda _model: Puppet(), certificate=(certificate, key)) as server:
        arguments = ["serve", "--status", "--port", str(server.port), "--token-file", "tok"]
        result = runner.invoke(app, [*arguments, "--certificate", str(trusted)], env={"COLUMNS": "160"})
        assert (result.exit_code, "sketch" in result.output) == (0, True)


def test_how_a_server_stands(tmp_path):
    (tmp_path / "tok").write_text(TOKEN)
    with Server(lambda _model: Puppet()) as server:
        arguments = ["serve", "--status", "--port", str(server.port), "--token-file", "tok"]
        result = runner.invoke(app, arguments, env={"COLUMNS": "160"})
    assert result.exit_code == 0
    assert "1 connection at this way in" in result.output
    assert "sketch" in result.output
    assert "ready" in result.output
    assert result.output.split().index("uploading") == result.output.split().index("queued") - 1
    result = runner.invoke(app, arguments)
    assert result.exit_code == 1
    assert "does not answer" in result.output
