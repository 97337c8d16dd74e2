"""What commands say of a set's servers."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import servers
from midifrag.config.lengths import Limits
from midifrag.engine import messages as engine
from tests.serving.puppet import TOKEN, Puppet, Server, until
from tests.support.shows import loaded

runner = CliRunner()


@pytest.fixture
def show(tmp_path):
    token = tmp_path / "token"
    token.write_text(TOKEN)

    def make(*models, url, **more):
        made = loaded(model=models[0], servers={"studio": {"url": url, "token_file": str(token)}}, **more)
        return replace(made, limits=dict.fromkeys(models, Limits()))

    return make


def doubts(made):
    return dict(servers.doubts(made, servers.looks(made)))


def test_a_servers_models_are_listed_with_their_limits(show):
    with Server(lambda _model: Puppet()) as server:
        [row] = servers.rows(show("studio/sketch", url=server.url))
    name, state, what, where = row
    assert (name, state, where) == ("studio/sketch", "ready", server.url)
    for word in (
        "cpu, fp32",
        "up to 600 s",
        "euler",
        "64 at once",
        "1800 s of audio a minute",
        "takes LoRAs of up to 512 MB",
    ):
        assert word in what


def test_a_server_that_does_not_answer_is_listed_with_the_reason(show):
    [row] = servers.rows(show("studio/sketch", url="ws://127.0.0.1:9"))
    assert row[:2] == ("studio", "no")
    assert "does not answer" in row[2]


def test_a_server_may_be_called_as_a_model_of_this_machine(show):
    made = show("studio", url="ws://127.0.0.1:9", models={"studio": {"engine": "sketch"}})
    assert [row[:2] for row in servers.rows(made)] == [("studio", "no")]
    assert doubts(made) == {}


def test_what_is_doubtful_of_each_model(show):
    puppet = Puppet()
    with Server(lambda _model: puppet) as server:
        made = show("studio/sketch", "studio/open", "studio", "pocket", url=server.url)
        assert doubts(made) == {
            "studio": "",
            "studio/sketch": "",
            "studio/open": "studio/open: studio has no model 'open'; it has sketch",
        }
        puppet.say(engine.Died("killed", (), restarting=True))
        until(lambda: doubts(made)["studio/sketch"])
        assert doubts(made)["studio"] == "studio: it is away there; sketch plays until it does"


def test_who_plays_while_a_server_does_not_answer_is_told(show):
    made = show("studio/sketch", url="ws://127.0.0.1:9", engine={"stand_in": "none"})
    assert doubts(made)["studio/sketch"].startswith("servers.studio: ws://127.0.0.1:9 does not answer")
    assert "plays" not in doubts(made)["studio/sketch"]
    assert "sketch plays until it does" in doubts(show("studio/sketch", url="ws://127.0.0.1:9"))["studio/sketch"]


def test_models_and_check_ask_the_servers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner.invoke(app, ["init", "."])
    token = tmp_path / "token"
    token.write_text(TOKEN)
    with Server(lambda _model: Puppet()) as server:
        text = (tmp_path / "presets.yaml").read_text(encoding="utf-8")
        text += f"\nservers: {{studio: {{url: '{server.url}', token_file: token}}}}\n"
        (tmp_path / "presets.yaml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("MIDIFRAG_MODEL", "studio/open")
        assert "studio/sketch" in runner.invoke(app, ["models"], env={"COLUMNS": "200"}).output
        checked = runner.invoke(app, ["check"], env={"COLUMNS": "200"})
    assert checked.exit_code == 0
    assert "note: studio/open: studio has no model 'open'" in checked.output
