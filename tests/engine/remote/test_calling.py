"""Calling a server, and what is said where that does not come to anything."""

import re

import pytest

from midifrag.engine.remote.calling import look, token_in
from midifrag.errors import ModelError
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


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9", "ws://studio..lan:9", f"ws://{'a' * 64}.lan:9"])
def test_a_server_that_is_not_there_is_told(url):
    with pytest.raises(ModelError, match=f"{re.escape(url)} does not answer"):
        look(url, None)
