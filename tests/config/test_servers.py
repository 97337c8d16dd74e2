"""Servers in a set: where they are, and which models are theirs."""

import pytest
from pydantic import ValidationError

from midifrag.config import loading
from midifrag.config.settings import Settings
from midifrag.errors import ConfigurationError

STUDIO = {"studio": {"url": "ws://192.168.1.20:8770", "token_file": "token"}}


def settings(**show):
    return Settings.model_validate({"servers": STUDIO, **show})


def test_a_servers_model_has_its_name_before_it():
    show = settings(model="studio/open")
    assert show.is_elsewhere("studio/open")
    assert show.is_elsewhere("studio")
    assert not show.is_elsewhere("open")
    assert not show.is_elsewhere("stage/open")
    assert show.source("studio/open") == {
        "engine": "server", "server": "studio", "there": "open", "url": "ws://192.168.1.20:8770", "token_file": "token",
        "patience_ms": 800, "audio": "auto",
    }  # fmt: skip
    assert show.source("studio")["there"] == ""


def test_which_models_there_can_be():
    show = settings(models={"mine": {"engine": "sketch"}})
    assert all(map(show.knows, ("studio", "studio/anything", "mine", "sketch")))
    assert not show.knows("stage/open")
    assert "studio" in show.known_models


def test_an_entry_of_ones_own_is_nearer():
    show = settings(models={"studio": {"engine": "sketch"}})
    assert not show.is_elsewhere("studio")
    assert show.source("studio") == {"engine": "sketch"}
    assert show.is_elsewhere("studio/open")


@pytest.mark.parametrize("url", ["wss://studio.example", "ws://[::1]:8770", "ws://10.0.0.2:8770/midifrag"])
def test_addresses(url):
    assert settings(servers={"studio": {"url": url}}).servers["studio"].url == url


@pytest.mark.parametrize(
    "url",
    ["", "studio:8770", "http://studio:8770", "ws://", "ws://x:0", "ws://x:99999", "ws://a b:1", "ws://u@x:1", "ws://x/?a=1"],
)  # fmt: skip
def test_what_is_no_address(url):
    with pytest.raises(ValidationError, match="no address of a server"):
        settings(servers={"studio": {"url": url}})


@pytest.mark.parametrize("name", ["", "a/b", "a b", "x" * 65])
def test_what_is_no_name(name):
    with pytest.raises(ValidationError, match="no name of a server"):
        settings(servers={name: {"url": "ws://x:1"}})


def test_patience_has_limits():
    for patience in (299, 60_001):
        with pytest.raises(ValidationError):
            settings(servers={"studio": {"url": "ws://x:1", "patience_ms": patience}})


def write(folder, text):
    (folder / "presets").mkdir()
    (folder / "presets" / "opening.yaml").write_text("name: Opening\npads:\n  36: {prompt: rain, model: stage/open}\n")
    (folder / "presets.yaml").write_text(text)
    return folder / "presets.yaml"


def test_a_server_that_a_set_has_not_is_told_with_its_line(tmp_path):
    path = write(
        tmp_path, "model: studio/sketch\nservers:\n  studio: {url: 'ws://127.0.0.1:8770', token_file: token}\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        loading.load(path, environment={})
    [problem] = caught.value.problems
    assert (problem.line, problem.key) == (3, "pads.36.model")
    assert "stage/open" in problem.message


def test_the_tokens_file_is_looked_for_beside_the_set(tmp_path):
    path = write(tmp_path, "model: stage/a\nservers:\n  stage: {url: 'ws://127.0.0.1:8770', token_file: keys/token}\n")
    show = loading.load(path, environment={})
    assert show.source("stage/open")["token_file"] == str((tmp_path / "keys" / "token").resolve())


def test_a_certificate_is_a_file_beside_the_set_and_for_an_encrypted_line_alone(tmp_path):
    path = write(
        tmp_path, "model: stage/a\nservers:\n  stage: {url: 'wss://studio:8770', certificate: keys/studio.pem}\n"
    )
    show = loading.load(path, environment={})
    assert show.source("stage/open")["certificate"] == str((tmp_path / "keys" / "studio.pem").resolve())
    with pytest.raises(ValidationError, match="a certificate is for wss://, and its url is ws://x:1"):
        settings(servers={"studio": {"url": "ws://x:1", "certificate": "studio.pem"}})
