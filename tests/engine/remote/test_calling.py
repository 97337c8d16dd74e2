"""Calling a server, and what is said where that does not come to anything."""

import gc
import re
import socket

import pytest

from midifrag.engine.remote import calling
from midifrag.engine.remote.calling import look, token_in
from midifrag.errors import ModelError
from midifrag.serving.quotas import Quota
from tests.serving.certificates import make_certificate
from tests.serving.puppet import TOKEN, Puppet, Server


def test_the_first_token_of_a_file_is_meant_whosever_it_is(tmp_path):
    path = tmp_path / "token"
    path.write_text("# of the studio\n\nann: abc-def # hers\nother\n")
    assert token_in(path) == "abc-def"


@pytest.mark.parametrize(("content", "told"), [(b"# none\n", "holds no token"), (b"\xff", "something else")])
def test_a_file_without_one_is_told(tmp_path, content, told):
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=told):
        token_in(path)


def test_how_a_server_stands(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    with Server(lambda _model: Puppet()) as server:
        found = look(server.url, str(tmp_path / "token"))
        assert found.welcome.models == ("sketch",)
        assert [(one.model, one.state, one.rendered) for one in found.status.models] == [("sketch", "ready", 0)]
        assert found.infos["sketch"].sample_rate == 8000
        assert found.round_trip > 0
        with pytest.raises(ModelError, match="it refuses the token"):
            look(server.url, None)


def test_that_a_token_has_no_connection_left_is_told(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    with (
        Server(lambda _model: Puppet(), quota=Quota(connections=0)) as server,
        pytest.raises(ModelError, match="its token has as many connections there as it may"),
    ):
        look(server.url, str(tmp_path / "token"))


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9", "ws://studio..lan:9", f"ws://{'a' * 64}.lan:9"])
def test_a_server_that_is_not_there_is_told(url):
    with pytest.raises(ModelError, match=f"{re.escape(url)} does not answer"):
        look(url, None)


def test_a_certificate_of_ones_own_is_trusted_by_a_copy_of_it_alone(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    token = str(tmp_path / "token")
    certificate, key, trusted = make_certificate(tmp_path, "127.0.0.1")
    with Server(lambda _model: Puppet(), certificate=(certificate, key)) as server:
        assert server.url.startswith("wss:")
        assert look(server.url, token, str(trusted)).welcome.models == ("sketch",)
        with pytest.raises(ModelError, match=r"its certificate is not trusted \(.*\); .* name a copy of it"):
            look(server.url, token)
        with pytest.raises(ModelError, match=r"its certificate cannot be read from .*gone\.pem: No such file"):
            look(server.url, token, str(tmp_path / "gone.pem"))
        # Another machine's, whoever vouches for that.
        with pytest.raises(ModelError, match=r"its certificate is not trusted \(.*not valid for 'localhost'\)$"):
            look(server.url.replace("127.0.0.1", "localhost"), token, str(trusted))


def test_a_file_that_is_no_certificate_is_told(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    with pytest.raises(ModelError, match=r"its certificate cannot be read from .*: it holds none"):
        look("wss://127.0.0.1:9", None, str(tmp_path / "token"))


def test_one_that_takes_a_call_and_says_nothing_is_told_and_nothing_stays_open(monkeypatch):
    monkeypatch.setattr(calling, "CALL", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(ModelError, match="does not answer: nothing came"):
            look(f"ws://127.0.0.1:{silent.getsockname()[1]}", None)
        # What was left open would be told here.
        gc.collect()
